/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* A look at every byte of what came from outside, eight at a time. */
#ifndef SI_BYTES_H
#define SI_BYTES_H

#include <apr.h>

/* Whether one of the length bytes at text is a control character: 0 to 31, or 127. */
int si_has_control(const char *text, apr_size_t length);

#endif
