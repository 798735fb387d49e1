#include "scheduler/top_page.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "common/utf8.h"

#define DRAWN_LIMIT ((size_t)1 << 20)
#define COLUMNS     16

/* A page grows within its limit, or the process has no memory: nothing else can go wrong. */
static void put(struct buffer *text, const char *bytes, size_t length)
{
    if (!buffer_append(text, bytes, length)) {
        abort();
    }
}

static void put_text(struct buffer *text, const char *words)
{
    put(text, words, strlen(words));
}

static bool is_control(uint32_t code_point)
{
    return code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0) ||
           (code_point >= 0x200E && code_point <= 0x202E) ||
           (code_point >= 0x2066 && code_point <= 0x2069);
}

/* The length of the first character in bytes; one that must not reach a terminal is told. */
static size_t character(const char *text, bool *ret_is_plain)
{
    uint32_t code_point = 0;
    size_t length = utf8_decode(text, strnlen(text, UTF8_LONGEST), &code_point);

    *ret_is_plain = length > 0 && !is_control(code_point);
    return length > 0 ? length : 1;
}

static int width_of(const char *text)
{
    bool is_plain = true;
    int width = 0;

    for (; *text != '\0'; width++) {
        text += character(text, &is_plain);
    }
    return width;
}

/* The text with what is no plain character as ?, and blanks behind it up to the width. */
static void put_cell(struct buffer *page, const char *text, int width)
{
    int left = width - width_of(text);

    while (*text != '\0') {
        bool is_plain = true;
        size_t length = character(text, &is_plain);

        put(page, is_plain ? text : "?", is_plain ? length : 1);
        text += length;
    }
    for (; left > 0; left--) {
        put(page, " ", 1);
    }
}

static void put_row(struct buffer *page, const PGresult *rows, int row, const int *widths)
{
    for (int i = 0; i < PQnfields(rows) && i < COLUMNS; i++) {
        if (PQfname(rows, i)[0] != '_') {
            put_text(page, "  ");
            put_cell(page, row < 0 ? PQfname(rows, i) : PQgetvalue(rows, row, i), widths[i]);
        }
    }
    while (page->length > 0 && page->bytes[page->length - 1] == ' ') {
        page->length--;
    }
    put(page, "\n", 1);
}

void top_page_line(struct buffer *page, const char *text)
{
    put_cell(page, text, 0);
    put(page, "\n", 1);
}

void top_page_table(struct buffer *page, const char *title, const PGresult *rows)
{
    int widths[COLUMNS] = {0};

    for (int i = 0; i < PQnfields(rows) && i < COLUMNS; i++) {
        widths[i] = width_of(PQfname(rows, i));
        for (int row = 0; row < PQntuples(rows); row++) {
            int width = width_of(PQgetvalue(rows, row, i));

            widths[i] = width > widths[i] ? width : widths[i];
        }
    }
    top_page_line(page, title);
    if (PQntuples(rows) == 0) {
        put_text(page, "  none\n");
        return;
    }
    for (int row = -1; row < PQntuples(rows); row++) {
        put_row(page, rows, row, widths);
    }
}

/* A line of the page, of which `columns` fit. */
static void draw_line(struct buffer *drawn, const char *line, size_t length, int columns)
{
    const char *end = line + length;

    for (int i = 0; line < end && (columns == 0 || i < columns); i++) {
        bool is_plain = true;
        size_t bytes = character(line, &is_plain);

        put(drawn, line, bytes);
        line += bytes;
    }
}

char *top_page_draw(const struct buffer *page, struct top_size size, bool is_live)
{
    struct buffer drawn = BUFFER_INIT(DRAWN_LIMIT);
    const char *rest = page->length > 0 ? page->bytes : "";

    put_text(&drawn, is_live ? "\x1b[H" : "");
    for (int row = 0; *rest != '\0' && (size.rows == 0 || row < size.rows); row++) {
        size_t length = strcspn(rest, "\n");

        /* No line break behind the last line of a screen, which would move it up. */
        put_text(&drawn, row == 0 ? "" : is_live ? "\r\n" : "\n");
        draw_line(&drawn, rest, length, size.columns);
        put_text(&drawn, is_live ? "\x1b[K" : "");
        rest += length + (rest[length] == '\n');
    }
    put_text(&drawn, is_live ? "\x1b[J" : "\n");
    return buffer_steal(&drawn);
}
