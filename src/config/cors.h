/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Which origins may read the module's answers (Fetch standard, section 3.2). Credentials never. */
#ifndef SI_CORS_H
#define SI_CORS_H

#include <apr_pools.h>
#include <apr_tables.h>

typedef enum {
    SI_CORS_ANY,  /* every origin: "*" */
    SI_CORS_NONE, /* no CORS headers: mod_headers' business */
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
 * The origin in text as a browser would serialize it: "https://player.example" in lower case, with
 * no default port and no path; "file://" or another scheme of apps, with or without a host; "null".
 * From pool; NULL if text is not an origin.
 */
const char *si_cors_origin(apr_pool_t *pool, const char *text);

/*
 * The value of Access-Control-Allow-Origin for a request with this Origin header (NULL for none):
 * "*", the origin, or NULL where the header must not stand.
 */
const char *si_cors_allow_origin(const si_cors_t *cors, const char *origin);

/*
 * The value of Access-Control-Allow-Headers for a preflight that asks for requested (NULL for
 * nothing): what was asked for where it is a list of header names, else "content-type".
 */
const char *si_cors_allow_headers(const char *requested);

#endif
