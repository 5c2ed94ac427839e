/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Prefetch schedules as AWS prints them, and the messages for anything else. */
#include "tap.h"

#include "ids/schedule_file.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static apr_pool_t *pool;

/* The instant 2026-11-22T20:00:00Z. */
#define EIGHT 1795377600

static const struct {
    const char *text;
    apr_int64_t seconds; /* -1: none */
} times[] = {
    { "2026-11-22T20:00:00Z", EIGHT },
    { "2026-11-22T20:00:00+00:00", EIGHT },
    { "2026-11-22T20:00:00-00:00", EIGHT },
    { "2026-11-22T21:00:00+01:00", EIGHT },
    { "2026-11-23T01:30:00+0530", EIGHT },
    { "2026-11-22T12:00:00-08:00", EIGHT },
    { "2026-11-22T20:59:00+00:59", EIGHT },
    { "2026-11-22T20:00:00.000Z", EIGHT },
    { "2026-11-22T20:00:00.999999+00:00", EIGHT },
    { "2026-11-22T20:00:01Z", EIGHT + 1 },
    { "1970-01-01T00:00:00Z", 0 },
    { "2024-02-29T00:00:00Z", 1709164800 },
    { "2000-02-29T23:59:59Z", 951868799 },
    { "2026-12-31T23:59:59Z", 1798761599 },
    { "", -1 },
    { "2026", -1 },
    { "2026-11-22", -1 },
    { "2026-11-22T20:00:00", -1 },
    { "2026-11-22 20:00:00Z", -1 },
    { "2026-11-22T20:00Z", -1 },
    { "2026-11-22T20:00:00z", -1 },
    { "2026-11-22T20:00:00Z ", -1 },
    { " 2026-11-22T20:00:00Z", -1 },
    { "2026-11-22T20:00:00.Z", -1 },
    { "2026-11-22T20:00:00,5Z", -1 },
    { "2026-11-22T20:00:00+1", -1 },
    { "2026-11-22T20:00:00+01", -1 },
    { "2026-11-22T20:00:00+01:", -1 },
    { "2026-11-22T20:00:00+01:0", -1 },
    { "2026-11-22T20:00:00+01:000", -1 },
    { "2026-11-22T20:00:00*01:00", -1 },
    { "2026-11-22T20:00:00+01:60", -1 },
    { "2026-11-22T20:00:00+24:00", -1 },
    { "2026-1-22T20:00:00Z", -1 },
    { "2026-11- 2T20:00:00Z", -1 },
    { "2026-00-22T20:00:00Z", -1 },
    { "2026-13-22T20:00:00Z", -1 },
    { "2026-11-00T20:00:00Z", -1 },
    { "2026-11-31T20:00:00Z", -1 },
    { "2026-02-29T20:00:00Z", -1 },
    { "2026-11-22T24:00:00Z", -1 },
    { "2026-11-22T20:60:00Z", -1 },
    { "2026-11-22T20:00:60Z", -1 },
    { "1969-12-31T23:59:59Z", -1 },
    { "1795377600", -1 },
};

static void texts_of_times(void)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(times); i++) {
        apr_time_t time = -77;
        const int is_time = si_schedule_read_time(times[i].text, &time);

        if (times[i].seconds < 0) {
            is_number(is_time, 0, "'%s' is not a time", times[i].text);
            continue;
        }
        is_number(is_time, 1, "'%s' is a time", times[i].text);
        is_number(time, apr_time_from_sec(times[i].seconds), "'%s': its value", times[i].text);
    }
}

static const char *read_text(const char *text, apr_array_header_t **schedules)
{
    return si_schedule_file_read(pool, text, strlen(text), schedules);
}

static si_schedule_t *schedule_of(const apr_array_header_t *schedules, int index)
{
    return &APR_ARRAY_IDX(schedules, index, si_schedule_t);
}

