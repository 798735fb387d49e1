#include "worker/api/boekuwzending/list.h"

#include <stdlib.h>

#include "worker/api/boekuwzending/request.h"
#include "worker/api/text/lenient.h"

json_t *boekuwzending_list_elements(json_t *answer)
{
    json_t *members = json_object_get(answer, "hydra:member");
    json_t *value = members != NULL ? members : answer;
    json_auto_t *wrapped = json_pack("{s:O}", "list", value);

    return json_is_array(value) && json_array_size(value) == 0 ? json_array()
                                                               : lenient_list(wrapped, "list");
}

bool boekuwzending_list_read(const char *body, size_t length, json_t **ret_list, struct error *err)
{
    json_auto_t *answer = lenient_parse(body, length, NULL, err);
    json_auto_t *list = answer != NULL ? boekuwzending_list_elements(answer) : NULL;

    if (answer == NULL) {
        return false;
    }
    if (list == NULL) {
        return error_set(err, ERROR_DATA, "the answer is not a list");
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        AUTO(free) char *id = boekuwzending_id_of(json_array_get(list, i));

        if (id == NULL) {
            return error_set(err, ERROR_DATA, "element %zu of the list has no id", i + 1);
        }
    }
    *ret_list = steal_ptr(&list);

    return true;
}

void boekuwzending_pages_release(struct boekuwzending_pages *pages)
{
    json_decref(pages->ids);
    json_decref(pages->known);
    *pages = (struct boekuwzending_pages){.ids = NULL};
}

int boekuwzending_pages_next(const struct boekuwzending_pages *pages)
{
    return pages->wants_all ? BOEKUWZENDING_ALL : pages->taken;
}

/* Adds what is new; returns whether anything is. */
static bool add_elements(struct boekuwzending_pages *pages, json_t *list)
{
    size_t before = json_array_size(pages->ids);

    for (size_t i = 0; i < json_array_size(list); i++) {
        AUTO(free) char *id = boekuwzending_id_of(json_array_get(list, i));
        bool is_new = json_object_get(pages->known, id) == NULL;

        if (is_new && json_array_size(pages->ids) == BOEKUWZENDING_ELEMENTS) {
            pages->is_cut = true;
        } else if (is_new) {
            json_array_append_new(pages->ids, json_string(id));
            json_object_set_new(pages->known, id, json_true());
        }
    }
    return json_array_size(pages->ids) > before;
}

void boekuwzending_pages_take(struct boekuwzending_pages *pages, json_t *list)
{
    bool is_all = pages->wants_all;

    if (pages->ids == NULL) {
        pages->ids = json_array();
        pages->known = json_object();
    }
    pages->taken++;

    bool is_news = add_elements(pages, list);

    pages->wants_all = is_all || (!is_news && json_array_size(list) >= BOEKUWZENDING_PAGE);
    pages->is_cut = pages->is_cut || (is_news && !is_all && pages->taken == BOEKUWZENDING_PAGES);
    pages->may_go_on = !is_all && (is_news || pages->wants_all) && !pages->is_cut;
}
