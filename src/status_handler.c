/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "status_handler.h"

#include "settings.h"
#include "status.h"

#include <apr_optional_hooks.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_protocol.h>
#include <mod_status.h>

#define HANDLER_NAME "session-initializer-status"

extern module AP_MODULE_DECLARE_DATA session_initializer_module;

/* Of the configuration that is in force. */
static const server_rec *main_server;
static const si_segment_t *segment;

void si_status_show(const server_rec *servers, const si_segment_t *counted)
{
    main_server = servers;
    segment = counted;
}

/* Whether a server before s has the same name and port, and so the same counters. */
static int is_repeated(const server_rec *s, const si_counters_t *counters)
{
    const server_rec *before;

    for (before = main_server; before != s; before = before->next) {
        const si_settings_t *settings = ap_get_module_config(before->module_config,
                                                             &session_initializer_module);
        if (settings->counters == counters) {
            return 1;
        }
    }
    return 0;
}

static void add_server(apr_array_header_t *servers, const server_rec *s)
{
    const si_settings_t *settings = ap_get_module_config(s->module_config,
                                                         &session_initializer_module);
    si_status_server_t *server;

    if (!settings->counters || is_repeated(s, settings->counters)) {
        return;
    }
    server = apr_array_push(servers);
    server->name = s->port ? apr_psprintf(servers->pool, "%s:%d", s->server_hostname, s->port)
                           : s->server_hostname;
    server->stream_id_count = settings->stream_id_count;
    si_counters_read(segment, settings->counters, &server->counts, &server->in_flight);
}

static void read_status(apr_pool_t *pool, si_status_t *status)
{
    apr_array_header_t *servers = apr_array_make(pool, 4, sizeof(si_status_server_t));
    const server_rec *s;

    for (s = main_server; s; s = s->next) {
        add_server(servers, s);
    }
    status->start = si_segment_start(segment);
    status->servers = (const si_status_server_t *)servers->elts;
    status->server_count = servers->nelts;
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
    r->allowed = AP_METHOD_BIT << M_GET;
    if (r->method_number != M_GET) {
        return HTTP_METHOD_NOT_ALLOWED;
    }
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    if (strcmp(query, "json") == 0) {
        ap_set_content_type(r, "application/json");
        send_form(r, si_status_json);
    }
    else if (strcmp(query, "metrics") == 0) {
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
    send_form(r, flags & AP_STATUS_SHORT ? si_status_auto : si_status_section);
    return OK;
}

void si_status_register_hooks(void)
{
    ap_hook_handler(handle_status, NULL, NULL, APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(ap, status_hook, add_to_server_status, NULL, NULL, APR_HOOK_MIDDLE);
}