/* Reads a listing of one schedule in which a piece of text is replaced by another. */
static const char *with(const char *before, const char *after)
{
    static const char item[] =
        "{\"Items\":[{\"Name\":\"x\",\"PlaybackConfigurationName\":\"other\","
        "\"Retrieval\":{\"EndTime\":1},\"Consumption\":{\"EndTime\":2}},"
        "{\"Arn\":\"arn:aws:mediatailor:eu-west-1:1:prefetchSchedule/live/s\","
        "\"Name\":\"s\",\"PlaybackConfigurationName\":\"live\",\"StreamId\":\"a\","
        "\"ScheduleType\":\"SINGLE\","
        "\"Retrieval\":{\"StartTime\":\"2026-11-22T19:50:00Z\","
        "\"EndTime\":\"2026-11-22T20:00:00Z\",\"DynamicVariables\":{\"k\":\"v\"}},"
        "\"Consumption\":{\"StartTime\":\"2026-11-22T20:00:05Z\","
        "\"EndTime\":\"2026-11-22T20:00:30Z\",\"AvailMatchingCriteria\":[]}}]}\n";
    const char *found = strstr(item, before);

    return apr_pstrcat(pool, apr_pstrmemdup(pool, item, (apr_size_t)(found - item)), after,
                       found + strlen(before), NULL);
}

static void a_single_one(void)
{
    apr_array_header_t *schedules = NULL;
    const si_schedule_t *s;

    is(read_text(with("", ""), &schedules), NULL, "a listing");
    is_number(schedules->nelts, 2, "all its schedules");
    s = schedule_of(schedules, 1);
    is(s->configuration, "live", "single: configuration");
    is(s->stream_id, "a", "single: stream id");
    is_number(s->is_recurring, 0, "single: not recurring");
    is_number(s->retrieval_start, apr_time_from_sec(EIGHT - 600), "single: retrieval's start");
    is_number(s->retrieval_end, apr_time_from_sec(EIGHT), "single: retrieval's end");
    is_number(s->consumption_start, apr_time_from_sec(EIGHT + 5), "single: consumption's start");
    is_number(s->consumption_end, apr_time_from_sec(EIGHT + 30), "single: consumption's end");
    is(schedule_of(schedules, 0)->stream_id, NULL, "single: no stream id");
    ok(schedule_of(schedules, 0)->retrieval_start == SI_SCHEDULE_NO_START,
       "single: no start of retrieval");
    ok(schedule_of(schedules, 0)->consumption_start == SI_SCHEDULE_NO_START,
       "single: no start of consumption");
}

static const struct {
    const char *name, *before, *after;
} takes[] = {
    { "no ScheduleType is single", "\"ScheduleType\":\"SINGLE\",", "" },
    { "a ScheduleType of null too", "\"SINGLE\"", "null" },
    { "no StreamId", "\"StreamId\":\"a\",", "" },
    { "a StreamId of null", "\"StreamId\":\"a\"", "\"StreamId\":null" },
    { "an empty StreamId", "\"StreamId\":\"a\"", "\"StreamId\":\"\"" },
    { "times as numbers", "\"2026-11-22T20:00:00Z\"", "1795377600" },
    { "times as numbers with a fraction", "\"2026-11-22T20:00:00Z\"", "1795377600.25" },
    { "times as numbers with an exponent", "\"2026-11-22T20:00:00Z\"", "1.7953776E9" },
    { "no DynamicVariables", ",\"DynamicVariables\":{\"k\":\"v\"}", "" },
    { "whatever else", "\"Name\":\"s\"", "\"Later\":[{\"x\":[1,null,true]}]" },
    { "a NextToken", "}}]}", "}}],\"NextToken\":null}" },
    { "white space around", "{\"Items\"", " \n\t{ \"Items\" " },
};

