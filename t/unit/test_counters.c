/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The counters: exact over processes and threads, and nothing under way in a child that is gone. */
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
              "by the position of its id");
    is_number(counts.times[0], rounds, "every call");
    is_number(counts.time_us, rounds * 1000, "and its time");
    is_number(in_flight, 0, "none is under way");
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
    is_number(in_flight_now(), 2, "one is killed: the other's are left");
    end(second);
    is_number(in_flight_now(), 0, "both are killed: none");
}

/* More children than slots: what they count is counted, only not what they have under way. */
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
    is_number(in_flight_now(), 4 * CHILDREN, "a slot that is free again is taken again");
    end(child_that(count_in_threads, 0));
    is_number(counts_now(&in_flight).redirects[0] - before, THREADS * ((ROUNDS + 2) / 3),
              "without a slot a child counts all the same");
    for (i = 0; i < COUNT_OF(pids); i++) {
        end(pids[i]);
    }
    is_number(in_flight_now(), 0, "none is under way when all are gone");
}

static void outlasts_restarts(apr_pool_t *pool)
{
    si_segment_t *again;
    si_counters_t *other;

    is_number(si_segment_open(pool, 99, &again), APR_SUCCESS, "opened again");
    ok(again == segment, "it is the same segment");
    si_segment_counters(again, "a.example", 80, &other);
    ok(other == counters, "the same name and port: the same counters");
    si_segment_counters(again, "a.example", 443, &other);
    ok(other != counters, "another port: others");
    si_segment_counters(again, "b.example", 80, &other);
    ok(other != counters, "another name: others");
}

static const si_stream_ids_t *ids_of(apr_pool_t *pool, const char *names)
{
    si_stream_ids_t *ids = si_stream_ids_make(pool, "StreamIds");

    for (; *names; names++) {
        si_stream_ids_add(ids, apr_pstrmemdup(pool, names, 1), 1);
    }
    return ids;
}

/* A restart may put another id at a position. */
static void a_name_has_its_own_counts(apr_pool_t *pool)
{
    si_counters_t *named;
    si_counts_t counts;
    apr_uint64_t in_flight;

    si_segment_counters(segment, "named.example", 80, &named);
    si_counters_name(named, ids_of(pool, "abc"));
    si_count_redirect(named, 0);
    si_count_redirect(named, 1);
    si_count_answer(named, 1, 200, NULL);
    si_count_redirect(named, 2);
    si_counters_name(named, ids_of(pool, "axc"));
    si_counters_read(segment, named, &counts, &in_flight);
    is_number(counts.redirects[0], 1, "the first id is the same: its count stays");
    is_number(counts.redirects[1], 0, "the second is another: its redirects begin anew");
    is_number(counts.sessions[1], 0, "the second is another: so do its sessions");
    is_number(counts.answers[0], 1, "the second is another: the answers stay");
    is_number(counts.redirects[2], 1, "the third is the same: its count stays");
    si_counters_name(named, ids_of(pool, "a"));
    si_counters_name(named, ids_of(pool, "abc"));
    si_counters_read(segment, named, &counts, &in_flight);
    is_number(counts.redirects[2], 1, "fewer for a time: what nobody takes stays");
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

/* While the module was unloaded between two restarts, nobody heard of children that ended. */
static void nobody_was_told(apr_pool_t *pool)
{
    const pid_t pid = child_that(one_call, 1);

    is_number(in_flight_now(), 1, "a child has a call under way");
    si_segment_open(pool, CHILDREN, &segment);
    is_number(in_flight_now(), 1, "which a restart lets be");
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    si_segment_open(pool, CHILDREN, &segment);
    is_number(in_flight_now(), 0, "a child that ended unheard of is noticed at a restart");
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
    by_name_and_bound();
    return done();
}
