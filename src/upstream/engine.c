/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "upstream/engine.h"

#include "base/clock.h"
#include "upstream/multi.h"
#include "base/thread.h"
#include "upstream/sockets.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#define EVENTS_PER_TURN 256

/*
 * Limit of calls to an endpoint that are connecting at the same time. A TLS handshake takes
 * milliseconds of CPU time: if a thousand start together, all of them reach their time limits, and
 * so do the next thousand. The other calls wait, most of them only until a connection is free.
 */
#define CONNECTING_MAX 128

/*
 * Each multi handle has a pair of sockets. The limit leaves descriptors for httpd's listener,
 * however many calls are allowed.
 */
#define MULTIS_MAX 128

/*
 * Length of a chain of workers of which each wakes the next. In a longer one, the last workers
 * would wait although processors are idle.
 */
#define TOLD_IN_TURN 64

/*
 * How long a probe may take to connect, TLS included. Without a thread it goes on only while there
 * is a call.
 */
#define PROBE_MS 2000L
#define PROBE_WITHOUT_THREAD_MS 60000L

/*
 * The pshared argument of sem_init(), though no other process uses the semaphore. Linux 6.16 and
 * later keep the waiters of a process-private semaphore in a small hash table, with sixteen lists
 * on two processors, and search thousands of workers for each wake-up. Shared semaphores use the
 * large global table.
 */
#define SHARED 1

struct si_engine_t {
    si_sockets_t sockets;
    int wake_up; /* eventfd: a call is queued, or the engine is to stop */
    si_multi_t **multis;
    int multi_count;
    int multi_calls;     /* of each */
    unsigned calls_seen; /* calls that have been given a multi handle */

    si_endpoint_state_t *endpoints;
    int endpoint_count;
    si_call_t *running;

    si_call_t *ended; /* whose workers have not been woken yet, oldest first */
    si_call_t *last_ended;
    int ended_count;

    si_engine_return_fn *on_return;
    void *owner;

    pthread_t thread;
    int is_threaded; /* stays set after the thread's end */

    pthread_mutex_t lock; /* of the members below */
    si_call_t *queue;     /* handed over, not yet taken; latest first */
    int is_stopping;
};

/* Calls */

static int init_transfer(si_transfer_t *transfer, si_endpoint_state_t *endpoint)
{
    return si_transfer_init(transfer, endpoint->config, endpoint->url,
                            endpoint->name ? &endpoint->resolve : NULL,
                            endpoint->name ? &endpoint->nodes : NULL, endpoint->tls_sessions);
}

si_call_t *si_call_make(si_endpoint_state_t *endpoint)
{
    si_call_t *call = calloc(1, sizeof(*call));

    if (!call) {
        return NULL;
    }
    sem_init(&call->ended, SHARED, 0);
    call->endpoint = endpoint;
    if (!init_transfer(&call->transfer, endpoint)) {
        si_call_free(call);
        return NULL;
    }
    return call;
}

void si_call_free(si_call_t *call)
{
    si_transfer_clear(&call->transfer);
    sem_destroy(&call->ended);
    free(call);
}

