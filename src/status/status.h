/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * What an operator sees of the counters. Counters in, bytes out: the forms know neither httpd nor
 * the segment.
 */
#ifndef SI_STATUS_H
#define SI_STATUS_H

#include "status/counters.h"
#include "ids/schedule_watch.h"
#include "status/writer.h"

/* How what is counted is written. */
#define SI_NUMBER "%" APR_UINT64_T_FMT

/* One virtual host. */
typedef struct {
    const char *name; /* "host:port", or the host alone where every port is its own */
    const si_stream_ids_t *stream_ids;
    const apr_array_header_t *schedules; /* si_prefetch_status_t; NULL for none */
    si_counts_t counts;
    apr_uint64_t in_flight;
} si_status_server_t;

typedef struct {
    apr_time_t start; /* when counting began */
    const si_status_server_t *servers;
    int server_count;
} si_status_t;

/* Answers to viewers that a stream id was drawn for. */
apr_uint64_t si_status_drawn(const si_status_server_t *server, int position);

/* Their sum over all ids. */
apr_uint64_t si_status_all_drawn(const si_status_server_t *server);

/* Calls to the upstream that have ended. */
apr_uint64_t si_status_calls(const si_status_server_t *server);

/* As JSON. Names are stable: what is added later is added beside them. */
void si_status_json(const si_writer_t *writer, const si_status_t *status);

/* In Prometheus's text format 0.0.4. */
void si_status_metrics(const si_writer_t *writer, const si_status_t *status);

/* As a page of HTML that needs no script. */
void si_status_page(const si_writer_t *writer, const si_status_t *status);

/* As a section of mod_status's page, and as lines of its machine-readable form. */
void si_status_section(const si_writer_t *writer, const si_status_t *status);
void si_status_auto(const si_writer_t *writer, const si_status_t *status);

#endif
