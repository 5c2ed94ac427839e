/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The choice of a stream id: drawn exactly in proportion to the weights, from a byte source that
 * the test controls; and chosen by a key, with the same result everywhere.
 */
#include "tap.h"

#include "ids/stream_id.h"

static apr_pool_t *pool;

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

/* Ids a, b, c, ... with these weights. */
static si_stream_ids_t *with_weights(const int *weights, int count)
{
    si_stream_ids_t *ids = si_stream_ids_make(pool, "StreamIds");
    int i;

    for (i = 0; i < count; i++) {
        si_stream_ids_add(ids, apr_psprintf(pool, "%c", 'a' + i), weights[i]);
    }
    return ids;
}

static si_stream_ids_t *even(int count)
{
    int weights[SI_STREAM_ID_MAX];
    int i;

    for (i = 0; i < count; i++) {
        weights[i] = 1;
    }
    return with_weights(weights, count);
}

static int weight_among(const si_stream_ids_t *ids, si_stream_id_set_t among)
{
    int total = 0;
    int i;

    for (i = 0; i < ids->count; i++) {
        total += among >> i & 1 ? ids->ids[i].weight : 0;
    }
    return total;
}

/*
 * Tries every value of so many bytes once: each id must be drawn as often as its weight says, and
 * the remainder must be refused.
 */
static void exact(const char *name, const si_stream_ids_t *ids, si_stream_id_set_t among,
                  int byte_count)
{
    const int values = 1 << 8 * byte_count;
    const int total = weight_among(ids, among);
    int drawn[SI_STREAM_ID_MAX] = { 0 };
    int refused = 0, beyond = 0, uneven = 0;
    int value, i, position;

    for (value = 0; value < values; value++) {
        const unsigned char bytes[3] = { (unsigned char)value, (unsigned char)(value >> 8),
                                         (unsigned char)(value >> 16) };
        feed(bytes, byte_count);
        position = -1;
        if (si_stream_id_draw(ids, among, from_source, &position) != APR_SUCCESS) {
            refused++;
        }
        else if (position < 0 || position >= ids->count) {
            beyond++;
        }
        else {
            drawn[position]++;
        }
    }
    for (i = 0; i < ids->count; i++) {
        uneven += drawn[i] != (among >> i & 1 ? values / total * ids->ids[i].weight : 0);
    }
    is_number(beyond, 0, "%s: no other id", name);
    is_number(uneven, 0, "%s: each id in proportion to its weight, exactly", name);
    is_number(refused, values % total, "%s: the remaining values are refused", name);
}

static void draws_in_proportion(int is_slow)
{
    static const int few[] = { 1, 2, 3 };
    static const int many[] = { 100, 1, 250, 7 };
    static const int most[] = { 10000, 9999, 1, 10000, 10000, 10000, 10000, 10000, 10000 };
    int count;

    for (count = 1; count <= SI_STREAM_ID_MAX; count++) {
        exact(apr_psprintf(pool, "%d ids", count), even(count), SI_ALL_STREAM_IDS, 1);
    }
    exact("weights 1 2 3", with_weights(few, 3), SI_ALL_STREAM_IDS, 1);
    exact("weights 1 2 3, the outer two", with_weights(few, 3), 5, 1);
    exact("weights 1 2 3, the last", with_weights(few, 3), 4, 1);
    exact("weights beyond a byte", with_weights(many, 4), SI_ALL_STREAM_IDS, 2);
    exact("weights beyond a byte, a set within one", with_weights(many, 4), 2 | 8, 1);
    if (!is_slow) {
        exact("weights beyond two bytes", with_weights(most, 9), SI_ALL_STREAM_IDS, 3);
    }
    exact("a set of them", with_weights(most, 9), 1 | 2 | 16 | 256, 2);
}

static void draws_again(void)
{
    static const unsigned char bytes[] = { 255, 252, 250, 249, 7 };
    const si_stream_ids_t *ids = even(10);
    int position = -1;

    feed(bytes, sizeof(bytes));
    is_number(si_stream_id_draw(ids, SI_ALL_STREAM_IDS, from_source, &position), APR_SUCCESS,
              "refused bytes: draws again");
    is_number(position, 9, "refused bytes: the first good one decides");
    is_number(source_left, 1, "refused bytes: no byte is read after the good one");
}

