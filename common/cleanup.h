/*
 * Compiler attributes used everywhere, and one way to clean up.
 *
 * A local that owns something is declared with AUTO(type): its destructor runs when the scope ends.
 * Destructors accept NULL. steal_ptr() hands the thing to another owner.
 */
#ifndef COMMON_CLEANUP_H
#define COMMON_CLEANUP_H

#include <stdlib.h>

#define MUSTCHECK                         __attribute__((warn_unused_result))
#define PRINTF(format_index, first_index) __attribute__((format(printf, format_index, first_index)))
#define NORETURN                          __attribute__((noreturn))

/* Makes name_cleanup() from a destructor that takes a pointer. Put it in the header of the type. */
#define DEFINE_CLEANUP(name, type, destructor)                                                     \
    /* NOLINTNEXTLINE(bugprone-macro-parentheses): a type takes none */                            \
    static inline void name##_cleanup(type *owned)                                                 \
    {                                                                                              \
        destructor(*owned);                                                                        \
    }                                                                                              \
    typedef int name##_cleanup_is_defined

#define AUTO(name) __attribute__((cleanup(name##_cleanup)))

static inline void free_cleanup(void *owned)
{
    free(*(void **)owned);
}

/* Returns *(owner) and leaves NULL there, so that the AUTO destructor has nothing to do. */
#define steal_ptr(owner)                                                                           \
    (__extension__({                                                                               \
        __typeof__(owner) owner_ = (owner);                                                        \
        __typeof__(*(owner)) stolen_ = *owner_;                                                    \
        *owner_ = NULL;                                                                            \
        stolen_;                                                                                   \
    }))

/* For libraries that ask for no const and change nothing all the same. */
static inline void *without_const(const void *pointer)
{
    union {
        const void *given;
        void *wanted;
    } both = {.given = pointer};

    return both.wanted;
}

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#endif
