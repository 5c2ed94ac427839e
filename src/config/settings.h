/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * What the directives set for one server, and how a virtual host inherits it. An unset value is
 * kept apart from its default: si_settings_merge inherits, si_settings_finish fills in the defaults
 * and checks the whole.
 *
 * The parsers take a directive's argument and return NULL, or, as httpd's own directive functions
 * do, a message from pool. It begins with the value; who calls puts the directive's name before it.
 */
#ifndef SI_SETTINGS_H
#define SI_SETTINGS_H

#include "config/cors.h"
#include "status/counters.h"
#include "ids/schedule_watch.h"

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#define SI_UNSET (-1)

/* The original template's groups; names and weights have a directive of their own. */
#define SI_STREAM_ID_COUNT_MAX 10

/*
 * MediaTailor as one server sees it. Lives in the configuration pool; never changes once it is
 * made.
 */
typedef struct {
    const char *url;  /* "https://host:port", always with the port */
    const char *host; /* a name or an address, IPv6 without brackets */
    int port;
    int is_https;
    const char *ca; /* PEM that it is verified by, NULL for the system's */
    apr_size_t ca_length;
    int index; /* among the endpoints of the configuration, from 0 */
} si_endpoint_t;

typedef struct {
    si_stream_ids_t *stream_ids;         /* none of them: off */
    void *stream_id_key;                 /* ap_expr_info_t *; NULL for none */
    apr_array_header_t *schedule_files;  /* const char *; NULL for none */
    const si_prefetch_view_t *schedules; /* made by si_settings_finish; NULL for none */
    const char *path;                    /* where the module listens */
    apr_size_t path_length;
    const char *playback_base;     /* "" for none */
    const si_endpoint_t *endpoint; /* made by si_settings_finish; NULL for none */
    const char *endpoint_url;      /* "" for none */
    const char *ca;                /* its content; NULL where unset */
    apr_size_t ca_length;
    apr_interval_time_t connect_timeout;
    apr_interval_time_t timeout;
    apr_int64_t max_body; /* bytes */
    int preserve_host;
    apr_array_header_t *forward_headers; /* const char *; NULL for none */
    si_cors_t *cors;
    int max_concurrent;      /* SI_UNSET: for the hooks, who know the MPM; main server only */
    unsigned *told;          /* set by the hooks: what setup_check has told of */
    si_counters_t *counters; /* set by the hooks; NULL where the module is off */
} si_settings_t;

/* All values unset. */
si_settings_t *si_settings_make(apr_pool_t *pool);

/* base's values where own has none. */
si_settings_t *si_settings_merge(apr_pool_t *pool, const si_settings_t *base,
                                 const si_settings_t *own);

/*
 * Fills in defaults, checks values against each other and makes the endpoint. Servers with the same
 * URL and trust share one: it is looked for in endpoints (const si_endpoint_t *) and added where it
 * is new. What the server has of schedule files is added to views (const si_prefetch_view_t *). May
 * be called again on the same settings. Returns NULL or a message from pool that names directive
 * and values.
 */
const char *si_settings_finish(apr_pool_t *pool, si_settings_t *settings,
                               apr_array_header_t *endpoints, apr_array_header_t *views);

/* "Off" or 1 to SI_STREAM_ID_COUNT_MAX: the ids "1" to "N", of equal weight. */
const char *si_parse_stream_id_count(apr_pool_t *pool, const char *text, si_stream_ids_t **ids);

/* One argument of StreamIds, NAME[=WEIGHT], added to *ids, which is made where it is NULL. */
const char *si_parse_stream_id(apr_pool_t *pool, const char *text, si_stream_ids_t **ids);

/* A whole number from minimum to maximum. */
const char *si_parse_number(apr_pool_t *pool, const char *text, apr_int64_t minimum,
                            apr_int64_t maximum, apr_int64_t *number);

/* "On" (1) or "Off" (0). */
const char *si_parse_flag(apr_pool_t *pool, const char *text, int *flag);

/* "/path" of unreserved characters (RFC 3986 section 2.3), not /v1 nor below it. */
const char *si_parse_path(apr_pool_t *pool, const char *text, const char **path);

/* "http[s]://host[:port][/]" or "none" (""); *url is without the slash. */
const char *si_parse_origin_url(apr_pool_t *pool, const char *text, const char **url);

/* The PEM certificates in the file name, and nothing else of it: *pem, NUL-terminated, is *length
 * bytes long. */
const char *si_read_ca_file(apr_pool_t *pool, const char *name, const char **pem,
                            apr_size_t *length);

/* One argument of SessionInitializerAllowOrigin, added to *cors, which is made where it is NULL. */
const char *si_parse_allow_origin(apr_pool_t *pool, const char *text, si_cors_t **cors);

/*
 * One argument of SessionInitializerForwardHeader, added to *headers, which is made where it is
 * NULL.
 */
const char *si_parse_forward_header(apr_pool_t *pool, const char *text,
                                    apr_array_header_t **headers);

/* Whether time is from 1 ms to 60 s; text is what was written. */
const char *si_check_time(apr_pool_t *pool, const char *text, apr_interval_time_t time);

#endif
