/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The record of one vhost (the main server or a virtual host): its settings, and what is derived
 * from them. It is created with the settings, completed after the configuration has been read, and
 * lives in the configuration pool.
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
    const si_schedule_view_t *schedules; /* NULL for none */
    struct si_counters_t *counters;      /* NULL if the module is off */
    const int *slots;                    /* counter slots of its stream ids, by position */
    unsigned warned; /* bits: what setup_check has warned about in this process; atomic */
} si_vhost_t;

/* What the vhosts of one configuration share. */
typedef struct {
    apr_array_header_t *endpoints; /* const si_endpoint_t * */
    apr_array_header_t *views;     /* const si_schedule_view_t *, of schedule files */
} si_shared_t;

void si_shared_make(apr_pool_t *pool, si_shared_t *shared);

/* Creates a vhost with these settings. Nothing is derived from them yet. */
si_vhost_t *si_vhost_make(apr_pool_t *pool, si_settings_t *settings);

/*
 * Finishes the settings and derives the rest. Vhosts with the same URL and trust share an endpoint:
 * it is looked up in shared and added if it is new. Each vhost with schedule files has a view of
 * its own there, since a plan is made for its stream ids. Returns NULL or an error message from
 * pool that names directives and values.
 */
const char *si_vhost_complete(apr_pool_t *pool, si_vhost_t *vhost, si_shared_t *shared);

#endif
