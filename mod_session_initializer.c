/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * mod_session_initializer: gives every new MediaTailor session a random stream id, which puts it
 * into one of N groups.
 *
 * This file has only the module record and the hooks. docs/internals.md lists the other files;
 * docs/mod_session_initializer.md is the manual.
 */

#include "child.h"
#include "config/directives.h"
#include "config/servers.h"
#include "config/setup_check.h"
#include "request/handler.h"
#include "request/request_body.h"
#include "request/request_path.h"
#include "status/status_handler.h"

#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include <httpd.h>
#include <string.h>

#define HANDLER_NAME "session-initializer"

extern module AP_MODULE_DECLARE_DATA session_initializer_module;

/*
 * The vhost if the request is claimed, else NULL. All hooks after translate_name check only this.
 */
static si_vhost_t *claim_of(const request_rec *r)
{
    return ap_get_module_config(r->request_config, &session_initializer_module);
}

static int claim(request_rec *r)
{
    si_vhost_t *vhost = si_vhost_of(r->server);
    const si_settings_t *settings = vhost->settings;

    if (settings->stream_ids->count == 0 || !si_request_is_of_player(r)
        || !si_path_is_below(r->uri, strlen(r->uri), settings->path, settings->path_length)) {
        return DECLINED;
    }
    ap_set_module_config(r->request_config, &session_initializer_module, vhost);
    r->handler = HANDLER_NAME;
    /* Not a file name, and without a slash, so that no other module treats it as a path. */
    r->filename = apr_pmemdup(r->pool, HANDLER_NAME, sizeof(HANDLER_NAME));
    return OK;
}

/* A claimed request has no file: core must not walk the file system for it. */
static int skip_storage(request_rec *r)
{
    return claim_of(r) ? OK : DECLINED;
}

static int handle(request_rec *r)
{
    si_vhost_t *vhost = claim_of(r);

    return vhost ? si_serve(r, vhost) : DECLINED;
}

/* Also runs at configtest. */
static int check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                        server_rec *main_server)
{
    const int status = si_servers_complete(pconf, main_server);

    (void)plog;
    (void)ptemp;
    /* At a normal start the logs are not open yet: the post_config hook warns. */
    if (status == OK && ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST) {
        si_check_configuration(main_server);
    }
    return status;
}

static int warn_of_setup(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                         server_rec *main_server)
{
    (void)pconf;
    (void)plog;
    (void)ptemp;
    /* httpd reads the configuration twice at startup: warn only the second time. */
    if (ap_state_query(AP_SQ_MAIN_STATE) != AP_SQ_MS_CREATE_PRE_CONFIG) {
        si_check_configuration(main_server);
    }
    return OK;
}

static void register_hooks(apr_pool_t *pool)
{
    /*
     * After mod_rewrite, so that its rules apply; before mod_proxy, so that "ProxyPass /" does not
     * take our path.
     */
    static const char *const after[] = { "mod_rewrite.c", NULL };
    static const char *const before[] = { "mod_proxy.c", NULL };

    (void)pool;
    si_request_body_register_filter();
    ap_hook_check_config(check_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(warn_of_setup, NULL, NULL, APR_HOOK_MIDDLE);
    si_status_register_hooks();
    /* First, so that its cleanup runs last, after mod_http2 has joined its workers. */
    ap_hook_child_init(si_child_start, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_translate_name(claim, after, before, APR_HOOK_FIRST);
    ap_hook_map_to_storage(skip_storage, NULL, NULL, APR_HOOK_FIRST);
    /* First, so that a SetHandler elsewhere does not apply to a claimed request. */
    ap_hook_handler(handle, NULL, NULL, APR_HOOK_REALLY_FIRST);
}

module AP_MODULE_DECLARE_DATA session_initializer_module = {
    STANDARD20_MODULE_STUFF,
    NULL, /* per-directory configuration: routing is per vhost */
    NULL,
    si_server_make,
    si_server_merge,
    si_directives,
    register_hooks,
    AP_MODULE_FLAG_NONE,
};
