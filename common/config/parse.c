/* Checks and reads the values of settings: numbers, words, names of files, lists. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/config/setting.h"
#include "common/host_port.h"
#include "common/memory.h"

/* Tokens and keys are some tens of bytes, a database URL some hundreds. */
#define FILE_LIMIT       16384
#define TOKEN_LIMIT      4096
#define SHARED_KEY_LEAST 32

/* Digits only: strtol() would also take blanks, signs and an empty text. */
static bool read_number(const struct config_setting *setting, const char *text, long *ret_number,
                        struct error *err)
{
    size_t length = strspn(text, "0123456789");
    long number = 0;

    for (size_t i = 0; i < length && number <= setting->most; i++) {
        number = number * 10 + (text[i] - '0');
    }
    if (length == 0 || text[length] != '\0' || number < setting->least || number > setting->most) {
        return error_set(err, ERROR_CONFIG, "not a whole number from %ld to %ld", setting->least,
                         setting->most);
    }
    *ret_number = number;
    return true;
}

bool config_parse_number(const struct config_setting *setting, const char *text, void *ret_field,
                         struct error *err)
{
    long number = 0;

    if (!read_number(setting, text, &number, err)) {
        return false;
    }
    *(int *)ret_field = (int)number;
    return true;
}

bool config_parse_seconds(const struct config_setting *setting, const char *text, void *ret_field,
                          struct error *err)
{
    long seconds = 0;

    if (!read_number(setting, text, &seconds, err)) {
        return false;
    }
    *(int64_t *)ret_field = (int64_t)seconds * 1000000;
    return true;
}

bool config_parse_choice(const struct config_setting *setting, const char *text, void *ret_field,
                         struct error *err)
{
    for (unsigned i = 0; setting->choices[i] != NULL; i++) {
        if (strcmp(text, setting->choices[i]) == 0) {
            *(unsigned *)ret_field = i; /* our enums start at 0 and have no negative value */
            return true;
        }
    }
    error_set(err, ERROR_CONFIG, "not one of %s", setting->choices[0]);
    for (size_t i = 1; err != NULL && setting->choices[i] != NULL; i++) {
        error_set(err, ERROR_CONFIG, "%s, %s", err->text, setting->choices[i]);
    }
    return false;
}

bool config_parse_switch(const struct config_setting *setting, const char *text, void *ret_field,
                         struct error *err)
{
    (void)setting;
    if ((text[0] != '0' && text[0] != '1') || text[1] != '\0') {
        return error_set(err, ERROR_CONFIG, "neither 0 nor 1");
    }
    *(bool *)ret_field = text[0] == '1';
    return true;
}

bool config_parse_token(const struct config_setting *setting, const char *text, void *ret_field,
                        struct error *err)
{
    (void)setting;
    if (strlen(text) > TOKEN_LIMIT) {
        return error_set(err, ERROR_CONFIG, "longer than %d bytes", TOKEN_LIMIT);
    }
    for (const char *c = text; *c != '\0'; c++) {
        if (*c <= ' ' || *c >= 0x7F) {
            return error_set(err, ERROR_CONFIG,
                             "it holds a blank, a control character or a non-ASCII character");
        }
    }
    *(char **)ret_field = xstrdup(text);
    return true;
}

bool config_parse_shared_key(const struct config_setting *setting, const char *text,
                             void *ret_field, struct error *err)
{
    /* What is shorter can be guessed, since whoever tries needs nobody's leave. */
    if (strlen(text) < SHARED_KEY_LEAST) {
        return error_set(err, ERROR_CONFIG, "shorter than %d characters", SHARED_KEY_LEAST);
    }
    return config_parse_token(setting, text, ret_field, err);
}

bool config_parse_kinds(const struct config_setting *setting, const char *text, void *ret_field,
                        struct error *err)
{
    /* Only blanks are dropped, so the result is never longer. */
    AUTO(free) char *kinds = xcalloc(strlen(text) + 1, 1);
    char *end = kinds;

    (void)setting;
    for (;;) {
        text += strspn(text, " \t");

        size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz_");
        const char *after = text + length + strspn(text + length, " \t");

        if (length == 0 || (*after != ',' && *after != '\0')) {
            return error_set(err, ERROR_CONFIG,
                             "not a list of job kinds such as 'poll,mark_shipped'");
        }
        end = (char *)mempcpy(end, text, length);
        if (*after == '\0') {
            break;
        }
        *end++ = ',';
        text = after + 1;
    }
    *(char **)ret_field = steal_ptr(&kinds);

    return true;
}

bool config_parse_file(const struct config_setting *setting, const char *text, void *ret_field,
                       struct error *err)
{
    struct stat status;

    (void)setting;
    if (stat(text, &status) != 0 || access(text, R_OK) != 0) {
        return error_set(err, ERROR_CONFIG, "%s", error_reason(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        return error_set(err, ERROR_CONFIG, "not a file");
    }
    *(char **)ret_field = xstrdup(text);
    return true;
}

bool config_parse_address(const struct config_setting *setting, const char *text, void *ret_field,
                          struct error *err)
{
    struct host_port ignored;

    (void)setting;
    if (!host_port_split(text, &ignored, err)) {
        return false;
    }
    *(char **)ret_field = xstrdup(text);
    return true;
}

bool config_parse_addresses(const struct config_setting *setting, const char *text, void *ret_field,
                            struct error *err)
{
    AUTO(free) char *list = xstrdup(text);
    char *rest = list;

    (void)setting;
    for (const char *each = strsep(&rest, ","); each != NULL; each = strsep(&rest, ",")) {
        struct in6_addr ignored;

        if (inet_pton(AF_INET, each, &ignored) != 1 && inet_pton(AF_INET6, each, &ignored) != 1) {
            return error_set(err, ERROR_CONFIG,
                             "not a list of numeric addresses such as '127.0.0.1,::1'");
        }
    }
    *(char **)ret_field = xstrdup(text);
    return true;
}

/* Reads until the end or until the room is used up; negative with errno on failure. */
static ssize_t read_all(int file, char *bytes, size_t room)
{
    size_t length = 0;

    while (length < room) {
        ssize_t got = read(file, bytes + length, room - length);

        if (got < 0 && errno != EINTR) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        length += got > 0 ? (size_t)got : 0;
    }
    return (ssize_t)length;
}

bool config_read_file(const char *path, char **ret_text, struct error *err)
{
    /* One block from the start, since growing would leave copies of the secret behind. */
    AUTO(free) char *bytes = xcalloc(FILE_LIMIT + 1, 1);
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t got = file >= 0 ? read_all(file, bytes, FILE_LIMIT + 1) : -1;
    int reason = errno;

    if (file >= 0) {
        close(file);
    }
    if (got < 0) {
        return error_set(err, ERROR_CONFIG, "%s", error_reason(reason));
    }

    size_t length = (size_t)got;

    if (length > 0 && bytes[length - 1] == '\n') {
        length -= length > 1 && bytes[length - 2] == '\r' ? 2 : 1;
    }
    if (length == 0) {
        error_set(err, ERROR_CONFIG, "the file is empty");
    } else if (got > FILE_LIMIT) {
        error_set(err, ERROR_CONFIG, "the file is larger than %d bytes", FILE_LIMIT);
    } else if (memchr(bytes, '\0', length) != NULL) {
        error_set(err, ERROR_CONFIG, "the file holds a zero byte");
    } else {
        *ret_text = xstrndup(bytes, length);
        explicit_bzero(bytes, FILE_LIMIT + 1);
        return true;
    }
    explicit_bzero(bytes, FILE_LIMIT + 1);
    return false;
}
