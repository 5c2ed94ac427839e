/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "ids/schedule_file.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <json-c/json.h>
#include <math.h>
#include <string.h>

/* The position in the schedule file that is being read, for messages. */
typedef struct {
    apr_pool_t *pool;
    int index;           /* of the schedule in Items */
    const char *problem; /* the first error, or NULL */
} reader_t;

static void complain(reader_t *reader, const char *where, const char *what)
{
    if (!reader->problem) {
        reader->problem = apr_psprintf(reader->pool, "Items[%d].%s %s", reader->index, where, what);
    }
}

/* Whether text begins like form, in which 0 matches any digit. */
static int begins_as(const char *text, const char *form)
{
    while (*form && (*form == '0' ? apr_isdigit(*text) : *text == *form)) {
        text++;
        form++;
    }
    return !*form;
}

static int two_digits(const char *text)
{
    return 10 * (text[0] - '0') + text[1] - '0';
}

/* Reads "Z", "+01:00" or "+0100", with nothing after it; *offset is in seconds. */
static int read_zone(const char *text, int *offset)
{
    const int has_colon = *text && begins_as(text + 1, "00:00");
    const int is_zone = has_colon || (*text && begins_as(text + 1, "0000"));
    int hours, minutes;

    *offset = 0;
    if (strcmp(text, "Z") == 0) {
        return 1;
    }
    if ((*text != '+' && *text != '-') || !is_zone || text[has_colon ? 6 : 5]) {
        return 0;
    }
    hours = two_digits(text + 1);
    minutes = two_digits(text + (has_colon ? 4 : 3));
    *offset = (hours * 60 + minutes) * (*text == '+' ? 60 : -60);
    return hours < 24 && minutes < 60;
}

/* Returns the text after a fraction of a second, if any; NULL if no digit follows the point. */
static const char *skip_fraction(const char *text)
{
    if (*text != '.') {
        return text;
    }
    return apr_isdigit(text[1]) ? text + 1 + strspn(text + 1, "0123456789") : NULL;
}

/* Whether the date exists. time is date converted: for 31 April, that is 1 May. */
static int is_date(const apr_time_exp_t *date, apr_time_t time)
{
    apr_time_exp_t again;

    return date->tm_hour < 24 && date->tm_min < 60 && date->tm_sec < 60
           && apr_time_exp_gmt(&again, time) == APR_SUCCESS && again.tm_mon == date->tm_mon;
}

int si_schedule_read_time(const char *text, apr_time_t *time)
{
    apr_time_exp_t date = { .tm_usec = 0 };
    const char *zone;
    int offset;

    if (!begins_as(text, "0000-00-00T00:00:00")) {
        return 0;
    }
    date.tm_year = 100 * two_digits(text) + two_digits(text + 2) - 1900;
    date.tm_mon = two_digits(text + 5) - 1;
    date.tm_mday = two_digits(text + 8);
    date.tm_hour = two_digits(text + 11);
    date.tm_min = two_digits(text + 14);
    date.tm_sec = two_digits(text + 17);
    zone = skip_fraction(text + 19);
    if (!zone || !read_zone(zone, &offset) || apr_time_exp_get(time, &date) != APR_SUCCESS
        || !is_date(&date, *time)) {
        return 0;
    }
    *time -= apr_time_from_sec(offset);
    return 1;
}

/* Reads seconds since the epoch, as old versions of awscli print them. */
static int read_number(double seconds, apr_time_t *time)
{
    if (!(fabs(seconds) < 1e11)) {
        return 0;
    }
    *time = (apr_time_t)(seconds * APR_USEC_PER_SEC);
    return 1;
}

static int read_time(json_object *value, apr_time_t *time)
{
    switch (json_object_get_type(value)) {
    case json_type_string:
        return si_schedule_read_time(json_object_get_string(value), time);
    case json_type_int:
    case json_type_double:
        return read_number(json_object_get_double(value), time);
    default:
        return 0;
    }
}

/* The member of an object; NULL if there is none or it is null. */
static json_object *member_of(json_object *object, const char *name)
{
    json_object *value = NULL;

    return json_object_is_type(object, json_type_object)
                   && json_object_object_get_ex(object, name, &value)
               ? value
               : NULL;
}

