/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * mod_session_initializer: puts every new MediaTailor session into one of N groups by a random
 * stream id.
 *
 * This is the front door: directives, per-server configuration and hooks. What is decided, and how,
 * stands in src/, a room for each concern; docs/mod_session_initializer.md is the manual.
 */

#include "request/send.h"
#include "request/choose_id.h"
#include "status/counters.h"
#include "upstream/forwarder.h"
#include "request/playback_url.h"
#include "request/query.h"
#include "ids/random.h"
#include "request/request_body.h"
#include "request/session_request.h"
#include "config/settings.h"
#include "config/setup_check.h"
#include "status/status_handler.h"
#include "upstream/headers.h"
#include "base/thread.h"

#include <ap_expr.h>
#include <ap_mpm.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <httpd.h>
#include <strings.h>
#include <unistd.h>

#define HANDLER_NAME "session-initializer"
#define REWRITE_HANDLER_NAME "redirect-handler"

extern module AP_MODULE_DECLARE_DATA session_initializer_module;
APLOG_USE_MODULE(session_initializer);

/* Of the configuration that is in force: const si_endpoint_t *, and const si_prefetch_view_t *. */
static apr_array_header_t *endpoints;
static apr_array_header_t *schedule_views;

/* Of this child process; NULL where no server has an endpoint or it could not start. */
static si_forwarder_t *forwarder;

/* Problems with an answer of their own. */

static const si_problem_t not_found = { 404, "not-found",
                                        "This is no MediaTailor playback or session URL." };
static const si_problem_t method_not_allowed = { 405, "method-not-allowed",
                                                 "This URL does not take the method; see Allow." };
static const si_problem_t bad_query = { 400, "bad-query",
                                        "The query holds a space or a control character." };
static const si_problem_t bad_header = { 400, "bad-header", "A header holds a control character." };
static const si_problem_t bad_coding = { 400, "bad-coding",
                                         "The Transfer-Encoding may only be chunked." };
static const si_problem_t no_random = { 500, "no-random", "No random number could be drawn." };
static const si_problem_t no_endpoint = { 503, "no-endpoint",
                                          "Sessions cannot be initialized by POST here." };

/* By si_body_outcome_t. */
static const si_problem_t body_problems[] = {
    [SI_BODY_BROKEN] = { 400, "bad-request", "The request body did not arrive whole." },
    [SI_BODY_TIMEOUT] = { 408, "request-timeout", "The request body did not arrive in time." },
    [SI_BODY_TOO_LARGE] = { 413, "body-too-large", "The request body is too large." },
    [SI_BODY_TOO_PACKED] = { 413, "body-too-large",
                             "The request body unpacks to too many times its size." },
    [SI_BODY_ENCODED] = { 415, "unsupported-encoding",
                          "The request body has a Content-Encoding that is not taken here; see "
                          "Accept-Encoding." },
    [SI_BODY_BAD_ENCODING] = { 400, "bad-encoding",
                               "The request body is not what its Content-Encoding says." },
};

/* By si_forward_outcome_t; the answered ones have none. */
static const si_problem_t forward_problems[] = {
    [SI_FORWARD_BUSY] = { 503, "busy", "Too many sessions are being initialized; try again." },
    [SI_FORWARD_STOPPING] = { 503, "stopping", "The server is restarting; try again." },
    [SI_FORWARD_UNRESOLVED] = { 502, "upstream-unresolved", "The session service was not found." },
    [SI_FORWARD_UNREACHABLE] = { 502, "upstream-unreachable", "The session service refused." },
    [SI_FORWARD_TLS] = { 502, "upstream-tls", "The session service could not be trusted." },
    [SI_FORWARD_PROTOCOL] = { 502, "upstream-protocol",
                              "The session service gave no valid answer." },
    [SI_FORWARD_TOO_LARGE] = { 502, "upstream-too-large",
                               "The session service's answer is too large." },
    [SI_FORWARD_TIMEOUT] = { 504, "upstream-timeout",
                             "The session service did not answer in time." },
};

