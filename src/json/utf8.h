/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Well-formed UTF-8 (RFC 3629 section 4): no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#ifndef SI_UTF8_H
#define SI_UTF8_H

#include <apr.h>

/*
 * Returns the length in bytes (1 to 4) of the well-formed sequence at the start of text, which ends
 * before end and is not empty; 0 if there is none.
 */
apr_size_t si_utf8_sequence(const char *text, const char *end);

/* Whether all of the length bytes at text are well-formed. */
int si_utf8_valid(const char *text, apr_size_t length);

#endif
