#include "worker/engine/reload.h"

#include <stdlib.h>

#include "common/cleanup.h"
#include "common/memory.h"

struct reload {
    int in_flight;
    char *ca_file; /* owned */
};

static void reload_free(struct reload *reload)
{
    if (reload != NULL) {
        free(reload->ca_file);
        free(reload);
    }
}
DEFINE_CLEANUP(reload, struct reload *, reload_free);

void reload_put(struct reload_box *box, int in_flight, const char *ca_file)
{
    struct reload *reload = xcalloc(1, sizeof(*reload));

    reload->in_flight = in_flight;
    reload->ca_file = ca_file != NULL ? xstrdup(ca_file) : NULL;
    reload_free(atomic_exchange(&box->reload, reload));
}

void reload_apply(struct reload_box *box, struct claiming *claiming, struct runs *runs)
{
    AUTO(reload) struct reload *reload = atomic_exchange(&box->reload, NULL);

    if (reload != NULL) {
        claiming_set_most(claiming, reload->in_flight);
        runs_reload(runs, reload->ca_file);
    }
}

void reload_clear(struct reload_box *box)
{
    reload_free(atomic_exchange(&box->reload, NULL));
}