static void what_it_takes(void)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(takes); i++) {
        apr_array_header_t *schedules = NULL;

        is(read_text(with(takes[i].before, takes[i].after), &schedules), NULL, "accepted: %s",
           takes[i].name);
        ok(schedules && schedules->nelts == 2
               && schedule_of(schedules, 1)->retrieval_end / APR_USEC_PER_SEC == EIGHT
               && !schedule_of(schedules, 1)->is_recurring,
           "accepted: %s: its value is read", takes[i].name);
    }
}

static const struct {
    const char *name, *before, *after, *problem;
} wrongs[] = {
    { "configuration missing", "\"PlaybackConfigurationName\":\"live\",", "",
      "Items[1].PlaybackConfigurationName is missing" },
    { "configuration of the first", "\"PlaybackConfigurationName\":\"other\",", "",
      "Items[0].PlaybackConfigurationName is missing" },
    { "configuration no string", "\"live\"", "1",
      "Items[1].PlaybackConfigurationName is not a string" },
    { "stream id no string", "\"StreamId\":\"a\"", "\"StreamId\":1",
      "Items[1].StreamId is not a string" },
    { "type no string", "\"SINGLE\"", "1", "Items[1].ScheduleType is not a string" },
    { "type unknown", "\"SINGLE\"", "\"Recurring\"",
      "Items[1].ScheduleType is neither SINGLE nor RECURRING" },
    { "retrieval missing", "\"Retrieval\":{\"StartTime\"", "\"X\":{\"StartTime\"",
      "Items[1].Retrieval.EndTime is missing" },
    { "retrieval no object", "\"Retrieval\":{\"EndTime\":1}", "\"Retrieval\":[1]",
      "Items[0].Retrieval.EndTime is missing" },
    { "retrieval's end missing", "\"EndTime\":\"2026-11-22T20:00:00Z\"", "\"Ende\":1",
      "Items[1].Retrieval.EndTime is missing" },
    { "retrieval's end null", "\"2026-11-22T20:00:00Z\"", "null",
      "Items[1].Retrieval.EndTime is missing" },
    { "retrieval's end no time", "\"2026-11-22T20:00:00Z\"", "\"today\"",
      "Items[1].Retrieval.EndTime is not a time: give 2026-11-22T20:00:00Z or seconds since the "
      "epoch" },
    { "retrieval's end a truth", "\"2026-11-22T20:00:00Z\"", "true",
      "Items[1].Retrieval.EndTime is not a time: " },
    { "retrieval's end too large", "\"2026-11-22T20:00:00Z\"", "1e300",
      "Items[1].Retrieval.EndTime is not a time: " },
    { "retrieval's start no time", "\"2026-11-22T19:50:00Z\"", "\"soon\"",
      "Items[1].Retrieval.StartTime is not a time: " },
    { "consumption missing", "\"Consumption\":{\"StartTime\"", "\"X\":{\"StartTime\"",
      "Items[1].Consumption.EndTime is missing" },
    { "consumption's end no time", "\"2026-11-22T20:00:30Z\"", "\"2026-11-22\"",
      "Items[1].Consumption.EndTime is not a time: " },
    { "consumption's start no time", "\"2026-11-22T20:00:05Z\"", "[]",
      "Items[1].Consumption.StartTime is not a time: " },
    { "recurring without its own", "\"SINGLE\"", "\"RECURRING\"",
      "Items[1].RecurringPrefetchConfiguration.EndTime is missing" },
    { "a schedule that is none", "{\"Items\":[", "{\"Items\":[7,",
      "Items[0].PlaybackConfigurationName is missing" },
    { "no Items", "\"Items\"", "\"items\"", "no \"Items\" array; " },
    { "Items no array", "{\"Items\":[", "{\"Items\":1,\"x\":[", "no \"Items\" array; " },
    { "an array", "{\"Items\":", "[", "invalid JSON at byte " },
    { "text after it", "}\n", "}\n}", "invalid JSON at byte " },
    { "another one after it", "}\n", "}\n{\"Items\":[]}", "invalid JSON at byte " },
    { "a trailing comma", "}}]}", "}},]}", "invalid JSON at byte " },
    { "single quotes", "\"live\"", "'live'", "invalid JSON at byte " },
    { "a comment", "{\"Items\"", "/* */{\"Items\"", "invalid JSON at byte " },
};

