/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * What the module did, counted for each virtual host in memory that all child processes share.
 *
 * The segment belongs to the process pool: it outlasts restarts, graceful or not, and the children
 * of an earlier generation go on counting in it. Nothing on a request's path locks; what is counted
 * is exact, and what is under way in a child that dies does not stay counted.
 */
#ifndef SI_COUNTERS_H
#define SI_COUNTERS_H

#include "errors.h"
#include "ids/stream_id.h"

#include <apr_errno.h>
#include <apr_pools.h>
#include <apr_time.h>
#include <unistd.h>

/* Stream ids are counted by position. */
#define SI_COUNTED_IDS SI_STREAM_ID_MAX
/* 2xx, 3xx, 4xx, 5xx and any other. */
#define SI_COUNTED_CLASSES 5
/* Names that x-amzn-ErrorType may begin with (contract 4.4), the last for any other. */
#define SI_COUNTED_ERROR_TYPES 11
/* Buckets of the upstream's time, the last without a bound. */
#define SI_COUNTED_TIMES 13

/* The names and bounds of what is counted by index; "other" where it is the last. */
extern const char *const si_counted_classes[SI_COUNTED_CLASSES];
extern const char *const si_counted_error_types[SI_COUNTED_ERROR_TYPES];
extern const apr_interval_time_t si_counted_times[SI_COUNTED_TIMES - 1];

/* Only ever added to. All members are numbers of 64 bits: they are summed as an array. */
typedef struct {
    apr_uint64_t redirects[SI_COUNTED_IDS];
    apr_uint64_t redirects_without_id;
    apr_uint64_t sessions[SI_COUNTED_IDS]; /* answered with 2xx */
    apr_uint64_t preflights;
    apr_uint64_t errors[SI_ERROR_COUNT];
    apr_uint64_t answers[SI_COUNTED_CLASSES]; /* of the upstream */
    apr_uint64_t error_types[SI_COUNTED_ERROR_TYPES];
    apr_uint64_t kept_connections; /* calls answered without a new connection */
    apr_uint64_t times[SI_COUNTED_TIMES];
    apr_uint64_t time_us; /* of all calls */
} si_counts_t;

typedef struct si_segment_t si_segment_t;

/* Of one virtual host. */
typedef struct si_counters_t si_counters_t; /* vhost.h declares it too */

/*
 * The parent: the segment of this process, made at the first call. pool is the process pool, and
 * child_limit how many children there may be at once.
 */
apr_status_t si_segment_open(apr_pool_t *pool, int child_limit, si_segment_t **segment);

/* Microseconds since the epoch when counting began. */
apr_time_t si_segment_start(const si_segment_t *segment);

/* The parent: the counters of the server name:port, made where it is new. */
apr_status_t si_segment_counters(si_segment_t *segment, const char *name, int port,
                                 si_counters_t **counters);

/*
 * The parent: these ids stand at the positions from now on. Where another one stood before, what
 * was counted at its position is dropped.
 */
void si_counters_name(si_counters_t *counters, const si_stream_ids_t *ids);

/* A child, before its first request: takes a slot for its calls under way. */
void si_segment_enter(si_segment_t *segment, pid_t child);

/* The parent: the child has ended, whatever it had under way. */
void si_segment_reap(si_segment_t *segment, pid_t child);

/* A redirect with the id at position, from 0; without one where position is negative. */
void si_count_redirect(si_counters_t *counters, int position);

void si_count_preflight(si_counters_t *counters);
void si_count_error(si_counters_t *counters, si_error_t error);

/* A call to the upstream is under way, until it ends in whatever way. */
void si_count_call(si_counters_t *counters);
void si_count_call_end(si_counters_t *counters);

/* What a call that got as far as the upstream took. */
void si_count_time(si_counters_t *counters, apr_interval_time_t time);

/*
 * An answer of the upstream's to a session initialization with the id at position; error_type is
 * its x-amzn-ErrorType, NULL for none.
 */
void si_count_answer(si_counters_t *counters, int position, int status, const char *error_type);

/* It came without a new connection. */
void si_count_kept_connection(si_counters_t *counters);

/* The sums over all children, and the calls under way. */
void si_counters_read(const si_segment_t *segment, const si_counters_t *counters,
                      si_counts_t *counts, apr_uint64_t *in_flight);

/* Responses to players that a stream id was drawn for: that at position, and of all count ids. */
apr_uint64_t si_counts_drawn(const si_counts_t *counts, int position);
apr_uint64_t si_counts_all_drawn(const si_counts_t *counts, int count);

/* Calls to the upstream that have ended. */
apr_uint64_t si_counts_calls(const si_counts_t *counts);

#endif
