/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "status/metrics.h"

#include <apr_lib.h>
#include <apr_strings.h>

static void write_streams(apr_bucket_brigade *out, const si_vhost_status_t *vhost, int index)
{
    int i;

    for (i = 0; i < vhost->stream_ids->count; i++) {
        apr_brigade_printf(out, NULL, NULL, "SessionInitializer[%d]Stream[%d]Id: %s\n", index, i,
                           vhost->stream_ids->ids[i].name);
        apr_brigade_printf(out, NULL, NULL,
                           "SessionInitializer[%d]Stream[%d]Redirects: " SI_NUMBER "\n", index, i,
                           vhost->counts.redirects[i]);
        apr_brigade_printf(out, NULL, NULL,
                           "SessionInitializer[%d]Stream[%d]Sessions: " SI_NUMBER "\n", index, i,
                           vhost->counts.sessions[i]);
    }
}

/* A problem may quote the file, which must not add lines. */
static const char *one_line(apr_pool_t *pool, const char *text)
{
    char *copy = apr_pstrdup(pool, text);
    char *p;

    for (p = copy; *p; p++) {
        *p = apr_iscntrl(*p) ? ' ' : *p;
    }
    return copy;
}

static void write_schedules(apr_bucket_brigade *out, const apr_array_header_t *schedules, int index)
{
    int i;

    for (i = 0; schedules && i < schedules->nelts; i++) {
        const si_schedule_status_t *schedule = &APR_ARRAY_IDX(schedules, i, si_schedule_status_t);

        apr_brigade_printf(out, NULL, NULL, "SessionInitializer[%d]Schedule[%d]File: %s\n", index,
                           i, schedule->file);
        apr_brigade_printf(out, NULL, NULL, "SessionInitializer[%d]Schedule[%d]InForce: %d\n",
                           index, i, schedule->count);
        apr_brigade_printf(out, NULL, NULL, "SessionInitializer[%d]Schedule[%d]Problem: %s\n",
                           index, i, schedule->problem ? one_line(out->p, schedule->problem) : "");
    }
}

/* Writes "SessionInitializer[0]Name: number", the format of mod_proxy's balancer lines. */
static void write_line(apr_bucket_brigade *out, int vhost, const char *name, apr_uint64_t number)
{
    apr_brigade_printf(out, NULL, NULL, "SessionInitializer[%d]%s: " SI_NUMBER "\n", vhost, name,
                       number);
}

static void write_vhost(apr_bucket_brigade *out, const si_vhost_status_t *vhost, int index)
{
    int i;

    apr_brigade_printf(out, NULL, NULL, "SessionInitializer[%d]Name: %s\n", index, vhost->name);
    write_streams(out, vhost, index);
    write_schedules(out, vhost->schedules, index);
    for (i = 0; i < SI_METRIC_COUNT; i++) {
        if (si_metrics[i].line) {
            write_line(out, index, si_metrics[i].line, si_metric_sum(&si_metrics[i], vhost));
        }
    }
    write_line(out, index, "UpstreamCalls", si_counts_calls(&vhost->counts));
    write_line(out, index, "UpstreamAnswers2xx", vhost->counts.answers[0]);
    write_line(out, index, "UpstreamMs", vhost->counts.time_us / 1000);
}

void si_status_auto(apr_bucket_brigade *out, const si_status_t *status)
{
    int i;

    for (i = 0; i < status->vhost_count; i++) {
        write_vhost(out, &status->vhosts[i], i);
    }
}
