/*
 * koppeling-sheet: puts labels on paper. The panel runs it; see panel/print/labels.h for what it
 * reads. It opens no file and no connection, and gives up its rights to most of the machine before
 * it looks at what a service sent.
 */
#include <cairo-pdf.h>
#include <poppler.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/cleanup.h"

/* Points, 72 to the inch. */
#define A4_WIDTH  595.276
#define A4_HEIGHT 841.890

#define INPUT_LIMIT   ((size_t)64 << 20)
#define MEMORY_LIMIT  ((rlim_t)1 << 30)
#define SECONDS_LIMIT ((rlim_t)20)
#define PAGES_LIMIT   2000

struct sheet {
    cairo_surface_t *surface;
    cairo_t *cairo;
    bool on_a4;
    int place; /* on this sheet of A4, from 0 */
    int pages;
    bool is_begun; /* something stands on the page that is open */
};

static cairo_status_t write_bytes(void *context, const unsigned char *bytes, unsigned length)
{
    (void)context;
    return fwrite(bytes, 1, length, stdout) == length ? CAIRO_STATUS_SUCCESS
                                                      : CAIRO_STATUS_WRITE_ERROR;
}

/* Draws a page of a label into a box, as large as it fits, in its middle. A label that lies on its
 * side in a box that stands is turned. */
static void draw(cairo_t *cairo, PopplerPage *page, cairo_rectangle_t box)
{
    double width = 0;
    double height = 0;

    poppler_page_get_size(page, &width, &height);

    bool is_turned = (width > height) != (box.width > box.height);
    double across = is_turned ? height : width;
    double down = is_turned ? width : height;
    double scale = box.width / across < box.height / down ? box.width / across : box.height / down;

    cairo_save(cairo);
    cairo_translate(cairo, box.x + (box.width - across * scale) / 2,
                    box.y + (box.height - down * scale) / 2);
    cairo_scale(cairo, scale, scale);
    if (is_turned) {
        cairo_translate(cairo, across, 0);
        cairo_rotate(cairo, 1.5707963267948966);
    }
    poppler_page_render_for_printing(page, cairo);
    cairo_restore(cairo);
}

static void end_page(struct sheet *sheet)
{
    cairo_show_page(sheet->cairo);
    sheet->is_begun = false;
    sheet->place = 0;
}

static void add_page(struct sheet *sheet, PopplerPage *page)
{
    if (sheet->on_a4) {
        const cairo_rectangle_t box = {sheet->place % 2 * A4_WIDTH / 2,
                                       sheet->place / 2 * A4_HEIGHT / 2, A4_WIDTH / 2,
                                       A4_HEIGHT / 2};

        draw(sheet->cairo, page, box);
        sheet->is_begun = true;
        if (++sheet->place == 4) {
            end_page(sheet);
        }
        return;
    }

    cairo_rectangle_t whole = {0, 0, 0, 0};

    poppler_page_get_size(page, &whole.width, &whole.height);
    cairo_pdf_surface_set_size(sheet->surface, whole.width, whole.height);
    draw(sheet->cairo, page, whole);
    end_page(sheet);
}

/* Adds all pages of a PDF; false when it is none. */
static bool add_document(struct sheet *sheet, const unsigned char *bytes, size_t length)
{
    GError *error = NULL;
    GBytes *pdf = g_bytes_new_static(bytes, length);
    PopplerDocument *document = poppler_document_new_from_bytes(pdf, NULL, &error);
    int count = document != NULL ? poppler_document_get_n_pages(document) : 0;
    bool done = count > 0 && sheet->pages + count <= PAGES_LIMIT;

    for (int i = 0; done && i < count; i++) {
        PopplerPage *page = poppler_document_get_page(document, i);
        double width = 0;
        double height = 0;

        done = page != NULL;
        if (done) {
            poppler_page_get_size(page, &width, &height);
            done = width >= 10 && height >= 10 && width <= 10000 && height <= 10000;
        }
        if (done) {
            add_page(sheet, page);
            sheet->pages++;
        }
        g_clear_object(&page);
    }
    g_clear_object(&document);
    g_bytes_unref(pdf);
    g_clear_error(&error);
    return done;
}

