/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "config/directives.h"

#include "config/parse.h"
#include "config/servers.h"
#include "upstream/endpoint.h"

#include <ap_expr.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <httpd.h>

APLOG_USE_MODULE(session_initializer);

static si_settings_t *settings_of(const cmd_parms *cmd)
{
    return si_vhost_of(cmd->server)->settings;
}

/* httpd puts the file and line before a message, but not the directive's name. */
static const char *name_directive(const cmd_parms *cmd, const char *problem)
{
    return problem ? apr_pstrcat(cmd->pool, cmd->cmd->name, " ", problem, NULL) : NULL;
}

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
    return problem ? apr_pstrcat(cmd->pool, cmd->cmd->name, " '", text,
                                 "' is not an expression: ", problem,
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
    return name_directive(cmd, si_parse_http_origin(cmd->pool, text, &settings_of(cmd)->endpoint));
}

static const char *set_path(cmd_parms *cmd, void *ignored, const char *text)
{
    (void)ignored;
    return name_directive(cmd, si_parse_path(cmd->pool, text, &settings_of(cmd)->path));
}

static const char *set_playback_base(cmd_parms *cmd, void *ignored, const char *text)
{
    const si_origin_t *origin;
    const char *problem = si_parse_http_origin(cmd->pool, text, &origin);

    (void)ignored;
    if (!problem) {
        settings_of(cmd)->playback_base = si_origin_print(cmd->pool, origin);
    }
    return name_directive(cmd, problem);
}

typedef const char *check_fn(apr_pool_t *pool, const char *text, apr_interval_time_t time);

static const char *set_time(cmd_parms *cmd, const char *text, apr_interval_time_t *time,
                            check_fn *check)
{
    apr_interval_time_t parsed;

    if (ap_timeout_parameter_parse(text, &parsed, "s") != APR_SUCCESS) {
        parsed = 0; /* out of range: refused below, with the valid range */
    }
    const char *problem = check(cmd->pool, text, parsed);
    if (!problem) {
        *time = parsed;
    }
    return name_directive(cmd, problem);
}

static const char *set_connect_timeout(cmd_parms *cmd, void *ignored, const char *text)
{
    (void)ignored;
    return set_time(cmd, text, &settings_of(cmd)->connect_timeout, si_check_time);
}

static const char *set_timeout(cmd_parms *cmd, void *ignored, const char *text)
{
    (void)ignored;
    return set_time(cmd, text, &settings_of(cmd)->timeout, si_check_time);
}

static const char *set_connection_max_age(cmd_parms *cmd, void *ignored, const char *text)
{
    (void)ignored;
    return set_time(cmd, text, &settings_of(cmd)->connection_max_age, si_check_age);
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

static const char *set_preserve_host(cmd_parms *cmd, void *ignored, int is_on)
{
    (void)ignored;
    settings_of(cmd)->preserve_host = is_on;
    return NULL;
}

static const char *set_outgoing_proxy(cmd_parms *cmd, void *ignored, const char *text)
{
    (void)ignored;
    return name_directive(cmd, si_parse_proxy(cmd->pool, text, &settings_of(cmd)->outgoing_proxy));
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

const command_rec si_directives[] = {
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
                  "path below which requests are the module's; /session-initializer by default"),
    AP_INIT_TAKE1("SessionInitializerPlaybackBase", set_playback_base, NULL, RSRC_CONF,
                  "scheme://host[:port] put before redirects, or none"),
    AP_INIT_TAKE1("SessionInitializerConnectTimeout", set_connect_timeout, NULL, RSRC_CONF,
                  "time for name look-up, connect and TLS, 1ms to 60s"),
    AP_INIT_TAKE1("SessionInitializerTimeout", set_timeout, NULL, RSRC_CONF,
                  "time for the whole upstream exchange, 1ms to 60s"),
    AP_INIT_TAKE1("SessionInitializerConnectionMaxAge", set_connection_max_age, NULL, RSRC_CONF,
                  "how long a connection to MediaTailor is used, 1s to 1h"),
    AP_INIT_TAKE1("SessionInitializerMaxBody", set_max_body, NULL, RSRC_CONF,
                  "the largest POST body in bytes"),
    AP_INIT_TAKE1("SessionInitializerMaxConcurrent", set_max_concurrent, NULL, RSRC_CONF,
                  "upstream calls at once per child process; main server only"),
    AP_INIT_FLAG("SessionInitializerPreserveHost", set_preserve_host, NULL, RSRC_CONF,
                 "On: send the viewer's Host upstream; Off: the endpoint's"),
    AP_INIT_TAKE1(
        "SessionInitializerOutgoingProxy", set_outgoing_proxy, NULL, RSRC_CONF,
        "http://[user:password@]host[:port] through which MediaTailor is reached, or none"),
    AP_INIT_TAKE1("SessionInitializerCACertificateFile", set_ca_file, NULL, RSRC_CONF,
                  "PEM file that an https endpoint is verified by, instead of the system's"),
    AP_INIT_ITERATE("SessionInitializerForwardHeader", add_forward_header, NULL, RSRC_CONF,
                    "further request headers that go upstream as sent"),
    AP_INIT_ITERATE("SessionInitializerAllowOrigin", add_allow_origin, NULL, RSRC_CONF,
                    "origins that may read the answers: *, none or a list"),
    { .name = NULL }
};
