/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Which MediaTailor path a request asks for, with and without a rewrite. */
#ifndef SI_REQUEST_PATH_H
#define SI_REQUEST_PATH_H

#include "config/settings.h"
#include "request/playback_url.h"

#include <httpd.h>

/*
 * Whether r is the player's request, or the internal redirect that mod_rewrite's handler makes of
 * it for rules in directory context: method and body are then unchanged. An ErrorDocument's
 * internal redirect has the error's status. Other internal redirects may have read the body or
 * changed the method.
 */
int si_request_is_of_player(const request_rec *r);

/*
 * Parses the path of r, which is below the settings' path, into *playback. It is taken from the
 * request line; after a rewrite it is the rewritten path, since that is what httpd authorized.
 */
void si_request_playback(request_rec *r, const si_settings_t *settings, si_playback_t *playback);

#endif
