/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Which MediaTailor path a request of httpd's asks for, after whatever rewrites. */
#ifndef SI_REQUEST_PATH_H
#define SI_REQUEST_PATH_H

#include "config/settings.h"
#include "request/playback_url.h"

#include <httpd.h>

/*
 * Whether r is the request that came, or what mod_rewrite's rules in a directory's context made of
 * it: an internal redirect by the handler of that name, with method and body as they came. That of
 * an ErrorDocument has the error's status. Others may have read the body or changed the method.
 */
int si_request_is_of_player(const request_rec *r);

/*
 * Reads the path of r, which is below the settings' path, into *playback: from the request line,
 * unless a rewrite led here; then its result is what was authorized.
 */
void si_request_playback(request_rec *r, const si_settings_t *settings, si_playback_t *playback);

#endif
