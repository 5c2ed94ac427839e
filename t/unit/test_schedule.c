/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Which stream ids are eligible for a session that begins now. */
#include "tap.h"

#include "ids/schedule.h"

/* Ids of the server: a, b and c, as bits. */
#define A 1
#define B 2
#define C 4
#define ALL SI_ALL_STREAM_IDS

static apr_pool_t *pool;
static si_stream_ids_t *ids;

#define NONE SI_SCHEDULE_NO_START
#define AT(seconds) apr_time_from_sec(seconds)

/*
 * Seconds of a test's day; the schedule of a break that comes at 600 and may be delayed until 660.
 */
#define BREAK(name, id, retrieval_end) SINGLE(name, id, retrieval_end, AT(600), 660)
#define SINGLE(name, id, retrieval_end, start, end)          \
    {                                                        \
        name, id, 0, NONE, AT(retrieval_end), start, AT(end) \
    }
#define FROM(id, retrieval_start, retrieval_end, start, end)                  \
    {                                                                         \
        "live", id, 0, AT(retrieval_start), AT(retrieval_end), start, AT(end) \
    }
#define RECURRING(name, id, end)            \
    {                                       \
        name, id, 1, NONE, 0, NONE, AT(end) \
    }

static apr_array_header_t *listing_of(const si_schedule_t *schedules, int count)
{
    apr_array_header_t *listing = apr_array_make(pool, count, sizeof(*schedules));
    int i;

    for (i = 0; i < count; i++) {
        APR_ARRAY_PUSH(listing, si_schedule_t) = schedules[i];
    }
    return listing;
}

#define PLAN(schedules) plan_of(schedules, (int)(sizeof(schedules) / sizeof(schedules[0])))

static const si_schedule_plan_t *plan_of(const si_schedule_t *schedules, int count)
{
    const apr_array_header_t *listing = listing_of(schedules, count);

    return si_schedule_plan_make(pool, &listing, 1, ids, 0);
}

static apr_uint32_t at_time(const si_schedule_plan_t *plan, const char *configuration,
                            apr_time_t now)
{
    return si_schedule_eligible(plan, configuration, strlen(configuration), now);
}

static apr_uint32_t at(const si_schedule_plan_t *plan, const char *configuration, int second)
{
    return at_time(plan, configuration, apr_time_from_sec(second));
}

static void windows_close(void)
{
    static const si_schedule_t schedules[] = { BREAK("live", "a", 400), BREAK("live", "b", 500),
                                               BREAK("live", "c", 590) };
    const si_schedule_plan_t *plan = PLAN(schedules);

    is_number(at(plan, "live", 0), A | B | C, "all windows are ahead or open: all of them");
    is_number(at(plan, "live", 397), A | B | C, "3 s before the end: still all of them");
    is_number(at_time(plan, "live", apr_time_from_sec(398) - 1), A | B | C,
              "more than 2 s before the end: still all of them");
    is_number(at(plan, "live", 398), B | C, "2 s before the end: too late");
    is_number(at(plan, "live", 400), B | C, "closed: too late");
    is_number(at(plan, "live", 497), B | C, "the second is open");
    is_number(at(plan, "live", 499), C, "only the last is open");
    is_number(at(plan, "live", 588), C, "2 s before the end of the last: better than any other");
    is_number(at_time(plan, "live", apr_time_from_sec(590) - 1), C,
              "the last is used as long as it is open");
    is_number(at(plan, "live", 590), ALL, "all closed: among all");
    is_number(at(plan, "live", 630), ALL, "during the break: among all");
    is_number(at(plan, "live", 700), ALL, "after the break: among all");
}

