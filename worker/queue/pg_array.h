/*
 * Builds PostgreSQL array literals ("{1,2,NULL}") for statement parameters, so that one statement
 * handles a whole batch. Not thread-safe; one array belongs to one thread.
 */
#ifndef WORKER_QUEUE_PG_ARRAY_H
#define WORKER_QUEUE_PG_ARRAY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buffer.h"

struct pg_array {
    struct buffer text;
};

void pg_array_init(struct pg_array *array);

void pg_array_integer(struct pg_array *array, int64_t value);
void pg_array_boolean(struct pg_array *array, bool value);

/* NULL appends an SQL NULL; anything else is quoted, so any text is safe. */
void pg_array_text(struct pg_array *array, const char *value);

void pg_array_null(struct pg_array *array);

/* The finished literal, to be freed; the array stays as it is. */
char *pg_array_copy(const struct pg_array *array) MUSTCHECK;

/* The finished literal, to be freed; the array is empty afterwards. */
char *pg_array_steal(struct pg_array *array) MUSTCHECK;

void pg_array_release(struct pg_array *array);

#endif
