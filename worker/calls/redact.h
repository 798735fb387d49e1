/*
 * Secrets out of words that a service wrote: one may echo what it was asked with, and its words are
 * recorded and logged. The last line behind worker/api/problem.h, which blanks out what looks like
 * a token; this one knows the tokens. Pure; any thread.
 */
#ifndef WORKER_CALLS_REDACT_H
#define WORKER_CALLS_REDACT_H

/* Overwrites, in place, each occurrence of the secret with dots, as it is and percent-encoded. NULL
 * and "" are no secrets. */
void redact(char *text, const char *secret);

#endif
