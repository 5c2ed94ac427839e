/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "status/status.h"

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

/* Of a hundred; nothing of nothing is nothing. */
static double percent(apr_uint64_t part, apr_uint64_t whole)
{
    return whole > 0 ? 100.0 * (double)part / (double)whole : 0;
}

static void open_table(const si_writer_t *writer, const char *caption, const char *columns)
{
    si_write(writer,
             "<table border=\"0\"><caption>%s</caption>\n<thead><tr>%s</tr></thead><tbody>\n",
             caption, columns);
}

static void close_table(const si_writer_t *writer)
{
    si_write(writer, "</tbody></table>\n");
}

static void write_row(const si_writer_t *writer, const char *name, apr_uint64_t number)
{
    si_write(writer, "<tr><th>%s</th><td>" SI_NUMBER "</td></tr>\n", name, number);
}

/* Of what is counted by name, that which has happened. */
static void write_rows(const si_writer_t *writer, const char *const *names,
                       const apr_uint64_t *numbers, int count)
{
    int i;

    for (i = 0; i < count; i++) {
        if (numbers[i] > 0) {
            write_row(writer, names[i], numbers[i]);
        }
    }
}

/* The bar is drawn where there is a style sheet for it; the number beside it says the same. */
static void write_stream(const si_writer_t *writer, const si_status_server_t *server, int i,
                         apr_uint64_t all_drawn)
{
    const double share = percent(si_status_drawn(server, i), all_drawn);
    const double expected = 100 * si_stream_id_share(server->stream_ids, i);

    si_write(writer, "<tr><th>");
    si_write_html(writer, server->stream_ids->ids[i].name);
    si_write(
        writer,
        "</th><td>" SI_NUMBER "</td><td>" SI_NUMBER "</td><td>%.1f&nbsp;%%</td>"
        "<td class=\"expected\">%.1f&nbsp;%%</td><td class=\"bar\"><i style=\"width:%.1f%%\"></i>"
        "<b style=\"left:%.1f%%\"></b></td></tr>\n",
        server->counts.redirects[i], server->counts.sessions[i], share, expected, share, expected);
}

static void write_streams(const si_writer_t *writer, const si_status_server_t *server)
{
    const apr_uint64_t all_drawn = si_status_all_drawn(server);
    int i;

    open_table(writer, "Stream ids",
               "<th>Id</th><th>Redirects</th><th>Sessions</th><th>Share</th>"
               "<th class=\"expected\">Expected</th>"
               "<th class=\"bar\"></th>");
    for (i = 0; i < server->stream_ids->count; i++) {
        write_stream(writer, server, i, all_drawn);
    }
    close_table(writer);
}

static void write_schedule(const si_writer_t *writer, const si_prefetch_status_t *schedule)
{
    char read_at[APR_RFC822_DATE_LEN] = "never";

    if (schedule->read_at) {
        apr_rfc822_date(read_at, schedule->read_at);
    }
    si_write(writer, "<tr><th>");
    si_write_html(writer, schedule->file);
    si_write(writer, "</th><td>%d</td><td>%s</td><td class=\"text\">", schedule->count, read_at);
    si_write_html(writer, schedule->problem ? schedule->problem : "");
    si_write(writer, "</td></tr>\n");
}

/* Each child process reads them by itself: this one's. */
static void write_schedules(const si_writer_t *writer, const apr_array_header_t *schedules)
{
    int i;

    if (!schedules) {
        return;
    }
    open_table(writer, "Prefetch schedules",
               "<th>File</th><th>In force</th><th>Read</th><th class=\"text\">Problem</th>");
    for (i = 0; i < schedules->nelts; i++) {
        write_schedule(writer, &APR_ARRAY_IDX(schedules, i, si_prefetch_status_t));
    }
    close_table(writer);
}

static void write_answers(const si_writer_t *writer, const si_status_server_t *server)
{
    const si_counts_t *counts = &server->counts;

    open_table(writer, "Answers without a stream id", "<th>Answer</th><th>Count</th>");
    write_row(writer, "Redirects", counts->redirects_without_id);
    write_row(writer, "Preflights", counts->preflights);
    write_rows(writer, si_counted_errors, counts->errors, SI_COUNTED_ERRORS);
    close_table(writer);
}

