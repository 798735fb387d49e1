/*
 * The command line.
 */
#ifndef SIMULATOR_OPTIONS_H
#define SIMULATOR_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/error.h"

struct options {
    uint16_t port; /* 0: a free one */
    const char *port_file;
    int threads;
    int64_t shops;
    int64_t orders; /* per shop */
    int64_t order_bytes;
    int64_t order_status;
    int64_t latency_ms;
    uint64_t seed;
    const char *partner_token;
    bool journal;
    bool help;
    bool version;
};

/* Fills *ret_options from main()'s arguments, whose texts it points to. ERROR_USAGE otherwise. */
bool options_read(struct options *ret_options, int argument_count, char *const *arguments,
                  struct error *err) MUSTCHECK;

void options_print_help(void);

#endif
