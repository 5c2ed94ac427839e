/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "request/playback_url.h"

#include "base/chars.h"
#include "request/query.h"

#include <apr_cstr.h>
#include <string.h>

#define STREAM_ID_NAME "aws.streamId"
#define VERSION_PREFIX "/v1/"
#define SESSION_PATH "/v1/session/"

const char *si_raw_path(const char *target, apr_size_t *length)
{
    if (*target != '/') {
        const char *authority = strstr(target, "://");
        target = authority ? authority + 3 + strcspn(authority + 3, "/?#") : "";
    }
    *length = *target == '/' ? strcspn(target, "?#") : 0;
    return target;
}

int si_path_is_below(const char *path, apr_size_t length, const char *prefix,
                     apr_size_t prefix_length)
{
    return length > prefix_length && path[prefix_length] == '/'
           && memcmp(path, prefix, prefix_length) == 0;
}

static const char *skip_slashes(const char *path, const char *end)
{
    const char *next = path;

    while (next < end && si_query_next_byte(&next, end) == '/') {
        path = next;
    }
    return path;
}

const char *si_path_after(const char *path, const char *end, const char *prefix)
{
    for (; *prefix; prefix++) {
        if (path == end || si_query_next_byte(&path, end) != *prefix) {
            return end;
        }
        if (*prefix == '/') {
            path = skip_slashes(path, end);
        }
    }
    return path;
}

void si_path_keep_escaped_slashes(char *path)
{
    char *out = path;

    while (*path) {
        *out++ = *path;
        path += apr_cstr_casecmpn(path, "%252f", sizeof("%252f") - 1) == 0 ? sizeof("%25") - 1 : 1;
    }
    *out = '\0';
}

/*
 * Whether the segment at *p, up to a slash or the end, is "." or "..". Moves *p to the next
 * segment.
 */
static int is_dot_segment(const char **p, const char *end)
{
    int dots = 0;
    int others = 0;

    while (*p < end) {
        const int c = si_query_next_byte(p, end);
        if (c == '/') {
            break;
        }
        dots += c == '.';
        others += c != '.';
    }
    return others == 0 && (dots == 1 || dots == 2);
}

static int has_dot_segment(const char *path, const char *end)
{
    while (path < end) {
        if (is_dot_segment(&path, end)) {
            return 1;
        }
    }
    return 0;
}

/* Whether the path has an escape, or a segment that begins with a dot, and so must be decoded. */
static int wants_closer_look(const char *path, const char *end)
{
    const char *dot = path;

    if (memchr(path, '%', (apr_size_t)(end - path))) {
        return 1;
    }
    while ((dot = memchr(dot, '.', (apr_size_t)(end - dot)))) {
        if (dot > path && dot[-1] == '/') {
            return 1;
        }
        dot++;
    }
    return 0;
}

static int has_bad_escape(const char *path, const char *end)
{
    while ((path = memchr(path, '%', (apr_size_t)(end - path)))) {
        const int c = si_query_next_byte(&path, end);
        if (c < ' ' || c == 0x7F || c == '\\') {
            return 1;
        }
    }
    return 0;
}

/*
 * Whether the path has no dot segment, backslash or control byte, escaped or not. An escaped slash
 * ends a segment too.
 */
static int path_is_clean(const char *path, apr_size_t length)
{
    const char *end = path + length;

    if (si_has_control(path, length) || memchr(path, '\\', length)) {
        return 0;
    }
    return !wants_closer_look(path, end)
           || (!has_bad_escape(path, end) && !has_dot_segment(path, end));
}

/* Paths that start a session (contract section 1). */
static const char *const session_prefixes[] = { "/v1/master/", "/v1/dash/", "/v1/session/" };

static int is_kind_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/* The length of the "/v1/<kind>/" that path begins with; 0 if it does not. */
static apr_size_t prefix_length_of(const char *path, apr_size_t length)
{
    apr_size_t i = sizeof(VERSION_PREFIX) - 1;

    if (length <= i || memcmp(path, VERSION_PREFIX, i) != 0) {
        return 0;
    }
    while (i < length && is_kind_byte(path[i])) {
        i++;
    }
    return i > sizeof(VERSION_PREFIX) - 1 && i < length && path[i] == '/' ? i + 1 : 0;
}

