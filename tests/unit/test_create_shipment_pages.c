/* A search for a shipment that goes over several pages. */
#include "tests/unit/search_helpers.h"

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
