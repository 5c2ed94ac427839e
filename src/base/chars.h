/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Checks of text that came from outside. */
#ifndef SI_CHARS_H
#define SI_CHARS_H

#include <apr.h>

/* Whether one of the length bytes at text is a control character: 0 to 31, or 127. */
int si_has_control(const char *text, apr_size_t length);

/* Whether they are a valid header value: no control character except tab. RFC 9110 section 5.5. */
int si_is_field_value(const char *text, apr_size_t length);

/*
 * Whether they are a token, such as a header name: only tchars, at least one. RFC 9110 section
 * 5.6.2.
 */
int si_is_token(const char *text, apr_size_t length);

/*
 * The next element of a comma-separated list (RFC 9110 section 5.6.1) that is not empty, without
 * blanks around it, in *element, *length bytes long. Moves *list on. Returns 0 if none is left.
 */
int si_next_element(const char **list, const char **element, apr_size_t *length);

/* Whether text is a port, 1 to 65535 in digits. */
int si_is_port(const char *text);

/* Whether text is an IPv4 or IPv6 address, without brackets, and so needs no look-up. */
int si_is_address(const char *text);

#endif
