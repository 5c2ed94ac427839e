/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * One call to MediaTailor on a kept libcurl easy handle. Private to the forwarding room.
 *
 * A call belongs to one thread at a time: to the worker that fills it and reads its answer, to the
 * engine in between. All its memory is its own, malloc'ed and kept for the next call: a worker may
 * give up and its request pool vanish while the transfer goes on.
 */
#ifndef SI_TRANSFER_H
#define SI_TRANSFER_H

#include "upstream/forwarder.h"
#include "upstream/resolver.h"
#include "upstream/sockets.h"

#include <curl/curl.h>
#include <semaphore.h>

typedef struct {
    char *bytes;
    size_t length;
    size_t capacity;
} si_buffer_t;

/* An endpoint as the forwarder knows it. */
typedef struct si_target_t {
    const si_endpoint_t *endpoint;
    CURLU *url;             /* the endpoint's, parsed once: libcurl would for every transfer */
    CURLSH *tls_sessions;   /* NULL over http */
    si_name_t *name;        /* NULL where the host is an address */
    struct si_call_t *idle; /* kept calls, the latest first; the forwarder's lock */

    /* The engine's. */
    struct si_call_t *waiting; /* for fewer to be connecting; the first first */
    struct si_call_t **waiting_end;
    apr_int64_t waiting_deadline; /* no later than any of theirs */
    int connecting;               /* calls that have no connection yet */
} si_target_t;

typedef enum {
    SI_CALL_RUNNING,
    SI_CALL_ENDED,
    SI_CALL_ABANDONED
} si_call_state_t;

typedef struct si_call_t {
    CURL *easy;
    si_target_t *target;
    struct si_call_t *next; /* in the target's idle list, or one of the engine's queues */

    /* Between worker and engine. */
    si_call_state_t state; /* atomic */
    sem_t ended;
    struct si_call_t *next_told; /* atomic; whose worker this one's tells in its turn, or NULL */

    /* The engine's. */
    struct si_shard_t *shard; /* NULL before the first transfer */
    struct si_call_t **link;  /* what points at it in the list of running calls */
    struct si_call_t *next_running;
    int is_connecting; /* counted in target->connecting */
    int has_begun;     /* before, libcurl tells of the handle's last transfer */

    /* The request. */
    si_buffer_t sent;    /* header lines, target and body */
    unsigned generation; /* of the addresses given to libcurl last */
    struct curl_slist addresses;
    char address_line[SI_ADDRESSES_SIZE + 300];
    apr_int64_t deadline; /* monotonic milliseconds */
    long timeout_ms;      /* as last set */
    long connect_timeout_ms;
    int is_afresh; /* the second attempt, on a connection of its own */
    long body_length;
    int socket; /* of the connection, from the moment it is ready to be used; or -1 */

    /* The answer. */
    si_buffer_t head; /* "Name\0value\0" of each header that passes */
    si_buffer_t body;
    int status;
    char reason[64];
    int has_whole_head; /* what follows are trailers */
    int has_length;     /* by Content-Length or chunks */
    int has_connection_header;
    int header_passes;   /* the last header line, and so what goes on with it */
    size_t header_start; /* of that in head */
    int open_errno;      /* why no socket could be opened, or 0 */
    size_t head_bytes;   /* all header bytes, passing or not */
    int is_too_large;
    int is_stray;   /* what the connection has to read belongs to no request */
    int is_stopped; /* the engine has ended before the transfer */
    CURLcode code;
    char error[CURL_ERROR_SIZE];
} si_call_t;

/* A call for target with the options that never change; NULL where libcurl or memory fails. */
si_call_t *si_call_make(si_target_t *target);

void si_call_free(si_call_t *call);

/*
 * Prepares the next transfer: copies the request and sets what is its own. addresses is NULL where
 * libcurl has those of call->generation already. Returns 0 where libcurl or memory fails.
 */
int si_call_prepare(si_call_t *call, const si_forward_request_t *request, long connect_timeout_ms,
                    long timeout_ms, const si_addresses_t *addresses);

/*
 * The worker: waits for the end until deadline (CLOCK_MONOTONIC), and then tells the next of those
 * that ended with it. Returns 0 and leaves the call if no end comes.
 */
int si_call_wait(si_call_t *call, const struct timespec *deadline);

/* The engine: ends the call. Returns 0 where its worker has left: the call is then the engine's to
 * return. */
int si_call_end(si_call_t *call);

/*
 * The engine: tells the worker of an ended call, which tells that of next_told, and so on. To wake
 * them one by one would cost the engine the processor each time: a worker that has waited long goes
 * before a thread that never rests.
 */
void si_call_tell(si_call_t *call);
void si_call_set_next_told(si_call_t *call, si_call_t *next);

/* Without an engine thread: takes what si_call_tell has left, for nobody waited. */
void si_call_take_notice(si_call_t *call);

int si_call_is_running(const si_call_t *call);
int si_call_is_abandoned(const si_call_t *call);

/* The engine: shortens the time limit to left_ms, where less is left than was set. */
int si_call_limit(si_call_t *call, long left_ms);

/* The engine: counts the call as one of its target's without a connection, and no longer. */
void si_call_connects(si_call_t *call);
void si_call_has_connected(si_call_t *call);

/* Whether the transfer has a connection that an earlier one has used. */
int si_call_is_on_kept_connection(const si_call_t *call);

/*
 * Whether the transfer failed because the kept connection was dead, or had bytes to read that
 * belong to no request, before a byte was answered. libcurl replaces a dead one by itself, but
 * counts its attempts over all transfers of a handle and gives up at the fifth.
 */
int si_call_wants_connection(const si_call_t *call, CURLcode code);

/* Prepares the same transfer again on a new connection. Returns 0 where libcurl fails. */
int si_call_prepare_afresh(si_call_t *call);

/* Copies what came of the transfer into answer, its strings from pool. */
void si_call_read(si_call_t *call, apr_pool_t *pool, si_forward_answer_t *answer);

/* Makes an ended call ready to be kept: gives large memory back. */
void si_call_rest(si_call_t *call);

#endif
