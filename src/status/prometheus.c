/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "status/metrics.h"

#include <apr_strings.h>

#define PREFIX "session_initializer_"

static void write_help(apr_bucket_brigade *out, const char *name, const char *type,
                       const char *help)
{
    apr_brigade_printf(out, NULL, NULL, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name,
                       help, name, type);
}

/* Writes a label. Its value is UTF-8 with three characters escaped. */
static void write_label(apr_bucket_brigade *out, const char *name, const char *value)
{
    const char *p;

    apr_brigade_printf(out, NULL, NULL, "%s=\"", name);
    for (p = si_metric_text(out->p, value); *p; p++) {
        if (*p == '\n') {
            apr_brigade_puts(out, NULL, NULL, "\\n");
            continue;
        }
        if (*p == '\\' || *p == '"') {
            apr_brigade_putc(out, NULL, NULL, '\\');
        }
        apr_brigade_putc(out, NULL, NULL, *p);
    }
    apr_brigade_putc(out, NULL, NULL, '"');
}

/* Writes "name{vhost="...",label="..."} "; the number follows. label is NULL for none. */
static void write_name(apr_bucket_brigade *out, const char *name, const si_vhost_status_t *vhost,
                       const char *label, const char *value)
{
    apr_brigade_printf(out, NULL, NULL, PREFIX "%s{", name);
    write_label(out, "vhost", vhost->name);
    if (label) {
        apr_brigade_putc(out, NULL, NULL, ',');
        write_label(out, label, value);
    }
    apr_brigade_puts(out, NULL, NULL, "} ");
}

static void write_metric(apr_bucket_brigade *out, const si_metric_t *metric,
                         const si_status_t *status)
{
    int i, j;

    write_help(out, metric->name, metric->type, metric->help);
    for (i = 0; i < status->vhost_count; i++) {
        const si_vhost_status_t *vhost = &status->vhosts[i];

        for (j = 0; j < si_metric_count(metric, vhost); j++) {
            write_name(out, metric->name, vhost, metric->label,
                       metric->label ? metric->label_of(vhost, j) : NULL);
            apr_brigade_printf(out, NULL, NULL, SI_NUMBER "\n", si_metric_number(metric, vhost, j));
        }
    }
}

static void write_shares(apr_bucket_brigade *out, const si_status_t *status)
{
    int i, j;

    write_help(out, "expected_share_ratio", "gauge", "Share of the draws a stream id is to get.");
    for (i = 0; i < status->vhost_count; i++) {
        const si_vhost_status_t *vhost = &status->vhosts[i];

        for (j = 0; j < vhost->stream_ids->count; j++) {
            write_name(out, "expected_share_ratio", vhost, "stream_id",
                       vhost->stream_ids->ids[j].name);
            apr_brigade_printf(out, NULL, NULL, "%.6f\n", si_stream_id_share(vhost->stream_ids, j));
        }
    }
}

static double in_force(const si_schedule_status_t *schedule)
{
    return schedule->count;
}

static double read_at(const si_schedule_status_t *schedule)
{
    return (double)schedule->read_at / APR_USEC_PER_SEC;
}

static double is_up_to_date(const si_schedule_status_t *schedule)
{
    return !schedule->problem;
}

/* Writes a line for each vhost and schedule file, or nothing if no vhost has one. */
static void write_schedules(apr_bucket_brigade *out, const si_status_t *status, const char *name,
                            const char *help,
                            double (*number_of)(const si_schedule_status_t *schedule))
{
    int has_help = 0;
    int i, j;

    for (i = 0; i < status->vhost_count; i++) {
        const apr_array_header_t *schedules = status->vhosts[i].schedules;

        for (j = 0; schedules && j < schedules->nelts; j++) {
            const si_schedule_status_t *schedule = &APR_ARRAY_IDX(schedules, j,
                                                                  si_schedule_status_t);
            if (!has_help) {
                write_help(out, name, "gauge", help);
                has_help = 1;
            }
            write_name(out, name, &status->vhosts[i], "file", schedule->file);
            apr_brigade_printf(out, NULL, NULL, "%.0f\n", number_of(schedule));
        }
    }
}

static apr_uint64_t is_in_use(const si_address_status_t *status)
{
    return status->is_in_use ? 1 : 0;
}

static apr_uint64_t failures(const si_address_status_t *status)
{
    return status->failures;
}

/* A line for each vhost and address of its endpoint's name. */
static void write_addresses(apr_bucket_brigade *out, const si_status_t *status, const char *name,
                            const char *type, const char *help,
                            apr_uint64_t (*number_of)(const si_address_status_t *status))
{
    int has_help = 0;
    int i, j;

    for (i = 0; i < status->vhost_count; i++) {
        const apr_array_header_t *addresses = status->vhosts[i].addresses;

        for (j = 0; addresses && j < addresses->nelts; j++) {
            const si_address_status_t *address = &APR_ARRAY_IDX(addresses, j, si_address_status_t);
            if (!has_help) {
                write_help(out, name, type, help);
                has_help = 1;
            }
            write_name(out, name, &status->vhosts[i], "address", address->address);
            apr_brigade_printf(out, NULL, NULL, SI_NUMBER "\n", number_of(address));
        }
    }
}

static void write_histogram(apr_bucket_brigade *out, const si_vhost_status_t *vhost)
{
    static const char bucket[] = "upstream_duration_seconds_bucket";
    const apr_uint64_t calls = si_counts_calls(&vhost->counts);
    apr_uint64_t sum = 0;
    int i;

    for (i = 0; i < SI_COUNTED_TIMES - 1; i++) {
        char bound[32];

        apr_snprintf(bound, sizeof(bound), "%.3f", (double)si_counted_times[i] / 1e6);
        sum += vhost->counts.times[i];
        write_name(out, bucket, vhost, "le", bound);
        apr_brigade_printf(out, NULL, NULL, SI_NUMBER "\n", sum);
    }
    write_name(out, bucket, vhost, "le", "+Inf");
    apr_brigade_printf(out, NULL, NULL, SI_NUMBER "\n", calls);
    write_name(out, "upstream_duration_seconds_sum", vhost, NULL, NULL);
    apr_brigade_printf(out, NULL, NULL, "%.6f\n", (double)vhost->counts.time_us / 1e6);
    write_name(out, "upstream_duration_seconds_count", vhost, NULL, NULL);
    apr_brigade_printf(out, NULL, NULL, SI_NUMBER "\n", calls);
}

void si_status_metrics(apr_bucket_brigade *out, const si_status_t *status)
{
    int i;

    for (i = 0; i < SI_METRIC_COUNT; i++) {
        write_metric(out, &si_metrics[i], status);
    }
    write_shares(out, status);
    write_schedules(out, status, "schedule_count", "Prefetch schedules in force.", in_force);
    write_schedules(out, status, "schedule_read_timestamp_seconds",
                    "When they were read; 0 if none were.", read_at);
    write_schedules(out, status, "schedule_up_to_date",
                    "Whether what is in force is what the file says now.", is_up_to_date);
    write_addresses(
        out, status, "upstream_address_in_use", "gauge",
        "Whether new connections go to an address of the endpoint; 0 if it is left out.",
        is_in_use);
    write_addresses(
        out, status, "upstream_address_failures", "gauge",
        "Connections to an address of the endpoint that failed in the child process that "
        "answers.",
        failures);
    write_help(out, "upstream_duration_seconds", "histogram",
               "Time of a call to the upstream, look-up and connect included.");
    for (i = 0; i < status->vhost_count; i++) {
        write_histogram(out, &status->vhosts[i]);
    }
}
