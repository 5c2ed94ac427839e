/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * What the directives set for one vhost, and how a virtual host inherits it. An unset value is
 * different from the default: si_settings_merge() inherits, si_settings_finish() fills in the
 * defaults and checks the values against each other.
 */
#ifndef SI_SETTINGS_H
#define SI_SETTINGS_H

#include "config/cors.h"
#include "config/origin.h"
#include "ids/stream_id.h"
#include "upstream/endpoint.h"

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#define SI_UNSET (-1)
#define SI_DEFAULT_PATH "/session-initializer"

/* Lives in the configuration pool. */
typedef struct {
    si_stream_ids_t *stream_ids;        /* empty: the module is off */
    void *stream_id_key;                /* ap_expr_info_t *; NULL for none */
    apr_array_header_t *schedule_files; /* const char *; NULL for none */
    const char *path;                   /* requests below it are the module's */
    apr_size_t path_length;
    const char *playback_base;        /* "" for none */
    const si_origin_t *endpoint;      /* of MediaTailor; without a scheme for none */
    const si_proxy_t *outgoing_proxy; /* with host "" for none */
    const char *ca; /* PEM certificates to verify the endpoint with; NULL if unset */
    apr_size_t ca_length;
    apr_interval_time_t connect_timeout;
    apr_interval_time_t timeout;
    apr_interval_time_t connection_max_age;
    apr_int64_t max_body; /* bytes */
    int preserve_host;
    apr_array_header_t *forward_headers; /* const char *; NULL for none */
    si_cors_t *cors;
    int max_concurrent; /* SI_UNSET: depends on the MPM; main server only */
} si_settings_t;

/* Creates settings with all values unset. */
si_settings_t *si_settings_make(apr_pool_t *pool);

/* Returns own's values, and base's for those that own leaves unset. */
si_settings_t *si_settings_merge(apr_pool_t *pool, const si_settings_t *base,
                                 const si_settings_t *own);

/*
 * Fills in defaults and checks values against each other. Returns NULL or a message from pool that
 * names directives and values.
 */
const char *si_settings_finish(apr_pool_t *pool, si_settings_t *settings);

#endif
