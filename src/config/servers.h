/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The current configuration: the record of each vhost, and what the vhosts share. */
#ifndef SI_SERVERS_H
#define SI_SERVERS_H

#include "config/vhost.h"

#include <httpd.h>

/* For the module record: httpd's create_server_config and merge_server_config. */
void *si_server_make(apr_pool_t *pool, server_rec *s);
void *si_server_merge(apr_pool_t *pool, void *base, void *own);

si_vhost_t *si_vhost_of(const server_rec *s);

/*
 * Completes the record of each vhost; pool is the configuration's. Logs errors. Returns OK or an
 * error, for the check_config hook to return.
 */
int si_servers_complete(apr_pool_t *pool, server_rec *main_server);

/* The main server, first in httpd's list. */
server_rec *si_servers(void);

/* What all vhosts use: const si_endpoint_t *, and const si_schedule_view_t *. */
const apr_array_header_t *si_servers_endpoints(void);
const apr_array_header_t *si_servers_views(void);

/*
 * The limit of concurrent calls in a child process: SessionInitializerMaxConcurrent, or three
 * quarters of its threads, so that the others stay free for redirects.
 */
int si_servers_max_calls(void);

#endif
