/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "upstream/engine.h"

#include "base/clock.h"
#include "upstream/multi.h"
#include "base/thread.h"
#include "upstream/sockets.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#define EVENTS_PER_TURN 256

/*
 * Calls to a target that may be without a connection at once. A TLS handshake takes milliseconds of
 * a processor: a thousand begun together would all be cut off by their time limits, and the next
 * thousand too. The others wait, most of them only until a connection is free.
 */
#define CONNECTING_MAX 128

/*
 * Each has a pair of sockets: however many calls are allowed, the listener keeps descriptors to
 * accept with.
 */
#define SHARDS_MAX 128

/*
 * Workers that tell each other one after the other. With processors to spare, the last one of a
 * longer chain would wait for no reason.
 */
#define TOLD_IN_TURN 64

struct si_engine_t {
    si_watch_t watch;
    int wake_up; /* eventfd: a call is queued, or stop */
    si_shard_t **shards;
    int shard_count;
    int shard_calls; /* of each */
    int calls_seen;  /* handles that have got a shard */

    si_target_t *targets;
    int target_count;
    si_call_t *running;

    si_call_t *ended; /* not told yet, the first first */
    si_call_t *last_ended;
    int ended_count;

    si_engine_return_fn *on_return;
    void *owner;

    pthread_t thread;
    int has_thread;

    pthread_mutex_t lock; /* of what follows */
    si_call_t *queue;     /* handed over, not yet seen; the latest first */
    int is_stopping;
};

static int round_up(int dividend, int divisor)
{
    return (dividend - 1) / divisor + 1;
}

static int make_shards(si_engine_t *engine, int max_calls, int target_count)
{
    const int least = round_up(max_calls, SHARDS_MAX);
    engine->shard_calls = least > SI_SHARD_CALLS ? least : SI_SHARD_CALLS;
    const int count = round_up(max_calls, engine->shard_calls);

    /* NOLINTNEXTLINE(bugprone-sizeof-expression): pointers it is, to shards of one's own */
    engine->shards = calloc((size_t)count, sizeof(*engine->shards));
    while (engine->shards && engine->shard_count < count) {
        si_shard_t *shard = si_shard_make(&engine->watch, (unsigned)engine->shard_count,
                                          engine->shard_calls, target_count);
        if (!shard) {
            return 0;
        }
        engine->shards[engine->shard_count++] = shard;
    }
    return engine->shards != NULL;
}

si_engine_t *si_engine_make(int max_calls, si_target_t *targets, int target_count,
                            si_engine_return_fn *on_return, void *owner, const char **problem)
{
    si_engine_t *engine = calloc(1, sizeof(*engine));

    *problem = "no memory or descriptors for the engine";
    if (!engine) {
        return NULL;
    }
    engine->targets = targets;
    engine->target_count = target_count;
    engine->on_return = on_return;
    engine->owner = owner;
    pthread_mutex_init(&engine->lock, NULL);
    engine->wake_up = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (engine->wake_up < 0 || !si_watch_make(&engine->watch)
        || !make_shards(engine, max_calls, target_count)) {
        return NULL; /* and with it goes the process's only engine: what was made stays */
    }
    /* Edge-triggered and never read: each write is an event of its own. */
    si_watch_set(&engine->watch, engine->wake_up, EPOLLIN | EPOLLET, 0);
    return engine;
}

/* The first worker tells the next. */
static void tell_ended(si_engine_t *engine)
{
    si_call_t *first = engine->ended;

    engine->ended = NULL;
    engine->ended_count = 0;
    if (first) {
        si_call_tell(first);
    }
}

static void append_ended(si_engine_t *engine, si_call_t *call)
{
    si_call_set_next_told(call, NULL);
    if (engine->ended) {
        si_call_set_next_told(engine->last_ended, call);
    }
    else {
        engine->ended = call;
    }
    engine->last_ended = call;
    if (++engine->ended_count == TOLD_IN_TURN) {
        tell_ended(engine);
    }
}

