/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The stream id of a request: from its key or at random, among those that are eligible by the
 * schedules.
 */
#ifndef SI_CHOOSE_ID_H
#define SI_CHOOSE_ID_H

#include "config/vhost.h"
#include "request/playback_url.h"

#include <httpd.h>

/*
 * Chooses an id for a session that starts with r. *position is the id's position in the vhost's
 * list. Logs and returns an error if no random bytes are available.
 */
apr_status_t si_choose_stream_id(request_rec *r, const si_vhost_t *vhost,
                                 const si_playback_t *playback, int *position);

#endif
