/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "prefetch.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    si_prefetch_t schedule;
    si_stream_id_set_t id;
} entry_t;

/* Entries sorted by configuration. */
struct si_prefetch_plan_t {
    const entry_t *first;
    const entry_t *end;
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
        entry->schedule = *schedule;
        entry->schedule.configuration = apr_pstrdup(entries->pool, schedule->configuration);
        entry->schedule.stream_id = ids->ids[position].name;
        entry->id = (si_stream_id_set_t)1 << position;
    }
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const entry_t *)a)->schedule.configuration,
                  ((const entry_t *)b)->schedule.configuration);
}

si_prefetch_plan_t *si_prefetch_plan_make(apr_pool_t *pool,
                                          const apr_array_header_t *const *listings, int count,
                                          const si_stream_ids_t *ids)
{
    si_prefetch_plan_t *plan = apr_palloc(pool, sizeof(*plan));
    apr_array_header_t *entries = apr_array_make(pool, SI_STREAM_ID_MAX, sizeof(entry_t));
    int i, j;

    for (i = 0; i < count; i++) {
        for (j = 0; j < listings[i]->nelts; j++) {
            add(entries, &APR_ARRAY_IDX(listings[i], j, si_prefetch_t), ids);
        }
    }
    qsort(entries->elts, (size_t)entries->nelts, sizeof(entry_t), compare);
    plan->first = (const entry_t *)(void *)entries->elts;
    plan->end = plan->first + entries->nelts;
    return plan;
}

static int compare_name(const entry_t *entry, const char *name, apr_size_t length)
{
    const int order = strncmp(entry->schedule.configuration, name, length);

    return order ? order : entry->schedule.configuration[length] != '\0';
}

/* The part of it that is of one configuration. */
static si_prefetch_plan_t find(const si_prefetch_plan_t *plan, const char *name, apr_size_t length)
{
    const entry_t *low = plan->first;
    const entry_t *high = plan->end;

    while (low < high) {
        const entry_t *middle = low + (high - low) / 2;
        if (compare_name(middle, name, length) < 0) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    while (high < plan->end && compare_name(high, name, length) == 0) {
        high++;
    }
    return (si_prefetch_plan_t){ low, high };
}

/* The schedule of the break that comes first, or is on; NULL where no single one has one. */
static const si_prefetch_t *next_break(si_prefetch_plan_t part, apr_time_t now)
{
    const si_prefetch_t *next = NULL;
    const entry_t *entry;

    for (entry = part.first; entry < part.end; entry++) {
        const si_prefetch_t *s = &entry->schedule;
        if (!s->is_recurring && s->consumption_end > now
            && (!next || s->consumption_start < next->consumption_start)) {
            next = s;
        }
    }
    return next;
}

/* Whether who begins at now may still get what s, a schedule of the next break, retrieves. */
static int serves_newcomer(const si_prefetch_t *s, const si_prefetch_t *next, apr_time_t now,
                           apr_interval_time_t margin)
{
    if (s->consumption_end <= now) {
        return 0;
    }
    return s->is_recurring
           || (s->retrieval_end > now + margin && s->consumption_start < next->consumption_end
               && next->consumption_start < s->consumption_end);
}

static si_stream_id_set_t ids_with_margin(si_prefetch_plan_t part, const si_prefetch_t *next,
                                          apr_time_t now, apr_interval_time_t margin)
{
    si_stream_id_set_t found = 0;
    const entry_t *entry;

    for (entry = part.first; entry < part.end; entry++) {
        if (serves_newcomer(&entry->schedule, next, now, margin)) {
            found |= entry->id;
        }
    }
    return found;
}

si_stream_id_set_t si_prefetch_eligible(const si_prefetch_plan_t *plan, const char *configuration,
                                        apr_size_t length, apr_time_t now)
{
    const si_prefetch_plan_t part = find(plan, configuration, length);
    const si_prefetch_t *next = next_break(part, now);
    si_stream_id_set_t found = ids_with_margin(part, next, now, SI_PREFETCH_MARGIN);

    if (!found) {
        found = ids_with_margin(part, next, now, 0);
    }
    return found ? found : SI_ALL_STREAM_IDS;
}
