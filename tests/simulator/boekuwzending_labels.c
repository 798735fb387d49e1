/*
 * The Boekuwzending API: reading shipments, labels and their tracking.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/simulator/array.h"
#include "tests/simulator/boekuwzending.h"
#include "tests/simulator/calendar.h"
#include "tests/simulator/json_text.h"

#define PDF_TYPE "application/pdf"

static const struct shipment *shipment_of_path(struct call *call)
{
    const struct shipment *shipment =
        booking_find_shipment(call->booking, call->account, call->parameters[0]);

    if (shipment == NULL) {
        call_problem(call, 404, "Not Found");
    }
    return shipment;
}

void boekuwzending_get_shipment(struct call *call)
{
    const struct shipment *shipment = shipment_of_path(call);

    if (shipment != NULL) {
        put_shipment(&call->answer.body, shipment);
    }
}

void boekuwzending_list_labels(struct call *call)
{
    const struct shipment *shipment = shipment_of_path(call);

    if (shipment != NULL) {
        answer_text(&call->answer, 200, shipment_has_labels(shipment) ? shipment->labels : "[]");
    }
}

void boekuwzending_download_labels(struct call *call)
{
    const struct shipment *shipment = shipment_of_path(call);

    if (shipment == NULL) {
        return;
    }
    if (!shipment_has_labels(shipment) || shipment->label_count == 0) {
        call_problem(call, 404, "This shipment has no labels");
        return;
    }
    call->answer.content_type = PDF_TYPE;
    put_label_pdf(&call->answer.body, &shipment, 1);
}

struct download {
    struct call *call;
    const struct shipment **shipments;
    size_t count, capacity;
};

static enum MHD_Result collect_shipment(void *context, enum MHD_ValueKind kind, const char *name,
                                        const char *value)
{
    struct download *download = context;

    (void)kind;
    if (value == NULL || strncmp(name, "shipments[", 10) != 0) {
        return MHD_YES;
    }
    const struct shipment *shipment =
        booking_find_shipment(download->call->booking, download->call->account, value);
    if (shipment == NULL || !shipment_has_labels(shipment)) {
        return MHD_YES;
    }
    download->shipments = array_grow(download->shipments, download->count, &download->capacity,
                                     sizeof(struct shipment *));
    download->shipments[download->count++] = shipment;
    return MHD_YES;
}

void boekuwzending_download_shipments(struct call *call)
{
    struct download download = {.call = call};

    MHD_get_connection_values(call->connection, MHD_GET_ARGUMENT_KIND, collect_shipment, &download);
    if (download.count == 0) {
        call_problem(call, 404, "These shipments have no labels");
        return;
    }
    call->answer.content_type = PDF_TYPE;
    put_label_pdf(&call->answer.body, download.shipments, download.count);
    free(download.shipments);
}

void boekuwzending_get_label(struct call *call)
{
    const struct label *label =
        booking_find_label(call->booking, call->account, call->parameters[0]);

    if (label == NULL) {
        call_problem(call, 404, "Not Found");
        return;
    }
    struct buffer *text = &call->answer.body;
    put(text, "{\"id\":\"%s\",\"waybill\":\"%s\",\"reference\":", label->id, label->waybill);
    put_string(text, label->shipment->reference[0] != '\0' ? label->shipment->reference : NULL);
    put_text(text, ",\"status\":");
    put_string(text, label_status(label));
    put_text(text, "}");
}

/* When it came there: as one of two members, of which one is what PHP makes of a DateTime. */
static void put_event_time(struct buffer *text, const struct label *label)
{
    char moment[MOMENT_SIZE];
    char date[DATE_SIZE], time[TIME_SIZE];
    int64_t at_us = label->status != NULL ? label->status_at_us : label->shipment->labels_at_us;

    if (text_hash(label->id) % 2 == 0) {
        calendar_moment_local(at_us, moment);
        put(text, "\"datetime\":\"%s\"", moment);
    } else {
        calendar_local(at_us, date, time);
        put(text,
            "\"date\":{\"date\":\"%s %s.000000\",\"timezone_type\":3,"
            "\"timezone\":\"Europe/Amsterdam\"}",
            date, time);
    }
}

static void put_event(struct buffer *text, const struct label *label)
{
    bool is_cancelled = label->shipment->is_cancelled;
    const char *otherwise = is_cancelled ? "Label geannuleerd" : "Label aangemaakt";

    put_text(text, "{\"status\":");
    put_string(text, label_status(label));
    put_text(text, ",\"code\":\"postnl\",\"description\":");
    put_string(text, !is_cancelled && label->status != NULL ? label->description : otherwise);
    put_text(text, ",");
    put_event_time(text, label);
    put_text(text, "}");
}

void boekuwzending_track(struct call *call)
{
    struct buffer *text = &call->answer.body;
    const struct label *label =
        booking_find_label(call->booking, call->account, call->parameters[0]);

    if (label == NULL) {
        answer_text(&call->answer, 404, "{\"error\":\"Label not found\"}");
        return;
    }
    put_text(text, "{\"active\":");
    put_event(text, label);
    put_text(text, ",\"details\":[");
    put_event(text, label);
    put_text(text, "],\"distributor\":{\"code\":\"postnl\",\"name\":\"PostNL\"}}");
}
