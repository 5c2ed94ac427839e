/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The stream id of a request: by its key or by chance, among those not too late to be given. */
#ifndef SI_CHOOSE_ID_H
#define SI_CHOOSE_ID_H

#include "config/vhost.h"
#include "request/playback_url.h"

#include <httpd.h>

/*
 * Chooses for a session that begins with r. *position is that of the id among the server's. Logs
 * and returns an error if there is no randomness.
 */
apr_status_t si_choose_stream_id(request_rec *r, const si_vhost_t *vhost,
                                 const si_playback_t *playback, int *position);

#endif
