/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * What a child process runs: the forwarder and the schedule watch. The cleanup of the child's pool
 * stops them, in the way that the MPM allows.
 */
#ifndef SI_CHILD_H
#define SI_CHILD_H

#include "ids/schedule_watch.h"
#include "upstream/forwarder.h"

#include <httpd.h>

/* The child_init hook: starts what the current configuration needs, and logs failures. */
void si_child_start(apr_pool_t *pchild, server_rec *main_server);

/* NULL if no vhost has an endpoint, or if it could not start. */
si_forwarder_t *si_child_forwarder(void);

/* NULL if no vhost has schedule files, or if it could not start. */
si_schedule_watch_t *si_child_schedules(void);

#endif
