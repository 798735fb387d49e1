/* What is read out of a result; connections are tested by tests/integration. */

#include "tests/unit/unit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/database/database.h"

/* A result of one row; NULL in it is SQL NULL. */
static PGresult *row_of(const char *const *values, int count)
{
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    static char name[] = "column";
    PGresAttDesc columns[8] = {{.name = NULL}};

    for (int i = 0; i < count; i++) {
        columns[i].name = name;
    }
    assert_true(PQsetResultAttrs(result, count, columns));
    for (int i = 0; i < count; i++) {
        char text[40] = "";

        snprintf(text, sizeof(text), "%s", values[i] != NULL ? values[i] : "");
        assert_true(PQsetvalue(result, 0, i, text, values[i] != NULL ? (int)strlen(text) : -1));
    }
    return result;
}

TEST(values_are_read_by_their_type)
{
    const char *const values[] = {"-9223372036854775808", "9223372036854775807", "t", "f", ""};
    AUTO(PQclear) PGresult *result = row_of(values, 5);

    assert_true(database_integer(result, 0, 0) == INT64_MIN);
    assert_true(database_integer(result, 0, 1) == INT64_MAX);
    assert_true(database_boolean(result, 0, 2));
    assert_false(database_boolean(result, 0, 3));
    assert_string_equal(database_text(result, 0, 3), "f");
    assert_string_equal(database_text(result, 0, 4), "");
}

/* How a process ends that expects these columns of a result with the columns `a` and `b`. */
static int expect_in_child(const char *const *expected)
{
    PGresAttDesc columns[] = {{.name = without_const("a")}, {.name = without_const("b")}};
    AUTO(PQclear) PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    int status = 0;

    assert_true(PQsetResultAttrs(result, 2, columns));
    pid_t child = fork();
    if (child == 0) {
        close(STDERR_FILENO);
        setrlimit(RLIMIT_CORE, &(struct rlimit){.rlim_cur = 0});
        database_expect(result, expected);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

TEST(columns_that_are_read_by_position_have_the_names_they_are_taken_for)
{
    static const char *const right[][3] = {{"a", "b", NULL}, {"a", NULL}, {NULL}};
    static const char *const wrong[][4] = {{"b", "a", NULL}, {"b", NULL}, {"a", "b", "c", NULL}};

    for (size_t i = 0; i < ARRAY_LENGTH(right); i++) {
        assert_int_equal(expect_in_child(right[i]), 0);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        int status = expect_in_child(wrong[i]);

        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
}

TEST(null_and_what_is_not_there_read_alike)
{
    const char *const values[] = {NULL};
    AUTO(PQclear) PGresult *result = row_of(values, 1);
    static const int places[][2] = {{0, 0}, {1, 0}, {0, 1}};

    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        assert_true(database_integer(result, places[i][0], places[i][1]) == 0);
        assert_false(database_boolean(result, places[i][0], places[i][1]));
        assert_null(database_text(result, places[i][0], places[i][1]));
    }
    assert_null(database_text(NULL, 0, 0));
}