static void configurations(void)
{
    static const si_schedule_t schedules[] = { BREAK("live", "a", 400),  BREAK("live", "b", 500),
                                               BREAK("live2", "c", 500), BREAK("liv", "b", 500),
                                               BREAK("a", "a", 500),     BREAK("z", "c", 500) };
    const si_schedule_plan_t *plan = PLAN(schedules);

    is_number(at(plan, "live", 450), B, "a configuration's own");
    is_number(at(plan, "live2", 450), C, "one that begins alike");
    is_number(at(plan, "liv", 450), B, "one that the others begin with");
    is_number(at(plan, "a", 450), A, "the first");
    is_number(at(plan, "z", 450), C, "the last");
    is_number(at(plan, "liveX", 450), ALL, "an unknown one: among all");
    is_number(at(plan, "", 450), ALL, "none: among all");
    is_number(at(plan, "~", 450), ALL, "one after all others: among all");
    is_number(si_schedule_eligible(plan, "live2/index", 4, apr_time_from_sec(450)), B,
              "its name ends where its length says");
}

/* There are two breaks: the second counts after the first has passed. */
static void the_next_break(void)
{
    static const si_schedule_t schedules[] = {
        SINGLE("live", "a", 1500, AT(1600), 1660),
        SINGLE("live", "b", 1590, AT(1600), 1660),
        BREAK("live", "b", 400),
        BREAK("live", "c", 590),
    };
    const si_schedule_plan_t *plan = PLAN(schedules);

    is_number(at(plan, "live", 0), B | C, "the first break's ids");
    is_number(at(plan, "live", 450), C, "the first break's open one");
    is_number(at(plan, "live", 595), ALL, "the first break's have closed: among all");
    is_number(at(plan, "live", 660), A | B, "the first break has passed: the second's ids");
    is_number(at(plan, "live", 1550), B, "the second's open one");
}

/* Breaks whose time is not certain have longer consumption windows, which are not all equal. */
static void overlapping_windows_are_one_break(void)
{
    static const si_schedule_t schedules[] = {
        SINGLE("live", "a", 500, AT(600), 660), SINGLE("live", "b", 500, AT(610), 700),
        SINGLE("live", "c", 500, AT(660), 720), /* begins when the earliest ends */
    };
    static const si_schedule_t unbounded[] = {
        SINGLE("live", "a", 500, NONE, 660),
        SINGLE("live", "b", 500, AT(600), 660),
        SINGLE("live", "c", 500, AT(700), 760),
    };
    const si_schedule_plan_t *plan = PLAN(schedules);

    is_number(at(plan, "live", 450), A | B, "what overlaps the earliest");
    plan = PLAN(unbounded);
    is_number(at(plan, "live", 450), A | B, "a window without a beginning has begun");
}

/* Consumption may start at the break, start early, or have no start. */
static const struct {
    const char *name;
    apr_time_t first, second;
} starts[] = {
    { "at the break", AT(600), AT(1600) },
    { "just before the break", AT(595), AT(1595) },
    { "as retrieval begins", AT(300), AT(1300) },
    { "long before", AT(0), AT(0) },
    { "none", NONE, NONE },
};

/*
 * Two breaks are ahead: a has closed and b is open for the first, and both are ahead for the
 * second.
 */
static void consumption_that_starts_early_or_has_no_start(void)
{
    apr_size_t i;

    for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        const char *name = starts[i].name;
        const apr_time_t first = starts[i].first, second = starts[i].second;
        const si_schedule_t schedules[] = { FROM("a", 1300, 1400, second, 1660),
                                            FROM("b", 1400, 1500, second, 1660),
                                            FROM("b", 400, 500, first, 660),
                                            FROM("a", 300, 400, first, 660) };
        const si_schedule_plan_t *plan = PLAN(schedules);

        is_number(at(plan, "live", 350), A | B, "consumption starts %s: both are open", name);
        is_number(at(plan, "live", 450), B, "consumption starts %s: one is too late", name);
        is_number(at(plan, "live", 550), ALL, "consumption starts %s: both are too late", name);
        is_number(at(plan, "live", 700), A | B, "consumption starts %s: the second break", name);
        is_number(at(plan, "live", 1450), B, "consumption starts %s: its open one", name);
    }
}