/* Serving a claimed request */

static void log_refusal(request_rec *r, const si_problem_t *problem)
{
    ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, "refused: %d %s: %s", problem->status,
                  problem->slug, problem->message);
}

static int refuse(request_rec *r, const si_settings_t *settings, const si_problem_t *problem)
{
    log_refusal(r, problem);
    return si_answer_problem(r, settings, problem, NULL, NULL);
}

/* Chooses a stream id, at *position, and notes it for the access log; NULL where that fails. */
static const char *choose_stream_id(request_rec *r, const si_settings_t *settings,
                                    const si_playback_t *playback, int *position)
{
    const char *name;

    if (si_choose_stream_id(r, settings, playback, position) != APR_SUCCESS) {
        return NULL;
    }
    name = settings->stream_ids->ids[*position].name;
    apr_table_setn(r->subprocess_env, "SESSION_INITIALIZER_STREAM_ID", name);
    return name;
}

static int redirect(request_rec *r, const si_settings_t *settings, const si_playback_t *playback)
{
    const char *stream_id = NULL;
    int position = -1;

    if (playback->kind == SI_KIND_SESSION && !si_query_has_session(r->args)) {
        stream_id = choose_stream_id(r, settings, playback, &position);
        if (!stream_id) {
            return refuse(r, settings, &no_random);
        }
    }
    ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, "redirect: stream id %s",
                  stream_id ? stream_id : "none");
    si_count_redirect(settings->counters, position);
    return si_answer_redirect(
        r, settings,
        si_playback_location(r->pool, settings->playback_base, playback, r->args, stream_id));
}

/*
 * httpd takes what ends in chunked, and leaves the codings before that undone: such a body is not
 * what it says, and a proxy before us may take another end for its.
 */
static int has_other_coding(const request_rec *r)
{
    const char *coding = apr_table_get(r->headers_in, "Transfer-Encoding");

    return coding && strcasecmp(coding, "chunked") != 0;
}

/* codings: for Accept-Encoding, which a 415 has if it is the coding's fault (RFC 9110, 15.5.16). */
static int refuse_body(request_rec *r, const si_settings_t *settings, si_body_outcome_t outcome,
                       const char *codings)
{
    const si_problem_t *problem = &body_problems[outcome];
    const int is_encoded = outcome == SI_BODY_ENCODED;

    if (outcome == SI_BODY_ANSWERED) {
        return AP_FILTER_ERROR;
    }
    log_refusal(r, problem);
    return si_answer_problem(r, settings, problem, is_encoded ? "Accept-Encoding" : NULL, codings);
}

/* The operator reads why; the player is told no more than the kind of failure. */
static int answer_failure(request_rec *r, const si_settings_t *settings,
                          const si_forward_answer_t *answer)
{
    const si_problem_t *problem = &forward_problems[answer->outcome];

    ap_log_rerror(APLOG_MARK, problem->status == 503 ? APLOG_WARNING : APLOG_ERR, 0, r,
                  "%s: vhost=%s endpoint=%s stage=%s cause=\"%s\" ms=%" APR_TIME_T_FMT,
                  problem->slug, r->server->server_hostname, settings->endpoint->url, answer->stage,
                  ap_escape_logitem(r->pool, answer->cause), apr_time_as_msec(answer->time));
    return si_answer_problem(r, settings, problem, problem->status == 503 ? "Retry-After" : NULL,
                             "1");
}

static const char *error_type_of(const si_forward_answer_t *answer)
{
    const char *const *strings = (const char *const *)answer->headers->elts;
    int i;

    for (i = 0; i + 1 < answer->headers->nelts; i += 2) {
        if (strcasecmp(strings[i], "x-amzn-ErrorType") == 0) {
            return strings[i + 1];
        }
    }
    return NULL;
}

