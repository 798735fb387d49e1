#include "worker/api/boekuwzending/tracking.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/ascii.h"
#include "worker/api/text/lenient.h"
#include "worker/api/text/moment.h"

/* A moment with its zone and fractions, and the name of a zone. */
#define MOMENT_LENGTH 40
#define ZONE_LENGTH   20

/* "+01:00", and the hours of the zone that is farthest from UTC. */
#define OFFSET_SIZE   7
#define FARTHEST_HOUR "14"

/* The zone of the service, where it names none [BKZ-613]. */
#define ZONE_OF_SERVICE " Europe/Amsterdam"

/* What PostgreSQL calls the zone that stands behind a time: nothing is the service's own. NULL for
 * one that is not understood. */
static const char *zone_name(const char *zone, char ret_offset[OFFSET_SIZE])
{
    if (zone[0] == '\0' || strcasecmp(zone, "Europe/Amsterdam") == 0) {
        return ZONE_OF_SERVICE;
    }
    if (strcasecmp(zone, "Z") == 0 || strcasecmp(zone, "UTC") == 0) {
        return "+00:00";
    }

    bool has_colon = moment_has_shape(zone + 1, "00:00");
    size_t length = has_colon ? 6 : 5;

    if ((zone[0] != '+' && zone[0] != '-') || (!has_colon && !moment_has_shape(zone + 1, "0000")) ||
        zone[length] != '\0' || strncmp(zone + 1, FARTHEST_HOUR, 2) > 0) {
        return NULL;
    }
    snprintf(ret_offset, OFFSET_SIZE, "%.3s:%.2s", zone, zone + length - 2);
    return ret_offset[4] < '6' ? ret_offset : NULL;
}

/* "2026-11-24T14:10:00+01:00", with a blank for the T, fractions, or no zone; `otherwise` is the
 * zone of a moment that has none. What is none of these leaves "". */
static void write_moment(const char *text, const char *otherwise, char ret_at[TRACKING_MOMENT_SIZE])
{
    const char *time = text + MOMENT_DATE_LENGTH + 1;
    char offset[OFFSET_SIZE];

    if (!moment_begins_with_date(text) || (time[-1] != 'T' && time[-1] != ' ') ||
        !moment_begins_with_time(time)) {
        return;
    }

    const char *zone = time + MOMENT_TIME_LENGTH;

    if (*zone == '.') {
        zone += 1 + strspn(zone + 1, "0123456789");
    }

    const char *name = zone_name(zone[0] != '\0' ? zone : otherwise, offset);

    if (name != NULL) {
        snprintf(ret_at, TRACKING_MOMENT_SIZE, "%.10s %.8s%s", text, time, name);
    }
}

/* A text, or what PHP makes of a DateTime: {date, timezone_type, timezone} [BKZ-613]. */
static void read_moment(json_t *event, const char *key, char ret_at[TRACKING_MOMENT_SIZE])
{
    json_t *dump = json_object_get(event, key);
    bool is_dump = json_is_object(dump);
    AUTO(free) char *zone = is_dump ? lenient_text(dump, "timezone", ZONE_LENGTH) : NULL;
    AUTO(free)
    char *text = lenient_text(is_dump ? dump : event, is_dump ? "date" : key, MOMENT_LENGTH);

    if (text != NULL) {
        write_moment(text, zone != NULL ? zone : "", ret_at);
    }
}

static bool read_event(json_t *event, struct tracking *tracking, struct error *err)
{
    tracking->state = lenient_text(event, "status", TRACKING_STATE_LENGTH);
    if (tracking->state == NULL) {
        return !lenient_is_set(event, "status") ||
               error_set(err, ERROR_DATA, "the state of the parcel is no text");
    }
    for (char *at = tracking->state; *at != '\0'; at++) {
        *at = ascii_lower(*at);
    }
    tracking->text = lenient_unescaped(event, "description", TRACKING_TEXT_LENGTH);
    read_moment(event, "datetime", tracking->at);
    if (tracking->at[0] == '\0') {
        read_moment(event, "date", tracking->at);
    }
    return true;
}

bool tracking_read(const char *body, size_t length, struct tracking *ret_tracking,
                   struct error *err)
{
    json_auto_t *json = lenient_parse(body, length, NULL, err);
    AUTO(tracking) struct tracking tracking = {.is_known = !lenient_is_set(json, "error")};
    json_t *active = json_object_get(json, "active");

    *ret_tracking = (struct tracking){.state = NULL};
    if (json == NULL) {
        return false;
    }
    if (tracking.is_known) {
        if (active == NULL ||
            (lenient_object(json, "active") == NULL && lenient_is_set(json, "active"))) {
            return error_set(err, ERROR_DATA, "the answer does not tell of a parcel");
        }
        if (!read_event(lenient_object(json, "active"), &tracking, err)) {
            return false;
        }
    }
    *ret_tracking = tracking;
    tracking = (struct tracking){.state = NULL};
    return true;
}

void tracking_release(struct tracking *tracking)
{
    free(tracking->state);
    free(tracking->text);
    *tracking = (struct tracking){.state = NULL};
}
