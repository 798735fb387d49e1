/*
 * Signing in and out.
 */
#ifndef PANEL_ROUTES_SIGN_IN_H
#define PANEL_ROUTES_SIGN_IN_H

#include "panel/routes/visit.h"

/* "ok": the process runs. For whatever stands in front; /ready of the metrics says more. */
void show_health(struct visit *visit);

void sign_in_show(struct visit *visit);

/* Checks the password: in constant work for a login that is none, and not at all while the database
 * says to wait. */
void sign_in_try(struct visit *visit);

void sign_out(struct visit *visit);

/* A portal's signed token makes a session, and so does a proxy that names somebody. */
void sign_in_by_portal(struct visit *visit);

/* Gives the browser the cookie of a new session, and sends it on to the page that it wanted. */
void sign_in_done(struct visit *visit, const struct token *token);

/* Shows its counters before anybody tried. */
void sign_in_show_metrics(void);

#endif