static int forward(request_rec *r, const si_settings_t *settings, const si_playback_t *playback,
                   const si_session_t *session, int position)
{
    const conn_rec *c = r->connection;
    const si_viewer_t viewer = {
        .peer = c->client_ip,
        .client = r->useragent_addr != c->client_addr ? r->useragent_ip : NULL,
    };
    const char *path = si_session_path(r->pool, playback);
    si_forward_request_t request = {
        .endpoint = settings->endpoint,
        .target = session->query ? apr_pstrcat(r->pool, path, "?", session->query, NULL) : path,
        .body = session->body,
        .body_length = session->body_length,
        .connect_timeout = settings->connect_timeout,
        .timeout = settings->timeout,
    };
    si_forward_answer_t answer;

    request.headers = si_upstream_headers(
        r->pool, r->headers_in, settings->forward_headers,
        settings->preserve_host ? apr_table_get(r->headers_in, "Host") : NULL, &viewer);
    if (!request.headers) {
        return refuse(r, settings, &bad_header);
    }
    si_check_forwarded_for(r, settings);
    si_count_call(settings->counters);
    si_forward(forwarder, &request, r->pool, &answer);
    si_count_call_end(settings->counters);
    if (answer.was_called) {
        si_count_time(settings->counters, answer.time);
        apr_table_setn(r->subprocess_env, "SESSION_INITIALIZER_UPSTREAM_MS",
                       apr_ltoa(r->pool, (long)apr_time_as_msec(answer.time)));
    }
    if (answer.outcome != SI_FORWARD_ANSWERED) {
        return answer_failure(r, settings, &answer);
    }
    ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r,
                  "session: upstream status %d, %" APR_TIME_T_FMT " ms, %s connection",
                  answer.status, apr_time_as_msec(answer.time),
                  answer.is_kept_connection ? "kept" : "new");
    si_count_answer(settings->counters, position, answer.status, error_type_of(&answer));
    if (answer.is_kept_connection) {
        si_count_kept_connection(settings->counters);
    }
    return si_answer_upstream(r, settings, &answer);
}

static int initialize_session(request_rec *r, const si_settings_t *settings,
                              const si_playback_t *playback)
{
    const char *codings = si_request_body_codings(r);
    const si_problem_t *problem;
    const char *stream_id;
    const char *body;
    si_session_t session;
    si_body_outcome_t outcome;
    apr_size_t length;
    int position;

    if (!settings->endpoint || !forwarder) {
        si_check_no_endpoint(r, settings,
                             settings->endpoint ? "this child process could not start its forwarder"
                                                : "SessionInitializerEndpoint is not set");
        return refuse(r, settings, &no_endpoint);
    }
    if (has_other_coding(r)) {
        return refuse(r, settings, &bad_coding);
    }
    outcome = si_request_body_read(r, settings->max_body, &body, &length);
    if (outcome != SI_BODY_READ) {
        return refuse_body(r, settings, outcome, codings);
    }
    stream_id = choose_stream_id(r, settings, playback, &position);
    if (!stream_id) {
        return refuse(r, settings, &no_random);
    }
    problem = si_session_build(r->pool, body, length, r->args, stream_id, &session);
    if (problem) {
        return refuse(r, settings, problem);
    }
    return forward(r, settings, playback, &session, position);
}

/*
 * Core decodes parsed_uri.path in place, and r->uri is that; it is another one after a rewrite in
 * the server's context. One in a directory's is an internal redirect.
 */
static int is_rewritten(const request_rec *r)
{
    return r->prev
           || (r->uri != r->parsed_uri.path
               && (!r->parsed_uri.path || strcmp(r->uri, r->parsed_uri.path) != 0));
}

/* The request as it came, before internal redirects. */
static const request_rec *first_request(const request_rec *r)
{
    while (r->prev) {
        r = r->prev;
    }
    return r;
}

