#include "tests/unit/kind_helpers.h"

#include "worker/api/problem.h"

TEST(quotations_are_dropped)
{
    static const char *const rows[][2] = {
        {"Item not found", "Item not found"},
        {"the value \"Fenna\" is wrong", "the value ... is wrong"},
        {"\"\" is blank", ".. is blank"},
        {"company \"Bakkerij \"De Hoek\" BV\" is unknown", "company ... is unknown"},
        {"the value \"Fenna was cut", "the value ..."},
        {"can't find 'Fenna' in the shop's list", "can't find ... in the shop's list"},
        {"'t Hart", "..."},
        {"don't", "don't"},
        {"`Fenna` and \xC2\xAB"
         "Testveld\xC2\xBB",
         "... and ..."},
        {"\xE2\x80\x9C"
         "Fenna\xE2\x80\x9D!",
         "...!"},
        {"\xE2\x80\x9E"
         "Fenna\xE2\x80\x9D \xE2\x80\x98Testveld\xE2\x80\x99",
         "... ..."},
        {"", ""},
        {"\"", "."},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        AUTO(free) char *text = xstrdup(rows[i][0]);

        problem_drop_quoted(text);
        check_text(rows[i][0], text, rows[i][1]);
    }
}

TEST(a_problem_is_told_by_title_and_fields)
{
    static const char *const rows[][2] = {
        {"{\"title\":\"An error occurred\",\"detail\":\"items[0].type: no\",\"violations\":["
         "{\"propertyPath\":\"items[0].type\",\"message\":\"This is not a valid choice.\"},"
         "{\"propertyPath\":\"shipTo.address.numberAddition\",\"message\":\"Too long.\"}]}",
         "An error occurred: items[0].type: This is not a valid choice.; "
         "shipTo.address.numberAddition: Too long."},
        {"{\"title\":\"T\",\"violations\":{\"propertyPath\":\"a\",\"message\":\"m\"}}", "T: a: m"},
        {"{\"title\":\"T\",\"violations\":{\"0\":{\"propertyPath\":\"a\",\"message\":\"m\"}}}",
         "T: a: m"},
        {"{\"violations\":[{\"propertyPath\":\"\",\"message\":\"m\"}]}", "m"},
        {"{\"violations\":[{\"propertyPath\":\"a b\",\"message\":\"m\"}]}", "m"},
        {"{\"violations\":[{\"propertyPath\":\"shipTo.3511ZZ\",\"message\":\"m\"}]}", "m"},
        {"{\"violations\":[{\"propertyPath\":\"caf\xC3\xA9\",\"message\":\"m\"}]}", "m"},
        {"{\"violations\":[{\"propertyPath\":\"a\",\"message\":\"1\"},{\"message\":\"2\"},{},"
         "{\"message\":\"4\"}],\"detail\":\"d\"}",
         "a: 1; 2"},
        {"{\"title\":\"T\",\"violations\":[],\"detail\":\"d\"}", "T: d"},
        {"{\"title\":\"T\",\"violations\":[\"x\",1,null],\"detail\":\"d\"}", "T: d"},
        {"{\"hydra:title\":\"T\",\"hydra:description\":\"d\"}", "T: d"},
        {"{\"error\":\"invalid_client\",\"error_description\":\"Client authentication failed\","
         "\"message\":\"Client authentication failed\"}",
         "invalid_client: Client authentication failed"},
        {"{\"message\":\"same\"}", "same"},
        {"{\"title\":\"same\",\"detail\":\"same\"}", "same"},
        {"{\"error\":{\"code\":1}}", ""},
        {"{\"errors\":[{\"status\":\"422\",\"title\":\"Invalid value\",\"detail\":\"must be "
         "positive\","
         "\"source\":{\"pointer\":\"/data/attributes/items/0/weight\"}},{\"detail\":\"too "
         "long\"}]}",
         "items[0].weight: Invalid value: must be positive; too long"},
        {"{\"errors\":[{\"title\":\"same\",\"detail\":\"same\",\"source\":{\"pointer\":\"/a "
         "b\"}}]}",
         "same"},
        {"{\"errors\":{\"detail\":\"no \\\"Fenna\\\" at fenna@example.org\"}}", "no ... at ..."},
        {"{\"errors\":[\"one\",2,null,{},\"four\"]}", "one"},
        {"{\"title\":\"T\",\"errors\":[{\"detail\":\"d\"}],\"detail\":\"other\"}", "T: d"},
        {"{\"errors\":\"no list\"}", ""},
        {"{\"title\":\"no \\\"Fenna\\\" at fenna@example.org\"}", "no ... at ..."},
        {"{\"violations\":[{\"propertyPath\":\"shipTo.contact.emailAddress\",\"message\":"
         "\"The value \\\"fenna\\\" is not valid.\"}]}",
         "shipTo.contact.emailAddress: The value ... is not valid."},
        {"[]", ""},
        {"null", ""},
        {"<html>", ""},
        {"", ""},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char words[PROBLEM_WORDS];

        problem_read(rows[i][0], strlen(rows[i][0]), words);
        check_text(rows[i][0], words, rows[i][1]);
    }
}

TEST(a_huge_report_is_bounded)
{
    json_auto_t *violations = json_array();
    char words[PROBLEM_WORDS];
    char long_text[3000];

    for (size_t i = 0; i < sizeof(long_text) - 1; i++) {
        long_text[i] = i % 9 == 0 ? ' ' : 'x';
    }
    long_text[sizeof(long_text) - 1] = '\0';
    for (int i = 0; i < 5; i++) {
        json_array_append_new(
            violations, json_pack("{s:s, s:s}", "propertyPath", long_text, "message", long_text));
    }

    json_auto_t *report = json_pack("{s:s, s:O}", "title", long_text, "violations", violations);
    AUTO(free) char *body = json_dumps(report, 0);

    problem_read(body, strlen(body), words);
    assert_in_range(strlen(words), 150, PROBLEM_WORDS - 1);

    /* Larger than any report: not even parsed. */
    AUTO(free) char *padded = xasprintf("{\"title\":\"T\"%70000s}", "");

    problem_read(padded, strlen(padded), words);
    assert_string_equal(words, "");
}
