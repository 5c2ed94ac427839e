/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "request/handler.h"

#include "child.h"
#include "config/setup_check.h"
#include "request/choose_id.h"
#include "request/query.h"
#include "request/request_body.h"
#include "request/request_path.h"
#include "request/send.h"
#include "request/session_request.h"
#include "status/counters.h"
#include "upstream/headers.h"

#include <apr_cstr.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_log.h>
#include <http_protocol.h>

APLOG_USE_MODULE(session_initializer);

static const si_error_t body_errors[] = {
    [SI_BODY_BROKEN] = SI_ERROR_BAD_REQUEST,
    [SI_BODY_TIMEOUT] = SI_ERROR_REQUEST_TIMEOUT,
    [SI_BODY_TOO_LARGE] = SI_ERROR_BODY_TOO_LARGE,
    [SI_BODY_TOO_PACKED] = SI_ERROR_BODY_TOO_LARGE,
    [SI_BODY_ENCODED] = SI_ERROR_UNSUPPORTED_ENCODING,
    [SI_BODY_BAD_ENCODING] = SI_ERROR_BAD_ENCODING,
};

static const si_error_t forward_errors[] = {
    [SI_FORWARD_ANSWERED] = SI_ERROR_NONE,
    [SI_FORWARD_BUSY] = SI_ERROR_BUSY,
    [SI_FORWARD_STOPPING] = SI_ERROR_STOPPING,
    [SI_FORWARD_UNRESOLVED] = SI_ERROR_UPSTREAM_UNRESOLVED,
    [SI_FORWARD_UNREACHABLE] = SI_ERROR_UPSTREAM_UNREACHABLE,
    [SI_FORWARD_TLS] = SI_ERROR_UPSTREAM_TLS,
    [SI_FORWARD_PROTOCOL] = SI_ERROR_UPSTREAM_PROTOCOL,
    [SI_FORWARD_TOO_LARGE] = SI_ERROR_UPSTREAM_TOO_LARGE,
    [SI_FORWARD_TIMEOUT] = SI_ERROR_UPSTREAM_TIMEOUT,
};

/* Sends the error; message is NULL for the error's own. */
static int refuse_saying(request_rec *r, const si_vhost_t *vhost, si_error_t error,
                         const char *message)
{
    ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, "refused: %d %s: %s", si_errors[error].status,
                  si_errors[error].name, message ? message : si_errors[error].message);
    return si_send_error(r, vhost, error, message);
}

static int refuse(request_rec *r, const si_vhost_t *vhost, si_error_t error)
{
    return refuse_saying(r, vhost, error, NULL);
}

/* Chooses a stream id, at *position, and records it for the access log; NULL if that fails. */
static const char *choose_stream_id(request_rec *r, const si_vhost_t *vhost,
                                    const si_playback_t *playback, int *position)
{
    const char *name;

    if (si_choose_stream_id(r, vhost, playback, position) != APR_SUCCESS) {
        return NULL;
    }
    name = vhost->settings->stream_ids->ids[*position].name;
    apr_table_setn(r->subprocess_env, "SESSION_INITIALIZER_STREAM_ID", name);
    return name;
}

static int redirect(request_rec *r, const si_vhost_t *vhost, const si_playback_t *playback)
{
    const char *stream_id = NULL;
    int position = 0;

    if (playback->kind == SI_KIND_SESSION && !si_query_has_session(r->args)) {
        stream_id = choose_stream_id(r, vhost, playback, &position);
        if (!stream_id) {
            return refuse(r, vhost, SI_ERROR_NO_RANDOM);
        }
    }
    ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, "redirect: stream id %s",
                  stream_id ? stream_id : "none");
    si_count_redirect(vhost->counters, stream_id ? vhost->slots[position] : -1);
    return si_send_redirect(r, vhost,
                            si_playback_location(r->pool, vhost->settings->playback_base, playback,
                                                 r->args, stream_id));
}

/* A session initialization: what the part before the call and the part after it share. */
typedef struct {
    request_rec *r;
    si_vhost_t *vhost;
    int position; /* of its stream id */
    si_forward_request_t request;
} session_t;

/*
 * httpd accepts any Transfer-Encoding that ends in "chunked" but decodes no other coding. Such a
 * body is not JSON, and a proxy in front may disagree about its end (request smuggling), so only
 * plain "chunked" is accepted.
 */
