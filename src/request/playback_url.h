/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * MediaTailor's URLs as players ask for them below the module's path, and the Location that a
 * playback request is redirected to. Works on the raw bytes of the request line: nothing is decoded
 * and encoded again, so what is emitted is what came in.
 */
#ifndef SI_PLAYBACK_URL_H
#define SI_PLAYBACK_URL_H

#include <apr_pools.h>

typedef enum {
    SI_KIND_UNKNOWN, /* none of MediaTailor's paths: 404 */
    SI_KIND_SESSION, /* /v1/master/, /v1/dash/, /v1/session/: begins a session (contract 1) */
    SI_KIND_CHILD    /* any other /v1/<kind>/: belongs to a session that exists */
} si_kind_t;

typedef struct {
    si_kind_t kind;
    const char *path;          /* from "/v1/" on; not NUL-terminated */
    apr_size_t length;         /* of path */
    const char *asset;         /* within path: behind the kind, "H/C/asset" */
    const char *configuration; /* within asset: its second segment */
    apr_size_t configuration_length;
} si_playback_t;

/*
 * The path of a request target as it stands in the request line: origin form ("/p?q") or absolute
 * form
 * ("http://h/p?q", RFC 9112 section 3.2). Points into target; *length is 0 where there is no path.
 */
const char *si_raw_path(const char *target, apr_size_t *length);

/* Whether path is below prefix: "PREFIX/...", at a segment boundary. */
int si_path_is_below(const char *path, apr_size_t length, const char *prefix,
                     apr_size_t prefix_length);

/*
 * What follows prefix in a raw path that httpd has found to be below it; end is the path's end.
 * Compares decoded bytes, and takes several slashes for one, as httpd does. Points into path; end
 * if the path does not begin with prefix, as one with dot segments may not.
 */
const char *si_path_after(const char *path, const char *end, const char *prefix);

/* Turns each "%252F" of an escaped path, in either case, into "%2F", in place. */
void si_path_keep_escaped_slashes(char *path);

/*
 * Reads a path without the prefix into *playback, which then points into path. The kind is
 * SI_KIND_UNKNOWN unless the path says by itself, without decoding, "/v1/", a kind (lower-case
 * letters, digits and hyphens), two segments and an asset path, and has no dot segment, backslash
 * or control byte, escaped or not.
 */
void si_playback_read(const char *path, apr_size_t length, si_playback_t *playback);

/* Whether the query carries a non-empty aws.sessionId: the session exists (contract row 3). */
int si_query_has_session(const char *query);

/*
 * The Location for playback: base (may be empty), path and query. Where the kind begins a session,
 * every aws.streamId of the client is dropped and "aws.streamId=<stream_id>" appended, unless
 * stream_id is NULL (contract section 10, rows 1 to 3). query is NULL where the request has none.
 * Allocated from pool.
 */
const char *si_playback_location(apr_pool_t *pool, const char *base, const si_playback_t *playback,
                                 const char *query, const char *stream_id);

/* The path that a session initialization goes to: "/v1/session/H/C/asset". Allocated from pool. */
const char *si_session_path(apr_pool_t *pool, const si_playback_t *playback);

#endif
