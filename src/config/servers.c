/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "config/servers.h"

#include <ap_mpm.h>
#include <http_config.h>
#include <http_log.h>

extern module AP_MODULE_DECLARE_DATA session_initializer_module;
APLOG_USE_MODULE(session_initializer);

/* The current configuration. It is replaced when httpd reads the configuration again. */
static server_rec *servers;
static si_shared_t shared;

void *si_server_make(apr_pool_t *pool, server_rec *s)
{
    (void)s;
    return si_vhost_make(pool, si_settings_make(pool));
}

void *si_server_merge(apr_pool_t *pool, void *base, void *own)
{
    const si_vhost_t *main_vhost = base, *vhost = own;

    return si_vhost_make(pool, si_settings_merge(pool, main_vhost->settings, vhost->settings));
}

si_vhost_t *si_vhost_of(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &session_initializer_module);
}

/*
 * Returns the vhost's own record. httpd gives a virtual host without any of the module's directives
 * the record of the main server.
 */
static si_vhost_t *own_vhost(apr_pool_t *pool, server_rec *s)
{
    si_vhost_t *vhost = si_vhost_of(s);
    si_vhost_t *main_vhost = si_vhost_of(servers);

    if (s != servers && vhost == main_vhost) {
        vhost = si_vhost_make(pool, main_vhost->settings);
        ap_set_module_config(s->module_config, &session_initializer_module, vhost);
    }
    return vhost;
}

int si_servers_complete(apr_pool_t *pool, server_rec *main_server)
{
    server_rec *s;

    servers = main_server;
    si_shared_make(pool, &shared);
    for (s = main_server; s; s = s->next) {
        const char *problem = si_vhost_complete(pool, own_vhost(pool, s), &shared);
        if (problem) {
            ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_EMERG, 0, s, "%s (server %s, %s:%d)",
                         problem, s->server_hostname ? s->server_hostname : "main",
                         s->defn_name ? s->defn_name : "main configuration", s->defn_line_number);
            return HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    return OK;
}

server_rec *si_servers(void)
{
    return servers;
}

const apr_array_header_t *si_servers_endpoints(void)
{
    return shared.endpoints;
}

const apr_array_header_t *si_servers_views(void)
{
    return shared.views;
}

int si_servers_max_calls(void)
{
    const int set = si_vhost_of(servers)->settings->max_concurrent;
    int threads = 1;

    if (set > 0) {
        return set;
    }
    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    return threads * 3 / 4 > 1 ? threads * 3 / 4 : 1;
}
