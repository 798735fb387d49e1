/*
 * Structured logging: one line per event on standard error, logfmt or JSON.
 *
 *   LOG_INFO("jobs claimed", LOG_INT("jobs", count), LOG_TEXT("kind", kind->name));
 *   time=2026-11-23T22:30:01.123456Z level=info thread=w0 event="jobs claimed" jobs=12 kind=poll
 *
 * Each line is built in one buffer and written with one write(2). Values are cut at 1 KiB; control
 * characters (C0, DEL, C1), line separators (U+2028, U+2029) and bidirectional controls are
 * escaped, invalid UTF-8 is replaced, so that no foreign text can forge a line or drive a terminal.
 * Secrets and personal data must never be passed in: log ids.
 *
 * On a terminal a line is shorter and in colour; in the journal its priority stands before it
 * (log_stream.h). Of a warning that comes again and again only some are written, and how many were
 * not: left_out=12 (log_limit.h).
 *
 * Thread-safe. log_setup() is called once, before threads start.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

struct log_field {
    const char *key; /* lower case, [a-z_]; a constant */
    enum { LOG_FIELD_TEXT, LOG_FIELD_INT, LOG_FIELD_SECONDS } type;
    const char *text; /* NULL leaves the field out */
    int64_t number;   /* INT: as it is; SECONDS: microseconds, printed as seconds with 6 decimals */
};

#define LOG_TEXT(name, value)                                                                      \
    ((struct log_field){.key = (name), .type = LOG_FIELD_TEXT, .text = (value)})
#define LOG_INT(name, value)                                                                       \
    ((struct log_field){.key = (name), .type = LOG_FIELD_INT, .number = (int64_t)(value)})
#define LOG_SECONDS(name, microseconds)                                                            \
    ((struct log_field){.key = (name), .type = LOG_FIELD_SECONDS, .number = (microseconds)})

void log_setup(enum log_level level, enum log_format format);

/* From now on; any thread may call it at any time. */
void log_set_level(enum log_level level);

/* The name that the calling thread's lines carry, and the thread itself; cut at 15 bytes. */
void log_set_thread_name(const char *name);

/* Why a program ends: a sentence for a person, a line of JSON where the log is JSON. Works before
 * log_setup(), too, by the variable KOPPELING_LOG_FORMAT. */
void log_last_word(const char *program, const char *why);

/* True when lines of this level are written; lets a caller skip costly preparations. */
bool log_enabled(enum log_level level);

/* Writes one line. `event` is a constant. Use the macros below. */
void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t count);

/* The first field is a filler, so that a line without fields compiles too. */
#define LOG_AT_LEVEL(level, event, ...)                                                            \
    do {                                                                                           \
        if (log_enabled(level)) {                                                                  \
            const struct log_field fields_[] = {LOG_TEXT("", NULL), ##__VA_ARGS__};                \
            log_write((level), (event), fields_, sizeof(fields_) / sizeof(fields_[0]));            \
        }                                                                                          \
    } while (0)

#define LOG_DEBUG(event, ...)   LOG_AT_LEVEL(LOG_LEVEL_DEBUG, event, ##__VA_ARGS__)
#define LOG_INFO(event, ...)    LOG_AT_LEVEL(LOG_LEVEL_INFO, event, ##__VA_ARGS__)
#define LOG_WARNING(event, ...) LOG_AT_LEVEL(LOG_LEVEL_WARNING, event, ##__VA_ARGS__)
#define LOG_ERROR(event, ...)   LOG_AT_LEVEL(LOG_LEVEL_ERROR, event, ##__VA_ARGS__)

#endif
