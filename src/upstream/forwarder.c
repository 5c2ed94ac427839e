/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "upstream/forwarder.h"

#include "base/chars.h"
#include "base/clock.h"
#include "base/thread.h"
#include "upstream/engine.h"
#include "upstream/tls.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * libcurl ends a call at its time limit. If a worker still waits this long after the limit, the
 * engine does not work any more.
 */
#define SAFETY_MARGIN apr_time_from_sec(1)

struct si_forwarder_t {
    si_engine_t *engine;
    si_resolver_t *resolver;
    si_endpoint_state_t *endpoints;
    int endpoint_count;
    int is_threaded;
    int max_calls;
    sigset_t own_signals; /* without a thread: signal mask of the child's only worker */

    pthread_mutex_t lock; /* of the members below, and of the endpoints' idle lists */
    int under_way;
    int is_stopping;
};

/* Keeps the call for the next exchange with its endpoint. */
static void give_back(void *data, si_call_t *call)
{
    si_forwarder_t *forwarder = data;

    si_transfer_rest(&call->transfer);
    pthread_mutex_lock(&forwarder->lock);
    forwarder->under_way--;
    call->next = call->endpoint->idle;
    call->endpoint->idle = call;
    pthread_mutex_unlock(&forwarder->lock);
}

/* Counts a call as under way, unless the limit is reached; sets *call to a kept call or NULL. */
static si_forward_outcome_t take_place(si_forwarder_t *forwarder, si_endpoint_state_t *endpoint,
                                       si_call_t **call)
{
    si_forward_outcome_t outcome = SI_FORWARD_ANSWERED;

    *call = NULL;
    pthread_mutex_lock(&forwarder->lock);
    if (forwarder->is_stopping) {
        outcome = SI_FORWARD_STOPPING;
    }
    else if (forwarder->under_way == forwarder->max_calls) {
        outcome = SI_FORWARD_BUSY;
    }
    else {
        forwarder->under_way++;
        *call = endpoint->idle;
    }
    if (*call) {
        endpoint->idle = (*call)->next;
    }
    pthread_mutex_unlock(&forwarder->lock);
    return outcome;
}

static void leave_place(si_forwarder_t *forwarder)
{
    pthread_mutex_lock(&forwarder->lock);
    forwarder->under_way--;
    pthread_mutex_unlock(&forwarder->lock);
}

static void fail(si_response_t *response, si_forward_outcome_t outcome, const char *stage,
                 const char *cause)
{
    response->outcome = outcome;
    response->stage = stage;
    response->cause = cause;
}

/*
 * Gets the addresses of the endpoint's name. *addresses is NULL if call, a kept call or NULL, has
 * the latest ones. Returns 0 if there are none.
 */
static int resolve(const si_endpoint_state_t *endpoint, const si_call_t *call,
                   apr_interval_time_t deadline, si_addresses_t *found,
                   const si_addresses_t **addresses, si_response_t *response)
{
    *addresses = NULL;
    if (!endpoint->name
        || (call && si_name_generation(endpoint->name) == call->transfer.addresses.generation)) {
        return 1;
    }
    const struct timespec until = si_clock_timespec(deadline);
    switch (si_name_wait(endpoint->name, &until, found)) {
    case SI_NAME_KNOWN:
        *addresses = found;
        return 1;
    case SI_NAME_STOPPED:
        fail(response, SI_FORWARD_STOPPING, "resolve", "the child process is ending");
        return 0;
    case SI_NAME_UNKNOWN:
        fail(response, SI_FORWARD_UNRESOLVED, "resolve", found->problem);
        return 0;
    default:
        fail(response, SI_FORWARD_TIMEOUT, "resolve", "no answer from the name servers in time");
        return 0;
    }
}

/* Makes a prepared call and reads its response. Takes ownership of the call. */
static void run(si_forwarder_t *forwarder, si_call_t *call, apr_interval_time_t deadline,
                apr_pool_t *pool, si_response_t *response)
{
    const struct timespec until = si_clock_timespec(deadline + SAFETY_MARGIN);

    switch (si_engine_call(forwarder->engine, call, &until, &forwarder->own_signals)) {
    case SI_CALLED:
        si_transfer_read(&call->transfer, pool, response);
        break;
    case SI_CALL_REFUSED:
        fail(response, SI_FORWARD_STOPPING, "queue", "the child process is ending");
        break;
    case SI_CALL_LEFT:
        fail(response, SI_FORWARD_TIMEOUT, "queue", "the engine did not end the call in time");
        response->was_called = 1; /* as far as is known */
        return;
    }
    give_back(forwarder, call);
}

