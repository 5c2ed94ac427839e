/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "stream_id.h"

apr_status_t si_stream_id_draw(int count, si_random_fn *random, int *id)
{
    /* Bytes at or above the largest multiple of count would favour the low ids: draw again. */
    const int limit = 256 - 256 % count;
    unsigned char byte;

    do {
        apr_status_t rv = random(&byte, sizeof(byte));
        if (rv != APR_SUCCESS) {
            return rv;
        }
    } while (byte >= limit);

    *id = byte % count + 1;
    return APR_SUCCESS;
}

const char *si_stream_id_name(int position)
{
    static const char *const names[SI_STREAM_ID_MAX] = { "1", "2", "3", "4", "5",
                                                         "6", "7", "8", "9", "10" };

    return names[position];
}

double si_stream_id_share(int count, int position)
{
    (void)position;
    return 1.0 / count;
}
