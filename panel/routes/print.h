/*
 * Labels as one PDF.
 */
#ifndef PANEL_ROUTES_PRINT_H
#define PANEL_ROUTES_PRINT_H

#include "panel/routes/visit.h"

void print_pdf(struct visit *visit);

#endif
