/*
 * Faults by number, in any program: LD_PRELOAD=faults.so TORTURE=CALL:HOW:N[:ERRNO] PROGRAM...
 *
 * CALL is a name of the table below; HOW is what happens at the Nth such call of the process:
 *   once   it fails with ERRNO, which for `allocate` is ENOMEM
 *   burst  so do the nine after it
 *   on     so do all after it
 *   kill   the process is killed there, before the call
 * TORTURE_NOTES names a file to which "hit" is appended when it happened, and at an orderly end of
 * the process how many calls of each name there were. Nothing in here allocates.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BURST 10

enum call {
    ALLOCATE,
    SEND,
    RECV,
    READ,
    WRITE,
    POLL,
    EPOLL_WAIT,
    EPOLL_CTL,
    SOCKET,
    CONNECT,
    OPEN,
    EVENTFD,
    THREAD,
    CALLS,
};

static const char *const names[CALLS] = {
    [ALLOCATE] = "allocate",
    [SEND] = "send",
    [RECV] = "recv",
    [READ] = "read",
    [WRITE] = "write",
    [POLL] = "poll",
    [EPOLL_WAIT] = "epoll_wait",
    [EPOLL_CTL] = "epoll_ctl",
    [SOCKET] = "socket",
    [CONNECT] = "connect",
    [OPEN] = "open",
    [EVENTFD] = "eventfd",
    [THREAD] = "pthread_create",
};

static atomic_uint_fast64_t counts[CALLS];
/* Written by prepare() before there are threads. */
static bool is_armed;
static bool kills;
static enum call struck;
static uint64_t first, last;
static int error_number = ENOMEM;
static int notes = -1;

static void note(const char *text)
{
    if (notes >= 0) {
        (void)!syscall(SYS_write, notes, text, strlen(text));
    }
}

/* Counts a call; whether it fails, and then errno is set. */
static bool strikes(enum call call)
{
    uint64_t number = atomic_fetch_add(&counts[call], 1) + 1;

    if (!is_armed || call != struck || number < first || number > last) {
        return false;
    }
    if (number == first) {
        note("hit\n");
    }
    if (kills) {
        (void)kill(getpid(), SIGKILL);
    }
    errno = error_number;
    return true;
}

static uint64_t read_plan(const char *plan)
{
    size_t length = strcspn(plan, ":");
    const char *how = plan[length] != '\0' ? plan + length + 1 : "";
    const char *number = strchr(how, ':');
    char *end = NULL;

    for (struck = 0; struck < CALLS; struck++) {
        if (strlen(names[struck]) == length && strncmp(names[struck], plan, length) == 0) {
            break;
        }
    }
    if (struck == CALLS || number == NULL) {
        return 0;
    }
    first = last = strtoull(number + 1, &end, 10);
    if (strncmp(how, "on:", 3) == 0) {
        last = UINT64_MAX;
    } else if (strncmp(how, "burst:", 6) == 0) {
        last = first + BURST - 1;
    } else if (strncmp(how, "kill:", 5) == 0) {
        kills = true;
    } else if (strncmp(how, "once:", 5) != 0) {
        return 0;
    }
    if (*end == ':') {
        error_number = (int)strtol(end + 1, NULL, 10);
    }
    return first;
}

__attribute__((constructor)) static void prepare(void)
{
    /* NOLINTBEGIN(concurrency-mt-unsafe): before threads start */
    const char *plan = getenv("TORTURE");
    const char *path = getenv("TORTURE_NOTES");

    /* NOLINTEND(concurrency-mt-unsafe) */

    if (path != NULL) {
        notes = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                             0600);
    }
    if (plan == NULL) {
        return;
    }
    if (read_plan(plan) == 0) {
        note("TORTURE cannot be understood\n");
        _exit(EXIT_FAILURE);
    }
    is_armed = true;
}

__attribute__((destructor)) static void tell(void)
{
    for (size_t i = 0; i < CALLS; i++) {
        char line[64];

        snprintf(line, sizeof(line), "%s %llu\n", names[i], (unsigned long long)counts[i]);
        note(line);
    }
}

/* Memory. The real ones have names of their own, so that dlsym() is not needed to get memory. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

void *malloc(size_t size)
{
    return strikes(ALLOCATE) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return strikes(ALLOCATE) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    return strikes(ALLOCATE) ? NULL : __libc_realloc(memory, size);
}

/* A connection that fails so is dead, and not only for this call. */
static bool breaks(enum call call, int descriptor)
{
    if (!strikes(call)) {
        return false;
    }
    if (error_number == ECONNRESET || error_number == EPIPE || error_number == ETIMEDOUT) {
        (void)shutdown(descriptor, SHUT_RDWR);
        errno = error_number;
    }
    return true;
}

/* The rest fail or are passed on. */
#define REAL(name)            (__extension__((__typeof__(&(name)))dlsym(RTLD_NEXT, #name)))
#define PASS(call, name, ...) (strikes(call) ? -1 : REAL(name)(__VA_ARGS__))

/* Memory of libsodium, for keys. */
void *sodium_malloc(size_t size);

void *sodium_malloc(size_t size)
{
    return strikes(ALLOCATE) ? NULL : REAL(sodium_malloc)(size);
}

ssize_t send(int descriptor, const void *bytes, size_t length, int flags)
{
    return breaks(SEND, descriptor) ? -1 : REAL(send)(descriptor, bytes, length, flags);
}

ssize_t recv(int descriptor, void *bytes, size_t length, int flags)
{
    return breaks(RECV, descriptor) ? -1 : REAL(recv)(descriptor, bytes, length, flags);
}

ssize_t read(int descriptor, void *bytes, size_t length)
{
    return PASS(READ, read, descriptor, bytes, length);
}

ssize_t write(int descriptor, const void *bytes, size_t length)
{
    return PASS(WRITE, write, descriptor, bytes, length);
}

int poll(struct pollfd *descriptors, nfds_t count, int timeout)
{
    return PASS(POLL, poll, descriptors, count, timeout);
}

int epoll_wait(int epoll, struct epoll_event *events, int most, int timeout)
{
    return PASS(EPOLL_WAIT, epoll_wait, epoll, events, most, timeout);
}

int epoll_ctl(int epoll, int operation, int descriptor, struct epoll_event *event)
{
    return PASS(EPOLL_CTL, epoll_ctl, epoll, operation, descriptor, event);
}

int socket(int domain, int type, int protocol)
{
    return PASS(SOCKET, socket, domain, type, protocol);
}

int connect(int descriptor, __CONST_SOCKADDR_ARG address, socklen_t length)
{
    return PASS(CONNECT, connect, descriptor, address, length);
}

int eventfd(unsigned value, int flags)
{
    return PASS(EVENTFD, eventfd, value, flags);
}

int open(const char *path, int flags, ...)
{
    va_list arguments;

    va_start(arguments, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return PASS(OPEN, open, path, flags, mode);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *context)
{
    return strikes(THREAD) ? error_number : REAL(pthread_create)(thread, attributes, run, context);
}
