/* What a kind adds to worker/jobs/kinds.h. */
#ifndef TESTS_EXAMPLE_KIND_GREET_H
#define TESTS_EXAMPLE_KIND_GREET_H

#include "worker/jobs/job_kind.h"

/* Greets whom its args name. */
extern const struct job_kind job_kind_greet;

#endif
