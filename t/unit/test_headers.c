/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Which headers go to MediaTailor, and which headers of its response come back. */
#include "tap.h"

#include "upstream/headers.h"

static const struct {
    const char *name;
    int forwardable;
} names[] = {
    { "CloudFront-Viewer-Country", 1 },
    { "X-Custom", 1 },
    { "x-custom", 1 },
    { "Origin", 1 },
    { "Accept", 1 },
    { "Forwarded", 1 },
    { "X-Forwarded-Proto", 1 },
    { "X", 1 },
    { "!#$%&'*+-.^_`|~1aZ", 1 },

    /* Named in the directive's description. */
    { "Cookie", 0 },
    { "cookie", 0 },
    { "COOKIE", 0 },
    { "Authorization", 0 },
    { "Host", 0 },
    { "Expect", 0 },
    { "X-Forwarded-For", 0 },
    { "x-forwarded-for", 0 },
    /* Hop-by-hop. */
    { "Connection", 0 },
    { "Keep-Alive", 0 },
    { "Proxy-Connection", 0 },
    { "Proxy-Authenticate", 0 },
    { "Proxy-Authorization", 0 },
    { "TE", 0 },
    { "Trailer", 0 },
    { "Upgrade", 0 },
    /* Framing. */
    { "Transfer-Encoding", 0 },
    { "Content-Length", 0 },
    { "content-length", 0 },
    /* Headers that the module sets. */
    { "Content-Type", 0 },
    { "Content-Encoding", 0 },
    { "Accept-Encoding", 0 },
    { "Range", 0 },
    /* Not a header name. */
    { "", 0 },
    { "X Custom", 0 },
    { "X-Custom:", 0 },
    { "X-Custom: a", 0 },
    { "X-Custom\r\n", 0 },
    { "X-\xC3\xA4", 0 },
    { "X-\x7F", 0 },
    { "X,Y", 0 },
    { "\"X\"", 0 },
    { "*/*", 0 },
};

#define MAX_HEADERS 8

typedef struct {
    const char *name;
    const char *value;
} header_t;

