/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The stream ids of a server, and the choice of one for a new session. */
#ifndef SI_STREAM_ID_H
#define SI_STREAM_ID_H

#include <apr_errno.h>
#include <apr_general.h>
#include <apr_pools.h>

/* AWS allows 25 active prefetch schedules for a playback configuration. */
#define SI_STREAM_ID_MAX 25
#define SI_STREAM_ID_MAX_WEIGHT 10000
#define SI_STREAM_ID_MAX_LENGTH 64

typedef struct {
    const char *name;
    int weight;
    apr_uint64_t hash; /* of the name */
} si_stream_id_t;

typedef struct {
    const char *directive; /* that set them: StreamIdCount or StreamIds */
    int count;             /* 0: the module is off */
    int total;             /* of the weights */
    si_stream_id_t ids[SI_STREAM_ID_MAX];
} si_stream_ids_t;

/* Some of them: bit p is the id at position p. */
typedef apr_uint32_t si_stream_id_set_t;
#define SI_ALL_STREAM_IDS (~(si_stream_id_set_t)0)

/* A source of random bytes; apr_generate_random_bytes is one. */
typedef apr_status_t si_random_fn(unsigned char *bytes, apr_size_t length);

/* None yet; to be added to. */
si_stream_ids_t *si_stream_ids_make(apr_pool_t *pool, const char *directive);

/* Adds one; name must live as long as ids. There must be room for it. */
void si_stream_ids_add(si_stream_ids_t *ids, const char *name, int weight);

/* The position of the id with that name, of length bytes; -1 where there is none. */
int si_stream_ids_find(const si_stream_ids_t *ids, const char *name, apr_size_t length);

/* The share of all draws that the id at position is to get, above 0 and up to 1. */
double si_stream_id_share(const si_stream_ids_t *ids, int position);

/*
 * Draws *position among those ids, exactly in proportion to their weights. Returns what the random
 * source returned where that is an error, and APR_EINVAL where among holds none of ids; *position
 * is then untouched.
 */
apr_status_t si_stream_id_draw(const si_stream_ids_t *ids, si_stream_id_set_t among,
                               si_random_fn *random, int *position);

/*
 * The position that key always gets among those ids, on every host, in proportion to their weights:
 * where an id is added or removed, only the keys that must change do (rendezvous hashing: the key
 * goes where its score is best). among holds at least one of ids.
 */
int si_stream_id_of_key(const si_stream_ids_t *ids, si_stream_id_set_t among, const char *key,
                        apr_size_t length);

#endif
