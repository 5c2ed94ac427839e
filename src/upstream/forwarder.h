/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Sends session initializations to MediaTailor and returns its responses. Below it are the engine
 * (engine.h), one transfer each (transfer.h) and the names (resolver.h).
 *
 * One forwarder serves a child process, all its virtual hosts and workers. Its memory is malloc'ed
 * and lives as long as the process, so that a worker that outlives the stop still finds it there.
 */
#ifndef SI_FORWARDER_H
#define SI_FORWARDER_H

#include "upstream/exchange.h"

#include <apr_pools.h>
#include <apr_tables.h>

typedef struct si_forwarder_t si_forwarder_t;

/* Seconds between look-ups of an endpoint's name: AWS's own live for 60. */
#define SI_NAME_REFRESH 30

/*
 * Makes the forwarder of this process, after the fork. endpoints (const si_endpoint_t *) are those
 * that calls may name; their names are looked up anew every name_refresh seconds. At most max_calls
 * are under way at once. With an engine thread where is_threaded, else each worker drives its own
 * call. Returns NULL and the reason in *problem if that fails.
 */
si_forwarder_t *si_forwarder_start(const apr_array_header_t *endpoints, int max_calls,
                                   int name_refresh, int is_threaded, const char **problem);

/*
 * Ends the engine: what still waits is answered with SI_FORWARD_STOPPING, as is what comes later.
 */
void si_forwarder_stop(si_forwarder_t *forwarder);

/*
 * Makes one call and waits for its end. The response's strings are allocated from pool, on the
 * caller's thread. request need not outlive the call.
 */
void si_forward(si_forwarder_t *forwarder, const si_forward_request_t *request, apr_pool_t *pool,
                si_response_t *response);

#endif
