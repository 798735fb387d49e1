#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "panel/template/escape.h"
#include "panel/template/template.h"

static char page_text[4096];

/* The page that these steps make of two objects. */
static const char *render(const struct template_step *steps, const char *around, const char *answer)
{
    const struct template template = {.name = "test", .steps = steps};
    struct buffer page = BUFFER_INIT(sizeof(page_text) - 1);
    json_t *outer = json_loads(around, 0, NULL);
    json_t *inner = json_loads(answer, 0, NULL);

    assert_non_null(outer);
    assert_non_null(inner);
    assert_true(template_render(&template, template_language("en"), outer, inner, &page));
    snprintf(page_text, sizeof(page_text), "%s", page.bytes != NULL ? page.bytes : "");
    buffer_release(&page);
    json_decref(outer);
    json_decref(inner);
    return page_text;
}

static const char *escaped(escape_way *way, const char *text)
{
    struct buffer page = BUFFER_INIT(sizeof(page_text) - 1);

    assert_true(way(text, &page));
    snprintf(page_text, sizeof(page_text), "%s", page.bytes != NULL ? page.bytes : "");
    buffer_release(&page);
    return page_text;
}

TEST(a_value_cannot_leave_its_place_in_a_page)
{
    static const struct template_step steps[] = {{.op = TEMPLATE_TEXT, .text = "<p title=\""},
                                                 {.op = TEMPLATE_VALUE, .text = "name"},
                                                 {.op = TEMPLATE_TEXT, .text = "\">"},
                                                 {.op = TEMPLATE_STOP}};

    assert_string_equal(
        render(steps, "{}", "{\"name\": \"\\\"><script>alert('1')</script>&\"}"),
        "<p title=\"&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;\">");
}

TEST(an_address_is_https_or_of_this_site)
{
    assert_string_equal(escaped(escape_url, "https://volg.example/3S?a=1&b=2"),
                        "https://volg.example/3S?a=1&amp;b=2");
    assert_string_equal(escaped(escape_url, "/orders?after=x"), "/orders?after=x");
    assert_string_equal(escaped(escape_url, "?page=2"), "?page=2");
    assert_string_equal(escaped(escape_url, "javascript:alert(1)"), "#");
    assert_string_equal(escaped(escape_url, " javascript:alert(1)"), "#");
    assert_string_equal(escaped(escape_url, "data:text/html,x"), "#");
    assert_string_equal(escaped(escape_url, "//evil.example"), "#");
    assert_string_equal(escaped(escape_url, "/\\evil.example"), "#");
    assert_string_equal(escaped(escape_url, "/\t/evil.example"), "#");
    assert_string_equal(escaped(escape_url, "orders"), "#");
    assert_string_equal(escaped(escape_url, ""), "#");
}

TEST(a_part_of_an_address_stays_a_part)
{
    assert_string_equal(escaped(escape_url_part, "a b&c=d/e?f#g\"'<\xC3\xA9"),
                        "a%20b%26c%3Dd%2Fe%3Ff%23g%22%27%3C%C3%A9");
    assert_string_equal(escaped(escape_url_part, "aZ09-._~"), "aZ09-._~");
}

TEST(a_section_comes_for_each_item_or_once_or_not)
{
    static const struct template_step steps[] = {{.op = TEMPLATE_EACH, .text = "rows"},
                                                 {.op = TEMPLATE_VALUE, .text = "n"},
                                                 {.op = TEMPLATE_TEXT, .text = ";"},
                                                 {.op = TEMPLATE_END},
                                                 {.op = TEMPLATE_UNLESS, .text = "rows"},
                                                 {.op = TEMPLATE_TEXT, .text = "none"},
                                                 {.op = TEMPLATE_END},
                                                 {.op = TEMPLATE_STOP}};

    assert_string_equal(render(steps, "{\"n\": 9}", "{\"rows\": [{\"n\": 1}, {\"n\": \"b\"}, {}]}"),
                        "1;b;9;");
    assert_string_equal(render(steps, "{}", "{\"rows\": {\"n\": 2.5}}"), "2.5;");
    assert_string_equal(render(steps, "{\"n\": 1}", "{\"rows\": true}"), "1;");
    static const char *const nothing[] = {
        "{\"rows\": []}", "{\"rows\": false}", "{\"rows\": null}", "{\"rows\": \"\"}",
        "{\"rows\": 0}",  "{\"rows\": 0.0}",   "{\"other\": true}"};

    for (size_t i = 0; i < ARRAY_LENGTH(nothing); i++) {
        assert_string_equal(render(steps, "{}", nothing[i]), "none");
    }
}

TEST(items_that_are_texts_are_written_by_a_dot)
{
    static const struct template_step steps[] = {{.op = TEMPLATE_EACH, .text = "a.b"},
                                                 {.op = TEMPLATE_VALUE, .text = "."},
                                                 {.op = TEMPLATE_END},
                                                 {.op = TEMPLATE_STOP}};

    assert_string_equal(render(steps, "{}", "{\"a\": {\"b\": [\"<\", \"x\", 3]}}"), "&lt;x3");
}

TEST(sections_within_sections_end_where_they_should)
{
    static const struct template_step steps[] = {
        {.op = TEMPLATE_EACH, .text = "a"},  {.op = TEMPLATE_EACH, .text = "b"},
        {.op = TEMPLATE_VALUE, .text = "."}, {.op = TEMPLATE_END},
        {.op = TEMPLATE_TEXT, .text = "|"},  {.op = TEMPLATE_END},
        {.op = TEMPLATE_TEXT, .text = "$"},  {.op = TEMPLATE_STOP}};

    assert_string_equal(render(steps, "{}", "{\"a\": [{\"b\": [1, 2]}, {\"b\": []}]}"), "12||$");
    assert_string_equal(render(steps, "{}", "{}"), "$");
}

TEST(a_text_takes_values_and_escapes_them)
{
    static const struct template_step steps[] = {
        {.op = TEMPLATE_WORDS_OF, .text = "sign_in_", .name = "why"}, {.op = TEMPLATE_STOP}};

    assert_string_equal(render(steps, "{\"wait\": \"<3>\"}", "{\"why\": \"wait\"}"),
                        "Too many attempts. Try again in &lt;3&gt; seconds.");
    assert_string_equal(render(steps, "{}", "{\"why\": \"<other>\"}"), "&lt;other&gt;");
    assert_string_equal(render(steps, "{}", "{}"), "");
}

TEST(each_text_is_found_in_each_language)
{
    for (const struct template_words *words = template_words; words->key != NULL; words++) {
        assert_ptr_equal(template_text(words->key, 0), words->texts[0]);
        assert_ptr_equal(template_text(words->key, 1), words->texts[1]);
    }
    assert_null(template_text("no_such_text", 0));
    assert_string_equal(template_languages[template_language("xx")], "nl");
    assert_string_equal(template_languages[template_language("en")], "en");
    assert_string_equal(template_languages[template_language(NULL)], "nl");
}

TEST(a_page_that_grows_too_large_is_refused)
{
    static const struct template_step steps[] = {{.op = TEMPLATE_VALUE, .text = "long"},
                                                 {.op = TEMPLATE_STOP}};
    const struct template template = {.name = "test", .steps = steps};
    struct buffer page = BUFFER_INIT(8);
    json_t *answer = json_pack("{s:s}", "long", "nine byte");
    json_t *around = json_object();

    assert_false(template_render(&template, 0, around, answer, &page));
    buffer_release(&page);
    json_decref(answer);
    json_decref(around);
}
