/*
 * The SQL of sql/, compiled in at build time. Names are paths below sql/ without the ending:
 * "migrations/0001_foundation", "queries/queue_claim".
 */
#ifndef COMMON_DATABASE_SQL_EMBEDDED_H
#define COMMON_DATABASE_SQL_EMBEDDED_H

struct sql_file {
    const char *name; /* NULL ends the array */
    const char *text;
};

/* Sorted by name, generated from sql/. */
extern const struct sql_file sql_files[];

/* Which set of functions, views and grants they are; a higher number is newer (sql/revision). */
extern const int sql_revision;

#endif