/* The worker is told soon, with others; where it has left, the call is taken back. */
static void end_call(si_engine_t *engine, si_call_t *call, CURLcode code)
{
    call->code = code;
    if (si_call_end(call)) {
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

/* A call stays in its shard. They are filled one by one: few calls share all their connections. */
static int give_shard(si_engine_t *engine, si_call_t *call)
{
    const int index = engine->calls_seen++ / engine->shard_calls % engine->shard_count;

    return si_shard_join(engine->shards[index], call);
}

/* Returns 0 where the transfer cannot begin, with why in *code. */
static int try_to_begin(si_engine_t *engine, si_call_t *call, CURLcode *code)
{
    const apr_int64_t left = call->deadline - si_clock_ms();

    *code = CURLE_OPERATION_TIMEDOUT;
    if (left <= 0) {
        return 0;
    }
    *code = CURLE_FAILED_INIT;
    return (call->shard || give_shard(engine, call)) && si_call_limit(call, (long)left)
           && si_shard_add(call->shard, call);
}

static void begin(si_engine_t *engine, si_call_t *call)
{
    CURLcode code;

    if (si_call_is_abandoned(call)) {
        /* Its viewer has been answered meanwhile: no session is begun for nobody. */
        engine->on_return(engine->owner, call);
        return;
    }
    if (!try_to_begin(engine, call, &code)) {
        end_call(engine, call, code);
        return;
    }
    call->has_begun = 1;
    si_call_connects(call);
    link_running(engine, call);
}

static void end(si_engine_t *engine, si_call_t *call, CURLcode code)
{
    si_call_has_connected(call);
    unlink_running(call);
    si_shard_remove(call->shard, call);
    end_call(engine, call, code);
}

static void append_waiting(si_call_t *call)
{
    si_target_t *target = call->target;

    call->next = NULL;
    if (!target->waiting) {
        target->waiting_deadline = call->deadline;
        target->waiting_end = &target->waiting;
    }
    else if (call->deadline < target->waiting_deadline) {
        target->waiting_deadline = call->deadline;
    }
    *target->waiting_end = call;
    target->waiting_end = &call->next;
}

/* Once more, on a connection of its own, when its turn to connect comes. */
static void connect_afresh(si_call_t *call)
{
    si_call_has_connected(call);
    unlink_running(call);
    si_shard_remove(call->shard, call);
    append_waiting(call);
}

static void end_transfer(si_engine_t *engine, si_call_t *call, CURLcode code)
{
    if (si_call_wants_connection(call, code) && si_call_prepare_afresh(call)) {
        connect_afresh(call);
        return;
    }
    end(engine, call, code);
}

static si_call_t *pop_waiting(si_target_t *target)
{
    si_call_t *call = target->waiting;

    target->waiting = call->next;
    return call;
}

/* Moves all that is queued to those that wait, in the order it came. */
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

static int may_begin(const si_target_t *target)
{
    return target->waiting && target->connecting < CONNECTING_MAX;
}

/* Those whose time is over have no use for a place, wherever they stand: begin ends them. */
static void end_late(si_engine_t *engine, si_target_t *target, apr_int64_t now)
{
    si_call_t *call = target->waiting;

    target->waiting = NULL;
    while (call) {
        si_call_t *next = call->next;
        if (call->deadline <= now) {
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

    for (i = 0; i < engine->target_count; i++) {
        si_target_t *target = &engine->targets[i];

        if (target->waiting && target->waiting_deadline <= now) {
            end_late(engine, target, now);
        }
        while (may_begin(target)) {
            begin(engine, pop_waiting(target));
        }
    }
}

static void tick(si_engine_t *engine)
{
    const apr_int64_t now = si_clock_ms();
    si_call_t *call;
    CURLcode code;
    int i;

    /* What may take time comes before what ends calls: they are told at the end. */
    for (i = 0; i < engine->shard_count; i++) {
        si_shard_tick(engine->shards[i], now);
    }
    for (i = 0; i < engine->shard_count; i++) {
        while ((call = si_shard_finished(engine->shards[i], &code))) {
            end_transfer(engine, call, code);
        }
    }
}

/* When there is something to do without an event, monotonic milliseconds; 0 where there is now. */
static apr_int64_t next_deadline(const si_engine_t *engine)
{
    apr_int64_t deadline = SI_NO_DEADLINE;
    int i;

    for (i = 0; i < engine->shard_count; i++) {
        if (engine->shards[i]->deadline < deadline) {
            deadline = engine->shards[i]->deadline;
        }
    }
    for (i = 0; i < engine->target_count; i++) {
        const si_target_t *target = &engine->targets[i];
        if (may_begin(target)) {
            return 0;
        }
        if (target->waiting && target->waiting_deadline < deadline) {
            deadline = target->waiting_deadline;
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
 * Waits for what comes first, and does all there is to do. while_waiting: the signal mask
 * meanwhile; NULL for the thread's own.
 */
static void turn(si_engine_t *engine, const sigset_t *while_waiting, int *is_stopping)
{
    struct epoll_event events[EVENTS_PER_TURN];
    const int count = epoll_pwait(engine->watch.epoll, events, EVENTS_PER_TURN, wait_ms(engine),
                                  while_waiting);
    int i;

    for (i = 0; i < count; i++) {
        si_watch_event_t event;
        if (si_watch_read(&engine->watch, &events[i], &event) && event.fd != engine->wake_up) {
            si_shard_act(engine->shards[event.tag], &event);
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
        engine->running->is_stopped = 1;
        end(engine, engine->running, CURLE_ABORTED_BY_CALLBACK);
    }
    for (i = 0; i < engine->target_count; i++) {
        while (engine->targets[i].waiting) {
            si_call_t *call = pop_waiting(&engine->targets[i]);
            call->is_stopped = 1;
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

    engine->has_thread = rc == 0;
    return rc;
}

void si_engine_stop(si_engine_t *engine)
{
    pthread_mutex_lock(&engine->lock);
    engine->is_stopping = 1;
    pthread_mutex_unlock(&engine->lock);
    eventfd_write(engine->wake_up, 1);
    if (engine->has_thread) {
        pthread_join(engine->thread, NULL);
        engine->has_thread = 0;
    }
}

int si_engine_submit(si_engine_t *engine, si_call_t *call)
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

void si_engine_drive(si_engine_t *engine, si_call_t *call, const sigset_t *while_waiting)
{
    int ignored;

    begin(engine, call);
    tell_ended(engine);
    while (si_call_is_running(call)) {
        turn(engine, while_waiting, &ignored);
    }
    si_call_take_notice(call);
}
