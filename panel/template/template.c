#include "panel/template/template.h"

#include <stdio.h>
#include <string.h>

#include "common/ascii.h"
#include "panel/template/escape.h"

/* Items within items; partials count too. */
#define DEPTH_LIMIT 16
#define KEY_SIZE    96

struct rendering {
    const json_t *stack[DEPTH_LIMIT];
    int depth;
    int partials;
    int language;
    struct buffer *page;
};

const struct template *template_find(const char *name)
{
    for (const struct template *each = templates; each->name != NULL; each++) {
        if (strcmp(each->name, name) == 0) {
            return each;
        }
    }
    return NULL;
}

int template_language(const char *name)
{
    int standard = 0;

    for (int i = 0; template_languages[i] != NULL; i++) {
        if (name != NULL && strcmp(template_languages[i], name) == 0) {
            return i;
        }
        if (strcmp(template_languages[i], "nl") == 0) {
            standard = i;
        }
    }
    return standard;
}

static size_t count_words(void)
{
    size_t count = 0;

    while (template_words[count].key != NULL) {
        count++;
    }
    return count;
}

const char *template_text(const char *key, int language)
{
    size_t low = 0;
    size_t high = count_words();

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(key, template_words[middle].key);

        if (order == 0) {
            return template_words[middle].texts[language];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

/* What "a.b" leads to from one item, or NULL. */
static const json_t *walk(const json_t *item, const char *name)
{
    while (item != NULL) {
        size_t length = strcspn(name, ".");
        char key[KEY_SIZE];

        if (length >= sizeof(key)) {
            return NULL;
        }
        memcpy(key, name, length);
        key[length] = '\0';
        item = json_object_get(item, key);
        if (name[length] == '\0') {
            return item;
        }
        name += length + 1;
    }
    return NULL;
}

static const json_t *look_up(const struct rendering *rendering, const char *name)
{
    if (strcmp(name, ".") == 0) {
        return rendering->stack[rendering->depth - 1];
    }
    for (int i = rendering->depth - 1; i >= 0; i--) {
        const json_t *found = walk(rendering->stack[i], name);

        if (found != NULL) {
            return found;
        }
    }
    return NULL;
}

static bool is_true(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
    case JSON_TRUE:
        return true;
    case JSON_ARRAY:
        return json_array_size(value) > 0;
    case JSON_STRING:
        return json_string_length(value) > 0;
    case JSON_INTEGER:
        return json_integer_value(value) != 0;
    case JSON_REAL:
        return json_real_value(value) < 0 || json_real_value(value) > 0;
    case JSON_FALSE:
    case JSON_NULL:
        break;
    }
    return false;
}

/* A scalar as text; numbers are written into `room`. What is none, or not there, is empty. */
static const char *text_of(const json_t *value, char *room, size_t size)
{
    room[0] = '\0';
    if (json_is_string(value)) {
        return json_string_value(value);
    }
    if (json_is_integer(value)) {
        snprintf(room, size, "%lld", (long long)json_integer_value(value));
    } else if (json_is_real(value)) {
        snprintf(room, size, "%.15g", json_real_value(value));
    } else if (json_is_true(value)) {
        snprintf(room, size, "true");
    }
    return room;
}

static bool write_value(const struct rendering *rendering, const char *name, escape_way *way)
{
    char room[40];

    return way(text_of(look_up(rendering, name), room, sizeof(room)), rendering->page);
}

/* A text, and the values that it names in braces. */
static bool write_words(const struct rendering *rendering, const char *words)
{
    while (*words != '\0') {
        size_t length = strcspn(words, "{");
        size_t name_length = words[length] == '{' ? strcspn(words + length + 1, "}") : 0;
        char name[KEY_SIZE];

        if (!escape_bytes(words, length, rendering->page)) {
            return false;
        }
        words += length;
        if (*words == '\0') {
            break;
        }
        snprintf(name, sizeof(name), "%.*s", (int)name_length, words + 1);
        if (!write_value(rendering, name, escape_html)) {
            return false;
        }
        words += 1 + name_length;
        words += *words == '}' ? 1 : 0;
    }
    return true;
}

static bool write_words_of(const struct rendering *rendering, const struct template_step *step)
{
    char room[40];
    char key[KEY_SIZE];
    const char *value = text_of(look_up(rendering, step->name), room, sizeof(room));
    int length = snprintf(key, sizeof(key), "%s%s", step->text, value);
    const char *words = length < (int)sizeof(key) ? template_text(key, rendering->language) : NULL;

    return words != NULL ? write_words(rendering, words) : escape_html(value, rendering->page);
}

/* Behind the end of the section that begins at `step`. */
static const struct template_step *after(const struct template_step *step)
{
    for (int depth = 0;; step++) {
        if (step->op == TEMPLATE_EACH || step->op == TEMPLATE_UNLESS) {
            depth++;
        } else if (step->op == TEMPLATE_END && --depth == 0) {
            return step + 1;
        }
    }
}

static bool render(struct rendering *rendering, const struct template_step *step);

/* The steps of a section, with `item` the innermost. */
static bool render_item(struct rendering *rendering, const struct template_step *first,
                        const json_t *item)
{
    if (rendering->depth == DEPTH_LIMIT) {
        return false;
    }
    rendering->stack[rendering->depth++] = item;
    bool done = render(rendering, first);

    rendering->depth--;
    return done;
}

static bool render_section(struct rendering *rendering, const struct template_step *step)
{
    const json_t *value = look_up(rendering, step->text);
    bool is_there = value != NULL && is_true(value);

    if (step->op == TEMPLATE_UNLESS) {
        return is_there || render(rendering, step + 1);
    }
    if (!is_there) {
        return true;
    }
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            if (!render_item(rendering, step + 1, json_array_get(value, i))) {
                return false;
            }
        }
        return true;
    }
    return json_is_object(value) ? render_item(rendering, step + 1, value)
                                 : render(rendering, step + 1);
}

