#include "common/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log_limit.h"
#include "common/log_stream.h"
#include "common/utf8.h"

/*
 * A line is built on the stack, so logging works when memory is short. It is no longer than
 * PIPE_BUF: up to there one write(2) into a pipe is not mixed with that of another thread or
 * process, so no lock is needed.
 */
#define LINE_LIMIT  4092 /* and up to 4 for a priority */
#define VALUE_LIMIT 1024

/* Room that is kept for the end of a line: the mark that something was left out, and the newline.
 */
#define END_ROOM ((size_t)16)

static const char cut_mark[] = "...";

struct line {
    enum log_format format;
    const char *priority; /* what stands before it in the journal; a constant */
    bool cut;             /* a field did not fit and was left out */
    size_t length;
    char bytes[LINE_LIMIT];
};

/* One character as it is printed. */
struct character {
    size_t consumed; /* bytes of the input */
    size_t length;   /* bytes of the output */
    bool plain;      /* needs no quotes in logfmt */
    char bytes[8];
};

static const char *const level_names[] = {
    [LOG_LEVEL_DEBUG] = "debug",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_WARNING] = "warning",
    [LOG_LEVEL_ERROR] = "error",
};

static atomic_int lowest_level = LOG_LEVEL_INFO;
static enum log_format line_format = LOG_FORMAT_LOGFMT;
static enum log_stream stream = LOG_STREAM_PLAIN;
static _Thread_local char thread_name[16];

void log_setup(enum log_level level, enum log_format format)
{
    log_set_level(level);
    line_format = format;
    stream = log_stream_of(STDERR_FILENO);
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&lowest_level, (int)level, memory_order_relaxed);
}

void log_set_thread_name(const char *name)
{
    snprintf(thread_name, sizeof(thread_name), "%s", name);
    /* For top -H and debuggers, too; the first thread has the name of the program. */
    if (gettid() != getpid()) {
        (void)pthread_setname_np(pthread_self(), thread_name);
    }
}

bool log_enabled(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&lowest_level, memory_order_relaxed);
}