/*
 * Returns the rest of a time limit in whole milliseconds, at least one: libcurl takes 0 for no
 * limit.
 */
static long left_ms(apr_interval_time_t limit, apr_interval_time_t spent)
{
    const apr_interval_time_t left = limit > spent ? limit - spent : 0;

    return left < 1000 ? 1 : (long)(left / 1000);
}

/* Prepares and makes the call, after resolve(). call is a kept call or NULL. */
static void begin(si_forwarder_t *forwarder, si_call_t *call, si_endpoint_state_t *endpoint,
                  const si_forward_request_t *request, const si_addresses_t *addresses,
                  apr_interval_time_t start, apr_pool_t *pool, si_response_t *response)
{
    const apr_interval_time_t spent = addresses ? si_clock_us() - start : 0;

    call = call ? call : si_call_make(endpoint);
    if (call
        && si_transfer_prepare(&call->transfer, request, left_ms(request->connect_timeout, spent),
                               left_ms(request->timeout, spent), addresses)) {
        run(forwarder, call, start + request->timeout, pool, response);
        return;
    }
    fail(response, SI_FORWARD_PROTOCOL, "queue", "libcurl refused the call (out of memory?)");
    if (call) {
        si_call_free(call);
    }
    leave_place(forwarder);
}

/* Forwards a request after take_place(). call is a kept call or NULL. */
static void forward(si_forwarder_t *forwarder, si_call_t *call, si_endpoint_state_t *endpoint,
                    const si_forward_request_t *request, apr_interval_time_t start,
                    apr_pool_t *pool, si_response_t *response)
{
    const si_addresses_t *addresses;
    si_addresses_t found;

    if (!resolve(endpoint, call, start + request->connect_timeout, &found, &addresses, response)) {
        if (call) {
            give_back(forwarder, call);
        }
        else {
            leave_place(forwarder);
        }
        return;
    }
    if (!forwarder->is_threaded) {
        si_thread_hold_end(&forwarder->own_signals);
    }
    begin(forwarder, call, endpoint, request, addresses, start, pool, response);
    if (!forwarder->is_threaded) {
        si_thread_release_end(&forwarder->own_signals);
    }
}

void si_forward(si_forwarder_t *forwarder, const si_forward_request_t *request, apr_pool_t *pool,
                si_response_t *response)
{
    const apr_interval_time_t start = si_clock_us();
    si_endpoint_state_t *endpoint = &forwarder->endpoints[request->endpoint->index];
    si_call_t *call;

    memset(response, 0, sizeof(*response));
    switch (take_place(forwarder, endpoint, &call)) {
    case SI_FORWARD_BUSY:
        fail(response, SI_FORWARD_BUSY, "queue", "the limit of concurrent calls is reached");
        return;
    case SI_FORWARD_STOPPING:
        fail(response, SI_FORWARD_STOPPING, "queue", "the child process is ending");
        return;
    default:
        forward(forwarder, call, endpoint, request, start, pool, response);
        response->time = si_clock_us() - start;
    }
}

/* Where connections go: to the proxy, if there is one. */
static const char *host_of(const si_endpoint_t *config)
{
    return config->proxy ? config->proxy->host : config->host;
}

static int port_of(const si_endpoint_t *config)
{
    return config->proxy ? config->proxy->port : config->port;
}

/*
 * With an entry in libcurl's cache it looks up nothing. The address is one that no host has (RFC
 * 5737): each connection goes to another one, which the endpoint's nodes choose.
 */
static int set_resolve(si_endpoint_state_t *endpoint)
{
    const int length = snprintf(endpoint->resolve_text, sizeof(endpoint->resolve_text),
                                "%s:%d:192.0.2.1", host_of(endpoint->config),
                                port_of(endpoint->config));

    si_nodes_init(&endpoint->nodes);
    endpoint->resolve.data = endpoint->resolve_text;
    return (size_t)length < sizeof(endpoint->resolve_text);
}

