/*
 * Labels on paper: PDFs of one label each become one PDF, a page for each label or four on a sheet
 * of A4. That is the work of another program, koppeling-sheet, which stands beside this one: it
 * reads what a service sent, so it may crash or hang without harm, and it is given little.
 *
 * What goes in: a line "a6 1" or "a4 3" (the layout, and where the first label stands), then for
 * each PDF its length (four bytes, the highest first) and its bytes. What comes out is the PDF.
 * Any thread; at most two at a time.
 */
#ifndef PANEL_PRINT_LABELS_H
#define PANEL_PRINT_LABELS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buffer.h"
#include "common/error.h"

#define LABELS_INPUT_LIMIT  ((size_t)64 << 20)
#define LABELS_OUTPUT_LIMIT ((size_t)64 << 20)

/* Begins what goes in. `position`, 1 to 4, counts for A4 only. */
bool labels_begin(struct buffer *input, bool on_a4, int position) MUSTCHECK;

/* Adds a PDF. False when there are too many. */
bool labels_add(struct buffer *input, const void *pdf, size_t length) MUSTCHECK;

/* Makes the PDF. ERROR_DATA when one of them cannot be read, ERROR_UNAVAILABLE when others are at
 * it, ERROR_SYSTEM when the program cannot be run. */
bool labels_compose(const struct buffer *input, struct buffer *ret_pdf,
                    struct error *err) MUSTCHECK;

#endif
