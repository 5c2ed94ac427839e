/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The stream id of a request: by its key or by chance, among those not too late to be given. */
#ifndef SI_CHOOSE_ID_H
#define SI_CHOOSE_ID_H

#include "request/playback_url.h"
#include "ids/schedule_watch.h"
#include "config/settings.h"

#include <httpd.h>

/*
 * A child process begins to watch the servers' schedule files, and ends it. Where there are no
 * views (const si_prefetch_view_t *), nothing is started. s is for the log.
 */
void si_choice_start(server_rec *s, const apr_array_header_t *views);
void si_choice_stop(void);

/* Likewise from the signal handler in which a child process of prefork ends. */
void si_choice_halt(void);

/*
 * Chooses for a session that begins with r. *position is that of the id among the server's. Logs
 * and returns an error where there is no randomness.
 */
apr_status_t si_choose_stream_id(request_rec *r, const si_settings_t *settings,
                                 const si_playback_t *playback, int *position);

/*
 * What this child process knows of the server's schedule files: si_prefetch_status_t, from pool;
 * NULL where it has none.
 */
const apr_array_header_t *si_choice_schedules(const si_settings_t *settings, apr_pool_t *pool);

#endif
