/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * What a child process runs: the forwarder, and the watch of schedule files. They end with the pool
 * of the child, in the way that its MPM allows.
 */
#ifndef SI_CHILD_H
#define SI_CHILD_H

#include "ids/schedule_watch.h"
#include "upstream/forwarder.h"

#include <httpd.h>

/* For the hook child_init: starts what the configuration in force needs; logs what fails. */
void si_child_start(apr_pool_t *pchild, server_rec *main_server);

/* NULL if no server has an endpoint, or it could not start. */
si_forwarder_t *si_child_forwarder(void);

/* NULL if no server has schedule files, or it could not start. */
si_prefetch_watch_t *si_child_schedules(void);

#endif
