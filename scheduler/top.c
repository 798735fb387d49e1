/*
 * DESIGN. One thread that waits in one place, for a key, a signal or two seconds. A resize ends the
 * wait early. The terminal is put back on every way out of top_run(); signals only end the loop.
 */
#include "scheduler/top.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "common/database/database.h"
#include "common/database/migrate.h"
#include "common/memory.h"
#include "common/program.h"
#include "scheduler/top_page.h"

#define PAGE_LIMIT ((size_t)1 << 18)
enum { REFRESH_MS = 2000 };

static const struct {
    const char *title;
    const char *statement; /* in sql/queries */
} tables[] = {
    {"Work", "top_work"},
    {"Services", "top_services"},
    {"Queue", "top_kinds"},
    {"Shops that need attention", "top_shops"},
    {"What happened last", "top_events"},
};
enum { WORK = 0 };
/* What the first of them says at its end is its parameters the next time. */
enum { COUNTS = 3 };

struct top {
    const struct config *config;
    PGconn *connection;
    bool is_live;
    int signal_descriptor;
    struct termios terminal; /* as it was */
    char counts[COUNTS][48]; /* "": not known yet */
};

static void on_resize(int number)
{
    (void)number; /* it interrupts the wait, and that is all */
}

static bool write_all(const char *text)
{
    return fputs(text, stdout) != EOF && fflush(stdout) == 0;
}

static bool take_terminal(struct top *top)
{
    struct sigaction resized = {.sa_handler = on_resize};
    struct termios raw;

    if (tcgetattr(STDIN_FILENO, &top->terminal) != 0) {
        return false;
    }
    raw = top->terminal;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    sigemptyset(&resized.sa_mask);
    /* The other screen, without a cursor. */
    return sigaction(SIGWINCH, &resized, NULL) == 0 &&
           tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0 && write_all("\x1b[?1049h\x1b[?25l");
}

static void give_terminal_back(const struct top *top)
{
    (void)write_all("\x1b[?25h\x1b[?1049l");
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &top->terminal);
}

static struct top_size size_of_terminal(const struct top *top)
{
    struct winsize size = {.ws_col = 0};

    if (!top->is_live || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) {
        return (struct top_size){.columns = 0};
    }
    return (struct top_size){.columns = size.ws_col, .rows = size.ws_row};
}

static bool connect_database(struct top *top, struct error *err)
{
    PQfinish(top->connection);
    top->connection = NULL;
    return database_open(top->config->database_url, "koppeling top", &top->connection, err) &&
           migrate_check(top->connection, err);
}

static void remember_counts(struct top *top, const PGresult *work)
{
    int first = PQnfields(work) - COUNTS;

    for (int i = 0; i < COUNTS && first >= 0; i++) {
        snprintf(top->counts[i], sizeof(top->counts[i]), "%s", PQgetvalue(work, 0, first + i));
    }
}

/* A table of its own transaction, so that one that may not be looked at hides no other. */
static bool add_table(struct top *top, size_t index, struct buffer *page, struct error *err)
{
    const char *const counts[] = {top->counts[0], top->counts[1], top->counts[2], NULL};
    const char *const *parameters = index == WORK ? counts : NULL;
    AUTO(PQclear) PGresult *rows = NULL;
    bool is_read = database_begin(top->connection, err) &&
                   database_run(top->connection, "watch_limit", NULL, NULL, err) &&
                   database_run(top->connection, tables[index].statement, parameters, &rows, err);

    if (is_read) {
        top_page_table(page, tables[index].title, rows);
        if (index == WORK && PQntuples(rows) == 1) {
            remember_counts(top, rows);
        }
    } else if (err->code != ERROR_CONNECTION) {
        top_page_line(page, tables[index].title);
        top_page_line(page, err->code == ERROR_PERMISSION
                                ? "  not to be seen by this login: it needs koppeling_ops"
                                : err->text);
    }
    database_rollback(top->connection);
    return is_read || err->code != ERROR_CONNECTION;
}

static void add_head(struct buffer *page)
{
    time_t now = time(NULL);
    struct tm local = {0};
    char text[80];

    localtime_r(&now, &local);
    (void)strftime(text, sizeof(text), "koppeling " KOPPELING_VERSION ", %H:%M:%S", &local);
    top_page_line(page, text);
}

static bool fill_page(struct top *top, struct buffer *page, struct error *err)
{
    add_head(page);
    if (top->connection == NULL && !connect_database(top, err)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(tables); i++) {
        if (!add_table(top, i, page, err)) {
            PQfinish(top->connection);
            top->connection = NULL;
            return false;
        }
    }
    return true;
}

static bool show(struct top *top, struct error *err)
{
    AUTO(buffer) struct buffer page = BUFFER_INIT(PAGE_LIMIT);
    bool is_filled = fill_page(top, &page, err);

    if (!is_filled && top->is_live) {
        top_page_line(&page, err->text);
        is_filled = true;
    }
    AUTO(free) char *drawn = top_page_draw(&page, size_of_terminal(top), top->is_live);

    if (is_filled && !write_all(drawn)) {
        return error_set(err, ERROR_OUTPUT, "cannot write to standard output");
    }
    return is_filled;
}

/* True while it should go on. */
static bool wait_for_key(const struct top *top)
{
    struct pollfd descriptors[] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = top->signal_descriptor, .events = POLLIN},
    };
    char keys[16];

    if (poll(descriptors, 2, REFRESH_MS) <= 0) {
        return true; /* two seconds, or a resize */
    }
    if (program_take_signals(top->signal_descriptor) == PROGRAM_STOP) {
        return false;
    }
    if (descriptors[0].revents == 0) {
        return true;
    }
    ssize_t count = read(STDIN_FILENO, keys, sizeof(keys));

    /* Nothing to be read though there was something: the terminal is gone. */
    return count > 0 && memchr(keys, 'q', (size_t)count) == NULL;
}

static bool run_live(struct top *top, struct error *err)
{
    if (!program_read_signals(&top->signal_descriptor, err)) {
        return false;
    }
    if (!take_terminal(top)) {
        return error_set(err, ERROR_SYSTEM, "cannot set up the terminal");
    }
    bool is_shown = false;

    do {
        is_shown = show(top, err);
    } while (is_shown && wait_for_key(top));
    give_terminal_back(top);
    return is_shown;
}

bool top_run(const struct config *config, bool once, struct error *err)
{
    struct top top = {
        .config = config,
        .is_live = !once && isatty(STDOUT_FILENO) != 0 && isatty(STDIN_FILENO) != 0,
        .signal_descriptor = -1,
    };
    bool done =
        connect_database(&top, err) && (top.is_live ? run_live(&top, err) : show(&top, err));

    PQfinish(top.connection);
    if (top.signal_descriptor >= 0) {
        close(top.signal_descriptor);
    }
    return done;
}
