/*
 * The job kinds that exist. Adding one: a file in worker/jobs/, a line here and a row in
 * worker/jobs/job_kinds.c.
 */
#ifndef WORKER_JOBS_KINDS_H
#define WORKER_JOBS_KINDS_H

#include "worker/jobs/job_kind.h"

/* Does nothing: the canary and the queue benchmark. */
extern const struct job_kind job_kind_ping;

/* Checks a shop that was just connected: token, address, statuses. */
extern const struct job_kind job_kind_verify;

/* Reads the open orders of a shop and imports what is new or changed. */
extern const struct job_kind job_kind_poll;

/* Tells the shop that an order was shipped. */
extern const struct job_kind job_kind_mark_shipped;

/* Looks why an order is no longer in the list of open orders. */
extern const struct job_kind job_kind_confirm_order;

/* Books a shipment and fetches its labels. */
extern const struct job_kind job_kind_create_shipment;

/* Asks for services and prices. */
extern const struct job_kind job_kind_quote;

/* Puts an imported order at Boekuwzending. */
extern const struct job_kind job_kind_push_order;

/* Fetches labels as PDF. */
extern const struct job_kind job_kind_fetch_label;
/* Takes an order that was put at Boekuwzending back again. */
extern const struct job_kind job_kind_remove_order;

/* Asks Boekuwzending whose credentials an account has. */
extern const struct job_kind job_kind_verify_account;

/* Looks whether a label was made of a pushed order in the panel of Boekuwzending. */
extern const struct job_kind job_kind_watch_order;

/* Asks where the parcels of an order are. */
extern const struct job_kind job_kind_track_label;

#endif
