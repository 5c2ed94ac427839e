/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* MediaTailor's paths, raw, and the Location to which a playback request is redirected. */
#include "tap.h"

#include "request/playback_url.h"
#include "request/query.h"

static const struct {
    const char *target;
    const char *path; /* "" if there is none */
} targets[] = {
    { "/a/b", "/a/b" },
    { "/a/b?q=/c", "/a/b" },
    { "/?q", "/" },
    { "/a#f", "/a" },
    { "/a%3Fb", "/a%3Fb" },
    { "//host/a", "//host/a" },
    { "http://host/a/b?q", "/a/b" },
    { "http://host:8080/a", "/a" },
    { "HTTPS://user@host/a", "/a" },
    { "http://host//evil/a", "//evil/a" },
    { "http://host/a?u=http://other/b", "/a" },
    { "http://host", "" },
    { "http://host?q=/a", "" },
    { "http://host#/a", "" },
    { "http:///a", "/a" },
    { "*", "" },
    { "host:443", "" },
    { "a/b", "" },
    { "http:/a", "" },
    { "", "" },
};

static void raw_paths(void)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(targets); i++) {
        char *target = exact_copy(targets[i].target, strlen(targets[i].target) + 1);
        apr_size_t length = 999;
        const char *path = si_raw_path(target, &length);

        is_bytes(path, length, targets[i].path, strlen(targets[i].path), "raw path of '%s'",
                 targets[i].target);
        free(target);
    }
}

static const struct {
    const char *path;
    const char *prefix;
    int below;
} belows[] = {
    { "/session-initializer/v1/x", "/session-initializer", 1 },
    { "/session-initializer/", "/session-initializer", 1 },
    { "/session-initializer", "/session-initializer", 0 },
    { "/session-initializerfoo", "/session-initializer", 0 },
    { "/session-initializerfoo/v1/x", "/session-initializer", 0 },
    { "/session-initializer%2Fv1", "/session-initializer", 0 },
    { "/Session-Initializer/v1", "/session-initializer", 0 },
    { "/session-initialize/v1/abc", "/session-initializer", 0 },
    { "/a/session-initializer/v1", "/session-initializer", 0 },
    { "//session-initializer/v1", "/session-initializer", 0 },
    { "/", "/session-initializer", 0 },
    { "", "/session-initializer", 0 },
    { "/a/b/c", "/a/b", 1 },
    { "/a/bc", "/a/b", 0 },
};

static void prefixes(void)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(belows); i++) {
        const apr_size_t length = strlen(belows[i].path);
        char *path = exact_copy(belows[i].path, length);

        is_number(si_path_is_below(path, length, belows[i].prefix, strlen(belows[i].prefix)),
                  belows[i].below, "'%s' %s below '%s'", belows[i].path,
                  belows[i].below ? "is" : "is not", belows[i].prefix);
        free(path);
    }
}

static const struct {
    const char *path;
    const char *prefix;
    const char *rest; /* "" if the path does not begin with the prefix */
} afters[] = {
    { "/session-initializer/v1/x", "/session-initializer", "/v1/x" },
    { "/session-initializer/", "/session-initializer", "/" },
    { "/session%2Dinitializer/v1/%2f", "/session-initializer", "/v1/%2f" },
    { "/%73%65ssion%2dinitializer/v1/x", "/session-initializer", "/v1/x" },
    { "//session-initializer/v1/x", "/session-initializer", "/v1/x" },
    { "////session-initializer//v1/x", "/session-initializer", "//v1/x" },
    { "/%2F/%2fsession-initializer%2Fv1/x", "/session-initializer", "%2Fv1/x" },
    { "/a//b/c", "/a/b", "/c" },
    { "/a%2Fb/c", "/a/b", "/c" },
    { "//a///%62/c", "/a/b", "/c" },
    { "/./session-initializer/v1/x", "/session-initializer", "" },
    { "/x/../session-initializer/v1/x", "/session-initializer", "" },
    { "/session%252Dinitializer/v1/x", "/session-initializer", "" },
    { "/session-initialize", "/session-initializer", "" },
    { "/session-initializer", "/session-initializer", "" },
    { "/session%2", "/session-initializer", "" },
    { "////", "/session-initializer", "" },
    { "", "/session-initializer", "" },
};

