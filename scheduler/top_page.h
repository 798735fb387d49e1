/*
 * A page of text for `top`: results as tables, cut to the size of a terminal. What comes from the
 * database cannot drive the terminal. One thread.
 */
#ifndef SCHEDULER_TOP_PAGE_H
#define SCHEDULER_TOP_PAGE_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "common/buffer.h"

/* The size of a terminal; 0: not limited. */
struct top_size {
    int columns;
    int rows;
};

/* Appends a title and the rows under the names of their columns; columns whose names begin with _
 * are left out. */
void top_page_table(struct buffer *page, const char *title, const PGresult *rows);

/* Appends a line. */
void top_page_line(struct buffer *page, const char *text);

/* The page as it goes to the terminal, or plain when `is_live` is false; to be freed. */
char *top_page_draw(const struct buffer *page, struct top_size size, bool is_live) MUSTCHECK;

#endif
