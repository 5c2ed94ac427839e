/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Which headers go to MediaTailor, and which ones of its response go to the player (contract
 * section 5).
 */
#ifndef SI_HEADERS_H
#define SI_HEADERS_H

#include <apr_pools.h>
#include <apr_tables.h>

/* The source of the request, as httpd sees it. */
typedef struct {
    const char *peer;   /* address of the connection's other end */
    const char *client; /* the player's address that mod_remoteip found, or NULL */
} si_viewer_t;

/*
 * Whether name may be configured to go upstream. Framing and hop-by-hop headers, credentials, and
 * headers that the module sets itself may not.
 */
int si_header_is_forwardable(const char *name);

/* Whether name goes upstream by default, or extra (may be NULL) already has it. */
int si_header_is_forwarded(const char *name, const apr_array_header_t *extra);

/*
 * Returns the headers for MediaTailor in order, name and value in turn, so always an even number of
 * const char *. incoming has the player's headers. extra (const char *, may be NULL) lists further
 * ones to forward unchanged. host is the Host to send, NULL for the endpoint's own. Headers that
 * Connection lists are left out. The strings are those of incoming or from pool. Returns NULL if a
 * value has a control byte.
 */
apr_array_header_t *si_upstream_headers(apr_pool_t *pool, const apr_table_t *incoming,
                                        const apr_array_header_t *extra, const char *host,
                                        const si_viewer_t *viewer);

/* Whether a header of MediaTailor's response goes to the player; name need not end at length. */
int si_response_header_passes(const char *name, apr_size_t length);

#endif