static const struct {
    const char *name;
    header_t incoming[MAX_HEADERS];
    const char *extra[4];
    const char *host;
    si_viewer_t viewer;
    const char *sent; /* "Name: value\n" in order; NULL: refused */
} rows[] = {
    { "a bare request",
      { { 0 } },
      { 0 },
      NULL,
      { "192.0.2.1", NULL },
      "X-Forwarded-For: 192.0.2.1\n" },
    { "the player's host",
      { { 0 } },
      { 0 },
      "cdn.example:8443",
      { "192.0.2.1", NULL },
      "Host: cdn.example:8443\nX-Forwarded-For: 192.0.2.1\n" },
    { "the endpoint's host",
      { { "Host", "cdn.example" } },
      { 0 },
      NULL,
      { "192.0.2.1", NULL },
      "X-Forwarded-For: 192.0.2.1\n" },
    { "contract row 27: the allow list",
      { { "X-Device-User-Agent", "d" },
        { "Accept-Language", "de;q=0.5" },
        { "Referer", "https://p.example/" },
        { "User-Agent", "Player/1.0 (\xC3\xA4)" } },
      { 0 },
      NULL,
      { "192.0.2.1", NULL },
      "X-Forwarded-For: 192.0.2.1\nUser-Agent: Player/1.0 (\xC3\xA4)\nReferer: https://p.example/\n"
      "Accept-Language: de;q=0.5\nX-Device-User-Agent: d\n" },
    { "names in any case",
      { { "USER-AGENT", "u" }, { "referer", "r" } },
      { 0 },
      NULL,
      { "192.0.2.1", NULL },
      "X-Forwarded-For: 192.0.2.1\nUser-Agent: u\nReferer: r\n" },
    { "an empty value as sent",
      { { "User-Agent", "" } },
      { 0 },
      NULL,
      { "192.0.2.1", NULL },
      "X-Forwarded-For: 192.0.2.1\nUser-Agent: \n" },
    { "nothing else goes up",
      { { "Cookie", "c" },
        { "Authorization", "a" },
        { "Expect", "100-continue" },
        { "Accept-Encoding", "gzip" },
        { "Transfer-Encoding", "chunked" },
        { "Content-Length", "9" },
        { "Range", "bytes=0-1" },
        { "X-Custom", "x" } },
      { 0 },
      NULL,
      { "192.0.2.1", NULL },
      "X-Forwarded-For: 192.0.2.1\n" },
    { "nothing else goes up, continued",
      { { "Connection", "keep-alive" },
        { "Keep-Alive", "timeout=5" },
        { "Proxy-Authorization", "p" },
        { "TE", "trailers" },
        { "Upgrade", "h2c" },
        { "HTTP2-Settings", "x" },
        { "Proxy-Connection", "x" },
        { "Origin", "o" } },
      { 0 },
      NULL,
      { "192.0.2.1", NULL },
      "X-Forwarded-For: 192.0.2.1\n" },

    /* SessionInitializerForwardHeader. */
    { "further headers",
      { { "CloudFront-Viewer-Country", "DE" }, { "X-Custom", " v " }, { "X-Other", "o" } },
      { "X-Custom", "CloudFront-Viewer-Country" },
      NULL,
      { "192.0.2.1", NULL },
      "X-Forwarded-For: 192.0.2.1\nX-Custom:  v \nCloudFront-Viewer-Country: DE\n" },
    { "further headers in any case",
      { { "cloudfront-viewer-country", "DE" } },
      { "CloudFront-Viewer-Country" },
      NULL,
      { "192.0.2.1", NULL },
      "X-Forwarded-For: 192.0.2.1\nCloudFront-Viewer-Country: DE\n" },
    { "further headers that are not sent",
      { { 0 } },
      { "X-Custom" },
      NULL,
      { "192.0.2.1", NULL },
      "X-Forwarded-For: 192.0.2.1\n" },

    /* Connection. */
    { "named by Connection",
      { { "Connection", "User-Agent" }, { "User-Agent", "u" }, { "Referer", "r" } },
      { 0 },
      NULL,
      { "192.0.2.1", NULL },
      "X-Forwarded-For: 192.0.2.1\nReferer: r\n" },
    { "named by Connection in another case",
      { { "Connection", "uSER-aGENT" }, { "User-Agent", "u" } },
      { 0 },
      NULL,
      { "192.0.2.1", NULL },
      "X-Forwarded-For: 192.0.2.1\n" },
    { "named by Connection among others",
      { { "Connection", "close ,\tx-custom,, referer" },
        { "User-Agent", "u" },
        { "Referer", "r" },
        { "X-Custom", "x" } },
      { "X-Custom" },
      NULL,
      { "192.0.2.1", NULL },
      "X-Forwarded-For: 192.0.2.1\nUser-Agent: u\n" },
    { "part of what Connection names",
      { { "Connection", "User-Agents, Agent, User" }, { "User-Agent", "u" } },
      { 0 },
      NULL,
      { "192.0.2.1", NULL },
      "X-Forwarded-For: 192.0.2.1\nUser-Agent: u\n" },
    { "Connection names nothing",
      { { "Connection", " , ," }, { "User-Agent", "u" } },
      { 0 },
      NULL,
      { "192.0.2.1", NULL },
      "X-Forwarded-For: 192.0.2.1\nUser-Agent: u\n" },
    { "Connection does not remove Host or X-Forwarded-For",
      { { "Connection", "Host, X-Forwarded-For" } },
      { 0 },
      "cdn.example",
      { "192.0.2.1", NULL },
      "Host: cdn.example\nX-Forwarded-For: 192.0.2.1\n" },

    /* X-Forwarded-For. */
    { "contract row 29: appended to what came in",
      { { "X-Forwarded-For", "203.0.113.7" } },
      { 0 },
      NULL,
      { "192.0.2.1", NULL },
      "X-Forwarded-For: 203.0.113.7, 192.0.2.1\n" },
    { "appended to a list",
      { { "X-Forwarded-For", "203.0.113.7, 198.51.100.2" } },
      { 0 },
      NULL,
      { "192.0.2.1", NULL },
      "X-Forwarded-For: 203.0.113.7, 198.51.100.2, 192.0.2.1\n" },
    { "contract row 26: none came in",
      { { 0 } },
      { 0 },
      NULL,
      { "2001:db8::1", NULL },
      "X-Forwarded-For: 2001:db8::1\n" },
    { "an empty one came in",
      { { "X-Forwarded-For", "" } },
      { 0 },
      NULL,
      { "192.0.2.1", NULL },
      "X-Forwarded-For: 192.0.2.1\n" },
    { "mod_remoteip has found the client",
      { { 0 } },
      { 0 },
      NULL,
      { "192.0.2.1", "203.0.113.7" },
      "X-Forwarded-For: 203.0.113.7\n" },
    { "mod_remoteip's client alone, whatever came in",
      { { "X-Forwarded-For", "198.51.100.66" } },
      { 0 },
      NULL,
      { "192.0.2.1", "203.0.113.7" },
      "X-Forwarded-For: 203.0.113.7\n" },

    /* Values that would break the request. */
    { "CR LF in a value",
      { { "User-Agent", "u\r\nX-Evil: 1" } },
      { 0 },
      NULL,
      { "192.0.2.1", NULL },
      NULL },
    { "LF in a value", { { "Referer", "r\n" } }, { 0 }, NULL, { "192.0.2.1", NULL }, NULL },
    { "CR in a value", { { "Accept-Language", "\r" } }, { 0 }, NULL, { "192.0.2.1", NULL }, NULL },
    { "another control in a value",
      { { "X-Device-User-Agent", "a\x01" } },
      { 0 },
      NULL,
      { "192.0.2.1", NULL },
      NULL },
    { "DEL in a value", { { "User-Agent", "a\x7F" } }, { 0 }, NULL, { "192.0.2.1", NULL }, NULL },
    { "control in a further header",
      { { "X-Custom", "\x1F" } },
      { "X-Custom" },
      NULL,
      { "192.0.2.1", NULL },
      NULL },
    { "control in X-Forwarded-For",
      { { "X-Forwarded-For", "1.2.3.4\n" } },
      { 0 },
      NULL,
      { "192.0.2.1", NULL },
      NULL },
    { "control in the host",
      { { 0 } },
      { 0 },
      "cdn.example\r\nX-Evil: 1",
      { "192.0.2.1", NULL },
      NULL },
    { "control in a header that is not sent",
      { { "Cookie", "\n" }, { "X-Other", "\r" } },
      { 0 },
      NULL,
      { "192.0.2.1", NULL },
      "X-Forwarded-For: 192.0.2.1\n" },
    { "control in a dropped X-Forwarded-For",
      { { "X-Forwarded-For", "\n" } },
      { 0 },
      NULL,
      { "192.0.2.1", "203.0.113.7" },
      "X-Forwarded-For: 203.0.113.7\n" },
    { "bytes above ASCII are not controls",
      { { "User-Agent", "\x80\x9F\xE9\xFF" } },
      { 0 },
      NULL,
      { "192.0.2.1", NULL },
      "X-Forwarded-For: 192.0.2.1\nUser-Agent: \x80\x9F\xE9\xFF\n" },
};

