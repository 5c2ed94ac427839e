/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Which origins may read what the module sends (Fetch standard, section 3.2). Credentials are never
 * allowed.
 */
#ifndef SI_CORS_H
#define SI_CORS_H

#include <apr_pools.h>
#include <apr_tables.h>

typedef enum {
    SI_CORS_ANY,  /* every origin: "*" */
    SI_CORS_NONE, /* no CORS headers: the operator may set them with mod_headers */
    SI_CORS_LIST  /* those listed */
} si_cors_mode_t;

typedef struct {
    si_cors_mode_t mode;
    apr_array_header_t *origins; /* const char *, as browsers serialize them; for SI_CORS_LIST */
} si_cors_t;

#define SI_CORS_METHODS "GET, HEAD, POST, OPTIONS"
#define SI_CORS_EXPOSED "Retry-After, x-amzn-RequestId, x-amzn-ErrorType"
#define SI_CORS_MAX_AGE "86400"

/*
 * Returns the origin in text, from pool, as a browser serializes it: "https://player.example" in
 * lower case, without the default port and without a path; "file://" or another app scheme, with or
 * without a host; or "null". Returns NULL if text is not an origin.
 */
const char *si_cors_origin(apr_pool_t *pool, const char *text);

/*
 * Returns the value of Access-Control-Allow-Origin for a request with this Origin header (NULL for
 * none): "*", the origin, or NULL if the header must not be sent.
 */
const char *si_cors_allow_origin(const si_cors_t *cors, const char *origin);

/*
 * Returns the value of Access-Control-Allow-Headers for a preflight with this
 * Access-Control-Request-Headers (NULL for none): requested if it is a list of header names, else
 * "content-type".
 */
const char *si_cors_allow_headers(const char *requested);

#endif
