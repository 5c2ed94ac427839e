/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Sends the module's responses. All functions return OK for the handler to return: the status is in
 * r->status, so that no ErrorDocument replaces the body. Every response has CORS headers.
 */
#ifndef SI_SEND_H
#define SI_SEND_H

#include "config/vhost.h"
#include "errors.h"
#include "upstream/exchange.h"

#include <httpd.h>

/* Sends 302 to location with an empty body (contract section 10, row 4). */
int si_send_redirect(request_rec *r, const si_vhost_t *vhost, const char *location);

/* Sends 204, for OPTIONS. */
int si_send_preflight(request_rec *r, const si_vhost_t *vhost);

/* Sends the error as JSON; message is NULL for the error's own. */
int si_send_error(request_rec *r, const si_vhost_t *vhost, si_error_t error, const char *message);

/* Sends MediaTailor's response unchanged. */
int si_send_response(request_rec *r, const si_vhost_t *vhost, const si_response_t *response);

#endif