static void cut_prefixes(void)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(afters); i++) {
        const apr_size_t length = strlen(afters[i].path);
        char *path = exact_copy(afters[i].path, length);
        const char *rest = si_path_after(path, path + length, afters[i].prefix);

        is_bytes(rest, (apr_size_t)(path + length - rest), afters[i].rest, strlen(afters[i].rest),
                 "'%s' without '%s' is '%s'", afters[i].path, afters[i].prefix, afters[i].rest);
        free(path);
    }
}

static const char *const kept_slashes[][2] = {
    { "/a%252Fb", "/a%2Fb" },
    { "/a%252fb%252F", "/a%2fb%2F" },
    { "%252F%252F", "%2F%2F" },
    { "/a%2Fb", "/a%2Fb" },
    { "/a%25252Fb", "/a%25252Fb" },
    { "/a%252Gb%25", "/a%252Gb%25" },
    { "/a%252", "/a%252" },
    { "/a b", "/a b" },
    { "", "" },
};

static void keep_slashes(apr_pool_t *pool)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(kept_slashes); i++) {
        char *path = apr_pstrdup(pool, kept_slashes[i][0]);

        si_path_keep_escaped_slashes(path);
        is(path, kept_slashes[i][1], "'%s' with its escaped slashes kept is '%s'",
           kept_slashes[i][0], kept_slashes[i][1]);
    }
}

