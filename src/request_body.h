/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Reads what the player sends, up to a limit. */
#ifndef SI_REQUEST_BODY_H
#define SI_REQUEST_BODY_H

#include <httpd.h>

/* Once, with the hooks. */
void si_request_body_register_filter(void);

/*
 * Reads the whole body of r into *body, from r->pool, *length bytes long. Returns OK or the HTTP
 * status that tells what went wrong: 413 above max bytes (before anything is read where
 * Content-Length says so), 408 where the player stalls, 400 where it leaves or sends no valid
 * framing; AP_FILTER_ERROR where a filter has already answered. Nothing that came is kept then.
 */
int si_request_body_read(request_rec *r, apr_int64_t max, const char **body, apr_size_t *length);

#endif
