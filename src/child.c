/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "child.h"

#include "base/thread.h"
#include "config/servers.h"

#include <ap_mpm.h>
#include <http_config.h>
#include <http_log.h>
#include <unistd.h>

APLOG_USE_MODULE(session_initializer);

/* One each per child process. */
static si_forwarder_t *forwarder;
static si_schedule_watch_t *schedules;

si_forwarder_t *si_child_forwarder(void)
{
    return forwarder;
}

si_schedule_watch_t *si_child_schedules(void)
{
    return schedules;
}

static void start_forwarder(server_rec *s, int is_threaded)
{
    const apr_array_header_t *endpoints = si_servers_endpoints();
    const char *problem = NULL;

    forwarder = NULL;
    if (endpoints->nelts == 0) {
        return;
    }
    forwarder = si_forwarder_start(endpoints, si_servers_max_calls(), SI_NAME_REFRESH, is_threaded,
                                   &problem);
    if (!forwarder) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s,
                     "no-forwarder: session initialization POSTs get 503: %s", problem);
    }
}

static void log_schedules(void *server, const char *file, const char *problem, int count)
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

static void start_schedules(server_rec *s)
{
    const apr_array_header_t *views = si_servers_views();

    schedules = NULL;
    if (views->nelts == 0) {
        return;
    }
    schedules = si_schedule_watch_start(views, log_schedules, s);
    if (!schedules) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s,
                     "no-schedule: stream ids are chosen among all: no thread or memory to watch "
                     "the files of StreamIdSchedule");
    }
}

/* A CGI child is forked with our memory. It must not touch the threads of its parent. */
static int is_own(const void *creator)
{
    return *(const pid_t *)creator == getpid();
}

static apr_status_t stop_forwarder(void *creator)
{
    if (forwarder && is_own(creator)) {
        si_forwarder_stop(forwarder);
    }
    return APR_SUCCESS;
}

static apr_status_t stop_schedules(void *creator)
{
    if (schedules && is_own(creator)) {
        si_schedule_watch_stop(schedules);
    }
    return APR_SUCCESS;
}

/*
 * A prefork child exits inside its SIGTERM handler, which may have interrupted the worker anywhere:
 * this must not lock, allocate or join. The forwarder is left as it is.
 */
static apr_status_t halt_schedules(void *creator)
{
    if (schedules && is_own(creator)) {
        si_schedule_watch_halt(schedules);
    }
    return APR_SUCCESS;
}

void si_child_start(apr_pool_t *pchild, server_rec *main_server)
{
    pid_t *creator = apr_palloc(pchild, sizeof(*creator));
    int is_threaded = 0;
    sigset_t before;

    ap_mpm_query(AP_MPMQ_IS_THREADED, &is_threaded);
    is_threaded = is_threaded != AP_MPMQ_NOT_SUPPORTED;
    *creator = getpid();
    si_thread_hold_end(&before);
    start_forwarder(main_server, is_threaded);
    start_schedules(main_server);
    apr_pool_pre_cleanup_register(pchild, creator, is_threaded ? stop_schedules : halt_schedules);
    if (is_threaded) {
        apr_pool_pre_cleanup_register(pchild, creator, stop_forwarder);
    }
    si_thread_release_end(&before);
}
