/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Connects the counters to httpd. They are created with the configuration and maintained by the
 * parent when children start and end. SetHandler session-initializer-status and a section of
 * mod_status show them.
 */
#ifndef SI_STATUS_HANDLER_H
#define SI_STATUS_HANDLER_H

/*
 * Call once, when hooks are registered. From the post_config hook on, vhosts with stream ids have
 * counters.
 */
void si_status_register_hooks(void);

#endif
