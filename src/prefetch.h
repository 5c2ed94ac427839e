/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Prefetch schedules, and which stream ids are still worth giving to a session that begins now.
 *
 * MediaTailor prefetches the ads of an avail (consumption window) for the sessions that are there
 * while a schedule's retrieval window is open. A session whose group's window has closed asks the
 * ad server at the break, with everyone else who came late.
 */
#ifndef SI_PREFETCH_H
#define SI_PREFETCH_H

#include "stream_id.h"

#include <apr_tables.h>
#include <apr_time.h>

/* What is less than that before its end, a retrieval window no longer serves a new session. */
#define SI_PREFETCH_MARGIN apr_time_from_sec(2)

/* One schedule (PrefetchSchedule of MediaTailor's API). */
typedef struct {
    const char *configuration; /* PlaybackConfigurationName */
    const char *stream_id;     /* StreamId; NULL for none: it prefetches for every session */
    int is_recurring;          /* for every break until consumption_end, which alone counts then */
    apr_time_t retrieval_end;
    apr_time_t consumption_start; /* 0 where it is not bounded */
    apr_time_t consumption_end;
} si_prefetch_t;

/* The schedules that one server has to look at. */
typedef struct si_prefetch_plan_t si_prefetch_plan_t;

/*
 * Those schedules of listings (count arrays of si_prefetch_t) that have one of ids. What the plan
 * holds of them is copied to pool.
 */
si_prefetch_plan_t *si_prefetch_plan_make(apr_pool_t *pool,
                                          const apr_array_header_t *const *listings, int count,
                                          const si_stream_ids_t *ids);

/*
 * Those ids of a configuration (a name of length bytes) that a session is to get one of that begins
 * at now: whose retrieval window for the next ad break ends later than SI_PREFETCH_MARGIN from now,
 * and those of recurring schedules that have not ended. Where there is none, those whose window is
 * open all the same; else SI_ALL_STREAM_IDS. The next break is that of the schedules whose
 * consumption windows overlap the one that begins first of those that have not ended.
 */
si_stream_id_set_t si_prefetch_eligible(const si_prefetch_plan_t *plan, const char *configuration,
                                        apr_size_t length, apr_time_t now);

#endif
