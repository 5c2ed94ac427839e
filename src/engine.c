/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "engine.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_PER_TURN 256
#define NO_DEADLINE INT64_MAX

struct si_engine_t {
    CURLM *multi;
    int epoll;
    int wake_up;          /* eventfd: a call is queued, or stop */
    apr_int64_t deadline; /* of libcurl's next timer, monotonic milliseconds */
    si_call_t *running;
    si_engine_return_fn *on_return;
    void *owner;

    pthread_t thread;
    int has_thread;

    pthread_mutex_t lock; /* of what follows */
    si_call_t *queue;     /* handed over, not yet begun; the latest first */
    int is_stopping;
};

static apr_int64_t now_ms(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (apr_int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static int on_timer(CURLM *multi, long timeout_ms, void *data)
{
    si_engine_t *engine = data;

    (void)multi;
    engine->deadline = timeout_ms < 0 ? NO_DEADLINE : now_ms() + timeout_ms;
    return 0;
}

/* A reused descriptor number may still be known: then the other operation is right. */
static void watch(const si_engine_t *engine, curl_socket_t socket, unsigned events)
{
    struct epoll_event event = { .events = events, .data = { .fd = socket } };

    if (epoll_ctl(engine->epoll, EPOLL_CTL_ADD, socket, &event) != 0 && errno == EEXIST) {
        epoll_ctl(engine->epoll, EPOLL_CTL_MOD, socket, &event);
    }
}

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *data, void *ignored)
{
    const si_engine_t *engine = data;

    (void)easy;
    (void)ignored;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(engine->epoll, EPOLL_CTL_DEL, socket, NULL);
        return 0;
    }
    watch(engine, socket,
          (what & CURL_POLL_IN ? EPOLLIN : 0U) | (what & CURL_POLL_OUT ? EPOLLOUT : 0U));
    return 0;
}

static void free_engine(si_engine_t *engine)
{
    if (engine->epoll >= 0) {
        close(engine->epoll);
    }
    if (engine->wake_up >= 0) {
        close(engine->wake_up);
    }
    curl_multi_cleanup(engine->multi);
    free(engine);
}

static int set_up_multi(si_engine_t *engine, long max_connections)
{
    return curl_multi_setopt(engine->multi, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK
           && curl_multi_setopt(engine->multi, CURLMOPT_SOCKETDATA, engine) == CURLM_OK
           && curl_multi_setopt(engine->multi, CURLMOPT_TIMERFUNCTION, on_timer) == CURLM_OK
           && curl_multi_setopt(engine->multi, CURLMOPT_TIMERDATA, engine) == CURLM_OK
           && curl_multi_setopt(engine->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING) == CURLM_OK
           && curl_multi_setopt(engine->multi, CURLMOPT_MAXCONNECTS, max_connections) == CURLM_OK;
}

si_engine_t *si_engine_make(int max_connections, si_engine_return_fn *on_return, void *owner,
                            const char **problem)
{
    si_engine_t *engine = calloc(1, sizeof(*engine));

    if (!engine) {
        *problem = "out of memory";
        return NULL;
    }
    engine->deadline = NO_DEADLINE;
    engine->on_return = on_return;
    engine->owner = owner;
    pthread_mutex_init(&engine->lock, NULL);
    engine->epoll = epoll_create1(EPOLL_CLOEXEC);
    engine->wake_up = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    engine->multi = curl_multi_init();
    if (engine->epoll < 0 || engine->wake_up < 0 || !engine->multi
        || !set_up_multi(engine, max_connections)) {
        *problem = "no epoll, eventfd or curl multi handle to be had";
        free_engine(engine);
        return NULL;
    }
    watch(engine, engine->wake_up, EPOLLIN);
    return engine;
}

/* Tells the worker, or takes the call back where the worker has left. */
static void end_call(si_engine_t *engine, si_call_t *call, CURLcode code)
{
    int abandoned;

    pthread_mutex_lock(&call->lock);
    abandoned = call->state == SI_CALL_ABANDONED;
    call->code = code;
    call->state = SI_CALL_ENDED;
    pthread_cond_signal(&call->ended);
    pthread_mutex_unlock(&call->lock);
    if (abandoned) {
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

/* Addresses that are older than those libcurl has are not given to it. */
static void settle_addresses(si_call_t *call)
{
    const unsigned loaded = __atomic_load_n(&call->target->loaded, __ATOMIC_RELAXED);

    if (call->generation == 0) {
        return;
    }
    if (call->generation <= loaded) {
        curl_easy_setopt(call->easy, CURLOPT_RESOLVE, NULL);
        return;
    }
    __atomic_store_n(&call->target->loaded, call->generation, __ATOMIC_RELAXED);
}

static int is_abandoned(si_call_t *call)
{
    int abandoned;

    pthread_mutex_lock(&call->lock);
    abandoned = call->state == SI_CALL_ABANDONED;
    pthread_mutex_unlock(&call->lock);
    return abandoned;
}

/* Returns whether the call goes on: on a connection of its own, within its time limit. */
static int begin_afresh(si_engine_t *engine, si_call_t *call)
{
    const apr_int64_t left = call->deadline - now_ms();

    if (left <= 0) {
        return 0;
    }
    curl_multi_remove_handle(engine->multi, call->easy);
    return si_call_connect_afresh(call, (long)left)
           && curl_multi_add_handle(engine->multi, call->easy) == CURLM_OK;
}

static void begin(si_engine_t *engine, si_call_t *call)
{
    if (is_abandoned(call)) {
        /* Its viewer has been answered meanwhile: no session is begun for nobody. */
        engine->on_return(engine->owner, call);
        return;
    }
    call->deadline = now_ms() + call->timeout_ms;
    settle_addresses(call);
    link_running(engine, call);
    if (curl_multi_add_handle(engine->multi, call->easy) != CURLM_OK) {
        unlink_running(call);
        end_call(engine, call, CURLE_FAILED_INIT);
    }
}

static void end(si_engine_t *engine, si_call_t *call, CURLcode code)
{
    unlink_running(call);
    curl_multi_remove_handle(engine->multi, call->easy);
    end_call(engine, call, code);
}

/* Takes all that is queued, in the order it came. */
static si_call_t *take_queue(si_engine_t *engine, int *is_stopping)
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
    return first;
}

static void begin_queued(si_engine_t *engine, int *is_stopping)
{
    si_call_t *call = take_queue(engine, is_stopping);

    while (call) {
        si_call_t *next = call->next;
        begin(engine, call);
        call = next;
    }
}

static void end_transfer(si_engine_t *engine, si_call_t *call, CURLcode code)
{
    if (!si_call_wants_connection(call, code) || !begin_afresh(engine, call)) {
        end(engine, call, code);
    }
}

static void end_finished(si_engine_t *engine)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(engine->multi, &left))) {
        char *call = NULL;
        if (message->msg == CURLMSG_DONE) {
            const CURLcode code = message->data.result;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
            end_transfer(engine, (si_call_t *)(void *)call, code);
        }
    }
}

