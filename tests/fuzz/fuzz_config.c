/*
 * Settings: an input is a program (its first byte), then fields "NAME=value", which become
 * variables of the environment, and "--flag..." and others, which become arguments. A variable
 * whose name ends in _FILE names a file that holds the value.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "common/config/config.h"
#include "common/config/setting.h"
#include "tests/fuzz/fuzz.h"

#define FIELDS 24

/* Values as long as this that are secret must not turn up in an error; shorter ones do so by
 * chance. */
#define TELLING_LENGTH 8

struct crafted {
    char *fields[FIELDS];       /* the name of a variable, or an argument */
    const char *values[FIELDS]; /* of a variable; NULL for an argument */
    char *arguments[FIELDS + 1];
    int argument_count;
    int files[FIELDS];
    int file_count;
};

/* A file in memory with this content; its path is written to `ret_path`. */
static void make_file(struct crafted *crafted, const char *content, char ret_path[40])
{
    int file = memfd_create("fuzz", MFD_CLOEXEC);

    REQUIRE(file >= 0 && write(file, content, strlen(content)) == (ssize_t)strlen(content));
    crafted->files[crafted->file_count++] = file;
    snprintf(ret_path, 40, "/proc/self/fd/%d", file);
}

static bool ends_in(const char *text, const char *end)
{
    return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

/* Only our own variables are set: others would change how the process itself works. */
static bool is_ours(const char *name)
{
    return strncmp(name, "KOPPELING_", 10) == 0 &&
           name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_")] == '\0';
}

static void set_variable(struct crafted *crafted, const char *name, const char *value)
{
    if (ends_in(name, "_FILE") && strcmp(name, "KOPPELING_CA_FILE") != 0) {
        char path[40];

        make_file(crafted, value, path);
        setenv(name, path, 1);
    } else {
        setenv(name, value, 1);
    }
}

static void craft(struct crafted *crafted, struct fuzz_input *input)
{
    static char program[] = "fuzz";

    *crafted = (struct crafted){.arguments = {program}, .argument_count = 1};
    for (size_t i = 0; i < FIELDS && input->left > 0; i++) {
        char *field = fuzz_take_text(input);
        char *equals = strchr(field, '=');

        crafted->fields[i] = field;
        if (equals != NULL) {
            *equals = '\0';
            if (is_ours(field)) {
                crafted->values[i] = equals + 1;
                set_variable(crafted, field, equals + 1);
                continue;
            }
            *equals = '=';
        }
        crafted->arguments[crafted->argument_count++] = field;
    }
}

/* The process is as it was before, so that an input does not depend on the one before it. */
static void clean_up(struct crafted *crafted)
{
    for (size_t i = 0; i < FIELDS; i++) {
        if (crafted->values[i] != NULL) {
            unsetenv(crafted->fields[i]);
        }
        free(crafted->fields[i]);
    }
    for (int i = 0; i < crafted->file_count; i++) {
        close(crafted->files[i]);
    }
}

static void require_url(const char *url)
{
    REQUIRE(strncmp(url, "https://", 8) == 0 || strncmp(url, "http://127.", 11) == 0 ||
            strncmp(url, "http://localhost", 16) == 0 || strncmp(url, "http://[::1]", 12) == 0);
    REQUIRE(strpbrk(url, "?#@ ") == NULL && !ends_in(url, "/"));
}

static void require_token(const char *token)
{
    for (; token != NULL && *token != '\0'; token++) {
        REQUIRE(*token > ' ' && *token < 0x7F);
    }
}

static void require_sense(const struct config *config)
{
    REQUIRE(config->threads >= 1 && config->threads <= 64);
    REQUIRE(config->in_flight >= 1 && config->in_flight <= 10000);
    REQUIRE(config->lease_us >= 5000000 && config->lease_us <= INT64_C(3600000000));
    REQUIRE(config->grace_us >= 0 && config->grace_us <= 600000000);
    REQUIRE(config->tick_us >= 1000000 && config->tick_us <= INT64_C(3600000000));
    REQUIRE(config->request_timeout_us >= 1000000 && config->request_timeout_us <= 300000000);
    REQUIRE(config->log_level <= LOG_LEVEL_ERROR && config->log_format <= LOG_FORMAT_JSON);
    REQUIRE(config->prepare <= CONFIG_PREPARE_OFF);
    require_url(config->mijnwebwinkel_url);
    require_url(config->boekuwzending_url);
    require_url(config->boekuwzending_staging_url);
    require_token(config->partner_token);
    require_token(config->secret_key);
    require_token(config->previous_secret_key);
}

/* Whether the text is also part of what was given openly. */
static bool is_argument(const struct crafted *crafted, const char *text)
{
    for (int i = 0; i < crafted->argument_count; i++) {
        if (strstr(crafted->arguments[i], text) != NULL) {
            return true;
        }
    }
    return false;
}

static void require_silence(const struct crafted *crafted, const char *text)
{
    size_t count = 0;
    const struct config_setting *settings = config_settings(&count);

    for (size_t i = 0; i < FIELDS && crafted->fields[i] != NULL; i++) {
        const char *value = crafted->values[i];

        for (size_t j = 0; j < count && value != NULL && strlen(value) >= TELLING_LENGTH; j++) {
            if (settings[j].is_confidential && settings[j].parse == config_parse_token &&
                strcmp(settings[j].variable, crafted->fields[i]) == 0 &&
                !is_argument(crafted, value)) {
                REQUIRE(strstr(text, value) == NULL);
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    enum config_program program =
        fuzz_take_byte(&input) % 2 == 0 ? CONFIG_WORKER : CONFIG_SCHEDULER;
    struct config config = {.threads = -7};
    struct error err = ERROR_INIT;
    struct crafted crafted;

    craft(&crafted, &input);
    if (config_load(&config, program, crafted.argument_count, crafted.arguments, &err)) {
        require_sense(&config);
        REQUIRE(getenv("KOPPELING_SECRET_KEY") == NULL);
        config_release(&config);
    } else {
        REQUIRE(config.threads == -7);
        REQUIRE(err.code == ERROR_USAGE || err.code == ERROR_CONFIG);
        REQUIRE(err.text[0] != '\0');
        require_silence(&crafted, err.text);
    }
    clean_up(&crafted);
    return 0;
}
