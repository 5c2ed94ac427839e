/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "prefetch.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

/* A schedule that has one of the server's ids. */
typedef struct {
    const si_prefetch_t *schedule;
    si_stream_id_set_t id;
} entry_t;

/* Some entries: those of one configuration. */
typedef struct {
    const entry_t *first;
    const entry_t *end;
} slice_t;

/* From then on these ids are the ones to give, until the next step. */
typedef struct {
    apr_time_t from;
    si_stream_id_set_t ids;
} step_t;

/* What is known of one configuration. */
typedef struct {
    const char *name;
    apr_size_t length;
    apr_array_header_t *steps; /* step_t, by time; the first is from ever */
} part_t;

struct si_prefetch_plan_t {
    apr_array_header_t *parts; /* part_t, by name */
};

/* Which ids to give, at a time. */

/* The schedule of the break that comes first, or is on; NULL where no single one has one. */
static const si_prefetch_t *next_break(slice_t slice, apr_time_t now)
{
    const si_prefetch_t *next = NULL;
    const entry_t *entry;

    for (entry = slice.first; entry < slice.end; entry++) {
        const si_prefetch_t *s = entry->schedule;
        if (!s->is_recurring && s->consumption_end > now
            && (!next || s->consumption_start < next->consumption_start)) {
            next = s;
        }
    }
    return next;
}

/*
 * Whether a session that begins at now gets what s retrieves, with that margin. None that has not
 * ended starts before next: those that start before its end overlap it.
 */
static int serves_newcomer(const si_prefetch_t *s, const si_prefetch_t *next, apr_time_t now,
                           apr_interval_time_t margin)
{
    if (s->consumption_end <= now) {
        return 0;
    }
    return s->is_recurring
           || (s->retrieval_end > now + margin && s->consumption_start < next->consumption_end);
}

static si_stream_id_set_t ids_with_margin(slice_t slice, apr_time_t now, apr_interval_time_t margin)
{
    const si_prefetch_t *next = next_break(slice, now);
    si_stream_id_set_t found = 0;
    const entry_t *entry;

    for (entry = slice.first; entry < slice.end; entry++) {
        found |= serves_newcomer(entry->schedule, next, now, margin) ? entry->id : 0;
    }
    return found;
}

static si_stream_id_set_t ids_at(slice_t slice, apr_time_t now)
{
    si_stream_id_set_t found = ids_with_margin(slice, now, SI_PREFETCH_MARGIN);

    if (!found) {
        found = ids_with_margin(slice, now, 0);
    }
    return found ? found : SI_ALL_STREAM_IDS;
}

/* The plan: all this beforehand, for the times at which it changes. */

static int compare_steps(const void *a, const void *b)
{
    const apr_time_t one = ((const step_t *)a)->from, other = ((const step_t *)b)->from;

    return (one > other) - (one < other);
}

static void add_step(apr_array_header_t *steps, apr_time_t from)
{
    step_t *step = apr_array_push(steps);

    step->from = from;
}

static apr_array_header_t *make_steps(apr_pool_t *pool, slice_t slice)
{
    const int count = 1 + 3 * (int)(slice.end - slice.first);
    apr_array_header_t *steps = apr_array_make(pool, count, sizeof(step_t));
    const entry_t *entry;
    int i;

    add_step(steps, APR_INT64_MIN);
    for (entry = slice.first; entry < slice.end; entry++) {
        add_step(steps, entry->schedule->retrieval_end - SI_PREFETCH_MARGIN);
        add_step(steps, entry->schedule->retrieval_end);
        add_step(steps, entry->schedule->consumption_end);
    }
    qsort(steps->elts, (size_t)steps->nelts, sizeof(step_t), compare_steps);
    for (i = 0; i < steps->nelts; i++) {
        step_t *step = &APR_ARRAY_IDX(steps, i, step_t);
        step->ids = ids_at(slice, step->from);
    }
    return steps;
}

static const entry_t *add_part(apr_array_header_t *parts, const entry_t *first, const entry_t *end)
{
    part_t *part = apr_array_push(parts);
    slice_t slice = { first, first };

    part->name = apr_pstrdup(parts->pool, first->schedule->configuration);
    part->length = strlen(part->name);
    while (slice.end < end && strcmp(slice.end->schedule->configuration, part->name) == 0) {
        slice.end++;
    }
    part->steps = make_steps(parts->pool, slice);
    return slice.end;
}

static void add_entry(apr_array_header_t *entries, const si_prefetch_t *schedule,
                      const si_stream_ids_t *ids)
{
    const char *name = schedule->stream_id ? schedule->stream_id : "";
    const int position = si_stream_ids_find(ids, name, strlen(name));

    if (position >= 0) {
        entry_t *entry = apr_array_push(entries);
        entry->schedule = schedule;
        entry->id = (si_stream_id_set_t)1 << position;
    }
}

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const entry_t *)a)->schedule->configuration,
                  ((const entry_t *)b)->schedule->configuration);
}

si_prefetch_plan_t *si_prefetch_plan_make(apr_pool_t *pool,
                                          const apr_array_header_t *const *listings, int count,
                                          const si_stream_ids_t *ids)
{
    si_prefetch_plan_t *plan = apr_palloc(pool, sizeof(*plan));
    apr_array_header_t *entries = apr_array_make(pool, SI_STREAM_ID_MAX, sizeof(entry_t));
    const entry_t *entry, *end;
    int i, j;

    for (i = 0; i < count; i++) {
        for (j = 0; j < listings[i]->nelts; j++) {
            add_entry(entries, &APR_ARRAY_IDX(listings[i], j, si_prefetch_t), ids);
        }
    }
    qsort(entries->elts, (size_t)entries->nelts, sizeof(entry_t), compare_entries);
    plan->parts = apr_array_make(pool, 1, sizeof(part_t));
    entry = (const entry_t *)(void *)entries->elts;
    end = entry + entries->nelts;
    while (entry < end) {
        entry = add_part(plan->parts, entry, end);
    }
    return plan;
}

/* A request's look at it. */

/* As strcmp, of the part's name and one of length bytes. */
static int compare_name(const part_t *part, const char *name, apr_size_t length)
{
    const int order = memcmp(part->name, name, part->length < length ? part->length : length);

    return order ? order : (part->length > length) - (part->length < length);
}

static const part_t *find(const si_prefetch_plan_t *plan, const char *name, apr_size_t length)
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

si_stream_id_set_t si_prefetch_eligible(const si_prefetch_plan_t *plan, const char *configuration,
                                        apr_size_t length, apr_time_t now)
{
    const part_t *part = find(plan, configuration, length);
    int low = 0;
    int high;

    if (!part) {
        return SI_ALL_STREAM_IDS;
    }
    /* The step at low has come, the one at high has not. */
    high = part->steps->nelts;
    while (high - low > 1) {
        const int middle = low + (high - low) / 2;
        if (APR_ARRAY_IDX(part->steps, middle, step_t).from <= now) {
            low = middle;
        }
        else {
            high = middle;
        }
    }
    return APR_ARRAY_IDX(part->steps, low, step_t).ids;
}
