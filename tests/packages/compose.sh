# shellcheck shell=bash
# Containers for try-compose: Debian's docker with a folder, a socket and a network of its own, and an image of
# PostgreSQL made by debootstrap, since no registry is asked. Read by tests/packages/try-compose; needs root.

NAMESPACE=koppeling-compose
POSTGRES_PACKAGES=postgresql
export DOCKER_HOST=unix://$TRY/docker.sock COMPOSE_HTTP_TIMEOUT=120

# In the network where the containers' ports are on the loopback address; it leads nowhere else.
in_network() { nsenter --net="/run/netns/$NAMESPACE" -- "$@"; }
docker() { command /usr/bin/docker "$@"; }
compose() { docker-compose --file "$TRY/container/compose.yaml" "$@"; }

engine_start() {
    mkdir -p "$TRY"
    ip netns add "$NAMESPACE" && in_network ip link set lo up || return
    # Not "ip netns exec", which hides the control groups.
    in_network dockerd --data-root "$TRY/data" --exec-root "$TRY/run" --pidfile "$TRY/docker.pid" \
        --host "$DOCKER_HOST" --ip-forward=false --ip-masq=false >"$TRY/docker.log" 2>&1 &
    until_true 60 docker info || { tail -n 5 "$TRY/docker.log"; return 1; }
}

engine_end() {
    local daemon _
    daemon=$(cat "$TRY/docker.pid" 2>/dev/null)
    if [ -n "$daemon" ] && [ "$(cat "/proc/$daemon/comm" 2>/dev/null)" = dockerd ]; then
        [ ! -e "$TRY/container" ] || compose down --volumes --timeout 60 >/dev/null 2>&1
        kill -TERM "$daemon"
        for _ in {1..300}; do
            kill -0 "$daemon" 2>/dev/null || break
            sleep 0.1
        done
    fi
    # It makes a mount of its folder, which stays.
    ! mountpoint -q "$TRY/data" || umount "$TRY/data"
    ip netns delete "$NAMESPACE" 2>/dev/null
    rm -rf "${TRY:?}/data" "$TRY/run" "$TRY/container" "$TRY"/docker.{sock,pid} "$TRY/cookies"
}

# What PostgreSQL's image does when it starts, as far as compose.yaml leans on it.
postgres_entrypoint() {
    cat <<'END'
#!/bin/bash
# A cluster in $PGDATA, unless there is one: password of the owner, database, logins from elsewhere by password.
set -euo pipefail
[ "${1-}" = postgres ] || exec "$@"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    initdb --username=postgres --pwfile="$POSTGRES_PASSWORD_FILE" --auth-local=trust --auth-host=scram-sha-256 \
        --encoding=UTF8 --locale=C.UTF-8 >/dev/null
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    pg_ctl start -w -o "-c listen_addresses=''" >/dev/null
    createdb --username=postgres "$POSTGRES_DB"
    pg_ctl stop -w >/dev/null
fi
exec "$@" -c listen_addresses='*'
END
}

postgres_root() {
    local release root=$TRY/postgres
    [ "$(cat "$root.made-with" 2>/dev/null)" != "$POSTGRES_PACKAGES" ] || return 0
    release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    rm -rf "$root" "$root.made-with"
    debootstrap --variant=minbase --include="$POSTGRES_PACKAGES" "$release" "$root" >"$root.log" 2>&1 ||
        { tail -n 5 "$root.log" >&2; return 1; }
    # The number that the user has in PostgreSQL's own image.
    chroot "$root" sh -c 'groupmod -g 999 postgres && usermod -u 999 postgres &&
        rm -rf /var/lib/postgresql/* /var/cache/apt/* /var/lib/apt/lists/* /etc/postgresql/* &&
        install -d -o 999 -g 999 -m 700 /var/lib/postgresql/data && install -d -o 999 -g 999 -m 775 /run/postgresql'
    postgres_entrypoint >"$root/usr/local/bin/docker-entrypoint.sh"
    chmod 755 "$root/usr/local/bin/docker-entrypoint.sh"
    echo "$POSTGRES_PACKAGES" >"$root.made-with"
}

# postgres_image NAME   by the name that compose.yaml asks for
postgres_image() {
    postgres_root && tar -C "$TRY/postgres" -c . | docker import - postgres-root && docker build --tag "$1" - <<'END'
FROM postgres-root
ENV PATH=/usr/lib/postgresql/15/bin:/usr/local/bin:/usr/bin:/bin PGDATA=/var/lib/postgresql/data
VOLUME /var/lib/postgresql/data
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
END
}
