/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Serves a request below the module's path: a redirect, a session initialization or a preflight. */
#ifndef SI_HANDLER_H
#define SI_HANDLER_H

#include "config/vhost.h"

#include <httpd.h>

/* Sends the response to r, a request to vhost; returns what an httpd handler returns. */
int si_serve(request_rec *r, si_vhost_t *vhost);

#endif
