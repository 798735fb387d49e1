/*
 * A token for a program: made here, shown once, and known to the database by its hash only.
 */
#ifndef PANEL_ROUTES_TOKEN_ADD_H
#define PANEL_ROUTES_TOKEN_ADD_H

#include "panel/routes/visit.h"

void token_add(struct visit *visit);

#endif
