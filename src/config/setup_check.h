/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Warns the operator of a set-up that is likely wrong: when the configuration is read, or once in
 * each child process and server when the first request shows it.
 */
#ifndef SI_SETUP_CHECK_H
#define SI_SETUP_CHECK_H

#include "config/vhost.h"

#include <httpd.h>

/*
 * The configuration in force: plain HTTP to another host, a limit of calls that leaves no thread
 * for redirects.
 */
void si_check_configuration(const server_rec *main_server);

/* A session initialization that cannot be forwarded. */
void si_check_no_endpoint(request_rec *r, si_vhost_t *vhost);

/* One whose X-Forwarded-For mod_remoteip has not looked at. */
void si_check_forwarded_for(request_rec *r, si_vhost_t *vhost);

#endif
