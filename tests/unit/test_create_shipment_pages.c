/* A search for a shipment that goes over several pages. */
#include "tests/unit/search_helpers.h"

/* A list of `count` hits with the ids h0, h1, ... */
static char *many_hits(size_t count)
{
    json_auto_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        char id[24];

        snprintf(id, sizeof(id), "h%zu", i);
        json_array_append_new(list, json_pack("{s:s}", "id", id));
    }
    return json_dumps(list, JSON_COMPACT);
}

/* Reads all hits, which are of somebody else. */
static size_t read_hits(struct talk *talk, size_t first)
{
    size_t next = first;

    while (talk->step == STEP_CALL && strncmp(talk->request.path, "/shipments/h", 12) == 0) {
        char id[24];

        snprintf(id, sizeof(id), "h%zu", next++);
        check_asked(talk, id);
        answer_hit(talk, id, "somebody else's");
    }
    return next - first;
}

static void check_doubt(const struct talk *talk)
{
    assert_int_equal(talk->step, STEP_RETRY);
    assert_int_equal(talk->outcome.error_class, ERROR_CLASS_UNREADABLE);
    assert_null(talk->outcome.writes);
}

/* Pages of one hit each, ours on the ninth; ten pages of others are no search for one thing. */
TEST(ours_is_found_on_a_later_page)
{
    for (int has_ours = 0; has_ours < 2; has_ours++) {
        struct talk talk;

        begin(&talk, "90");
        for (int page = 1; page <= 10 && talk.step == STEP_CALL; page++) {
            AUTO(free) char *list = xasprintf("[{\"id\":\"h%d\"}]", page);

            if (page > 1) {
                check_next_page(&talk, page);
            }
            talk_http(&talk, 200, list);
            if (has_ours == 1 && page == 9) {
                assert_int_equal(answer_hit(&talk, "h9", "20411-17 b"), STEP_DONE);
            } else {
                assert_int_equal(read_hits(&talk, (size_t)page), 1);
            }
        }
        if (has_ours == 1) {
            check_value(talk.outcome.result, "external_id", "\"h9\"");
        } else {
            check_doubt(&talk);
        }
        talk_end(&talk);
    }
}

/* A service that does not page gives the same again; a short list is all that it has. */
TEST(a_full_page_of_others_that_comes_again_proves_nothing)
{
    static const struct {
        size_t hits;
        size_t asked;
        bool booked;
    } rows[] = {{29, 29, true}, {30, 30, false}, {31, 31, false}, {5000, 300, false}};

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(free) char *list = many_hits(rows[i].hits);
        struct talk talk;

        begin(&talk, "90");
        talk_http(&talk, 200, list);
        assert_int_equal(read_hits(&talk, 0), rows[i].asked);
        if (rows[i].hits <= 300) {
            check_next_page(&talk, 2);
            talk_http(&talk, 200, list);
        }
        if (rows[i].booked) {
            check_booking(&talk);
        } else {
            check_doubt(&talk);
        }
        talk_end(&talk);
    }
}
