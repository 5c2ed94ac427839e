/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The counters as the operator sees them, in several formats. Each function appends text to a
 * brigade. They depend neither on httpd nor on the shared memory.
 */
#ifndef SI_STATUS_H
#define SI_STATUS_H

#include "ids/schedule_watch.h"
#include "status/counters.h"

#include <apr_buckets.h>

/* The printf format of a number. */
#define SI_NUMBER "%" APR_UINT64_T_FMT

/* An address of the endpoint's name, as this child process knows it. */
typedef struct {
    const char *address;
    int is_in_use;
    apr_time_t since; /* it is in use, or left out */
    apr_uint64_t failures;
} si_address_status_t;

/* One vhost. */
typedef struct {
    const char *name; /* "host:port", or only the host if the vhost has no port */
    const si_stream_ids_t *stream_ids;
    const apr_array_header_t *schedules; /* si_schedule_status_t; NULL for none */
    const apr_array_header_t *addresses; /* si_address_status_t; NULL for none */
    si_counts_t counts;
    apr_uint64_t in_flight;
} si_vhost_status_t;

typedef struct {
    apr_time_t start; /* when counting started */
    const si_vhost_status_t *vhosts;
    int vhost_count;
} si_status_t;

typedef void si_status_form_fn(apr_bucket_brigade *out, const si_status_t *status);

/* As JSON. Names are stable: later versions only add members. */
si_status_form_fn si_status_json;

/* In the Prometheus text format 0.0.4. */
si_status_form_fn si_status_metrics;

/* As an HTML page without scripts. */
si_status_form_fn si_status_page;

/* As a section of mod_status's page, and as lines of its machine-readable form. */
si_status_form_fn si_status_section;
si_status_form_fn si_status_auto;

#endif
