/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Prefetch schedules, and which stream ids a session that starts now may get.
 *
 * MediaTailor prefetches the ads of a break for the sessions that exist while the retrieval window
 * of a schedule is open, and fills breaks with them in its consumption window. If no window for the
 * next break is open any more for the stream id of a session, MediaTailor asks the ad server at the
 * break, together with all other late sessions.
 *
 * Which schedules are for the next break follows from the ends of their consumption windows:
 * - The next break is over when the first consumption window that has not ended yet ends.
 * - The break of a schedule starts neither before the schedule's retrieval nor before its
 *   consumption. So a schedule that starts after the next break is over is for a later break.
 * - The schedules of one id are for successive breaks, in the order of their ends; those that end
 *   together are for the same break. So a schedule whose window has closed is not replaced by that
 *   of a later break, even if the later one has an early start of consumption or none.
 */
#ifndef SI_SCHEDULE_H
#define SI_SCHEDULE_H

#include "ids/stream_id.h"

#include <apr_tables.h>
#include <apr_time.h>

/* A retrieval window that ends within this time no longer serves a new session. */
#define SI_SCHEDULE_MARGIN apr_time_from_sec(2)

/* Schedules of one playback configuration that are not over; AWS allows 25. */
#define SI_SCHEDULE_LIMIT 100

/* The schedule has no start. It is earlier than every time. */
#define SI_SCHEDULE_NO_START APR_INT64_MIN

/* One schedule (PrefetchSchedule of MediaTailor's API). */
typedef struct {
    const char *configuration; /* PlaybackConfigurationName */
    const char *stream_id;     /* StreamId; NULL if it prefetches for every session */
    int is_recurring; /* for every break until consumption_end; the other times are not used */
    apr_time_t retrieval_start; /* SI_SCHEDULE_NO_START if there is none */
    apr_time_t retrieval_end;
    apr_time_t consumption_start; /* SI_SCHEDULE_NO_START if there is none */
    apr_time_t consumption_end;
} si_schedule_t;

/* The schedules that are relevant for one vhost. */
typedef struct si_schedule_plan_t si_schedule_plan_t;

/*
 * Returns the name of a playback configuration with more than SI_SCHEDULE_LIMIT of schedules
 * (si_schedule_t) that are not over at now, or NULL. pool is for temporary memory.
 */
const char *si_schedule_crowded(apr_pool_t *pool, const apr_array_header_t *schedules,
                                apr_time_t now);

/*
 * Makes a plan of those schedules in listings (count arrays of si_schedule_t) that have one of ids
 * and are not over at now. The plan copies what it needs to pool.
 */
si_schedule_plan_t *si_schedule_plan_make(apr_pool_t *pool,
                                          const apr_array_header_t *const *listings, int count,
                                          const si_stream_ids_t *ids, apr_time_t now);

/*
 * Returns the ids among which a session that starts at now gets one, for a playback configuration
 * (a name of length bytes): those whose retrieval window for the next break ends later than
 * SI_SCHEDULE_MARGIN from now, and those of recurring schedules that have not ended. If there are
 * none, it returns those whose window is still open at all; if none is open, it returns
 * SI_ALL_STREAM_IDS.
 */
si_stream_id_set_t si_schedule_eligible(const si_schedule_plan_t *plan, const char *configuration,
                                        apr_size_t length, apr_time_t now);

#endif
