/* Walking the hosts of a connection string. */
#include "common/database/hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

enum { HOSTS_LIMIT = 16, DEFAULT_TIMEOUT = 5, LONGEST_TIMEOUT = 60 };

/* What libpq takes as lists, separated by commas, with the variable that counts without it. */
enum list { HOST, HOSTADDR, PORT, LISTS };

static const struct {
    const char *keyword;
    const char *variable;
} lists[LISTS] = {
    [HOST] = {"host", "PGHOST"},
    [HOSTADDR] = {"hostaddr", "PGHOSTADDR"},
    [PORT] = {"port", "PGPORT"},
};

struct database_hosts {
    const char *url;
    char *elements[LISTS][HOSTS_LIMIT]; /* owned; NULL: not named */
    int count;                          /* 1 when there is no list */
    int current;
    int turns; /* hosts that were left since one served us */
    int timeout;
};

DEFINE_CLEANUP(PQconninfoFree, PQconninfoOption *, PQconninfoFree);

/* NULL when it is not given, or empty. */
static const char *find_option(const PQconninfoOption *options, const char *keyword,
                               const char *variable)
{
    const char *text = NULL;

    for (const PQconninfoOption *option = options; option != NULL && option->keyword != NULL;
         option++) {
        if (strcmp(option->keyword, keyword) == 0) {
            text = option->val;
        }
    }
    if (text == NULL) {
        text = getenv(variable); /* NOLINT(concurrency-mt-unsafe): nobody sets any */
    }
    return text != NULL && text[0] != '\0' ? text : NULL;
}

/* Number of elements, or 0 when one of them is empty (libpq's default host) or there are too many:
 * such a list is left to libpq. */
static int split(const char *text, char **elements)
{
    int count = 0;
    AUTO(free) char *copy = xstrdup(text);
    char *rest = copy;

    for (char *element; (element = strsep(&rest, ",")) != NULL;) {
        if (element[0] == '\0' || count == HOSTS_LIMIT) {
            return 0;
        }
        elements[count++] = xstrdup(element);
    }
    return count;
}

static void forget_lists(struct database_hosts *hosts)
{
    for (int list = 0; list < LISTS; list++) {
        for (int i = 0; i < HOSTS_LIMIT; i++) {
            free(hosts->elements[list][i]);
            hosts->elements[list][i] = NULL;
        }
    }
    hosts->count = 1;
}

/* As libpq has it: as many host names as addresses, and as many ports as hosts, or one for all. */
static bool read_lists(struct database_hosts *hosts, const PQconninfoOption *options)
{
    int counts[LISTS] = {0};

    for (int list = 0; list < LISTS; list++) {
        const char *text = find_option(options, lists[list].keyword, lists[list].variable);

        if (text != NULL && (counts[list] = split(text, hosts->elements[list])) == 0) {
            return false;
        }
    }
    hosts->count = counts[HOSTADDR] > 0 ? counts[HOSTADDR] : counts[HOST];
    if (hosts->count < 2 || (counts[HOST] > 0 && counts[HOST] != hosts->count)) {
        return false;
    }
    if (counts[PORT] == 1) {
        for (int i = 1; i < hosts->count; i++) {
            hosts->elements[PORT][i] = xstrdup(hosts->elements[PORT][0]);
        }
    }
    return counts[PORT] <= 1 || counts[PORT] == hosts->count;
}

struct database_hosts *database_hosts_new(const char *url)
{
    struct database_hosts *hosts = xcalloc(1, sizeof(*hosts));
    /* A plain database name is no connection string: then there is nothing to read, and NULL. */
    AUTO(PQconninfoFree)
    PQconninfoOption *options = url != NULL ? PQconninfoParse(url, NULL) : NULL;

    hosts->url = url;
    if (!read_lists(hosts, options)) {
        forget_lists(hosts);
    }
    const char *timeout = find_option(options, "connect_timeout", "PGCONNECT_TIMEOUT");
    hosts->timeout = timeout != NULL ? (int)strtol(timeout, NULL, 10) : 0;
    if (hosts->timeout <= 0) {
        hosts->timeout = DEFAULT_TIMEOUT;
    }
    if (hosts->timeout > LONGEST_TIMEOUT) {
        hosts->timeout = LONGEST_TIMEOUT;
    }
    return hosts;
}

void database_hosts_free(struct database_hosts *hosts)
{
    if (hosts == NULL) {
        return;
    }
    forget_lists(hosts);
    free(hosts);
}

void database_hosts_fill(const struct database_hosts *hosts, const char *application_name,
                         struct database_parameters *parameters)
{
    size_t count = 0;

    database_parameters_fill(parameters, hosts->url, application_name);
    while (parameters->keywords[count] != NULL) {
        count++;
    }
    for (int list = 0; list < LISTS && hosts->count > 1; list++) {
        /* What comes after the connection string overrides it. */
        parameters->keywords[count] = lists[list].keyword;
        parameters->values[count++] = hosts->elements[list][hosts->current];
    }
    parameters->keywords[count] = NULL;
    parameters->values[count] = NULL;
}

bool database_hosts_next(struct database_hosts *hosts)
{
    hosts->current = (hosts->current + 1) % hosts->count;
    hosts->turns = (hosts->turns + 1) % hosts->count;
    return hosts->turns != 0;
}

void database_hosts_keep(struct database_hosts *hosts)
{
    hosts->turns = 0;
}

int64_t database_hosts_timeout_us(const struct database_hosts *hosts)
{
    return hosts->timeout * INT64_C(1000000);
}

bool database_hosts_open(struct database_hosts *hosts, const char *application_name,
                         PGconn **ret_connection, struct error *err)
{
    char reasons[400] = "";
    size_t length = 0;

    do {
        struct database_parameters parameters;

        database_hosts_fill(hosts, application_name, &parameters);
        AUTO(PQfinish)
        PGconn *connection = PQconnectdbParams(parameters.keywords, parameters.values, 1);
        if (connection == NULL) {
            memory_exhausted();
        }
        if (PQstatus(connection) == CONNECTION_OK) {
            database_hosts_keep(hosts);
            (void)PQsetNoticeReceiver(connection, database_take_notice, NULL);
            *ret_connection = steal_ptr(&connection);

            return true;
        }
        if (length < sizeof(reasons)) {
            length += (size_t)snprintf(reasons + length, sizeof(reasons) - length, "%s%s",
                                       length > 0 ? "; " : "", database_message(connection));
        }
    } while (database_hosts_next(hosts));
    return error_set(err, ERROR_UNAVAILABLE, "cannot connect to the database: %s", reasons);
}
