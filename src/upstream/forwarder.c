/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "upstream/forwarder.h"

#include "base/clock.h"
#include "upstream/engine.h"
#include "base/thread.h"
#include "upstream/tls_sessions.h"
#include "upstream/transfer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/*
 * libcurl ends a call at its time limit; a worker that still waits this long after has lost its
 * engine.
 */
#define SAFETY_MARGIN apr_time_from_sec(1)

struct si_forwarder_t {
    si_engine_t *engine;
    si_resolver_t *resolver;
    si_target_t *targets;
    int target_count;
    int is_threaded;
    int max_calls;
    sigset_t own_signals; /* of the child's one worker, without a thread */

    pthread_mutex_t lock; /* of what follows and of the targets' idle lists */
    int under_way;
    int kept; /* idle calls of all targets */
    int is_stopping;
};

const char *si_tls_library_without_ca(void)
{
    struct curl_blob any = { (void *)"", 1, CURL_BLOB_NOCOPY };
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);

    if (code == CURLE_OK) {
        CURL *easy = curl_easy_init();
        code = curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &any);
        curl_easy_cleanup(easy);
        curl_global_cleanup();
    }
    return code == CURLE_NOT_BUILT_IN ? curl_version_info(CURLVERSION_NOW)->ssl_version : NULL;
}

/* Some other target's kept call, taken out of its list: it makes room for one that is in use. */
static si_call_t *take_kept_of_another(si_forwarder_t *forwarder, const si_target_t *target)
{
    int i;

    for (i = 0; i < forwarder->target_count; i++) {
        si_target_t *other = &forwarder->targets[i];
        si_call_t *call = other->idle;
        if (call && other != target) {
            other->idle = call->next;
            forwarder->kept--;
            return call;
        }
    }
    return NULL;
}

/* Keeps the call for the next one; what is kept for others makes room where handles are many. */
static void give_back(void *data, si_call_t *call)
{
    si_forwarder_t *forwarder = data;
    si_call_t *surplus = NULL;

    si_call_rest(call);
    pthread_mutex_lock(&forwarder->lock);
    forwarder->under_way--;
    if (forwarder->under_way + forwarder->kept >= forwarder->max_calls) {
        surplus = take_kept_of_another(forwarder, call->target);
    }
    call->next = call->target->idle;
    call->target->idle = call;
    forwarder->kept++;
    pthread_mutex_unlock(&forwarder->lock);
    if (surplus) {
        si_call_free(surplus);
    }
}

