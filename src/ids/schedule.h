/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Prefetch schedules, and which stream ids a session that begins now may get.
 *
 * MediaTailor prefetches the ads of a break for the sessions that are there while the retrieval
 * window of a schedule is open, and fills breaks with them in its consumption window. A session
 * whose stream id has no open window left for the next break asks the ad server at that break, with
 * everyone else who came late.
 *
 * Which schedules are for the next break follows from the ends of their consumption windows:
 * - The next break is over when the first consumption window that has not ended does.
 * - A break that a schedule is for begins neither before the schedule's retrieval nor before its
 *   consumption. A schedule that begins after the next break is over is for a later one.
 * - The schedules of one id are for one break after the other, in the order of their ends; those
 *   that end together are for the same break. So one whose window has closed is not replaced by the
 *   schedule of a later break, even if that has no start of consumption, or an early one.
 */
#ifndef SI_SCHEDULE_H
#define SI_SCHEDULE_H

#include "ids/stream_id.h"

#include <apr_tables.h>
#include <apr_time.h>

/* A retrieval window that ends within this time no longer serves a new session. */
#define SI_PREFETCH_MARGIN apr_time_from_sec(2)

/* Schedules of one playback configuration that are not over; AWS allows 25. */
#define SI_PREFETCH_LIMIT 100

/* A start that a schedule does not have: earlier than every time. */
#define SI_PREFETCH_NO_START APR_INT64_MIN

/* One schedule (PrefetchSchedule of MediaTailor's API). */
typedef struct {
    const char *configuration;  /* PlaybackConfigurationName */
    const char *stream_id;      /* StreamId; NULL for none: it prefetches for every session */
    int is_recurring;           /* for every break until consumption_end, which alone counts then */
    apr_time_t retrieval_start; /* SI_PREFETCH_NO_START if there is none */
    apr_time_t retrieval_end;
    apr_time_t consumption_start; /* SI_PREFETCH_NO_START if there is none */
    apr_time_t consumption_end;
} si_prefetch_t;

/* The schedules that one server has to look at. */
typedef struct si_prefetch_plan_t si_prefetch_plan_t;

/*
 * Returns the playback configuration of which more than SI_PREFETCH_LIMIT of schedules
 * (si_prefetch_t) are not over at now, NULL if there is none. What it needs meanwhile is taken from
 * pool.
 */
const char *si_prefetch_crowded(apr_pool_t *pool, const apr_array_header_t *schedules,
                                apr_time_t now);

/*
 * Those schedules of listings (count arrays of si_prefetch_t) that have one of ids and are not over
 * at now. What the plan holds of them is copied to pool.
 */
si_prefetch_plan_t *si_prefetch_plan_make(apr_pool_t *pool,
                                          const apr_array_header_t *const *listings, int count,
                                          const si_stream_ids_t *ids, apr_time_t now);

/*
 * Those ids of a configuration (a name of length bytes) that a session which begins at now is to
 * get one of: those whose retrieval window for the next break ends later than SI_PREFETCH_MARGIN
 * from now, and those of recurring schedules that have not ended. If there are none, those whose
 * window is open all the same; else SI_ALL_STREAM_IDS.
 */
si_stream_id_set_t si_prefetch_eligible(const si_prefetch_plan_t *plan, const char *configuration,
                                        apr_size_t length, apr_time_t now);

#endif
