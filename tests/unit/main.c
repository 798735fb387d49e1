/*
 * The main function of each unit test program.
 *   build/unit/test_NAME [PART OF A TEST'S NAME]
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/memory.h"

static struct unit_test *first;
static const struct unit_fixture *fixture = &(const struct unit_fixture){0};

/* Constructors run in no order that C promises, so lines tell. */
void unit_add(struct unit_test *test)
{
    struct unit_test **place = &first;

    while (*place != NULL && (*place)->line < test->line) {
        place = &(*place)->next;
    }
    test->next = *place;
    *place = test;
}

void unit_use(const struct unit_fixture *new_fixture)
{
    fixture = new_fixture;
}

static int call(void (*hook)(void))
{
    if (hook != NULL) {
        hook();
    }
    return 0;
}

static int before_all(void **state __attribute__((unused)))
{
    return call(fixture->before_all);
}

static int after_all(void **state __attribute__((unused)))
{
    return call(fixture->after_all);
}

static int before_each(void **state __attribute__((unused)))
{
    return call(fixture->before_each);
}

/* Runs the tests whose names contain the word; returns how many failed, or 1 when there is none. */
static int run(const char *word)
{
    AUTO(free) struct CMUnitTest *tests = NULL;
    size_t count = 0;

    for (const struct unit_test *test = first; test != NULL; test = test->next) {
        if (strstr(test->name, word) != NULL) {
            tests = xreallocarray(tests, count + 1, sizeof(*tests));
            tests[count++] = (struct CMUnitTest){
                .name = test->name, .test_func = test->run, .setup_func = before_each};
        }
    }
    if (count == 0) {
        (void)fprintf(stderr, "%s: no such test\n", program_invocation_short_name);
        return 1;
    }
    /* What cmocka_run_group_tests() stands for, which takes only arrays of a known size. */
    return _cmocka_run_group_tests(program_invocation_short_name, tests, count, before_all,
                                   after_all);
}

int main(int argument_count, char **arguments)
{
    const char *word = argument_count > 1 ? arguments[1] : "";

    if (fixture->child != NULL && strcmp(word, "--child") == 0) {
        return fixture->child();
    }
    return run(word);
}