static int has_other_coding(const request_rec *r)
{
    const char *coding = apr_table_get(r->headers_in, "Transfer-Encoding");

    return coding && apr_cstr_casecmp(coding, "chunked") != 0;
}

/*
 * codings is sent as Accept-Encoding with a 415 for the content coding (RFC 9110 section 15.5.16).
 */
static int refuse_body(request_rec *r, const si_vhost_t *vhost, si_body_outcome_t outcome,
                       const char *codings)
{
    if (outcome == SI_BODY_ANSWERED) {
        return AP_FILTER_ERROR;
    }
    if (outcome == SI_BODY_ENCODED) {
        apr_table_setn(r->headers_out, "Accept-Encoding", codings);
    }
    return refuse_saying(r, vhost, body_errors[outcome],
                         outcome == SI_BODY_TOO_PACKED
                             ? "The request body unpacks to too many times its size."
                             : NULL);
}

/* Fills in the request to MediaTailor. Returns SI_ERROR_NONE, or why it cannot be made. */
static si_error_t make_request(session_t *session, const si_session_request_t *made,
                               const si_playback_t *playback)
{
    request_rec *r = session->r;
    const conn_rec *c = r->connection;
    const si_settings_t *settings = session->vhost->settings;
    const char *path = si_session_path(r->pool, playback);
    const si_viewer_t viewer = {
        .peer = c->client_ip,
        .client = r->useragent_addr != c->client_addr ? r->useragent_ip : NULL,
    };
    si_forward_request_t *request = &session->request;

    request->endpoint = session->vhost->endpoint;
    request->target = made->query ? apr_pstrcat(r->pool, path, "?", made->query, NULL) : path;
    request->body = made->body;
    request->body_length = made->body_length;
    request->connect_timeout = settings->connect_timeout;
    request->timeout = settings->timeout;
    request->max_age = settings->connection_max_age;
    request->headers = si_upstream_headers(
        r->pool, r->headers_in, settings->forward_headers,
        settings->preserve_host ? apr_table_get(r->headers_in, "Host") : NULL, &viewer);
    return request->headers ? SI_ERROR_NONE : SI_ERROR_BAD_HEADER;
}

/* The part before the call. Returns OK, or, if no call is to be made, what the handler returns. */
static int begin_session(session_t *session, const si_playback_t *playback, int *is_refused)
{
    request_rec *r = session->r;
    si_vhost_t *vhost = session->vhost;
    const char *codings = si_request_body_codings(r);
    const char *stream_id, *body;
    si_session_request_t made;
    si_body_outcome_t outcome;
    si_error_t error;
    apr_size_t length;

    *is_refused = 1;
    if (!vhost->endpoint || !si_child_forwarder()) {
        si_check_no_endpoint(r, vhost);
        return refuse(r, vhost, SI_ERROR_NO_ENDPOINT);
    }
    if (has_other_coding(r)) {
        return refuse(r, vhost, SI_ERROR_BAD_CODING);
    }
    outcome = si_request_body_read(r, vhost->settings->max_body, &body, &length);
    if (outcome != SI_BODY_READ) {
        return refuse_body(r, vhost, outcome, codings);
    }
    stream_id = choose_stream_id(r, vhost, playback, &session->position);
    if (!stream_id) {
        return refuse(r, vhost, SI_ERROR_NO_RANDOM);
    }
    error = si_session_request_make(r->pool, body, length, r->args, stream_id, &made);
    if (error != SI_ERROR_NONE) {
        return refuse_saying(r, vhost, error, made.message);
    }
    error = make_request(session, &made, playback);
    if (error != SI_ERROR_NONE) {
        return refuse(r, vhost, error);
    }
    *is_refused = 0;
    return OK;
}

/* The log has the cause, for the operator. The player receives only the kind of failure. */
static int send_failure(const session_t *session, const si_response_t *response)
{
    request_rec *r = session->r;
    const si_error_t error = forward_errors[response->outcome];
    const int is_temporary = si_errors[error].status == HTTP_SERVICE_UNAVAILABLE;

    ap_log_rerror(APLOG_MARK, is_temporary ? APLOG_WARNING : APLOG_ERR, 0, r,
                  "%s: vhost=%s endpoint=%s stage=%s cause=\"%s\" ms=%" APR_TIME_T_FMT,
                  si_errors[error].name, r->server->server_hostname, session->request.endpoint->url,
                  response->stage, ap_escape_logitem(r->pool, response->cause),
                  apr_time_as_msec(response->time));
    if (is_temporary) {
        apr_table_setn(r->headers_out, "Retry-After", "1");
    }
    return si_send_error(r, session->vhost, error, NULL);
}

