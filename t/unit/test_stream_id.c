/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The draw of a stream id: exactly uniform, from a byte source that the test controls. */
#include "tap.h"

#include "stream_id.h"

static const unsigned char *source; /* bytes to hand out */
static int source_left;
static int source_calls;

static apr_status_t from_source(unsigned char *bytes, apr_size_t length)
{
    source_calls++;
    if (source_left < (int)length) {
        return APR_EOF;
    }
    memcpy(bytes, source, length);
    source += length;
    source_left -= (int)length;
    return APR_SUCCESS;
}

static void feed(const unsigned char *bytes, int count)
{
    source = bytes;
    source_left = count;
    source_calls = 0;
}

/* Every byte value once: the ids must come out equally often, what is over must be refused. */
static void uniform_over_all_bytes(int count)
{
    int drawn[256] = { 0 };
    int refused = 0, beyond = 0, uneven = 0;
    int byte, id;

    for (byte = 0; byte < 256; byte++) {
        const unsigned char value = (unsigned char)byte;
        feed(&value, 1);
        id = -1;
        if (si_stream_id_draw(count, from_source, &id) != APR_SUCCESS) {
            refused++;
        }
        else if (id < 1 || id > count) {
            beyond++;
        }
        else {
            drawn[id]++;
        }
    }
    for (id = 1; id <= count; id++) {
        uneven += drawn[id] != 256 / count;
    }
    is_number(beyond, 0, "N = %d: no id but 1..%d", count, count);
    is_number(uneven, 0, "N = %d: each id for exactly %d of 256 bytes", count, 256 / count);
    is_number(refused, 256 % count, "N = %d: %d bytes refused", count, 256 % count);
}

static void draws_again(void)
{
    static const unsigned char bytes[] = { 255, 252, 250, 249, 7 };
    int id = 0;

    feed(bytes, sizeof(bytes));
    is_number(si_stream_id_draw(10, from_source, &id), APR_SUCCESS, "refused bytes: draws again");
    is_number(id, 10, "refused bytes: the first good one decides");
    is_number(source_left, 1, "refused bytes: none is taken beyond the good one");
}

static void failing_source(void)
{
    static const unsigned char bytes[] = { 255 };
    int id = 42;

    feed(bytes, 0);
    is_number(si_stream_id_draw(3, from_source, &id), APR_EOF,
              "source fails: its status is returned");
    is_number(id, 42, "source fails: the id is untouched");
    is_number(source_calls, 1, "source fails: it is not asked again");

    feed(bytes, 1);
    is_number(si_stream_id_draw(3, from_source, &id), APR_EOF,
              "source fails behind a refused byte: its status is returned");
    is_number(id, 42, "source fails behind a refused byte: the id is untouched");
}

static apr_status_t from_apr(unsigned char *bytes, apr_size_t length)
{
    return apr_generate_random_bytes(bytes, length);
}

/*
 * With APR's source: chi-square over 20,000 draws. Each bound is passed by chance once in 10^9 runs
 * (degrees of freedom: N - 1).
 */
static void from_the_real_source(int count)
{
    static const double bound[SI_STREAM_ID_MAX] = { 0,    37.4, 41.5, 44.9, 47.9,
                                                    50.7, 53.4, 55.9, 58.4, 60.7 };
    const double expected = 20000.0 / count;
    int drawn[SI_STREAM_ID_MAX + 1] = { 0 };
    double chi_square = 0;
    int beyond = 0;
    int i, id;

    for (i = 0; i < 20000; i++) {
        id = 0;
        if (si_stream_id_draw(count, from_apr, &id) != APR_SUCCESS || id < 1 || id > count) {
            beyond++;
            continue;
        }
        drawn[id]++;
    }
    for (id = 1; id <= count; id++) {
        chi_square += (drawn[id] - expected) * (drawn[id] - expected) / expected;
    }
    is_number(beyond, 0, "APR's source, N = %d: no id but 1..%d", count, count);
    ok(chi_square <= bound[count - 1], "APR's source, N = %d: uniform (chi-square %.1f)", count,
       chi_square);
}

int main(void)
{
    int count;

    tap_pool();
    is_number(SI_STREAM_ID_MAX, 10, "N is 10 at most");
    for (count = 1; count <= 255; count++) {
        uniform_over_all_bytes(count);
    }
    draws_again();
    failing_source();
    for (count = 1; count <= SI_STREAM_ID_MAX; count++) {
        from_the_real_source(count);
    }
    return done();
}
