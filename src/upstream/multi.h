/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * One curl multi handle of the engine, and a share of its calls. Private to the forwarding room.
 *
 * libcurl goes through all connections of a multi handle several times for each transfer: with
 * thousands in one, that is most of the engine's work. A call keeps its shard, and a shard its
 * connections, so that what is kept is still shared by the next calls of the shard.
 */
#ifndef SI_MULTI_H
#define SI_MULTI_H

#include "upstream/transfer.h"
#include "upstream/sockets.h"

#define SI_SHARD_CALLS 32 /* more only where there would be too many shards */
#define SI_NO_DEADLINE INT64_MAX

typedef struct {
    int fd;
    int local_port; /* 0 before it is known */
} si_socket_t;

typedef struct si_shard_t {
    CURLM *multi;
    si_watch_t *watch;
    unsigned tag;         /* of its sockets in watch */
    apr_int64_t deadline; /* of libcurl's next timer, monotonic milliseconds */
    unsigned *loaded;     /* by target: generation of the addresses in libcurl's cache */
    si_socket_t *sockets; /* open ones, in no order */
    int socket_count;
    int socket_capacity;
} si_shard_t;

/*
 * While the process has one thread. A shard for so many calls at once, which name at most
 * target_count targets. NULL where libcurl or memory fails.
 */
si_shard_t *si_shard_make(si_watch_t *watch, unsigned tag, int calls, int target_count);

/*
 * Gives the call this shard for all its transfers. A kept connection that has input, or has ended,
 * is not used: the transfer then ends with call->is_stray. Returns 0 if libcurl fails.
 */
int si_shard_join(si_shard_t *shard, si_call_t *call);

/* Begins the call's transfer. Returns 0 where libcurl fails. */
int si_shard_add(si_shard_t *shard, si_call_t *call);

/* Ends it, finished or not. */
void si_shard_remove(si_shard_t *shard, si_call_t *call);

/* Lets libcurl act on what happened at a socket. */
void si_shard_act(si_shard_t *shard, const si_watch_event_t *event);

/* Lets libcurl act on time that has passed, where its deadline is not after now. */
void si_shard_tick(si_shard_t *shard, apr_int64_t now);

/* A call whose transfer has finished, with how in *code; NULL where there is none left. */
si_call_t *si_shard_finished(si_shard_t *shard, CURLcode *code);

#endif
