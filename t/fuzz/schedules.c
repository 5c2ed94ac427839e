/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * A listing of prefetch schedules: an accepted listing is planned by the rules, which are computed
 * here again for each time. The same input is also read as a time: an accepted time is the one that
 * the C library gives.
 */
#include "fuzz.h"

#include "ids/schedule_file.h"

#include <apr_strings.h>
#include <time.h>

static const si_stream_ids_t *make_ids(void)
{
    si_stream_ids_t *ids = si_stream_ids_make(fuzz_pool, "StreamIds");

    si_stream_ids_add(ids, "a", 1);
    si_stream_ids_add(ids, "b", 2);
    si_stream_ids_add(ids, "c", 3);
    return ids;
}

static int is_of(const si_schedule_t *s, const char *configuration, const si_stream_ids_t *ids)
{
    return s->stream_id && strcmp(s->configuration, configuration) == 0
           && si_stream_ids_find(ids, s->stream_id, strlen(s->stream_id)) >= 0;
}

/*
 * Returns when the next break is over, by the schedules that have not ended; in the past if there
 * is none.
 */
static apr_time_t end_of_break(const apr_array_header_t *schedules, const char *configuration,
                               const si_stream_ids_t *ids, apr_time_t now)
{
    apr_time_t end = APR_INT64_MAX;
    int i;

    for (i = 0; i < schedules->nelts; i++) {
        const si_schedule_t *s = &APR_ARRAY_IDX(schedules, i, si_schedule_t);
        if (is_of(s, configuration, ids) && !s->is_recurring && s->consumption_end > now
            && s->consumption_end < end) {
            end = s->consumption_end;
        }
    }
    return end;
}

static int may_be_for_break(const si_schedule_t *s, apr_time_t now, apr_time_t end)
{
    return !s->is_recurring && s->consumption_end > now && s->retrieval_start < end
           && s->consumption_start < end;
}

/* Whether another schedule of the same id is for that break, rather than s. */
static int has_earlier(const apr_array_header_t *schedules, const si_schedule_t *s, apr_time_t now)
{
    int i;

    for (i = 0; i < schedules->nelts; i++) {
        const si_schedule_t *other = &APR_ARRAY_IDX(schedules, i, si_schedule_t);
        if (other->stream_id && strcmp(other->stream_id, s->stream_id) == 0
            && strcmp(other->configuration, s->configuration) == 0 && !other->is_recurring
            && other->consumption_end > now && other->consumption_end < s->consumption_end) {
            return 1;
        }
    }
    return 0;
}

static si_stream_id_set_t expected(const apr_array_header_t *schedules, const char *configuration,
                                   const si_stream_ids_t *ids, apr_time_t now,
                                   apr_interval_time_t margin)
{
    const apr_time_t end = end_of_break(schedules, configuration, ids, now);
    si_stream_id_set_t found = 0;
    int i;

    for (i = 0; i < schedules->nelts; i++) {
        const si_schedule_t *s = &APR_ARRAY_IDX(schedules, i, si_schedule_t);
        if (is_of(s, configuration, ids) && s->consumption_end > now
            && (s->is_recurring
                || (may_be_for_break(s, now, end) && !has_earlier(schedules, s, now)
                    && s->retrieval_end > now + margin))) {
            found |= 1U << si_stream_ids_find(ids, s->stream_id, strlen(s->stream_id));
        }
    }
    return found;
}

static void check_at(const si_schedule_plan_t *plan, const apr_array_header_t *schedules,
                     const char *configuration, const si_stream_ids_t *ids, apr_time_t now)
{
    si_stream_id_set_t found = expected(schedules, configuration, ids, now, SI_SCHEDULE_MARGIN);

    found = found ? found : expected(schedules, configuration, ids, now, 0);
    MUST(si_schedule_eligible(plan, configuration, strlen(configuration), now)
         == (found ? found : SI_ALL_STREAM_IDS));
}

static void check_plan(const apr_array_header_t *schedules)
{
    const si_stream_ids_t *ids = make_ids();
    const si_schedule_plan_t *plan = si_schedule_plan_make(fuzz_pool, &schedules, 1, ids,
                                                           APR_INT64_MIN / 2);
    int i, j;

    for (i = 0; i < schedules->nelts; i++) {
        const si_schedule_t *s = &APR_ARRAY_IDX(schedules, i, si_schedule_t);
        for (j = -1; j <= 1; j++) {
            check_at(plan, schedules, s->configuration, ids, s->retrieval_end + j);
            check_at(plan, schedules, s->configuration, ids,
                     s->retrieval_end - SI_SCHEDULE_MARGIN + j);
            check_at(plan, schedules, s->configuration, ids, s->consumption_end + j);
        }
    }
}

/* Seconds of "Z", "+0100" or "+01:00". */
static int seconds_of_zone(const char *zone)
{
    const int colon = strlen(zone) == 6;
    const int hours = atoi(zone + 1) / (colon ? 1 : 100);
    const int minutes = atoi(zone + 3 + colon);

    if (strcmp(zone, "Z") == 0) {
        return 0;
    }
    MUST(strlen(zone) == 5 || (colon && zone[3] == ':'));
    MUST(hours < 24 && minutes < 60);
    return (*zone == '-' ? -60 : 60) * (60 * hours + minutes);
}

static void check_time(const char *text)
{
    struct tm date = { .tm_mday = 1 };
    apr_time_t time = 0;
    const char *zone;

    if (!si_schedule_read_time(text, &time)) {
        return;
    }
    zone = strptime(text, "%Y-%m-%dT%H:%M:%S", &date);
    MUST(zone);
    zone += *zone == '.' ? 1 + strspn(zone + 1, "0123456789") : 0;
    MUST(time == apr_time_from_sec(timegm(&date) - seconds_of_zone(zone)));
}

static void try_input(const char *data, apr_size_t size)
{
    apr_array_header_t *schedules = NULL;
    const char *problem = si_schedule_file_read(fuzz_pool, bytes_of(data, size), size, &schedules);

    MUST(problem ? *problem != '\0' : schedules != NULL);
    if (!problem) {
        check_plan(schedules);
    }
    check_time(string_of(data, size));
}
