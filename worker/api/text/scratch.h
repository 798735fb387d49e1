/*
 * Memory for what jansson makes while one document is looked at: side by side in a few blocks,
 * instead of hundreds of blocks of their own, and wiped and given back at once.
 *
 *   scratch_open();
 *   json = json_loadb(...); ...; json_decref(json);
 *   scratch_close();
 *
 * Nothing that jansson made in between may be used afterwards, nor anything older be changed in
 * between, since it would point into it. Texts belong to json_write.h, so they are not part of it.
 * Each thread has its own. With the address sanitizer each block stays one of its own, so that it
 * sees what is used too late.
 */
#ifndef WORKER_API_TEXT_SCRATCH_H
#define WORKER_API_TEXT_SCRATCH_H

#include <stddef.h>

#include "common/cleanup.h"

/* Has jansson allocate through this file. Once, behind memory_start() and before threads start. */
void scratch_install(void);

/* From here on, on this thread. They do not nest. */
void scratch_open(void);

/* Wipes and frees all. */
void scratch_close(void);

/* What jansson calls: from the scratch while it is open, else as wiping.h does. */
void *scratch_malloc(size_t size) MUSTCHECK;
void scratch_free(void *memory);

#endif
