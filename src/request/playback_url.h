/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * MediaTailor's URLs, as players request them below the module's path, and the Location that a
 * playback request is redirected to. It works on the raw bytes of the request line: nothing is
 * decoded and encoded again, so the redirect has the same bytes.
 */
#ifndef SI_PLAYBACK_URL_H
#define SI_PLAYBACK_URL_H

#include <apr_pools.h>

typedef enum {
    SI_KIND_UNKNOWN, /* not a path of MediaTailor: 404 */
    SI_KIND_SESSION, /* /v1/master/, /v1/dash/, /v1/session/: starts a session (contract 1) */
    SI_KIND_CHILD    /* any other /v1/<kind>/: belongs to an existing session */
} si_kind_t;

typedef struct {
    si_kind_t kind;
    const char *path;          /* from "/v1/" on; not NUL-terminated */
    apr_size_t length;         /* of path */
    const char *asset;         /* within path: after the kind, "H/C/asset" */
    const char *configuration; /* within asset: its second segment */
    apr_size_t configuration_length;
} si_playback_t;

/*
 * Returns the path of a request target: origin form ("/p?q") or absolute form ("http://h/p?q", RFC
 * 9112 section 3.2). The result points into target; *length is 0 if there is no path.
 */
const char *si_raw_path(const char *target, apr_size_t *length);

/* Whether path is below prefix: "PREFIX/...", at a segment boundary. */
int si_path_is_below(const char *path, apr_size_t length, const char *prefix,
                     apr_size_t prefix_length);

/*
 * Returns the part after prefix of a raw path that httpd has mapped below prefix; end is the path's
 * end. Compares decoded bytes and treats several slashes as one, like httpd. The result points into
 * path; it is end if the raw path does not begin with prefix, for example due to dot segments.
 */
const char *si_path_after(const char *path, const char *end, const char *prefix);

/* Turns each "%252F" of an escaped path, in either case, into "%2F", in place. */
void si_path_keep_escaped_slashes(char *path);

/*
 * Parses a path without the prefix into *playback, which then points into path. The kind is
 * SI_KIND_UNKNOWN unless the path has, without decoding, "/v1/", a kind (lower-case letters, digits
 * and hyphens), two segments and an asset path. It must not have a dot segment, backslash or
 * control byte, escaped or not.
 */
void si_playback_read(const char *path, apr_size_t length, si_playback_t *playback);

/* Whether the query has a non-empty aws.sessionId: the session exists (contract row 3). */
int si_query_has_session(const char *query);

/*
 * Returns the Location for playback, from pool: base (may be empty), path and query. If the kind
 * starts a session, every aws.streamId of the player is dropped and "aws.streamId=<stream_id>"
 * appended, unless stream_id is NULL (contract section 10, rows 1 to 3). query is NULL if the
 * request has none.
 */
const char *si_playback_location(apr_pool_t *pool, const char *base, const si_playback_t *playback,
                                 const char *query, const char *stream_id);

/* Returns the path that a session initialization is sent to: "/v1/session/H/C/asset", from pool. */
const char *si_session_path(apr_pool_t *pool, const si_playback_t *playback);

#endif
