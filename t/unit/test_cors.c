/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Which origins may read an answer, and how an origin is written. */
#include "tap.h"

#include "config/cors.h"

static const struct {
    const char *text;
    const char *origin; /* NULL: none */
} origins[] = {
    { "https://player.example", "https://player.example" },
    { "http://player.example", "http://player.example" },
    { "https://player.example:8443", "https://player.example:8443" },
    { "http://localhost:3000", "http://localhost:3000" },
    { "http://127.0.0.1:8080", "http://127.0.0.1:8080" },
    { "HTTPS://Player.Example", "https://player.example" },
    { "https://player.example:443", "https://player.example" },
    { "http://player.example:80", "http://player.example" },
    { "HTTPS://Player.Example:443", "https://player.example" },
    { "http://player.example:443", "http://player.example:443" },
    { "https://player.example:80", "https://player.example:80" },
    { "https://[2001:DB8::1]", "https://[2001:db8::1]" },
    { "https://[::1]:443", "https://[::1]" },
    { "https://[::1]:8443", "https://[::1]:8443" },
    { "https://player.example:1", "https://player.example:1" },
    { "https://player.example:65535", "https://player.example:65535" },
    { "null", "null" },
    { "Null", "null" },
    { "file://", "file://" },
    { "FILE://", "file://" },
    { "content://", "content://" },
    { "file://localhost", "file://localhost" },
    { "capacitor://localhost", "capacitor://localhost" },
    { "ionic://localhost", "ionic://localhost" },
    { "Tauri://Localhost", "tauri://localhost" },
    { "dvb://233a.1004.1044", "dvb://233a.1004.1044" },
    { "chrome-extension://abcdefghijklmnop", "chrome-extension://abcdefghijklmnop" },
    { "com.example.app+tv://localhost:8080", "com.example.app+tv://localhost:8080" },

    { "", NULL },
    { "nul", NULL },
    { "nulls", NULL },
    { "://", NULL },
    { "://player.example", NULL },
    { "http://", NULL },
    { "HTTPS://", NULL },
    { "file", NULL },
    { "file:", NULL },
    { "file:/", NULL },
    { "file:///", NULL },
    { "file:///android_asset", NULL },
    { "capacitor://localhost/", NULL },
    { "1file://", NULL },
    { "1http://player.example", NULL },
    { "-app://localhost", NULL },
    { "my_app://localhost", NULL },
    { "my app://localhost", NULL },
    { "file://?", NULL },
    { "file://:80", NULL },
    { "player.example", NULL },
    { "//player.example", NULL },
    { "https:", NULL },
    { "https://", NULL },
    { "https:///", NULL },
    { "https://:443", NULL },
    { "https:/player.example", NULL },
    { "https://player.example/", NULL },
    { "https://player.example/path", NULL },
    { "https://player.example?q", NULL },
    { "https://player.example#f", NULL },
    { "https://user@player.example", NULL },
    { "https://user:secret@player.example", NULL },
    { "https://@player.example", NULL },
    { "https://player.example:port", NULL },
    { "https://player.example:0", NULL },
    { "https://player.example:65536", NULL },
    { "https://player.example:65979", NULL }, /* 443 modulo 65536 */
    { "https://player.example:-1", NULL },
};

static void serialize(apr_pool_t *pool)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(origins); i++) {
        is(si_cors_origin(pool, origins[i].text), origins[i].origin, "'%s' is %s", origins[i].text,
           origins[i].origin ? "an origin" : "no origin");
    }
}

