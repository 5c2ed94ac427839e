/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "prefetch.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *configuration; /* of the listing: while the plan is made */
    int is_recurring;
    si_stream_id_set_t id;
    apr_time_t retrieval_end;
    apr_time_t start; /* of consumption */
    apr_time_t end;
} entry_t;

/* The schedules of one configuration, the single ones in the order in which they start. */
typedef struct {
    const char *name;
    apr_size_t length;
    const entry_t *recurring;
    const entry_t *single; /* behind the recurring ones */
    const entry_t *end;
} part_t;

struct si_prefetch_plan_t {
    apr_array_header_t *parts; /* part_t, sorted by name */
};

static void add(apr_array_header_t *entries, const si_prefetch_t *schedule,
                const si_stream_ids_t *ids)
{
    const int position = schedule->stream_id ? si_stream_ids_find(ids, schedule->stream_id,
                                                                  strlen(schedule->stream_id))
                                             : -1;
    entry_t *entry;

    if (position >= 0) {
        entry = apr_array_push(entries);
        entry->configuration = schedule->configuration;
        entry->is_recurring = schedule->is_recurring;
        entry->id = (si_stream_id_set_t)1 << position;
        entry->retrieval_end = schedule->retrieval_end;
        entry->start = schedule->consumption_start;
        entry->end = schedule->consumption_end;
    }
}

static int compare(const void *a, const void *b)
{
    const entry_t *one = a, *other = b;
    const int order = strcmp(one->configuration, other->configuration);

    if (order) {
        return order;
    }
    if (one->is_recurring != other->is_recurring) {
        return one->is_recurring ? -1 : 1;
    }
    return one->start < other->start ? -1 : one->start > other->start;
}

/* Makes a part of the entries from first on that are of its configuration; returns its end. */
static const entry_t *add_part(apr_array_header_t *parts, const entry_t *first, const entry_t *end)
{
    part_t *part = apr_array_push(parts);
    const entry_t *entry = first;

    part->name = apr_pstrdup(parts->pool, first->configuration);
    part->length = strlen(part->name);
    part->recurring = first;
    while (entry < end && entry->is_recurring && strcmp(entry->configuration, part->name) == 0) {
        entry++;
    }
    part->single = entry;
    while (entry < end && strcmp(entry->configuration, part->name) == 0) {
        entry++;
    }
    part->end = entry;
    return entry;
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
            add(entries, &APR_ARRAY_IDX(listings[i], j, si_prefetch_t), ids);
        }
    }
    qsort(entries->elts, (size_t)entries->nelts, sizeof(entry_t), compare);
    plan->parts = apr_array_make(pool, 1, sizeof(part_t));
    entry = (const entry_t *)(void *)entries->elts;
    end = entry + entries->nelts;
    while (entry < end) {
        entry = add_part(plan->parts, entry, end);
    }
    return plan;
}

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

/* The schedule of the break that comes first, or is on: the others of it start from there on. */
static const entry_t *next_break(const part_t *part, apr_time_t now)
{
    const entry_t *entry = part->single;

    while (entry < part->end && entry->end <= now) {
        entry++;
    }
    return entry;
}

static si_stream_id_set_t recurring_ids(const part_t *part, apr_time_t now)
{
    si_stream_id_set_t found = 0;
    const entry_t *entry;

    for (entry = part->recurring; entry < part->single; entry++) {
        found |= entry->end > now ? entry->id : 0;
    }
    return found;
}

/* Of the schedules that start before the next one ends, those that retrieve until after then. */
static si_stream_id_set_t open_ids(const part_t *part, const entry_t *next, apr_time_t now,
                                   apr_time_t then)
{
    si_stream_id_set_t found = 0;
    const entry_t *entry;

    for (entry = next; entry < part->end && entry->start < next->end; entry++) {
        found |= entry->retrieval_end > then && entry->end > now ? entry->id : 0;
    }
    return found;
}

si_stream_id_set_t si_prefetch_eligible(const si_prefetch_plan_t *plan, const char *configuration,
                                        apr_size_t length, apr_time_t now)
{
    const part_t *part = find(plan, configuration, length);
    si_stream_id_set_t found;
    const entry_t *next;

    if (!part) {
        return SI_ALL_STREAM_IDS;
    }
    next = next_break(part, now);
    found = recurring_ids(part, now) | open_ids(part, next, now, now + SI_PREFETCH_MARGIN);
    if (!found) {
        found = open_ids(part, next, now, now);
    }
    return found ? found : SI_ALL_STREAM_IDS;
}
