/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "ids/schedule.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

/* What a plan needs of a schedule. */
/* A plan keeps what has been over for no longer: the host's clock may be set back. */
#define CLOCK_STEP apr_time_from_sec(24 * 3600)

typedef struct {
    si_stream_id_set_t id;
    int is_recurring;
    apr_time_t begin; /* earliest start of the break that it is for */
    apr_time_t retrieval_end;
    apr_time_t consumption_end;
} entry_t;

/* The schedules of one playback configuration. */
typedef struct {
    const char *name;
    apr_size_t length;
    apr_array_header_t *entries; /* entry_t, in the order of consumption_end */
} part_t;

struct si_schedule_plan_t {
    apr_array_header_t *parts; /* part_t, by name */
};

/* The plan. */

static int compare_schedules(const void *a, const void *b)
{
    const si_schedule_t *one = *(const si_schedule_t *const *)a;
    const si_schedule_t *other = *(const si_schedule_t *const *)b;
    const int order = strcmp(one->configuration, other->configuration);

    return order ? order
                 : (one->consumption_end > other->consumption_end)
                       - (one->consumption_end < other->consumption_end);
}

/* Adds to found (const si_schedule_t *) those schedules that are not over. */
static void add_current(apr_array_header_t *found, const apr_array_header_t *schedules,
                        apr_time_t now)
{
    int i;

    for (i = 0; i < schedules->nelts; i++) {
        const si_schedule_t *schedule = &APR_ARRAY_IDX(schedules, i, si_schedule_t);
        if (schedule->consumption_end > now) {
            APR_ARRAY_PUSH(found, const si_schedule_t *) = schedule;
        }
    }
}

static void sort(apr_array_header_t *schedules)
{
    qsort(schedules->elts, (size_t)schedules->nelts, sizeof(const si_schedule_t *),
          compare_schedules);
}

const char *si_schedule_crowded(apr_pool_t *pool, const apr_array_header_t *schedules,
                                apr_time_t now)
{
    apr_array_header_t *found = apr_array_make(pool, schedules->nelts,
                                               sizeof(const si_schedule_t *));
    int i;

    add_current(found, schedules, now);
    sort(found);
    for (i = SI_SCHEDULE_LIMIT; i < found->nelts; i++) {
        const char *name = APR_ARRAY_IDX(found, i, const si_schedule_t *)->configuration;
        const int first = i - SI_SCHEDULE_LIMIT;
        if (strcmp(name, APR_ARRAY_IDX(found, first, const si_schedule_t *)->configuration) == 0) {
            return name;
        }
    }
    return NULL;
}

static part_t *add_part(apr_array_header_t *parts, const char *name)
{
    part_t *part = apr_array_push(parts);

    part->name = apr_pstrdup(parts->pool, name);
    part->length = strlen(name);
    part->entries = apr_array_make(parts->pool, 8, sizeof(entry_t));
    return part;
}

static void add_entry(part_t *part, const si_schedule_t *schedule, int position)
{
    entry_t *entry = apr_array_push(part->entries);

    entry->id = (si_stream_id_set_t)1 << position;
    entry->is_recurring = schedule->is_recurring;
    entry->begin = schedule->retrieval_start > schedule->consumption_start
                       ? schedule->retrieval_start
                       : schedule->consumption_start;
    entry->retrieval_end = schedule->retrieval_end;
    entry->consumption_end = schedule->consumption_end;
}

si_schedule_plan_t *si_schedule_plan_make(apr_pool_t *pool,
                                          const apr_array_header_t *const *listings, int count,
                                          const si_stream_ids_t *ids, apr_time_t now)
{
    si_schedule_plan_t *plan = apr_palloc(pool, sizeof(*plan));
    apr_array_header_t *schedules = apr_array_make(pool, SI_STREAM_ID_MAX,
                                                   sizeof(const si_schedule_t *));
    part_t *part = NULL;
    int i;

    for (i = 0; i < count; i++) {
        add_current(schedules, listings[i], now - CLOCK_STEP);
    }
    sort(schedules);
    plan->parts = apr_array_make(pool, 1, sizeof(part_t));
    for (i = 0; i < schedules->nelts; i++) {
        const si_schedule_t *schedule = APR_ARRAY_IDX(schedules, i, const si_schedule_t *);
        const char *id = schedule->stream_id ? schedule->stream_id : "";
        const int position = si_stream_ids_find(ids, id, strlen(id));
        if (position < 0) {
            continue;
        }
        if (!part || strcmp(part->name, schedule->configuration) != 0) {
            part = add_part(plan->parts, schedule->configuration);
        }
        add_entry(part, schedule, position);
    }
    return plan;
}

/* Reading the plan, for a request. */

/* Like strcmp(), of the part's name and a name of length bytes. */
static int compare_name(const part_t *part, const char *name, apr_size_t length)
{
    const int order = memcmp(part->name, name, part->length < length ? part->length : length);

    return order ? order : (part->length > length) - (part->length < length);
}

static const part_t *find(const si_schedule_plan_t *plan, const char *name, apr_size_t length)
{
    int low = 0;
    int high = plan->parts->nelts;

    while (low < high) {
        const int middle = low + (high - low) / 2;
        const part_t *part = &APR_ARRAY_IDX(plan->parts, middle, part_t);
        const int order = compare_name(part, name, length);
        if (order == 0) {
            return part;
        }
        if (order < 0) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    return NULL;
}

/*
 * The ids whose retrieval window for the next break stays open for longer than margin, or recurs.
 */
static si_stream_id_set_t ids_with_margin(const part_t *part, apr_time_t now,
                                          apr_interval_time_t margin)
{
    const entry_t *entry = (const entry_t *)(void *)part->entries->elts;
    const entry_t *end = entry + part->entries->nelts;
    const entry_t *first = NULL, *last = NULL; /* single schedules, so far */
    si_stream_id_set_t open = 0;
    si_stream_id_set_t together = 0; /* ids of schedules that end as last does */
    si_stream_id_set_t earlier = 0;  /* ids of schedules before it: for an earlier break */

    for (; entry < end; entry++) {
        if (entry->consumption_end <= now) {
            continue;
        }
        if (entry->is_recurring) {
            open |= entry->id;
            continue;
        }
        if (last && entry->consumption_end != last->consumption_end) {
            earlier |= together;
            together = 0;
        }
        first = first ? first : entry;
        last = entry;
        if (entry->id & earlier) {
            continue;
        }
        together |= entry->id;
        if (entry->begin < first->consumption_end && entry->retrieval_end > now + margin) {
            open |= entry->id;
        }
    }
    return open;
}

si_stream_id_set_t si_schedule_eligible(const si_schedule_plan_t *plan, const char *configuration,
                                        apr_size_t length, apr_time_t now)
{
    const part_t *part = find(plan, configuration, length);
    si_stream_id_set_t open = part ? ids_with_margin(part, now, SI_SCHEDULE_MARGIN) : 0;

    if (part && !open) {
        open = ids_with_margin(part, now, 0);
    }
    return open ? open : SI_ALL_STREAM_IDS;
}
