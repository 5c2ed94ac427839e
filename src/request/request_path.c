/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "request/request_path.h"

#include "request/query.h"

#include <http_core.h>
#include <string.h>

#define REWRITE_HANDLER_NAME "redirect-handler"

int si_request_is_of_player(const request_rec *r)
{
    const request_rec *prev;

    for (prev = r->prev; prev; prev = prev->prev) {
        if (prev->status != HTTP_OK || !prev->handler
            || strcmp(prev->handler, REWRITE_HANDLER_NAME) != 0) {
            return 0;
        }
    }
    return !r->main;
}

/*
 * Core decodes parsed_uri.path in place, and r->uri points to it. After a rewrite in server
 * context, r->uri is a different string. A rewrite in directory context is an internal redirect.
 */
static int is_rewritten(const request_rec *r)
{
    return r->prev
           || (r->uri != r->parsed_uri.path
               && (!r->parsed_uri.path || strcmp(r->uri, r->parsed_uri.path) != 0));
}

/* The request as it came, before internal redirects. */
static const request_rec *first_request(const request_rec *r)
{
    while (r->prev) {
        r = r->prev;
    }
    return r;
}

/* Whether decoding changed the path of an internal redirect, which had already been decoded. */
static int is_decoded_again(const request_rec *r)
{
    for (; r->prev; r = r->prev) {
        const char *path = r->parsed_uri.path;
        const apr_size_t length = strcspn(r->unparsed_uri, "?");

        if (!path || strlen(path) != length || memcmp(path, r->unparsed_uri, length) != 0) {
            return 1;
        }
    }
    return 0;
}

/* Whether httpd leaves escaped slashes undecoded: AllowEncodedSlashes NoDecode. */
static int keeps_escaped_slashes(const request_rec *r)
{
    const core_dir_config *core = ap_get_core_module_config(r->server->lookup_defaults);

    return core->allow_encoded_slashes && !core->decode_encoded_slashes;
}

/*
 * Whether the path came with "%252F", which is "%2F" in r->uri, like a "%2F" that was not decoded.
 */
static int has_escaped_escape(request_rec *r)
{
    apr_size_t length;
    const char *path = si_raw_path(first_request(r)->unparsed_uri, &length);

    path = si_query_decode(r->pool, path, length, &length);
    return ap_strcasestr(path, "%2f") != NULL;
}

/*
 * The path after a rewrite, without the prefix: httpd's decoded path, escaped again. Empty if that
 * would not be exact.
 */
static const char *rewritten_path(request_rec *r, const si_settings_t *settings)
{
    const int keeps_slashes = keeps_escaped_slashes(r);
    char *path;

    if (is_decoded_again(r) || (keeps_slashes && has_escaped_escape(r))) {
        return "";
    }
    path = ap_os_escape_path(r->pool, r->uri, 1);
    if (keeps_slashes) {
        si_path_keep_escaped_slashes(path);
    }
    return path + settings->path_length;
}

void si_request_playback(request_rec *r, const si_settings_t *settings, si_playback_t *playback)
{
    const char *path, *end;
    apr_size_t length;

    if (is_rewritten(r)) {
        path = rewritten_path(r, settings);
        si_playback_read(path, strlen(path), playback);
        return;
    }
    path = si_raw_path(r->unparsed_uri, &length);
    end = path + length;
    path = si_path_is_below(path, length, settings->path, settings->path_length)
               ? path + settings->path_length
               : si_path_after(path, end, settings->path);
    si_playback_read(path, (apr_size_t)(end - path), playback);
}
