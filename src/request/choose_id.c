/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "request/choose_id.h"

#include "child.h"
#include "ids/random.h"

#include <ap_expr.h>
#include <http_config.h>
#include <http_log.h>
#include <string.h>

APLOG_USE_MODULE(session_initializer);

static si_stream_id_set_t eligible_ids(const request_rec *r, const si_vhost_t *vhost,
                                       const si_playback_t *playback)
{
    si_schedule_watch_t *watch = si_child_schedules();

    if (!watch || !vhost->schedules) {
        return SI_ALL_STREAM_IDS;
    }
    return si_schedule_watch_eligible(watch, vhost->schedules, playback->configuration,
                                      playback->configuration_length, r->request_time);
}

/* The value of StreamIdKey, "" if there is none. */
static const char *key_of(request_rec *r, const si_settings_t *settings)
{
    const char *problem = NULL;
    const char *key = ap_expr_str_exec(r, settings->stream_id_key, &problem);

    if (problem) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "no-key: vhost=%s: StreamIdKey: %s; the stream id is drawn",
                      r->server->server_hostname, problem);
        return "";
    }
    return key ? key : "";
}

apr_status_t si_choose_stream_id(request_rec *r, const si_vhost_t *vhost,
                                 const si_playback_t *playback, int *position)
{
    const si_settings_t *settings = vhost->settings;
    const si_stream_id_set_t among = eligible_ids(r, vhost, playback);
    const char *key = settings->stream_id_key ? key_of(r, settings) : "";
    apr_status_t rv;

    if (*key) {
        *position = si_stream_id_of_key(settings->stream_ids, among, key, strlen(key));
        return APR_SUCCESS;
    }
    rv = si_stream_id_draw(settings->stream_ids, among, si_random_bytes, position);
    if (rv != APR_SUCCESS) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, rv, r,
                      "no-random: vhost=%s: the system gives no random bytes",
                      r->server->server_hostname);
    }
    return rv;
}
