/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The configuration in force: the record of each server, and what they have together. */
#ifndef SI_SERVERS_H
#define SI_SERVERS_H

#include "config/vhost.h"

#include <httpd.h>

/* For the module record: httpd's create_server_config and merge_server_config. */
void *si_server_make(apr_pool_t *pool, server_rec *s);
void *si_server_merge(apr_pool_t *pool, void *base, void *own);

si_vhost_t *si_vhost_of(const server_rec *s);

/*
 * Completes the record of each server, from pool, the configuration's. Logs what is wrong; returns
 * OK or an error for the hook check_config to return.
 */
int si_servers_complete(apr_pool_t *pool, server_rec *main_server);

/* The main server; the others follow it. */
server_rec *si_servers(void);

/* Of all servers: const si_endpoint_t *, and const si_prefetch_view_t *. */
const apr_array_header_t *si_servers_endpoints(void);
const apr_array_header_t *si_servers_views(void);

/*
 * Calls that a child process may make at once: SessionInitializerMaxConcurrent, or three quarters
 * of its threads, so that the others are left for redirects.
 */
int si_servers_max_calls(void);

#endif
