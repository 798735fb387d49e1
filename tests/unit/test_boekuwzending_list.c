#include "tests/unit/kind_helpers.h"

#include "worker/api/boekuwzending/list.h"

TEST(a_list_has_many_forms)
{
    static const struct {
        const char *body;
        size_t count;
    } rows[] = {
        {"[]", 0},
        {" [ ] ", 0},
        {"[{\"id\":\"a\"},{\"id\":\"b\"}]", 2},
        {"{\"id\":\"a\",\"sequence\":\"7\"}", 1},
        {"{\"0\":{\"id\":\"a\"},\"2\":{\"id\":\"b\"}}", 2},
        {"{\"hydra:totalItems\":1,\"hydra:member\":[{\"id\":\"a\"}]}", 1},
        {"{\"hydra:member\":[]}", 0},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_auto_t *list = NULL;

        ROW_CHECK(rows[i].body,
                  boekuwzending_list_read(rows[i].body, strlen(rows[i].body), &list, NULL));
        ROW_CHECK(rows[i].body, json_array_size(list) == rows[i].count);
    }
}

/* Taking one of these for an empty list would make a second label. */
TEST(what_is_no_list_is_not_taken_for_an_empty_one)
{
    static const char *const rows[][2] = {
        {"", "not valid JSON: "},
        {"<html>", "not valid JSON: "},
        {"[{\"id\":\"a\"}", "not valid JSON: "},
        {"[]x", "not valid JSON: "},
        {"{}", "the answer is not a list"},
        {"null", "the answer is not a list"},
        {"\"\"", "the answer is not a list"},
        {"0", "the answer is not a list"},
        {"{\"hydra:member\":null}", "the answer is not a list"},
        {"{\"hydra:member\":{}}", "the answer is not a list"},
        {"{\"title\":\"Fenna\"}", "element 1 of the list has no id"},
        {"{\"items\":[]}", "element 1 of the list has no id"},
        {"[null]", "element 1 of the list has no id"},
        {"[[]]", "element 1 of the list has no id"},
        {"[\"/shipments/a\"]", "element 1 of the list has no id"},
        {"[{\"id\":\"a\"},{\"id\":\"a/b\"}]", "element 2 of the list has no id"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_t *list = NULL;
        struct error err = ERROR_INIT;

        ROW_CHECK(rows[i][0],
                  !boekuwzending_list_read(rows[i][0], strlen(rows[i][0]), &list, &err));
        ROW_CHECK(rows[i][0], list == NULL && err.code == ERROR_DATA);
        ROW_CHECK(rows[i][0], strncmp(err.text, rows[i][1], strlen(rows[i][1])) == 0);
    }
}