static const struct {
    si_kind_t kind;
    const char *path;
    apr_size_t length;
    const char *asset; /* from "H" on; NULL if unknown */
} paths[] = {
    { SI_KIND_SESSION, BYTES("/v1/master/H/C/a.m3u8"), "H/C/a.m3u8" },
    { SI_KIND_SESSION, BYTES("/v1/dash/H/C/a.mpd"), "H/C/a.mpd" },
    { SI_KIND_SESSION, BYTES("/v1/session/H/C/a.m3u8"), "H/C/a.m3u8" },
    { SI_KIND_SESSION, BYTES("/v1/session/H/C/out/v1/4d6b/index.m3u8"),
      "H/C/out/v1/4d6b/index.m3u8" },
    { SI_KIND_SESSION, BYTES("/v1/master/H/C/dir/"), "H/C/dir/" },
    { SI_KIND_SESSION, BYTES("/v1/master/H/C/a"), "H/C/a" },
    { SI_KIND_SESSION, BYTES("/v1/master/a/b/c"), "a/b/c" },
    { SI_KIND_SESSION, BYTES("/v1/master/H/C/a%2Fb.m3u8"), "H/C/a%2Fb.m3u8" },
    { SI_KIND_SESSION, BYTES("/v1/master/H/C/a%2fb%20c%25.m3u8"), "H/C/a%2fb%20c%25.m3u8" },
    { SI_KIND_SESSION, BYTES("/v1/master/H/C/a;p=1,b:@!$&'()*+=~_-.m3u8"),
      "H/C/a;p=1,b:@!$&'()*+=~_-.m3u8" },
    { SI_KIND_SESSION, BYTES("/v1/master/H/C/%C3%A4.m3u8"), "H/C/%C3%A4.m3u8" },
    { SI_KIND_SESSION, BYTES("/v1/master/H/C/\xC3\xA4.m3u8"), "H/C/\xC3\xA4.m3u8" },
    { SI_KIND_SESSION, BYTES("/v1/master/H/C/100%"), "H/C/100%" },
    { SI_KIND_CHILD, BYTES("/v1/manifest/H/C/S/0.m3u8"), "H/C/S/0.m3u8" },
    { SI_KIND_CHILD, BYTES("/v1/manifest/H/S/0.m3u8"), "H/S/0.m3u8" },
    { SI_KIND_CHILD, BYTES("/v1/tracking/H/C/S"), "H/C/S" },
    { SI_KIND_CHILD, BYTES("/v1/segment/H/C/S/0/1"), "H/C/S/0/1" },
    { SI_KIND_CHILD, BYTES("/v1/dashsegment/H/C/S/0/1"), "H/C/S/0/1" },
    { SI_KIND_CHILD, BYTES("/v1/i-media/H/C/S/0.m3u8"), "H/C/S/0.m3u8" },
    { SI_KIND_CHILD, BYTES("/v1/interstitials/H/C/S/0"), "H/C/S/0" },
    { SI_KIND_CHILD, BYTES("/v1/unknown/H/C/a"), "H/C/a" },
    { SI_KIND_CHILD, BYTES("/v1/masters/H/C/a"), "H/C/a" },
    { SI_KIND_CHILD, BYTES("/v1/a-kind-2/H/C/a%2Fb"), "H/C/a%2Fb" },

    /* Dots that are not a dot segment. */
    { SI_KIND_SESSION, BYTES("/v1/master/H/C/..."), "H/C/..." },
    { SI_KIND_SESSION, BYTES("/v1/master/H/C/%2e%2e%2e/a"), "H/C/%2e%2e%2e/a" },
    { SI_KIND_SESSION, BYTES("/v1/master/H/C/.hidden/..a/a../a.b"), "H/C/.hidden/..a/a../a.b" },
    { SI_KIND_SESSION, BYTES("/v1/master/H/C/%2ea"), "H/C/%2ea" },
    { SI_KIND_SESSION, BYTES("/v1/master/H/C/a%2e"), "H/C/a%2e" },
    { SI_KIND_SESSION, BYTES("/v1/master/H/C/a.%2"), "H/C/a.%2" },

    /* Paths that are not MediaTailor's. */
    { SI_KIND_UNKNOWN, BYTES(""), NULL },
    { SI_KIND_UNKNOWN, BYTES("/"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/x"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/unknown/H/C"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/unknown//C/a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/unknown/"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/unknown"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/i_media/H/C/a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/un.known/H/C/a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/../H/C/a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/%6daster/H/C/a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/@evil/H/C/a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/evil:80/H/C/a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v2/master/H/C/a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/V1/master/H/C/a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/Master/H/C/a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/masterH/C/a/b"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/tm/x/y/z"), NULL },
    { SI_KIND_UNKNOWN, BYTES("v1/master/H/C/a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("//v1/master/H/C/a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1//master/H/C/a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/a/v1/master/H/C/a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("//evil.example/v1/master/H/C/a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/%2fevil.example/v1/master/H/C/a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("\\evil.example/v1/master/H/C/a"), NULL },

    /* The raw path itself must contain what httpd's decoded path contains. */
    { SI_KIND_UNKNOWN, BYTES("/%76%31/master/H/C/a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/m%61ster/H/C/a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1%2Fmaster/H/C/a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master%2FH/C/a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H%2FC%2Fa"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C%2Fa"), NULL },

    /* Two segments and an asset path, none empty. */
    { SI_KIND_UNKNOWN, BYTES("/v1/master"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master//C/a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H//a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master///a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/tracking/H/C"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/manifest//C/S"), NULL },

    /* Dot segments, with any escaping. */
    { SI_KIND_UNKNOWN, BYTES("/v1/master/../C/a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/./C/a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/../a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/../a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/./a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/.."), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/."), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/a/../../../b"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/%2e%2e/a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/%2E%2E/a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/.%2e/a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/%2e./a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/%2e/a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/%2e"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/a%2F.."), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/a%2f..%2fb"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/..%2Fb"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/%2e%2e%2Fb"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/a%2F%2e%2e"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/%2e%2e/C/a"), NULL },

    /* Backslashes and control bytes, escaped or not. */
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/a\\b"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/a%5Cb"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/a%5cb"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/..\\..\\b"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/\\evil/C/a"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/a\r\nSet-Cookie: a=b"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/a%0d%0aSet-Cookie:%20a=b"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/a%0D"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/a%0A"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/a%00"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/a%00b"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/a\0b"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/a\tb"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/a%09b"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/a%1Fb"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/a\x7F"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/master/H/C/a%7F"), NULL },
    { SI_KIND_UNKNOWN, BYTES("/v1/tracking/H/C/S%0d%0a"), NULL },
};

static const char *const kind_names[] = { "unknown", "session", "child" };

static void read_paths(void)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(paths); i++) {
        char *path = exact_copy(paths[i].path, paths[i].length);
        si_playback_t playback;

        si_playback_read(path, paths[i].length, &playback);
        is_number(playback.kind, paths[i].kind, "%s: '%s'", kind_names[paths[i].kind],
                  paths[i].path);
        if (paths[i].asset && playback.kind == paths[i].kind) {
            is_bytes(playback.path, playback.length, paths[i].path, paths[i].length,
                     "the path is '%s', unchanged", paths[i].path);
            is_bytes(playback.asset, (apr_size_t)(path + paths[i].length - playback.asset),
                     paths[i].asset, strlen(paths[i].asset), "the asset is '%s'", paths[i].asset);
        }
        free(path);
    }
}

static void every_byte_in_a_path(apr_pool_t *pool)
{
    int byte, wrong = 0;

    for (byte = 0; byte < 256; byte++) {
        char raw[] = "/v1/master/H/C/a?b";
        const char *escaped = apr_psprintf(pool, "/v1/master/H/C/a%%%02xb", (unsigned)byte);
        const int is_bad = byte < ' ' || byte == 0x7F || byte == '\\';
        si_playback_t playback;

        raw[16] = (char)byte;
        si_playback_read(raw, 18, &playback);
        wrong += (playback.kind == SI_KIND_UNKNOWN) != is_bad;
        si_playback_read(escaped, strlen(escaped), &playback);
        wrong += (playback.kind == SI_KIND_UNKNOWN) != is_bad;
    }
    is_number(wrong, 0,
              "control bytes, DEL and the backslash are refused, raw and escaped, no other");
}

static const struct {
    const char *query; /* NULL: none */
    int has;
} sessions[] = {
    { "aws.sessionId=171e4158", 1 },
    { "a=1&aws.sessionId=x&b=2", 1 },
    { "aws%2EsessionId=x", 1 },
    { "%61ws.sessionI%64=x", 1 },
    { "aws.sessionId=&aws.sessionId=x", 1 },
    { "aws.sessionId=x&aws.sessionId=", 1 },
    { "&&aws.sessionId=x", 1 },
    { "aws.sessionId==", 1 },
    { NULL, 0 },
    { "", 0 },
    { "aws.sessionId", 0 },
    { "aws.sessionId=", 0 },
    { "aws.sessionId=&a=1", 0 },
    { "aws.sessionid=x", 0 },
    { "sessionId=x", 0 },
    { "aws.sessionId2=x", 0 },
    { "aws.sessionId%00=x", 0 },
    { "aws%252EsessionId=x", 0 },
    { "u=aws.sessionId=x", 0 },
    { "aws.streamId=x", 0 },
};

static void find_sessions(void)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(sessions); i++) {
        is_number(si_query_has_session(sessions[i].query), sessions[i].has, "'%s' %s a session",
                  sessions[i].query ? sessions[i].query : "(none)",
                  sessions[i].has ? "has" : "has not");
    }
}

#define HLS "/v1/master/H/C/a.m3u8"
#define CHILD "/v1/manifest/H/C/S/0.m3u8"

static const struct {
    const char *name;
    const char *base;
    const char *path;
    const char *query;
    const char *stream_id;
    const char *location;
} locations[] = {
    { "HLS", "", HLS, NULL, "3", HLS "?aws.streamId=3" },
    { "DASH", "", "/v1/dash/H/C/a.mpd", NULL, "1", "/v1/dash/H/C/a.mpd?aws.streamId=1" },
    { "explicit by GET", "", "/v1/session/H/C/a.mpd", "ads.a=1", "10",
      "/v1/session/H/C/a.mpd?ads.a=1&aws.streamId=10" },
    { "with a base", "https://cdn.example:8443", HLS, NULL, "2",
      "https://cdn.example:8443" HLS "?aws.streamId=2" },
    { "empty query", "", HLS, "", "3", HLS "?aws.streamId=3" },
    { "query is kept", "", HLS, "a=1&b=2", "3", HLS "?a=1&b=2&aws.streamId=3" },
    { "empty items are kept", "", HLS, "&a=1&&b=2", "3", HLS "?&a=1&&b=2&aws.streamId=3" },
    { "a last & is enough", "", HLS, "a=1&", "3", HLS "?a=1&aws.streamId=3" },
    { "no byte of the query is decoded or encoded", "", HLS,
      "ads.p=v%3A1&x+y=%2f%2F&u=http://h/?a=b&e=%zz%&\xC3\xA4;'\"<>", "3",
      HLS "?ads.p=v%3A1&x+y=%2f%2F&u=http://h/?a=b&e=%zz%&\xC3\xA4;'\"<>&aws.streamId=3" },
    { "no byte of the path is decoded or encoded", "", "/v1/master/H/C/a%2fb%2Fc+d;e%20%C3%A4.m3u8",
      NULL, "3", "/v1/master/H/C/a%2fb%2Fc+d;e%20%C3%A4.m3u8?aws.streamId=3" },
    { "path of a hostile asset", "", "/v1/master/H/C///evil.example/", NULL, "3", NULL },
    { "authority in a segment", "https://cdn.example", "/v1/master/@evil.example/C/a", NULL, "3",
      "https://cdn.example/v1/master/@evil.example/C/a?aws.streamId=3" },

    { "contract row 2: the client's id is dropped", "", HLS, "aws.streamId=9&x=1", "2",
      HLS "?x=1&aws.streamId=2" },
    { "the player's id alone", "", HLS, "aws.streamId=9", "2", HLS "?aws.streamId=2" },
    { "the player's id among others", "", HLS, "a=1&aws.streamId=9&b=2", "2",
      HLS "?a=1&b=2&aws.streamId=2" },
    { "the client's id last", "", HLS, "a=1&aws.streamId=9", "2", HLS "?a=1&aws.streamId=2" },
    { "several of the client's", "", HLS, "aws.streamId=1&aws.streamId=2&a=1&aws.streamId=3", "2",
      HLS "?a=1&aws.streamId=2" },
    { "the client's id, name escaped", "", HLS, "aws%2EstreamId=9&a=1", "2",
      HLS "?a=1&aws.streamId=2" },
    { "the client's id, name escaped whole", "", HLS, "a=1&%61%77%73%2e%73%74%72%65%61%6d%49%64=9",
      "2", HLS "?a=1&aws.streamId=2" },
    { "the client's id without a value", "", HLS, "aws.streamId&a=1&aws.streamId=", "2",
      HLS "?a=1&aws.streamId=2" },
    { "the id's name in another case is another name", "", HLS, "aws.streamid=9&AWS.streamId=8",
      "2", HLS "?aws.streamid=9&AWS.streamId=8&aws.streamId=2" },
    { "the id's name escaped twice is another name", "", HLS, "aws%252EstreamId=9", "2",
      HLS "?aws%252EstreamId=9&aws.streamId=2" },
    { "the id's name in a value", "", HLS, "u=aws.streamId=9", "2",
      HLS "?u=aws.streamId=9&aws.streamId=2" },

    { "contract row 3: an existing session gets no id", "", HLS, "aws.sessionId=S&a=1", NULL,
      HLS "?aws.sessionId=S&a=1" },
    { "an existing session loses the client's id", "", HLS, "aws.streamId=9&aws.sessionId=S", NULL,
      HLS "?aws.sessionId=S" },
    { "an existing session, with a base", "http://cdn.example", "/v1/dash/H/C/a.mpd",
      "aws.sessionId=S&a=%26", NULL, "http://cdn.example/v1/dash/H/C/a.mpd?aws.sessionId=S&a=%26" },

    { "child", "", CHILD, NULL, NULL, CHILD },
    { "child's query is untouched", "", CHILD, "a=%20+&&aws.sessionId=S&", NULL,
      CHILD "?a=%20+&&aws.sessionId=S&" },
    { "child keeps even a stream id", "", CHILD, "aws.streamId=9&a=1", NULL,
      CHILD "?aws.streamId=9&a=1" },
    { "child with a base", "https://cdn.example", CHILD, "a=1", NULL,
      "https://cdn.example" CHILD "?a=1" },
    { "child's empty query", "", CHILD, "", NULL, CHILD "?" },
};

static void make_locations(apr_pool_t *pool)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(locations); i++) {
        const apr_size_t length = strlen(locations[i].path);
        const char *query = locations[i].query;
        char *path = exact_copy(locations[i].path, length);
        char *copy = query ? exact_copy(query, strlen(query) + 1) : NULL;
        const char *location = NULL;
        si_playback_t playback;

        si_playback_read(path, length, &playback);
        if (playback.kind != SI_KIND_UNKNOWN) {
            location = si_playback_location(pool, locations[i].base, &playback, copy,
                                            locations[i].stream_id);
        }
        free(path);
        free(copy);
        is(location, locations[i].location, "Location: %s", locations[i].name);
    }
}

/* Pieces of a query, joined at random: what must be true of every Location. */
static const char *const pieces[] = {
    "a=1",
    "",
    "aws.streamId=9",
    "aws%2EstreamId",
    "%61ws.streamId=%26",
    "aws.sessionId=S",
    "aws.sessionId=",
    "aws%2esessionId=T",
    "u=//evil.example/",
    "%0d%0aSet-Cookie:x",
    "=",
    "%",
    "/../",
};

static int count_stream_ids(const char *location, int *is_ours)
{
    const char *query = strchr(location, '?');
    si_query_item_t item;
    int count = 0;

    query = query ? query + 1 : NULL;
    while (si_query_next(&query, &item)) {
        if (si_query_name_is(&item, "aws.streamId")) {
            count++;
            *is_ours = item.length == strlen("aws.streamId=7") && !query
                       && memcmp(item.text, "aws.streamId=7", item.length) == 0;
        }
    }
    return count;
}

/* Every query of four pieces. */
static void every_query(apr_pool_t *pool)
{
    const unsigned count = COUNT_OF(pieces);
    const unsigned all = count * count * count * count;
    int authority = 0, control = 0, ids = 0;
    apr_pool_t *scratch;
    unsigned n;

    apr_pool_create(&scratch, pool);
    for (n = 0; n < all; n++) {
        const char *query = apr_pstrcat(scratch, pieces[n % count], "&", pieces[n / count % count],
                                        "&", pieces[n / count / count % count], "&",
                                        pieces[n / count / count / count], NULL);
        const int has_session = si_query_has_session(query);
        int is_ours = 0;
        const char *location;
        si_playback_t playback;

        si_playback_read(HLS, strlen(HLS), &playback);
        location = si_playback_location(scratch, "", &playback, query, has_session ? NULL : "7");
        authority += strncmp(location, HLS "?", strlen(HLS "?")) != 0;
        control += si_query_has_control(location);
        ids += count_stream_ids(location, &is_ours) != (has_session ? 0 : 1);
        ids += !has_session && !is_ours;
        apr_pool_clear(scratch);
    }
    is_number(authority, 0, "%u queries: path-absolute, and the path is the one asked for", all);
    is_number(control, 0, "%u queries: no control byte", all);
    is_number(ids, 0,
              "%u queries: exactly one stream id, the module's, at the end; none with a session",
              all);
}

static const struct {
    const char *path;
    const char *session_path;
} session_paths[] = {
    { "/v1/session/H/C/a.m3u8", "/v1/session/H/C/a.m3u8" },
    { "/v1/master/H/C/a.m3u8", "/v1/session/H/C/a.m3u8" },
    { "/v1/dash/H/C/a.mpd", "/v1/session/H/C/a.mpd" },
    { "/v1/master/H/C/v1/master/a%2Fb.m3u8", "/v1/session/H/C/v1/master/a%2Fb.m3u8" },
};

static void make_session_paths(apr_pool_t *pool)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(session_paths); i++) {
        const apr_size_t length = strlen(session_paths[i].path);
        char *path = exact_copy(session_paths[i].path, length);
        const char *made;
        si_playback_t playback;

        si_playback_read(path, length, &playback);
        made = si_session_path(pool, &playback);
        free(path);
        is(made, session_paths[i].session_path, "a POST to %s goes to %s", session_paths[i].path,
           session_paths[i].session_path);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_pool();

    raw_paths();
    prefixes();
    cut_prefixes();
    keep_slashes(pool);
    read_paths();
    every_byte_in_a_path(pool);
    find_sessions();
    make_locations(pool);
    every_query(pool);
    make_session_paths(pool);
    return done();
}
