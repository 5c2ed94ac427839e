/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "ids/stream_id.h"

#include <apr_siphash.h>
#include <math.h>
#include <string.h>

/*
 * Not a secret: choosing one's own id gains nothing. Fixed, so that a key keeps its id on every
 * host and after every restart.
 */
static const unsigned char hash_key[APR_SIPHASH_KSIZE] = "StreamIdKey/2026";

si_stream_ids_t *si_stream_ids_make(apr_pool_t *pool, const char *directive)
{
    si_stream_ids_t *ids = apr_pcalloc(pool, sizeof(*ids));

    ids->directive = directive;
    return ids;
}

void si_stream_ids_add(si_stream_ids_t *ids, const char *name, int weight)
{
    si_stream_id_t *id = &ids->ids[ids->count++];

    id->name = name;
    id->weight = weight;
    id->hash = apr_siphash24(name, strlen(name), hash_key);
    ids->total += weight;
}

int si_stream_ids_find(const si_stream_ids_t *ids, const char *name, apr_size_t length)
{
    int i;

    for (i = 0; i < ids->count; i++) {
        if (strlen(ids->ids[i].name) == length && memcmp(ids->ids[i].name, name, length) == 0) {
            return i;
        }
    }
    return -1;
}

double si_stream_id_share(const si_stream_ids_t *ids, int position)
{
    return (double)ids->ids[position].weight / ids->total;
}

static int is_among(si_stream_id_set_t among, int position)
{
    return (among >> position & 1) != 0;
}

static int total_among(const si_stream_ids_t *ids, si_stream_id_set_t among)
{
    int total = 0;
    int i;

    if (among == SI_ALL_STREAM_IDS) {
        return ids->total;
    }
    for (i = 0; i < ids->count; i++) {
        total += is_among(among, i) ? ids->ids[i].weight : 0;
    }
    return total;
}

/*
 * Draws a number from 0 to bound - 1, each with exactly the same probability; bound is at most
 * 2^24.
 */
static apr_status_t draw_below(apr_uint32_t bound, si_random_fn *random, apr_uint32_t *number)
{
    const apr_size_t length = bound <= 1U << 8 ? 1 : bound <= 1U << 16 ? 2 : 3;
    const apr_uint32_t span = 1U << 8 * length;
    /* Numbers from the largest multiple of bound on would favour low results: draw again. */
    const apr_uint32_t limit = span - span % bound;
    unsigned char bytes[3] = { 0, 0, 0 };

    do {
        apr_status_t rv = random(bytes, length);
        if (rv != APR_SUCCESS) {
            return rv;
        }
        *number = bytes[0] | (apr_uint32_t)bytes[1] << 8 | (apr_uint32_t)bytes[2] << 16;
    } while (*number >= limit);

    *number %= bound;
    return APR_SUCCESS;
}

apr_status_t si_stream_id_draw(const si_stream_ids_t *ids, si_stream_id_set_t among,
                               si_random_fn *random, int *position)
{
    const int total = total_among(ids, among);
    apr_uint32_t drawn = 0;
    apr_status_t rv;
    int i;

    if (total <= 0) {
        return APR_EINVAL;
    }
    rv = draw_below((apr_uint32_t)total, random, &drawn);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    for (i = 0; i < ids->count; i++) {
        const apr_uint32_t weight = is_among(among, i) ? (apr_uint32_t)ids->ids[i].weight : 0;
        if (drawn < weight) {
            break;
        }
        drawn -= weight;
    }
    *position = i;
    return APR_SUCCESS;
}

/* The same bytes on every machine. */
static void write_number(unsigned char *bytes, apr_uint64_t number)
{
    int i;

    for (i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)(number >> 8 * i);
    }
}

/*
 * With u uniform in (0, 1), from the hash, -ln(u) / weight is an exponential time with the weight
 * as its rate. The probability to be the earliest of several such times is proportional to the
 * rate.
 */
static double score(apr_uint64_t key_hash, const si_stream_id_t *id)
{
    unsigned char both[16];

    write_number(both, key_hash);
    write_number(both + 8, id->hash);
    const apr_uint64_t hash = apr_siphash24(both, sizeof(both), hash_key);
    /* A double holds 53 bits; adding a half keeps u above 0. */
    const double u = ((double)(hash >> 11) + 0.5) / 9007199254740992.0;
    return -log(u) / id->weight;
}

int si_stream_id_of_key(const si_stream_ids_t *ids, si_stream_id_set_t among, const char *key,
                        apr_size_t length)
{
    const apr_uint64_t key_hash = apr_siphash24(key, length, hash_key);
    double best = HUGE_VAL;
    int position = -1;
    int i;

    for (i = 0; i < ids->count; i++) {
        const double time = is_among(among, i) ? score(key_hash, &ids->ids[i]) : HUGE_VAL;
        if (time < best) {
            best = time;
            position = i;
        }
    }
    return position;
}
