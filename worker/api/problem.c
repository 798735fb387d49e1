#include "worker/api/problem.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/ascii.h"
#include "common/buffer.h"
#include "common/utf8.h"
#include "worker/api/text/lenient.h"
#include "worker/api/text/text.h"

/* A larger body is not a problem report and is not parsed for one. */
#define PROBLEM_BODY 65536

/* Characters that are kept: of a title, of a detail, of what is said about a field. */
#define TITLE_LENGTH   80
#define DETAIL_LENGTH  120
#define MESSAGE_LENGTH 100

/* Longest path to a field, most fields that are named, and room for what is said about them. */
#define PATH_LENGTH  60
#define FIELDS_COUNT 3
#define FIELDS_BYTES 1500

/* Longest pointer to a field, and how one to a field of ours begins. */
#define POINTER_LENGTH 100
#define ATTRIBUTES     "/data/attributes"

static const struct {
    const char *open;
    const char *close;
} quotation_marks[] = {
    {"\"", "\""},
    {"'", "'"},
    {"`", "`"},
    {"\xE2\x80\x9C", "\xE2\x80\x9D"}, /* double, curved upwards */
    {"\xE2\x80\x9E", "\xE2\x80\x9D"}, /* double, the opening one low */
    {"\xE2\x80\x98", "\xE2\x80\x99"}, /* single, curved */
    {"\xC2\xAB", "\xC2\xBB"},         /* angular */
};

static bool is_word_byte(char c)
{
    return ascii_is_alphanumeric(c) || (unsigned char)c >= 0x80;
}

static char *find_opening(char *text, const char *mark)
{
    char *at = strstr(text, mark);

    while (at != NULL && mark[0] == '\'' && at > text && is_word_byte(at[-1])) {
        at = strstr(at + 1, mark);
    }
    return at;
}

/* Just behind the last closing mark, or the end of the text. */
static char *find_end(char *text, const char *mark)
{
    size_t length = strlen(mark);
    char *end = NULL;

    for (char *at = strstr(text, mark); at != NULL; at = strstr(at + length, mark)) {
        if (mark[0] != '\'' || !is_word_byte(at[1])) {
            end = at + length;
        }
    }
    return end != NULL ? end : text + strlen(text);
}

void problem_drop_quoted(char *text)
{
    for (size_t i = 0; i < ARRAY_LENGTH(quotation_marks); i++) {
        char *open = find_opening(text, quotation_marks[i].open);

        if (open != NULL) {
            char *end = find_end(open + strlen(quotation_marks[i].open), quotation_marks[i].close);
            size_t dots = end - open < 3 ? (size_t)(end - open) : 3;

            memset(open, '.', dots);
            memmove(open + dots, end, strlen(end) + 1);
        }
    }
}

/* The first of these members that has text, without what may be personal; NULL when none has. */
static char *words_of(json_t *report, const char *const *keys, size_t most)
{
    char *words = NULL;

    for (; *keys != NULL && words == NULL; keys++) {
        words = lenient_text(report, *keys, most);
    }
    if (words != NULL) {
        problem_drop_quoted(words);
        text_scrub(words);
    }
    return words;
}

/* Whether it names a field, such as "items[0].weight": digits only between brackets. */
static bool is_path(const char *text)
{
    bool in_brackets = false;

    for (const char *at = text; *at != '\0'; at++) {
        bool is_punctuation = strchr("[]._", *at) != NULL;

        if (ascii_is_digit(*at) ? !in_brackets : !is_punctuation && !is_word_byte(*at)) {
            return false;
        }
        if ((unsigned char)*at >= 0x80) {
            return false;
        }
        in_brackets = *at == '[' || (in_brackets && *at != ']');
    }
    return text[0] != '\0';
}

/* Adds "items[0].weight: must be positive". What does not fit is left out. */
static void add_violation(struct buffer *words, json_t *violation)
{
    static const char *const message_keys[] = {"message", "title", NULL};
    AUTO(free) char *path = lenient_text(violation, "propertyPath", PATH_LENGTH);
    AUTO(free) char *message = words_of(violation, message_keys, MESSAGE_LENGTH);

    if (message != NULL) {
        bool named = path != NULL && is_path(path);

        (void)!buffer_printf(words, "%s%s%s%s", words->length > 0 ? "; " : "", named ? path : "",
                             named ? ": " : "", message);
    }
}

static const char *const title_keys[] = {"title", "hydra:title", "error", "message", NULL};
static const char *const detail_keys[] = {
    "detail", "hydra:description", "description", "error_description", "message", NULL};

