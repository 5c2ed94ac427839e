/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The door of the forwarding room: a prepared session initialization in, MediaTailor's answer out.
 * Behind it are the engine (engine.h), one call each (upstream_call.h) and the names (resolver.h).
 *
 * One forwarder serves a child process, all its virtual hosts and workers. Its memory is malloc'ed
 * and lives as long as the process, so that a worker that outlives the stop finds it still there.
 */
#ifndef SI_FORWARDER_H
#define SI_FORWARDER_H

#include "config/settings.h"

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

typedef struct si_forwarder_t si_forwarder_t;

/* Seconds between look-ups of an endpoint's name: AWS's own live for 60. */
#define SI_NAME_REFRESH 30

/*
 * NULL, or the name of libcurl's TLS library where that takes no certificates but from a file or
 * the system: GnuTLS before libcurl 8.18. While the process has one thread.
 */
const char *si_tls_library_without_ca(void);

typedef enum {
    SI_FORWARD_ANSWERED,    /* by the upstream, whatever its status */
    SI_FORWARD_BUSY,        /* as many calls as may be are under way */
    SI_FORWARD_STOPPING,    /* the child process is ending */
    SI_FORWARD_UNRESOLVED,  /* the endpoint's name has no address */
    SI_FORWARD_UNREACHABLE, /* no connection */
    SI_FORWARD_TLS,         /* no trusted TLS session */
    SI_FORWARD_PROTOCOL,    /* not HTTP, broken off, truncated */
    SI_FORWARD_TOO_LARGE,   /* an answer above SI_ANSWER_MAX_BODY or SI_ANSWER_MAX_HEAD */
    SI_FORWARD_TIMEOUT      /* one of the two time limits */
} si_forward_outcome_t;

#define SI_ANSWER_MAX_BODY (1024 * 1024)
#define SI_ANSWER_MAX_HEAD (64 * 1024)

typedef struct {
    const si_endpoint_t *endpoint;
    const char *target;                /* path and query, sent as they are */
    const apr_array_header_t *headers; /* const char *: name and value in turn */
    const char *body;
    apr_size_t body_length;
    apr_interval_time_t connect_timeout; /* look-up, connect and TLS */
    apr_interval_time_t timeout;         /* the whole exchange */
} si_forward_request_t;

typedef struct {
    si_forward_outcome_t outcome;
    int status;                  /* of the answer, 200 to 999 */
    const char *reason;          /* its reason phrase, may be empty */
    apr_array_header_t *headers; /* const char *: name and value in turn, those that may pass */
    const char *body;
    apr_size_t body_length;
    const char *stage; /* of a failure: "queue", "resolve", "connect", "tls", "answer" or "stop" */
    const char *cause; /* what libcurl or the resolver said of it */
    apr_interval_time_t time; /* from the call to its end */
    int was_called;           /* the upstream, or it was at least tried to */
    int is_kept_connection;   /* no new connection was made */
} si_forward_answer_t;

/*
 * Makes the forwarder of this process, after the fork. endpoints (const si_endpoint_t *) are those
 * that calls may name; their names are looked up anew every name_refresh seconds. At most max_calls
 * are under way at once. With an engine thread where is_threaded, else each worker drives its own
 * call. Returns NULL and the reason in *problem where that fails.
 */
si_forwarder_t *si_forwarder_start(const apr_array_header_t *endpoints, int max_calls,
                                   int name_refresh, int is_threaded, const char **problem);

/*
 * Ends the engine: what still waits is answered with SI_FORWARD_STOPPING, as is what comes later.
 */
void si_forwarder_stop(si_forwarder_t *forwarder);

/*
 * Makes one call and waits for its end. The answer's strings are allocated from pool, on the
 * caller's thread. request need not outlive the call.
 */
void si_forward(si_forwarder_t *forwarder, const si_forward_request_t *request, apr_pool_t *pool,
                si_forward_answer_t *answer);

#endif
