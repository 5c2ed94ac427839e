/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Counters of what the module did, per vhost, in memory that all child processes share.
 *
 * The segment belongs to the process pool: it survives restarts, graceful or not, and the children
 * of an earlier generation continue to count in it. Counting takes no lock and is exact. If a child
 * dies, its calls under way no longer count.
 */
#ifndef SI_COUNTERS_H
#define SI_COUNTERS_H

#include "errors.h"
#include "ids/stream_id.h"

#include <apr_errno.h>
#include <apr_pools.h>
#include <apr_time.h>
#include <unistd.h>

/*
 * Each stream id has a slot, by its name. There are more slots than ids, since children of the
 * generation before a restart may still count ids that the new configuration no longer has.
 */
#define SI_COUNTED_IDS (2 * SI_STREAM_ID_MAX)
/* 2xx, 3xx, 4xx, 5xx and any other. */
#define SI_COUNTED_CLASSES 5
/* Names that x-amzn-ErrorType may begin with (contract 4.4); the last is for any other. */
#define SI_COUNTED_ERROR_TYPES 11
/* Buckets of the duration of a call; the last has no bound. */
#define SI_COUNTED_TIMES 13

/* The names and bounds of counters with an index; the last name is "other". */
extern const char *const si_counted_classes[SI_COUNTED_CLASSES];
extern const char *const si_counted_error_types[SI_COUNTED_ERROR_TYPES];
extern const apr_interval_time_t si_counted_times[SI_COUNTED_TIMES - 1];

/* All members are 64-bit counters: they are summed as an array. */
typedef struct {
    apr_uint64_t redirects[SI_COUNTED_IDS];
    apr_uint64_t redirects_without_id;
    apr_uint64_t sessions[SI_COUNTED_IDS]; /* whose response was 2xx */
    apr_uint64_t preflights;
    apr_uint64_t errors[SI_ERROR_COUNT];
    apr_uint64_t answers[SI_COUNTED_CLASSES]; /* MediaTailor's responses */
    apr_uint64_t error_types[SI_COUNTED_ERROR_TYPES];
    apr_uint64_t kept_connections; /* calls with a response that needed no new connection */
    apr_uint64_t times[SI_COUNTED_TIMES];
    apr_uint64_t time_us; /* of all calls */
} si_counts_t;

typedef struct si_segment_t si_segment_t;

/* The counters of one vhost. */
typedef struct si_counters_t si_counters_t; /* vhost.h declares it too */

/*
 * The parent: returns the segment of this process, created by the first call. pool is the process
 * pool. child_limit is the limit of concurrent children.
 */
apr_status_t si_segment_open(apr_pool_t *pool, int child_limit, si_segment_t **segment);

/* The time when counting started, in microseconds since the epoch. */
apr_time_t si_segment_start(const si_segment_t *segment);

/* The parent: returns the counters of the vhost name:port, created if they do not exist. */
apr_status_t si_segment_counters(si_segment_t *segment, const char *name, int port,
                                 si_counters_t **counters);

/*
 * The parent: finds the slots of ids, slots[i] for the id at position i. An id keeps its slot and
 * its counts over restarts. A new id gets a free slot, or the slot of the id that was removed the
 * most restarts ago.
 */
void si_counters_name(si_counters_t *counters, const si_stream_ids_t *ids, int *slots);

/* A child, before its first request: gets a slot for the number of its calls under way. */
void si_segment_enter(si_segment_t *segment, pid_t child);

/* The parent: the child has ended. Its calls under way no longer count. */
void si_segment_reap(si_segment_t *segment, pid_t child);

/* Counts a redirect with the id of slot; without an id if slot is negative. */
void si_count_redirect(si_counters_t *counters, int slot);

void si_count_preflight(si_counters_t *counters);
void si_count_error(si_counters_t *counters, si_error_t error);

/* Counts a call as under way until si_count_call_end(), which must be called however it ends. */
void si_count_call(si_counters_t *counters);
void si_count_call_end(si_counters_t *counters);

/* Counts the duration of a call that was sent or tried. */
void si_count_time(si_counters_t *counters, apr_interval_time_t time);

/*
 * Counts MediaTailor's response to a session initialization with the id of slot; error_type is its
 * x-amzn-ErrorType, NULL for none.
 */
void si_count_answer(si_counters_t *counters, int slot, int status, const char *error_type);

/* Counts a response that needed no new connection. */
void si_count_kept_connection(si_counters_t *counters);

/*
 * Reads the sums over all children, and the number of calls under way. Sums of stream ids are by
 * slot.
 */
void si_counters_read(const si_segment_t *segment, const si_counters_t *counters,
                      si_counts_t *counts, apr_uint64_t *in_flight);

/*
 * Changes the sums of count stream ids from slot order to the order of their positions; slots[i] is
 * the slot of position i.
 */
void si_counts_order(si_counts_t *counts, const int *slots, int count);

/*
 * The number of redirects and sessions with the stream id at position, and with any of count ids.
 */
apr_uint64_t si_counts_drawn(const si_counts_t *counts, int position);
apr_uint64_t si_counts_all_drawn(const si_counts_t *counts, int count);

/* The number of calls that have ended. */
apr_uint64_t si_counts_calls(const si_counts_t *counts);

#endif
