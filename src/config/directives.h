/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The module's directives: each setter parses its argument into the vhost's settings. */
#ifndef SI_DIRECTIVES_H
#define SI_DIRECTIVES_H

#include <httpd.h>

#include <http_config.h> /* needs httpd.h */

extern const command_rec si_directives[];

#endif
