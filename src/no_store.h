/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Keeps caches from what this module sends. Both are for a handler. */
#ifndef SI_NO_STORE_H
#define SI_NO_STORE_H

#include <httpd.h>

/* Cache-Control: no-store, to which mod_expires adds nothing. */
void si_set_no_store(request_rec *r);

/* mod_expires would add a max-age and Expires to a response that has its own Cache-Control. */
void si_keep_expires_out(request_rec *r);

#endif
