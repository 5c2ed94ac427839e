/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * A curl multi handle of the engine, with a part of its transfers. Private to upstream/.
 *
 * libcurl searches all connections of a multi handle several times for each transfer. With
 * thousands of connections in one handle, that is most of the engine's work. A transfer stays with
 * its multi handle, so that later exchanges reuse the handle's kept connections.
 */
#ifndef SI_MULTI_H
#define SI_MULTI_H

#include "upstream/transfer.h"
#include "upstream/sockets.h"

#define SI_MULTI_CALLS 32 /* more only if there would be too many multi handles */
#define SI_NO_DEADLINE INT64_MAX

typedef struct {
    int fd;
    int local_port;     /* 0 before it is known */
    apr_int64_t opened; /* monotonic milliseconds */
    int shortening;     /* of its age limit, in thousandths */
} si_socket_t;

typedef struct si_multi_t {
    CURLM *handle;
    si_sockets_t *sockets;
    unsigned tag;              /* of this handle's sockets in sockets */
    apr_int64_t deadline;      /* of libcurl's next timer, monotonic milliseconds */
    si_socket_t *open_sockets; /* in no order */
    int socket_count;
    int socket_capacity;
    unsigned opened_count; /* sockets so far */
} si_multi_t;

/*
 * Creates a multi handle for calls concurrent transfers. Call it while the process has only one
 * thread. Returns NULL if libcurl fails or memory runs out.
 */
si_multi_t *si_multi_make(si_sockets_t *sockets, unsigned tag, int calls);

/*
 * Gives the transfer this multi handle for good. A kept connection that has input or is closed is
 * not used: the transfer then ends with transfer->is_stray. Returns 0 if libcurl fails.
 */
int si_multi_join(si_multi_t *multi, si_transfer_t *transfer);

/* Starts the transfer. Returns 0 if libcurl fails. */
int si_multi_add(si_multi_t *multi, si_transfer_t *transfer);

/* Ends the transfer, finished or not. */
void si_multi_remove(si_multi_t *multi, si_transfer_t *transfer);

/* Lets libcurl handle an event of a socket. */
void si_multi_act(si_multi_t *multi, const si_socket_event_t *event);

/* Lets libcurl handle its timeouts, if its deadline is not after now. */
void si_multi_tick(si_multi_t *multi, apr_int64_t now);

/* Returns a finished transfer, with its result in *code; NULL if none is left. */
si_transfer_t *si_multi_finished(si_multi_t *multi, CURLcode *code);

#endif
