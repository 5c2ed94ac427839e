/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Random bytes are read in blocks. This program replaces APR's source: it counts from 0. */

#include "tap.h"

#include "ids/random.h"

#include <pthread.h>
#include <string.h>

static int fetches;
static unsigned char next_byte;
static apr_status_t result = APR_SUCCESS;

apr_status_t apr_generate_random_bytes(unsigned char *bytes, apr_size_t length)
{
    apr_size_t i;

    if (result != APR_SUCCESS) {
        return result;
    }
    fetches++;
    for (i = 0; i < length; i++) {
        bytes[i] = next_byte++;
    }
    return APR_SUCCESS;
}

static int is_new(int *seen, const unsigned char *bytes, apr_size_t length)
{
    apr_size_t i;
    int repeated = 0;

    for (i = 0; i < length; i++) {
        repeated += seen[bytes[i]]++;
    }
    return repeated == 0;
}

static void test_each_byte_once(void)
{
    unsigned char bytes[3];
    int seen[256] = { 0 };
    int repeated = 0;
    int i;

    for (i = 0; i < 64; i++) {
        si_random_bytes(bytes, 1);
        repeated += !is_new(seen, bytes, 1);
    }
    is_number(fetches, 1, "64 draws of a byte, one fetch");
    for (i = 0; i < 21; i++) {
        si_random_bytes(bytes, 3);
        repeated += !is_new(seen, bytes, 3);
    }
    is_number(fetches, 2, "21 draws of three bytes, another fetch");
    si_random_bytes(bytes, 3);
    repeated += !is_new(seen, bytes, 3);
    is_number(fetches, 3, "the remaining bytes are too few for the next draw");
    is_number(repeated, 0, "no byte is drawn twice");
}

static void *draw_first(void *data)
{
    si_random_bytes(data, 1);
    return NULL;
}

static void test_threads(void)
{
    const int before = fetches;
    unsigned char mine, others;
    pthread_t thread;

    si_random_bytes(&mine, 1);
    is_number(fetches, before, "this thread has bytes left");
    pthread_create(&thread, NULL, draw_first, &others);
    pthread_join(thread, NULL);
    is_number(fetches, before + 1, "another thread has no bytes left");
    ok(mine != others, "another thread draws other bytes");
}

static void test_failure(void)
{
    unsigned char bytes[64] = { 0 };
    unsigned char untouched[64] = { 0 };

    result = APR_EGENERAL;
    is_number(si_random_bytes(bytes, 64), APR_EGENERAL, "a source that fails is reported");
    ok(memcmp(bytes, untouched, sizeof(bytes)) == 0, "a source that fails: nothing is drawn");
    result = APR_SUCCESS;
    is_number(si_random_bytes(bytes, 64), APR_SUCCESS, "a source that works again is used");
}

int main(void)
{
    test_each_byte_once();
    test_threads();
    test_failure();
    return done();
}
