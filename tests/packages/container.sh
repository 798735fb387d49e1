# shellcheck shell=bash
# A booted container for try-install: made from Debian's own packages, without a network, ended and removed afterwards.
# Read by tests/packages/try-install; needs root.

# What the packages depend on is in it beforehand, since it has no network.
CONTAINER_PACKAGES='systemd,systemd-sysv,dbus,postgresql,ca-certificates,curl,procps,iproute2,apt-utils,bash-completion'
CONTAINER_PACKAGES+=',libcurl4,libjansson4,libmicrohttpd12,libpq5,libsodium23,libssl3,libsystemd0,libunistring2,zlib1g'
CONTAINER_PACKAGES+=',libcairo2,libpoppler-glib8,fonts-liberation,prometheus'
container_leader=
container_nspawn=

# container_base DIRECTORY   makes what containers are copies of, once
container_base() {
    local mirror release
    [ ! -e "$1.made-with" ] || [ "$(cat "$1.made-with")" != "$CONTAINER_PACKAGES" ] || return 0
    release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    # shellcheck disable=SC2016 # for apt-get
    mirror=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' "Created-By: Packages" "Origin: Debian" |
        sed -n "s/^$release //p" | head -n 1)
    rm -rf "$1" "$1.made-with"
    mkdir -p "$(dirname "$1")"
    debootstrap --variant=minbase --include="$CONTAINER_PACKAGES" "$release" "$1" "${mirror%/}" >"$1.log" 2>&1 ||
        { tail -n 5 "$1.log" >&2; return 1; }
    echo "$CONTAINER_PACKAGES" >"$1.made-with"
}

# container_boot BASE ROOT   Neither systemd-machined nor systemd as our own first process is needed.
container_boot() {
    rm -rf "$2"
    cp -a --reflink=auto "$1" "$2"
    systemd-nspawn --quiet --boot --directory="$2" --machine=koppeling-try --register=no --keep-unit --private-network \
        --link-journal=no --console=read-only </dev/null >"$2.console" 2>&1 &
    container_nspawn=$!
    local _
    for _ in {1..300}; do
        container_leader=$(pgrep -P "$container_nspawn" -x systemd | head -n 1)
        if [ -n "$container_leader" ]; then
            case "$(inside systemctl is-system-running 2>/dev/null)" in running | degraded) return 0 ;; esac
        fi
        kill -0 "$container_nspawn" 2>/dev/null || break
        sleep 0.2
    done
    tail -n 20 "$2.console" >&2
    return 1
}

# inside COMMAND...   in the container, as its root
inside() {
    nsenter --target "$container_leader" --mount --uts --ipc --net --pid --cgroup --root --wd -- \
        env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

container_end() {
    local _
    [ -n "$container_nspawn" ] || return 0
    kill -TERM "$container_nspawn" 2>/dev/null || true
    for _ in {1..150}; do
        kill -0 "$container_nspawn" 2>/dev/null || break
        sleep 0.2
    done
    [ -z "$container_leader" ] || kill -KILL "$container_leader" 2>/dev/null || true
    kill -KILL "$container_nspawn" 2>/dev/null || true
    wait "$container_nspawn" 2>/dev/null || true
    container_nspawn='' container_leader=''
}
