# shellcheck shell=bash
# Checks with a line each. Read by try-install and try-compose.

passed=0
failed=0

# check WHAT COMMAND...   a line, and what the command said when it failed
check() {
    local what=$1 output
    shift
    if output=$("$@" 2>&1); then
        echo "ok - $what"
        passed=$((passed + 1))
    else
        echo "not ok - $what"
        tail -n 15 <<<"$output" | sed 's/^/    /'
        failed=$((failed + 1))
    fi
}

# note WORDS...   what a person reads between the checks
note() { printf '# %s\n' "$*"; }

# until_true SECONDS COMMAND...   waits for the command to succeed
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || { echo "waited in vain for: $*"; "$@"; return 1; }
        sleep 0.3
    done
}
