/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Reads what the player sends, up to a limit. */
#ifndef SI_REQUEST_BODY_H
#define SI_REQUEST_BODY_H

#include <httpd.h>

typedef enum {
    SI_BODY_READ,        /* the whole of it */
    SI_BODY_ANSWERED,    /* a filter has answered already */
    SI_BODY_BROKEN,      /* broken off, or its framing is not valid */
    SI_BODY_TIMEOUT,     /* the player stalls */
    SI_BODY_TOO_LARGE,   /* above a limit, packed or unpacked */
    SI_BODY_TOO_PACKED,  /* unpacks to more times its size than mod_deflate allows */
    SI_BODY_ENCODED,     /* has a Content-Encoding that no input filter removes */
    SI_BODY_BAD_ENCODING /* is not what its Content-Encoding says */
} si_body_outcome_t;

/* Once, with the hooks. */
void si_request_body_register_filter(void);

/*
 * The content codings that a body may have, as Accept-Encoding lists them. Ask before the body is
 * read: an input filter with nothing to do removes itself.
 */
const char *si_request_body_codings(const request_rec *r);

/*
 * Reads the whole body of r, as the input filters leave it, into *body, from r->pool, *length bytes
 * long. At most max bytes are kept. Where Content-Length is above max, or no filter could decode
 * the body, nothing is read; what a filter leaves encoded is refused after its first read. *body
 * and *length are set with SI_BODY_READ alone.
 */
si_body_outcome_t si_request_body_read(request_rec *r, apr_int64_t max, const char **body,
                                       apr_size_t *length);

#endif
