/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The status as httpd serves it: SetHandler session-initializer-status, and a section of
 * mod_status.
 */
#ifndef SI_STATUS_HANDLER_H
#define SI_STATUS_HANDLER_H

#include "counters.h"

#include <httpd.h>

/* Once, with the hooks. */
void si_status_register_hooks(void);

/* Each time the configuration is read: the servers, and the segment with their counters. */
void si_status_show(const server_rec *servers, const si_segment_t *counted);

#endif
