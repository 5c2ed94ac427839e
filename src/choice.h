/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The stream id of a request: by its key or by chance, among those not too late to be given. */
#ifndef SI_CHOICE_H
#define SI_CHOICE_H

#include "playback_url.h"
#include "prefetch_watch.h"
#include "settings.h"

#include <httpd.h>

/*
 * A child process begins to watch the servers' schedule files (const char *), and ends it. Where
 * there are none, nothing is started. s is for the log.
 */
void si_choice_start(server_rec *s, const apr_array_header_t *files);
void si_choice_stop(void);

/*
 * Chooses for a session that begins with r. *position is that of the id among the server's. Logs
 * and returns an error where there is no randomness.
 */
apr_status_t si_choose_stream_id(request_rec *r, const si_settings_t *settings,
                                 const si_playback_t *playback, int *position);

/* What is known of the schedule file at index of those given to the start; 0 where nothing is. */
int si_choice_schedule_status(int index, apr_pool_t *pool, si_prefetch_status_t *status);

#endif
