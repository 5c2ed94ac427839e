/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Chooses the stream id of a new session: uniform over 1..N. */
#ifndef SI_STREAM_ID_H
#define SI_STREAM_ID_H

#include <apr_errno.h>
#include <apr_general.h>

/* The largest N: AWS allows 25 active prefetch schedules, the original template 10 groups. */
#define SI_STREAM_ID_MAX 10

/* A source of random bytes; apr_generate_random_bytes is one. */
typedef apr_status_t si_random_fn(unsigned char *bytes, apr_size_t length);

/*
 * Draws *id from 1..count, each with exactly the same chance. count is 1 to 255.
 * Returns what the random source returned where that is an error; *id is then untouched.
 */
apr_status_t si_stream_id_draw(int count, si_random_fn *random, int *id);

/* What the id at position is called, from 0 to SI_STREAM_ID_MAX - 1. */
const char *si_stream_id_name(int position);

/* The share of all draws that the id at position of count is to get, above 0 and up to 1. */
double si_stream_id_share(int count, int position);

#endif
