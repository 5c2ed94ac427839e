/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The stream ids of a vhost, and the choice of one for a new session. */
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
    const char *directive; /* the one that set them: StreamIdCount or StreamIds */
    int count;             /* 0: the module is off */
    int total;             /* of the weights */
    si_stream_id_t ids[SI_STREAM_ID_MAX];
} si_stream_ids_t;

/* A set of stream ids: bit p is the id at position p. */
typedef apr_uint32_t si_stream_id_set_t;
#define SI_ALL_STREAM_IDS (~(si_stream_id_set_t)0)

/* A source of random bytes; apr_generate_random_bytes is one. */
typedef apr_status_t si_random_fn(unsigned char *bytes, apr_size_t length);

/* Creates an empty list. directive must live as long as pool. */
si_stream_ids_t *si_stream_ids_make(apr_pool_t *pool, const char *directive);

/* Adds an id; name must live as long as ids. ids must have fewer than SI_STREAM_ID_MAX ids. */
void si_stream_ids_add(si_stream_ids_t *ids, const char *name, int weight);

/* The position of the id with that name, of length bytes; -1 if there is none. */
int si_stream_ids_find(const si_stream_ids_t *ids, const char *name, apr_size_t length);

/* The expected share of all draws of the id at position, above 0 and up to 1. */
double si_stream_id_share(const si_stream_ids_t *ids, int position);

/*
 * Draws *position among those ids, exactly in proportion to their weights. Returns the error of the
 * random source, if any, and APR_EINVAL if among holds none of ids; *position is then unchanged.
 */
apr_status_t si_stream_id_draw(const si_stream_ids_t *ids, si_stream_id_set_t among,
                               si_random_fn *random, int *position);

/*
 * The position that key always gets among those ids, on every host, in proportion to their weights.
 * If an id is added or removed, only the keys that must move do (rendezvous hashing: the id with
 * the best score gets the key). among holds at least one of ids.
 */
int si_stream_id_of_key(const si_stream_ids_t *ids, si_stream_id_set_t among, const char *key,
                        apr_size_t length);

#endif
