/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Bytes with their length, which may hold NULs. */
#ifndef SLICE_H
#define SLICE_H

#include <apr.h>
#include <string.h>

typedef struct {
    const char *bytes;
    apr_size_t length;
} slice_t;

static inline int same(slice_t a, slice_t b)
{
    return a.length == b.length && memcmp(a.bytes, b.bytes, a.length) == 0;
}

static inline slice_t slice_of(const char *string)
{
    const slice_t slice = { string, strlen(string) };
    return slice;
}

#endif
