/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* "scheme://host[:port]", as endpoints, bases and web origins are written (RFC 6454 section 6). */
#ifndef SI_ORIGIN_H
#define SI_ORIGIN_H

#include <apr_pools.h>

typedef struct {
    const char *scheme; /* in lower case; "" for no origin at all */
    const char *host;   /* in lower case: a name, or an address, IPv6 without its brackets; or "" */
    int is_ipv6;
    int port; /* as it is written; 0 if it is not */
} si_origin_t;

/*
 * Reads text, from pool. Without a host ("file://") a scheme of apps may be, but not http or https.
 * Returns whether text is an origin and nothing more: no path, user, query or fragment.
 */
int si_origin_parse(apr_pool_t *pool, const char *text, si_origin_t *origin);

/* Whether the scheme is http or https. */
int si_origin_is_http(const si_origin_t *origin);

/* The scheme's port, 0 if it has none. */
int si_origin_default_port(const si_origin_t *origin);

/* The origin as text, from pool, with the port as it is in origin; "" for no origin. */
const char *si_origin_print(apr_pool_t *pool, const si_origin_t *origin);

#endif
