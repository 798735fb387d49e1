# shellcheck shell=bash
# The panel as a person without scripts sees it, through curl. Read by try-install and try-compose, which say how curl
# reaches it (panel_curl) and in which file it keeps cookies (PANEL_JAR).

PANEL=http://127.0.0.1:8090

# curl sends cookies that are for TLS alone to the loopback address too, as browsers do.
panel_page() { panel_curl -sS --max-time 20 -b "${PANEL_JAR:?}" -c "$PANEL_JAR" "$@"; }
panel_answers() { panel_page -f "$PANEL/sign-in" | grep -q 'name="password"'; }

# panel_sign_in LOGIN PASSWORD   the form of the page, filled in; its answer sends the person on
panel_sign_in() {
    local proof status
    proof=$(panel_page -f "$PANEL/sign-in" | panel_field csrf)
    status=$(panel_page -o /dev/null -w '%{http_code}' --data-urlencode "csrf=$proof" --data-urlencode "login=$1" \
        --data-urlencode "password=$2" "$PANEL/sign-in")
    [ "$status" = "${3:-303}" ] || { echo "it answers $status"; return 1; }
}

# panel_shows PATH WORDS
panel_shows() {
    local page
    page=$(panel_page -f "$PANEL$1") || return
    grep -qF -- "$2" <<<"$page" && return
    echo "no '$2' on $1: $(sed -n 's/.*<title>\(.*\)<.title>.*/\1/p' <<<"$page")"
    return 1
}

# panel_field NAME   of the page on standard input: the value of a hidden field
panel_field() { sed -n "s/.*name=\"$1\" value=\"\([^\"]*\)\".*/\1/p" | head -n 1; }

# panel_prints ORDER SHIPMENT   its labels on paper: a PDF. The button is on the page of the order.
panel_prints() {
    local page address pdf=$TRY/label.pdf
    page=$(panel_page -f "$PANEL/orders/$1") || return
    address=$(panel_page -o /dev/null -w '%{redirect_url}' -d "csrf=$(panel_field csrf <<<"$page")" \
        -d "once=$(panel_field once <<<"$page")" -d "shipment=$2" -d layout=a4 -d position=2 "$PANEL/labels/print")
    [[ "$address" == */labels/print/* ]] || { echo "it sends to '$address'"; return 1; }
    until_true 30 panel_shows "${address#"$PANEL"}" '/pdf"' || return
    panel_page -f "$address/pdf" >"$pdf"
    [ "$(head -c 5 "$pdf")" = '%PDF-' ] || { head -c 300 "$pdf"; return 1; }
}
