/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Makes the session request that is sent to MediaTailor from the player's POST: sets the stream id
 * in the JSON body, and moves the families of query parameters into it (contract 3.1 to 3.3).
 */
#ifndef SI_SESSION_REQUEST_H
#define SI_SESSION_REQUEST_H

#include "errors.h"

#include <apr_pools.h>

typedef struct {
    const char *body;
    apr_size_t body_length;
    const char *query;   /* what stays in the query, each item as it came; NULL for none */
    const char *message; /* for the player, if there is an error; NULL for the error's own */
} si_session_request_t;

/*
 * Fills *request from the player's body (length bytes; none means "{}"), its query (NULL for none)
 * and the stream id. Everything is allocated from pool. Returns SI_ERROR_NONE, or why the player's
 * request is refused.
 */
si_error_t si_session_request_make(apr_pool_t *pool, const char *body, apr_size_t length,
                                   const char *query, const char *stream_id,
                                   si_session_request_t *request);

#endif
