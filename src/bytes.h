/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Classes of bytes, for the loops that look at every byte of a request: one look in a table each.
 */
#ifndef SI_BYTES_H
#define SI_BYTES_H

/* What ends a run of plain bytes, a bit each. */
#define SI_ENDS_HEADER 1 /* a control character other than the tab: no part of a header's value */
#define SI_ENDS_STRING 2 /* in a JSON string: quote, backslash, control, or beyond ASCII */
#define SI_ENDS_PATH 4   /* in a URL path: dot, percent, backslash or control */

extern const unsigned char si_byte_ends[256];

/* The first byte from p on that ends a run of the kind, or end. */
static inline const char *si_skip_plain(const char *p, const char *end, int kind)
{
    while (p < end && !(si_byte_ends[(unsigned char)*p] & kind)) {
        p++;
    }
    return p;
}

#endif
