/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "status/status_handler.h"

#include "request/send.h"
#include "request/choose_id.h"
#include "config/settings.h"
#include "status/status.h"

#include <ap_mpm.h>
#include <apr_optional_hooks.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_status.h>

#define HANDLER_NAME "session-initializer-status"

APLOG_USE_MODULE(session_initializer);
extern module AP_MODULE_DECLARE_DATA session_initializer_module;

/* Of the configuration that is in force: the main server, and the counters of all. */
static server_rec *servers;
static si_segment_t *segment;

static si_settings_t *settings_of(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &session_initializer_module);
}

/* ServerName's, else that of <VirtualHost>; 0 where every port is the server's. */
static int port_of(const server_rec *s)
{
    return s->port ? s->port : s->addrs ? s->addrs->host_port : 0;
}

/* Counting */

/* A server that sets nothing has the main server's settings themselves: then it gets a copy. */
static si_settings_t *own_settings(apr_pool_t *pool, server_rec *s)
{
    si_settings_t *settings = settings_of(s);

    if (settings->counters) {
        settings = apr_pmemdup(pool, settings, sizeof(*settings));
        ap_set_module_config(s->module_config, &session_initializer_module, settings);
    }
    return settings;
}

/* Counters for each server that has stream ids. */
static apr_status_t share_counters(apr_pool_t *pool, server_rec *main_server)
{
    apr_status_t rv;
    server_rec *s;
    int children = 1;

    ap_mpm_query(AP_MPMQ_HARD_LIMIT_DAEMONS, &children);
    rv = si_segment_open(main_server->process->pool, children, &segment);
    for (s = main_server; s && rv == APR_SUCCESS; s = s->next) {
        si_settings_t *settings = own_settings(pool, s);
        if (settings->stream_ids->count > 0) {
            settings->told = apr_pcalloc(pool, sizeof(*settings->told));
            rv = si_segment_counters(segment, s->server_hostname, port_of(s), &settings->counters);
        }
        if (settings->counters && rv == APR_SUCCESS) {
            si_counters_name(settings->counters, settings->stream_ids);
        }
    }
    return rv;
}

static int make_counters(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                         server_rec *main_server)
{
    const apr_status_t rv = share_counters(pconf, main_server);

    (void)plog;
    (void)ptemp;
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, rv, main_server,
                     "no-counters: no shared memory for the counters");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    servers = main_server;
    return OK;
}

/* The parent: what a child had under way has ended with it. */
static void note_child(server_rec *s, pid_t pid, ap_generation_t generation, int slot,
                       mpm_child_status status)
{
    (void)s;
    (void)generation;
    (void)slot;
    if (status == MPM_CHILD_EXITED) {
        si_segment_reap(segment, pid);
    }
}

static void enter_child(apr_pool_t *pchild, server_rec *main_server)
{
    (void)pchild;
    (void)main_server;
    si_segment_enter(segment, getpid());
}

/* Showing */

/* Whether a server before s has the same name and port, and so the same counters. */
static int is_repeated(const server_rec *s, const si_counters_t *counters)
{
    const server_rec *before;

    for (before = servers; before != s; before = before->next) {
        if (settings_of(before)->counters == counters) {
            return 1;
        }
    }
    return 0;
}

static void add_server(apr_array_header_t *shown, const server_rec *s)
{
    const si_settings_t *settings = settings_of(s);
    si_status_server_t *server;

    if (!settings->counters || is_repeated(s, settings->counters)) {
        return;
    }
    server = apr_array_push(shown);
    server->name = port_of(s) ? apr_psprintf(shown->pool, "%s:%d", s->server_hostname, port_of(s))
                              : s->server_hostname;
    server->stream_ids = settings->stream_ids;
    server->schedules = si_choice_schedules(settings, shown->pool);
    si_counters_read(segment, settings->counters, &server->counts, &server->in_flight);
}

static void read_status(apr_pool_t *pool, si_status_t *status)
{
    apr_array_header_t *shown = apr_array_make(pool, 4, sizeof(si_status_server_t));
    const server_rec *s;

    for (s = servers; s; s = s->next) {
        add_server(shown, s);
    }
    status->start = si_segment_start(segment);
    status->servers = (const si_status_server_t *)shown->elts;
    status->server_count = shown->nelts;
}

static void write_to_request(void *request, const char *bytes, apr_size_t length)
{
    ap_rwrite(bytes, (int)length, request);
}

typedef void form_fn(const si_writer_t *writer, const si_status_t *status);

static void send_form(request_rec *r, form_fn *form)
{
    const si_writer_t writer = { write_to_request, r };
    si_status_t status;

    read_status(r->pool, &status);
    form(&writer, &status);
}

static int handle_status(request_rec *r)
{
    const char *const query = r->args ? r->args : "";

    if (!r->handler || strcmp(r->handler, HANDLER_NAME) != 0) {
        return DECLINED;
    }
    ap_allow_standard_methods(r, REPLACE_ALLOW, M_GET, -1);
    if (r->method_number != M_GET) {
        return HTTP_METHOD_NOT_ALLOWED;
    }
    si_set_no_store(r);
    if (strcmp(query, "json") == 0) {
        ap_set_content_type(r, "application/json");
        send_form(r, si_status_json);
    }
    else if (strcmp(query, "metrics") == 0 || strcmp(query, "metrics=") == 0) {
        ap_set_content_type(r, "text/plain; version=0.0.4; charset=utf-8");
        send_form(r, si_status_metrics);
    }
    else {
        ap_set_content_type(r, "text/html; charset=utf-8");
        send_form(r, si_status_page);
    }
    return OK;
}

static int add_to_server_status(request_rec *r, int flags)
{
    send_form(r, (flags & AP_STATUS_SHORT) ? si_status_auto : si_status_section);
    return OK;
}

void si_status_register_hooks(void)
{
    ap_hook_post_config(make_counters, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(enter_child, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_status(note_child, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(handle_status, NULL, NULL, APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(ap, status_hook, add_to_server_status, NULL, NULL, APR_HOOK_MIDDLE);
}