static void failing_source(void)
{
    static const unsigned char bytes[] = { 255 };
    const si_stream_ids_t *ids = even(3);
    int position = 42;

    feed(bytes, 0);
    is_number(si_stream_id_draw(ids, SI_ALL_STREAM_IDS, from_source, &position), APR_EOF,
              "source fails: its status is returned");
    is_number(position, 42, "source fails: the position is unchanged");
    is_number(source_calls, 1, "source fails: it is not asked again");

    is_number(si_stream_id_draw(ids, 8, from_source, &position), APR_EINVAL,
              "an empty set: refused");
    is_number(source_calls, 1, "an empty set: the source is not asked");

    feed(bytes, 1);
    is_number(si_stream_id_draw(ids, SI_ALL_STREAM_IDS, from_source, &position), APR_EOF,
              "source fails after a refused byte: its status is returned");
    is_number(position, 42, "source fails after a refused byte: the position is unchanged");
}

/* Returns Pearson's chi-square of count draws over the ids among. */
static double chi_square(const si_stream_ids_t *ids, si_stream_id_set_t among, const int *drawn,
                         int count)
{
    double sum = 0;
    int i;

    for (i = 0; i < ids->count; i++) {
        if (among >> i & 1) {
            const double expected = (double)count * ids->ids[i].weight / weight_among(ids, among);
            sum += (drawn[i] - expected) * (drawn[i] - expected) / expected;
        }
    }
    return sum;
}

static const int event_weights[] = { 5, 3, 1, 10, 1 };

/* With 4 degrees of freedom chi-square is above 47.9 once in 10^9 runs, with 2 above 41.5. */
static void from_the_real_source(void)
{
    const si_stream_ids_t *ids = with_weights(event_weights, 5);
    int drawn[SI_STREAM_ID_MAX] = { 0 };
    int i, position;

    for (i = 0; i < 100000; i++) {
        if (si_stream_id_draw(ids, SI_ALL_STREAM_IDS, apr_generate_random_bytes, &position)
            == APR_SUCCESS) {
            drawn[position]++;
        }
    }
    ok(chi_square(ids, SI_ALL_STREAM_IDS, drawn, 100000) < 47.9, "APR's source: by the weights");
}

static int of_key(const si_stream_ids_t *ids, si_stream_id_set_t among, const char *key)
{
    return si_stream_id_of_key(ids, among, key, strlen(key));
}

/* A change of any of these moves all players of every operator who uses StreamIdKey. */
static void keys_are_the_same_everywhere(void)
{
    static const struct {
        const char *key;
        char even, weighted;
    } known[] = {
        { "a", 'c', 'd' },
        { "b", 'b', 'b' },
        { "device-0001", 'a', 'a' },
        { "device-0002", 'a', 'a' },
        { "192.0.2.1Mozilla/5.0", 'e', 'e' },
        { "\xc3\xa9 \xff", 'd', 'd' },
        { "a key that is longer than any block of the hash, by far, so that it takes many", 'c',
          'd' },
    };
    const si_stream_ids_t *ids = even(5);
    const si_stream_ids_t *weighted = with_weights(event_weights, 5);
    apr_size_t i;

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        is_number('a' + of_key(ids, SI_ALL_STREAM_IDS, known[i].key), known[i].even,
                  "key '%s': its id", known[i].key);
        is_number('a' + of_key(weighted, SI_ALL_STREAM_IDS, known[i].key), known[i].weighted,
                  "key '%s': its id by weights", known[i].key);
    }
    is_number(si_stream_id_of_key(ids, SI_ALL_STREAM_IDS, "ab", 1),
              of_key(ids, SI_ALL_STREAM_IDS, "a"), "a key ends at its length");
}

#define KEYS 20000

/* Computes the positions of many keys. */
static int *of_many_keys(const si_stream_ids_t *ids, si_stream_id_set_t among)
{
    int *positions = apr_palloc(pool, KEYS * sizeof(*positions));
    int i;

    for (i = 0; i < KEYS; i++) {
        positions[i] = of_key(ids, among, apr_psprintf(pool, "viewer %d", i));
    }
    return positions;
}