/* Whether an internal redirect's path, which had been decoded before, was changed once more. */
static int is_decoded_again(const request_rec *r)
{
    for (; r->prev; r = r->prev) {
        const char *path = r->parsed_uri.path;
        const apr_size_t length = strcspn(r->unparsed_uri, "?");

        if (!path || strlen(path) != length || memcmp(path, r->unparsed_uri, length) != 0) {
            return 1;
        }
    }
    return 0;
}

/* Whether httpd decodes all of a path but escaped slashes: AllowEncodedSlashes NoDecode. */
static int keeps_escaped_slashes(const request_rec *r)
{
    const core_dir_config *core = ap_get_core_module_config(r->server->lookup_defaults);

    return core->allow_encoded_slashes && !core->decode_encoded_slashes;
}

/* Whether the path came with "%252F", which r->uri cannot tell from "%2F". */
static int has_escaped_escape(request_rec *r)
{
    apr_size_t length;
    const char *path = si_raw_path(first_request(r)->unparsed_uri, &length);

    path = si_query_decode(r->pool, path, length, &length);
    return ap_strcasestr(path, "%2f") != NULL;
}

/*
 * The path without the prefix that a rewrite led to: what httpd has decoded, escaped again. Empty
 * if that would not be exact.
 */
static const char *rewritten_path(request_rec *r, const si_settings_t *settings)
{
    const int keeps_slashes = keeps_escaped_slashes(r);
    char *path;

    if (is_decoded_again(r) || (keeps_slashes && has_escaped_escape(r))) {
        return "";
    }
    path = ap_os_escape_path(r->pool, r->uri, 1);
    if (keeps_slashes) {
        si_path_keep_escaped_slashes(path);
    }
    return path + settings->path_length;
}

/* From the request line, unless a rewrite led here: then its result is what was authorized. */
static void read_playback(request_rec *r, const si_settings_t *settings, si_playback_t *playback)
{
    const char *path, *end;
    apr_size_t length;

    if (is_rewritten(r)) {
        path = rewritten_path(r, settings);
        si_playback_read(path, strlen(path), playback);
        return;
    }
    path = si_raw_path(r->unparsed_uri, &length);
    end = path + length;
    path = si_path_is_below(path, length, settings->path, settings->path_length)
               ? path + settings->path_length
               : si_path_after(path, end, settings->path);
    si_playback_read(path, (apr_size_t)(end - path), playback);
}

static int refuse_method(request_rec *r, const si_settings_t *settings, si_kind_t kind)
{
    log_refusal(r, &method_not_allowed);
    return si_answer_problem(r, settings, &method_not_allowed, "Allow",
                             kind == SI_KIND_SESSION ? "GET, HEAD, POST, OPTIONS"
                                                     : "GET, HEAD, OPTIONS");
}

static int serve(request_rec *r, const si_settings_t *settings)
{
    si_playback_t playback;

    read_playback(r, settings, &playback);
    if (playback.kind == SI_KIND_UNKNOWN) {
        return refuse(r, settings, &not_found);
    }
    if (r->method_number == M_OPTIONS) {
        ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, "preflight");
        return si_answer_preflight(r, settings);
    }
    if (r->args && si_query_has_control(r->args)) {
        return refuse(r, settings, &bad_query);
    }
    if (r->method_number == M_GET) {
        return redirect(r, settings, &playback);
    }
    if (r->method_number == M_POST && playback.kind == SI_KIND_SESSION) {
        return initialize_session(r, settings, &playback);
    }
    return refuse_method(r, settings, playback.kind);
}

/* Hooks */

/* What is claimed carries the settings it was claimed under; every later hook trusts that alone. */
static const si_settings_t *claim_of(const request_rec *r)
{
    return ap_get_module_config(r->request_config, &session_initializer_module);
}

static si_settings_t *settings_of_server(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &session_initializer_module);
}

/*
 * Whether r is the request that came, or what mod_rewrite's rules in a directory's context made of
 * it: an internal redirect by the handler of that name, with method and body as they came. That of
 * an ErrorDocument has the error's status. Others may have read the body or changed the method.
 */
