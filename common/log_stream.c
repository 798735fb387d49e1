#include "common/log_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_journal(int descriptor)
{
    const char *names = getenv("JOURNAL_STREAM"); /* NOLINT(concurrency-mt-unsafe): at the start */
    unsigned long long device = 0;
    unsigned long long inode = 0;
    struct stat status;

    /* NOLINTNEXTLINE(cert-err34-c): what does not fit matches no file */
    return names != NULL && sscanf(names, "%llu:%llu", &device, &inode) == 2 &&
           fstat(descriptor, &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

enum log_stream log_stream_of(int descriptor)
{
    if (is_journal(descriptor)) {
        return LOG_STREAM_JOURNAL;
    }
    return isatty(descriptor) == 1 ? LOG_STREAM_TERMINAL : LOG_STREAM_PLAIN;
}

const char *log_stream_priority(enum log_level level)
{
    static const char *const priorities[] = {
        [LOG_LEVEL_DEBUG] = "<7>",
        [LOG_LEVEL_INFO] = "<6>",
        [LOG_LEVEL_WARNING] = "<4>",
        [LOG_LEVEL_ERROR] = "<3>",
    };

    return priorities[level];
}

const char *log_stream_colour(enum log_level level)
{
    static const char *const colours[] = {
        [LOG_LEVEL_DEBUG] = "\033[2m",
        [LOG_LEVEL_INFO] = "",
        [LOG_LEVEL_WARNING] = "\033[33m",
        [LOG_LEVEL_ERROR] = "\033[31m",
    };
    const char *unwanted = getenv("NO_COLOR"); /* NOLINT(concurrency-mt-unsafe): nobody sets it */

    return unwanted != NULL && unwanted[0] != '\0' ? "" : colours[level];
}
