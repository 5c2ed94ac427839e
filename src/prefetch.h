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
    const char *stream_id;     /* StreamId; NULL for none */
    int is_recurring;          /* then only recurring_end counts */
    apr_time_t retrieval_end;
    apr_time_t consumption_start; /* 0 where it is not bounded */
    apr_time_t consumption_end;
    apr_time_t recurring_end;
} si_prefetch_t;

/* Sorts schedules (si_prefetch_t), as si_prefetch_eligible wants them. */
void si_prefetch_sort(apr_array_header_t *schedules);

/*
 * Those ids of a configuration (a name of length bytes) that are eligible at now: whose retrieval
 * window for the next ad break ends later than SI_PREFETCH_MARGIN from now, and those of recurring
 * schedules. The next break is that of the schedules whose consumption windows overlap the one
 * that begins first of those that have not ended. lists are count arrays of si_prefetch_t, each
 * sorted. Returns SI_ALL_STREAM_IDS where there is none.
 */
si_stream_id_set_t si_prefetch_eligible(const apr_array_header_t *const *lists, int count,
                                        const si_stream_ids_t *ids, const char *configuration,
                                        apr_size_t length, apr_time_t now);

#endif
