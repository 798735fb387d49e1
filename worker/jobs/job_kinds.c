/* The table of job kinds. */
#include <string.h>

#include "worker/jobs/job_kind.h"
#include "worker/jobs/kinds.h"

/* One kind, one row. clang-format would join them. */
/* clang-format off */
const struct job_kind *const job_kinds[] = {
    &job_kind_ping,
    &job_kind_verify,
    &job_kind_poll,
    &job_kind_mark_shipped,
    &job_kind_confirm_order,
    &job_kind_create_shipment,
    &job_kind_quote,
    &job_kind_push_order,
    &job_kind_fetch_label,
    &job_kind_remove_order,
    &job_kind_verify_account,
    &job_kind_watch_order,
    &job_kind_track_label,
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
