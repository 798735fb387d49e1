/* The table of job kinds with the example, in place of worker/jobs/job_kinds.c. */
#include <string.h>

#include "tests/example_kind/greet.h"
#include "worker/jobs/job_kind.h"
#include "worker/jobs/kinds.h"

/* One kind, one row. clang-format would join them. */
/* clang-format off */
const struct job_kind *const job_kinds[] = {
    &job_kind_ping,
    &job_kind_greet,
    NULL,
};
/* clang-format on */

const struct job_kind *job_kind_find(const char *name)
{
    for (const struct job_kind *const *kind = job_kinds; *kind != NULL; kind++) {
        if (strcmp((*kind)->name, name) == 0) {
            return *kind;
        }
    }
    return NULL;
}
