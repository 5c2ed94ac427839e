/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Warns the operator about a setup that is probably wrong: when the configuration is read, or when
 * the first request shows it, once per vhost in each child process.
 */
#ifndef SI_SETUP_CHECK_H
#define SI_SETUP_CHECK_H

#include "config/vhost.h"

#include <httpd.h>

/*
 * Checks the current configuration for plain HTTP to another host, and for a limit of calls that
 * leaves no thread for redirects.
 */
void si_check_configuration(const server_rec *main_server);

/* Warns about a session initialization that cannot be forwarded: the vhost has no endpoint. */
void si_check_no_endpoint(request_rec *r, si_vhost_t *vhost);

/* Warns about a session initialization whose X-Forwarded-For mod_remoteip did not use. */
void si_check_forwarded_for(request_rec *r, si_vhost_t *vhost);

#endif