/* Reads a member of a window; SI_SCHEDULE_NO_START if it is missing and may be. */
static apr_time_t read_bound(reader_t *reader, json_object *value, const char *where,
                             int may_be_missing)
{
    apr_time_t time = SI_SCHEDULE_NO_START;

    if (!value && !may_be_missing) {
        complain(reader, where, "is missing");
    }
    else if (value && !read_time(value, &time)) {
        complain(reader, where,
                 "is not a time: give 2026-11-22T20:00:00Z or seconds since the epoch");
    }
    return time;
}

static apr_time_t read_end(reader_t *reader, json_object *window, const char *where)
{
    return read_bound(reader, member_of(window, "EndTime"), where, 0);
}

static apr_time_t read_start(reader_t *reader, json_object *window, const char *where)
{
    return read_bound(reader, member_of(window, "StartTime"), where, 1);
}

static const char *read_string(reader_t *reader, json_object *object, const char *name)
{
    json_object *value = member_of(object, name);

    if (value && !json_object_is_type(value, json_type_string)) {
        complain(reader, name, "is not a string");
        return NULL;
    }
    return value ? apr_pstrdup(reader->pool, json_object_get_string(value)) : NULL;
}

static int read_is_recurring(reader_t *reader, json_object *item)
{
    const char *type = read_string(reader, item, "ScheduleType");
    const int is_recurring = type && strcmp(type, "RECURRING") == 0;

    if (type && !is_recurring && strcmp(type, "SINGLE") != 0) {
        complain(reader, "ScheduleType", "is neither SINGLE nor RECURRING");
    }
    return is_recurring;
}

static void read_windows(reader_t *reader, json_object *item, si_schedule_t *schedule)
{
    json_object *retrieval = member_of(item, "Retrieval");
    json_object *consumption = member_of(item, "Consumption");

    schedule->retrieval_start = read_start(reader, retrieval, "Retrieval.StartTime");
    schedule->retrieval_end = read_end(reader, retrieval, "Retrieval.EndTime");
    schedule->consumption_start = read_start(reader, consumption, "Consumption.StartTime");
    schedule->consumption_end = read_end(reader, consumption, "Consumption.EndTime");
}

static void read_schedule(reader_t *reader, json_object *item, si_schedule_t *schedule)
{
    schedule->configuration = read_string(reader, item, "PlaybackConfigurationName");
    if (!schedule->configuration) {
        complain(reader, "PlaybackConfigurationName", "is missing");
    }
    schedule->stream_id = read_string(reader, item, "StreamId");
    schedule->is_recurring = read_is_recurring(reader, item);
    if (schedule->is_recurring) {
        schedule->consumption_end = read_end(reader,
                                             member_of(item, "RecurringPrefetchConfiguration"),
                                             "RecurringPrefetchConfiguration.EndTime");
    }
    else {
        read_windows(reader, item, schedule);
    }
}

static const char *read_items(apr_pool_t *pool, json_object *listing,
                              apr_array_header_t **schedules)
{
    json_object *items = member_of(listing, "Items");
    reader_t reader = { pool, 0, NULL };

    if (!json_object_is_type(items, json_type_array)) {
        return "no \"Items\" array; expected the output of \"aws mediatailor "
               "list-prefetch-schedules\"";
    }
    *schedules = apr_array_make(pool, (int)json_object_array_length(items), sizeof(si_schedule_t));
    for (; reader.index < (int)json_object_array_length(items); reader.index++) {
        json_object *item = json_object_array_get_idx(items, (size_t)reader.index);
        si_schedule_t *schedule = apr_array_push(*schedules);

        memset(schedule, 0, sizeof(*schedule));
        read_schedule(&reader, item, schedule);
    }
    return reader.problem;
}

const char *si_schedule_file_read(apr_pool_t *pool, const char *text, apr_size_t length,
                                  apr_array_header_t **schedules)
{
    json_tokener *tokener = json_tokener_new();
    json_object *listing;
    const char *problem;

    if (!tokener) {
        return "no memory to read it";
    }
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    listing = json_tokener_parse_ex(tokener, text, (int)length);
    switch (json_tokener_get_error(tokener)) {
    case json_tokener_success:
        problem = read_items(pool, listing, schedules);
        break;
    case json_tokener_continue:
        problem = apr_psprintf(pool, "the JSON is cut off after byte %lu", (unsigned long)length);
        break;
    default:
        problem = apr_psprintf(pool, "invalid JSON at byte %lu of %lu: %s",
                               (unsigned long)json_tokener_get_parse_end(tokener),
                               (unsigned long)length,
                               json_tokener_error_desc(json_tokener_get_error(tokener)));
    }
    json_object_put(listing);
    json_tokener_free(tokener);
    return problem;
}
