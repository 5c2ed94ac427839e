/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Keeps what this module sends out of caches. Both functions are called by a handler. */
#ifndef SI_NO_STORE_H
#define SI_NO_STORE_H

#include <httpd.h>

/* Sets Cache-Control: no-store, and keeps mod_expires from adding to it. */
void si_set_no_store(request_rec *r);

/*
 * Removes the filter of mod_expires, for a response with its own Cache-Control: mod_expires would
 * add max-age and Expires.
 */
void si_keep_expires_out(request_rec *r);

#endif
