# shellcheck shell=bash
# The steps of try-install, in the order in which they run. Each is a few checks on what a person would see.

SHOPS=8
ORDERS=40

sql() { inside runuser -u postgres -- psql -XqAt -v ON_ERROR_STOP=1 -d koppeling -c "$1"; }
is() { [ "$(sql "$1")" = "$2" ] || { echo "it says: $(sql "$1")"; return 1; }; }
migrate() { inside runuser -u postgres -- koppeling-scheduler migrate --database-url=dbname=koppeling; }
property() { inside systemctl show --property="$2" --value "$1"; }
has() { [ "$(property "$1" "$2")" = "$3" ] || { echo "$1 has $2=$(property "$1" "$2"), not $3"; return 1; }; }
is_active() { inside systemctl is-active --quiet "$@"; }
journal() { inside journalctl --quiet --output=cat --unit="$1"; }
journal_has() { grep -qF -- "$2" <<<"$(journal "$1")" || { journal "$1" | tail -n 5; return 1; }; }
daemons=(koppeling-scheduler koppeling-worker@1 koppeling-worker@2)

# installs NAME   the packages in build/try/NAME, as apt does it
installs() {
    rm -rf "$TRY/root/packages"
    mkdir "$TRY/root/packages"
    find "$TRY/$1" -name '*.deb' ! -name '*-dbgsym_*' -exec cp -t "$TRY/root/packages" {} +
    # shellcheck disable=SC2016 # for the shell inside
    # What was changed in /etc/koppeling stays as it is, as an upgrade that nobody watches has it.
    inside sh -c 'chmod 644 /packages/* && apt-get install -y -qq --allow-downgrades \
        -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold /packages/*.deb'
}

nothing_was_started() {
    local unit
    for unit in "${daemons[@]}" koppeling-panel koppeling-simulator; do
        ! inside systemctl --quiet is-active "$unit" || { echo "$unit is active"; return 1; }
    done
    ! inside systemctl --quiet is-enabled koppeling-scheduler 2>/dev/null
}

no_database_was_touched() {
    [ "$(inside runuser -u postgres -- psql -XqAt -c "SELECT count(*) FROM pg_database WHERE NOT datistemplate")" = 1 ]
}

step_install() {
    note 'install'
    check 'the build before is installed' installs previous
    check 'nothing was started or enabled' nothing_was_started
    check 'no database was touched' no_database_was_touched
    check 'a connection string is for root alone' \
        test "$(inside stat -c '%a %U' /etc/koppeling/worker-database-url)" = '600 root'
    check 'the daemons have users of their own' inside id koppeling-worker koppeling-scheduler
    check 'manual pages and completion are there' inside test -e /usr/share/man/man1/koppeling-worker.1.gz \
        -a -e /usr/share/bash-completion/completions/koppeling-worker
}

makes_database() {
    inside runuser -u postgres -- createdb -T template0 -E UTF8 koppeling && migrate &&
        sql 'CREATE ROLE "koppeling-scheduler" LOGIN IN ROLE koppeling_scheduler;
             CREATE ROLE "koppeling-worker" LOGIN IN ROLE koppeling_worker'
}

makes_keys() {
    inside sh -c 'umask 077 && koppeling-worker keygen >/root/keys &&
        sed -n "s/^secret: //p" /root/keys >/etc/koppeling/secret-key &&
        sed -n "s/^public: //p" /root/keys >/etc/koppeling/public-key && rm /root/keys'
}

simulates() {
    inside sh -c "echo OPTIONS='--shops $SHOPS --orders $ORDERS --order-status 1 --latency-ms 20' \
        >/etc/koppeling/simulator.env && sed -i '/9180/s/^# //' /etc/koppeling/worker.env"
    inside systemctl start koppeling-simulator
}

# What systemd hands over is in no environment, and in no folder that others may read.
credentials_are_closed() {
    local pid
    pid=$(property koppeling-worker@1 MainPID)
    inside grep -qz "KOPPELING_SECRET_KEY_FILE=/run/credentials/koppeling-worker@1.service/secret-key" "/proc/$pid/environ" &&
        ! inside grep -qaF "$(inside cat /etc/koppeling/secret-key)" "/proc/$pid/environ" "/proc/$pid/cmdline" &&
        ! inside runuser -u nobody -- cat /run/credentials/koppeling-worker@1.service/secret-key 2>/dev/null
}