static int is_request_of_client(const request_rec *r)
{
    const request_rec *prev;

    for (prev = r->prev; prev; prev = prev->prev) {
        if (prev->status != HTTP_OK || !prev->handler
            || strcmp(prev->handler, REWRITE_HANDLER_NAME) != 0) {
            return 0;
        }
    }
    return !r->main;
}

static int claim(request_rec *r)
{
    const si_settings_t *settings = settings_of_server(r->server);

    if (settings->stream_ids->count == 0 || !is_request_of_client(r)
        || !si_path_is_below(r->uri, strlen(r->uri), settings->path, settings->path_length)) {
        return DECLINED;
    }
    ap_set_module_config(r->request_config, &session_initializer_module, (void *)settings);
    r->handler = HANDLER_NAME;
    /* No file, and no slash in it, so that no module takes it for one. */
    r->filename = apr_pmemdup(r->pool, HANDLER_NAME, sizeof(HANDLER_NAME));
    return OK;
}

/* Keeps core from walking the disk for a request that has no file. */
static int skip_storage(request_rec *r)
{
    return claim_of(r) ? OK : DECLINED;
}

static int handle(request_rec *r)
{
    const si_settings_t *settings = claim_of(r);

    return settings ? serve(r, settings) : DECLINED;
}

/* Calls at once in a child. Three quarters of the workers unless set: the others redirect. */
static int max_calls_of(const si_settings_t *main_settings)
{
    int threads = 1;

    if (main_settings->max_concurrent > 0) {
        return main_settings->max_concurrent;
    }
    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    return threads * 3 / 4 > 1 ? threads * 3 / 4 : 1;
}

/* Runs at configtest too: defaults, checks across directives, and the endpoints of all servers. */
static int check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                        server_rec *main_server)
{
    const si_settings_t *main_settings = settings_of_server(main_server);
    server_rec *s;

    (void)plog;
    (void)ptemp;
    endpoints = apr_array_make(pconf, 4, sizeof(const si_endpoint_t *));
    schedule_views = apr_array_make(pconf, 4, sizeof(const si_prefetch_view_t *));
    for (s = main_server; s; s = s->next) {
        si_settings_t *settings = settings_of_server(s);
        const char *problem = si_settings_finish(pconf, settings, endpoints, schedule_views);
        if (problem) {
            ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_EMERG, 0, s, "%s (server %s, %s:%d)",
                         problem, s->server_hostname ? s->server_hostname : "main",
                         s->defn_name ? s->defn_name : "main configuration", s->defn_line_number);
            return HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    /* Else when the logs are open. */
    if (ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST) {
        si_check_configuration(main_server, max_calls_of(main_settings), endpoints);
    }
    return OK;
}

static int tell_of_setup(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                         server_rec *main_server)
{
    (void)pconf;
    (void)plog;
    (void)ptemp;
    /* At its start httpd reads the configuration twice. */
    if (ap_state_query(AP_SQ_MAIN_STATE) != AP_SQ_MS_CREATE_PRE_CONFIG) {
        si_check_configuration(main_server, max_calls_of(settings_of_server(main_server)),
                               endpoints);
    }
    return OK;
}

/* A CGI child, forked with our memory, must not touch the threads of its parent. */
static int is_of(const void *creator)
{
    return *(const pid_t *)creator == getpid();
}

static apr_status_t stop_forwarder(void *creator)
{
    if (forwarder && is_of(creator)) {
        si_forwarder_stop(forwarder);
    }
    return APR_SUCCESS;
}

static apr_status_t stop_choice(void *creator)
{
    if (is_of(creator)) {
        si_choice_stop();
    }
    return APR_SUCCESS;
}

/*
 * Prefork's child process ends in the handler of SIGTERM, wherever that has interrupted its
 * worker: what runs here must not lock, allocate or join. The forwarder is left as it is.
 */
static apr_status_t halt_choice(void *creator)
{
    if (is_of(creator)) {
        si_choice_halt();
    }
    return APR_SUCCESS;
}

static void start_forwarder(server_rec *main_server, int is_threaded)
{
    const char *problem = NULL;

    forwarder = NULL;
    if (endpoints->nelts == 0) {
        return;
    }
    forwarder = si_forwarder_start(endpoints, max_calls_of(settings_of_server(main_server)),
                                   SI_NAME_REFRESH, is_threaded, &problem);
    if (!forwarder) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, main_server,
                     "no-forwarder: session initialization POSTs get 503: %s", problem);
    }
}

