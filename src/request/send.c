/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "request/send.h"

#include "json/json_string.h"
#include "no_store.h"
#include "status/counters.h"

#include <apr_buckets.h>
#include <apr_cstr.h>
#include <apr_strings.h>
#include <http_protocol.h>
#include <stdlib.h>
#include <string.h>

/* Records what the module did, for the access log. */
static void note_action(request_rec *r, const char *action)
{
    apr_table_setn(r->subprocess_env, "SESSION_INITIALIZER_ACTION", action);
}

static void set_cors(request_rec *r, const si_cors_t *cors)
{
    const char *origin = NULL;

    if (cors->mode == SI_CORS_NONE) {
        return;
    }
    if (cors->mode == SI_CORS_LIST) {
        apr_table_mergen(r->headers_out, "Vary", "Origin");
        origin = apr_table_get(r->headers_in, "Origin");
    }
    origin = si_cors_allow_origin(cors, origin);
    if (!origin) {
        return;
    }
    apr_table_setn(r->headers_out, "Access-Control-Allow-Origin", origin);
    apr_table_setn(r->headers_out, "Access-Control-Expose-Headers", SI_CORS_EXPOSED);
}

/* Sends the body. If there is none, httpd itself ends the response after the handler returns. */
static int send_body(request_rec *r, const char *body, apr_size_t length)
{
    apr_bucket_alloc_t *alloc = r->connection->bucket_alloc;
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, alloc);

    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_pool_create(body, length, r->pool, alloc));
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(alloc));
    ap_pass_brigade(r->output_filters, brigade);
    return OK;
}

int si_send_redirect(request_rec *r, const si_vhost_t *vhost, const char *location)
{
    note_action(r, "redirect");
    r->status = HTTP_MOVED_TEMPORARILY;
    apr_table_setn(r->headers_out, "Location", location);
    si_set_no_store(r);
    set_cors(r, vhost->settings->cors);
    return OK;
}

int si_send_preflight(request_rec *r, const si_vhost_t *vhost)
{
    const char *requested = apr_table_get(r->headers_in, "Access-Control-Request-Headers");

    note_action(r, "preflight");
    si_count_preflight(vhost->counters);
    r->status = HTTP_NO_CONTENT;
    si_set_no_store(r);
    set_cors(r, vhost->settings->cors);
    if (vhost->settings->cors->mode != SI_CORS_NONE) {
        apr_table_mergen(r->headers_out, "Vary", "Access-Control-Request-Headers");
    }
    if (apr_table_get(r->headers_out, "Access-Control-Allow-Origin")) {
        apr_table_setn(r->headers_out, "Access-Control-Allow-Methods", SI_CORS_METHODS);
        apr_table_setn(r->headers_out, "Access-Control-Allow-Headers",
                       si_cors_allow_headers(requested));
        apr_table_setn(r->headers_out, "Access-Control-Max-Age", SI_CORS_MAX_AGE);
    }
    return OK;
}

int si_send_error(request_rec *r, const si_vhost_t *vhost, si_error_t error, const char *message)
{
    const si_error_row_t *row = &si_errors[error];
    const char *text = message ? message : row->message;
    const char *body = apr_pstrcat(r->pool, "{\"error\":\"", row->name, "\",\"message\":",
                                   si_json_string_encode(r->pool, text, strlen(text)), "}\n", NULL);

    note_action(r, "error");
    apr_table_setn(r->subprocess_env, "SESSION_INITIALIZER_ERROR", row->name);
    si_count_error(vhost->counters, error);
    r->status = row->status;
    ap_set_content_type(r, "application/json");
    si_set_no_store(r);
    set_cors(r, vhost->settings->cors);
    return send_body(r, body, strlen(body));
}

/*
 * Sets the headers of MediaTailor's response; upstream/ has already removed the ones that may not
 * pass.
 */
static void set_upstream_headers(request_rec *r, const apr_array_header_t *headers)
{
    const char *const *strings = (const char *const *)headers->elts;
    int i;

    for (i = 0; i + 1 < headers->nelts; i += 2) {
        if (apr_cstr_casecmp(strings[i], "Content-Type") == 0) {
            ap_set_content_type(r, strings[i + 1]);
        }
        else {
            apr_table_addn(r->headers_out, strings[i], strings[i + 1]);
        }
    }
    if (apr_table_get(r->headers_out, "Cache-Control")) {
        si_keep_expires_out(r);
        return;
    }
    si_set_no_store(r);
}

/*
 * httpd has a reason phrase for the statuses it knows. For another it would send 500 unless we set
 * one.
 */
static void set_status_line(request_rec *r, const si_response_t *response)
{
    /* NOLINTNEXTLINE(cert-err34-c): httpd's own "404 Not Found" */
    const int is_known = atoi(ap_get_status_line(response->status)) == response->status;

    if (*response->reason || !is_known) {
        r->status_line = apr_psprintf(r->pool, "%d %s", response->status,
                                      *response->reason ? response->reason : "Unknown");
    }
}

int si_send_response(request_rec *r, const si_vhost_t *vhost, const si_response_t *response)
{
    note_action(r, "session");
    apr_table_setn(r->subprocess_env, "SESSION_INITIALIZER_UPSTREAM_STATUS",
                   apr_itoa(r->pool, response->status));
    r->status = response->status;
    set_status_line(r, response);
    set_upstream_headers(r, response->headers);
    set_cors(r, vhost->settings->cors);
    /* The player's Range was meant for media. A part of this body would be useless. */
    ap_remove_output_filter_byhandle(r->output_filters, "BYTERANGE");
    ap_set_content_length(r, (apr_off_t)response->body_length);
    return send_body(r, response->body, response->body_length);
}
