#include "tests/simulator/options.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

struct number_option {
    int64_t least, most;
    size_t offset; /* of an int64_t in struct numbers */
};

/* The numeric options before they are narrowed to the fields of struct options. */
struct numbers {
    int64_t port, threads, shops, orders, order_bytes, order_status, latency_ms, seed;
};

static const struct option long_options[] = {
    {"port", required_argument, NULL, 'p'},
    {"port-file", required_argument, NULL, 'f'},
    {"threads", required_argument, NULL, 't'},
    {"shops", required_argument, NULL, 's'},
    {"orders", required_argument, NULL, 'o'},
    {"order-bytes", required_argument, NULL, 'b'},
    {"order-status", required_argument, NULL, 'u'},
    {"latency-ms", required_argument, NULL, 'l'},
    {"seed", required_argument, NULL, 'e'},
    {"partner-token", required_argument, NULL, 'k'},
    {"no-journal", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'v'},
    {NULL, 0, NULL, 0},
};

static const struct number_option number_options[256] = {
    ['p'] = {0, 65535, offsetof(struct numbers, port)},
    ['t'] = {1, 64, offsetof(struct numbers, threads)},
    ['s'] = {0, 1000000, offsetof(struct numbers, shops)},
    ['o'] = {0, 1000000, offsetof(struct numbers, orders)},
    ['b'] = {0, 1000000, offsetof(struct numbers, order_bytes)},
    ['u'] = {0, 10, offsetof(struct numbers, order_status)},
    ['l'] = {0, 600000, offsetof(struct numbers, latency_ms)},
    ['e'] = {0, INT64_MAX, offsetof(struct numbers, seed)},
};

static bool option_read_number(struct numbers *numbers, int option, const char *text,
                               struct error *err)
{
    const struct number_option *rule = &number_options[option];
    char *end = NULL;

    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < rule->least || value > rule->most) {
        return error_set(err, ERROR_USAGE, "cannot read '%s': a number from %lld to %lld is needed",
                         text, (long long)rule->least, (long long)rule->most);
    }
    *(int64_t *)(void *)((char *)numbers + rule->offset) = value;
    return true;
}

static bool option_read(struct options *options, struct numbers *numbers, int option,
                        struct error *err)
{
    switch (option) {
    case 'f':
        options->port_file = optarg;
        return true;
    case 'k':
        options->partner_token = optarg;
        return true;
    case 'j':
        options->journal = false;
        return true;
    case 'h':
        options->help = true;
        return true;
    case 'v':
        options->version = true;
        return true;
    case '?':
    case ':':
        return error_set(err, ERROR_USAGE, "cannot read the command line: see --help");
    default:
        return option_read_number(numbers, option, optarg, err);
    }
}

bool options_read(struct options *ret_options, int argument_count, char *const *arguments,
                  struct error *err)
{
    struct options options = {.journal = true};
    struct numbers numbers = {.threads = 1, .seed = 1};
    int option;

    optind = 1;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): before threads start */
    while ((option = getopt_long(argument_count, arguments, "", long_options, NULL)) != -1) {
        if (!option_read(&options, &numbers, option, err)) {
            return false;
        }
    }
    if (optind < argument_count) {
        return error_set(err, ERROR_USAGE, "cannot read '%s': an option starts with --",
                         arguments[optind]);
    }
    options.port = (uint16_t)numbers.port;
    options.threads = (int)numbers.threads;
    options.shops = numbers.shops;
    options.orders = numbers.orders;
    options.order_bytes = numbers.order_bytes;
    options.order_status = numbers.order_status;
    options.latency_ms = numbers.latency_ms;
    options.seed = (uint64_t)numbers.seed;
    *ret_options = options;
    return true;
}

void options_print_help(void)
{
    puts("usage: koppeling-simulator [OPTION]...\n"
         "Plays Mijnwebwinkel and Boekuwzending on 127.0.0.1, for tests, demo and benchmarks.\n"
         "\n"
         "  --port PORT           where to listen; 0, the default, takes a free port\n"
         "  --port-file FILE      write the port number there when ready\n"
         "  --threads N           threads that answer (1)\n"
         "  --shops N             shops at the start: shop1.., with tokens token-shop1.. (0)\n"
         "  --orders N            open orders of each of them (0)\n"
         "  --order-bytes N       wished size of an order; 0, the default, is 1 to 2 kB\n"
         "  --order-status N      status of the orders; 0, the default, is 1 or 3 by chance\n"
         "  --latency-ms N        time before every answer (0)\n"
         "  --seed N              another number gives other orders (1)\n"
         "  --partner-token TEXT  require this partner_token; default: any will do\n"
         "  --no-journal          do not record requests\n"
         "  --help, --version\n"
         "\n"
         "Addresses: Mijnwebwinkel at http://127.0.0.1:PORT, Boekuwzending at\n"
         "http://127.0.0.1:PORT/boekuwzending and .../boekuwzending-staging, control at\n"
         "http://127.0.0.1:PORT/_simulator (see tests/simulator/README.md).");
}
