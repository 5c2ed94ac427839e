/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "json/json_string.h"
#include "status/metrics.h"

#include <string.h>

static const char *quoted(apr_bucket_brigade *out, const char *name)
{
    const char *text = si_metric_text(out->p, name);

    return si_json_string_encode(out->p, text, strlen(text));
}

static void write_streams(apr_bucket_brigade *out, const si_vhost_status_t *vhost)
{
    int i;

    for (i = 0; i < vhost->stream_ids->count; i++) {
        apr_brigade_printf(out, NULL, NULL,
                           "%s\n    {\"id\":\"%s\",\"expected_share\":%.6f,\"redirects\":" SI_NUMBER
                           ",\"sessions\":" SI_NUMBER "}",
                           i > 0 ? "," : "", vhost->stream_ids->ids[i].name,
                           si_stream_id_share(vhost->stream_ids, i), vhost->counts.redirects[i],
                           vhost->counts.sessions[i]);
    }
}

/* "name":number */
static void write_single(apr_bucket_brigade *out, const si_vhost_status_t *vhost, si_metric_id_t id)
{
    apr_brigade_printf(out, NULL, NULL, "\"%s\":" SI_NUMBER, si_metrics[id].json,
                       si_metric_number(&si_metrics[id], vhost, 0));
}

/* "name":{"label":number,...} */
static void write_family(apr_bucket_brigade *out, const si_vhost_status_t *vhost, si_metric_id_t id)
{
    const si_metric_t *metric = &si_metrics[id];
    int i;

    apr_brigade_printf(out, NULL, NULL, "\"%s\":{", metric->json);
    for (i = 0; i < si_metric_count(metric, vhost); i++) {
        apr_brigade_printf(out, NULL, NULL, "%s\"%s\":" SI_NUMBER, i > 0 ? "," : "",
                           metric->label_of(vhost, i), si_metric_number(metric, vhost, i));
    }
    apr_brigade_puts(out, NULL, NULL, "}");
}

static void write_times(apr_bucket_brigade *out, const si_vhost_status_t *vhost)
{
    apr_uint64_t sum = 0;
    int i;

    apr_brigade_printf(out, NULL, NULL,
                       "{\"count\":" SI_NUMBER ",\"sum_seconds\":%.6f,\"buckets\":[",
                       si_counts_calls(&vhost->counts), (double)vhost->counts.time_us / 1e6);
    for (i = 0; i < SI_COUNTED_TIMES - 1; i++) {
        sum += vhost->counts.times[i];
        apr_brigade_printf(out, NULL, NULL, "%s{\"le_seconds\":%.3f,\"count\":" SI_NUMBER "}",
                           i > 0 ? "," : "", (double)si_counted_times[i] / 1e6, sum);
    }
    apr_brigade_printf(out, NULL, NULL, "]}");
}

static void write_schedule(apr_bucket_brigade *out, const si_schedule_status_t *schedule)
{
    apr_brigade_printf(out, NULL, NULL,
                       "{\"file\":%s,\"in_force\":%d,\"read\":", quoted(out, schedule->file),
                       schedule->count);
    if (schedule->read_at) {
        apr_brigade_printf(out, NULL, NULL, "%" APR_TIME_T_FMT, apr_time_sec(schedule->read_at));
    }
    else {
        apr_brigade_puts(out, NULL, NULL, "null");
    }
    apr_brigade_printf(out, NULL, NULL, ",\"problem\":%s}",
                       schedule->problem ? quoted(out, schedule->problem) : "null");
}

static void write_schedules(apr_bucket_brigade *out, const apr_array_header_t *schedules)
{
    int i;

    if (!schedules) {
        return;
    }
    apr_brigade_printf(out, NULL, NULL, ",\n   \"schedules\":[");
    for (i = 0; i < schedules->nelts; i++) {
        apr_brigade_printf(out, NULL, NULL, "%s\n    ", i > 0 ? "," : "");
        write_schedule(out, &APR_ARRAY_IDX(schedules, i, si_schedule_status_t));
    }
    apr_brigade_printf(out, NULL, NULL, "]");
}

static void write_addresses(apr_bucket_brigade *out, const apr_array_header_t *addresses)
{
    int i;

    if (!addresses) {
        return;
    }
    apr_brigade_puts(out, NULL, NULL, "\"addresses\":[");
    for (i = 0; i < addresses->nelts; i++) {
        const si_address_status_t *status = &APR_ARRAY_IDX(addresses, i, si_address_status_t);
        apr_brigade_printf(out, NULL, NULL,
                           "%s\n     {\"address\":\"%s\",\"in_use\":%s,\"since\":%" APR_TIME_T_FMT
                           ",\"failures\":" SI_NUMBER "}",
                           i > 0 ? "," : "", status->address, status->is_in_use ? "true" : "false",
                           apr_time_sec(status->since), status->failures);
    }
    apr_brigade_puts(out, NULL, NULL, "],\n    ");
}

static void write_vhost(apr_bucket_brigade *out, const si_vhost_status_t *vhost)
{
    apr_brigade_printf(out, NULL, NULL, "{\n   \"name\":%s,\n   \"streams\":[",
                       quoted(out, vhost->name));
    write_streams(out, vhost);
    apr_brigade_puts(out, NULL, NULL, "]");
    write_schedules(out, vhost->schedules);
    apr_brigade_puts(out, NULL, NULL, ",\n   ");
    write_single(out, vhost, SI_METRIC_REDIRECTS_WITHOUT_ID);
    apr_brigade_puts(out, NULL, NULL, ",");
    write_single(out, vhost, SI_METRIC_PREFLIGHTS);
    apr_brigade_puts(out, NULL, NULL, ",\n   ");
    write_family(out, vhost, SI_METRIC_ERRORS);
    apr_brigade_puts(out, NULL, NULL, ",\n   \"upstream\":{\n    ");
    write_addresses(out, vhost->addresses);
    write_single(out, vhost, SI_METRIC_IN_FLIGHT);
    apr_brigade_puts(out, NULL, NULL, ",");
    write_single(out, vhost, SI_METRIC_KEPT_CONNECTIONS);
    apr_brigade_puts(out, NULL, NULL, ",\n    ");
    write_family(out, vhost, SI_METRIC_ANSWERS);
    apr_brigade_puts(out, NULL, NULL, ",\n    ");
    write_family(out, vhost, SI_METRIC_ERROR_TYPES);
    apr_brigade_puts(out, NULL, NULL, ",\n    \"time\":");
    write_times(out, vhost);
    apr_brigade_puts(out, NULL, NULL, "}}");
}

void si_status_json(apr_bucket_brigade *out, const si_status_t *status)
{
    int i;

    apr_brigade_printf(out, NULL, NULL, "{\"since\":%" APR_TIME_T_FMT ",\n \"servers\":[",
                       apr_time_sec(status->start));
    for (i = 0; i < status->vhost_count; i++) {
        apr_brigade_printf(out, NULL, NULL, "%s\n  ", i > 0 ? "," : "");
        write_vhost(out, &status->vhosts[i]);
    }
    apr_brigade_printf(out, NULL, NULL, "]}\n");
}
