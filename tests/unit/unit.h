/*
 * What each file of unit tests includes first. A file is a program (main.c has its main function),
 * and a test is
 *
 *     TEST(a_sentence_that_says_what_is_so)
 *     {
 *         assert_true(...);
 *     }
 *
 * and stands on no other list: it enters itself before main() begins. Tests run in the order in
 * which they are written.
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

/* cmocka wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct unit_test {
    void (*run)(void **state);
    const char *name;
    int line;
    struct unit_test *next;
};

/* What the tests of a file have in common; what is NULL is not called. */
struct unit_fixture {
    void (*before_all)(void);
    void (*after_all)(void);
    void (*before_each)(void);
    /* Runs instead of the tests in a process that a test starts as `PROGRAM --child`; its result is
     * the exit code. */
    int (*child)(void);
};

/* Enters a test at its place; it is kept. */
void unit_add(struct unit_test *test);

/* The last one counts; it is kept. */
void unit_use(const struct unit_fixture *fixture);

#define TEST(test)                                                                                 \
    static void test(void **cmocka_state);                                                         \
    __attribute__((constructor)) static void test##_enters(void)                                   \
    {                                                                                              \
        static struct unit_test self = {.run = (test), .name = #test, .line = __LINE__};           \
                                                                                                   \
        unit_add(&self);                                                                           \
    }                                                                                              \
    static void test(void **cmocka_state __attribute__((unused)))

/* FIXTURE(.before_all = make_keys, .after_all = free_keys) below the functions that it names. */
#define FIXTURE(...)                                                                               \
    __attribute__((constructor)) static void fixture_enters(void)                                  \
    {                                                                                              \
        static const struct unit_fixture self = {__VA_ARGS__};                                     \
                                                                                                   \
        unit_use(&self);                                                                           \
    }

#endif