static const char *error_type_of(const si_response_t *response)
{
    const char *const *strings = (const char *const *)response->headers->elts;
    int i;

    for (i = 0; i + 1 < response->headers->nelts; i += 2) {
        if (apr_cstr_casecmp(strings[i], "x-amzn-ErrorType") == 0) {
            return strings[i + 1];
        }
    }
    return NULL;
}

/* One line when an address is left out and one when it is back, not one for each call. */
static void log_addresses(const session_t *session)
{
    request_rec *r = session->r;
    const si_endpoint_t *endpoint = session->request.endpoint;
    char address[SI_ADDRESS_TEXT];
    si_node_t node;

    while (si_forwarder_take_news(si_child_forwarder(), endpoint, &node)) {
        si_address_text(&node.address, address);
        if (node.out_until) {
            ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                          "address-out: endpoint=%s address=%s: it failed, and is left out until a "
                          "probe succeeds",
                          endpoint->url, address);
        }
        else {
            ap_log_rerror(APLOG_MARK, APLOG_NOTICE, 0, r,
                          "address-back: endpoint=%s address=%s: it is used again", endpoint->url,
                          address);
        }
    }
}

/* The part after the call: counts, logs and sends the response. */
static int finish_session(const session_t *session, const si_response_t *response)
{
    request_rec *r = session->r;
    si_vhost_t *vhost = session->vhost;

    log_addresses(session);
    if (response->was_called) {
        si_count_time(vhost->counters, response->time);
        apr_table_setn(r->subprocess_env, "SESSION_INITIALIZER_UPSTREAM_MS",
                       apr_ltoa(r->pool, (long)apr_time_as_msec(response->time)));
    }
    if (response->outcome != SI_FORWARD_ANSWERED) {
        return send_failure(session, response);
    }
    ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r,
                  "session: upstream status %d, %" APR_TIME_T_FMT " ms, %s connection",
                  response->status, apr_time_as_msec(response->time),
                  response->is_kept_connection ? "kept" : "new");
    si_count_answer(vhost->counters, vhost->slots[session->position], response->status,
                    error_type_of(response));
    if (response->is_kept_connection) {
        si_count_kept_connection(vhost->counters);
    }
    return si_send_response(r, vhost, response);
}

static int initialize_session(request_rec *r, si_vhost_t *vhost, const si_playback_t *playback)
{
    session_t session = { .r = r, .vhost = vhost };
    si_response_t response;
    int is_refused;
    const int status = begin_session(&session, playback, &is_refused);

    if (is_refused) {
        return status;
    }
    si_check_forwarded_for(r, vhost);
    si_count_call(vhost->counters);
    si_forward(si_child_forwarder(), &session.request, r->pool, &response);
    si_count_call_end(vhost->counters);
    return finish_session(&session, &response);
}

static int refuse_method(request_rec *r, const si_vhost_t *vhost, si_kind_t kind)
{
    apr_table_setn(r->headers_out, "Allow",
                   kind == SI_KIND_SESSION ? "GET, HEAD, POST, OPTIONS" : "GET, HEAD, OPTIONS");
    return refuse(r, vhost, SI_ERROR_METHOD_NOT_ALLOWED);
}

int si_serve(request_rec *r, si_vhost_t *vhost)
{
    si_playback_t playback;

    si_request_playback(r, vhost->settings, &playback);
    if (playback.kind == SI_KIND_UNKNOWN) {
        return refuse(r, vhost, SI_ERROR_NOT_FOUND);
    }
    if (r->method_number == M_OPTIONS) {
        ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, "preflight");
        return si_send_preflight(r, vhost);
    }
    if (r->args && si_query_has_control(r->args)) {
        return refuse(r, vhost, SI_ERROR_BAD_QUERY);
    }
    if (r->method_number == M_GET) {
        return redirect(r, vhost, &playback);
    }
    if (r->method_number == M_POST && playback.kind == SI_KIND_SESSION) {
        return initialize_session(r, vhost, &playback);
    }
    return refuse_method(r, vhost, playback.kind);
}
