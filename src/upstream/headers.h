/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Which headers go to MediaTailor and which of its answer go back (contract section 5). */
#ifndef SI_HEADERS_H
#define SI_HEADERS_H

#include <apr_pools.h>
#include <apr_tables.h>

/* Where the request came from, as httpd sees it. */
typedef struct {
    const char *peer;   /* address of the connection's other end */
    const char *client; /* what mod_remoteip has found, or NULL */
} si_viewer_t;

/*
 * Whether name may be configured to go upstream: not what frames the message, holds for one hop,
 * carries credentials, or is set by the module itself.
 */
int si_header_is_forwardable(const char *name);

/* Whether name goes upstream anyway, or extra (may be NULL) has it already. */
int si_header_is_forwarded(const char *name, const apr_array_header_t *extra);

/*
 * The headers for MediaTailor in their order: name and value in turn, so always an even number of
 * const char *. incoming is the player's; extra (const char *, may be NULL) names further ones that
 * go as sent; host is the Host to send, NULL for the endpoint's own. Headers that Connection names
 * stay behind. The strings are incoming's or from pool. Returns NULL where a value holds a control
 * byte.
 */
apr_array_header_t *si_upstream_headers(apr_pool_t *pool, const apr_table_t *incoming,
                                        const apr_array_header_t *extra, const char *host,
                                        const si_viewer_t *viewer);

/* Whether a header of MediaTailor's response goes to the player; name need not end at length. */
int si_response_header_passes(const char *name, apr_size_t length);

#endif
