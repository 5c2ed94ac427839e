/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * A query, and after a line feed a body: the session parameters of the query move into the body,
 * decoded once, and the rest of the query stays unchanged.
 */
#include "changes.h"
#include "items.h"

#include "request/session_request.h"

/*
 * "name" of the query becomes the body's container.member; after a prefix the rest is the member.
 */
static const struct {
    const char *name, *container, *member;
} places[] = {
    { "ads.", "adsParams", NULL },
    { "playerParams.", "playerParams", NULL },
    { "manifest.", "manifestParams", NULL },
    { "manifestParams.", "manifestParams", NULL },
    { "aws.reportingMode", NULL, "reportingMode" },
    { "aws.logMode", NULL, "logMode" },
    { "aws.availSuppressionMode", "availSuppression", "mode" },
    { "aws.availSuppressionValue", "availSuppression", "value" },
    { "aws.availSuppressionFillPolicy", "availSuppression", "fillPolicy" },
    { "aws.overlayAvails", NULL, "overlayAvails" },
    { "aws.adSignalingEnabled", "adSignaling", "enabled" },
    { "aws.insertionMode", NULL, "insertionMode" },
    { "aws.startTime", NULL, "startTime" },
    { "aws.preroll", NULL, "preroll" },
    { "aws.guidedPrefetchMode", NULL, "guidedPrefetchMode" },
};

#define COUNT_OF(array) (int)(sizeof(array) / sizeof((array)[0]))

static int is_utf8(slice_t text)
{
    char *meaning = apr_palloc(fuzz_pool, text.length + 1);
    json_reader_t reader = { fuzz_pool, text.bytes, text.bytes + text.length, meaning, 0 };

    while (reader.p < reader.end) {
        if ((unsigned char)*reader.p < ' ') {
            reader.p++;
        }
        else if (!json_read_plain(&reader)) {
            return 0;
        }
    }
    return 1;
}

static int begins_with(slice_t text, const char *prefix)
{
    return text.length >= strlen(prefix) && memcmp(text.bytes, prefix, strlen(prefix)) == 0;
}

/* Finds where the item goes; returns 0 if it goes nowhere. */
static int find_place(const item_t *item, const char **container, slice_t *member)
{
    int i;

    for (i = 0; i < COUNT_OF(places); i++) {
        *container = places[i].container;
        if (places[i].member && is_named(item, places[i].name)) {
            *member = slice_of(places[i].member);
            return 1;
        }
        if (!places[i].member && begins_with(item->name, places[i].name)) {
            member->bytes = item->name.bytes + strlen(places[i].name);
            member->length = item->name.length - strlen(places[i].name);
            return 1;
        }
    }
    *container = "playerParams";
    *member = item->name;
    return !begins_with(item->name, "aws.");
}

static int stays(const item_t *item)
{
    const char *container;
    slice_t member;
    const int moves = find_place(item, &container, &member);

    return moves ? same(member, item->name) : !is_named(item, "aws.streamId");
}

/* Collects the changes of the items; returns 0 if one cannot be written in JSON. */
static int read_changes(const apr_array_header_t *items, apr_array_header_t *changes)
{
    int i;

    for (i = 0; i < items->nelts; i++) {
        const item_t *item = ITEM(items, i);
        const int is_boolean = is_named(item, "aws.adSignalingEnabled");
        const int is_word = same(item->value, slice_of("true"))
                            || same(item->value, slice_of("false"));
        const char *container;
        slice_t member;

        if (!find_place(item, &container, &member)) {
            continue;
        }
        if (!is_utf8(item->value) || !is_utf8(member) || (is_boolean && !is_word)) {
            return 0;
        }
        change_of(container ? changes_below(changes, container) : changes, member)->meaning =
            is_boolean ? item->value : meaning_of_string(item->value);
    }
    return 1;
}

static const char *kept_of(const apr_array_header_t *items)
{
    const char *kept = NULL;
    int i;

    for (i = 0; i < items->nelts; i++) {
        if (stays(ITEM(items, i))) {
            kept = apr_pstrcat(fuzz_pool, kept ? kept : "", kept ? "&" : "", ITEM(items, i)->text,
                               NULL);
        }
    }
    return kept;
}

static void try_input(const char *data, apr_size_t size)
{
    const char *line_end = size > 0 ? memchr(data, '\n', size) : NULL;
    const apr_size_t query_length = line_end ? (apr_size_t)(line_end - data) : size;
    const apr_size_t length = line_end ? size - query_length - 1 : 0;
    const char *query = string_of(data, query_length);
    const char *body = bytes_of(line_end ? line_end + 1 : data, length);
    apr_array_header_t *before = length > 0 ? json_read_object(fuzz_pool, body, length)
                                            : json_read_object(fuzz_pool, "{}", 2);
    apr_array_header_t *items = items_of(query), *changes = make_changes(), *after;
    const int is_good = read_changes(items, changes) && before && fit(before, changes);
    const char *kept = kept_of(items);
    si_error_t error;
    si_session_request_t session;

    change_of(changes, slice_of("streamId"))->meaning = meaning_of_string(slice_of("7"));
    error = si_session_request_make(fuzz_pool, body, length, query, "7", &session);
    MUST(is_good == (error == SI_ERROR_NONE));
    if (error != SI_ERROR_NONE) {
        MUST(si_errors[error].status == 400);
        return;
    }
    after = json_read_object(fuzz_pool, session.body, session.body_length);
    MUST(after);
    check_changes(before, after, changes);
    MUST(kept ? session.query && strcmp(kept, session.query) == 0 : !session.query);
}