static bool render_partial(struct rendering *rendering, const struct template_step *step)
{
    if (rendering->partials == DEPTH_LIMIT) {
        return false;
    }
    rendering->partials++;
    bool done = render(rendering, templates[step->number].steps);

    rendering->partials--;
    return done;
}

static bool render_step(struct rendering *rendering, const struct template_step *step)
{
    switch (step->op) {
    case TEMPLATE_TEXT:
        return buffer_append_text(rendering->page, step->text);
    case TEMPLATE_VALUE:
        return write_value(rendering, step->text, escape_html);
    case TEMPLATE_URL:
        return write_value(rendering, step->text, escape_url);
    case TEMPLATE_URL_PART:
        return write_value(rendering, step->text, escape_url_part);
    case TEMPLATE_EACH:
    case TEMPLATE_UNLESS:
        return render_section(rendering, step);
    case TEMPLATE_PARTIAL:
        return render_partial(rendering, step);
    case TEMPLATE_WORDS:
        return write_words(rendering, template_words[step->number].texts[rendering->language]);
    case TEMPLATE_WORDS_OF:
        return write_words_of(rendering, step);
    case TEMPLATE_END:
    case TEMPLATE_STOP:
        break;
    }
    return true;
}

/* Until the end of the section or of the template. */
static bool render(struct rendering *rendering, const struct template_step *step)
{
    while (step->op != TEMPLATE_STOP && step->op != TEMPLATE_END) {
        if (!render_step(rendering, step)) {
            return false;
        }
        step = step->op == TEMPLATE_EACH || step->op == TEMPLATE_UNLESS ? after(step) : step + 1;
    }
    return true;
}

bool template_render(const struct template *template, int language, const json_t *around,
                     const json_t *answer, struct buffer *page)
{
    struct rendering rendering = {
        .stack = {around, answer}, .depth = 2, .language = language, .page = page};

    return render(&rendering, template->steps);
}
