/* What Boekuwzending tells of a parcel, and the whole of the job that asks. */
#include "tests/fuzz/conversation.h"
#include "worker/api/boekuwzending/tracking.h"
#include "worker/api/text/moment.h"

/* The bits of the first byte. */
#define SEVERAL       1
#define KNOWN         2
#define TOKEN_PROBLEM 4

static void check_moment(const char *at)
{
    static const char *const offsets[] = {"+00:00", "-00:00"};

    if (at[0] == '\0') {
        return;
    }
    REQUIRE(moment_begins_with_date(at) && at[MOMENT_DATE_LENGTH] == ' ');

    const char *time = at + MOMENT_DATE_LENGTH + 1;
    const char *zone = time + MOMENT_TIME_LENGTH;

    REQUIRE(moment_begins_with_time(time));
    if (strcmp(zone, " Europe/Amsterdam") == 0) {
        return;
    }
    REQUIRE(moment_has_shape(zone, offsets[0]) || moment_has_shape(zone, offsets[1]));
    /* PostgreSQL refuses a zone that is 16 hours away, and with it all rows of the flight. */
    REQUIRE(strlen(zone) == 6 && strncmp(zone + 1, "15", 2) < 0 && zone[4] < '6');
}

static void check_parser(const char *body, size_t length)
{
    AUTO(tracking) struct tracking tracking;
    struct error err = ERROR_INIT;

    if (!tracking_read(body, length, &tracking, &err)) {
        REQUIRE(err.code == ERROR_DATA && tracking.state == NULL && tracking.text == NULL);
        fuzz_require_line(err.text);
        return;
    }
    REQUIRE(tracking.is_known || tracking.state == NULL);
    REQUIRE(tracking.state != NULL || (tracking.text == NULL && tracking.at[0] == '\0'));
    REQUIRE(tracking.state == NULL || tracking.state[0] != '\0');
    fuzz_require_clean(tracking.state, TRACKING_STATE_LENGTH);
    fuzz_require_clean(tracking.text, TRACKING_TEXT_LENGTH);
    check_moment(tracking.at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    uint8_t variant = fuzz_take_byte(&input);
    struct fuzz_input answers = input;
    size_t length = 0;
    const char *known = (variant & KNOWN) != 0 ? "in_transit" : NULL;
    json_t *labels = json_pack("[{s:s, s:s?}]", "id", "a-1", "state", known);

    if ((variant & SEVERAL) != 0) {
        json_array_append_new(labels, json_pack("{s:s, s:n}", "id", "b-2", "state"));
    }
    (void)fuzz_take_byte(&answers);

    AUTO(free) char *body = fuzz_take_bytes(&answers, &length);

    check_parser(body, length);
    converse(
        "track_label",
        json_pack("{s:s, s:n, s:o}", "environment", "production", "unwanted", "labels", labels),
        (variant & TOKEN_PROBLEM) != 0 ? "cannot be opened" : NULL, &input);
    return 0;
}
