/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "ids/random.h"

#include <string.h>

static __thread struct {
    unsigned char bytes[64];
    apr_size_t left; /* bytes at the start that have not been used */
} store;

apr_status_t si_random_bytes(unsigned char *bytes, apr_size_t length)
{
    if (store.left < length) {
        const apr_status_t rv = apr_generate_random_bytes(store.bytes, sizeof(store.bytes));
        if (rv != APR_SUCCESS) {
            return rv;
        }
        store.left = sizeof(store.bytes);
    }
    store.left -= length;
    memcpy(bytes, store.bytes + store.left, length);
    return APR_SUCCESS;
}
