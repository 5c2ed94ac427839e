/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "status/counters.h"

#include <apr_hash.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

/* Copies of each counter. Children are spread over them to avoid false sharing. */
#define STRIPES 8
#define CACHE_LINE 64UL

/* Enough for a port and a DNS name of 253 bytes. */
#define LONGEST_KEY 320

/* Increase it with every change to the counters or their order. */
#define LAYOUT 4

/* Children of an earlier generation may still be running while as many new ones have started. */
#define SLOTS_PER_CHILD 2

typedef struct {
    si_counts_t counts;
} __attribute__((aligned(CACHE_LINE))) stripe_t;

struct si_counters_t {
    stripe_t stripes[STRIPES];
    apr_uint64_t names[SI_COUNTED_IDS]; /* hashes of stream ids, by slot; parent only */
    apr_uint64_t named[SI_COUNTED_IDS]; /* last configuration with the id; 0 if free */
    apr_uint64_t configurations;        /* number of configurations so far */
    apr_uint32_t in_flight[];           /* by slot */
};

struct si_segment_t {
    apr_pool_t *pool;
    apr_time_t start;
    int slot_count;
    pid_t *slots;         /* shared: the child that owns the slot, 0 for none */
    apr_hash_t *counters; /* "port:name" to si_counters_t * */
};

/* The slot of this child process; negative if it has none. */
static int own_slot = -1;

const char *const si_counted_classes[SI_COUNTED_CLASSES] = { "2xx", "3xx", "4xx", "5xx", "other" };

const char *const si_counted_error_types[SI_COUNTED_ERROR_TYPES] = {
    "BadRequestException",
    "AccessDeniedException",
    "NotFoundException",
    "ConflictException",
    "InternalServiceError",
    "BadGatewayException",
    "UnsupportedManifestException",
    "LoadShed",
    "ThrottlingException",
    "GatewayTimeoutException",
    "other",
};

/*
 * Bucket bounds. The default time limits are 2 and 4 seconds: calls that reach one count above that
 * bound.
 */
const apr_interval_time_t si_counted_times[SI_COUNTED_TIMES - 1] = {
    5000,   10000,   25000,   50000,   100000,   250000,
    500000, 1000000, 2000000, 4000000, 10000000, 60000000,
};

/*
 * Allocates zeroed memory that this process and its children share, aligned to cache lines, which
 * APR does not do.
 */
static apr_status_t share(apr_pool_t *pool, apr_size_t size, void **memory)
{
    apr_shm_t *shm;
    apr_status_t rv = apr_shm_create(&shm, size + CACHE_LINE, NULL, pool);

    if (rv == APR_SUCCESS) {
        char *base = apr_shm_baseaddr_get(shm);
        *memory = base + (CACHE_LINE - (apr_uintptr_t)base % CACHE_LINE);
        memset(*memory, 0, size);
    }
    return rv;
}

static apr_status_t make_segment(apr_pool_t *pool, int child_limit, si_segment_t **segment)
{
    si_segment_t *made = apr_pcalloc(pool, sizeof(*made));
    void *slots = NULL;
    apr_status_t rv;

    made->pool = pool;
    made->start = apr_time_now();
    made->slot_count = (child_limit > 0 ? child_limit : 1) * SLOTS_PER_CHILD;
    made->counters = apr_hash_make(pool);
    *segment = made;
    rv = share(pool, (apr_size_t)made->slot_count * sizeof(*made->slots), &slots);
    made->slots = slots;
    return rv;
}

static void forget_calls(const si_segment_t *segment, int slot)
{
    apr_hash_index_t *i;

    for (i = apr_hash_first(NULL, segment->counters); i; i = apr_hash_next(i)) {
        si_counters_t *counters = apr_hash_this_val(i);
        __atomic_store_n(&counters->in_flight[slot], 0, __ATOMIC_RELAXED);
    }
}

static void give_up_slot(const si_segment_t *segment, int slot)
{
    forget_calls(segment, slot);
    __atomic_store_n(&segment->slots[slot], 0, __ATOMIC_RELEASE);
}

void si_segment_reap(si_segment_t *segment, pid_t child)
{
    int slot;

    for (slot = 0; slot < segment->slot_count; slot++) {
        if (__atomic_load_n(&segment->slots[slot], __ATOMIC_ACQUIRE) == child) {
            give_up_slot(segment, slot);
            return;
        }
    }
}

