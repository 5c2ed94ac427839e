/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Parses and prints "scheme://host[:port]": endpoints, playback bases and web origins (RFC 6454
 * section 6).
 */
#ifndef SI_ORIGIN_H
#define SI_ORIGIN_H

#include <apr_pools.h>

typedef struct {
    const char *scheme; /* in lower case; "" for no origin */
    const char *host;   /* name or address in lower case, IPv6 without brackets; may be "" */
    int is_ipv6;
    int port; /* as written; 0 if not given */
} si_origin_t;

/*
 * Parses text; the strings of *origin are from pool. Only http and https need a host: "file://" is
 * an origin too. Returns whether text is an origin without path, user info, query and fragment.
 */
int si_origin_parse(apr_pool_t *pool, const char *text, si_origin_t *origin);

/* Whether the scheme is http or https. */
int si_origin_is_http(const si_origin_t *origin);

/* The default port of the scheme, 0 if it has none. */
int si_origin_default_port(const si_origin_t *origin);

/* Returns the origin as text, from pool, with the port only if it was given; "" for no origin. */
const char *si_origin_print(apr_pool_t *pool, const si_origin_t *origin);

#endif