/* Leaves RUNNING for another state. Returns 0 if the other thread was first. */
static int leave_running(si_call_t *call, si_call_state_t next)
{
    si_call_state_t running = SI_CALL_RUNNING;

    return __atomic_compare_exchange_n(&call->state, &running, next, 0, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
}

static si_call_state_t state_of(const si_call_t *call)
{
    return __atomic_load_n(&call->state, __ATOMIC_ACQUIRE);
}

/*
 * The semaphore already orders this store, also before another worker frees the call. It is atomic
 * with release order for ThreadSanitizer, which does not know sem_clockwait(). This costs nothing
 * on x86.
 */
static void set_next_told(si_call_t *call, si_call_t *next)
{
    __atomic_store_n(&call->next_told, next, __ATOMIC_RELEASE);
}

/*
 * The worker: waits for the end until deadline, then wakes the next one of the workers whose calls
 * ended together. If the engine woke each of them, it could lose the processor each time: the
 * scheduler prefers a worker that has slept long to a busy thread. Returns 0 if the call did not
 * end in time: the engine then owns it.
 */
static int wait_for_end(si_call_t *call, const struct timespec *deadline)
{
    si_call_t *next;
    int rc;

    do {
        rc = sem_clockwait(&call->ended, CLOCK_MONOTONIC, deadline);
    } while (rc != 0 && errno == EINTR);
    if (rc != 0 && leave_running(call, SI_CALL_ABANDONED)) {
        return 0;
    }
    while (rc != 0) {
        rc = sem_wait(&call->ended); /* it has just ended, and the wake-up is on its way */
    }
    next = __atomic_load_n(&call->next_told, __ATOMIC_ACQUIRE);
    if (next) {
        sem_post(&next->ended);
    }
    return 1;
}

/* The engine */

static int round_up(int dividend, int divisor)
{
    return (dividend - 1) / divisor + 1;
}

static int make_multis(si_engine_t *engine, int max_calls)
{
    const int least = round_up(max_calls, MULTIS_MAX);
    engine->multi_calls = least > SI_MULTI_CALLS ? least : SI_MULTI_CALLS;
    const int count = round_up(max_calls, engine->multi_calls);

    /* NOLINTNEXTLINE(bugprone-sizeof-expression): the size of a pointer is meant */
    engine->multis = calloc((size_t)count, sizeof(*engine->multis));
    while (engine->multis && engine->multi_count < count) {
        si_multi_t *multi = si_multi_make(&engine->sockets, (unsigned)engine->multi_count,
                                          engine->multi_calls);
        if (!multi) {
            return 0;
        }
        engine->multis[engine->multi_count++] = multi;
    }
    return engine->multis != NULL;
}

si_engine_t *si_engine_make(int max_calls, si_endpoint_state_t *endpoints, int endpoint_count,
                            si_engine_return_fn *on_return, void *owner, const char **problem)
{
    si_engine_t *engine = calloc(1, sizeof(*engine));

    *problem = "no memory or descriptors for the engine";
    if (!engine) {
        return NULL;
    }
    engine->endpoints = endpoints;
    engine->endpoint_count = endpoint_count;
    engine->on_return = on_return;
    engine->owner = owner;
    pthread_mutex_init(&engine->lock, NULL);
    engine->wake_up = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (engine->wake_up < 0 || !si_sockets_make(&engine->sockets)
        || !make_multis(engine, max_calls)) {
        return NULL; /* leaks what was made: the process does not try again */
    }
    /* Edge-triggered and never read: each write is a new event. */
    si_sockets_set(&engine->sockets, engine->wake_up, EPOLLIN | EPOLLET, 0);
    return engine;
}

/*
 * Wakes the first worker, which wakes the next. Without a thread, the only worker is not waiting.
 */
static void tell_ended(si_engine_t *engine)
{
    si_call_t *first = engine->ended;

    engine->ended = NULL;
    engine->ended_count = 0;
    if (first && engine->is_threaded) {
        sem_post(&first->ended);
    }
}

static void append_ended(si_engine_t *engine, si_call_t *call)
{
    set_next_told(call, NULL);
    if (engine->ended) {
        set_next_told(engine->last_ended, call);
    }
    else {
        engine->ended = call;
    }
    engine->last_ended = call;
    if (++engine->ended_count == TOLD_IN_TURN) {
        tell_ended(engine);
    }
}

/* The worker is woken soon, with others. If it has given up, the owner gets the call back. */
static void end_call(si_engine_t *engine, si_call_t *call, CURLcode code)
{
    call->transfer.code = code;
    if (leave_running(call, SI_CALL_ENDED)) {
        append_ended(engine, call);
    }
    else {
        engine->on_return(engine->owner, call);
    }
}

static void link_running(si_engine_t *engine, si_call_t *call)
{
    call->next_running = engine->running;
    call->link = &engine->running;
    if (engine->running) {
        engine->running->link = &call->next_running;
    }
    engine->running = call;
}

static void unlink_running(si_call_t *call)
{
    *call->link = call->next_running;
    if (call->next_running) {
        call->next_running->link = call->link;
    }
}

/*
 * A call stays with its multi handle. The handles are filled one after the other, so that a small
 * number of calls share all their connections.
 */
static int give_multi(si_engine_t *engine, si_call_t *call)
{
    const unsigned index = engine->calls_seen++ / (unsigned)engine->multi_calls
                           % (unsigned)engine->multi_count;

    return si_multi_join(engine->multis[index], &call->transfer);
}

/* Returns 0 if the transfer cannot start, with the reason in *code. */
static int try_to_begin(si_engine_t *engine, si_call_t *call, CURLcode *code)
{
    const apr_int64_t now = si_clock_ms();

    *code = CURLE_OPERATION_TIMEDOUT;
    if (call->transfer.deadline <= now) {
        return 0;
    }
    *code = CURLE_FAILED_INIT;
    return (call->transfer.multi || give_multi(engine, call))
           && si_transfer_limit(&call->transfer, now)
           && si_multi_add(call->transfer.multi, &call->transfer);
}

/* Probes */

static void drop_probe(si_endpoint_state_t *endpoint)
{
    si_multi_remove(endpoint->probe->multi, endpoint->probe);
    si_transfer_clear(endpoint->probe);
    free(endpoint->probe);
    endpoint->probe = NULL;
}

static int try_to_probe(si_engine_t *engine, si_endpoint_state_t *endpoint, si_transfer_t *probe,
                        const si_address_t *address)
{
    return init_transfer(probe, endpoint)
           && si_transfer_prepare_probe(probe, address,
                                        engine->is_threaded ? PROBE_MS : PROBE_WITHOUT_THREAD_MS)
           && si_multi_join(engine->multis[0], probe) && si_multi_add(engine->multis[0], probe);
}

/* Connects to an address that was left out for long enough, so that no player waits for it. */
static void probe(si_engine_t *engine, si_endpoint_state_t *endpoint)
{
    const si_address_t *due = endpoint->probe ? NULL
                                              : si_nodes_due(&endpoint->nodes, si_clock_ms());
    si_transfer_t *new = due ? calloc(1, sizeof(*new)) : NULL;

    if (!new) {
        return;
    }
    if (!try_to_probe(engine, endpoint, new, due)) {
        si_transfer_clear(new);
        free(new);
        return;
    }
    endpoint->probe = new;
}

static void end_probe(si_engine_t *engine, const si_transfer_t *transfer, CURLcode code)
{
    si_endpoint_state_t *endpoint = engine->endpoints;

    while (endpoint->probe != transfer) {
        endpoint++;
    }
    if (code == CURLE_OK || si_transfer_reached_proxy(transfer)) {
        si_nodes_probed(&endpoint->nodes, &transfer->address);
    }
    else if (si_transfer_address_failed(transfer, code)
             && (engine->is_threaded || code != CURLE_OPERATION_TIMEDOUT)) {
        si_nodes_failed(&endpoint->nodes, &transfer->address, si_clock_ms(), 1);
    }
    else {
        si_nodes_postpone(&endpoint->nodes, &transfer->address, si_clock_ms());
    }
    drop_probe(endpoint);
}

static void begin(si_engine_t *engine, si_call_t *call)
{
    CURLcode code;

    if (state_of(call) == SI_CALL_ABANDONED) {
        /* The worker gave up and sent 504: do not start a session that nobody will use. */
        engine->on_return(engine->owner, call);
        return;
    }
    if (call->endpoint->name) {
        si_nodes_update(&call->endpoint->nodes, &call->transfer.addresses);
        probe(engine, call->endpoint);
    }
    if (!try_to_begin(engine, call, &code)) {
        end_call(engine, call, code);
        return;
    }
    call->transfer.has_begun = 1;
    si_transfer_connects(&call->transfer, &call->endpoint->connecting);
    link_running(engine, call);
}

static void end(si_engine_t *engine, si_call_t *call, CURLcode code)
{
    si_transfer_has_connected(&call->transfer);
    unlink_running(call);
    si_multi_remove(call->transfer.multi, &call->transfer);
    end_call(engine, call, code);
}

static void append_waiting(si_call_t *call)
{
    si_endpoint_state_t *endpoint = call->endpoint;

    call->next = NULL;
    if (!endpoint->waiting) {
        endpoint->waiting_deadline = call->transfer.deadline;
        endpoint->waiting_end = &endpoint->waiting;
    }
    else if (call->transfer.deadline < endpoint->waiting_deadline) {
        endpoint->waiting_deadline = call->transfer.deadline;
    }
    *endpoint->waiting_end = call;
    endpoint->waiting_end = &call->next;
}

/* Queues the call to run again on a new connection. */
static void connect_afresh(si_call_t *call)
{
    si_transfer_has_connected(&call->transfer);
    unlink_running(call);
    si_multi_remove(call->transfer.multi, &call->transfer);
    append_waiting(call);
}

/* Notes what became of the address of a new connection. */
static void note_address(si_call_t *call, CURLcode code)
{
    si_nodes_t *nodes = &call->endpoint->nodes;
    const si_transfer_t *transfer = &call->transfer;
    int i;

    if (!transfer->has_address) {
        return;
    }
    if (transfer->head_bytes > 0) {
        si_nodes_answered(nodes, &transfer->address);
        for (i = 0; i < transfer->suspect_count; i++) {
            si_nodes_failed(nodes, &transfer->suspects[i], si_clock_ms(), 0);
        }
    }
    else if (si_transfer_address_failed(transfer, code)) {
        si_nodes_failed(nodes, &transfer->address, si_clock_ms(), 0);
    }
}

static int wants_attempt(si_call_t *call, CURLcode code)
{
    si_transfer_t *transfer = &call->transfer;

    if (si_transfer_wants_connection(transfer, code)) {
        return 1;
    }
    if (!si_transfer_wants_address(transfer, code)) {
        return 0;
    }
    if (si_transfer_was_unanswered(transfer, code)) {
        si_transfer_suspect_address(transfer);
    }
    return 1;
}

static void end_transfer(si_engine_t *engine, si_call_t *call, CURLcode code)
{
    note_address(call, code);
    if (wants_attempt(call, code) && si_transfer_prepare_afresh(&call->transfer)) {
        connect_afresh(call);
        return;
    }
    end(engine, call, code);
}

static si_call_t *pop_waiting(si_endpoint_state_t *endpoint)
{
    si_call_t *call = endpoint->waiting;

    endpoint->waiting = call->next;
    return call;
}

/* Moves all queued calls to the waiting ones, in the order of arrival. */
static void take_queue(si_engine_t *engine, int *is_stopping)
{
    si_call_t *latest, *first = NULL;

    pthread_mutex_lock(&engine->lock);
    latest = engine->queue;
    engine->queue = NULL;
    *is_stopping = engine->is_stopping;
    pthread_mutex_unlock(&engine->lock);
    while (latest) {
        si_call_t *next = latest->next;
        latest->next = first;
        first = latest;
        latest = next;
    }
    while (first) {
        si_call_t *next = first->next;
        append_waiting(first);
        first = next;
    }
}

static int may_begin(const si_endpoint_state_t *endpoint)
{
    return endpoint->waiting && endpoint->connecting < CONNECTING_MAX;
}

/* Ends the waiting calls whose time is over, in any position of the queue: begin() does it. */
static void end_late(si_engine_t *engine, si_endpoint_state_t *endpoint, apr_int64_t now)
{
    si_call_t *call = endpoint->waiting;

    endpoint->waiting = NULL;
    while (call) {
        si_call_t *next = call->next;
        if (call->transfer.deadline <= now) {
            begin(engine, call);
        }
        else {
            append_waiting(call);
        }
        call = next;
    }
}

static void begin_waiting(si_engine_t *engine)
{
    const apr_int64_t now = si_clock_ms();
    int i;

    for (i = 0; i < engine->endpoint_count; i++) {
        si_endpoint_state_t *endpoint = &engine->endpoints[i];

        if (endpoint->waiting && endpoint->waiting_deadline <= now) {
            end_late(engine, endpoint, now);
        }
        while (may_begin(endpoint)) {
            begin(engine, pop_waiting(endpoint));
        }
    }
}

static void tick(si_engine_t *engine)
{
    const apr_int64_t now = si_clock_ms();
    si_transfer_t *transfer;
    CURLcode code;
    int i;

    /*
     * First the work that may take time, then the end of calls: their workers are woken afterwards.
     */
    for (i = 0; i < engine->multi_count; i++) {
        si_multi_tick(engine->multis[i], now);
    }
    for (i = 0; i < engine->multi_count; i++) {
        while ((transfer = si_multi_finished(engine->multis[i], &code))) {
            if (transfer->is_probe) {
                end_probe(engine, transfer, code);
            }
            else {
                end_transfer(engine, (si_call_t *)transfer, code);
            }
        }
    }
}

/* When there is work to do without an event, in monotonic milliseconds; 0 if there is now. */
static apr_int64_t next_deadline(const si_engine_t *engine)
{
    apr_int64_t deadline = SI_NO_DEADLINE;
    int i;

    for (i = 0; i < engine->multi_count; i++) {
        if (engine->multis[i]->deadline < deadline) {
            deadline = engine->multis[i]->deadline;
        }
    }
    for (i = 0; i < engine->endpoint_count; i++) {
        const si_endpoint_state_t *endpoint = &engine->endpoints[i];
        if (may_begin(endpoint)) {
            return 0;
        }
        if (endpoint->waiting && endpoint->waiting_deadline < deadline) {
            deadline = endpoint->waiting_deadline;
        }
    }
    return deadline;
}

static int wait_ms(const si_engine_t *engine)
{
    const apr_int64_t deadline = next_deadline(engine);
    apr_int64_t left;

    if (deadline == SI_NO_DEADLINE) {
        return -1;
    }
    left = deadline - si_clock_ms();
    return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

/*
 * Waits for the first event or deadline, and does all pending work. while_waiting is the signal
 * mask during the wait; NULL for the thread's own.
 */
static void turn(si_engine_t *engine, const sigset_t *while_waiting, int *is_stopping)
{
    struct epoll_event events[EVENTS_PER_TURN];
    const int count = epoll_pwait(engine->sockets.epoll, events, EVENTS_PER_TURN, wait_ms(engine),
                                  while_waiting);
    int i;

    for (i = 0; i < count; i++) {
        si_socket_event_t event;
        if (si_sockets_read(&engine->sockets, &events[i], &event) && event.fd != engine->wake_up) {
            si_multi_act(engine->multis[event.tag], &event);
        }
    }
    take_queue(engine, is_stopping);
    begin_waiting(engine);
    tell_ended(engine);
    tick(engine);
    tell_ended(engine);
}

static void stop_all(si_engine_t *engine)
{
    int i;

    while (engine->running) {
        engine->running->transfer.is_stopped = 1;
        end(engine, engine->running, CURLE_ABORTED_BY_CALLBACK);
    }
    for (i = 0; i < engine->endpoint_count; i++) {
        if (engine->endpoints[i].probe) {
            drop_probe(&engine->endpoints[i]);
        }
        while (engine->endpoints[i].waiting) {
            si_call_t *call = pop_waiting(&engine->endpoints[i]);
            call->transfer.is_stopped = 1;
            end_call(engine, call, CURLE_ABORTED_BY_CALLBACK);
        }
    }
    tell_ended(engine);
}

static void *run(void *data)
{
    si_engine_t *engine = data;
    int is_stopping = 0;

    while (!is_stopping) {
        turn(engine, NULL, &is_stopping);
    }
    stop_all(engine);
    return NULL;
}

int si_engine_start(si_engine_t *engine)
{
    const int rc = si_thread_start(&engine->thread, run, engine);

    engine->is_threaded = rc == 0;
    return rc;
}

void si_engine_stop(si_engine_t *engine)
{
    pthread_mutex_lock(&engine->lock);
    engine->is_stopping = 1;
    pthread_mutex_unlock(&engine->lock);
    eventfd_write(engine->wake_up, 1);
    if (engine->is_threaded) {
        pthread_join(engine->thread, NULL);
    }
}

/* Returns 0 if the engine has stopped. */
static int submit(si_engine_t *engine, si_call_t *call)
{
    int is_stopping, was_empty;

    pthread_mutex_lock(&engine->lock);
    is_stopping = engine->is_stopping;
    was_empty = !engine->queue;
    if (!is_stopping) {
        call->next = engine->queue;
        engine->queue = call;
    }
    pthread_mutex_unlock(&engine->lock);
    if (was_empty && !is_stopping) {
        eventfd_write(engine->wake_up, 1);
    }
    return !is_stopping;
}

static void drive(si_engine_t *engine, si_call_t *call, const sigset_t *while_waiting)
{
    int ignored;

    begin(engine, call);
    tell_ended(engine);
    while (state_of(call) == SI_CALL_RUNNING) {
        turn(engine, while_waiting, &ignored);
    }
}

si_called_t si_engine_call(si_engine_t *engine, si_call_t *call, const struct timespec *deadline,
                           const sigset_t *while_waiting)
{
    __atomic_store_n(&call->state, SI_CALL_RUNNING, __ATOMIC_RELAXED);
    if (!engine->is_threaded) {
        drive(engine, call, while_waiting);
        return SI_CALLED;
    }
    if (!submit(engine, call)) {
        return SI_CALL_REFUSED;
    }
    return wait_for_end(call, deadline) ? SI_CALLED : SI_CALL_LEFT;
}
