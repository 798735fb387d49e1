/*
 * Labels as a PDF: small, valid, one page each, with the waybill in large letters.
 */
#include <stdlib.h>

#include "common/memory.h"
#include "tests/simulator/boekuwzending.h"
#include "tests/simulator/json_text.h"

#define FIXED_OBJECTS 3 /* catalogue, page tree, font; then two per page */

struct pdf {
    struct buffer *bytes;
    size_t *offsets; /* of the objects, for the table at the end */
    size_t count;
};

static void pdf_object(struct pdf *pdf)
{
    pdf->offsets[pdf->count++] = pdf->bytes->length;
    put(pdf->bytes, "%zu 0 obj\n", pdf->count);
}

static void pdf_page(struct pdf *pdf, const char *waybill)
{
    AUTO(buffer) struct buffer content = TEXT_INIT;

    put(&content, "BT /F1 20 Tf 20 350 Td (%s) Tj ET", waybill);
    pdf_object(pdf);
    put(pdf->bytes,
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 298 420] /Resources << /Font << /F1 3 0 R >> "
        ">> /Contents %zu 0 R >>\nendobj\n",
        pdf->count + 1);
    pdf_object(pdf);
    put(pdf->bytes, "<< /Length %zu >>\nstream\n%s\nendstream\nendobj\n", content.length,
        content.bytes);
}

static void pdf_end(const struct pdf *pdf)
{
    size_t start = pdf->bytes->length;

    put(pdf->bytes, "xref\n0 %zu\n0000000000 65535 f \n", pdf->count + 1);
    for (size_t i = 0; i < pdf->count; i++) {
        put(pdf->bytes, "%010zu 00000 n \n", pdf->offsets[i]);
    }
    put(pdf->bytes, "trailer\n<< /Size %zu /Root 1 0 R >>\nstartxref\n%zu\n%%%%EOF\n",
        pdf->count + 1, start);
}

void put_label_pdf(struct buffer *bytes, const struct shipment **shipments, size_t count)
{
    size_t pages = 0;

    for (size_t i = 0; i < count; i++) {
        pages += shipments[i]->label_count;
    }
    AUTO(free) size_t *offsets = xcalloc(FIXED_OBJECTS + 2 * pages, sizeof(*offsets));
    struct pdf pdf = {.bytes = bytes, .offsets = offsets};

    put_text(bytes, "%PDF-1.4\n");
    pdf_object(&pdf);
    put_text(bytes, "<< /Type /Catalog /Pages 2 0 R >>\nendobj\n");
    pdf_object(&pdf);
    put_text(bytes, "<< /Type /Pages /Kids [");
    for (size_t i = 0; i < pages; i++) {
        put(bytes, "%zu 0 R ", FIXED_OBJECTS + 1 + 2 * i);
    }
    put(bytes, "] /Count %zu >>\nendobj\n", pages);
    pdf_object(&pdf);
    put_text(bytes, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>\nendobj\n");
    for (size_t i = 0; i < count; i++) {
        for (size_t label = 0; label < shipments[i]->label_count; label++) {
            pdf_page(&pdf, shipments[i]->label[label].waybill);
        }
    }
    pdf_end(&pdf);
}