static void keys_spread_by_weight(const char *name, si_stream_id_set_t among, double highest)
{
    const si_stream_ids_t *ids = with_weights(event_weights, 5);
    const int *positions = of_many_keys(ids, among);
    int drawn[SI_STREAM_ID_MAX] = { 0 };
    int strays = 0;
    int i;

    for (i = 0; i < KEYS; i++) {
        drawn[positions[i]]++;
        strays += !(among >> positions[i] & 1);
    }
    is_number(strays, 0, "keys, %s: no other id", name);
    ok(chi_square(ids, among, drawn, KEYS) < highest, "keys, %s: by the weights", name);
}

/* Tests that of so many keys, about expected of a hundred do something: within five deviations. */
static int is_share(int found, double expected)
{
    const double distance = found - KEYS * expected;

    return distance * distance < 25 * KEYS * expected * (1 - expected);
}

/* Compares with and without the last id: keys of other ids keep theirs. */
static void only_the_share_of_an_id_moves(void)
{
    const si_stream_ids_t *without = with_weights(event_weights, 4);
    const si_stream_ids_t *with = with_weights(event_weights, 5);
    const int *before = of_many_keys(without, SI_ALL_STREAM_IDS);
    const int *after = of_many_keys(with, SI_ALL_STREAM_IDS);
    int to_others = 0, moved = 0;
    int i;

    for (i = 0; i < KEYS; i++) {
        moved += before[i] != after[i];
        to_others += before[i] != after[i] && after[i] != 4;
    }
    is_number(to_others, 0, "an id is added: no key moves to another old id");
    ok(is_share(moved, 1.0 / 20), "an id is added: it gets its share of the keys");
}

/* A set, such as that of the eligible ids, has the same effect as removing the others. */
static void a_set_moves_none_of_its_own(void)
{
    const si_stream_ids_t *ids = with_weights(event_weights, 5);
    const int *before = of_many_keys(ids, SI_ALL_STREAM_IDS);
    const int *after = of_many_keys(ids, 2 | 4 | 8);
    int moved = 0;
    int i;

    for (i = 0; i < KEYS; i++) {
        moved += (14 >> before[i] & 1) && before[i] != after[i];
    }
    is_number(moved, 0, "a set: keys of its ids keep them");
}

/* The position of an id's name and weight makes no difference, nor does a weight's scale. */
static void order_and_scale_are_nothing(void)
{
    si_stream_ids_t *ids = si_stream_ids_make(pool, "StreamIds");
    const int *positions = of_many_keys(with_weights(event_weights, 5), SI_ALL_STREAM_IDS);
    const int *others;
    int moved = 0;
    int i;

    for (i = 4; i >= 0; i--) {
        si_stream_ids_add(ids, apr_psprintf(pool, "%c", 'a' + i), 7 * event_weights[i]);
    }
    others = of_many_keys(ids, SI_ALL_STREAM_IDS);
    for (i = 0; i < KEYS; i++) {
        moved += positions[i] != 4 - others[i];
    }
    is_number(moved, 0, "another order and scale: no key moves");
}

static void names(void)
{
    const si_stream_ids_t *ids = with_weights(event_weights, 5);

    is_number(si_stream_ids_find(ids, "a", 1), 0, "the first name");
    is_number(si_stream_ids_find(ids, "each", 1), 4, "the last, by its length");
    is_number(si_stream_ids_find(ids, "ab", 2), -1, "no such name");
    is_number(si_stream_ids_find(ids, "", 0), -1, "an empty name");
    is_number((int)(1000 * si_stream_id_share(ids, 3) + 0.5), 500, "a share");
}

/* --slow is for valgrind: it skips the test of every value of three bytes. */
int main(int argc, char **argv)
{
    pool = tap_pool();
    names();
    draws_in_proportion(argc > 1 && strcmp(argv[1], "--slow") == 0);
    draws_again();
    failing_source();
    from_the_real_source();
    keys_are_the_same_everywhere();
    keys_spread_by_weight("all", SI_ALL_STREAM_IDS, 47.9);
    keys_spread_by_weight("three of them", 2 | 4 | 8, 41.5);
    only_the_share_of_an_id_moves();
    a_set_moves_none_of_its_own();
    order_and_scale_are_nothing();
    return done();
}
