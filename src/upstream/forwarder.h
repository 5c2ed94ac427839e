/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Sends session initializations to MediaTailor and returns its responses. It uses the engine
 * (engine.h), a transfer per call (transfer.h) and the resolver (resolver.h).
 *
 * One forwarder serves all vhosts and workers of a child process. Its memory is malloc'ed and lives
 * as long as the process, so that a worker can still use it after the stop.
 */
#ifndef SI_FORWARDER_H
#define SI_FORWARDER_H

#include "upstream/exchange.h"
#include "upstream/nodes.h"

#include <apr_pools.h>
#include <apr_tables.h>

typedef struct si_forwarder_t si_forwarder_t;

/* Seconds between look-ups of an endpoint's name. AWS's own DNS records have a TTL of 60. */
#define SI_NAME_REFRESH 30

/*
 * Creates the forwarder of this process, after the fork. Calls may use only endpoints (const
 * si_endpoint_t *); their names are looked up again every name_refresh seconds. At most max_calls
 * calls are under way at the same time. If is_threaded, it has an engine thread; else the only
 * worker runs its own call. Returns NULL and an error message in *problem if that fails.
 */
si_forwarder_t *si_forwarder_start(const apr_array_header_t *endpoints, int max_calls,
                                   int name_refresh, int is_threaded, const char **problem);

/* Ends the engine. Calls that still wait, and all later ones, end with SI_FORWARD_STOPPING. */
void si_forwarder_stop(si_forwarder_t *forwarder);

/*
 * Makes one call and waits for its end. The response's strings are allocated from pool, on the
 * caller's thread. request may be freed after the return.
 */
void si_forward(si_forwarder_t *forwarder, const si_forward_request_t *request, apr_pool_t *pool,
                si_response_t *response);

/*
 * Copies the next address of endpoint that has been left out, or is back, to *node and returns 1; 0
 * if there is none. Each is reported once.
 */
int si_forwarder_take_news(si_forwarder_t *forwarder, const si_endpoint_t *endpoint,
                           si_node_t *node);

/*
 * Copies what is known of the addresses of endpoint's name to nodes, with space for
 * SI_ADDRESS_MAX. Returns how many there are; 0 if the host is an address itself.
 */
int si_forwarder_addresses(si_forwarder_t *forwarder, const si_endpoint_t *endpoint,
                           si_node_t *nodes);

#endif
