/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The counters within httpd: made with the configuration, kept by the parent as children come and
 * go, and shown by SetHandler session-initializer-status and as a section of mod_status.
 */
#ifndef SI_STATUS_HANDLER_H
#define SI_STATUS_HANDLER_H

/* Once, with the hooks. From the post_config hook on, servers with stream ids have counters. */
void si_status_register_hooks(void);

#endif
