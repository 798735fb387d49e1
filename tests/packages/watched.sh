# shellcheck shell=bash
# The steps of try-install with the panel, and with Debian's Prometheus and the rules that are shipped.

MONITORING=/usr/share/doc/koppeling/deploy/monitoring
PANEL_JAR=/root/panel-cookies
panel_curl() { inside curl "$@"; }

previous_has_panel() { compgen -G "$TRY/previous/koppeling-panel_*.deb" >/dev/null; }

# What README.Debian says; and a person of its own.
sets_up_panel() {
    sql 'CREATE ROLE "koppeling-panel" LOGIN IN ROLE koppeling_panel'
    # shellcheck disable=SC2016 # for the shell inside
    inside sh -c 'sed -i "s|^# KOPPELING_PUBLIC_KEY=|KOPPELING_PUBLIC_KEY=$(cat /etc/koppeling/public-key)|" \
            /etc/koppeling/panel.env && echo KOPPELING_METRICS_ADDRESS=127.0.0.1:9185 >>/etc/koppeling/panel.env'
    echo 'een goed wachtwoord' | inside runuser -u koppeling-panel -- \
        koppeling-panel add-user anna --role merchant --account 1 --language en --database-url=dbname=koppeling
}

panel_credential_is_closed() {
    local pid
    pid=$(property koppeling-panel MainPID)
    inside grep -qz 'KOPPELING_DATABASE_URL_FILE=/run/credentials/koppeling-panel.service/database-url' \
        "/proc/$pid/environ" &&
        ! inside grep -qaF 'dbname=koppeling' "/proc/$pid/environ" "/proc/$pid/cmdline" &&
        ! inside runuser -u nobody -- cat /run/credentials/koppeling-panel.service/database-url 2>/dev/null
}

shows_an_imported_order() {
    local number state
    read -r number state <<<"$(sql "SELECT order_number || ' ' || state FROM koppeling.imported_order
                                    ORDER BY id DESC LIMIT 1")"
    panel_shows "/orders?state=$state&q=$number" ">$number</a>"
}

# An account with credentials, as an operator gives it; the orders need not stand in the other panel.
gives_credentials() {
    local sealed
    inside curl -sSf -o /dev/null -d '{"client_id":"try-client","client_secret":"secret-of-the-try-client"}' \
        http://127.0.0.1:9180/_simulator/accounts || return
    sealed=$(inside sh -c "printf secret-of-the-try-client |
        koppeling-worker seal --public-key \$(cat /etc/koppeling/public-key)")
    sql "UPDATE koppeling.account SET client_id = 'try-client', sealed_client_secret = decode('$sealed', 'base64'),
         push_orders = false"
}

makes_label() {
    local service printed=$1
    sql "SELECT koppeling.request_quote($printed)"
    until_true 30 is "SELECT count(*) > 0 FROM koppeling.services_for($printed)" t || return
    service=$(sql "SELECT service FROM koppeling.services_for($printed) WHERE service NOT LIKE '%parcelshop%' LIMIT 1")
    sql "SELECT koppeling.dispatch_order($printed, '$service')"
    until_true 30 is "SELECT state FROM koppeling.shipment WHERE order_id = $printed" labelled
}

prints_label() { panel_prints "$1" "$(sql "SELECT id FROM koppeling.shipment WHERE order_id = $1")"; }

step_panel() {
    local order
    note 'panel'
    check 'a login and a person are made' sets_up_panel
    check 'it is enabled and starts by its unit' inside systemctl enable --now koppeling-panel
    check 'it is active: it has said that it is ready' until_true 20 is_active koppeling-panel
    check 'the page to sign in answers' panel_answers
    check 'its connection string is a credential, in no environment, closed to others' panel_credential_is_closed
    check 'a wrong password is refused' panel_sign_in anna 'verkeerd wachtwoord' 422
    check 'a person signs in' panel_sign_in anna 'een goed wachtwoord'
    check 'the list of orders shows one that was imported' until_true 10 shows_an_imported_order
    check 'its account is given credentials at Boekuwzending' gives_credentials
    order=$(sql 'SELECT min(id) FROM koppeling.open_order')
    check 'a label is made there' makes_label "$order"
    check 'it is put on paper, by a program that the unit lets the panel run' prints_label "$order"
    daemons+=(koppeling-panel)
}

# prometheus_says QUERY [VALUE]   of a query that gives one number, or none
prometheus_says() {
    local said
    said=$(inside curl -sSfG --data-urlencode "query=$1" http://127.0.0.1:9090/api/v1/query |
        sed -n 's/.*"value":\[[0-9.]*,"\([^"]*\)"\].*/\1/p')
    [ "$said" = "${2-}" ] || { echo "$1 is '$said'"; return 1; }
}

# The example and the rules as they come with the package; not a second of them is changed.
sets_up_prometheus() {
    inside sh -c "cd /etc/koppeling && sed -i 's/^# \(KOPPELING_METRICS_ADDRESS=\)/\1/' scheduler.env worker.env &&
        install -m 644 -t /etc/prometheus $MONITORING/alerts.yml $MONITORING/prometheus.yml &&
        promtool check config /etc/prometheus/prometheus.yml &&
        systemctl restart koppeling-scheduler koppeling-worker@1 koppeling-worker@2 prometheus"
}

step_watch() {
    note 'Prometheus'
    # The build before may have come without them.
    [ -e "$TRY/root$MONITORING/prometheus.yml" ] || inside mkdir -p "$MONITORING"
    [ -e "$TRY/root$MONITORING/prometheus.yml" ] || cp deploy/monitoring/{alerts,prometheus}.yml "$TRY/root$MONITORING/"
    check "Debian's Prometheus takes the shipped example and rules" sets_up_prometheus
    check 'it scrapes the scheduler and both workers' until_true 60 prometheus_says \
        'count(up{job=~"koppeling-(scheduler|worker)"} == 1)' 3
    check 'it counts the event loops of the workers' until_true 60 prometheus_says 'max(koppeling_live_workers)' 4
}

no_failed_job_was_counted() {
    prometheus_says 'max(max_over_time(koppeling_failed_jobs[1h]))' 0
}

fires() { prometheus_says "count(ALERTS{alertname=\"$1\",alertstate=\"firing\"})" 1; }
nothing_fires() { prometheus_says 'count(ALERTS{alertstate="firing"})'; }

alert_of() {
    inside curl -sSf http://127.0.0.1:9090/api/v1/alerts |
        sed -n 's/.*"alertname":"\([A-Za-z]*\)".*"summary":"\([^"]*\)".*"state":"\([a-z]*\)".*/\1 is \3: \2/p'
}

step_alert() {
    note 'an alert, by the shipped rules'
    check 'it scrapes the panel too' until_true 60 prometheus_says 'count(up{job="koppeling-panel"} == 1)' 1
    check 'no alert fires' nothing_fires
    check 'both workers stop' inside systemctl stop koppeling-worker@1 koppeling-worker@2
    check 'KoppelingNoWorker fires' until_true 240 fires KoppelingNoWorker
    note "$(alert_of)"
    check 'the workers start' inside systemctl start koppeling-worker@1 koppeling-worker@2
    check 'the alert is cleared' until_true 120 nothing_fires
}
