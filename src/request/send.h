/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Sends a response of the module's. All return OK for the handler to return: the status is in
 * r->status, so that no ErrorDocument replaces the response. Every one has CORS headers.
 */
#ifndef SI_SEND_H
#define SI_SEND_H

#include "config/vhost.h"
#include "errors.h"
#include "upstream/exchange.h"

#include <httpd.h>

/* 302 to location with an empty body (contract section 10, row 4). */
int si_send_redirect(request_rec *r, const si_vhost_t *vhost, const char *location);

/* 204 to OPTIONS. */
int si_send_preflight(request_rec *r, const si_vhost_t *vhost);

/* The error as JSON, with a message of its own unless that is NULL. */
int si_send_error(request_rec *r, const si_vhost_t *vhost, si_error_t error, const char *message);

/* MediaTailor's response as it is. */
int si_send_response(request_rec *r, const si_vhost_t *vhost, const si_response_t *response);

#endif