/* "items[0].weight" of a pointer to a field, "/data/attributes/items/0/weight"; "" when it names
 * none. To be freed. */
static char *path_of_pointer(json_t *error)
{
    AUTO(free)
    char *pointer = lenient_text(lenient_object(error, "source"), "pointer", POINTER_LENGTH);
    const char *at = pointer != NULL ? pointer : "";
    struct buffer path = BUFFER_INIT(2 * POINTER_LENGTH);

    at += strncmp(at, ATTRIBUTES, strlen(ATTRIBUTES)) == 0 ? strlen(ATTRIBUTES) : 0;
    while (*at == '/') {
        size_t length = strcspn(++at, "/");
        bool is_place = length > 0 && strspn(at, "0123456789") == length;

        (void)!buffer_printf(&path, "%s%.*s%s",
                             is_place          ? "["
                             : path.length > 0 ? "."
                                               : "",
                             (int)length, at, is_place ? "]" : "");
        at += length;
    }

    char *text = buffer_steal(&path);

    if (!is_path(text)) {
        text[0] = '\0';
    }
    return text;
}

/* Adds "items[0].weight: Invalid value: must be positive" of an error of JSON:API. An error may
 * also be a text alone. */
static void add_error(struct buffer *words, json_t *error)
{
    json_auto_t *report =
        json_is_string(error) ? json_pack("{s:O}", "title", error) : json_incref(error);
    AUTO(free) char *title = words_of(report, title_keys, TITLE_LENGTH);
    AUTO(free) char *detail = words_of(report, detail_keys, MESSAGE_LENGTH);
    AUTO(free) char *path = path_of_pointer(report);
    bool both = title != NULL && detail != NULL && strcmp(title, detail) != 0;

    if (title == NULL && detail == NULL) {
        return;
    }
    (void)!buffer_printf(words, "%s%s%s%s%s%s", words->length > 0 ? "; " : "", path,
                         path[0] != '\0' ? ": " : "", title != NULL ? title : detail,
                         both ? ": " : "", both ? detail : "");
}

/* What is wrong with the request, by fields or errors, or ""; to be freed. */
static char *read_violations(json_t *report)
{
    static const struct {
        const char *key;
        void (*add)(struct buffer *words, json_t *element);
    } lists[] = {{"violations", add_violation}, {"errors", add_error}};
    struct buffer words = BUFFER_INIT(FIELDS_BYTES);

    for (size_t i = 0; i < ARRAY_LENGTH(lists) && words.length == 0; i++) {
        json_auto_t *list = lenient_list(report, lists[i].key);

        for (size_t at = 0; at < json_array_size(list) && at < FIELDS_COUNT; at++) {
            lists[i].add(&words, json_array_get(list, at));
        }
    }
    return buffer_steal(&words);
}

void problem_read(const char *body, size_t length, char ret_words[PROBLEM_WORDS])
{
    json_auto_t *report = length <= PROBLEM_BODY ? lenient_parse(body, length, NULL, NULL) : NULL;
    AUTO(free) char *title = words_of(report, title_keys, TITLE_LENGTH);
    AUTO(free) char *fields = read_violations(report);
    AUTO(free)
    char *detail = fields[0] != '\0' ? NULL : words_of(report, detail_keys, DETAIL_LENGTH);
    const char *more = detail != NULL ? detail : fields;

    if (title != NULL && strcmp(title, more) == 0) {
        more = "";
    }
    snprintf(ret_words, PROBLEM_WORDS, "%s%s%s", title != NULL ? title : "",
             title != NULL && more[0] != '\0' ? ": " : "", more);
    utf8_cut(ret_words, PROBLEM_WORDS);
}

static bool is_status(json_t *report, const char *key, int status)
{
    int32_t value = 0;

    return lenient_integer(report, key, &value) && value == status;
}

bool problem_is_report(const char *body, size_t length, int status)
{
    json_auto_t *report = length <= PROBLEM_BODY ? lenient_parse(body, length, NULL, NULL) : NULL;
    AUTO(free) char *title = words_of(report, title_keys, TITLE_LENGTH);
    AUTO(free) char *detail = words_of(report, detail_keys, DETAIL_LENGTH);
    AUTO(free) char *fields = read_violations(report);

    return json_is_object(report) &&
           (title != NULL || detail != NULL || fields[0] != '\0' ||
            is_status(report, "status", status) || is_status(report, "code", status));
}
