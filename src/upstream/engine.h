/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Drives every call of the child process with curl multi handles on epoll (multi.h, sockets.h), so
 * that workers share connections. Private to upstream/. It never blocks but in epoll_wait, never
 * resolves a name and never logs: workers do.
 *
 * The states of a call, and who owns it:
 *
 *   prepared   worker: fills the transfer, then hands the call over
 *   RUNNING    engine: queued, waiting for fewer to be connecting, or in a multi handle
 *   ENDED      worker again: the engine has posted `ended`; reads the response, gives it back
 *   ABANDONED  engine: the worker has left first; the engine's owner gets it back at its end
 *
 * RUNNING is left once, by whoever comes first. Nothing else is shared but next_told.
 */
#ifndef SI_ENGINE_H
#define SI_ENGINE_H

#include "upstream/transfer.h"

#include <semaphore.h>
#include <signal.h>

struct si_call_t;

/* An endpoint at run time. */
typedef struct {
    const si_endpoint_t *config;
    CURLU *url;             /* parsed once: libcurl would for every transfer */
    CURLSH *tls_sessions;   /* NULL over http */
    si_name_t *name;        /* NULL if the host is an address */
    struct si_call_t *idle; /* kept calls, the latest first; the forwarder's lock */

    /* The engine's. */
    struct si_call_t *waiting; /* for fewer to be connecting; the first first */
    struct si_call_t **waiting_end;
    apr_int64_t waiting_deadline; /* no later than any of theirs */
    int connecting;               /* calls that have no connection yet */
} si_endpoint_state_t;

typedef enum {
    SI_CALL_RUNNING,
    SI_CALL_ENDED,
    SI_CALL_ABANDONED
} si_call_state_t;

typedef struct si_call_t {
    si_transfer_t transfer; /* first: a multi handle knows this alone */
    si_endpoint_state_t *endpoint;
    struct si_call_t *next; /* in the endpoint's idle list, or one of the engine's queues */

    si_call_state_t state; /* atomic */
    sem_t ended;
    struct si_call_t *next_told; /* atomic; whose worker this one's wakes in its turn, or NULL */

    struct si_call_t **link; /* what points at it in the list of running calls */
    struct si_call_t *next_running;
} si_call_t;

/* A call for endpoint; NULL if libcurl fails or memory runs out. */
si_call_t *si_call_make(si_endpoint_state_t *endpoint);

void si_call_free(si_call_t *call);

typedef struct si_engine_t si_engine_t;

/*
 * Called when a call has ended that its worker has abandoned: the engine's owner has it back. On
 * the engine's thread.
 */
typedef void si_engine_return_fn(void *owner, si_call_t *call);

/*
 * While the process has one thread: an engine for up to max_calls calls at once, to the
 * endpoint_count endpoints. NULL and the reason in *problem if that fails.
 */
si_engine_t *si_engine_make(int max_calls, si_endpoint_state_t *endpoints, int endpoint_count,
                            si_engine_return_fn *on_return, void *owner, const char **problem);

/*
 * Starts the engine's thread, all signals blocked in it. Returns 0 or an errno. Without a thread
 * the engine runs in its one worker.
 */
int si_engine_start(si_engine_t *engine);

/* Ends what is under way as stopped, then the thread. The engine's memory stays. */
void si_engine_stop(si_engine_t *engine);

typedef enum {
    SI_CALLED,       /* the call has ended, and is the caller's again */
    SI_CALL_REFUSED, /* the engine has stopped; the call is still the caller's */
    SI_CALL_LEFT     /* no end came until the deadline; the call is no longer the caller's */
} si_called_t;

/*
 * Makes a prepared call and waits for its end until deadline (CLOCK_MONOTONIC). Without a thread it
 * is driven on the caller's, whose signal mask is while_waiting as long as there is nothing to do.
 */
si_called_t si_engine_call(si_engine_t *engine, si_call_t *call, const struct timespec *deadline,
                           const sigset_t *while_waiting);

#endif