/*
 * Frees the slots of children that exited while this module was unloaded during a restart, when
 * note_child() could not see them.
 */
static void reap_unheard_of(const si_segment_t *segment)
{
    int slot;

    for (slot = 0; slot < segment->slot_count; slot++) {
        const pid_t child = __atomic_load_n(&segment->slots[slot], __ATOMIC_ACQUIRE);
        if (child && kill(child, 0) != 0 && errno == ESRCH) {
            give_up_slot(segment, slot);
        }
    }
}

apr_status_t si_segment_open(apr_pool_t *pool, int child_limit, si_segment_t **segment)
{
    char key[LONGEST_KEY];
    void *known = NULL;
    apr_status_t rv;

    /* A restart may load another version of the module, which must not use this segment. */
    apr_snprintf(key, sizeof(key), "mod_session_initializer %d %d %d", LAYOUT,
                 (int)sizeof(si_segment_t), (int)sizeof(si_counters_t));
    apr_pool_userdata_get(&known, key, pool);
    *segment = known;
    if (known) {
        reap_unheard_of(*segment);
        return APR_SUCCESS;
    }
    rv = make_segment(pool, child_limit, segment);
    return rv == APR_SUCCESS ? apr_pool_userdata_set(*segment, key, NULL, pool) : rv;
}

apr_time_t si_segment_start(const si_segment_t *segment)
{
    return segment->start;
}

apr_status_t si_segment_counters(si_segment_t *segment, const char *name, int port,
                                 si_counters_t **counters)
{
    char key[LONGEST_KEY];
    void *memory = NULL;
    apr_status_t rv;

    apr_snprintf(key, sizeof(key), "%d:%s", port, name);
    *counters = apr_hash_get(segment->counters, key, APR_HASH_KEY_STRING);
    if (*counters) {
        return APR_SUCCESS;
    }
    rv = share(segment->pool,
               sizeof(**counters)
                   + (apr_size_t)segment->slot_count * sizeof((*counters)->in_flight[0]),
               &memory);
    *counters = memory;
    if (rv == APR_SUCCESS) {
        apr_hash_set(segment->counters, apr_pstrdup(segment->pool, key), APR_HASH_KEY_STRING,
                     *counters);
    }
    return rv;
}

static void forget_id(si_counters_t *counters, int slot)
{
    int i;

    for (i = 0; i < STRIPES; i++) {
        si_counts_t *counts = &counters->stripes[i].counts;
        __atomic_store_n(&counts->redirects[slot], 0, __ATOMIC_RELAXED);
        __atomic_store_n(&counts->sessions[slot], 0, __ATOMIC_RELAXED);
    }
}

/* The slot of a name, or -1. */
static int slot_of(const si_counters_t *counters, apr_uint64_t name)
{
    int slot = SI_COUNTED_IDS - 1;

    while (slot >= 0 && (counters->named[slot] == 0 || counters->names[slot] != name)) {
        slot--;
    }
    return slot;
}

static void take_oldest(si_counters_t *counters, apr_uint64_t name, int *slot)
{
    int i;

    *slot = 0;
    for (i = 1; i < SI_COUNTED_IDS; i++) {
        if (counters->named[i] < counters->named[*slot]) {
            *slot = i;
        }
    }
    counters->names[*slot] = name;
    counters->named[*slot] = counters->configurations;
    forget_id(counters, *slot);
}

void si_counters_name(si_counters_t *counters, const si_stream_ids_t *ids, int *slots)
{
    int i;

    counters->configurations++;
    for (i = 0; i < ids->count; i++) {
        slots[i] = slot_of(counters, ids->ids[i].hash);
        if (slots[i] >= 0) {
            counters->named[slots[i]] = counters->configurations;
        }
    }
    for (i = 0; i < ids->count; i++) {
        if (slots[i] < 0) {
            take_oldest(counters, ids->ids[i].hash, &slots[i]);
        }
    }
}

