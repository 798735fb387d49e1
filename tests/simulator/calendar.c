#include "tests/simulator/calendar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/ascii.h"

#define SECOND_US 1000000

void calendar_start(void)
{
    /* Europe/Amsterdam, spelled out so that no zone files are needed. */
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): called once, before threads start */
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
}

void calendar_local(int64_t wall_us, char ret_date[DATE_SIZE], char ret_time[TIME_SIZE])
{
    time_t seconds = (time_t)(wall_us / SECOND_US);
    struct tm parts;

    localtime_r(&seconds, &parts);
    if (ret_date != NULL) {
        (void)strftime(ret_date, DATE_SIZE, "%Y-%m-%d", &parts);
    }
    if (ret_time != NULL) {
        (void)strftime(ret_time, TIME_SIZE, "%H:%M:%S", &parts);
    }
}

void calendar_moment_local(int64_t wall_us, char ret_moment[MOMENT_SIZE])
{
    time_t seconds = (time_t)(wall_us / SECOND_US);
    struct tm parts;
    char zone[8] = "";

    localtime_r(&seconds, &parts);
    size_t length = strftime(ret_moment, MOMENT_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
    (void)strftime(zone, sizeof(zone), "%z", &parts);
    snprintf(ret_moment + length, MOMENT_SIZE - length, "%.3s:%.2s", zone, zone + 3);
}

void calendar_moment_utc(int64_t wall_us, char ret_moment[MOMENT_SIZE])
{
    time_t seconds = (time_t)(wall_us / SECOND_US);
    struct tm parts;

    gmtime_r(&seconds, &parts);
    size_t length = strftime(ret_moment, MOMENT_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(ret_moment + length, MOMENT_SIZE - length, ".%06uZ", (unsigned)(wall_us % SECOND_US));
}

static bool text_has_shape(const char *text, const char *shape)
{
    if (strlen(text) != strlen(shape)) {
        return false;
    }
    for (; *text != '\0'; text++, shape++) {
        if (*shape == '0' ? !ascii_is_digit(*text) : *text != *shape) {
            return false;
        }
    }
    return true;
}

bool calendar_is_date(const char *text)
{
    return text_has_shape(text, "0000-00-00");
}

bool calendar_is_date_time(const char *text)
{
    return text_has_shape(text, "0000-00-00 00:00:00");
}
