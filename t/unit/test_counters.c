/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The counters are exact over processes and threads, and a child that is gone has nothing under
 * way.
 */
#include "tap.h"

#include "status/counters.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#define CHILDREN 12
#define THREADS 4
#define ROUNDS 5000

static si_segment_t *segment;
static si_counters_t *counters;

static si_counts_t counts_now(apr_uint64_t *in_flight)
{
    si_counts_t counts;

    si_counters_read(segment, counters, &counts, in_flight);
    return counts;
}

static apr_uint64_t in_flight_now(void)
{
    apr_uint64_t in_flight;

    counts_now(&in_flight);
    return in_flight;
}

/* Forks a child that runs in its slot and then ends, or waits to be killed. */
static pid_t child_that(void (*runs)(void), int waits)
{
    int told[2];
    char byte = 0;
    pid_t pid;

    if (pipe(told) != 0 || (pid = fork()) < 0) {
        abort();
    }
    if (pid == 0) {
        si_segment_enter(segment, getpid());
        runs();
        if (write(told[1], &byte, 1) != 1) {
            _exit(1);
        }
        while (waits) {
            pause();
        }
        _exit(0);
    }
    if (read(told[0], &byte, 1) != 1) {
        abort();
    }
    close(told[0]);
    close(told[1]);
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    si_segment_reap(segment, pid);
}

static void *count_in_thread(void *ignored)
{
    int i;

    for (i = 0; i < ROUNDS; i++) {
        si_count_redirect(counters, i % 3);
        si_count_call(counters);
        si_count_time(counters, 1000);
        si_count_call_end(counters);
    }
    return ignored;
}