static const char *as_text(apr_pool_t *pool, const apr_array_header_t *headers)
{
    const char *text = "";
    int i;

    if (!headers) {
        return NULL;
    }
    for (i = 0; i + 1 < headers->nelts; i += 2) {
        text = apr_pstrcat(pool, text, APR_ARRAY_IDX(headers, i, const char *), ": ",
                           APR_ARRAY_IDX(headers, i + 1, const char *), "\n", NULL);
    }
    return headers->nelts % 2 ? "(odd)" : text;
}

static void build_rows(apr_pool_t *pool)
{
    apr_size_t i;
    int j;

    for (i = 0; i < COUNT_OF(rows); i++) {
        apr_table_t *incoming = apr_table_make(pool, MAX_HEADERS);
        apr_array_header_t *extra = NULL;

        for (j = 0; j < MAX_HEADERS && rows[i].incoming[j].name; j++) {
            apr_table_addn(incoming, rows[i].incoming[j].name, rows[i].incoming[j].value);
        }
        for (j = 0; j < 4 && rows[i].extra[j]; j++) {
            extra = extra ? extra : apr_array_make(pool, 4, sizeof(const char *));
            APR_ARRAY_PUSH(extra, const char *) = rows[i].extra[j];
        }
        is(as_text(pool, si_upstream_headers(pool, incoming, extra, rows[i].host, &rows[i].viewer)),
           rows[i].sent, "sent: %s", rows[i].name);
    }
}

static const struct {
    const char *name;
    int passes;
} answers[] = {
    { "Content-Type", 1 },
    { "content-type", 1 },
    { "Content-Encoding", 1 },
    { "Cache-Control", 1 },
    { "Retry-After", 1 },
    { "Location", 1 },
    { "x-amzn-RequestId", 1 },
    { "X-Amzn-ErrorType", 1 },
    { "x-amzn-Trace-Id", 1 },
    { "x-amzn-x", 1 },

    { "x-amzn-foo bar", 0 },
    { "x-amzn-foo\tbar", 0 },
    { "x-amz-cf-id", 0 },
    { "x-amzn", 0 },
    { "not-x-amzn-RequestId", 0 },
    { "Set-Cookie", 0 },
    { "Server", 0 },
    { "Date", 0 },
    { "Via", 0 },
    { "Vary", 0 },
    { "Connection", 0 },
    { "Keep-Alive", 0 },
    { "Transfer-Encoding", 0 },
    { "Content-Length", 0 },
    { "Trailer", 0 },
    { "Upgrade", 0 },
    { "ETag", 0 },
    { "Last-Modified", 0 },
    { "Accept-Ranges", 0 },
    { "Expires", 0 },
    { "Access-Control-Allow-Origin", 0 },
    { "Access-Control-Allow-Credentials", 0 },
    { "Access-Control-Expose-Headers", 0 },
    { "Strict-Transport-Security", 0 },
    { "WWW-Authenticate", 0 },
    { "X-Powered-By", 0 },
    { "Content-Typ", 0 },
    { "Content-Type2", 0 },
    { "Content-Location", 0 },
    { "", 0 },
};

static void pass_back(void)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(answers); i++) {
        const apr_size_t length = strlen(answers[i].name);
        char *name = exact_copy(answers[i].name, length);

        is_number(si_response_header_passes(name, length), answers[i].passes, "'%s' %s back",
                  answers[i].name, answers[i].passes ? "comes" : "does not come");
        free(name);
    }
    ok(si_response_header_passes("Location: /x", 8), "a name need not end at its length");
    ok(!si_response_header_passes("Location", 3), "a name is compared by its length");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    apr_size_t i;

    for (i = 0; i < COUNT_OF(names); i++) {
        is_number(si_header_is_forwardable(names[i].name), names[i].forwardable,
                  "'%s' may%s be configured", names[i].name, names[i].forwardable ? "" : " not");
    }
    build_rows(pool);
    pass_back();
    return done();
}
