#include "panel/print/labels.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/memory.h"

#define AT_ONCE    2
#define TIME_US    (30 * INT64_C(1000000))
#define CHUNK      65536
#define OTHER_NAME "koppeling-sheet"

static atomic_int busy;

bool labels_begin(struct buffer *input, bool on_a4, int position)
{
    return buffer_printf(input, "%s %d\n", on_a4 ? "a4" : "a6", position);
}

bool labels_add(struct buffer *input, const void *pdf, size_t length)
{
    const unsigned char size[] = {(unsigned char)(length >> 24), (unsigned char)(length >> 16),
                                  (unsigned char)(length >> 8), (unsigned char)length};

    return length <= LABELS_INPUT_LIMIT && buffer_append(input, size, sizeof(size)) &&
           buffer_append(input, pdf, length);
}

struct child {
    pid_t pid; /* 0: it does not run */
    int in;    /* to its standard input; -1: closed */
    int out;   /* from its standard output */
};

static void close_end(int *descriptor)
{
    if (*descriptor >= 0) {
        close(*descriptor);
        *descriptor = -1;
    }
}

/* The program that stands beside this one, to be freed. */
static char *find_program(struct error *err)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

    if (length < 0) {
        (void)error_set(err, ERROR_SYSTEM, "cannot find " OTHER_NAME ": %s", error_reason(errno));
        return NULL;
    }
    path[length] = '\0';

    const char *slash = strrchr(path, '/');

    return xasprintf("%.*s/" OTHER_NAME, (int)(slash != NULL ? slash - path : 0), path);
}

/* It gets two pipes, no signal that is blocked, and nothing of our environment. */
static int spawn(const char *program, int in, int out, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    char *const arguments[] = {(char[]){OTHER_NAME}, NULL};
    char *const environment[] = {(char[]){"PATH=/usr/bin:/bin"}, NULL};

    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);

    int reason = posix_spawn(ret_pid, program, &actions, &attributes, arguments, environment);

    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return reason;
}

static bool start(struct child *child, struct error *err)
{
    int input[2] = {-1, -1};
    int output[2] = {-1, -1};
    AUTO(free) char *program = find_program(err);
    int reason = 0;

    if (program == NULL) {
        return false;
    }
    if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0) {
        reason = errno;
    } else {
        reason = spawn(program, input[0], output[1], &child->pid);
    }
    close_end(&input[0]);
    close_end(&output[1]);
    child->in = input[1];
    child->out = output[0];
    if (reason != 0) {
        child->pid = 0;
        return error_set(err, ERROR_SYSTEM, "cannot run " OTHER_NAME ": %s", error_reason(reason));
    }
    (void)fcntl(child->in, F_SETFL, O_NONBLOCK);
    return true;
}

/* Writes what can be written; at the end, or when it reads no more, its input is closed. */
static void feed(struct child *child, const struct buffer *input, size_t *sent)
{
    ssize_t wrote = write(child->in, input->bytes + *sent, input->length - *sent);

    *sent += wrote > 0 ? (size_t)wrote : 0;
    if (*sent == input->length || (wrote < 0 && errno != EAGAIN && errno != EINTR)) {
        close_end(&child->in);
    }
}

/* Reads what there is; false at the end, or when it is too much. */
static bool drain(struct child *child, struct buffer *pdf)
{
    char *room = buffer_reserve(pdf, CHUNK);
    ssize_t got = room != NULL ? read(child->out, room, CHUNK) : 0;

    if (got > 0) {
        pdf->length += (size_t)got;
        pdf->bytes[pdf->length] = '\0';
    }
    return got > 0 || (got < 0 && errno == EINTR);
}

static void converse(struct child *child, const struct buffer *input, struct buffer *pdf)
{
    int64_t until_us = clock_monotonic_us() + TIME_US;
    size_t sent = 0;

    for (;;) {
        struct pollfd both[] = {{.fd = child->out, .events = POLLIN},
                                {.fd = child->in, .events = POLLOUT}};
        int64_t left_us = until_us - clock_monotonic_us();

        if (left_us <= 0) {
            return;
        }
        if (poll(both, 2, (int)(left_us / 1000) + 1) <= 0) {
            continue;
        }
        if (child->in >= 0 && both[1].revents != 0) {
            feed(child, input, &sent);
        }
        if (both[0].revents != 0 && !drain(child, pdf)) {
            return;
        }
    }
}

/* Ends it, and tells whether it had done its work. */
static bool finish(struct child *child)
{
    int status = 0;

    close_end(&child->in);
    close_end(&child->out);
    if (child->pid <= 0) {
        return false;
    }
    /* One that has ended takes no notice; one that hangs is not waited for. */
    if (waitpid(child->pid, &status, WNOHANG) == 0) {
        usleep(50000);
        if (waitpid(child->pid, &status, WNOHANG) == 0) {
            (void)kill(child->pid, SIGKILL);
            (void)waitpid(child->pid, &status, 0);
        }
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool labels_compose(const struct buffer *input, struct buffer *ret_pdf, struct error *err)
{
    struct child child = {.pid = 0, .in = -1, .out = -1};

    if (atomic_fetch_add(&busy, 1) >= AT_ONCE) {
        atomic_fetch_sub(&busy, 1);
        return error_set(err, ERROR_UNAVAILABLE, "others are printing at the moment");
    }

    bool done = start(&child, err);

    if (done) {
        converse(&child, input, ret_pdf);
    }
    bool is_whole = finish(&child);

    atomic_fetch_sub(&busy, 1);
    if (done && (!is_whole || ret_pdf->length == 0)) {
        done = error_set(err, ERROR_DATA, "the labels cannot be put on a sheet");
    }
    return done;
}
