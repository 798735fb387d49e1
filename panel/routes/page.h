/*
 * What most routes are: a page that a function of the database fills, and a form that a function of
 * the database takes.
 */
#ifndef PANEL_ROUTES_PAGE_H
#define PANEL_ROUTES_PAGE_H

#include "panel/routes/visit.h"

void page_show(struct visit *visit);

/* True when it was done; the reply is made in any case. */
bool page_act(struct visit *visit);

/* Serves any request: finds its route, reads its fields, and calls what is in charge. A
 * server_handler; `context` is the struct panel. */
void page_serve(void *context, const struct request *request, struct reply *reply);

/* Shows the counters of requests before there was one. */
void page_show_metrics(void);

#endif
