/*
 * Pages: templates filled with a JSON object. A template is a file of panel/templates, compiled at
 * build time (compile.awk) into steps; the texts that people read are in panel/texts, a file for
 * each language. Pure; any thread.
 *
 *   {{name}}            the value, escaped for where it stands: text, an attribute, a URL
 *   {{#name}}...{{/name}}  for each item of an array, for an object, or once when it is true
 *   {{^name}}...{{/name}}  when it is not there, false, empty or 0
 *   {{>name}}           another template
 *   {{t.key}}           the text `key` in the reader's language; {count} in it is that value
 *   {{t.state_$state}}  the text whose key is "state_" and the value of state; without such a text,
 *                       the value
 *   {{.}}               the item itself          {{! a comment }}
 *
 * A name is looked for in the innermost item first, then in those around it; "a.b" is b in a. There
 * is no way to write a value without escaping it. In an href (or src, action) a value that stands
 * first is a whole address and becomes "#" unless it is https:, http: or begins with one slash or a
 * question mark; further on it is percent-encoded.
 */
#ifndef PANEL_TEMPLATE_TEMPLATE_H
#define PANEL_TEMPLATE_TEMPLATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/buffer.h"

enum template_op {
    TEMPLATE_STOP,
    TEMPLATE_TEXT,     /* text as it is */
    TEMPLATE_VALUE,    /* the value of the name `text` */
    TEMPLATE_URL,      /* an address */
    TEMPLATE_URL_PART, /* a part of one */
    TEMPLATE_EACH,
    TEMPLATE_UNLESS,
    TEMPLATE_END,      /* of the section that was opened last */
    TEMPLATE_PARTIAL,  /* templates[number] */
    TEMPLATE_WORDS,    /* template_words[number] */
    TEMPLATE_WORDS_OF, /* the words whose key is `text` and the value of `name` */
};

struct template_step {
    enum template_op op;
    const char *text;
    int number;
    const char *name;
};

struct template
{
    const char *name;
    const struct template_step *steps;
};

#define TEMPLATE_LANGUAGES 2

struct template_words {
    const char *key;
    const char *texts[TEMPLATE_LANGUAGES];
};

/* Generated; an entry without a name or key ends each. The words are sorted by key. */
extern const struct template templates[];
extern const char *const template_languages[];
extern const struct template_words template_words[];

/* The template of this name, or NULL. */
const struct template *template_find(const char *name);

/* The place of a language in template_languages, that of "nl" for one that is not there. */
int template_language(const char *name);

/* The text of a key, or NULL. */
const char *template_text(const char *key, int language);

/* Appends the template, filled: names are looked for in `answer` and then in `around` (both
 * objects, borrowed). False when the buffer is full or sections are nested too deep; then what was
 * appended is of no use. */
bool template_render(const struct template *template, int language, const json_t *around,
                     const json_t *answer, struct buffer *page) MUSTCHECK;

#endif
