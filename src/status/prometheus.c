/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "status/status.h"

#define PREFIX "session_initializer_"

static void write_help(const si_writer_t *writer, const char *name, const char *type,
                       const char *help)
{
    si_write(writer, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name, type);
}

/* "name{vhost="...",", which a label or the closing brace follows. */
static void write_name(const si_writer_t *writer, const char *name,
                       const si_status_server_t *server)
{
    si_write(writer, PREFIX "%s{vhost=\"", name);
    si_write_quoted(writer, server->name);
    si_write(writer, "\"");
}

/* One line for each server. */
static void write_single(const si_writer_t *writer, const si_status_t *status, const char *name,
                         const char *type, const char *help,
                         apr_uint64_t (*number_of)(const si_status_server_t *server))
{
    int i;

    write_help(writer, name, type, help);
    for (i = 0; i < status->server_count; i++) {
        write_name(writer, name, &status->servers[i]);
        si_write(writer, "} " SI_NUMBER "\n", number_of(&status->servers[i]));
    }
}

/* What a server counts by index: where, how many, and what each is called. */
typedef struct {
    const apr_uint64_t *numbers;
    int count;
    const char *(*name_of)(const si_status_server_t *server, int index);
} family_t;

/* A line for each server and index; label names what they differ in. */
static void write_family(const si_writer_t *writer, const si_status_t *status, const char *name,
                         const char *label, const char *help,
                         family_t (*family_of)(const si_status_server_t *server))
{
    int i, j;

    write_help(writer, name, "counter", help);
    for (i = 0; i < status->server_count; i++) {
        const family_t family = family_of(&status->servers[i]);

        for (j = 0; j < family.count; j++) {
            write_name(writer, name, &status->servers[i]);
            si_write(writer, ",%s=\"", label);
            si_write_quoted(writer, family.name_of(&status->servers[i], j));
            si_write(writer, "\"} " SI_NUMBER "\n", family.numbers[j]);
        }
    }
}

static const char *stream_id_name(const si_status_server_t *server, int index)
{
    return server->stream_ids->ids[index].name;
}

static const char *error_name(const si_status_server_t *server, int index)
{
    (void)server;
    return si_counted_errors[index];
}

static const char *class_name(const si_status_server_t *server, int index)
{
    (void)server;
    return si_counted_classes[index];
}

static const char *error_type_name(const si_status_server_t *server, int index)
{
    (void)server;
    return si_counted_error_types[index];
}

static family_t redirects(const si_status_server_t *server)
{
    return (family_t){ server->counts.redirects, server->stream_ids->count, stream_id_name };
}

static family_t sessions(const si_status_server_t *server)
{
    return (family_t){ server->counts.sessions, server->stream_ids->count, stream_id_name };
}

static family_t errors(const si_status_server_t *server)
{
    return (family_t){ server->counts.errors, SI_COUNTED_ERRORS, error_name };
}

static family_t answers(const si_status_server_t *server)
{
    return (family_t){ server->counts.answers, SI_COUNTED_CLASSES, class_name };
}

static family_t error_types(const si_status_server_t *server)
{
    return (family_t){ server->counts.error_types, SI_COUNTED_ERROR_TYPES, error_type_name };
}

static apr_uint64_t redirects_without_id(const si_status_server_t *server)
{
    return server->counts.redirects_without_id;
}

static apr_uint64_t preflights(const si_status_server_t *server)
{
    return server->counts.preflights;
}

static apr_uint64_t in_flight(const si_status_server_t *server)
{
    return server->in_flight;
}

static apr_uint64_t kept_connections(const si_status_server_t *server)
{
    return server->counts.kept_connections;
}

static void write_shares(const si_writer_t *writer, const si_status_t *status)
{
    int i, j;

    write_help(writer, "expected_share_ratio", "gauge",
               "Share of the draws a stream id is to get.");
    for (i = 0; i < status->server_count; i++) {
        const si_status_server_t *server = &status->servers[i];

        for (j = 0; j < server->stream_ids->count; j++) {
            write_name(writer, "expected_share_ratio", server);
            si_write(writer, ",stream_id=\"");
            si_write_quoted(writer, server->stream_ids->ids[j].name);
            si_write(writer, "\"} %.6f\n", si_stream_id_share(server->stream_ids, j));
        }
    }
}

