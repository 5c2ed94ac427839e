/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "status/metrics.h"

#include <apr_escape.h>

static const char head[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Session Initializer Status</title>\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<style>\n"
    ":root { color-scheme: light dark; --line: #8886; --got: #2f6fb5; --want: #c2410c; }\n"
    "@media (prefers-color-scheme: dark) { :root { --got: #5b9be0; --want: #fb923c; } }\n"
    "body { font: 15px/1.45 system-ui, sans-serif; margin: 1rem auto; padding: 0 1rem;"
    " max-width: 72rem; }\n"
    "h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem;"
    " overflow-wrap: anywhere; }\n"
    ".tables { display: grid; gap: 1rem 2.5rem; align-items: start;"
    " grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); }\n"
    ".tables > :first-child { grid-column: 1 / -1; }\n"
    "table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }\n"
    "caption { text-align: left; font-weight: 600; padding: .3rem 0; }\n"
    "th, td { border-bottom: 1px solid var(--line); padding: .2rem .6rem .2rem 0;"
    " text-align: right; font-weight: normal; white-space: nowrap; }\n"
    "th:first-child { text-align: left; } thead th { font-size: .85em; white-space: normal;"
    " vertical-align: bottom; }\n"
    ".text { text-align: left; white-space: normal; overflow-wrap: anywhere; }\n"
    ".bar { position: relative; width: 45%; min-width: 4rem; padding-right: 0; }\n"
    "@media (max-width: 40rem) { .expected { display: none; } }\n"
    "tbody .bar::before { content: \"\"; position: absolute; inset: .35rem 0;"
    " background: var(--line); opacity: .5; }\n"
    ".bar i { position: absolute; left: 0; top: .35rem; bottom: .35rem;"
    " background: var(--got); }\n"
    ".bar b { position: absolute; top: .15rem; bottom: .15rem; width: 2px; margin-left: -1px;"
    " background: var(--want); }\n"
    ".key { font-size: .85em; }\n"
    ".key i, .key b { display: inline-block; height: .7em; margin-right: .35em; }\n"
    ".key i { width: 1.4em; background: var(--got); }\n"
    ".key b { width: 2px; height: 1em; vertical-align: -.15em; background: var(--want); }\n"
    "</style></head><body>\n";

/* part as a percentage of whole; 0 if whole is 0. */
static double percent(apr_uint64_t part, apr_uint64_t whole)
{
    return whole > 0 ? 100.0 * (double)part / (double)whole : 0;
}

static void open_table(apr_bucket_brigade *out, const char *caption, const char *columns)
{
    apr_brigade_printf(
        out, NULL, NULL,
        "<table border=\"0\"><caption>%s</caption>\n<thead><tr>%s</tr></thead><tbody>\n", caption,
        columns);
}

static void close_table(apr_bucket_brigade *out)
{
    apr_brigade_printf(out, NULL, NULL, "</tbody></table>\n");
}

static void write_row(apr_bucket_brigade *out, const char *name, apr_uint64_t number)
{
    apr_brigade_printf(out, NULL, NULL, "<tr><th>%s</th><td>" SI_NUMBER "</td></tr>\n", name,
                       number);
}

/* Writes the numbers of a metric that are not 0. */
static void write_rows(apr_bucket_brigade *out, const si_vhost_status_t *vhost, si_metric_id_t id)
{
    const si_metric_t *metric = &si_metrics[id];
    int i;

    for (i = 0; i < si_metric_count(metric, vhost); i++) {
        const apr_uint64_t number = si_metric_number(metric, vhost, i);
        if (number > 0) {
            write_row(out, metric->label_of(vhost, i), number);
        }
    }
}

/* Names may be in any character set. */
static const char *escaped(apr_bucket_brigade *out, const char *name)
{
    return apr_pescape_entity(out->p, si_metric_text(out->p, name), 0);
}

/*
 * The bar needs the style sheet, which mod_status's page does not have. The number says the same.
 */
static void write_stream(apr_bucket_brigade *out, const si_vhost_status_t *vhost, int i,
                         apr_uint64_t all_drawn)
{
    const double share = percent(si_counts_drawn(&vhost->counts, i), all_drawn);
    const double expected = 100 * si_stream_id_share(vhost->stream_ids, i);

    apr_brigade_printf(
        out, NULL, NULL,
        "<tr><th>%s</th><td>" SI_NUMBER "</td><td>" SI_NUMBER "</td><td>%.1f&nbsp;%%</td>"
        "<td class=\"expected\">%.1f&nbsp;%%</td><td class=\"bar\"><i style=\"width:%.1f%%\"></i>"
        "<b style=\"left:%.1f%%\"></b></td></tr>\n",
        vhost->stream_ids->ids[i].name, vhost->counts.redirects[i], vhost->counts.sessions[i],
        share, expected, share, expected);
}

static void write_streams(apr_bucket_brigade *out, const si_vhost_status_t *vhost)
{
    const apr_uint64_t all_drawn = si_counts_all_drawn(&vhost->counts, vhost->stream_ids->count);
    int i;

    open_table(out, "Stream ids",
               "<th>Id</th><th>Redirects</th><th>Sessions</th><th>Share</th>"
               "<th class=\"expected\">Expected</th>"
               "<th class=\"bar\"></th>");
    for (i = 0; i < vhost->stream_ids->count; i++) {
        write_stream(out, vhost, i, all_drawn);
    }
    close_table(out);
}

static void write_schedule(apr_bucket_brigade *out, const si_schedule_status_t *schedule)
{
    char read_at[APR_RFC822_DATE_LEN] = "never";

    if (schedule->read_at) {
        apr_rfc822_date(read_at, schedule->read_at);
    }
    apr_brigade_printf(out, NULL, NULL,
                       "<tr><th>%s</th><td>%d</td><td>%s</td><td class=\"text\">%s</td></tr>\n",
                       escaped(out, schedule->file), schedule->count, read_at,
                       schedule->problem ? escaped(out, schedule->problem) : "");
}

/* Each child process reads the files itself; these are the schedules of this one. */
static void write_schedules(apr_bucket_brigade *out, const apr_array_header_t *schedules)
{
    int i;

    if (!schedules) {
        return;
    }
    open_table(out, "Prefetch schedules",
               "<th>File</th><th>In force</th><th>Read</th><th class=\"text\">Problem</th>");
    for (i = 0; i < schedules->nelts; i++) {
        write_schedule(out, &APR_ARRAY_IDX(schedules, i, si_schedule_status_t));
    }
    close_table(out);
}

static void write_answers(apr_bucket_brigade *out, const si_vhost_status_t *vhost)
{
    const si_counts_t *counts = &vhost->counts;

    open_table(out, "Answers without a stream id", "<th>Answer</th><th>Count</th>");
    write_row(out, "Redirects", counts->redirects_without_id);
    write_row(out, "Preflights", counts->preflights);
    write_rows(out, vhost, SI_METRIC_ERRORS);
    close_table(out);
}

static void write_upstream(apr_bucket_brigade *out, const si_vhost_status_t *vhost)
{
    const si_counts_t *counts = &vhost->counts;
    const apr_uint64_t calls = si_counts_calls(&vhost->counts);

    open_table(out, "MediaTailor", "<th>Calls</th><th>Count</th>");
    write_row(out, "In flight", vhost->in_flight);
    write_row(out, "Ended", calls);
    apr_brigade_printf(out, NULL, NULL,
                       "<tr><th>On a kept connection</th><td>%.1f&nbsp;%%</td></tr>\n",
                       percent(counts->kept_connections, calls));
    apr_brigade_printf(out, NULL, NULL, "<tr><th>Mean time</th><td>%.1f&nbsp;ms</td></tr>\n",
                       calls > 0 ? (double)counts->time_us / (double)calls / 1e3 : 0);
    write_rows(out, vhost, SI_METRIC_ANSWERS);
    write_rows(out, vhost, SI_METRIC_ERROR_TYPES);
    close_table(out);
}

static void write_address(apr_bucket_brigade *out, const si_address_status_t *status)
{
    char since[APR_RFC822_DATE_LEN];

    apr_rfc822_date(since, status->since);
    apr_brigade_printf(
        out, NULL, NULL, "<tr><th>%s</th><td>%s</td><td>%s</td><td>" SI_NUMBER "</td></tr>\n",
        status->address, status->is_in_use ? "in use" : "left out", since, status->failures);
}

/* As this child process knows them. */
static void write_addresses(apr_bucket_brigade *out, const apr_array_header_t *addresses)
{
    int i;

    if (!addresses) {
        return;
    }
    open_table(out, "Addresses of MediaTailor",
               "<th>Address</th><th>State</th><th>Since</th><th>Failures</th>");
    for (i = 0; i < addresses->nelts; i++) {
        write_address(out, &APR_ARRAY_IDX(addresses, i, si_address_status_t));
    }
    close_table(out);
}

static void write_time(apr_bucket_brigade *out, const si_vhost_status_t *vhost, int i)
{
    const int is_last = i == SI_COUNTED_TIMES - 1;
    const int ms = (int)(si_counted_times[is_last ? i - 1 : i] / 1000);

    apr_brigade_printf(out, NULL, NULL,
                       "<tr><th>%s&nbsp;%d&nbsp;%s</th><td>" SI_NUMBER
                       "</td><td class=\"bar\"><i style=\"width:%.1f%%\"></i></td></tr>\n",
                       is_last ? "above" : "up to", ms < 1000 ? ms : ms / 1000,
                       ms < 1000 ? "ms" : "s", vhost->counts.times[i],
                       percent(vhost->counts.times[i], si_counts_calls(&vhost->counts)));
}

static void write_times(apr_bucket_brigade *out, const si_vhost_status_t *vhost)
{
    int i;

    open_table(out, "Time of MediaTailor's answers",
               "<th>Time</th><th>Calls</th><th class=\"bar\"></th>");
    for (i = 0; i < SI_COUNTED_TIMES; i++) {
        write_time(out, vhost, i);
    }
    close_table(out);
}

typedef void vhost_fn(apr_bucket_brigade *out, const si_vhost_status_t *vhost);

/* Writes the tables that mod_status's page shows too. */
static void write_tables(apr_bucket_brigade *out, const si_vhost_status_t *vhost)
{
    write_streams(out, vhost);
    write_schedules(out, vhost->schedules);
    write_answers(out, vhost);
    write_upstream(out, vhost);
    write_addresses(out, vhost->addresses);
}

static void write_all_tables(apr_bucket_brigade *out, const si_vhost_status_t *vhost)
{
    write_tables(out, vhost);
    write_times(out, vhost);
}

static void write_vhosts(apr_bucket_brigade *out, const si_status_t *status, vhost_fn *write_vhost)
{
    char since[APR_RFC822_DATE_LEN];
    int i;

    apr_rfc822_date(since, status->start);
    apr_brigade_printf(out, NULL, NULL,
                       "<p>Counted since %s, over all child processes and restarts.</p>\n", since);
    for (i = 0; i < status->vhost_count; i++) {
        apr_brigade_printf(out, NULL, NULL, "<h2>%s</h2>\n<div class=\"tables\">\n",
                           escaped(out, status->vhosts[i].name));
        write_vhost(out, &status->vhosts[i]);
        apr_brigade_printf(out, NULL, NULL, "</div>\n");
    }
}

void si_status_page(apr_bucket_brigade *out, const si_status_t *status)
{
    apr_brigade_puts(out, NULL, NULL, head);
    apr_brigade_printf(out, NULL, NULL, "<h1>Session Initializer Status</h1>\n");
    apr_brigade_printf(out, NULL, NULL,
                       "<p class=\"key\"><i></i>share of redirects and sessions &ensp; <b></b>"
                       "expected share</p>\n");
    write_vhosts(out, status, write_all_tables);
    apr_brigade_printf(out, NULL, NULL, "</body></html>\n");
}

void si_status_section(apr_bucket_brigade *out, const si_status_t *status)
{
    if (status->vhost_count == 0) {
        return;
    }
    apr_brigade_printf(out, NULL, NULL, "<hr>\n<h1>Session Initializer</h1>\n");
    write_vhosts(out, status, write_tables);
}