static void write_upstream(const si_writer_t *writer, const si_status_server_t *server)
{
    const si_counts_t *counts = &server->counts;
    const apr_uint64_t calls = si_status_calls(server);

    open_table(writer, "MediaTailor", "<th>Calls</th><th>Count</th>");
    write_row(writer, "In flight", server->in_flight);
    write_row(writer, "Ended", calls);
    si_write(writer, "<tr><th>On a kept connection</th><td>%.1f&nbsp;%%</td></tr>\n",
             percent(counts->kept_connections, calls));
    si_write(writer, "<tr><th>Mean time</th><td>%.1f&nbsp;ms</td></tr>\n",
             calls > 0 ? (double)counts->time_us / (double)calls / 1e3 : 0);
    write_rows(writer, si_counted_classes, counts->answers, SI_COUNTED_CLASSES);
    write_rows(writer, si_counted_error_types, counts->error_types, SI_COUNTED_ERROR_TYPES);
    close_table(writer);
}

static void write_time(const si_writer_t *writer, const si_status_server_t *server, int i)
{
    const int is_last = i == SI_COUNTED_TIMES - 1;
    const int ms = (int)(si_counted_times[is_last ? i - 1 : i] / 1000);

    si_write(writer,
             "<tr><th>%s&nbsp;%d&nbsp;%s</th><td>" SI_NUMBER
             "</td><td class=\"bar\"><i style=\"width:%.1f%%\"></i></td></tr>\n",
             is_last ? "above" : "up to", ms < 1000 ? ms : ms / 1000, ms < 1000 ? "ms" : "s",
             server->counts.times[i], percent(server->counts.times[i], si_status_calls(server)));
}

static void write_times(const si_writer_t *writer, const si_status_server_t *server)
{
    int i;

    open_table(writer, "Time of MediaTailor's answers",
               "<th>Time</th><th>Calls</th><th class=\"bar\"></th>");
    for (i = 0; i < SI_COUNTED_TIMES; i++) {
        write_time(writer, server, i);
    }
    close_table(writer);
}

typedef void server_fn(const si_writer_t *writer, const si_status_server_t *server);

/* What mod_status's page has room for. */
static void write_tables(const si_writer_t *writer, const si_status_server_t *server)
{
    write_streams(writer, server);
    write_schedules(writer, server->schedules);
    write_answers(writer, server);
    write_upstream(writer, server);
}

static void write_all_tables(const si_writer_t *writer, const si_status_server_t *server)
{
    write_tables(writer, server);
    write_times(writer, server);
}

static void write_servers(const si_writer_t *writer, const si_status_t *status,
                          server_fn *write_server)
{
    char since[APR_RFC822_DATE_LEN];
    int i;

    apr_rfc822_date(since, status->start);
    si_write(writer, "<p>Counted since %s, over all child processes and restarts.</p>\n", since);
    for (i = 0; i < status->server_count; i++) {
        si_write(writer, "<h2>");
        si_write_html(writer, status->servers[i].name);
        si_write(writer, "</h2>\n<div class=\"tables\">\n");
        write_server(writer, &status->servers[i]);
        si_write(writer, "</div>\n");
    }
}

void si_status_page(const si_writer_t *writer, const si_status_t *status)
{
    writer->write(writer->data, head, sizeof(head) - 1);
    si_write(writer, "<h1>Session Initializer Status</h1>\n");
    si_write(writer, "<p class=\"key\"><i></i>share of redirects and sessions &ensp; <b></b>"
                     "expected share</p>\n");
    write_servers(writer, status, write_all_tables);
    si_write(writer, "</body></html>\n");
}

void si_status_section(const si_writer_t *writer, const si_status_t *status)
{
    if (status->server_count == 0) {
        return;
    }
    si_write(writer, "<hr>\n<h1>Session Initializer</h1>\n");
    write_servers(writer, status, write_tables);
}
