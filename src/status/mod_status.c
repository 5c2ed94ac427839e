/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "status/status.h"

/* The line "SessionInitializer[0]Name: number", as mod_proxy's balancers have theirs. */
static void write_line(const si_writer_t *writer, int server, const char *name, apr_uint64_t number)
{
    si_write(writer, "SessionInitializer[%d]%s: " SI_NUMBER "\n", server, name, number);
}

static void write_streams(const si_writer_t *writer, const si_status_server_t *server, int index)
{
    int i;

    for (i = 0; i < server->stream_ids->count; i++) {
        si_write(writer, "SessionInitializer[%d]Stream[%d]Id: %s\n", index, i,
                 server->stream_ids->ids[i].name);
        si_write(writer, "SessionInitializer[%d]Stream[%d]Redirects: " SI_NUMBER "\n", index, i,
                 server->counts.redirects[i]);
        si_write(writer, "SessionInitializer[%d]Stream[%d]Sessions: " SI_NUMBER "\n", index, i,
                 server->counts.sessions[i]);
    }
}

static void write_schedules(const si_writer_t *writer, const apr_array_header_t *schedules,
                            int index)
{
    int i;

    for (i = 0; schedules && i < schedules->nelts; i++) {
        const si_prefetch_status_t *schedule = &APR_ARRAY_IDX(schedules, i, si_prefetch_status_t);

        si_write(writer, "SessionInitializer[%d]Schedule[%d]File: %s\n", index, i, schedule->file);
        si_write(writer, "SessionInitializer[%d]Schedule[%d]InForce: %d\n", index, i,
                 schedule->count);
        si_write(writer, "SessionInitializer[%d]Schedule[%d]Problem: %s\n", index, i,
                 schedule->problem ? schedule->problem : "");
    }
}

static apr_uint64_t sum_of(const apr_uint64_t *numbers, int count)
{
    apr_uint64_t sum = 0;

    while (count-- > 0) {
        sum += numbers[count];
    }
    return sum;
}

static void write_server(const si_writer_t *writer, const si_status_server_t *server, int index)
{
    const si_counts_t *counts = &server->counts;

    si_write(writer, "SessionInitializer[%d]Name: %s\n", index, server->name);
    write_streams(writer, server, index);
    write_schedules(writer, server->schedules, index);
    write_line(writer, index, "RedirectsWithoutId", counts->redirects_without_id);
    write_line(writer, index, "Preflights", counts->preflights);
    write_line(writer, index, "Errors", sum_of(counts->errors, SI_COUNTED_ERRORS));
    write_line(writer, index, "UpstreamInFlight", server->in_flight);
    write_line(writer, index, "UpstreamCalls", si_status_calls(server));
    write_line(writer, index, "UpstreamAnswers", sum_of(counts->answers, SI_COUNTED_CLASSES));
    write_line(writer, index, "UpstreamAnswers2xx", counts->answers[0]);
    write_line(writer, index, "UpstreamKeptConnections", counts->kept_connections);
    write_line(writer, index, "UpstreamMs", counts->time_us / 1000);
}

void si_status_auto(const si_writer_t *writer, const si_status_t *status)
{
    int i;

    for (i = 0; i < status->server_count; i++) {
        write_server(writer, &status->servers[i], i);
    }
}