/*
 * MediaTailor may add kinds: every kind that does not start a session belongs to an existing one.
 */
static si_kind_t kind_of(const char *prefix, apr_size_t length)
{
    apr_size_t i;

    for (i = 0; i < sizeof(session_prefixes) / sizeof(session_prefixes[0]); i++) {
        if (strlen(session_prefixes[i]) == length
            && memcmp(prefix, session_prefixes[i], length) == 0) {
            return SI_KIND_SESSION;
        }
    }
    return SI_KIND_CHILD;
}

/* Returns the start of the segment after the one at p; NULL if that is empty or the last. */
static const char *skip_segment(const char *p, const char *end)
{
    const char *slash = memchr(p, '/', (apr_size_t)(end - p));
    return slash && slash > p ? slash + 1 : NULL;
}

void si_playback_read(const char *path, apr_size_t length, si_playback_t *playback)
{
    const char *end = path + length;
    const apr_size_t prefix_length = prefix_length_of(path, length);
    const char *configuration, *p;

    playback->kind = SI_KIND_UNKNOWN;
    if (prefix_length == 0 || !path_is_clean(path, length)) {
        return;
    }
    configuration = skip_segment(path + prefix_length, end);
    p = configuration ? skip_segment(configuration, end) : NULL;
    if (!p || p == end || *p == '/') {
        return;
    }
    playback->kind = kind_of(path, prefix_length);
    playback->path = path;
    playback->length = length;
    playback->asset = path + prefix_length;
    playback->configuration = configuration;
    playback->configuration_length = (apr_size_t)(p - configuration) - 1;
}

int si_query_has_session(const char *query)
{
    si_query_item_t item;

    while (si_query_next(&query, &item)) {
        if (item.value_length > 0 && si_query_name_is(&item, "aws.sessionId")) {
            return 1;
        }
    }
    return 0;
}

static char *append(char *out, const char *text, apr_size_t length)
{
    memcpy(out, text, length);
    return out + length;
}

/* Appends the query without the player's stream ids. The other items keep their bytes. */
static char *append_without_stream_ids(char *out, const char *query)
{
    si_query_item_t item;
    int is_first = 1;

    while (si_query_next(&query, &item)) {
        if (si_query_name_is(&item, STREAM_ID_NAME)) {
            continue;
        }
        if (!is_first) {
            *out++ = '&';
        }
        out = append(out, item.text, item.length);
        is_first = 0;
    }
    return out;
}

static char *append_query(char *out, si_kind_t kind, const char *query, const char *stream_id)
{
    const char *start = out;

    if (kind != SI_KIND_SESSION) {
        return append(out, query, strlen(query));
    }
    if (*query) { /* rare: players usually request plain URLs */
        out = append_without_stream_ids(out, query);
    }
    if (!stream_id) {
        return out;
    }
    if (out > start && out[-1] != '&') {
        *out++ = '&';
    }
    out = append(out, STREAM_ID_NAME "=", sizeof(STREAM_ID_NAME));
    return append(out, stream_id, strlen(stream_id));
}

const char *si_playback_location(apr_pool_t *pool, const char *base, const si_playback_t *playback,
                                 const char *query, const char *stream_id)
{
    const apr_size_t base_length = strlen(base);
    const apr_size_t query_length = query ? strlen(query) : 0;
    const apr_size_t id_length = stream_id ? strlen(stream_id) : 0;
    char *location = apr_palloc(pool, base_length + playback->length + query_length + id_length
                                          + sizeof("?&" STREAM_ID_NAME "="));
    char *out = append(location, base, base_length);

    out = append(out, playback->path, playback->length);
    if (query || stream_id) {
        *out++ = '?';
        out = append_query(out, playback->kind, query ? query : "", stream_id);
    }
    *out = '\0';
    return location;
}

const char *si_session_path(apr_pool_t *pool, const si_playback_t *playback)
{
    const apr_size_t asset_length = (apr_size_t)(playback->path + playback->length
                                                 - playback->asset);
    char *path = apr_palloc(pool, sizeof(SESSION_PATH) + asset_length);
    char *out = append(path, SESSION_PATH, sizeof(SESSION_PATH) - 1);

    out = append(out, playback->asset, asset_length);
    *out = '\0';
    return path;
}
