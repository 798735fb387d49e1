/* Memory for what jansson makes while one document is looked at. */
#include "tests/unit/unit.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "worker/api/text/json_write.h"
#include "worker/api/text/scratch.h"

static char *written(const json_t *json)
{
    return json_write(json, JSON_COMPACT | JSON_SORT_KEYS, NULL);
}

TEST(what_is_made_while_it_is_open_works_and_is_gone_afterwards)
{
    static const char document[] = "{\"a\":[1,2.5,true,null],\"b\":{\"c\":\"d\"}}";

    scratch_install();
    for (int i = 0; i < 3; i++) {
        scratch_open();
        json_t *json = json_loads(document, 0, NULL);
        AUTO(free) char *text = written(json);

        json_decref(json);
        scratch_close();
        assert_string_equal(text, document);
    }
}

TEST(a_document_of_many_blocks_works)
{
    size_t length = 0;

    scratch_install();
    scratch_open();
    json_t *list = json_array();

    for (int i = 0; i < 20000; i++) {
        json_array_append_new(list, json_pack("{s:i}", "number", i));
    }
    AUTO(free) char *text = json_write(list, JSON_COMPACT, &length);

    assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 19999), "number")),
                     19999);
    json_decref(list);
    scratch_close();
    assert_int_equal(strlen(text), length);
    assert_string_equal(text + length - 17, "{\"number\":19999}]");
}

TEST(what_is_older_may_be_used_and_freed_while_it_is_open)
{
    scratch_install();
    json_t *older = json_pack("{s:s}", "kept", "yes");
    json_t *freed = json_pack("[i,i]", 1, 2);

    scratch_open();
    json_t *within = json_pack("{s:O}", "older", older);

    json_decref(freed);
    json_decref(within);
    scratch_close();
    AUTO(free) char *text = written(older);

    assert_string_equal(text, "{\"kept\":\"yes\"}");
    json_decref(older);
}

TEST(no_text_is_made_of_what_cannot_be_written)
{
    assert_null(json_write(NULL, JSON_COMPACT, NULL));
}
