/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Parses the arguments of directives. Like httpd's own directive functions, each returns NULL or an
 * error message from pool. The message begins with the value; the caller puts the directive's name
 * before it.
 */
#ifndef SI_PARSE_H
#define SI_PARSE_H

#include "config/cors.h"
#include "config/origin.h"
#include "ids/stream_id.h"
#include "upstream/endpoint.h"

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

/* As many groups as the original template has. StreamIds allows more. */
#define SI_STREAM_ID_COUNT_MAX 10

/* "Off" or 1 to SI_STREAM_ID_COUNT_MAX: the ids "1" to "N", of equal weight. */
const char *si_parse_stream_id_count(apr_pool_t *pool, const char *text, si_stream_ids_t **ids);

/* One argument of StreamIds, NAME[=WEIGHT], added to *ids, which is created if NULL. */
const char *si_parse_stream_id(apr_pool_t *pool, const char *text, si_stream_ids_t **ids);

/* A whole number from minimum to maximum. */
const char *si_parse_number(apr_pool_t *pool, const char *text, apr_int64_t minimum,
                            apr_int64_t maximum, apr_int64_t *number);

/* "/path" of unreserved characters (RFC 3986 section 2.3), not /v1 nor below it. */
const char *si_parse_path(apr_pool_t *pool, const char *text, const char **path);

/* "http[s]://host[:port][/]", or "none": an origin without a scheme. From pool. */
const char *si_parse_http_origin(apr_pool_t *pool, const char *text, const si_origin_t **origin);

/*
 * "http://[user:password@]host[:port]", or "none": a proxy without a host. From pool. Unlike
 * the others, the message does not have the value, which may hold a password.
 */
const char *si_parse_proxy(apr_pool_t *pool, const char *text, const si_proxy_t **proxy);

/*
 * Reads the certificates of the PEM file name and leaves out the rest. *pem is from pool, *length
 * bytes long and NUL-terminated.
 */
const char *si_read_ca_file(apr_pool_t *pool, const char *name, const char **pem,
                            apr_size_t *length);

/* One argument of SessionInitializerAllowOrigin, added to *cors, which is created if NULL. */
const char *si_parse_allow_origin(apr_pool_t *pool, const char *text, si_cors_t **cors);

/* One argument of SessionInitializerForwardHeader, added to *headers, which is created if NULL. */
const char *si_parse_forward_header(apr_pool_t *pool, const char *text,
                                    apr_array_header_t **headers);

/* Checks that time is from 1 ms to 60 s; text is the argument as written. */
const char *si_check_age(apr_pool_t *pool, const char *text, apr_interval_time_t age);
const char *si_check_time(apr_pool_t *pool, const char *text, apr_interval_time_t time);

#endif
