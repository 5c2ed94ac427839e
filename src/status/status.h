/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * What an operator sees of the counters. Counters in, text out, appended to a brigade: the forms
 * know neither httpd nor the segment.
 */
#ifndef SI_STATUS_H
#define SI_STATUS_H

#include "ids/schedule_watch.h"
#include "status/counters.h"

#include <apr_buckets.h>

/* How what is counted is written. */
#define SI_NUMBER "%" APR_UINT64_T_FMT

/* One virtual host. */
typedef struct {
    const char *name; /* "host:port", or the host alone if every port is its own */
    const si_stream_ids_t *stream_ids;
    const apr_array_header_t *schedules; /* si_prefetch_status_t; NULL for none */
    si_counts_t counts;
    apr_uint64_t in_flight;
} si_vhost_status_t;

typedef struct {
    apr_time_t start; /* when counting began */
    const si_vhost_status_t *vhosts;
    int vhost_count;
} si_status_t;

typedef void si_status_form_fn(apr_bucket_brigade *out, const si_status_t *status);

/* As JSON. Names are stable: what is added later is added beside them. */
si_status_form_fn si_status_json;

/* In Prometheus's text format 0.0.4. */
si_status_form_fn si_status_metrics;

/* As a page of HTML that needs no script. */
si_status_form_fn si_status_page;

/* As a section of mod_status's page, and as lines of its machine-readable form. */
si_status_form_fn si_status_section;
si_status_form_fn si_status_auto;

#endif
