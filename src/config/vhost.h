/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * A server (the main one or a virtual host) as it is in force: what was written, and what follows
 * from it. Each server has one of its own, made with its settings, completed once the configuration
 * has been read, and kept in its pool.
 */
#ifndef SI_VHOST_H
#define SI_VHOST_H

#include "config/settings.h"
#include "ids/schedule_watch.h"
#include "upstream/endpoint.h"

struct si_counters_t;

typedef struct {
    si_settings_t *settings;
    const si_endpoint_t *endpoint;       /* NULL for none */
    const si_prefetch_view_t *schedules; /* NULL for none */
    struct si_counters_t *counters;      /* NULL if the module is off */
    unsigned warned; /* what setup_check has warned of in this process; atomic */
} si_vhost_t;

/* What several servers of one configuration have together. */
typedef struct {
    apr_array_header_t *endpoints; /* const si_endpoint_t * */
    apr_array_header_t *views;     /* const si_prefetch_view_t *, of schedule files */
} si_shared_t;

void si_shared_make(apr_pool_t *pool, si_shared_t *shared);

/* With these settings, and nothing that follows from them yet. */
si_vhost_t *si_vhost_make(apr_pool_t *pool, si_settings_t *settings);

/*
 * Finishes the settings and makes what follows from them. Servers with the same URL and trust share
 * an endpoint: it is looked for in shared and added if it is new. Each server with schedule files
 * has a view of its own there, since a plan is made for its stream ids. Returns NULL or a message
 * from pool that names directives and values.
 */
const char *si_vhost_complete(apr_pool_t *pool, si_vhost_t *vhost, si_shared_t *shared);

#endif
