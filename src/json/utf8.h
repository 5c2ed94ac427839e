/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Well-formed UTF-8 (RFC 3629 section 4): no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#ifndef SI_UTF8_H
#define SI_UTF8_H

#include <apr.h>

/*
 * The length in bytes (1 to 4) of the well-formed sequence that text, which ends before end and is
 * not empty, begins with; 0 where it begins with none.
 */
apr_size_t si_utf8_sequence(const char *text, const char *end);

/* Whether the length bytes at text are well-formed throughout. */
int si_utf8_valid(const char *text, apr_size_t length);

#endif
