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

/* A service that does not page gives the same again; it is asked for all at once, and a list that
 * is the same still is all that it has. Over 300 hits are no search for one thing. */
TEST(a_full_page_that_comes_again_is_settled_by_the_list_of_all)
{
    static const struct {
        size_t hits;
        size_t read;
        bool booked;
    } rows[] = {
        {29, 29, true}, {30, 30, true}, {31, 31, true}, {300, 300, true}, {301, 300, false}};

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(free) char *list = many_hits(rows[i].hits);
        struct talk talk;

        begin(&talk, "90");
        talk_http(&talk, 200, list);
        assert_int_equal(read_hits(&talk, 0), rows[i].read);
        if (rows[i].hits <= 300) {
            check_next_page(&talk, 2);
            talk_http(&talk, 200, list);
        }
        if (rows[i].hits >= 30 && rows[i].hits <= 300) {
            check_list_of_all(&talk);
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

/* It pages only where that is switched off, of all things: what the pages did not show is read. */
TEST(ours_is_found_on_the_list_of_all)
{
    AUTO(free) char *page = many_hits(30);
    AUTO(free) char *all = many_hits(45);
    struct talk talk;

    begin(&talk, "90");
    talk_http(&talk, 200, page);
    assert_int_equal(read_hits(&talk, 0), 30);
    talk_http(&talk, 200, page);
    check_list_of_all(&talk);
    talk_http(&talk, 200, all);
    for (size_t hit = 30; hit < 44; hit++) {
        AUTO(free) char *id = xasprintf("h%zu", hit);

        check_asked(&talk, id);
        answer_hit(&talk, id, "somebody else's");
    }
    assert_int_equal(answer_hit(&talk, "h44", "20411-17 b"), STEP_DONE);
    check_value(talk.outcome.result, "external_id", "\"h44\"");
    talk_end(&talk);
}
