/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* A look at every byte of what came from outside, eight at a time. */
#ifndef SI_CHARS_H
#define SI_CHARS_H

#include <apr.h>

/* Whether one of the length bytes at text is a control character: 0 to 31, or 127. */
int si_has_control(const char *text, apr_size_t length);

/* Whether they may be a header's value: no control character but the tab. RFC 9110 section 5.5. */
int si_is_field_value(const char *text, apr_size_t length);

/* Whether they are a token, as the name of a header: at least one tchar. RFC 9110 section 5.6.2. */
int si_is_token(const char *text, apr_size_t length);

/* Whether text is a port, 1 to 65535 in digits. */
int si_is_port(const char *text);

/* Whether text is an IPv4 or IPv6 address, without brackets: it needs no look-up. */
int si_is_address(const char *text);

#endif