static void start_child(apr_pool_t *pchild, server_rec *main_server)
{
    pid_t *creator = apr_palloc(pchild, sizeof(*creator));
    int is_threaded = 0;
    sigset_t before;

    ap_mpm_query(AP_MPMQ_IS_THREADED, &is_threaded);
    is_threaded = is_threaded != AP_MPMQ_NOT_SUPPORTED;
    *creator = getpid();
    si_thread_hold_end(&before);
    start_forwarder(main_server, is_threaded);
    si_choice_start(main_server, schedule_views);
    apr_pool_pre_cleanup_register(pchild, creator, is_threaded ? stop_choice : halt_choice);
    if (is_threaded) {
        apr_pool_pre_cleanup_register(pchild, creator, stop_forwarder);
    }
    si_thread_release_end(&before);
}

/* Configuration of a server */

static void *make_server_config(apr_pool_t *pool, server_rec *s)
{
    (void)s;
    return si_settings_make(pool);
}

static void *merge_server_config(apr_pool_t *pool, void *base, void *own)
{
    return si_settings_merge(pool, base, own);
}

static si_settings_t *settings_of(const cmd_parms *cmd)
{
    return ap_get_module_config(cmd->server->module_config, &session_initializer_module);
}

/* httpd puts file and line before a message; the directive's name is ours to say. */
static const char *name_directive(const cmd_parms *cmd, const char *problem)
{
    return problem ? apr_pstrcat(cmd->pool, cmd->cmd->name, " ", problem, NULL) : NULL;
}

/* Directives */

static const char *set_stream_id_count(cmd_parms *cmd, void *ignored, const char *text)
{
    (void)ignored;
    return name_directive(cmd,
                          si_parse_stream_id_count(cmd->pool, text, &settings_of(cmd)->stream_ids));
}

static const char *add_stream_id(cmd_parms *cmd, void *ignored, const char *text)
{
    (void)ignored;
    return name_directive(cmd, si_parse_stream_id(cmd->pool, text, &settings_of(cmd)->stream_ids));
}

static const char *set_stream_id_key(cmd_parms *cmd, void *ignored, const char *text)
{
    const char *problem = NULL;

    (void)ignored;
    settings_of(cmd)->stream_id_key = ap_expr_parse_cmd(
        cmd, text, AP_EXPR_FLAG_STRING_RESULT | AP_EXPR_FLAG_DONT_VARY, &problem, NULL);
    return problem
               ? apr_pstrcat(cmd->pool, cmd->cmd->name, " '", text, "' is no expression: ", problem,
                             "; give one as \"%{HTTP:X-Device-Id}\"", NULL)
               : NULL;
}

static const char *add_schedule(cmd_parms *cmd, void *ignored, const char *text)
{
    si_settings_t *settings = settings_of(cmd);
    const char *absolute = ap_server_root_relative(cmd->pool, text);
    const char *name = absolute ? absolute : text;

    (void)ignored;
    if (!settings->schedule_files) {
        settings->schedule_files = apr_array_make(cmd->pool, 2, sizeof(const char *));
    }
    if (!ap_array_str_contains(settings->schedule_files, name)) {
        APR_ARRAY_PUSH(settings->schedule_files, const char *) = name;
    }
    return NULL;
}