static double in_force(const si_prefetch_status_t *schedule)
{
    return schedule->count;
}

static double read_at(const si_prefetch_status_t *schedule)
{
    return (double)schedule->read_at / APR_USEC_PER_SEC;
}

static double is_well(const si_prefetch_status_t *schedule)
{
    return !schedule->problem;
}

/* A line for each server and schedule file; nothing where no server has one. */
static void write_schedules(const si_writer_t *writer, const si_status_t *status, const char *name,
                            const char *help,
                            double (*number_of)(const si_prefetch_status_t *schedule))
{
    int has_help = 0;
    int i, j;

    for (i = 0; i < status->server_count; i++) {
        const apr_array_header_t *schedules = status->servers[i].schedules;

        for (j = 0; schedules && j < schedules->nelts; j++) {
            const si_prefetch_status_t *schedule = &APR_ARRAY_IDX(schedules, j,
                                                                  si_prefetch_status_t);
            if (!has_help) {
                write_help(writer, name, "gauge", help);
                has_help = 1;
            }
            write_name(writer, name, &status->servers[i]);
            si_write(writer, ",file=\"");
            si_write_quoted(writer, schedule->file);
            si_write(writer, "\"} %.0f\n", number_of(schedule));
        }
    }
}

static void write_histogram(const si_writer_t *writer, const si_status_server_t *server)
{
    apr_uint64_t sum = 0;
    int i;

    for (i = 0; i < SI_COUNTED_TIMES - 1; i++) {
        sum += server->counts.times[i];
        write_name(writer, "upstream_duration_seconds_bucket", server);
        si_write(writer, ",le=\"%.3f\"} " SI_NUMBER "\n", (double)si_counted_times[i] / 1e6, sum);
    }
    write_name(writer, "upstream_duration_seconds_bucket", server);
    si_write(writer, ",le=\"+Inf\"} " SI_NUMBER "\n", si_status_calls(server));
    write_name(writer, "upstream_duration_seconds_sum", server);
    si_write(writer, "} %.6f\n", (double)server->counts.time_us / 1e6);
    write_name(writer, "upstream_duration_seconds_count", server);
    si_write(writer, "} " SI_NUMBER "\n", si_status_calls(server));
}

void si_status_metrics(const si_writer_t *writer, const si_status_t *status)
{
    int i;

    write_family(writer, status, "redirects_total", "stream_id", "Redirects with a stream id.",
                 redirects);
    write_single(writer, status, "redirects_without_id_total", "counter",
                 "Redirects of existing sessions and of child paths.", redirects_without_id);
    write_family(writer, status, "sessions_total", "stream_id",
                 "Session initializations that the upstream answered with 2xx.", sessions);
    write_shares(writer, status);
    write_schedules(writer, status, "schedule_count", "Prefetch schedules in force.", in_force);
    write_schedules(writer, status, "schedule_read_timestamp_seconds",
                    "When they were read; 0 where none were.", read_at);
    write_schedules(writer, status, "schedule_up_to_date",
                    "Whether what is in force is what the file says now.", is_well);
    write_single(writer, status, "preflights_total", "counter", "Answers to OPTIONS.", preflights);
    write_family(writer, status, "errors_total", "error", "Errors of the module's own.", errors);
    write_family(writer, status, "upstream_answers_total", "class",
                 "Answers of the upstream by class of status.", answers);
    write_family(writer, status, "upstream_error_types_total", "type",
                 "Answers of the upstream by their x-amzn-ErrorType.", error_types);
    write_single(writer, status, "upstream_in_flight", "gauge", "Calls to the upstream under way.",
                 in_flight);
    write_single(writer, status, "upstream_kept_connections_total", "counter",
                 "Calls to the upstream answered without a new connection.", kept_connections);
    write_help(writer, "upstream_duration_seconds", "histogram",
               "Time of a call to the upstream, look-up and connect included.");
    for (i = 0; i < status->server_count; i++) {
        write_histogram(writer, &status->servers[i]);
    }
}
