/*
 * People who sign in here, from the command line.
 */
#ifndef PANEL_PEOPLE_H
#define PANEL_PEOPLE_H

#include <stdbool.h>

#include "common/config/config.h"
#include "common/error.h"

struct people_user {
    const char *login;
    const char *role;     /* see koppeling.panel_role */
    const char *account;  /* its id; NULL: none */
    const char *language; /* nl or en */
};

/* Adds somebody. The password comes from the terminal, twice and unseen, or else is the first line
 * of standard input. ERROR_DATA for a password that is too short; what the database refuses comes
 * with its words. */
bool people_add(const struct config *config, const struct people_user *user,
                struct error *err) MUSTCHECK;

/* Gives somebody a new password, read the same way, and ends his sessions. */
bool people_set_password(const struct config *config, const char *login,
                         struct error *err) MUSTCHECK;

#endif
