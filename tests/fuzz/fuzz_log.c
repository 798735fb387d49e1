/* Log lines: whatever a value holds, it is one line that cannot be taken for two, nor drive a
 * terminal, and that a reader of its format takes apart again. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/log.h"
#include "common/utf8.h"
#include "tests/fuzz/fuzz.h"

#define LINE_ROOM 8192

/* Writes an event with three values; what arrives at standard error goes to `ret_line`. */
static size_t write_line(enum log_format format, char *const values[3], char ret_line[LINE_ROOM])
{
    static int file = -1;
    int saved = dup(STDERR_FILENO);

    if (file < 0) {
        file = memfd_create("fuzz", MFD_CLOEXEC);
    }
    REQUIRE(file >= 0 && saved >= 0 && ftruncate(file, 0) == 0 && lseek(file, 0, SEEK_SET) == 0);
    dup2(file, STDERR_FILENO);
    log_setup(LOG_LEVEL_DEBUG, format);
    log_set_thread_name(values[0]);
    LOG_ERROR("event of a test", LOG_TEXT("first", values[0]), LOG_INT("number", -12),
              LOG_TEXT("second", values[1]), LOG_SECONDS("took", 1500000),
              LOG_TEXT("third", values[2]));

    dup2(saved, STDERR_FILENO);
    close(saved);

    ssize_t length = pread(file, ret_line, LINE_ROOM - 1, 0);

    REQUIRE(length > 0);
    ret_line[length] = '\0';
    return (size_t)length;
}

static void require_one_line(char *line, size_t length)
{
    REQUIRE(strlen(line) == length && length <= 4096);
    REQUIRE(line[length - 1] == '\n');
    line[length - 1] = '\0';
    fuzz_require_line(line);
    /* C1 controls, line separators and marks that turn the direction of reading. */
    for (const char *at = line; (at = strstr(at, "\xC2")) != NULL; at++) {
        REQUIRE((unsigned char)at[1] >= 0xA0);
    }
    REQUIRE(strstr(line, "\xE2\x80\xA8") == NULL && strstr(line, "\xE2\x80\xAE") == NULL);
}

/* Valid UTF-8 that is not cut comes out of JSON as it went in. */
static void require_json(const char *line, const char *value)
{
    json_auto_t *json = json_loads(line, 0, NULL);
    const char *first = json_string_value(json_object_get(json, "first"));

    REQUIRE(json_is_object(json) && first != NULL);
    REQUIRE(json_integer_value(json_object_get(json, "number")) == -12);
    if (strlen(value) > 100) {
        return;
    }
    for (size_t left = strlen(value), at = 0; left > 0;) {
        size_t length = utf8_length(value + at, left);

        if (length == 0) {
            return;
        }
        at += length;
        left -= length;
    }
    REQUIRE(strcmp(first, value) == 0);
}

/* Reads key=value or key="quoted value"; returns what follows, or NULL when it is none. */
static const char *pass_field(const char *at)
{
    size_t key = strspn(at, "abcdefghijklmnopqrstuvwxyz_");

    if (key == 0 || at[key] != '=') {
        return NULL;
    }
    at += key + 1;
    if (*at != '"') {
        return at + strcspn(at, " \"=");
    }
    for (at++; *at != '"'; at += *at == '\\' ? 2 : 1) {
        if (*at == '\0' || (at[0] == '\\' && at[1] == '\0')) {
            return NULL;
        }
    }
    return at + 1;
}

static void require_logfmt(const char *line)
{
    int count = 0;

    for (const char *at = line; *at != '\0'; count++) {
        at = pass_field(at);
        REQUIRE(at != NULL && (*at == ' ' || *at == '\0'));
        at += *at == ' ' ? 1 : 0;
    }
    /* time, level, thread, event, three values, two numbers; "cut" for what did not fit */
    REQUIRE(count >= 6 && count <= 10);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    AUTO(free) char *first = fuzz_take_text(&input);
    AUTO(free) char *second = fuzz_take_text(&input);
    AUTO(free) char *third = fuzz_take_text(&input);
    char *const values[] = {first, second, third};
    char line[LINE_ROOM];
    size_t length = write_line(LOG_FORMAT_LOGFMT, values, line);

    require_one_line(line, length);
    require_logfmt(line);
    length = write_line(LOG_FORMAT_JSON, values, line);
    require_one_line(line, length);
    require_json(line, first);
    return 0;
}