static void count_in_threads(void)
{
    pthread_t threads[THREADS];
    int i;

    for (i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, count_in_thread, NULL);
    }
    for (i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void exact_over_children(void)
{
    pid_t pids[CHILDREN];
    apr_uint64_t in_flight;
    int i;

    for (i = 0; i < CHILDREN; i++) {
        pids[i] = child_that(count_in_threads, 0);
    }
    for (i = 0; i < CHILDREN; i++) {
        end(pids[i]);
    }
    const si_counts_t counts = counts_now(&in_flight);
    const long long rounds = (long long)CHILDREN * THREADS * ROUNDS;
    is_number(counts.redirects[0] + counts.redirects[1] + counts.redirects[2], rounds,
              "every redirect of every thread of every child");
    is_number(counts.redirects[2], (long long)CHILDREN * THREADS * (ROUNDS / 3),
              "every redirect is counted at the position of its id");
    is_number(counts.times[0], rounds, "every call of every child is counted");
    is_number(counts.time_us, rounds * 1000, "every call's time");
    is_number(in_flight, 0, "no call is under way");
}

static void begin_two_calls(void)
{
    si_count_call(counters);
    si_count_call(counters);
}

static void killed_children(void)
{
    const pid_t first = child_that(begin_two_calls, 1);
    const pid_t second = child_that(begin_two_calls, 1);

    is_number(in_flight_now(), 4, "two children, four calls under way");
    end(first);
    is_number(in_flight_now(), 2, "one child is killed: the other's calls are left");
    end(second);
    is_number(in_flight_now(), 0, "both children are killed: no call is under way");
}

/* There are more children than slots: their requests are counted, but not those under way. */
static void children_beyond_the_limit(void)
{
    apr_uint64_t in_flight;
    const apr_uint64_t before = counts_now(&in_flight).redirects[0];
    pid_t pids[2 * CHILDREN + 2];
    apr_size_t i;

    for (i = 0; i < COUNT_OF(pids); i++) {
        pids[i] = child_that(begin_two_calls, 1);
    }
    is_number(in_flight_now(), 4 * CHILDREN, "calls of as many children as there are slots");
    end(pids[0]);
    pids[0] = child_that(begin_two_calls, 1);
    is_number(in_flight_now(), 4 * CHILDREN, "a free slot is used again");
    end(child_that(count_in_threads, 0));
    is_number(counts_now(&in_flight).redirects[0] - before, THREADS * ((ROUNDS + 2) / 3),
              "a child without a slot still counts its requests");
    for (i = 0; i < COUNT_OF(pids); i++) {
        end(pids[i]);
    }
    is_number(in_flight_now(), 0, "no call is under way when all children are gone");
}

static void outlasts_restarts(apr_pool_t *pool)
{
    si_segment_t *again;
    si_counters_t *other;

    is_number(si_segment_open(pool, 99, &again), APR_SUCCESS, "opened again");
    ok(again == segment, "a segment that is opened again is the same");
    si_segment_counters(again, "a.example", 80, &other);
    ok(other == counters, "the same name and port: the same counters");
    si_segment_counters(again, "a.example", 443, &other);
    ok(other != counters, "another port: other counters");
    si_segment_counters(again, "b.example", 80, &other);
    ok(other != counters, "another name: other counters");
}

static const si_stream_ids_t *ids_of(apr_pool_t *pool, const char *names)
{
    si_stream_ids_t *ids = si_stream_ids_make(pool, "StreamIds");

    for (; *names; names++) {
        si_stream_ids_add(ids, apr_pstrmemdup(pool, names, 1), 1);
    }
    return ids;
}

static void name(si_counters_t *named, apr_pool_t *pool, const char *names, int *slots)
{
    si_counters_name(named, ids_of(pool, names), slots);
}

static si_counts_t counts_of(const si_counters_t *named, const int *slots, int count)
{
    si_counts_t counts;
    apr_uint64_t in_flight;

    si_counters_read(segment, named, &counts, &in_flight);
    si_counts_order(&counts, slots, count);
    return counts;
}

/* A restart may move another id to a position. */
static void a_name_has_its_own_counts(apr_pool_t *pool)
{
    si_counters_t *named;
    si_counts_t counts;
    int slots[SI_STREAM_ID_MAX], before[SI_STREAM_ID_MAX];

    si_segment_counters(segment, "named.example", 80, &named);
    name(named, pool, "abc", slots);
    si_count_redirect(named, slots[0]);
    si_count_redirect(named, slots[1]);
    si_count_answer(named, slots[1], 200, NULL);
    si_count_redirect(named, slots[2]);
    memcpy(before, slots, sizeof(before));
    name(named, pool, "axc", slots);
    counts = counts_of(named, slots, 3);
    is_number(counts.redirects[0], 1, "the first id is the same: its count stays");
    is_number(counts.redirects[1], 0, "the second is another: its redirects begin at 0");
    is_number(counts.sessions[1], 0, "the second is another: its sessions begin at 0");
    is_number(counts.answers[0], 1, "the second is another: the counters of answers stay");
    is_number(counts.redirects[2], 1, "the third is the same: its count stays");
    si_count_redirect(named, before[1]);
    si_count_answer(named, before[1], 200, NULL);
    counts = counts_of(named, slots, 3);
    is_number(counts.redirects[1], 0,
              "a child of the old generation counts its own id's redirects");
    is_number(counts.sessions[1], 0, "a child of the old generation counts its own id's sessions");
    name(named, pool, "cab", slots);
    counts = counts_of(named, slots, 3);
    is_number(counts.redirects[0], 1, "another order: the first id's count");
    is_number(counts.redirects[2], 2, "an id that comes back has its count, the late one too");
    name(named, pool, "a", slots);
    name(named, pool, "abc", slots);
    counts = counts_of(named, slots, 3);
    is_number(counts.redirects[2], 1, "fewer ids for a time: the counters of the others stay");
}

/* There are more names over the restarts than slots: the one gone longest is replaced. */
static void many_names(apr_pool_t *pool)
{
    si_counters_t *named;
    si_counts_t counts;
    int slots[SI_STREAM_ID_MAX], i;
    char ids[2] = "A";

    si_segment_counters(segment, "many.example", 80, &named);
    for (i = 0; i < SI_COUNTED_IDS; i++, ids[0]++) {
        name(named, pool, ids, slots);
        si_count_redirect(named, slots[0]);
    }
    name(named, pool, "A", slots);
    counts = counts_of(named, slots, 1);
    is_number(counts.redirects[0], 1, "as many names as slots: each has its own");
    name(named, pool, "~", slots);
    counts = counts_of(named, slots, 1);
    is_number(counts.redirects[0], 0, "one name more: it begins at 0");
    name(named, pool, "AB", slots);
    counts = counts_of(named, slots, 2);
    is_number(counts.redirects[0], 1, "one name more: the existing name keeps its count");
    is_number(counts.redirects[1], 0, "one name more: the oldest is replaced");
}

static void by_name_and_bound(void)
{
    static const struct {
        int status;
        int class;
    } classes[] = { { 200, 0 }, { 299, 0 }, { 302, 1 }, { 404, 2 },
                    { 503, 3 }, { 600, 4 }, { 999, 4 } };
    apr_uint64_t in_flight;
    si_counts_t before, after;
    apr_size_t i;

    for (i = 0; i < COUNT_OF(classes); i++) {
        const int class = classes[i].class;
        before = counts_now(&in_flight);
        si_count_answer(counters, 4, classes[i].status, NULL);
        after = counts_now(&in_flight);
        is_number(after.answers[class] - before.answers[class], 1, "%d is %s", classes[i].status,
                  si_counted_classes[class]);
        is_number(after.sessions[4] - before.sessions[4], class == 0, "%d: %s session",
                  classes[i].status, class == 0 ? "a" : "no");
    }
    for (i = 0; i < SI_COUNTED_ERROR_TYPES; i++) {
        si_count_answer(counters, 0, 500, si_counted_error_types[i]);
        si_count_answer(counters, 0, 500,
                        apr_psprintf(tap_pool(), "%s:http://x/", si_counted_error_types[i]));
    }
    si_count_answer(counters, 0, 500, "LoadShe");
    si_count_answer(counters, 0, 500, "LoadShedding");
    si_count_answer(counters, 0, 500, "");
    after = counts_now(&in_flight);
    for (i = 0; i < SI_COUNTED_ERROR_TYPES - 1; i++) {
        is_number(after.error_types[i], 2, "%s, with and without what follows",
                  si_counted_error_types[i]);
    }
    is_number(after.error_types[SI_COUNTED_ERROR_TYPES - 1], 5, "any other type");
    for (i = 0; i < SI_ERROR_COUNT; i++) {
        si_count_error(counters, (si_error_t)i);
    }
    after = counts_now(&in_flight);
    for (i = 0; i < SI_ERROR_COUNT; i++) {
        is_number(after.errors[i], 1, "%s", si_errors[i].name);
    }
    for (i = 0; i < SI_COUNTED_TIMES - 1; i++) {
        before = counts_now(&in_flight);
        si_count_time(counters, si_counted_times[i]);
        si_count_time(counters, si_counted_times[i] + 1);
        after = counts_now(&in_flight);
        is_number(after.times[i] - before.times[i], 1, "%d us is up to its bound",
                  (int)si_counted_times[i]);
        is_number(after.times[i + 1] - before.times[i + 1], 1, "one more is above");
    }
    si_count_redirect(counters, -1);
    si_count_preflight(counters);
    si_count_kept_connection(counters);
    after = counts_now(&in_flight);
    is_number(after.redirects_without_id, 1, "a redirect without an id");
    is_number(after.preflights, 1, "a preflight");
    is_number(after.kept_connections, 1, "a kept connection");
}

static void one_call(void)
{
    si_count_call(counters);
}

/* While the module was unloaded between two restarts, it did not see that children ended. */
static void nobody_was_told(apr_pool_t *pool)
{
    const pid_t pid = child_that(one_call, 1);

    is_number(in_flight_now(), 1, "a child has a call under way");
    si_segment_open(pool, CHILDREN, &segment);
    is_number(in_flight_now(), 1, "a call under way is still counted after a restart");
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    si_segment_open(pool, CHILDREN, &segment);
    is_number(in_flight_now(), 0, "a child whose end was not reported is noticed at a restart");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();

    if (si_segment_open(pool, CHILDREN, &segment) != APR_SUCCESS
        || si_segment_counters(segment, "a.example", 80, &counters) != APR_SUCCESS) {
        abort();
    }
    exact_over_children();
    killed_children();
    children_beyond_the_limit();
    outlasts_restarts(pool);
    nobody_was_told(pool);
    a_name_has_its_own_counts(pool);
    many_names(pool);
    by_name_and_bound();
    return done();
}