static const char *set_endpoint(cmd_parms *cmd, void *ignored, const char *text)
{
    (void)ignored;
    return name_directive(cmd,
                          si_parse_origin_url(cmd->pool, text, &settings_of(cmd)->endpoint_url));
}

static const char *set_path(cmd_parms *cmd, void *ignored, const char *text)
{
    (void)ignored;
    return name_directive(cmd, si_parse_path(cmd->pool, text, &settings_of(cmd)->path));
}

static const char *set_playback_base(cmd_parms *cmd, void *ignored, const char *text)
{
    (void)ignored;
    return name_directive(cmd,
                          si_parse_origin_url(cmd->pool, text, &settings_of(cmd)->playback_base));
}

static const char *set_time(cmd_parms *cmd, const char *text, apr_interval_time_t *time)
{
    apr_interval_time_t parsed;

    if (ap_timeout_parameter_parse(text, &parsed, "s") != APR_SUCCESS) {
        parsed = 0; /* out of range, and so refused with what is allowed */
    }
    const char *problem = si_check_time(cmd->pool, text, parsed);
    if (!problem) {
        *time = parsed;
    }
    return name_directive(cmd, problem);
}

static const char *set_connect_timeout(cmd_parms *cmd, void *ignored, const char *text)
{
    (void)ignored;
    return set_time(cmd, text, &settings_of(cmd)->connect_timeout);
}

static const char *set_timeout(cmd_parms *cmd, void *ignored, const char *text)
{
    (void)ignored;
    return set_time(cmd, text, &settings_of(cmd)->timeout);
}

static const char *set_max_body(cmd_parms *cmd, void *ignored, const char *text)
{
    (void)ignored;
    return name_directive(
        cmd, si_parse_number(cmd->pool, text, 1, APR_INT32_MAX, &settings_of(cmd)->max_body));
}

static const char *set_max_concurrent(cmd_parms *cmd, void *ignored, const char *text)
{
    const char *misplaced = ap_check_cmd_context(cmd, GLOBAL_ONLY);
    apr_int64_t number = 0;
    const char *problem;

    (void)ignored;
    if (misplaced) {
        return misplaced;
    }
    problem = si_parse_number(cmd->pool, text, 1, 1000000, &number);
    if (!problem) {
        settings_of(cmd)->max_concurrent = (int)number;
    }
    return name_directive(cmd, problem);
}

static const char *set_preserve_host(cmd_parms *cmd, void *ignored, const char *text)
{
    (void)ignored;
    return name_directive(cmd, si_parse_flag(cmd->pool, text, &settings_of(cmd)->preserve_host));
}

static const char *set_ca_file(cmd_parms *cmd, void *ignored, const char *text)
{
    si_settings_t *settings = settings_of(cmd);
    const char *name = ap_server_root_relative(cmd->pool, text);
    const char *library = si_tls_library_without_ca();

    (void)ignored;
    if (library) {
        return name_directive(
            cmd, apr_pstrcat(cmd->pool, "'", text, "': libcurl with ", library,
                             " takes no certificates from here; install libcurl with OpenSSL, or "
                             "add them to the system's and leave the directive out",
                             NULL));
    }
    return name_directive(
        cmd, si_read_ca_file(cmd->pool, name ? name : text, &settings->ca, &settings->ca_length));
}

static const char *add_forward_header(cmd_parms *cmd, void *ignored, const char *text)
{
    (void)ignored;
    return name_directive(
        cmd, si_parse_forward_header(cmd->pool, text, &settings_of(cmd)->forward_headers));
}

static const char *add_allow_origin(cmd_parms *cmd, void *ignored, const char *text)
{
    (void)ignored;
    return name_directive(cmd, si_parse_allow_origin(cmd->pool, text, &settings_of(cmd)->cors));
}

