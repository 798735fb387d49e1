#include "worker/jobs/shipment_search.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void shipment_search_release(struct shipment_search *search)
{
    boekuwzending_pages_release(&search->pages);
    booked_shipment_release(&search->found);
    *search = (struct shipment_search){.next = 0};
}

bool shipment_search_take_list(struct shipment_search *search, const char *body, size_t length,
                               struct error *err)
{
    json_auto_t *list = NULL;

    if (!boekuwzending_list_read(body, length, &list, err)) {
        return false;
    }
    boekuwzending_pages_take(&search->pages, list);
    search->is_doubtful = search->is_doubtful || search->pages.is_cut;
    return true;
}

const char *shipment_search_id(const struct shipment_search *search)
{
    return json_string_value(json_array_get(search->pages.ids, search->next));
}

void shipment_search_take(struct shipment_search *search, struct booked_shipment *shipment,
                          const char *reference)
{
    search->next++;
    if (shipment->reference == NULL) {
        search->is_doubtful = true;
    } else if (strcmp(shipment->reference, reference) != 0) {
        return; /* somebody else's */
    } else if (search->found.id == NULL) {
        search->found = *shipment;
        *shipment = (struct booked_shipment){.id = NULL};
    } else if (strcasecmp(search->found.id, shipment->id) != 0) {
        search->duplicates++;
    }
}