/* What could start a new line, move a cursor or turn the direction of reading. */
static bool is_dangerous(uint32_t code_point)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x00, 0x1F},     {0x7F, 0x9F},     {0x061C, 0x061C}, {0x200E, 0x200F},
        {0x2028, 0x202E}, {0x2066, 0x2069}, {0xFEFF, 0xFEFF},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(ranges); i++) {
        if (code_point >= ranges[i].first && code_point <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

/* The letter after the backslash, or 0 for a character that has no short escape. */
static char short_escape(uint32_t code_point)
{
    switch (code_point) {
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    case '"':
    case '\\':
        return (char)code_point;
    default:
        return 0;
    }
}

static struct character next_character(const char *text)
{
    struct character character = {0};
    uint32_t code_point = 0;
    size_t length = utf8_decode(text, strnlen(text, UTF8_LONGEST), &code_point);

    character.consumed = length > 0 ? length : 1;
    if (length == 0) {
        character.length = strlen(UTF8_REPLACEMENT);
        memcpy(character.bytes, UTF8_REPLACEMENT, character.length);
    } else if (short_escape(code_point) != 0) {
        character.length = 2;
        character.bytes[0] = '\\';
        character.bytes[1] = short_escape(code_point);
    } else if (is_dangerous(code_point)) {
        character.length =
            (size_t)snprintf(character.bytes, sizeof(character.bytes), "\\u%04x", code_point);
    } else {
        character.length = length;
        character.plain = code_point != ' ' && code_point != '=';
        memcpy(character.bytes, text, length);
    }
    return character;
}

/* Appends all or nothing. */
static bool put(struct line *line, const char *bytes, size_t length)
{
    if (length > sizeof(line->bytes) - END_ROOM - line->length) {
        return false;
    }
    memcpy(line->bytes + line->length, bytes, length);
    line->length += length;
    return true;
}

static bool put_text(struct line *line, const char *text)
{
    return put(line, text, strlen(text));
}

static bool needs_quotes(const struct line *line, const char *text)
{
    if (line->format == LOG_FORMAT_JSON || text[0] == '\0') {
        return true;
    }
    for (size_t i = 0; i < VALUE_LIMIT && text[i] != '\0';) {
        struct character character = next_character(text + i);

        if (!character.plain) {
            return true;
        }
        i += character.consumed;
    }
    return false;
}

/* Appends a value, cut to VALUE_LIMIT and to what the line can take; false if that is next to
 * nothing. */
static bool put_value(struct line *line, const char *text)
{
    size_t room = sizeof(line->bytes) - END_ROOM - line->length;

    if (room < 2 * END_ROOM) {
        return false;
    }

    const char *quote = needs_quotes(line, text) ? "\"" : "";
    size_t limit = room - 2 < VALUE_LIMIT ? room - 2 : VALUE_LIMIT;
    size_t written = 0;
    size_t safe = 0; /* the last place where the mark still fits */

    put_text(line, quote);
    while (*text != '\0') {
        struct character character = next_character(text);

        if (written + character.length > limit) {
            line->length -= written - safe;
            put_text(line, cut_mark);
            break;
        }
        put(line, character.bytes, character.length);
        text += character.consumed;
        written += character.length;
        safe = written <= limit - strlen(cut_mark) ? written : safe;
    }
    put_text(line, quote);
    return true;
}

static bool put_number(struct line *line, const struct log_field *field)
{
    char digits[32];
    /* Negated as unsigned, so that the smallest number is no special case. */
    uint64_t size = field->number < 0 ? -(uint64_t)field->number : (uint64_t)field->number;
    const char *sign = field->number < 0 ? "-" : "";

    if (field->type == LOG_FIELD_SECONDS) {
        snprintf(digits, sizeof(digits), "%s%llu.%06llu", sign, (unsigned long long)size / 1000000,
                 (unsigned long long)size % 1000000);
    } else {
        snprintf(digits, sizeof(digits), "%s%llu", sign, (unsigned long long)size);
    }
    return put_text(line, digits);
}

static bool put_key(struct line *line, const char *key)
{
    bool json = line->format == LOG_FORMAT_JSON;
    const char *separator = json ? "," : " ";

    return put_text(line, line->length == (json ? 1 : 0) ? "" : separator) &&
           put_text(line, json ? "\"" : "") && put_text(line, key) &&
           put_text(line, json ? "\":" : "=");
}

/* Appends a field, or nothing if it does not fit. */
static void put_field(struct line *line, const struct log_field *field)
{
    size_t start = line->length;

    if (field->type == LOG_FIELD_TEXT && field->text == NULL) {
        return;
    }
    if (!put_key(line, field->key) ||
        !(field->type == LOG_FIELD_TEXT ? put_value(line, field->text) : put_number(line, field))) {
        line->length = start;
        line->cut = true;
    }
}

static void put_time(struct line *line, int64_t now_us)
{
    time_t seconds = (time_t)(now_us / 1000000);
    struct tm utc = {0};
    char text[96];

    gmtime_r(&seconds, &utc);
    snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", utc.tm_year + 1900,
             utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
             (int)(now_us % 1000000));
    put_field(line, &LOG_TEXT("time", text));
}

/* For a person: the time of the day, the level in colour, and what happened. */
static void put_head_for_terminal(struct line *line, enum log_level level, const char *event,
                                  int64_t now_us)
{
    time_t seconds = (time_t)(now_us / 1000000);
    const char *colour = log_stream_colour(level);
    struct tm local = {0};
    char text[96];

    localtime_r(&seconds, &local);
    snprintf(text, sizeof(text), "%02d:%02d:%02d.%03d %s%-7s%s ", local.tm_hour, local.tm_min,
             local.tm_sec, (int)(now_us % 1000000 / 1000), colour, level_names[level],
             colour[0] != '\0' ? LOG_STREAM_UNCOLOUR : "");
    put_text(line, text);
    put_text(line, event);
    put_field(line, &LOG_TEXT("thread", thread_name[0] != '\0' ? thread_name : NULL));
}

static void put_head(struct line *line, enum log_level level, const char *event, int64_t now_us)
{
    if (stream == LOG_STREAM_TERMINAL && line->format == LOG_FORMAT_LOGFMT) {
        put_head_for_terminal(line, level, event, now_us);
        return;
    }
    put_text(line, line->format == LOG_FORMAT_JSON ? "{" : "");
    put_time(line, now_us);
    put_field(line, &LOG_TEXT("level", level_names[level]));
    put_field(line, &LOG_TEXT("thread", thread_name[0] != '\0' ? thread_name : NULL));
    put_field(line, &LOG_TEXT("event", event));
}

/* Uses the room that put() keeps back, so it always fits. */
static void put_end(struct line *line)
{
    static const char *const ends[2][2] = {
        [LOG_FORMAT_LOGFMT] = {"\n", " cut=true\n"},
        [LOG_FORMAT_JSON] = {"}\n", ",\"cut\":true}\n"},
    };
    const char *end = ends[line->format][line->cut];
    size_t length = strlen(end);

    memcpy(line->bytes + line->length, end, length);
    line->length += length;
}

/* With one system call. What cannot be logged is lost: the work goes on. */
static void send_line(const struct line *line)
{
    const struct iovec parts[] = {
        {.iov_base = without_const(line->priority), .iov_len = strlen(line->priority)},
        {.iov_base = without_const(line->bytes), .iov_len = line->length},
    };
    ssize_t written = 0;

    do {
        written = writev(STDERR_FILENO, parts, (int)ARRAY_LENGTH(parts));
    } while (written < 0 && errno == EINTR);
}

void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t count)
{
    int saved_errno = errno;
    int64_t left_out = 0;
    struct line line;

    if (level >= LOG_LEVEL_WARNING && !log_limit_allows(event, clock_monotonic_us(), &left_out)) {
        return;
    }
    line.format = line_format;
    line.cut = false;
    line.priority = stream == LOG_STREAM_JOURNAL ? log_stream_priority(level) : "";
    line.length = 0;
    put_head(&line, level, event, clock_wall_us());
    for (size_t i = 0; i < count; i++) {
        put_field(&line, &fields[i]);
    }
    if (left_out > 0) {
        put_field(&line, &LOG_INT("left_out", left_out));
    }
    put_end(&line);
    send_line(&line);
    errno = saved_errno;
}

/* Before the settings were read, the variable is all that is known of them. */
static enum log_format format_of_last_word(void)
{
    const char *format = getenv("KOPPELING_LOG_FORMAT"); /* NOLINT(concurrency-mt-unsafe) */

    return format != NULL && strcmp(format, "json") == 0 ? LOG_FORMAT_JSON : line_format;
}

void log_last_word(const char *program, const char *why)
{
    if (format_of_last_word() == LOG_FORMAT_JSON) {
        log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_JSON);
        LOG_ERROR("failed", LOG_TEXT("program", program), LOG_TEXT("error", why));
        return;
    }
    const char *priority = log_stream_of(STDERR_FILENO) == LOG_STREAM_JOURNAL
                               ? log_stream_priority(LOG_LEVEL_ERROR)
                               : "";

    fprintf(stderr, "%s%s: %s\n", priority, program, why);
}
