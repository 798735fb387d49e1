#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "panel/routes/route.h"
#include "panel/routes/visit.h"
#include "panel/template/template.h"

TEST(each_route_has_what_it_needs)
{
    for (size_t i = 0; i < route_count; i++) {
        const struct route *route = &routes[i];

        assert_int_equal(route->pattern[0], '/');
        assert_true(route->function != NULL || route->handler != NULL);
        if (route->template != NULL) {
            assert_non_null(template_find(route->template));
        }
        /* Nothing that the database answers to a person is for anybody. */
        assert_true(route->function == NULL || route->who != ROUTE_ANYBODY);
    }
}

TEST(a_path_without_a_route_has_none)
{
    static const char *const wrong[] = {"",         "/nowhere", "//",          "/sign-in/",
                                        "/Sign-In", "/%2e",     "/sign-in%00", "/../health"};

    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        json_t *parts = NULL;
        const char *allow = NULL;

        assert_null(route_find(REQUEST_GET, wrong[i], &parts, &allow));
        assert_null(parts);
        assert_null(allow);
    }
}

TEST(another_method_is_told_which_there_are)
{
    json_t *parts = NULL;
    const char *allow = NULL;

    assert_null(route_find(REQUEST_OTHER, "/sign-in", &parts, &allow));
    assert_string_equal(allow, "GET, HEAD, POST");
    assert_null(route_find(REQUEST_GET, "/sign-out", &parts, &allow));
    assert_string_equal(allow, "POST");
}

TEST(only_addresses_of_this_site_are_gone_to)
{
    assert_true(visit_is_local("/"));
    assert_true(visit_is_local("/orders?shop=3&state=open"));
    static const char *const wrong[] = {"",
                                        "orders",
                                        "https://evil.example",
                                        "//evil.example",
                                        "/\\evil.example",
                                        "/a\r\nSet-Cookie: x=1",
                                        "/\xC3\xA9",
                                        "/a b"};

    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        assert_false(visit_is_local(wrong[i]));
    }
}
