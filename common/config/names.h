/*
 * Names of settings, and those that somebody may have meant. Pure, but for the environment; before
 * threads start.
 */
#ifndef COMMON_CONFIG_NAMES_H
#define COMMON_CONFIG_NAMES_H

#include "common/cleanup.h"
#include "common/config/config.h"

/* The flag of the program that is most like `name` (without the two dashes), or NULL when none is
 * like it. */
const char *config_nearest_flag(enum config_program program, const char *name) MUSTCHECK;

/* The variable of either program that is most like `name`, or NULL. */
const char *config_nearest_variable(const char *name) MUSTCHECK;

#endif
