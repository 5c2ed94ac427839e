/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Drives every call of the child process with curl multi handles on epoll (multi.h, sockets.h), so
 * that workers share connections. Private to upstream/. It blocks only in epoll_pwait(). It
 * resolves no names and does not log: workers do.
 *
 * The states of a call, and who owns it:
 *
 *   prepared   worker: fills the transfer, then hands the call over
 *   RUNNING    engine: queued, waiting for fewer to be connecting, or in a multi handle
 *   ENDED      worker: after the engine has posted `ended`, reads the response, returns the call
 *   ABANDONED  engine: the worker gave up first; the engine's owner gets the call when it ends
 *
 * The first thread to change RUNNING wins; it changes only once. Only next_told is shared besides.
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
    CURLU *url;                /* parsed once: libcurl would parse a string for every transfer */
    CURLSH *tls_sessions;      /* NULL for http */
    si_name_t *name;           /* NULL if the host is an address */
    si_nodes_t nodes;          /* the addresses of name */
    struct curl_slist resolve; /* for CURLOPT_RESOLVE */
    char resolve_text[300];
    struct si_call_t *idle; /* kept calls, latest first; guarded by the forwarder's lock */

    /* Used by the engine only. */
    struct si_call_t *waiting; /* until fewer calls are connecting; oldest first */
    struct si_call_t **waiting_end;
    apr_int64_t waiting_deadline; /* no later than any of theirs */
    int connecting;               /* calls that have no connection yet */
    si_transfer_t *probe;         /* of an address that was left out; NULL if there is none */
} si_endpoint_state_t;

typedef enum {
    SI_CALL_RUNNING,
    SI_CALL_ENDED,
    SI_CALL_ABANDONED
} si_call_state_t;

typedef struct si_call_t {
    si_transfer_t transfer; /* first member: a multi handle knows only this */
    si_endpoint_state_t *endpoint;
    struct si_call_t *next; /* in the endpoint's idle list, or one of the engine's queues */

    si_call_state_t state; /* atomic */
    sem_t ended;
    struct si_call_t *next_told; /* atomic; the call whose worker is woken next, or NULL */

    struct si_call_t **link; /* what points at it in the list of running calls */
    struct si_call_t *next_running;
} si_call_t;

/* Creates a call for endpoint. Returns NULL if libcurl fails or memory runs out. */
si_call_t *si_call_make(si_endpoint_state_t *endpoint);

void si_call_free(si_call_t *call);

typedef struct si_engine_t si_engine_t;

/*
 * Gives the engine's owner a call that has ended after its worker abandoned it. Called on the
 * engine's thread.
 */
typedef void si_engine_return_fn(void *owner, si_call_t *call);

/*
 * Creates an engine for up to max_calls concurrent calls to the endpoint_count endpoints. Call it
 * while the process has only one thread. Returns NULL and an error message in *problem if that
 * fails.
 */
si_engine_t *si_engine_make(int max_calls, si_endpoint_state_t *endpoints, int endpoint_count,
                            si_engine_return_fn *on_return, void *owner, const char **problem);

/*
 * Starts the engine's thread, with all signals blocked. Returns 0 or an errno. Without a thread,
 * the engine runs in the only worker.
 */
int si_engine_start(si_engine_t *engine);

/* Ends all calls as stopped, then the thread. The engine's memory is not freed. */
void si_engine_stop(si_engine_t *engine);

typedef enum {
    SI_CALLED,       /* the call has ended; the caller owns it again */
    SI_CALL_REFUSED, /* the engine has stopped; the caller still owns the call */
    SI_CALL_LEFT     /* the call did not end before the deadline; the caller no longer owns it */
} si_called_t;

/*
 * Makes a prepared call and waits for its end until deadline (CLOCK_MONOTONIC). Without an engine
 * thread, the call runs on the caller's thread, whose signal mask is while_waiting during waits.
 */
si_called_t si_engine_call(si_engine_t *engine, si_call_t *call, const struct timespec *deadline,
                           const sigset_t *while_waiting);

#endif
