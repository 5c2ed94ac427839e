/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* One exchange with MediaTailor: the request, the response, and how it ended. */
#ifndef SI_EXCHANGE_H
#define SI_EXCHANGE_H

#include "upstream/endpoint.h"

#include <apr_tables.h>
#include <apr_time.h>

typedef enum {
    SI_FORWARD_ANSWERED,    /* MediaTailor sent a response, with any status */
    SI_FORWARD_BUSY,        /* the limit of concurrent calls is reached */
    SI_FORWARD_STOPPING,    /* the child process is ending */
    SI_FORWARD_UNRESOLVED,  /* the endpoint's name has no address */
    SI_FORWARD_UNREACHABLE, /* no connection */
    SI_FORWARD_TLS,         /* no trusted TLS session */
    SI_FORWARD_PROTOCOL,    /* not HTTP, or incomplete */
    SI_FORWARD_TOO_LARGE,   /* a response above SI_RESPONSE_MAX_BODY or SI_RESPONSE_MAX_HEAD */
    SI_FORWARD_TIMEOUT      /* one of the two time limits was reached */
} si_forward_outcome_t;

#define SI_RESPONSE_MAX_BODY (1024 * 1024)
#define SI_RESPONSE_MAX_HEAD (64 * 1024)

typedef struct {
    const si_endpoint_t *endpoint;
    const char *target;                /* path and query, sent unchanged */
    const apr_array_header_t *headers; /* const char *: name and value in turn */
    const char *body;
    apr_size_t body_length;
    apr_interval_time_t connect_timeout; /* look-up, connect and TLS */
    apr_interval_time_t timeout;         /* the whole exchange */
    apr_interval_time_t max_age;         /* of a connection that it may use; 0 for any */
} si_forward_request_t;

typedef struct {
    si_forward_outcome_t outcome;
    int status;                  /* 200 to 999 */
    const char *reason;          /* its reason phrase, may be empty */
    apr_array_header_t *headers; /* const char *: name and value in turn, those that may pass */
    const char *body;
    apr_size_t body_length;
    const char *
        stage; /* of a failure: "queue", "resolve", "connect", "proxy", "tls", "answer" or "stop" */
    const char *cause;        /* error message of libcurl or the resolver */
    apr_interval_time_t time; /* duration of the call */
    int was_called;           /* the request was sent, or at least a connection was tried */
    int is_kept_connection;   /* no new connection was made */
} si_response_t;

#endif