static int wait_ms(const si_engine_t *engine)
{
    const apr_int64_t left = engine->deadline == NO_DEADLINE ? -1 : engine->deadline - now_ms();

    if (engine->deadline == NO_DEADLINE) {
        return -1;
    }
    return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

static void on_event(si_engine_t *engine, const struct epoll_event *event)
{
    const unsigned failed = event->events & (EPOLLERR | EPOLLHUP);
    int ignored;

    if (event->data.fd == engine->wake_up) {
        eventfd_t count;
        eventfd_read(engine->wake_up, &count);
        return;
    }
    curl_multi_socket_action(engine->multi, event->data.fd,
                             (event->events & EPOLLIN ? CURL_CSELECT_IN : 0)
                                 | (event->events & EPOLLOUT ? CURL_CSELECT_OUT : 0)
                                 | (failed ? CURL_CSELECT_ERR : 0),
                             &ignored);
}

static void run_timers(si_engine_t *engine)
{
    int ignored;

    /* libcurl sets the next deadline from within; the next turn runs one that is due at once. */
    if (engine->deadline != NO_DEADLINE && engine->deadline <= now_ms()) {
        engine->deadline = NO_DEADLINE;
        curl_multi_socket_action(engine->multi, CURL_SOCKET_TIMEOUT, 0, &ignored);
    }
}

/* Waits for what comes first, and does all there is to do. */
static void turn(si_engine_t *engine, int *is_stopping)
{
    struct epoll_event events[EVENTS_PER_TURN];
    const int count = epoll_wait(engine->epoll, events, EVENTS_PER_TURN, wait_ms(engine));
    int i;

    for (i = 0; i < count; i++) {
        on_event(engine, &events[i]);
    }
    begin_queued(engine, is_stopping);
    run_timers(engine);
    end_finished(engine);
}

static void stop_running(si_engine_t *engine)
{
    while (engine->running) {
        engine->running->is_stopped = 1;
        end(engine, engine->running, CURLE_ABORTED_BY_CALLBACK);
    }
}

static void *run(void *data)
{
    si_engine_t *engine = data;
    int is_stopping = 0;

    while (!is_stopping) {
        turn(engine, &is_stopping);
    }
    stop_running(engine);
    return NULL;
}

int si_engine_start(si_engine_t *engine)
{
    sigset_t all, before;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&engine->thread, NULL, run, engine);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
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

void si_engine_drive(si_engine_t *engine, si_call_t *call)
{
    int ignored;

    begin(engine, call);
    while (call->state == SI_CALL_RUNNING) {
        turn(engine, &ignored);
    }
}
