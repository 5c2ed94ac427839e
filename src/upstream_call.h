/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * One call to MediaTailor on a kept libcurl easy handle. Private to the forwarding room.
 *
 * A call belongs to one thread at a time: to the worker that fills it and reads its answer, to the
 * engine in between. All its memory is its own, malloc'ed and kept for the next call: a worker may
 * give up and its request pool vanish while the transfer goes on.
 */
#ifndef SI_UPSTREAM_CALL_H
#define SI_UPSTREAM_CALL_H

#include "forwarding.h"
#include "resolver.h"

#include <curl/curl.h>
#include <pthread.h>

typedef struct {
    char *bytes;
    size_t length;
    size_t capacity;
} si_buffer_t;

/* An endpoint as the forwarder knows it. */
typedef struct si_target_t {
    const si_endpoint_t *endpoint;
    CURLU *url;      /* the endpoint's, parsed once: libcurl would parse it for every transfer */
    si_name_t *name; /* NULL where the host is an address */
    unsigned
        loaded; /* generation of the addresses in libcurl's cache; written by the engine, atomic */
    struct si_call_t *idle; /* kept calls, the latest first; the forwarder's lock */
} si_target_t;

typedef enum {
    SI_CALL_RUNNING,
    SI_CALL_ENDED,
    SI_CALL_ABANDONED
} si_call_state_t;

typedef struct si_call_t {
    CURL *easy;
    si_target_t *target;
    struct si_call_t *next;  /* in the target's idle list or the engine's queue */
    struct si_call_t **link; /* what points at it in the engine's list of running calls */
    struct si_call_t *next_running;

    pthread_mutex_t lock; /* of state */
    pthread_cond_t ended;
    si_call_state_t state;

    si_buffer_t sent;    /* header lines, target and body of the request */
    unsigned generation; /* of the addresses that go along; 0 for none */
    struct curl_slist addresses;
    char address_line[SI_ADDRESSES_SIZE + 300];
    int is_afresh;        /* the second attempt, on a connection of its own */
    apr_int64_t deadline; /* of the transfer, monotonic milliseconds; the engine's */
    long timeout_ms;      /* as last set */
    long connect_timeout_ms;

    si_buffer_t head; /* "Name\0value\0" of each header that passes */
    si_buffer_t body;
    int status;
    char reason[64];
    int has_whole_head; /* what follows are trailers */
    size_t head_bytes;  /* all header bytes, passing or not */
    int is_too_large;
    int is_stopped; /* the engine has ended before the transfer */
    CURLcode code;
    char error[CURL_ERROR_SIZE];
} si_call_t;

/* A call for target with the options that never change; NULL where libcurl or memory fails. */
si_call_t *si_call_make(si_target_t *target);

void si_call_free(si_call_t *call);

/*
 * Prepares the next transfer: copies the request and sets what is its own. addresses may be NULL.
 * Returns 0 where libcurl or memory fails.
 */
int si_call_prepare(si_call_t *call, const si_forward_request_t *request, long connect_timeout_ms,
                    long timeout_ms, const si_addresses_t *addresses);

/*
 * Whether the transfer failed for want of a live kept connection, no byte having been answered.
 * libcurl replaces a dead one by itself, but its count of at most five goes on over all transfers
 * of a handle.
 */
int si_call_wants_connection(const si_call_t *call, CURLcode code);

/* Prepares the same transfer again on a new connection. Returns 0 where libcurl fails. */
int si_call_connect_afresh(si_call_t *call, long timeout_ms);

/* Copies what came of the transfer into answer, its strings from pool. */
void si_call_read(si_call_t *call, apr_pool_t *pool, si_forward_answer_t *answer);

/* Makes an ended call ready to be kept: gives large memory back. */
void si_call_rest(si_call_t *call);

#endif