/* Takes a place among the calls under way; *call is a kept one or NULL. */
static si_forward_outcome_t take_place(si_forwarder_t *forwarder, si_target_t *target,
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
        *call = target->idle;
    }
    if (*call) {
        target->idle = (*call)->next;
        forwarder->kept--;
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

static void fail(si_forward_answer_t *answer, si_forward_outcome_t outcome, const char *stage,
                 const char *cause)
{
    answer->outcome = outcome;
    answer->stage = stage;
    answer->cause = cause;
}

/*
 * Makes sure that libcurl has or gets addresses: *addresses is NULL where call, a kept one or NULL,
 * has given it the latest. Returns 0 where there are none.
 */
static int resolve(const si_target_t *target, const si_call_t *call, apr_interval_time_t deadline,
                   si_addresses_t *found, const si_addresses_t **addresses,
                   si_forward_answer_t *answer)
{
    *addresses = NULL;
    if (!target->name || (call && si_name_generation(target->name) == call->generation)) {
        return 1;
    }
    const struct timespec until = si_clock_timespec(deadline);
    switch (si_name_wait(target->name, &until, found)) {
    case SI_NAME_KNOWN:
        *addresses = found;
        return 1;
    case SI_NAME_STOPPED:
        fail(answer, SI_FORWARD_STOPPING, "resolve", "the child process is ending");
        return 0;
    case SI_NAME_UNKNOWN:
        fail(answer, SI_FORWARD_UNRESOLVED, "resolve", found->problem);
        return 0;
    default:
        fail(answer, SI_FORWARD_TIMEOUT, "resolve", "no answer from the name servers in time");
        return 0;
    }
}

/* Runs a prepared call and reads its answer. Who calls no longer owns it. */
static void run(si_forwarder_t *forwarder, si_call_t *call, apr_interval_time_t deadline,
                apr_pool_t *pool, si_forward_answer_t *answer)
{
    const struct timespec until = si_clock_timespec(deadline + SAFETY_MARGIN);

    if (!forwarder->is_threaded) {
        si_engine_drive(forwarder->engine, call, &forwarder->own_signals);
    }
    else if (!si_engine_submit(forwarder->engine, call)) {
        fail(answer, SI_FORWARD_STOPPING, "queue", "the child process is ending");
        give_back(forwarder, call);
        return;
    }
    else if (!si_call_wait(call, &until)) {
        fail(answer, SI_FORWARD_TIMEOUT, "queue", "the engine did not end the call in time");
        answer->was_called = 1; /* for all that is known */
        return;
    }
    si_call_read(call, pool, answer);
    give_back(forwarder, call);
}

/*
 * What is left of a time limit, in whole milliseconds, at least one: libcurl takes 0 for no limit.
 */
static long left_ms(apr_interval_time_t limit, apr_interval_time_t spent)
{
    const apr_interval_time_t left = limit > spent ? limit - spent : 0;

    return left < 1000 ? 1 : (long)(left / 1000);
}

/* There are addresses. call is a kept one or NULL. */
static void begin(si_forwarder_t *forwarder, si_call_t *call, si_target_t *target,
                  const si_forward_request_t *request, const si_addresses_t *addresses,
                  apr_interval_time_t start, apr_pool_t *pool, si_forward_answer_t *answer)
{
    const apr_interval_time_t spent = addresses ? si_clock_us() - start : 0;

    call = call ? call : si_call_make(target);
    if (call
        && si_call_prepare(call, request, left_ms(request->connect_timeout, spent),
                           left_ms(request->timeout, spent), addresses)) {
        run(forwarder, call, start + request->timeout, pool, answer);
        return;
    }
    fail(answer, SI_FORWARD_PROTOCOL, "queue", "libcurl took no call, probably for want of memory");
    if (call) {
        si_call_free(call);
    }
    leave_place(forwarder);
}

/* A place is taken; *call is a kept call or NULL. */
static void forward(si_forwarder_t *forwarder, si_call_t *call, si_target_t *target,
                    const si_forward_request_t *request, apr_interval_time_t start,
                    apr_pool_t *pool, si_forward_answer_t *answer)
{
    const si_addresses_t *addresses;
    si_addresses_t found;

    if (!resolve(target, call, start + request->connect_timeout, &found, &addresses, answer)) {
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
    begin(forwarder, call, target, request, addresses, start, pool, answer);
    if (!forwarder->is_threaded) {
        si_thread_release_end(&forwarder->own_signals);
    }
}

void si_forward(si_forwarder_t *forwarder, const si_forward_request_t *request, apr_pool_t *pool,
                si_forward_answer_t *answer)
{
    const apr_interval_time_t start = si_clock_us();
    si_target_t *target = &forwarder->targets[request->endpoint->index];
    si_call_t *call;

    memset(answer, 0, sizeof(*answer));
    switch (take_place(forwarder, target, &call)) {
    case SI_FORWARD_BUSY:
        fail(answer, SI_FORWARD_BUSY, "queue", "as many calls as may be are under way");
        return;
    case SI_FORWARD_STOPPING:
        fail(answer, SI_FORWARD_STOPPING, "queue", "the child process is ending");
        return;
    default:
        forward(forwarder, call, target, request, start, pool, answer);
        answer->time = si_clock_us() - start;
    }
}

/* Fills a target, which is all zero. Returns 0 where memory fails. */
static int make_target(si_target_t *target, const si_endpoint_t *endpoint, si_resolver_t *resolver)
{
    target->endpoint = endpoint;
    if (!si_resolver_is_address(endpoint->host)) {
        target->name = si_resolver_add(resolver, endpoint->host);
        if (!target->name) {
            return 0;
        }
    }
    if (endpoint->is_https) {
        target->tls_sessions = si_tls_sessions_make();
        if (!target->tls_sessions) {
            return 0;
        }
    }
    target->url = curl_url();
    return target->url && curl_url_set(target->url, CURLUPART_URL, endpoint->url, 0) == CURLUE_OK;
}

static int make_targets(si_forwarder_t *forwarder, const apr_array_header_t *endpoints,
                        int name_refresh)
{
    int i;

    forwarder->resolver = si_resolver_make(name_refresh);
    forwarder->targets = calloc((size_t)endpoints->nelts, sizeof(*forwarder->targets));
    forwarder->target_count = endpoints->nelts;
    if (!forwarder->resolver || !forwarder->targets) {
        return 0;
    }
    for (i = 0; i < endpoints->nelts; i++) {
        if (!make_target(&forwarder->targets[i], APR_ARRAY_IDX(endpoints, i, const si_endpoint_t *),
                         forwarder->resolver)) {
            return 0;
        }
    }
    return 1;
}

/* Fills a new forwarder and starts its threads. Returns NULL, or why it cannot. */
static const char *set_up(si_forwarder_t *forwarder, const apr_array_header_t *endpoints,
                          int max_calls, int name_refresh, int is_threaded)
{
    const char *problem = NULL;

    if (!make_targets(forwarder, endpoints, name_refresh)) {
        return "no memory for the endpoints";
    }
    pthread_mutex_init(&forwarder->lock, NULL);
    forwarder->max_calls = max_calls;
    forwarder->is_threaded = is_threaded;
    /* Without a thread for it, it is that of the child's one worker. */
    forwarder->engine = si_engine_make(is_threaded ? max_calls : 1, forwarder->targets,
                                       forwarder->target_count, give_back, forwarder, &problem);
    if (!forwarder->engine) {
        return problem;
    }
    if (si_resolver_start(forwarder->resolver) != 0
        || (is_threaded && si_engine_start(forwarder->engine) != 0)) {
        return "no thread to be had";
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
        /* A child begins once: names, URLs and what the engine has made stay. */
        free(forwarder->targets);
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