void si_segment_enter(si_segment_t *segment, pid_t child)
{
    for (own_slot = segment->slot_count - 1; own_slot >= 0; own_slot--) {
        pid_t none = 0;
        if (__atomic_compare_exchange_n(&segment->slots[own_slot], &none, child, 0,
                                        __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            return;
        }
    }
}

static si_counts_t *own_counts(si_counters_t *counters)
{
    return &counters->stripes[(unsigned)own_slot % STRIPES].counts;
}

static void add(apr_uint64_t *count, apr_uint64_t number)
{
    __atomic_fetch_add(count, number, __ATOMIC_RELAXED);
}

void si_count_redirect(si_counters_t *counters, int slot)
{
    si_counts_t *counts = own_counts(counters);

    add(slot < 0 ? &counts->redirects_without_id : &counts->redirects[slot], 1);
}

void si_count_preflight(si_counters_t *counters)
{
    add(&own_counts(counters)->preflights, 1);
}

void si_count_error(si_counters_t *counters, si_error_t error)
{
    add(&own_counts(counters)->errors[error], 1);
}

void si_count_call(si_counters_t *counters)
{
    if (own_slot >= 0) {
        __atomic_fetch_add(&counters->in_flight[own_slot], 1, __ATOMIC_RELAXED);
    }
}

void si_count_call_end(si_counters_t *counters)
{
    if (own_slot >= 0) {
        __atomic_fetch_sub(&counters->in_flight[own_slot], 1, __ATOMIC_RELAXED);
    }
}

void si_count_time(si_counters_t *counters, apr_interval_time_t time)
{
    si_counts_t *counts = own_counts(counters);
    int i = 0;

    while (i < SI_COUNTED_TIMES - 1 && time > si_counted_times[i]) {
        i++;
    }
    add(&counts->times[i], 1);
    add(&counts->time_us, (apr_uint64_t)time);
}

void si_count_kept_connection(si_counters_t *counters)
{
    add(&own_counts(counters)->kept_connections, 1);
}

/* error_type is "Name" or "Name:http://...", as MediaTailor sends it. */
static int error_type_index(const char *error_type)
{
    const apr_size_t length = strcspn(error_type, ":; ");
    int i = 0;

    while (i < SI_COUNTED_ERROR_TYPES - 1
           && (strncmp(si_counted_error_types[i], error_type, length) != 0
               || si_counted_error_types[i][length])) {
        i++;
    }
    return i;
}

void si_count_answer(si_counters_t *counters, int slot, int status, const char *error_type)
{
    si_counts_t *counts = own_counts(counters);
    const int class = status / 100 - 2;

    add(&counts->answers
             [class >= 0 && class < SI_COUNTED_CLASSES - 1 ? class : SI_COUNTED_CLASSES - 1],
        1);
    if (class == 0) {
        add(&counts->sessions[slot], 1);
    }
    if (error_type) {
        add(&counts->error_types[error_type_index(error_type)], 1);
    }
}

static void add_stripe(si_counts_t *counts, const si_counts_t *stripe)
{
    apr_uint64_t *sums = (apr_uint64_t *)counts;
    const apr_uint64_t *numbers = (const apr_uint64_t *)stripe;
    apr_size_t i;

    for (i = 0; i < sizeof(*counts) / sizeof(*sums); i++) {
        sums[i] += __atomic_load_n(&numbers[i], __ATOMIC_RELAXED);
    }
}

void si_counters_read(const si_segment_t *segment, const si_counters_t *counters,
                      si_counts_t *counts, apr_uint64_t *in_flight)
{
    int i;

    memset(counts, 0, sizeof(*counts));
    for (i = 0; i < STRIPES; i++) {
        add_stripe(counts, &counters->stripes[i].counts);
    }
    *in_flight = 0;
    for (i = 0; i < segment->slot_count; i++) {
        *in_flight += __atomic_load_n(&counters->in_flight[i], __ATOMIC_RELAXED);
    }
}

void si_counts_order(si_counts_t *counts, const int *slots, int count)
{
    const si_counts_t by_slot = *counts;
    int i;

    for (i = 0; i < count; i++) {
        counts->redirects[i] = by_slot.redirects[slots[i]];
        counts->sessions[i] = by_slot.sessions[slots[i]];
    }
}

apr_uint64_t si_counts_drawn(const si_counts_t *counts, int position)
{
    return counts->redirects[position] + counts->sessions[position];
}

apr_uint64_t si_counts_all_drawn(const si_counts_t *counts, int count)
{
    apr_uint64_t sum = 0;
    int i;

    for (i = 0; i < count; i++) {
        sum += si_counts_drawn(counts, i);
    }
    return sum;
}

apr_uint64_t si_counts_calls(const si_counts_t *counts)
{
    apr_uint64_t sum = 0;
    int i;

    for (i = 0; i < SI_COUNTED_TIMES; i++) {
        sum += counts->times[i];
    }
    return sum;
}
