/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "request/choose_id.h"

#include "ids/random.h"

#include <ap_expr.h>
#include <http_config.h>
#include <http_log.h>
#include <string.h>

APLOG_USE_MODULE(session_initializer);

/* Of this child process; NULL where no server has a schedule. */
static si_prefetch_watch_t *watch;

static void tell(void *server, const char *file, const char *problem, int count)
{
    if (problem) {
        ap_log_error(
            APLOG_MARK, APLOG_ERR, 0, server,
            "bad-schedule: StreamIdSchedule %s: %s; what it said last, if anything, is in force",
            file, problem);
        return;
    }
    ap_log_error(APLOG_MARK, APLOG_INFO, 0, server,
                 "schedule: StreamIdSchedule %s: %d prefetch schedules are in force", file, count);
}

void si_choice_start(server_rec *s, const apr_array_header_t *views)
{
    watch = views->nelts > 0 ? si_prefetch_watch_start(views, tell, s) : NULL;
    if (views->nelts > 0 && !watch) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s,
                     "no-schedule: stream ids are chosen among all: no thread or memory to watch "
                     "the files of StreamIdSchedule");
    }
}

void si_choice_stop(void)
{
    if (watch) {
        si_prefetch_watch_stop(watch);
    }
}

void si_choice_halt(void)
{
    if (watch) {
        si_prefetch_watch_halt(watch);
    }
}

static si_stream_id_set_t eligible_ids(const request_rec *r, const si_settings_t *settings,
                                       const si_playback_t *playback)
{
    return si_prefetch_watch_eligible(watch, settings->schedules, playback->configuration,
                                      playback->configuration_length, r->request_time);
}

/* The value of StreamIdKey, "" where there is none. */
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

apr_status_t si_choose_stream_id(request_rec *r, const si_settings_t *settings,
                                 const si_playback_t *playback, int *position)
{
    const si_stream_id_set_t among = watch && settings->schedules
                                         ? eligible_ids(r, settings, playback)
                                         : SI_ALL_STREAM_IDS;
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

const apr_array_header_t *si_choice_schedules(const si_settings_t *settings, apr_pool_t *pool)
{
    apr_array_header_t *known;
    int i;

    if (!watch || !settings->schedules) {
        return NULL;
    }
    known = apr_array_make(pool, 2, sizeof(si_prefetch_status_t));
    for (i = 0; i < settings->schedule_files->nelts; i++) {
        si_prefetch_watch_status(watch, APR_ARRAY_IDX(settings->schedule_files, i, const char *),
                                 pool, apr_array_push(known));
    }
    return known;
}
