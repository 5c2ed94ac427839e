/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Reads what the player sends, up to a limit. */
#ifndef SI_REQUEST_BODY_H
#define SI_REQUEST_BODY_H

#include <httpd.h>

typedef enum {
    SI_BODY_READ,        /* it is complete */
    SI_BODY_ANSWERED,    /* a filter has already sent a response */
    SI_BODY_BROKEN,      /* incomplete, or its framing is not valid */
    SI_BODY_TIMEOUT,     /* the player stopped sending */
    SI_BODY_TOO_LARGE,   /* above a limit, before or after decoding */
    SI_BODY_TOO_PACKED,  /* its compression ratio is above mod_deflate's limit */
    SI_BODY_ENCODED,     /* has a Content-Encoding that no input filter decodes */
    SI_BODY_BAD_ENCODING /* does not match its Content-Encoding */
} si_body_outcome_t;

/* Call once, when hooks are registered. */
void si_request_body_register_filter(void);

/*
 * Returns the content codings that a body may have, in the format of Accept-Encoding. Call it
 * before the body is read: an input filter that has nothing to do removes itself.
 */
const char *si_request_body_codings(const request_rec *r);

/*
 * Reads the whole body of r, after the input filters, into *body, from r->pool, *length bytes long.
 * At most max bytes are kept. Nothing is read if Content-Length is above max or no filter could
 * decode the body. If a filter leaves the body encoded, it is refused after the first read. *body
 * and *length are set only with SI_BODY_READ.
 */
si_body_outcome_t si_request_body_read(request_rec *r, apr_int64_t max, const char **body,
                                       apr_size_t *length);

#endif
