#include "worker/calls/redact.h"

#include <string.h>
#include <strings.h>

#include "common/memory.h"
#include "worker/api/text/text.h"

static void overwrite(char *text, const char *form)
{
    size_t length = strlen(form);

    /* Without regard to case, since "%2f" is "%2F". */
    for (char *at = strcasestr(text, form); at != NULL; at = strcasestr(at + length, form)) {
        memset(at, '.', length);
    }
}

void redact(char *text, const char *secret)
{
    if (text[0] == '\0' || secret == NULL || secret[0] == '\0') {
        return;
    }

    size_t size = strlen(secret) * 3 + 4;
    AUTO(free_secret) char *encoded = xcalloc(size, 1);

    overwrite(text, secret);
    if (text_percent_encode(secret, encoded, size)) {
        overwrite(text, encoded);
    }
}
