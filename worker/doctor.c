/* Looks at what a worker needs. One blocking connection, and one of curl to each service. */
#include "worker/doctor.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/database/database.h"
#include "common/doctor/doctor.h"
#include "common/memory.h"

/* So many sealed values are opened: enough to see whether it is the right key, and a second. */
enum { SAMPLE = 5000 };
#define CONNECT_MS 5000L

struct opened {
    int64_t current;
    int64_t previous;
    int64_t none;
    char first[64]; /* of those that no key opens */
};

static void try_key(const struct sealing_key *key, const PGresult *rows, int row, const char *place,
                    struct opened *opened)
{
    size_t length = 0;
    unsigned char *sealed =
        PQunescapeBytea((const unsigned char *)PQgetvalue(rows, row, 1), &length);

    if (sealed == NULL) {
        memory_exhausted();
    }
    AUTO(free) unsigned char *anew = xcalloc(length + 1, 1);

    switch (sealing_reseal(key, (struct sealing_bytes){sealed, length}, anew)) {
    case SEALING_IS_CURRENT:
        opened->current++;
        break;
    case SEALING_RESEALED:
        opened->previous++;
        break;
    case SEALING_CANNOT_OPEN:
        if (opened->none++ == 0) {
            snprintf(opened->first, sizeof(opened->first), "%s of id %s", place,
                     PQgetvalue(rows, row, 0));
        }
        break;
    }
    PQfreemem(sealed);
}

static bool try_place(const struct sealing_key *key, PGconn *connection, const char *place,
                      struct opened *opened, struct error *err)
{
    static const char *const columns[] = {"id", "sealed", NULL};
    char most[12];
    const char *const parameters[] = {place, "-9223372036854775808", most, NULL};
    AUTO(PQclear) PGresult *rows = NULL;

    snprintf(most, sizeof(most), "%d", SAMPLE);
    if (!database_begin(connection, err) ||
        !database_run(connection, "rekey_read", parameters, &rows, err)) {
        database_rollback(connection);
        return false;
    }
    database_rollback(connection);
    database_expect(rows, columns);
    for (int row = 0; row < PQntuples(rows); row++) {
        try_key(key, rows, row, place, opened);
    }
    return true;
}

static void say_what_opened(struct doctor *doctor, const struct opened *opened)
{
    int64_t count = opened->current + opened->previous + opened->none;
    AUTO(free)
    char *good =
        xasprintf("the key opens each of %" PRId64 " sealed values that were tried", count);
    AUTO(free)
    char *old = xasprintf("%" PRId64 " of %" PRId64 " sealed values are for the previous key",
                          opened->previous, count);
    AUTO(free)
    char *bad = xasprintf("no key opens %" PRId64 " of %" PRId64 " sealed values, such as %s",
                          opened->none, count, opened->first);

    if (opened->none > 0) {
        doctor_say(doctor, DOCTOR_PROBLEM, "keys",
                   "Give this worker the key that they were sealed for (KOPPELING_SECRET_KEY, "
                   "KOPPELING_PREVIOUS_SECRET_KEY); a value that no key opens must be entered "
                   "again.",
                   bad);
    } else if (opened->previous > 0) {
        doctor_say(doctor, DOCTOR_WARNING, "keys",
                   "koppeling-worker rekey seals them anew; then the previous key can go.", old);
    } else {
        doctor_say(doctor, DOCTOR_OK, "keys", NULL, count > 0 ? good : "nothing is sealed yet");
    }
}

static void look_at_keys(struct doctor *doctor, const struct sealing_key *key, PGconn *connection)
{
    static const char *const places[] = {"integration.sealed_token", "account.sealed_client_secret",
                                         "account.staging_sealed_client_secret"};
    struct opened opened = {.current = 0};
    struct error err = ERROR_INIT;

    if (!sealing_key_is_locked(key)) {
        doctor_say(doctor, DOCTOR_WARNING, "keys", "Raise LimitMEMLOCK= (ulimit -l).",
                   "the key cannot be locked in memory, and may be written to swap");
    }
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        if (!try_place(key, connection, places[i], &opened, &err)) {
            doctor_say(doctor, DOCTOR_PROBLEM, "keys", "Log in as a member of koppeling_worker.",
                       err.text);
            return;
        }
    }
    say_what_opened(doctor, &opened);
}

static void look_at_settings(struct doctor *doctor, const struct config *config,
                             const struct sealing_key *key)
{
    if (key == NULL) {
        doctor_say(doctor, DOCTOR_PROBLEM, "keys",
                   "Set KOPPELING_SECRET_KEY_FILE: without it only jobs that need no token are "
                   "taken.",
                   "this worker has no secret key");
    }
    if (config->partner_token == NULL || config->partner_token[0] == '\0') {
        doctor_say(doctor, DOCTOR_WARNING, "settings",
                   "Set KOPPELING_PARTNER_TOKEN: Mijnwebwinkel may refuse the calls of all shops.",
                   "no partner token is set");
    } else {
        doctor_say(doctor, DOCTOR_OK, "settings", NULL, "a partner token is set");
    }
}

/* One connection, with its handshake, and nothing is asked. */
static void knock(struct doctor *doctor, const struct config *config, const char *url)
{
    char reason[CURL_ERROR_SIZE] = "";
    CURL *easy = curl_easy_init();
    int64_t before = clock_monotonic_us();

    if (easy == NULL) {
        memory_exhausted();
    }
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, reason);
    if (config->ca_file != NULL) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, config->ca_file);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    CURLcode code = curl_easy_perform(easy);
    int64_t took_ms = (clock_monotonic_us() - before) / 1000;
    bool is_tls = strncmp(url, "https:", 6) == 0;
    AUTO(free)
    char *finding = code == CURLE_OK
                        ? xasprintf("%s can be reached%s, in %" PRId64 " ms", url,
                                    is_tls ? ", and its certificate is good" : "", took_ms)
                        : xasprintf("%s cannot be reached: %s", url,
                                    reason[0] != '\0' ? reason : curl_easy_strerror(code));

    curl_easy_cleanup(easy);
    doctor_say(doctor, code == CURLE_OK ? DOCTOR_OK : DOCTOR_PROBLEM, "services",
               "Look at DNS, the firewall and the network from this host; for a certificate at "
               "KOPPELING_CA_FILE and the clock.",
               finding);
}

int worker_doctor(const struct config *config, const struct sealing_key *key, bool is_json)
{
    AUTO(doctor) struct doctor *doctor = doctor_new("koppeling-worker", is_json);
    AUTO(PQfinish) PGconn *connection = NULL;
    bool has_schema = false;

    doctor_look_at_database(doctor, config, "koppeling_worker", &connection, &has_schema);
    look_at_settings(doctor, config, key);
    if (has_schema && key != NULL) {
        look_at_keys(doctor, key, connection);
    }
    knock(doctor, config, config->mijnwebwinkel_url);
    knock(doctor, config, config->boekuwzending_url);
    knock(doctor, config, config->boekuwzending_staging_url);
    return doctor_end(doctor);
}
