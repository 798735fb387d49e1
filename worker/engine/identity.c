/* Telling live and dead worker processes of this machine apart. */
#include "worker/engine/identity.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/database/database.h"
#include "worker/queue/pg_array.h"

/* First line of a small file without its newline; empty when it cannot be read. */
static void read_line(const char *path, char *ret_line, size_t size)
{
    FILE *file = fopen(path, "re");

    ret_line[0] = '\0';
    if (file == NULL) {
        return;
    }
    if (fgets(ret_line, (int)size, file) == NULL) {
        ret_line[0] = '\0';
    }
    ret_line[strcspn(ret_line, "\n")] = '\0';
    (void)fclose(file);
}

/* Field 22 of /proc/<pid>/stat, counted after the command name, which may hold anything; -1: no
 * such process. */
static int64_t start_of(pid_t pid)
{
    char path[64];
    char line[1024];

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    read_line(path, line, sizeof(line));
    const char *field = strrchr(line, ')');
    if (field == NULL) {
        return -1;
    }
    for (int number = 2; number < 22 && field != NULL; number++) {
        field = strchr(field + 1, ' ');
    }
    return field != NULL ? strtoll(field, NULL, 10) : -1;
}

void identity_of_self(struct identity *ret_identity)
{
    char boot[64];
    char namespace[64];

    *ret_identity = (struct identity){.pid = getpid()};
    if (gethostname(ret_identity->host, sizeof(ret_identity->host) - 1) != 0) {
        snprintf(ret_identity->host, sizeof(ret_identity->host), "unknown");
    }
    ret_identity->pid_started = start_of(ret_identity->pid);
    read_line("/proc/sys/kernel/random/boot_id", boot, sizeof(boot));
    ssize_t length = readlink("/proc/self/ns/pid", namespace, sizeof(namespace) - 1);
    if (boot[0] == '\0' || length <= 0) {
        return;
    }
    namespace[length] = '\0';
    snprintf(ret_identity->host_key, sizeof(ret_identity->host_key), "%s %s", boot, namespace);
}

bool identity_is_gone(pid_t pid, int64_t pid_started)
{
    if (kill(pid, 0) != 0 && errno == ESRCH) {
        return true;
    }
    int64_t started = start_of(pid);
    return started >= 0 && started != pid_started;
}

enum { PEER_ID, PEER_PID, PEER_PID_STARTED };

static char *gone_peers(const PGresult *peers, int *ret_count)
{
    static const char *const columns[] = {
        [PEER_ID] = "id", [PEER_PID] = "pid", [PEER_PID_STARTED] = "pid_started", NULL};
    struct pg_array ids;

    database_expect(peers, columns);
    pg_array_init(&ids);
    *ret_count = 0;
    for (int row = 0; row < PQntuples(peers); row++) {
        pid_t pid = (pid_t)database_integer(peers, row, PEER_PID);

        if (!identity_is_gone(pid, database_integer(peers, row, PEER_PID_STARTED))) {
            continue;
        }
        pg_array_integer(&ids, database_integer(peers, row, PEER_ID));
        (*ret_count)++;
    }
    return pg_array_steal(&ids);
}

bool identity_take_over(PGconn *connection, const struct identity *identity, int *ret_count,
                        struct error *err)
{
    const char *const parameters[] = {identity->host_key, NULL};
    AUTO(PQclear) PGresult *peers = NULL;

    *ret_count = 0;
    if (identity->host_key[0] == '\0') {
        return true;
    }
    if (!database_run(connection, "worker_peers", parameters, &peers, err)) {
        return false;
    }
    AUTO(free) char *ids = gone_peers(peers, ret_count);
    if (*ret_count == 0) {
        return true;
    }
    const char *const gone[] = {ids, NULL};
    return database_run(connection, "worker_take_over", gone, NULL, err) &&
           database_run(connection, "queue_rescue", NULL, NULL, err);
}