/* The second break's retrieval may begin before the first is over, and consumption starts early. */
static void retrieval_that_starts_early(void)
{
    static const si_schedule_t schedules[] = {
        FROM("a", 300, 400, NONE, 660),
        FROM("b", 400, 500, NONE, 660),
        FROM("a", 350, 1400, NONE, 1660),
        FROM("b", 500, 1500, NONE, 1660),
    };
    static const si_schedule_t no_starts[] = {
        SINGLE("live", "a", 400, NONE, 660),
        SINGLE("live", "b", 500, NONE, 660),
        SINGLE("live", "a", 1400, NONE, 1660),
        SINGLE("live", "b", 1500, NONE, 1660),
    };

    is_number(at(PLAN(schedules), "live", 450), B, "early retrieval: the first break's open one");
    is_number(at(PLAN(schedules), "live", 1450), B, "early retrieval: the second break's");
    is_number(at(PLAN(no_starts), "live", 450), B, "no starts at all: the first break's open one");
    is_number(at(PLAN(no_starts), "live", 1450), B, "no starts at all: the second break's");
}

/* An id without a schedule for the next break is not assigned, although its window is ahead. */
static void retrieval_after_the_break(void)
{
    static const si_schedule_t schedules[] = { FROM("a", 300, 500, NONE, 660),
                                               FROM("b", 660, 900, NONE, 1660) };

    is_number(at(PLAN(schedules), "live", 450), A, "retrieval after the break: for a later one");
    is_number(at(PLAN(schedules), "live", 550), ALL, "retrieval after the break: among all");
    is_number(at(PLAN(schedules), "live", 660), B, "retrieval after the break: the break is over");
}

/* A schedule of a later break hides those of the same id that end after it. */
static void a_later_break_comes_first(void)
{
    static const si_schedule_t schedules[] = {
        SINGLE("live", "c", 76, AT(88), 100),
        SINGLE("live", "a", 93, AT(117), 130),
        SINGLE("live", "a", 121, NONE, 140),
    };

    is_number(at(PLAN(schedules), "live", 60), C, "a later break comes first: the open id alone");
    is_number(at(PLAN(schedules), "live", 75), C, "a later break comes first: still open");
    is_number(at(PLAN(schedules), "live", 81), ALL, "a later break comes first: among all");
}

/* What is over when the file is read counts again if the clock is set back. */
static void the_clock_is_set_back(void)
{
    static const si_schedule_t schedules[] = { BREAK("live", "a", 500), BREAK("live", "b", 300) };
    const apr_array_header_t *listing = listing_of(schedules, 2);
    const si_schedule_plan_t *plan = si_schedule_plan_make(pool, &listing, 1, ids, AT(3600));

    is_number(at(plan, "live", 3600), ALL, "the clock is ahead: among all");
    is_number(at(plan, "live", 400), A, "the clock is set back: the open one");
}

static void too_many(void)
{
    si_schedule_t many[2 * SI_SCHEDULE_LIMIT + 2];
    int i;

    for (i = 0; i < 2 * SI_SCHEDULE_LIMIT + 2; i++) {
        const si_schedule_t one = BREAK(i % 2 ? "odd" : "even", "a", 500);
        many[i] = one;
    }
    is(si_schedule_crowded(pool, listing_of(many, 2 * SI_SCHEDULE_LIMIT), AT(0)), NULL,
       "as many as there may be, of two configurations");
    is(si_schedule_crowded(pool, listing_of(many, 2 * SI_SCHEDULE_LIMIT + 1), AT(0)), "even",
       "one more: the configuration with too many is named");
    is(si_schedule_crowded(pool, listing_of(many + 1, 2 * SI_SCHEDULE_LIMIT + 1), AT(0)), "odd",
       "one more: the other configuration with too many is named");
    is(si_schedule_crowded(pool, listing_of(many, 2 * SI_SCHEDULE_LIMIT + 2), AT(660)), NULL,
       "schedules that are over do not count");
    is(si_schedule_crowded(pool, listing_of(NULL, 0), AT(0)), NULL, "none at all");
}

