#include "panel/people.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "common/database/database.h"
#include "common/memory.h"
#include "panel/session/password.h"

#define LINE_SIZE (PASSWORD_MOST + 2)

/* Reads a line without its end; false at the end of the input or for one that is too long. */
static bool read_line(char *ret_line, size_t size)
{
    if (fgets(ret_line, (int)size, stdin) == NULL) {
        return false;
    }

    size_t length = strcspn(ret_line, "\r\n");
    bool is_whole = ret_line[length] != '\0' || feof(stdin) != 0;

    ret_line[length] = '\0';
    return is_whole;
}

/* Asks on the terminal, without showing what is typed. */
static bool ask(const char *question, char *ret_line, size_t size)
{
    struct termios before;
    bool is_terminal = tcgetattr(STDIN_FILENO, &before) == 0;

    if (is_terminal) {
        struct termios silent = before;

        silent.c_lflag &= ~(tcflag_t)ECHO;
        fputs(question, stderr);
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }

    bool done = read_line(ret_line, size);

    if (is_terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputs("\n", stderr);
    }
    return done;
}

static bool read_password(char ret_hash[PASSWORD_HASH_SIZE], struct error *err)
{
    char password[LINE_SIZE];
    char again[LINE_SIZE];
    bool done = ask("Password: ", password, sizeof(password));

    if (!done) {
        (void)error_set(err, ERROR_DATA, "there is no password on standard input");
    } else if (isatty(STDIN_FILENO) == 1 &&
               (!ask("Once more: ", again, sizeof(again)) || strcmp(password, again) != 0)) {
        done = error_set(err, ERROR_DATA, "the two passwords differ");
    }
    done = done && password_hash(password, ret_hash, err);
    explicit_bzero(password, sizeof(password));
    explicit_bzero(again, sizeof(again));
    return done;
}

static bool run(const struct config *config, const char *name, const char *const *parameters,
                struct error *err)
{
    AUTO(PQfinish) PGconn *connection = NULL;

    return database_open(config->database_url, "koppeling-panel people", &connection, err) &&
           database_run(connection, name, parameters, NULL, err);
}

bool people_add(const struct config *config, const struct people_user *user, struct error *err)
{
    char hash[PASSWORD_HASH_SIZE];
    /* The list ends at a NULL, so an account that is not given is an empty text. */
    const char *const parameters[] = {user->login,    hash,
                                      user->role,     user->account != NULL ? user->account : "",
                                      user->language, NULL};

    return read_password(hash, err) && run(config, "panel_add_user", parameters, err);
}

bool people_set_password(const struct config *config, const char *login, struct error *err)
{
    char hash[PASSWORD_HASH_SIZE];
    const char *const parameters[] = {login, hash, NULL};

    return read_password(hash, err) && run(config, "panel_set_password", parameters, err);
}