/* All of standard input; NULL when it is too much. */
static unsigned char *read_input(size_t *ret_length)
{
    size_t room = 1 << 20;
    size_t length = 0;
    unsigned char *bytes = malloc(room);

    while (bytes != NULL) {
        size_t got = fread(bytes + length, 1, room - length, stdin);

        length += got;
        if (got == 0) {
            *ret_length = length;
            return bytes;
        }
        if (length == room) {
            unsigned char *more = room <= INPUT_LIMIT ? realloc(bytes, room * 2) : NULL;

            if (more == NULL) {
                break;
            }
            bytes = more;
            room *= 2;
        }
    }
    free(bytes);
    return NULL;
}

/* The PDFs, one after the other, each behind its length. */
static bool add_all(struct sheet *sheet, const unsigned char *bytes, size_t length)
{
    while (length >= 4) {
        size_t size = (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 |
                      (size_t)bytes[3];

        bytes += 4;
        length -= 4;
        if (size > length || !add_document(sheet, bytes, size)) {
            return false;
        }
        bytes += size;
        length -= size;
    }
    return length == 0 && sheet->pages > 0;
}

#ifdef SANITIZED
/* Looking for leaks means to trace oneself, and that right is given up; what the libraries keep
 * ends with the process anyway. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return 1;
}
#endif

/* A sanitizer's own memory is larger than any such limit. */
static void limit_memory(void)
{
#ifndef SANITIZED
    const struct rlimit memory = {MEMORY_LIMIT, MEMORY_LIMIT};

    (void)setrlimit(RLIMIT_AS, &memory);
#endif
}

/* Less memory and time than would hurt, no file that could be written, no child. */
static void give_up_rights(void)
{
    const struct rlimit seconds = {SECONDS_LIMIT, SECONDS_LIMIT};
    const struct rlimit nothing = {0, 0};

    limit_memory();
    (void)setrlimit(RLIMIT_CPU, &seconds);
    (void)setrlimit(RLIMIT_CORE, &nothing);
    (void)setrlimit(RLIMIT_FSIZE, &nothing);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* "a4 3\n": whether it is A4, and the place of the first label; returns the length of the line, or
 * 0 when it is none. */
static size_t read_layout(const unsigned char *bytes, size_t length, struct sheet *sheet)
{
    if (length < 5 || bytes[0] != 'a' || (bytes[1] != '4' && bytes[1] != '6') || bytes[2] != ' ' ||
        bytes[3] < '1' || bytes[3] > '4' || bytes[4] != '\n') {
        return 0;
    }
    sheet->on_a4 = bytes[1] == '4';
    sheet->place = sheet->on_a4 ? bytes[3] - '1' : 0;
    return 5;
}

int main(void)
{
    struct sheet sheet = {.place = 0};
    size_t length = 0;

    give_up_rights();

    unsigned char *bytes = read_input(&length);
    size_t line = bytes != NULL ? read_layout(bytes, length, &sheet) : 0;

    if (line == 0) {
        fputs("koppeling-sheet: the panel runs this program; it takes no arguments\n", stderr);
        free(bytes);
        return EX_USAGE;
    }
    sheet.surface = cairo_pdf_surface_create_for_stream(write_bytes, NULL, A4_WIDTH, A4_HEIGHT);
    sheet.cairo = cairo_create(sheet.surface);

    bool done = add_all(&sheet, bytes + line, length - line);

    if (sheet.is_begun) {
        end_page(&sheet);
    }
    cairo_destroy(sheet.cairo);
    cairo_surface_finish(sheet.surface);
    done =
        done && cairo_surface_status(sheet.surface) == CAIRO_STATUS_SUCCESS && fflush(stdout) == 0;
    cairo_surface_destroy(sheet.surface);
    free(bytes);
    return done ? EXIT_SUCCESS : EX_DATAERR;
}
