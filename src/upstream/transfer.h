/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * One exchange with MediaTailor at a time on a kept libcurl easy handle. Private to upstream/.
 *
 * A transfer belongs to one thread at a time: to the worker that fills it and reads its response,
 * to the engine in between. All its memory is its own, malloc'ed and kept for the next exchange: a
 * worker may give up, and its request pool be destroyed, while the transfer goes on.
 */
#ifndef SI_TRANSFER_H
#define SI_TRANSFER_H

#include "upstream/exchange.h"
#include "upstream/resolver.h"

#include <apr_pools.h>
#include <curl/curl.h>

typedef struct {
    char *bytes;
    size_t length;
    size_t capacity;
} si_buffer_t;

typedef struct {
    CURL *easy;
    const si_endpoint_t *endpoint;
    struct si_multi_t *multi; /* NULL before the first exchange */
    int *connecting;          /* what counts it while it has no connection; else NULL */
    int has_begun;            /* before that, libcurl reports the handle's last exchange */

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

    /* The response. */
    si_buffer_t head; /* "Name\0value\0" of each header that passes */
    si_buffer_t body;
    int status;
    char reason[64];
    int has_whole_head; /* what follows are trailers */
    int has_length;     /* by Content-Length or chunks */
    int has_connection_header;
    int header_passes;   /* the last header line, and so what continues it */
    size_t header_start; /* of that in head */
    int open_errno;      /* why no socket could be opened, or 0 */
    size_t head_bytes;   /* all header bytes, passing or not */
    int is_too_large;
    int is_stray;   /* what the connection has to read belongs to no request */
    int is_stopped; /* the engine has ended before the transfer */
    CURLcode code;
    char error[CURL_ERROR_SIZE];
} si_transfer_t;

/* Sets an option of the transfer's easy handle; whether libcurl takes it. */
#define SI_SET(transfer, option, value) \
    (curl_easy_setopt((transfer)->easy, option, value) == CURLE_OK)

/*
 * Fills a transfer, which is all zero, for exchanges with endpoint; url is the endpoint's, parsed
 * once, and tls_sessions NULL over http. Returns 0 if libcurl fails or memory runs out.
 */
int si_transfer_init(si_transfer_t *transfer, const si_endpoint_t *endpoint, CURLU *url,
                     CURLSH *tls_sessions);

/* Frees what the transfer has, not the transfer itself. */
void si_transfer_clear(si_transfer_t *transfer);

/*
 * Prepares the next exchange: copies the request and sets what is its own. addresses is NULL if
 * libcurl has those of transfer->generation already. Returns 0 if libcurl fails or memory runs out.
 */
int si_transfer_prepare(si_transfer_t *transfer, const si_forward_request_t *request,
                        long connect_timeout_ms, long timeout_ms, const si_addresses_t *addresses);

/* Shortens the time limit to left_ms, if less is left than was set. Returns 0 if libcurl fails. */
int si_transfer_limit(si_transfer_t *transfer, long left_ms);

/* Counts the transfer in *connecting as one without a connection, and no longer. */
void si_transfer_connects(si_transfer_t *transfer, int *connecting);
void si_transfer_has_connected(si_transfer_t *transfer);

/* Whether the transfer has a connection that an earlier one has used. */
int si_transfer_is_on_kept_connection(const si_transfer_t *transfer);

/*
 * Whether the transfer failed because the kept connection was dead, or had bytes to read that
 * belong to no request, before a byte was answered. libcurl replaces a dead one by itself, but
 * counts its attempts over all transfers of a handle and gives up at the fifth.
 */
int si_transfer_wants_connection(const si_transfer_t *transfer, CURLcode code);

/* Prepares the same exchange again on a new connection. Returns 0 if libcurl fails. */
int si_transfer_prepare_afresh(si_transfer_t *transfer);

/* Copies what came of the exchange into response, its strings from pool. */
void si_transfer_read(si_transfer_t *transfer, apr_pool_t *pool, si_response_t *response);

/* Makes an ended transfer ready to be kept: gives large memory back. */
void si_transfer_rest(si_transfer_t *transfer);

#endif
