/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "status/status.h"

static void write_streams(const si_writer_t *writer, const si_status_server_t *server)
{
    int i;

    for (i = 0; i < server->stream_ids->count; i++) {
        si_write(writer, "%s\n    {\"id\":\"", i > 0 ? "," : "");
        si_write_quoted(writer, server->stream_ids->ids[i].name);
        si_write(writer,
                 "\",\"expected_share\":%.6f,\"redirects\":" SI_NUMBER ",\"sessions\":" SI_NUMBER
                 "}",
                 si_stream_id_share(server->stream_ids, i), server->counts.redirects[i],
                 server->counts.sessions[i]);
    }
}

static void write_named(const si_writer_t *writer, const char *const *names,
                        const apr_uint64_t *numbers, int count)
{
    int i;

    for (i = 0; i < count; i++) {
        si_write(writer, "%s\"%s\":" SI_NUMBER, i > 0 ? "," : "", names[i], numbers[i]);
    }
}

static void write_times(const si_writer_t *writer, const si_status_server_t *server)
{
    apr_uint64_t sum = 0;
    int i;

    si_write(writer, "{\"count\":" SI_NUMBER ",\"sum_seconds\":%.6f,\"buckets\":[",
             si_status_calls(server), (double)server->counts.time_us / 1e6);
    for (i = 0; i < SI_COUNTED_TIMES - 1; i++) {
        sum += server->counts.times[i];
        si_write(writer, "%s{\"le_seconds\":%.3f,\"count\":" SI_NUMBER "}", i > 0 ? "," : "",
                 (double)si_counted_times[i] / 1e6, sum);
    }
    si_write(writer, "]}");
}

static void write_schedule(const si_writer_t *writer, const si_prefetch_status_t *schedule)
{
    si_write(writer, "{\"file\":\"");
    si_write_quoted(writer, schedule->file);
    si_write(writer, "\",\"in_force\":%d,\"read\":", schedule->count);
    if (schedule->read_at) {
        si_write(writer, "%" APR_TIME_T_FMT, apr_time_sec(schedule->read_at));
    }
    else {
        si_write(writer, "null");
    }
    if (!schedule->problem) {
        si_write(writer, ",\"problem\":null}");
        return;
    }
    si_write(writer, ",\"problem\":\"");
    si_write_quoted(writer, schedule->problem);
    si_write(writer, "\"}");
}

static void write_schedules(const si_writer_t *writer, const apr_array_header_t *schedules)
{
    int i;

    if (!schedules) {
        return;
    }
    si_write(writer, ",\n   \"schedules\":[");
    for (i = 0; i < schedules->nelts; i++) {
        si_write(writer, "%s\n    ", i > 0 ? "," : "");
        write_schedule(writer, &APR_ARRAY_IDX(schedules, i, si_prefetch_status_t));
    }
    si_write(writer, "]");
}

static void write_server(const si_writer_t *writer, const si_status_server_t *server)
{
    const si_counts_t *counts = &server->counts;

    si_write(writer, "{\n   \"name\":\"");
    si_write_quoted(writer, server->name);
    si_write(writer, "\",\n   \"streams\":[");
    write_streams(writer, server);
    si_write(writer, "]");
    write_schedules(writer, server->schedules);
    si_write(writer,
             ",\n   \"redirects_without_id\":" SI_NUMBER ",\"preflights\":" SI_NUMBER
             ",\n   \"errors\":{",
             counts->redirects_without_id, counts->preflights);
    write_named(writer, si_counted_errors, counts->errors, SI_COUNTED_ERRORS);
    si_write(writer,
             "},\n   \"upstream\":{\n    \"in_flight\":" SI_NUMBER
             ",\"kept_connections\":" SI_NUMBER ",\n    \"answers\":{",
             server->in_flight, counts->kept_connections);
    write_named(writer, si_counted_classes, counts->answers, SI_COUNTED_CLASSES);
    si_write(writer, "},\n    \"error_types\":{");
    write_named(writer, si_counted_error_types, counts->error_types, SI_COUNTED_ERROR_TYPES);
    si_write(writer, "},\n    \"time\":");
    write_times(writer, server);
    si_write(writer, "}}");
}

void si_status_json(const si_writer_t *writer, const si_status_t *status)
{
    int i;

    si_write(writer, "{\"since\":%" APR_TIME_T_FMT ",\n \"servers\":[",
             apr_time_sec(status->start));
    for (i = 0; i < status->server_count; i++) {
        si_write(writer, "%s\n  ", i > 0 ? "," : "");
        write_server(writer, &status->servers[i]);
    }
    si_write(writer, "]}\n");
}
