/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * A raw request target to the Location that a player is sent to: it never leaves the player's host,
 * never breaks a header, and names one stream id or a session, as other URL parsers read it.
 */
#include "items.h"

#include "request/playback_url.h"
#include "request/query.h"

#include <apr_uri.h>
#include <curl/curl.h>

#define PREFIX "/session-initializer"
#define HOST "viewer.example"

static int count_of(const apr_array_header_t *items, const char *name)
{
    int i, count = 0;

    for (i = 0; i < items->nelts; i++) {
        count += is_named(ITEM(items, i), name);
    }
    return count;
}

static int names_session(const apr_array_header_t *items)
{
    int i, count = 0;

    for (i = 0; i < items->nelts; i++) {
        count += is_named(ITEM(items, i), "aws.sessionId") && ITEM(items, i)->value.length > 0;
    }
    return count > 0;
}

/* The decoded path has no dot segments, with slashes of either kind. */
static void check_path(const char *path)
{
    const slice_t bytes = decoded(path);
    char *rest = apr_pstrdup(fuzz_pool, bytes.bytes);
    const char *segment;
    char asset[2];

    MUST(strlen(bytes.bytes) == bytes.length);
    MUST(strncmp(bytes.bytes, "/v1/", 4) == 0);
    while ((segment = strsep(&rest, "/\\"))) {
        MUST(strcmp(segment, ".") != 0 && strcmp(segment, "..") != 0);
    }
    /* The kind, two segments and an asset: none is empty. */
    MUST(sscanf(path, "/v1/%*[^/]/%*[^/]/%*[^/]/%1[^/]", asset) == 1);
}

/* Checks where the URL leads by APR's parser and by libcurl's, which resolves as a player does. */
static void check_authority(const char *location)
{
    CURLU *url = curl_url();
    char *host, *scheme, *path, *port = NULL, *user = NULL;
    apr_uri_t uri;

    MUST(location[0] == '/' && location[1] == 'v');
    MUST(apr_uri_parse(fuzz_pool, apr_pstrcat(fuzz_pool, "http://" HOST, location, NULL), &uri)
         == APR_SUCCESS);
    MUST(strcmp(uri.hostinfo, HOST) == 0 && !uri.user);

    curl_url_set(url, CURLUPART_URL, "http://" HOST PREFIX "/v1/master/a/b/c.m3u8?x", 0);
    MUST(curl_url_set(url, CURLUPART_URL, location, 0) == CURLUE_OK);
    MUST(curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK && strcmp(host, HOST) == 0);
    MUST(curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK);
    MUST(strcmp(scheme, "http") == 0);
    MUST(curl_url_get(url, CURLUPART_PORT, &port, 0) == CURLUE_NO_PORT);
    MUST(curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_NO_USER);
    MUST(curl_url_get(url, CURLUPART_PATH, &path, 0) == CURLUE_OK);
    MUST(strncmp(path, "/v1/", 4) == 0);
    curl_free(host);
    curl_free(scheme);
    curl_free(path);
    curl_url_cleanup(url);
}

/*
 * The query has the player's items in their order, without its stream ids, and then the module's
 * stream id.
 */
static void check_query(const char *sent, const char *query, const char *stream_id)
{
    const apr_array_header_t *before = items_of(sent), *after = items_of(query);
    int i, kept = 0;

    for (i = 0; i < before->nelts; i++) {
        if (!is_named(ITEM(before, i), "aws.streamId")) {
            MUST(kept < after->nelts);
            MUST(strcmp(ITEM(before, i)->text, ITEM(after, kept)->text) == 0);
            kept++;
        }
    }
    MUST(count_of(after, "aws.streamId") == (stream_id ? 1 : 0));
    MUST(names_session(after) == !stream_id);
    MUST(after->nelts == kept + (stream_id ? 1 : 0));
    MUST(
        !stream_id
        || strcmp(ITEM(after, kept)->text, apr_pstrcat(fuzz_pool, "aws.streamId=", stream_id, NULL))
               == 0);
}

static void check_location(const char *location, const si_playback_t *playback, const char *args,
                           const char *stream_id)
{
    const char *query = strchr(location, '?');
    const char *p;

    for (p = location; *p; p++) {
        MUST((unsigned char)*p > ' ' && *p != 0x7F);
    }
    check_authority(location);
    check_path(apr_pstrndup(fuzz_pool, location, strcspn(location, "?")));
    MUST(strncmp(location, playback->path, playback->length) == 0);
    if (playback->kind == SI_KIND_CHILD) {
        MUST(query ? args && strcmp(query + 1, args) == 0 : !args);
        return;
    }
    MUST(query);
    check_query(args, query + 1, stream_id);
}

/* httpd accepts no space and no control byte in a request line, and removes the fragment. */
static void try_input(const char *data, apr_size_t size)
{
    const int has_base = size > 0 && *data & 1;
    const char *base = has_base ? "https://" HOST ":8443" : "";
    const char *target = size > 0 ? string_of(data + 1, size - 1) : "";
    const char *path, *end, *location, *stream_id = NULL;
    apr_uri_t uri;
    si_playback_t playback;
    apr_size_t length;

    path = si_raw_path(target, &length);
    end = path + length;
    if (strchr(target, ' ') || apr_uri_parse(fuzz_pool, target, &uri) != APR_SUCCESS) {
        return;
    }
    path = si_path_after(path, end, PREFIX);
    MUST(path <= end);
    si_playback_read(path, (apr_size_t)(end - path), &playback);
    if (playback.kind == SI_KIND_UNKNOWN || (uri.query && si_query_has_control(uri.query))) {
        return;
    }
    if (playback.kind == SI_KIND_SESSION) {
        check_path(si_session_path(fuzz_pool, &playback));
        stream_id = si_query_has_session(uri.query) ? NULL : "7";
    }
    location = si_playback_location(fuzz_pool, base, &playback, uri.query, stream_id);
    MUST(strncmp(location, base, strlen(base)) == 0);
    check_location(location + strlen(base), &playback, uri.query, stream_id);
}
