/*
 * Between a call and the HTTP library: its answer goes out, its query comes in for the journal.
 */
#ifndef SIMULATOR_WIRE_H
#define SIMULATOR_WIRE_H

#include <microhttpd.h>
#include <stdint.h>

#include "tests/simulator/call.h"

/* Sends the call's answer, or closes or resets the connection; what the access handler returns. */
enum MHD_Result wire_send(struct call *call);

/* Writes the call into the journal, without tokens and secrets. Returns the sequence number. */
uint64_t wire_journal(const struct call *call);

#endif
