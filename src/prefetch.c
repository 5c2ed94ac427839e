/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "prefetch.h"

#include <stdlib.h>
#include <string.h>

/* The schedules of one configuration: a slice of the sorted ones. */
typedef struct {
    const si_prefetch_t *first;
    const si_prefetch_t *end;
} slice_t;

static int compare(const void *a, const void *b)
{
    return strcmp(((const si_prefetch_t *)a)->configuration,
                  ((const si_prefetch_t *)b)->configuration);
}

void si_prefetch_sort(apr_array_header_t *schedules)
{
    qsort(schedules->elts, (size_t)schedules->nelts, sizeof(si_prefetch_t), compare);
}

static int compare_name(const si_prefetch_t *schedule, const char *name, apr_size_t length)
{
    const int order = strncmp(schedule->configuration, name, length);

    return order ? order : schedule->configuration[length] != '\0';
}

static slice_t find(const apr_array_header_t *schedules, const char *name, apr_size_t length)
{
    const si_prefetch_t *low = (const si_prefetch_t *)(void *)schedules->elts;
    const si_prefetch_t *all_end = low + schedules->nelts;
    const si_prefetch_t *high = all_end;

    while (low < high) {
        const si_prefetch_t *middle = low + (high - low) / 2;
        if (compare_name(middle, name, length) < 0) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    while (high < all_end && compare_name(high, name, length) == 0) {
        high++;
    }
    return (slice_t){ low, high };
}

/* The schedule of the break that comes first, or is on: next, or one of slice before it. */
static const si_prefetch_t *next_break(slice_t slice, const si_prefetch_t *next, apr_time_t now)
{
    const si_prefetch_t *s;

    for (s = slice.first; s < slice.end; s++) {
        if (!s->is_recurring && s->consumption_end > now
            && (!next || s->consumption_start < next->consumption_start)) {
            next = s;
        }
    }
    return next;
}

static int serves_newcomer(const si_prefetch_t *s, const si_prefetch_t *next, apr_time_t now)
{
    if (s->is_recurring) {
        return s->recurring_end > now;
    }
    return s->retrieval_end > now + SI_PREFETCH_MARGIN && s->consumption_end > now
           && s->consumption_start < next->consumption_end
           && next->consumption_start < s->consumption_end;
}

static si_stream_id_set_t ids_of(slice_t slice, const si_prefetch_t *next,
                                 const si_stream_ids_t *ids, apr_time_t now)
{
    si_stream_id_set_t found = 0;
    const si_prefetch_t *s;

    for (s = slice.first; s < slice.end; s++) {
        if (s->stream_id && serves_newcomer(s, next, now)) {
            const int position = si_stream_ids_find(ids, s->stream_id, strlen(s->stream_id));
            found |= position < 0 ? 0 : (si_stream_id_set_t)1 << position;
        }
    }
    return found;
}

si_stream_id_set_t si_prefetch_eligible(const apr_array_header_t *const *lists, int count,
                                        const si_stream_ids_t *ids, const char *configuration,
                                        apr_size_t length, apr_time_t now)
{
    const si_prefetch_t *next = NULL;
    si_stream_id_set_t eligible = 0;
    int i;

    for (i = 0; i < count; i++) {
        next = next_break(find(lists[i], configuration, length), next, now);
    }
    for (i = 0; i < count; i++) {
        eligible |= ids_of(find(lists[i], configuration, length), next, ids, now);
    }
    return eligible ? eligible : SI_ALL_STREAM_IDS;
}
