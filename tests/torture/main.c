/*
 * Allocation torture of a fuzz target: torture_<parser> SEED MOST FILE...
 *
 * Each input is processed once undisturbed, which counts its allocations, then again and again in
 * a process of its own where one of them fails: each in turn, or MOST of them drawn by lot; alone,
 * and with all that follow. What may come of it is the orderly end of common/memory.h, or what came
 * of it undisturbed; a signal, a report of a sanitizer, a leak or another outcome is a finding.
 *
 * All memory of our code, jansson and libcurl goes through the wrappers below (-Wl,--wrap).
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "worker/api/text/scratch.h"

/* More than any input of the corpus. */
#define INPUT_LIMIT ((size_t)4 << 20)
/* What a process says is kept up to here. */
#define WORDS_SIZE 8192

/* What a process tells its parent. */
struct account {
    uint64_t allocations;
    uint64_t digest; /* of all that fuzz_note() was told */
};

static struct account *account;
/* The allocation that fails, from 1; 0: none. */
static uint64_t fails_at;
static bool fails_on;
static bool is_running;

static bool fails(void)
{
    if (!is_running) {
        return false;
    }

    uint64_t number = ++account->allocations;

    if (fails_at == 0 || number < fails_at || (number > fails_at && !fails_on)) {
        return false;
    }
    errno = ENOMEM;
    return true;
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
#define WRAP(type, name, parameters, failure, arguments)                                           \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        return fails() ? (failure) : __real_##name arguments;                                      \
    }

WRAP(void *, malloc, (size_t size), NULL, (size))
WRAP(void *, calloc, (size_t count, size_t size), NULL, (count, size))
WRAP(void *, realloc, (void *memory, size_t size), NULL, (memory, size))
WRAP(char *, strdup, (const char *text), NULL, (text))
WRAP(char *, strndup, (const char *text, size_t length), NULL, (text, length))
WRAP(int, vasprintf, (char **ret_text, const char *format, va_list arguments), -1,
     (ret_text, format, arguments))
WRAP(int, __vasprintf_chk, (char **ret_text, int flag, const char *format, va_list arguments), -1,
     (ret_text, flag, format, arguments))
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* FNV-1a. */
void fuzz_note(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        account->digest = (account->digest ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
    }
}

struct input {
    const char *path;
    uint8_t *bytes;
    size_t length;
};

struct totals {
    unsigned long long inputs, allocations, failed, exhausted, unchanged, findings;
};

static bool input_read(const char *path, struct input *ret_input)
{
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        fprintf(stderr, "cannot read '%s': %s\n", path, error_reason(errno));
        return false;
    }

    uint8_t *bytes = xcalloc(INPUT_LIMIT, 1);
    size_t length = fread(bytes, 1, INPUT_LIMIT, file);

    (void)fclose(file);
    /* Of just the right size, for the sanitizers. */
    *ret_input = (struct input){path, xreallocarray(bytes, length, 1), length};
    return true;
}

/* Processes the input in a process of its own; returns how that ended, for waitpid()'s macros. */
static int run(const struct input *input, int words, uint64_t at, bool on)
{
    int status = 0;

    *account = (struct account){.digest = UINT64_C(0xcbf29ce484222325)};
    (void)!ftruncate(words, 0);
    (void)lseek(words, 0, SEEK_SET);

    pid_t child = fork();

    if (child == 0) {
        (void)dup2(words, STDERR_FILENO);
        fails_at = at;
        fails_on = on;
        is_running = true;
        (void)LLVMFuzzerTestOneInput(input->bytes, input->length);
        is_running = false;
        /* Through the check for leaks. */
        /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
        exit(EXIT_SUCCESS);
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return child > 0 ? status : EX_OSERR << 8;
}

static bool says_exhausted(int words)
{
    static const char wanted[] = "out of memory\n";
    char said[sizeof(wanted)] = "";

    return pread(words, said, sizeof(said), 0) == (ssize_t)sizeof(wanted) - 1 &&
           strcmp(said, wanted) == 0;
}

static void report(const struct input *input, int words, int status, const char *what)
{
    char said[WORDS_SIZE] = "";

    (void)!pread(words, said, sizeof(said) - 1, 0);
    fprintf(stderr, "%s, %s of allocation %llu: %s (%s %d)\n%s\n", input->path,
            fails_on ? "failure from there on" : "failure", (unsigned long long)fails_at, what,
            WIFSIGNALED(status) ? "signal" : "status",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), said);
}

static void strike(const struct input *input, int words, uint64_t digest, struct totals *totals)
{
    int status = run(input, words, fails_at, fails_on);

    totals->failed++;
    if (WIFEXITED(status) && WEXITSTATUS(status) == EX_OSERR && says_exhausted(words)) {
        totals->exhausted++;
    } else if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS &&
               account->digest == digest) {
        totals->unchanged++;
    } else {
        totals->findings++;
        report(input, words, status,
               WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS ? "another outcome"
                                                                        : "a bad end");
    }
}

static void torture(const struct input *input, int words, uint64_t most, struct totals *totals)
{
    fails_at = 0;
    fails_on = false;

    int status = run(input, words, 0, false);
    uint64_t allocations = account->allocations;
    uint64_t digest = account->digest;

    totals->inputs++;
    totals->allocations += allocations;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS) {
        totals->findings++;
        report(input, words, status, "a bad end without any failure");
        return;
    }
    for (uint64_t i = 0; i < allocations && i < most; i++) {
        fails_at = allocations <= most ? i + 1 : (uint64_t)random() % allocations + 1;
        fails_on = false;
        strike(input, words, digest, totals);
        fails_on = true;
        strike(input, words, digest, totals);
    }
}

int main(int argument_count, char **arguments)
{
    struct totals totals = {.inputs = 0};
    struct error err = ERROR_INIT;
    int words = memfd_create("words", MFD_CLOEXEC);

    account =
        mmap(NULL, sizeof(*account), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (argument_count < 3 || words < 0 || account == MAP_FAILED || !memory_start(&err)) {
        fprintf(stderr, "usage: torture_<parser> SEED MOST FILE...\n");
        return EX_USAGE;
    }
    scratch_install();
    srandom((unsigned)strtoul(arguments[1], NULL, 10));
    for (int i = 3; i < argument_count; i++) {
        struct input input;

        if (!input_read(arguments[i], &input)) {
            return EX_NOINPUT;
        }
        torture(&input, words, strtoull(arguments[2], NULL, 10), &totals);
        free(input.bytes);
    }
    printf("%llu inputs, %llu allocations, %llu failed: %llu out of memory, %llu unchanged, "
           "%llu findings\n",
           totals.inputs, totals.allocations, totals.failed, totals.exhausted, totals.unchanged,
           totals.findings);
    return totals.findings == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