step_start() {
    note 'start'
    check 'the database is made and migrated' makes_database
    check 'keys are made' makes_keys
    check 'the simulator starts' simulates
    check 'a scheduler and two workers are enabled and start' inside systemctl enable --now "${daemons[@]}"
    check 'all are active: the daemons have said that they are ready' until_true 20 is_active "${daemons[@]}"
    check 'they log in by the name of their user, without a password' is \
        "SELECT string_agg(DISTINCT usename, ' ' ORDER BY usename) FROM pg_stat_activity WHERE usename ~ '^koppeling-'" \
        'koppeling-scheduler koppeling-worker'
    check 'the secret key is a credential, in no environment, closed to others' credentials_are_closed
}

connects_shops() {
    local shop sealed
    sql "INSERT INTO koppeling.account (name) VALUES ('Demo Ltd');
         INSERT INTO koppeling.from_address (account_id, name, company, email, street, number, postcode, city, country)
         VALUES (1, 'Warehouse', 'Demo Ltd', 'warehouse@example.org', 'Voorbeeldlaan', '1', '1234AB', 'Testerdam', 'NL')"
    for ((shop = 1; shop <= SHOPS; shop++)); do
        sealed=$(inside sh -c "printf token-shop$shop |
            koppeling-worker seal --public-key \$(cat /etc/koppeling/public-key) --for shop$shop.myonline.store")
        sql "SELECT koppeling.connect_shop('https://shop$shop.myonline.store', decode('$sealed', 'base64'), 1)" || return
    done
}

records_label() {
    sql "SELECT koppeling.record_label(id, 'production', 'label-' || id, '3SDEMO' || id, 'https://track.example/' || id)
         FROM koppeling.imported_order WHERE state = 'open' ORDER BY id LIMIT ${1:-1}"
}

step_work() {
    note 'work'
    check "$SHOPS shops are connected" connects_shops
    check 'all are active' until_true 30 is "SELECT count(*) FROM koppeling.integration WHERE state = 'active'" "$SHOPS"
    check "their $((SHOPS * ORDERS)) orders are imported" \
        until_true 60 is 'SELECT count(*) FROM koppeling.imported_order' $((SHOPS * ORDERS))
    check 'a label is recorded' records_label
    check 'its order is marked as shipped in the shop' \
        until_true 20 is "SELECT count(*) FROM koppeling.imported_order WHERE state = 'marked_shipped'" 1
}

# A load that goes on meanwhile: labels to be told to the shops, polls, and jobs that call nobody.
load_start() {
    load_failed=$(sql "SELECT count(*) FROM koppeling.failed_job")
    load_begin=$(sql 'SELECT count(*) FROM koppeling.job_history')
    : >"$TRY/load"
    while [ -e "$TRY/load" ]; do
        records_label 3
        sql 'SELECT koppeling.ping(50); SELECT koppeling.poll_now(id) FROM koppeling.integration'
        sleep 0.3
    done >"$TRY/load.log" 2>&1 &
    load=$!
    sleep 2
}

load_end() {
    rm -f "$TRY/load"
    wait "$load"
}

nothing_is_left_or_failed() {
    until_true 60 is "SELECT count(*) FROM koppeling.job WHERE kind IN ('ping', 'mark_shipped', 'poll')
                      AND state <> 'failed' AND run_at <= now()" 0 &&
        is 'SELECT count(*) FROM koppeling.failed_job' "$load_failed" &&
        is "SELECT count(*) FROM koppeling.job_history WHERE outcome <> 'done'" 0
}

rolls() {
    local unit
    for unit in "${daemons[@]}"; do
        inside systemctl restart "$unit" && until_true 30 is_active "$unit" || return
    done
}

# shellcheck disable=SC2016 # for dpkg-query
version_of() { inside dpkg-query -W -f '${Version}' "$1"; }

# refuses USER WORDS PROGRAM...   exit code and words of one that finds a database of another version
refuses() {
    local output status
    output=$(inside runuser -u "$1" -- "${@:3}" 2>&1)
    status=$?
    if [ "$status" -ne 78 ] || ! grep -qF "$2" <<<"$output"; then
        echo "exit code $status: $output"
        return 1
    fi
}

schemas_differ() { [ -n "$(git diff --name-only "$(cut -d' ' -f1 "$TRY/previous/built")" HEAD -- sql/migrations)" ]; }

step_upgrade() {
    local old new
    note 'upgrade while jobs run'
    load_start
    old=$(property koppeling-worker@1 MainPID)
    inside cp /usr/bin/koppeling-scheduler /root/old-scheduler
    check 'this build is installed' installs current
    check 'what ran goes on, with the old program' has koppeling-worker@1 MainPID "$old"
    check 'the new program is of the version of its package' \
        test "koppeling-worker $(version_of koppeling-worker)" = "$(inside koppeling-worker --version)"
    if schemas_differ; then
        check 'the new program refuses the old schema, and says what to run' refuses koppeling-scheduler \
            'koppeling-scheduler migrate' koppeling-scheduler run --once '--database-url=dbname=koppeling'
    fi
    check 'the database is migrated meanwhile' migrate
    check 'the old program leaves the newer database alone, and says so' refuses_to_migrate
    check 'the daemons are restarted one after the other' rolls
    new=$(version_of koppeling-worker)
    check 'all workers are of the new version' until_true 20 is \
        "SELECT string_agg(DISTINCT version, ' ') FROM koppeling.worker WHERE state = 'active'" "$new"
    if [[ " ${daemons[*]} " == *' koppeling-panel '* ]]; then
        check 'who was signed in at the panel still is, and sees the orders' until_true 10 shows_an_imported_order
    fi
    load_end
    check 'all jobs of that time are done, none failed' nothing_is_left_or_failed
    check 'nor did Prometheus count a failed one at any time' no_failed_job_was_counted
    note "$(($(sql 'SELECT count(*) FROM koppeling.job_history') - load_begin)) jobs were done meanwhile," \
        "$(sql "SELECT count(*) FROM koppeling.job_history WHERE attempts > 1") of all so far needed a second attempt"
}

# A migration of the old program after that of the new one.
refuses_to_migrate() {
    inside install -m 755 /root/old-scheduler /usr/local/bin/old-scheduler
    git diff --quiet "$(cut -d' ' -f1 "$TRY/previous/built")" HEAD -- sql/revision sql/migrations &&
        { inside runuser -u postgres -- /usr/local/bin/old-scheduler migrate --database-url=dbname=koppeling; return; }
    refuses postgres 'install the newer program' /usr/local/bin/old-scheduler migrate '--database-url=dbname=koppeling'
}

# signal SIGNAL PID   never 0, which would be this script's own processes
signal() { [ "$2" -gt 1 ] && inside kill "-$1" "$2"; }

hangs_and_is_restarted() {
    local pid restarts
    # Shorter than in the unit, so that nobody waits for three minutes.
    inside sh -c 'mkdir -p /run/systemd/system/koppeling-worker@1.service.d &&
        printf "[Service]\nWatchdogSec=10\n" >/run/systemd/system/koppeling-worker@1.service.d/try.conf &&
        systemctl daemon-reload && systemctl restart koppeling-worker@1'
    pid=$(property koppeling-worker@1 MainPID)
    restarts=$(property koppeling-worker@1 NRestarts)
    signal STOP "$pid" || return
    until_true 60 has koppeling-worker@1 NRestarts $((restarts + 1)) && until_true 20 is_active koppeling-worker@1 &&
        ! has koppeling-worker@1 MainPID "$pid" >/dev/null && journal_has koppeling-worker@1 'Watchdog timeout'
}

dies_and_is_restarted() {
    local pid
    pid=$(property koppeling-worker@2 MainPID)
    signal KILL "$pid" || return
    until_true 20 is_active koppeling-worker@2 && ! has koppeling-worker@2 MainPID "$pid" >/dev/null
}

# fails_for_good UNIT EXIT-CODE   it is failed, and was not started again
fails_for_good() {
    ! inside systemctl start "$1" 2>/dev/null && until_true 10 has "$1" ActiveState failed && has "$1" ExecMainStatus "$2" &&
        sleep 4 && has "$1" ActiveState failed && has "$1" NRestarts 0
}

step_trouble() {
    note 'trouble'
    check 'a worker that hangs (SIGSTOP) is killed by the watchdog and started again' hangs_and_is_restarted
    check 'a worker that is killed is started again' dies_and_is_restarted
    inside sh -c 'echo KOPPELING_THREADS=0 >/etc/koppeling/worker-3.env'
    check 'a wrong setting ends as failed, and is not tried again' fails_for_good koppeling-worker@3 78
    check 'the journal has the sentence' journal_has koppeling-worker@3 KOPPELING_THREADS
    inside rm /etc/koppeling/worker-3.env
    check 'mended, it starts' inside systemctl restart koppeling-worker@3
    inside mv /etc/koppeling/secret-key /root/
    check 'a credential that is missing ends as failed, and is not tried again' fails_for_good koppeling-worker@4 243
    inside mv /root/secret-key /etc/koppeling/
    inside systemctl reset-failed koppeling-worker@4
    check 'a database that is away ends nobody' survives_the_database
    check 'jobs are done again' pings
}

survives_the_database() {
    inside systemctl restart postgresql && sleep 3 && is_active "${daemons[@]}"
}

pings() {
    local before
    before=$(sql "SELECT count(*) FROM koppeling.job_history WHERE kind = 'ping'")
    sql 'SELECT koppeling.ping(10)' &&
        until_true 30 is "SELECT count(*) FROM koppeling.job_history WHERE kind = 'ping'" $((before + 10))
}

reloads() {
    local pid
    pid=$(property "$1" MainPID)
    inside sh -c "echo KOPPELING_LOG_LEVEL=debug >/etc/koppeling/$2.settings && systemctl reload $1" &&
        until_true 10 journal_has "$1" 'settings reloaded' && has "$1" MainPID "$pid" && is_active "$1"
}

step_reload() {
    note 'reload and restart'
    check 'a worker reads its settings again on SIGHUP, and goes on' reloads koppeling-worker@2 worker
    check 'so does the scheduler' reloads koppeling-scheduler scheduler
    load_start
    check 'the target restarts all at once, under load' inside systemctl restart koppeling.target
    check 'all are active again' until_true 60 is_active "${daemons[@]}"
    load_end
    check 'no job failed' nothing_is_left_or_failed
    check 'the target stops all' inside systemctl stop koppeling.target
    check 'and nothing is left running' none_runs
    check 'the target starts what is enabled' inside systemctl start koppeling.target
    check 'all are active' until_true 30 is_active "${daemons[@]}"
}

none_runs() {
    ! inside pgrep -a --runstates D,R,S,T 'koppeling-(sch|wor|pan)' &&
        is "SELECT count(*) FROM koppeling.worker WHERE state = 'active'" 0
}

step_autopkgtest() {
    note "the package's own test (debian/tests)"
    cp debian/tests/import-an-order "$TRY/root/usr/local/bin/"
    check 'it installs, migrates and imports an order' inside runuser -u nobody -- env HOME=/tmp \
        bash -c 'cd /tmp && /usr/local/bin/import-an-order'
}

step_purge() {
    note 'purge'
    check 'the packages are purged' inside apt-get purge -y -qq 'koppeling-*'
    check 'no program, no unit, no daemon is left' nothing_is_left
    check 'the key stays, and nothing else in /etc/koppeling that the packages made' \
        test "$(inside sh -c 'ls /etc/koppeling' | tr '\n' ' ')" = \
        'public-key scheduler.settings secret-key simulator.env worker.settings '
    check 'the database is as it was' is 'SELECT count(*) FROM koppeling.imported_order' $((SHOPS * ORDERS))
    check 'systemd has nothing to complain of' inside systemctl is-system-running
    note "left: $(inside find / -xdev -name '*koppeling*' ! -path '/packages/*' -prune 2>/dev/null | sort | paste -sd ' ')"
    note "users left: $(inside getent passwd | grep -o '^koppeling[^:]*' | paste -sd ' ')"
}

nothing_is_left() {
    ! inside find /usr/bin /lib/systemd/system /etc/systemd/system /run/systemd/system -name 'koppeling*' ! -name '*.d' \
        ! -name try.conf | grep . && ! inside pgrep -a --runstates D,R,S,T '^koppeling'
}

# Without the first three there is nothing to try.
run_steps() {
    local step
    for step in install start work; do
        "step_$step"
        [ "${failed:?}" -eq 0 ] || return
    done
    ! previous_has_panel || step_panel
    step_watch
    step_upgrade
    previous_has_panel || step_panel
    for step in alert trouble reload autopkgtest purge; do
        "step_$step"
    done
}
