/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * A kept libcurl easy handle, for one exchange with MediaTailor at a time. Private to upstream/.
 *
 * A transfer belongs to one thread at a time: to the worker that fills it and reads its response,
 * and to the engine in between. It owns all its memory, which is malloc'ed and kept for the next
 * exchange: a worker may give up and its request pool be destroyed while the transfer continues.
 */
#ifndef SI_TRANSFER_H
#define SI_TRANSFER_H

#include "upstream/exchange.h"
#include "upstream/nodes.h"

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
    si_nodes_t *nodes;        /* of the endpoint; NULL if its host is an address */
    struct si_multi_t *multi; /* NULL before the first exchange */
    int *connecting; /* the counter that includes it while it has no connection; else NULL */
    int has_begun;   /* until then, libcurl reports on the handle's last exchange */

    /* The request. */
    si_buffer_t sent;         /* header lines, target and body */
    si_addresses_t addresses; /* of the endpoint's name, as the worker knows them */
    apr_int64_t deadline;     /* monotonic milliseconds */
    long timeout_ms;          /* last value set */
    long connect_timeout_ms;
    apr_int64_t max_age_ms; /* of a connection; 0 for any */
    int is_afresh;          /* second attempt, on a new connection */
    long body_length;
    long connect_limit_ms;        /* of all attempts together */
    apr_int64_t connect_deadline; /* monotonic milliseconds; 0 before the first attempt */
    long granted_ms;              /* to connect in this attempt */
    unsigned tried;               /* addresses, bits by index in nodes */
    unsigned tried_generation;
    int attempts;
    int suspect_count; /* addresses that took the request and closed without an answer */
    si_address_t suspects[SI_ADDRESS_MAX];
    int has_address; /* this attempt makes a connection, to address */
    si_address_t address;
    int is_probe; /* connects, and sends nothing */
    int socket;   /* of the connection, after it is established; or -1 */

    /* The response. */
    si_buffer_t head; /* "Name\0value\0" of each header that passes */
    si_buffer_t body;
    int status;
    char reason[64];
    int has_whole_head; /* later lines are trailers */
    int has_length;     /* has Content-Length or Transfer-Encoding */
    int has_connection_header;
    int header_passes;   /* whether the last header is kept, and so its continuation lines */
    size_t header_start; /* of the last header in head */
    int socket_errno;    /* of the last socket that could not be opened, for messages */
    int open_errno;      /* why no socket could be opened, or 0 */
    size_t head_bytes;   /* all header bytes, passing or not */
    int is_too_large;
    const char *malformed;      /* what is wrong with its framing; NULL if nothing is */
    apr_int64_t content_length; /* -1 if there is none */
    int is_stray;               /* input on the connection belongs to no request */
    int is_stopped;             /* the engine stopped before the transfer ended */
    CURLcode code;
    char error[CURL_ERROR_SIZE];
} si_transfer_t;

/* Sets an option of the transfer's easy handle. True if libcurl accepts it. */
#define SI_SET(transfer, option, value) \
    (curl_easy_setopt((transfer)->easy, option, value) == CURLE_OK)

/*
 * Fills a transfer, which is all zero, for exchanges with endpoint; url is the endpoint's, parsed
 * once, and tls_sessions NULL over http. name and nodes are NULL if the host is an address. Else
 * name is for CURLOPT_RESOLVE: libcurl then looks up nothing, and each new connection goes to an
 * address that nodes chooses. Returns 0 if libcurl fails or memory runs out.
 */
int si_transfer_init(si_transfer_t *transfer, const si_endpoint_t *endpoint, CURLU *url,
                     struct curl_slist *name, si_nodes_t *nodes, CURLSH *tls_sessions);

/* Frees what the transfer owns, not the transfer itself. */
void si_transfer_clear(si_transfer_t *transfer);

/*
 * Prepares the next exchange: copies the request and sets its options. addresses is NULL if
 * transfer->addresses are the latest. Returns 0 if libcurl fails or memory runs out.
 */
int si_transfer_prepare(si_transfer_t *transfer, const si_forward_request_t *request,
                        long connect_timeout_ms, long timeout_ms, const si_addresses_t *addresses);

/*
 * Sets the time limits of an attempt that begins at now (monotonic milliseconds): what is left of
 * the whole, and a share of what is left to connect for each address that has not been tried.
 * Returns 0 if libcurl fails.
 */
int si_transfer_limit(si_transfer_t *transfer, apr_int64_t now);

/* Chooses the address of a new connection, unless it is a probe's. Returns 0 if none is left. */
int si_transfer_choose_address(si_transfer_t *transfer);

/* Whether the attempt, which ended with code, made no connection because of its address. */
int si_transfer_address_failed(const si_transfer_t *transfer, CURLcode code);

/* Whether the proxy answered CONNECT, in whatever way: its address is alive. */
int si_transfer_reached_proxy(const si_transfer_t *transfer);

/* Whether a new connection took the request and was closed without an answer. */
int si_transfer_was_unanswered(const si_transfer_t *transfer, CURLcode code);

/* Whether it was one of these, and there is time for another address that has not been tried. */
int si_transfer_wants_address(const si_transfer_t *transfer, CURLcode code);

/* Notes an address that did not answer: it has failed if another one answers. */
void si_transfer_suspect_address(si_transfer_t *transfer);

/* Prepares a transfer that only connects to address. Returns 0 if libcurl fails. */
int si_transfer_prepare_probe(si_transfer_t *transfer, const si_address_t *address,
                              long timeout_ms);

/*
 * Counts the transfer in *connecting while it has no connection, until si_transfer_has_connected().
 */
void si_transfer_connects(si_transfer_t *transfer, int *connecting);
void si_transfer_has_connected(si_transfer_t *transfer);

/* Whether the transfer has a connection that an earlier one has used. */
int si_transfer_is_on_kept_connection(const si_transfer_t *transfer);

/*
 * Whether the transfer failed, before any byte of a response, because the kept connection was dead
 * or had input that belongs to no request. libcurl itself replaces a dead connection, but counts
 * its attempts over all transfers of a handle and gives up at the fifth.
 */
int si_transfer_wants_connection(const si_transfer_t *transfer, CURLcode code);

/* Prepares the same exchange again on a new connection. Returns 0 if libcurl fails. */
int si_transfer_prepare_afresh(si_transfer_t *transfer);

/* Copies the result of the exchange into response, with its strings from pool. */
void si_transfer_read(si_transfer_t *transfer, apr_pool_t *pool, si_response_t *response);

/* Prepares an ended transfer to be kept: frees large buffers. */
void si_transfer_rest(si_transfer_t *transfer);

#endif
