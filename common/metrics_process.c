/* What Prometheus expects of every process, under the names that its own dashboards know. */
#include "common/metrics.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/database/migrate.h"
#include "common/database/sql_embedded.h"

static struct metric resident = {.name = "process_resident_memory_bytes",
                                 .help = "Resident memory size in bytes.",
                                 .type = METRIC_GAUGE};
static struct metric virtual_size = {.name = "process_virtual_memory_bytes",
                                     .help = "Virtual memory size in bytes.",
                                     .type = METRIC_GAUGE};
static struct metric threads = {
    .name = "process_threads", .help = "Number of OS threads.", .type = METRIC_GAUGE};
static struct metric started = {.name = "process_start_time_seconds",
                                .help = "Start time of the process since unix epoch in seconds.",
                                .type = METRIC_GAUGE,
                                .is_seconds = true};
static struct metric processor = {.name = "process_cpu_seconds_total",
                                  .help = "Total user and system CPU time spent in seconds.",
                                  .is_seconds = true};

/* A small file of /proc, as text; false when it cannot be had. */
static bool read_file(const char *path, char *ret_text, size_t size)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = descriptor >= 0 ? read(descriptor, ret_text, size - 1) : -1;

    if (descriptor >= 0) {
        close(descriptor);
    }
    ret_text[length > 0 ? length : 0] = '\0';
    return length > 0;
}

static void read_memory(void)
{
    char text[256];
    char *rest = text;

    if (read_file("/proc/self/statm", text, sizeof(text))) {
        int64_t page = sysconf(_SC_PAGESIZE);
        int64_t size = strtoll(rest, &rest, 10);

        metric_set(&virtual_size, size * page);
        metric_set(&resident, strtoll(rest, NULL, 10) * page);
    }
}

/* The numbers behind the name of the program, which may have blanks and brackets in it, begin with
 * the third field. */
static void read_stat(void)
{
    enum { THREADS_FIELD = 20, START_FIELD = 22 };
    char text[1024];
    struct timespec up;

    if (!read_file("/proc/self/stat", text, sizeof(text)) || strrchr(text, ')') == NULL) {
        return;
    }
    char *rest = strrchr(text, ')') + 3; /* ") S" */

    for (int field = 4; field <= START_FIELD; field++) {
        int64_t value = strtoll(rest, &rest, 10);

        if (field == THREADS_FIELD) {
            metric_set(&threads, value);
        } else if (field == START_FIELD && atomic_load(&started.value) == 0 &&
                   clock_gettime(CLOCK_BOOTTIME, &up) == 0) {
            int64_t up_us = (int64_t)up.tv_sec * 1000000 + up.tv_nsec / 1000;
            int64_t start_us = value * 1000000 / sysconf(_SC_CLK_TCK);

            metric_set(&started, clock_wall_us() - (up_us - start_us));
        }
    }
}

void metrics_read_process(void)
{
    struct rusage usage;

    read_memory();
    read_stat();
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        metric_set(&processor, (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
                                   usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    }
}

void metrics_show_build(const char *program)
{
    static char labels[128];
    static struct metric build = {.name = "koppeling_build_info",
                                  .labels = labels,
                                  .help = "1, with the program, its version, and the version of "
                                          "the schema and of the functions that it was built with.",
                                  .type = METRIC_GAUGE};

    snprintf(labels, sizeof(labels),
             "program=\"%s\",version=\"" KOPPELING_VERSION "\",schema=\"%d\",revision=\"%d\"",
             program, migrate_newest_version(), sql_revision);
    metric_set(&build, 1);
}