/* Fills a zeroed endpoint state. Returns 0 if memory runs out. */
static int make_endpoint(si_endpoint_state_t *endpoint, const si_endpoint_t *config,
                         si_resolver_t *resolver)
{
    endpoint->config = config;
    if (!si_is_address(host_of(config))) {
        endpoint->name = si_resolver_add(resolver, host_of(config));
        if (!endpoint->name || !set_resolve(endpoint)) {
            return 0;
        }
    }
    if (config->is_https) {
        endpoint->tls_sessions = si_tls_sessions_make();
        if (!endpoint->tls_sessions) {
            return 0;
        }
    }
    endpoint->url = curl_url();
    return endpoint->url && curl_url_set(endpoint->url, CURLUPART_URL, config->url, 0) == CURLUE_OK;
}

static int make_endpoints(si_forwarder_t *forwarder, const apr_array_header_t *configs,
                          int name_refresh)
{
    int i;

    forwarder->resolver = si_resolver_make(name_refresh);
    forwarder->endpoints = calloc((size_t)configs->nelts, sizeof(*forwarder->endpoints));
    forwarder->endpoint_count = configs->nelts;
    if (!forwarder->resolver || !forwarder->endpoints) {
        return 0;
    }
    for (i = 0; i < configs->nelts; i++) {
        if (!make_endpoint(&forwarder->endpoints[i],
                           APR_ARRAY_IDX(configs, i, const si_endpoint_t *), forwarder->resolver)) {
            return 0;
        }
    }
    return 1;
}

/* Fills a new forwarder and starts its threads. Returns NULL or an error message. */
static const char *set_up(si_forwarder_t *forwarder, const apr_array_header_t *endpoints,
                          int max_calls, int name_refresh, int is_threaded)
{
    const char *problem = NULL;

    if (!make_endpoints(forwarder, endpoints, name_refresh)) {
        return "no memory for the endpoints";
    }
    pthread_mutex_init(&forwarder->lock, NULL);
    forwarder->max_calls = max_calls;
    forwarder->is_threaded = is_threaded;
    /* Without an engine thread, the child's only worker makes one call at a time. */
    forwarder->engine = si_engine_make(is_threaded ? max_calls : 1, forwarder->endpoints,
                                       forwarder->endpoint_count, give_back, forwarder, &problem);
    if (!forwarder->engine) {
        return problem;
    }
    if (si_resolver_start(forwarder->resolver) != 0
        || (is_threaded && si_engine_start(forwarder->engine) != 0)) {
        return "cannot start a thread";
    }
    return NULL;
}

si_forwarder_t *si_forwarder_start(const apr_array_header_t *endpoints, int max_calls,
                                   int name_refresh, int is_threaded, const char **problem)
{
    si_forwarder_t *forwarder;

    *problem = "curl_global_init failed";
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return NULL;
    }
    *problem = "no memory for the forwarder";
    forwarder = calloc(1, sizeof(*forwarder));
    if (!forwarder) {
        return NULL;
    }
    *problem = set_up(forwarder, endpoints, max_calls, name_refresh, is_threaded);
    if (*problem) {
        /* Names, URLs and the engine's objects leak: a child does not try again. */
        free(forwarder->endpoints);
        free(forwarder);
        return NULL;
    }
    return forwarder;
}

void si_forwarder_stop(si_forwarder_t *forwarder)
{
    pthread_mutex_lock(&forwarder->lock);
    forwarder->is_stopping = 1;
    pthread_mutex_unlock(&forwarder->lock);
    si_resolver_stop(forwarder->resolver);
    si_engine_stop(forwarder->engine);
}

int si_forwarder_take_news(si_forwarder_t *forwarder, const si_endpoint_t *endpoint,
                           si_node_t *node)
{
    si_endpoint_state_t *state = &forwarder->endpoints[endpoint->index];

    return state->name && si_nodes_take_news(&state->nodes, node);
}

int si_forwarder_addresses(si_forwarder_t *forwarder, const si_endpoint_t *endpoint,
                           si_node_t *nodes)
{
    si_endpoint_state_t *state = &forwarder->endpoints[endpoint->index];

    return state->name ? si_nodes_read(&state->nodes, nodes) : 0;
}