static const struct {
    si_cors_mode_t mode;
    const char *origin; /* NULL: no such header */
    const char *allowed;
} requests[] = {
    { SI_CORS_ANY, "https://a.example", "*" },
    { SI_CORS_ANY, "null", "*" },
    { SI_CORS_ANY, "", "*" },
    { SI_CORS_ANY, NULL, "*" },
    { SI_CORS_NONE, "https://a.example", NULL },
    { SI_CORS_NONE, NULL, NULL },
    { SI_CORS_LIST, "https://a.example", "https://a.example" },
    { SI_CORS_LIST, "http://b.example:8080", "http://b.example:8080" },
    { SI_CORS_LIST, NULL, NULL },
    { SI_CORS_LIST, "", NULL },
    { SI_CORS_LIST, "null", "null" },
    { SI_CORS_LIST, "Null", NULL },
    { SI_CORS_LIST, "file://", "file://" },
    { SI_CORS_LIST, "file:///", NULL },
    { SI_CORS_LIST, "file://localhost", NULL },
    { SI_CORS_NONE, "null", NULL },
    { SI_CORS_LIST, "*", NULL },
    { SI_CORS_LIST, "http://a.example", NULL },
    { SI_CORS_LIST, "https://a.example:8443", NULL },
    { SI_CORS_LIST, "https://a.example.evil.example", NULL },
    { SI_CORS_LIST, "https://a.exampl", NULL },
    { SI_CORS_LIST, "https://evil.a.example", NULL },
    { SI_CORS_LIST, "https://a.example, http://b.example:8080", NULL },
    { SI_CORS_LIST, "http://b.example", NULL },
    { SI_CORS_LIST, "http://b.example:80", NULL },
};

static const char *const mode_names[] = { "any", "none", "list" };

static void allow(apr_pool_t *pool)
{
    apr_array_header_t *listed = apr_array_make(pool, 2, sizeof(const char *));
    apr_size_t i;

    APR_ARRAY_PUSH(listed, const char *) = "https://a.example";
    APR_ARRAY_PUSH(listed, const char *) = "http://b.example:8080";
    APR_ARRAY_PUSH(listed, const char *) = "null";
    APR_ARRAY_PUSH(listed, const char *) = "file://";
    for (i = 0; i < COUNT_OF(requests); i++) {
        const si_cors_t cors = { requests[i].mode, listed };
        const char *origin = requests[i].origin;

        is(si_cors_allow_origin(&cors, origin), requests[i].allowed, "%s: from '%s'",
           mode_names[requests[i].mode], origin ? origin : "(none)");
    }
}

static const struct {
    const char *requested; /* NULL: nothing */
    const char *allowed;
} preflights[] = {
    { NULL, "content-type" },
    { "", "content-type" },
    { " ", "content-type" },
    { ",", "content-type" },
    { ", ,", "content-type" },
    { "content-type", "content-type" },
    { "x-custom", "x-custom" },
    { "content-type,x-custom", "content-type,x-custom" },
    { "Content-Type, X-Custom", "Content-Type, X-Custom" },
    { "x-a1!#$%&'*+-.^_`|~", "x-a1!#$%&'*+-.^_`|~" },
    { "x-a: b", "content-type" },
    { "x-a\r\nSet-Cookie: a=b", "content-type" },
    { "x-a\n", "content-type" },
    { "x-\x7F", "content-type" },
    { "x-\xC3\xA4", "content-type" },
    { "<script>", "content-type" },
    { "x-a;q=1", "content-type" },
    { "\"x-a\"", "content-type" },
};

int main(void)
{
    apr_pool_t *pool = tap_pool();
    apr_size_t i;

    serialize(pool);
    allow(pool);
    for (i = 0; i < COUNT_OF(preflights); i++) {
        const char *requested = preflights[i].requested;
        is(si_cors_allow_headers(requested), preflights[i].allowed, "preflight for '%s'",
           requested ? requested : "(none)");
    }
    is(SI_CORS_METHODS, "GET, HEAD, POST, OPTIONS", "the methods of a preflight");
    is(SI_CORS_EXPOSED, "Retry-After, x-amzn-RequestId, x-amzn-ErrorType", "the exposed headers");
    is(SI_CORS_MAX_AGE, "86400", "a preflight holds one day");
    return done();
}