static void what_it_refuses(void)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(wrongs); i++) {
        apr_array_header_t *schedules;
        const char *problem = read_text(with(wrongs[i].before, wrongs[i].after), &schedules);

        ok(problem && strncmp(problem, wrongs[i].problem, strlen(wrongs[i].problem)) == 0,
           "refused: %s: the message says where", wrongs[i].name);
        if (problem) {
            tap_detail("said", problem, strlen(problem));
        }
    }
}

/* The writer may be interrupted at any byte. */
static void half_written(void)
{
    const char *whole = with("", "");
    const apr_size_t length = strlen(whole) - 1; /* the line's end is not part of it */
    apr_array_header_t *schedules;
    apr_size_t i;
    int passed = 0, unsaid = 0;

    for (i = 0; i < length; i++) {
        const char *problem = si_schedule_file_read(pool, whole, i, &schedules);
        passed += !problem;
        unsaid += problem
                  && strcmp(problem,
                            apr_psprintf(pool, "the JSON is cut off after byte %d", (int)i))
                         != 0;
    }
    is_number(passed, 0, "half-written: never accepted");
    is_number(unsaid, 0, "half-written: the message says where");
    is(si_schedule_file_read(pool, whole, length, &schedules), NULL, "complete: accepted");
}

static void none_and_many(void)
{
    apr_array_header_t *schedules = NULL;
    char *deep = apr_pstrcat(pool, "{\"x\":", NULL);
    int i;

    is(read_text("{\"Items\":[]}", &schedules), NULL, "no schedule: accepted");
    is_number(schedules->nelts, 0, "no schedule: the list is empty");
    for (i = 0; i < 1000; i++) {
        deep = apr_pstrcat(pool, deep, "[", NULL);
    }
    contains(read_text(deep, &schedules), "invalid JSON at byte", "deep nesting: refused");
    is(read_text("[]", &schedules),
       "no \"Items\" array; expected the output of \"aws mediatailor list-prefetch-schedules\"",
       "an empty array: refused");
}

/* The example of the API reference (PrefetchSchedule, RecurringPrefetchConfiguration). */
static void a_recurring_one(void)
{
    apr_array_header_t *schedules = NULL;
    const si_schedule_t *s;

    is(read_text("{\"Items\":[{\"Name\":\"r\",\"PlaybackConfigurationName\":\"live\","
                 "\"StreamId\":\"b\",\"ScheduleType\":\"RECURRING\","
                 "\"RecurringPrefetchConfiguration\":{\"StartTime\":1795374000,"
                 "\"EndTime\":\"2026-11-22T20:00:00Z\","
                 "\"RecurringConsumption\":{\"RetrievedAdExpirationSeconds\":300},"
                 "\"RecurringRetrieval\":{\"DelayAfterAvailEndSeconds\":10,"
                 "\"TrafficShapingType\":\"RETRIEVAL_WINDOW\","
                 "\"TrafficShapingRetrievalWindow\":{\"RetrievalWindowDurationSeconds\":60}}}}]}",
                 &schedules),
       NULL, "recurring: accepted");
    s = schedule_of(schedules, 0);
    is_number(s->is_recurring, 1, "recurring: it is recurring");
    is(s->stream_id, "b", "recurring: stream id");
    is_number(s->consumption_end, apr_time_from_sec(EIGHT), "recurring: its end");
}

int main(void)
{
    pool = tap_pool();
    texts_of_times();
    a_single_one();
    a_recurring_one();
    what_it_takes();
    what_it_refuses();
    half_written();
    none_and_many();
    return done();
}
