#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/cleanup.h"
#include "common/memory.h"
#include "common/metrics.h"

static void assert_line(const char *text, const char *line)
{
    AUTO(free) char *wanted = xasprintf("\n%s\n", line);

    assert_non_null(strstr(text, wanted));
}

TEST(a_histogram_counts_up_to_each_of_its_bounds)
{
    static const int64_t bounds[] = {1000, 2500, 1000000, 60000000, 0};
    static struct histogram plain = HISTOGRAM_OF("test_plain_seconds", "p", bounds, NULL);
    static struct histogram taken =
        HISTOGRAM_OF("test_taken_seconds", "t", bounds, "kind=\"poll\"");
    const int64_t took[] = {-5, 0, 1000, 1001, 1000000, 60000001, 99000000};

    histogram_show(&plain);
    for (size_t i = 0; i < ARRAY_LENGTH(took); i++) {
        histogram_observe(&taken, took[i]);
    }

    AUTO(free) char *text = metrics_text();

    assert_non_null(strstr(text, "# HELP test_taken_seconds t\n"
                                 "# TYPE test_taken_seconds histogram\n"
                                 "test_taken_seconds_bucket{kind=\"poll\",le=\"0.001\"} 3\n"
                                 "test_taken_seconds_bucket{kind=\"poll\",le=\"0.0025\"} 4\n"
                                 "test_taken_seconds_bucket{kind=\"poll\",le=\"1\"} 5\n"
                                 "test_taken_seconds_bucket{kind=\"poll\",le=\"60\"} 5\n"
                                 "test_taken_seconds_bucket{kind=\"poll\",le=\"+Inf\"} 7\n"
                                 "test_taken_seconds_sum{kind=\"poll\"} 160.002002\n"
                                 "test_taken_seconds_count{kind=\"poll\"} 7\n"));
    assert_line(text, "test_plain_seconds_bucket{le=\"+Inf\"} 0");
    assert_line(text, "test_plain_seconds_sum 0.000000");
    assert_line(text, "test_plain_seconds_count 0");
}

static double value_of(const char *text, const char *name)
{
    AUTO(free) char *start = xasprintf("\n%s ", name);
    const char *line = strstr(text, start);

    assert_non_null(line);
    return strtod(line + strlen(start), NULL);
}

TEST(the_numbers_of_the_process_are_those_of_the_system)
{
    metrics_read_process();
    AUTO(free) char *text = metrics_text();
    double resident = value_of(text, "process_resident_memory_bytes");
    double started = value_of(text, "process_start_time_seconds");

    assert_in_range((uint64_t)resident, 100000, (uint64_t)1 << 34);
    assert_true(value_of(text, "process_virtual_memory_bytes") >= resident);
    assert_true(value_of(text, "process_threads") >= 1);
    assert_true(value_of(text, "process_cpu_seconds_total") >= 0);
    /* This very process has begun a moment ago. */
    assert_true(started <= (double)time(NULL) + 1 && started > (double)time(NULL) - 600);
    metrics_show_build("test");
    AUTO(free) char *built = metrics_text();
    assert_non_null(strstr(built, "\nkoppeling_build_info{program=\"test\",version=\""));
}