static void recurring(void)
{
    static const si_schedule_t with_single[] = { BREAK("live", "a", 400), BREAK("live", "b", 500),
                                                 RECURRING("live", "c", 1000) };
    static const si_schedule_t alone[] = { RECURRING("live", "a", 1000),
                                           RECURRING("live", "b", 2000) };
    const si_schedule_plan_t *plan = PLAN(with_single);

    is_number(at(plan, "live", 0), A | B | C, "recurring: eligible together with the open ones");
    is_number(at(plan, "live", 450), B | C, "recurring: eligible when another is too late");
    is_number(at(plan, "live", 999), C, "recurring: always");
    is_number(at(plan, "live", 1000), ALL, "recurring: until it ends");
    plan = PLAN(alone);
    is_number(at(plan, "live", 0), A | B, "recurring alone");
    is_number(at(plan, "live", 1500), B, "recurring alone: one has ended");
}

/* A schedule without any of the server's ids neither makes an id eligible nor sets a break. */
static void of_no_id_of_ours(void)
{
    static const si_schedule_t others[] = { SINGLE("live", NULL, 90, AT(100), 160),
                                            SINGLE("live", "x", 90, AT(100), 160),
                                            BREAK("live", "b", 500), BREAK("live", "a", 30) };
    static const si_schedule_t no_ids[] = { SINGLE("live", NULL, 90, AT(100), 160) };

    is_number(at(PLAN(others), "live", 50), B, "the next break of the server's ids counts");
    is_number(at(PLAN(no_ids), "live", 50), ALL, "no id of the server: among all");
    is_number(at(plan_of(NULL, 0), "live", 50), ALL, "no schedule: among all");
}

static void one_id_in_several_schedules(void)
{
    static const si_schedule_t schedules[] = { BREAK("live", "a", 300), BREAK("live", "a", 500),
                                               BREAK("live", "b", 300) };

    is_number(at(PLAN(schedules), "live", 400), A,
              "an id with several windows: one of its windows is open");
}

static void several_listings(void)
{
    static const si_schedule_t first[] = { BREAK("live", "a", 400), BREAK("x", "c", 500) };
    static const si_schedule_t second[] = { SINGLE("live", "b", 690, AT(700), 760),
                                            BREAK("live", "c", 500) };
    const apr_array_header_t *listings[] = { listing_of(first, 2), listing_of(second, 2) };
    const si_schedule_plan_t *plan = si_schedule_plan_make(pool, listings, 2, ids, 0);

    is_number(at(plan, "live", 0), A | C, "several listings: the break of both");
    is_number(at(plan, "live", 450), C, "several listings: one has closed");
    is_number(at(plan, "x", 450), C, "several listings: another configuration");
    is_number(at(plan, "live", 680), B, "several listings: the break after it");
}

/* The plan stays valid after the listing that it was made from is freed. */
static void owns_what_it_holds(void)
{
    apr_pool_t *listing_pool;
    si_schedule_t schedule = BREAK(NULL, "a", 400);
    const si_schedule_plan_t *plan;
    char *name;

    apr_pool_create(&listing_pool, pool);
    name = apr_pstrdup(listing_pool, "live");
    schedule.configuration = name;
    plan = plan_of(&schedule, 1);
    memset(name, 'x', 4);
    apr_pool_destroy(listing_pool);
    is_number(at(plan, "live", 0), A, "the listing is gone: the plan stays");
}

int main(void)
{
    pool = tap_pool();
    ids = si_stream_ids_make(pool, "StreamIds");
    si_stream_ids_add(ids, "a", 1);
    si_stream_ids_add(ids, "b", 2);
    si_stream_ids_add(ids, "c", 3);
    windows_close();
    configurations();
    the_next_break();
    overlapping_windows_are_one_break();
    consumption_that_starts_early_or_has_no_start();
    retrieval_that_starts_early();
    retrieval_after_the_break();
    a_later_break_comes_first();
    the_clock_is_set_back();
    too_many();
    recurring();
    of_no_id_of_ours();
    one_id_in_several_schedules();
    several_listings();
    owns_what_it_holds();
    return done();
}
