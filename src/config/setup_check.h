/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Tells the operator of a set-up that is likely wrong: when the configuration is read, or once in
 * each child process and server when the first request shows it.
 */
#ifndef SI_SETUP_CHECK_H
#define SI_SETUP_CHECK_H

#include "config/settings.h"

#include <httpd.h>

/*
 * The configuration, with the endpoints of all servers (const si_endpoint_t *) and the limit of
 * calls of a child: plain HTTP to another host, a limit that leaves no worker for redirects.
 */
void si_check_configuration(const server_rec *main_server, int max_calls,
                            const apr_array_header_t *endpoints);

/* A session initialization that cannot be forwarded; why says what is missing. */
void si_check_no_endpoint(request_rec *r, const si_settings_t *settings, const char *why);

/* One whose X-Forwarded-For mod_remoteip has not looked at. */
void si_check_forwarded_for(request_rec *r, const si_settings_t *settings);

#endif
