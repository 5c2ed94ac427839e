/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "status/status_handler.h"

#include "child.h"
#include "config/servers.h"
#include "no_store.h"
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

static si_segment_t *segment;

/* The port of ServerName, else that of <VirtualHost>; 0 if the vhost is for every port. */
static int port_of(const server_rec *s)
{
    return s->port ? s->port : s->addrs ? s->addrs->host_port : 0;
}

/* Counting */

/* Creates the counters of each vhost that has stream ids. */
static apr_status_t share_counters(apr_pool_t *pool, server_rec *main_server)
{
    apr_status_t rv;
    server_rec *s;
    int children = 1;

    ap_mpm_query(AP_MPMQ_HARD_LIMIT_DAEMONS, &children);
    rv = si_segment_open(main_server->process->pool, children, &segment);
    for (s = main_server; s && rv == APR_SUCCESS; s = s->next) {
        si_vhost_t *vhost = si_vhost_of(s);
        if (vhost->settings->stream_ids->count > 0) {
            rv = si_segment_counters(segment, s->server_hostname, port_of(s), &vhost->counters);
        }
        if (vhost->counters && rv == APR_SUCCESS) {
            int *slots = apr_palloc(pool, SI_STREAM_ID_MAX * sizeof(*slots));
            si_counters_name(vhost->counters, vhost->settings->stream_ids, slots);
            vhost->slots = slots;
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
    return OK;
}

/* The parent: when a child has ended, its calls under way no longer count. */
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

/* Whether an earlier vhost has the same name and port as s, and so the same counters. */
static int is_repeated(const server_rec *s, const si_counters_t *counters)
{
    const server_rec *before;

    for (before = si_servers(); before != s; before = before->next) {
        if (si_vhost_of(before)->counters == counters) {
            return 1;
        }
    }
    return 0;
}

/*
 * The state of vhost's schedule files in this child process (si_schedule_status_t); NULL if it has
 * none.
 */
static const apr_array_header_t *schedules_of(const si_vhost_t *vhost, apr_pool_t *pool)
{
    si_schedule_watch_t *watch = si_child_schedules();
    const apr_array_header_t *files = vhost->settings->schedule_files;
    apr_array_header_t *known;
    int i;

    if (!watch || !vhost->schedules) {
        return NULL;
    }
    known = apr_array_make(pool, files->nelts, sizeof(si_schedule_status_t));
    for (i = 0; i < files->nelts; i++) {
        si_schedule_watch_status(watch, APR_ARRAY_IDX(files, i, const char *), pool,
                                 apr_array_push(known));
    }
    return known;
}

/* What this child process knows of the endpoint's addresses; NULL if there are none. */
static const apr_array_header_t *addresses_of(const si_vhost_t *vhost, apr_pool_t *pool)
{
    apr_array_header_t *known;
    si_node_t nodes[SI_ADDRESS_MAX];
    char text[SI_ADDRESS_TEXT];
    int count, i;

    if (!si_child_forwarder() || !vhost->endpoint) {
        return NULL;
    }
    count = si_forwarder_addresses(si_child_forwarder(), vhost->endpoint, nodes);
    known = apr_array_make(pool, count, sizeof(si_address_status_t));
    for (i = 0; i < count; i++) {
        si_address_status_t *status = apr_array_push(known);
        status->address = apr_pstrdup(pool, si_address_text(&nodes[i].address, text));
        status->is_in_use = nodes[i].out_until == 0;
        status->since = nodes[i].since;
        status->failures = nodes[i].call_failures;
    }
    return count > 0 ? known : NULL;
}

static void add_vhost(apr_array_header_t *shown, const server_rec *s)
{
    const si_vhost_t *vhost = si_vhost_of(s);
    si_vhost_status_t *known;

    if (!vhost->counters || is_repeated(s, vhost->counters)) {
        return;
    }
    known = apr_array_push(shown);
    known->name = port_of(s) ? apr_psprintf(shown->pool, "%s:%d", s->server_hostname, port_of(s))
                             : s->server_hostname;
    known->stream_ids = vhost->settings->stream_ids;
    known->schedules = schedules_of(vhost, shown->pool);
    known->addresses = addresses_of(vhost, shown->pool);
    si_counters_read(segment, vhost->counters, &known->counts, &known->in_flight);
    si_counts_order(&known->counts, vhost->slots, vhost->settings->stream_ids->count);
}

static void read_status(apr_pool_t *pool, si_status_t *status)
{
    apr_array_header_t *shown = apr_array_make(pool, 4, sizeof(si_vhost_status_t));
    const server_rec *s;

    for (s = si_servers(); s; s = s->next) {
        add_vhost(shown, s);
    }
    status->start = si_segment_start(segment);
    status->vhosts = (const si_vhost_status_t *)shown->elts;
    status->vhost_count = shown->nelts;
}

static char *write_form(request_rec *r, si_status_form_fn *form, apr_size_t *length)
{
    apr_bucket_brigade *out = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    si_status_t status;
    char *text;

    read_status(r->pool, &status);
    form(out, &status);
    apr_brigade_pflatten(out, &text, length, r->pool);
    return text;
}

/* The whole response. */
static void send_form(request_rec *r, si_status_form_fn *form)
{
    apr_size_t length;
    const char *text = write_form(r, form, &length);

    ap_set_content_length(r, (apr_off_t)length);
    ap_rwrite(text, (int)length, r);
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
    apr_size_t length;
    const char *text = write_form(r, (flags & AP_STATUS_SHORT) ? si_status_auto : si_status_section,
                                  &length);

    ap_rwrite(text, (int)length, r);
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