static const command_rec directives[] = {
    AP_INIT_TAKE1("StreamIdCount", set_stream_id_count, NULL, RSRC_CONF,
                  "ids 1 to N, N from 1 to 10: as many as prefetch schedules per ad break; or Off"),
    AP_INIT_ITERATE("StreamIds", add_stream_id, NULL, RSRC_CONF,
                    "in place of StreamIdCount: NAME[=WEIGHT] of each id"),
    AP_INIT_TAKE1("StreamIdKey", set_stream_id_key, NULL, RSRC_CONF,
                  "an expression; the same value gets the same id"),
    AP_INIT_TAKE1("StreamIdSchedule", add_schedule, NULL, RSRC_CONF,
                  "file of prefetch schedules: who is too late for an id's gets another"),
    AP_INIT_TAKE1("SessionInitializerEndpoint", set_endpoint, NULL, RSRC_CONF,
                  "https://host[:port] of MediaTailor, or none"),
    AP_INIT_TAKE1("SessionInitializerPath", set_path, NULL, RSRC_CONF,
                  "where the module listens, /session-initializer unless set"),
    AP_INIT_TAKE1("SessionInitializerPlaybackBase", set_playback_base, NULL, RSRC_CONF,
                  "scheme://host[:port] put before redirects, or none"),
    AP_INIT_TAKE1("SessionInitializerConnectTimeout", set_connect_timeout, NULL, RSRC_CONF,
                  "time for name look-up, connect and TLS, 1ms to 60s"),
    AP_INIT_TAKE1("SessionInitializerTimeout", set_timeout, NULL, RSRC_CONF,
                  "time for the whole upstream exchange, 1ms to 60s"),
    AP_INIT_TAKE1("SessionInitializerMaxBody", set_max_body, NULL, RSRC_CONF,
                  "the largest POST body in bytes"),
    AP_INIT_TAKE1("SessionInitializerMaxConcurrent", set_max_concurrent, NULL, RSRC_CONF,
                  "upstream calls at once per child process; main server only"),
    AP_INIT_TAKE1("SessionInitializerPreserveHost", set_preserve_host, NULL, RSRC_CONF,
                  "On: send the viewer's Host upstream; Off: the endpoint's"),
    AP_INIT_TAKE1("SessionInitializerCACertificateFile", set_ca_file, NULL, RSRC_CONF,
                  "PEM file that an https endpoint is verified by, instead of the system's"),
    AP_INIT_ITERATE("SessionInitializerForwardHeader", add_forward_header, NULL, RSRC_CONF,
                    "further request headers that go upstream as sent"),
    AP_INIT_ITERATE("SessionInitializerAllowOrigin", add_allow_origin, NULL, RSRC_CONF,
                    "origins that may read the answers: *, none or a list"),
    { .name = NULL }
};

static void register_hooks(apr_pool_t *pool)
{
    /* Rewriting has its say; a ProxyPass of everything does not swallow what is ours. */
    static const char *const after[] = { "mod_rewrite.c", NULL };
    static const char *const before[] = { "mod_proxy.c", NULL };

    (void)pool;
    si_request_body_register_filter();
    ap_hook_check_config(check_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(tell_of_setup, NULL, NULL, APR_HOOK_MIDDLE);
    si_status_register_hooks();
    /* First, so that its cleanup runs last: when mod_http2 has joined its workers. */
    ap_hook_child_init(start_child, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_translate_name(claim, after, before, APR_HOOK_FIRST);
    ap_hook_map_to_storage(skip_storage, NULL, NULL, APR_HOOK_FIRST);
    /* First of all: what a SetHandler says elsewhere is not for a claimed request. */
    ap_hook_handler(handle, NULL, NULL, APR_HOOK_REALLY_FIRST);
}

module AP_MODULE_DECLARE_DATA session_initializer_module = {
    STANDARD20_MODULE_STUFF,
    NULL, /* per-directory configuration: routing knows servers only */
    NULL,
    make_server_config,
    merge_server_config,
    directives,
    register_hooks,
    AP_MODULE_FLAG_NONE,
};
