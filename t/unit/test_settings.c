/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The directives' values: which are allowed, which are inherited, and the defaults. */
#include "tap.h"

#include "config/parse.h"
#include "config/settings.h"

#include <apr_file_io.h>
#include <stddef.h>

/* A refusal quotes the value and says what is allowed instead. */
static void is_refusal(apr_pool_t *pool, const char *message, const char *value,
                       const char *allowed)
{
    contains(message, apr_pstrcat(pool, "'", value, "'", NULL), "'%s' is refused by its value",
             value);
    contains(message, allowed, "'%s': the message says what is allowed", value);
}

static const struct {
    const char *text;
    int count; /* -1: refused */
} counts[] = {
    { "1", 1 },
    { "2", 2 },
    { "3", 3 },
    { "9", 9 },
    { "10", 10 },
    { "Off", 0 },
    { "off", 0 },
    { "OFF", 0 },
    { "0", -1 },
    { "11", -1 },
    { "100", -1 },
    { "-1", -1 },
    { "+3", -1 },
    { "3.0", -1 },
    { " 3", -1 },
    { "3 ", -1 },
    { "3x", -1 },
    { "x", -1 },
    { "", -1 },
    { "0x3", -1 },
    { "On", -1 },
    { "none", -1 },
    { "Offf", -1 },
    { "4294967299", -1 },
    { "18446744073709551619", -1 },
};

static void stream_id_counts(apr_pool_t *pool)
{
    apr_size_t i;
    int j;

    for (i = 0; i < COUNT_OF(counts); i++) {
        si_stream_ids_t *ids = NULL;
        const char *message = si_parse_stream_id_count(pool, counts[i].text, &ids);

        if (counts[i].count < 0) {
            is_refusal(pool, message, counts[i].text, "1 to 10");
            contains(message, "Off", "'%s': the message mentions Off", counts[i].text);
            ok(!ids, "'%s': nothing is set", counts[i].text);
            continue;
        }
        is(message, NULL, "StreamIdCount '%s'", counts[i].text);
        is_number(ids->count, counts[i].count, "StreamIdCount '%s' is %d", counts[i].text,
                  counts[i].count);
        for (j = 0; j < ids->count; j++) {
            is(ids->ids[j].name, apr_itoa(pool, j + 1), "StreamIdCount '%s': id %d", counts[i].text,
               j + 1);
            is_number(ids->ids[j].weight, 1, "StreamIdCount '%s': weight of %d", counts[i].text,
                      j + 1);
        }
    }
}

static const struct {
    const char *text, *name;
    int weight;
} stream_ids[] = {
    { "a", "a", 1 },           { "a=1", "a", 1 },       { "East.Coast_2-x", "East.Coast_2-x", 1 },
    { "7=10000", "7", 10000 }, { "-=2", "-", 2 },       { "=1", NULL, 0 },
    { "", NULL, 0 },           { "a=", NULL, 0 },       { "a=0", NULL, 0 },
    { "a=10001", NULL, 0 },    { "a=-1", NULL, 0 },     { "a=1.5", NULL, 0 },
    { "a=1=2", NULL, 0 },      { "a= 1", NULL, 0 },     { "a b", NULL, 0 },
    { "a/b", NULL, 0 },        { "a&b", NULL, 0 },      { "a%62", NULL, 0 },
    { "\"a\"", NULL, 0 },      { "\xc3\xa9", NULL, 0 },
};

#define NAME_16 "abcdefghijklmnop"
#define NAME_64 NAME_16 NAME_16 NAME_16 NAME_16

static void stream_id_names(apr_pool_t *pool)
{
    si_stream_ids_t *ids;
    apr_size_t i;

    for (i = 0; i < COUNT_OF(stream_ids); i++) {
        ids = NULL;
        const char *message = si_parse_stream_id(pool, stream_ids[i].text, &ids);

        if (!stream_ids[i].name) {
            is_refusal(pool, message, stream_ids[i].text, "1 to 64 letters, digits and ._-");
            contains(message, "1 to 10000", "'%s': the message mentions weights",
                     stream_ids[i].text);
            ok(!ids, "'%s': nothing is set", stream_ids[i].text);
            continue;
        }
        is(message, NULL, "StreamIds '%s'", stream_ids[i].text);
        is_number(ids->count, 1, "StreamIds '%s': one", stream_ids[i].text);
        is(ids->ids[0].name, stream_ids[i].name, "StreamIds '%s': its name", stream_ids[i].text);
        is_number(ids->ids[0].weight, stream_ids[i].weight, "StreamIds '%s': its weight",
                  stream_ids[i].text);
    }
    ids = NULL;
    is(si_parse_stream_id(pool, NAME_64, &ids), NULL, "a name of 64 characters");
    is_refusal(pool, si_parse_stream_id(pool, NAME_64 "q", &ids), NAME_64 "q", "1 to 64");
    is_refusal(pool, si_parse_stream_id(pool, NAME_64 "=3", &ids), NAME_64 "=3", "already listed");
}

static void many_stream_ids(apr_pool_t *pool)
{
    si_stream_ids_t *ids = NULL;
    int i;

    for (i = 1; i <= 25; i++) {
        is(si_parse_stream_id(pool, apr_psprintf(pool, "g%d=%d", i, i), &ids), NULL, "name %d", i);
    }
    is_refusal(pool, si_parse_stream_id(pool, "g26", &ids), "g26", "at most 25 names");
    is_number(ids->count, 25, "the 26th name is refused");
    is_number(ids->total, 25 * 26 / 2, "the weights' sum");
}

/* Only one of the two directives may be set in a server; a virtual host may use the other one. */
static void one_directive_of_the_two(apr_pool_t *pool)
{
    si_stream_ids_t *counted = NULL, *named = NULL;

    si_parse_stream_id_count(pool, "3", &counted);
    is(si_parse_stream_id(pool, "a", &counted),
       "and StreamIdCount are both set in this server: use one of them",
       "names after a count are refused");
    is_number(counted->count, 3, "names after a count: the count stays");
    is(si_parse_stream_id_count(pool, "2", &counted), NULL, "a count again: the last one counts");
    is_number(counted->count, 2, "a count again: its value is used");
    si_parse_stream_id(pool, "a", &named);
    is(si_parse_stream_id_count(pool, "3", &named),
       "and StreamIds are both set in this server: use one of them",
       "a count after names is refused");
    ok(si_parse_stream_id_count(pool, "Off", &named), "Off after names is refused");
}

static const struct {
    const char *text;
    apr_int64_t minimum, maximum;
    apr_int64_t number; /* -1: refused */
} numbers[] = {
    { "1", 1, 100, 1 },
    { "100", 1, 100, 100 },
    { "50", 1, 100, 50 },
    { "0", 0, 100, 0 },
    { "1048576", 1, APR_INT64_MAX, 1048576 },
    { "9223372036854775807", 1, APR_INT64_MAX, APR_INT64_MAX },
    { "0", 1, 100, -1 },
    { "101", 1, 100, -1 },
    { "-1", 0, 100, -1 },
    { "9223372036854775808", 1, APR_INT64_MAX, -1 },
    { "99999999999999999999999", 1, APR_INT64_MAX, -1 },
    { "18446744073709551617", 1, APR_INT64_MAX, -1 },
    { "", 0, 100, -1 },
    { "+1", 0, 100, -1 },
    { " 1", 0, 100, -1 },
    { "1 ", 0, 100, -1 },
    { "1k", 0, 100, -1 },
    { "1.5", 0, 100, -1 },
    { "1e2", 0, 100, -1 },
    { "0x10", 0, 100, -1 },
    { "ten", 0, 100, -1 },
    { "Off", 0, 100, -1 },
};

static void whole_numbers(apr_pool_t *pool)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(numbers); i++) {
        apr_int64_t number = 77;
        const char *message = si_parse_number(pool, numbers[i].text, numbers[i].minimum,
                                              numbers[i].maximum, &number);

        if (numbers[i].number < 0) {
            is_refusal(pool, message, numbers[i].text,
                       apr_psprintf(pool, "%" APR_INT64_T_FMT " to %" APR_INT64_T_FMT,
                                    numbers[i].minimum, numbers[i].maximum));
            is_number(number, 77, "'%s': nothing is set", numbers[i].text);
            continue;
        }
        is(message, NULL, "number '%s'", numbers[i].text);
        is_number(number, numbers[i].number, "number '%s' is itself", numbers[i].text);
    }
}

static const char *const good_paths[] = {
    "/session-initializer",
    "/a",
    "/a/b/c",
    "/A-z0.9_~",
    "/v1x",
    "/v10/x",
    "/v2",
    "/V1/x",
    "/x/v1",
    "/...",
    "/.a",
    "/a..b",
    "/a/..b/c",
    "/~user",
    "/-",
    "/1",
};

static const struct {
    const char *text;
    const char *allowed; /* in the message */
} bad_paths[] = {
    { "", "begins with a slash" },
    { "/", "does not end with one" },
    { "a", "begins with a slash" },
    { "a/b", "begins with a slash" },
    { "https://host/a", "begins with a slash" },
    { "/a/", "does not end with one" },
    { "/a//b", "begins with a slash" },
    { "//a", "begins with a slash" },
    { "/.", "dot segments" },
    { "/..", "dot segments" },
    { "/a/.", "dot segments" },
    { "/a/..", "dot segments" },
    { "/./a", "dot segments" },
    { "/a/../b", "dot segments" },
    { "/a b", "letters" },
    { "/a%20b", "letters" },
    { "/%61", "letters" },
    { "/a?b", "letters" },
    { "/a#b", "letters" },
    { "/a;b", "letters" },
    { "/a+b", "letters" },
    { "/a:b", "letters" },
    { "/a@b", "letters" },
    { "/a\\b", "letters" },
    { "/a*", "letters" },
    { "/a\r\n", "letters" },
    { "/\xC3\xA4", "letters" },
    { "/v1", "/v1 is MediaTailor's own" },
    { "/v1/x", "/v1 is MediaTailor's own" },
    { "/v1/session", "/v1 is MediaTailor's own" },
};

static void paths(apr_pool_t *pool)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(good_paths); i++) {
        const char *path = NULL;

        is(si_parse_path(pool, good_paths[i], &path), NULL, "path '%s'", good_paths[i]);
        is(path, good_paths[i], "path '%s' is itself", good_paths[i]);
    }
    for (i = 0; i < COUNT_OF(bad_paths); i++) {
        const char *path = "untouched";

        is_refusal(pool, si_parse_path(pool, bad_paths[i].text, &path), bad_paths[i].text,
                   bad_paths[i].allowed);
        is(path, "untouched", "'%s': nothing is set", bad_paths[i].text);
    }
}

/* Checks SessionInitializerEndpoint and SessionInitializerPlaybackBase. */
static const struct {
    const char *text;
    const char *url; /* NULL: refused */
} urls[] = {
    { "https://host.example", "https://host.example" },
    { "https://host.example/", "https://host.example" },
    { "https://host.example:8443", "https://host.example:8443" },
    { "https://host.example:8443/", "https://host.example:8443" },
    { "http://127.0.0.1:8080", "http://127.0.0.1:8080" },
    { "http://localhost", "http://localhost" },
    { "https://[::1]", "https://[::1]" },
    { "https://[2001:db8::1]:8443/", "https://[2001:db8::1]:8443" },
    { "https://host_1-a.example:1", "https://host_1-a.example:1" },
    { "https://host.example:65535", "https://host.example:65535" },
    { "HTTPS://Host.Example:8443/", "https://host.example:8443" },
    { "Http://[2001:DB8::1]", "http://[2001:db8::1]" },
    { "none", "" },
    { "None", "" },

    { "", NULL },
    { "off", NULL },
    { "nonesuch", NULL },
    { "host.example", NULL },
    { "host.example:443", NULL },
    { "//host.example", NULL },
    { "/path", NULL },
    { "https:", NULL },
    { "https:/host.example", NULL },
    { "https://", NULL },
    { "https:///", NULL },
    { "https://:443", NULL },
    { "ftp://host.example", NULL },
    { "file:///etc/passwd", NULL },
    { "gopher://host.example", NULL },
    { "unix:///run/socket", NULL },
    { "https://host.example/v1", NULL },
    { "https://host.example/v1/", NULL },
    { "https://host.example//", NULL },
    { "https://host.example/.", NULL },
    { "https://host.example?q=1", NULL },
    { "https://host.example/?q=1", NULL },
    { "https://host.example?", NULL },
    { "https://host.example#f", NULL },
    { "https://host.example/#", NULL },
    { "https://a]b", NULL },
    { "https://host[", NULL },
    { "https://[zz]", NULL },
    { "https://[1.2.3.4]", NULL },
    { "https://[::1]x:443", NULL },
    { "https://[::1::2]", NULL },
    { "https://user@host.example", NULL },
    { "https://user:secret@host.example", NULL },
    { "https://@host.example", NULL },
    { "https://host.example:", NULL },
    { "https://host.example:/", NULL },
    { "https://host.example:0", NULL },
    { "https://host.example:65536", NULL },
    { "https://host.example:65979", NULL }, /* 443 modulo 65536 */
    { "https://host.example:-1", NULL },
    { "https://host.example:+443", NULL },
    { "https://host.example:https", NULL },
    { "https://host.example:443x", NULL },
    { "https://host.example:443:443", NULL },
    { "https://[::1", NULL },
    { "https://host example", NULL },
    { " https://host.example", NULL },
    { "https://host.example ", NULL },
    { "https://host.example\r\nX-Evil:1", NULL },
    { "https://host.example\\evil", NULL },
    { "https://host%2eexample", NULL },
    { "https://a.example,https://b.example", NULL },
    { "https://*.example", NULL },
};

static void origin_urls(apr_pool_t *pool)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(urls); i++) {
        const si_origin_t *origin = NULL;
        const char *message = si_parse_http_origin(pool, urls[i].text, &origin);

        if (!urls[i].url) {
            is_refusal(pool, message, urls[i].text, "https://host[:port]");
            contains(message, "none", "'%s': the message mentions none", urls[i].text);
            ok(!origin, "'%s': nothing is set", urls[i].text);
            continue;
        }
        is(message, NULL, "URL '%s'", urls[i].text);
        is(si_origin_print(pool, origin), urls[i].url, "URL '%s' is '%s'", urls[i].text,
           urls[i].url);
    }
}

static const struct {
    const char *text;
    apr_interval_time_t time; /* microseconds */
    int good;
} times[] = {
    { "1ms", 1000, 1 },
    { "500ms", 500000, 1 },
    { "2s", 2000000, 1 },
    { "60s", 60000000, 1 },
    { "1", 1000000, 1 },
    { "60000ms", 60000000, 1 },
    { "0", 0, 0 },
    { "0ms", 0, 0 },
    { "999us", 999, 0 },
    { "61s", 61000000, 0 },
    { "60001ms", 60001000, 0 },
    { "1h", 3600000000, 0 },
    { "-1s", -1000000, 0 },
};

static void time_limits(apr_pool_t *pool)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(times); i++) {
        const char *message = si_check_time(pool, times[i].text, times[i].time);

        if (times[i].good) {
            is(message, NULL, "time '%s'", times[i].text);
        }
        else {
            is_refusal(pool, message, times[i].text, "1ms to 60s");
        }
    }
}

static const struct {
    const char *text;
    apr_interval_time_t age; /* microseconds */
    int good;
} ages[] = {
    { "1s", 1000000, 1 },    { "300s", 300000000, 1 },
    { "1h", 3600000000, 1 }, { "999ms", 999000, 0 },
    { "0", 0, 0 },           { "3601s", 3601000000, 0 },
    { "2h", 7200000000, 0 }, { "-1", -1000000, 0 },
};

static void age_limits(apr_pool_t *pool)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(ages); i++) {
        const char *message = si_check_age(pool, ages[i].text, ages[i].age);

        if (ages[i].good) {
            is(message, NULL, "age '%s'", ages[i].text);
        }
        else {
            is_refusal(pool, message, ages[i].text, "1s to 1h");
        }
    }
}

static const struct {
    const char *text;
    const char *url, *host; /* NULL: refused */
    int port;
} proxies[] = {
    { "http://proxy.example", "http://proxy.example:80", "proxy.example", 80 },
    { "http://proxy.example:3128", "http://proxy.example:3128", "proxy.example", 3128 },
    { "HTTP://Proxy.Example:3128", "http://proxy.example:3128", "proxy.example", 3128 },
    { "http://[::1]:3128", "http://[::1]:3128", "::1", 3128 },
    { "http://me:Secret@proxy.example:3128", "http://me:Secret@proxy.example:3128", "proxy.example",
      3128 },
    { "http://me:a%40b%3Ac@proxy.example", "http://me:a%40b%3Ac@proxy.example:80", "proxy.example",
      80 },
    { "none", NULL, "", 0 },
    { "", NULL, NULL, 0 },
    { "proxy.example:3128", NULL, NULL, 0 },
    { "https://proxy.example", NULL, NULL, 0 },
    { "socks5://proxy.example", NULL, NULL, 0 },
    { "http://", NULL, NULL, 0 },
    { "http://proxy.example/", NULL, NULL, 0 },
    { "http://proxy.example:0", NULL, NULL, 0 },
    { "http://me@proxy.example", NULL, NULL, 0 },
    { "http://:Secret@proxy.example", NULL, NULL, 0 },
    { "http://@proxy.example", NULL, NULL, 0 },
    { "http://me:Secret/@proxy.example", NULL, NULL, 0 },
    { "http://me:Secret @proxy.example", NULL, NULL, 0 },
    { "http://me:Secret@", NULL, NULL, 0 },
    { "http://me:Secret", NULL, NULL, 0 },
    { "me:Secret/proxy", NULL, NULL, 0 },
    { "http://me:Secret%40proxy.example:3128", NULL, NULL, 0 },
    { "http://me:a#Sec@ret", NULL, NULL, 0 },
    { "http://me:Secret%0A@proxy.example", NULL, NULL, 0 },
    { "http://me:Secret%00@proxy.example", NULL, NULL, 0 },
    { "http://me:Secret%zz@proxy.example", NULL, NULL, 0 },
    { "http://me:Secret%4@proxy.example", NULL, NULL, 0 },
    { "http://me:Secret@proxy.example/x", NULL, NULL, 0 },
};

static void outgoing_proxies(apr_pool_t *pool)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(proxies); i++) {
        const si_proxy_t *proxy = NULL;
        const char *message = si_parse_proxy(pool, proxies[i].text, &proxy);

        if (!proxies[i].host) {
            contains(message, "http://[user:password@]host[:port]", "proxy '%s': refused",
                     proxies[i].text);
            ok(message && !strstr(message, "Sec") && !strstr(message, "ret"),
               "proxy '%s': no password in the message", proxies[i].text);
            ok(!proxy, "proxy '%s': nothing is set", proxies[i].text);
            continue;
        }
        is(message, NULL, "proxy '%s'", proxies[i].text);
        is(proxy->host, proxies[i].host, "proxy '%s': host", proxies[i].text);
        is(proxy->url, proxies[i].url, "proxy '%s': URL for libcurl", proxies[i].text);
        is_number(proxy->port, proxies[i].port, "proxy '%s': port", proxies[i].text);
        ok(!proxy->name || !strstr(proxy->name, "Secret"), "proxy '%s': no password in its name",
           proxies[i].text);
    }
}

#define MAX_ARGUMENTS 3

static const struct {
    const char *arguments[MAX_ARGUMENTS]; /* all but the last are good */
    int refused;                          /* the last is not */
    si_cors_mode_t mode;
    const char *origins; /* joined by spaces */
} allow_origins[] = {
    { { "*" }, 0, SI_CORS_ANY, "" },
    { { "none" }, 0, SI_CORS_NONE, "" },
    { { "None" }, 0, SI_CORS_NONE, "" },
    { { "https://a.example" }, 0, SI_CORS_LIST, "https://a.example" },
    { { "https://a.example", "http://b.example:8080" },
      0,
      SI_CORS_LIST,
      "https://a.example http://b.example:8080" },
    { { "HTTPS://A.Example:443" }, 0, SI_CORS_LIST, "https://a.example" },
    { { "https://[::1]:8443" }, 0, SI_CORS_LIST, "https://[::1]:8443" },
    { { "https://[::1]:443" }, 0, SI_CORS_LIST, "https://[::1]" },
    { { "https://a.example:08443" }, 0, SI_CORS_LIST, "https://a.example:8443" },
    { { "null" }, 0, SI_CORS_LIST, "null" },
    { { "NULL", "File://" }, 0, SI_CORS_LIST, "null file://" },
    { { "https://a.example", "file://", "null" },
      0,
      SI_CORS_LIST,
      "https://a.example file:// null" },
    { { "capacitor://localhost", "ionic://localhost" },
      0,
      SI_CORS_LIST,
      "capacitor://localhost ionic://localhost" },
    { { "dvb://233a.1004.1044" }, 0, SI_CORS_LIST, "dvb://233a.1004.1044" },

    { { "none", "null" }, 1, SI_CORS_ANY, NULL },
    { { "null", "none" }, 1, SI_CORS_ANY, NULL },
    { { "*", "null" }, 1, SI_CORS_ANY, NULL },
    { { "file:" }, 1, SI_CORS_ANY, NULL },
    { { "file:///" }, 1, SI_CORS_ANY, NULL },
    { { "file:///android_asset" }, 1, SI_CORS_ANY, NULL },
    { { "1file://" }, 1, SI_CORS_ANY, NULL },
    { { "https://" }, 1, SI_CORS_ANY, NULL },
    { { "capacitor://local\nhost" }, 1, SI_CORS_ANY, NULL },
    { { "*", "*" }, 1, SI_CORS_ANY, NULL },
    { { "*", "none" }, 1, SI_CORS_ANY, NULL },
    { { "none", "*" }, 1, SI_CORS_ANY, NULL },
    { { "*", "https://a.example" }, 1, SI_CORS_ANY, NULL },
    { { "none", "https://a.example" }, 1, SI_CORS_ANY, NULL },
    { { "https://a.example", "*" }, 1, SI_CORS_ANY, NULL },
    { { "https://a.example", "https://b.example", "none" }, 1, SI_CORS_ANY, NULL },
    { { "https://a.example", "b.example" }, 1, SI_CORS_ANY, NULL },
    { { "" }, 1, SI_CORS_ANY, NULL },
    { { "a.example" }, 1, SI_CORS_ANY, NULL },
    { { "https://a.example/" }, 1, SI_CORS_ANY, NULL },
    { { "https://a.example/path" }, 1, SI_CORS_ANY, NULL },
    { { "https://user@a.example" }, 1, SI_CORS_ANY, NULL },
    { { "https://a.example?q" }, 1, SI_CORS_ANY, NULL },
    { { "https://a.example:99999" }, 1, SI_CORS_ANY, NULL },
    { { "https://a]b" }, 1, SI_CORS_ANY, NULL },
    { { "https://[zz]" }, 1, SI_CORS_ANY, NULL },
    { { "https://[::1]x:443" }, 1, SI_CORS_ANY, NULL },
    { { "https://[::1" }, 1, SI_CORS_ANY, NULL },
    { { "https://*.example" }, 1, SI_CORS_ANY, NULL },
    { { "https://a.example,https://b.example" }, 1, SI_CORS_ANY, NULL },
    { { "https://a example" }, 1, SI_CORS_ANY, NULL },
    { { "https://a.example\r\nX-Evil: 1" }, 1, SI_CORS_ANY, NULL },
};

static const char *join(apr_pool_t *pool, const apr_array_header_t *strings)
{
    return strings ? apr_array_pstrcat(pool, strings, ' ') : "";
}

static void cors_arguments(apr_pool_t *pool)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(allow_origins); i++) {
        const char *const *arguments = allow_origins[i].arguments;
        const char *message = NULL;
        si_cors_t *cors = NULL;
        int last = 0;
        int j;

        for (j = 0; j < MAX_ARGUMENTS && arguments[j]; j++) {
            is(message, NULL, "AllowOrigin %d: the values before '%s' are accepted", (int)i + 1,
               arguments[j]);
            message = si_parse_allow_origin(pool, arguments[j], &cors);
            last = j;
        }
        if (allow_origins[i].refused) {
            is_refusal(pool, message, arguments[last], "*");
            continue;
        }
        is(message, NULL, "AllowOrigin %d: '%s'", (int)i + 1, arguments[last]);
        is_number(cors->mode, allow_origins[i].mode, "AllowOrigin %d: mode", (int)i + 1);
        is(join(pool, cors->origins), allow_origins[i].origins, "AllowOrigin %d: origins",
           (int)i + 1);
    }
}

static const char *const refused_headers[] = {
    "Cookie",
    "authorization",
    "HOST",
    "Expect",
    "X-Forwarded-For",
    "Connection",
    "Keep-Alive",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "Content-Length",
    "Proxy-Authorization",
    "",
    "X Y",
    "X:",
    "X\r\n",
};

static void forward_headers(apr_pool_t *pool)
{
    apr_array_header_t *headers = NULL;
    apr_size_t i;

    is(si_parse_forward_header(pool, "CloudFront-Viewer-Country", &headers), NULL,
       "ForwardHeader: one");
    is(si_parse_forward_header(pool, "X-Custom", &headers), NULL, "ForwardHeader: another");
    is(si_parse_forward_header(pool, "x-custom", &headers), NULL, "ForwardHeader: it again");
    is(si_parse_forward_header(pool, "user-agent", &headers), NULL,
       "ForwardHeader: one that is always sent");
    is_number(headers->nelts, 2, "ForwardHeader: neither is sent twice");
    for (i = 0; i < COUNT_OF(refused_headers); i++) {
        is_refusal(pool, si_parse_forward_header(pool, refused_headers[i], &headers),
                   refused_headers[i], "Cookie, Authorization, Host, Expect, X-Forwarded-For");
    }
    is(join(pool, headers), "CloudFront-Viewer-Country X-Custom",
       "ForwardHeader: the good ones, in order");
}

#define CERTIFICATE "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"

static const char *write_file(apr_pool_t *pool, const char *content, apr_size_t length)
{
    char *name;
    const char *directory;
    apr_file_t *file;

    if (apr_temp_dir_get(&directory, pool) != APR_SUCCESS) {
        abort();
    }
    name = apr_pstrcat(pool, directory, "/test_settings.XXXXXX", NULL);
    if (apr_file_mktemp(&file, name, APR_FOPEN_CREATE | APR_FOPEN_EXCL | APR_FOPEN_WRITE, pool)
            != APR_SUCCESS
        || apr_file_write_full(file, content, length, NULL) != APR_SUCCESS
        || apr_file_close(file) != APR_SUCCESS) {
        abort();
    }
    return name;
}

static void ca_files(apr_pool_t *pool)
{
    const apr_size_t too_large = 4 * 1024 * 1024 + 1;
    char *spaces = apr_palloc(pool, too_large);
    const char *name = write_file(pool, BYTES("# our CA\n" CERTIFICATE));
    const char *pem = NULL;
    apr_size_t length = 0;

    is(si_read_ca_file(pool, name, &pem, &length), NULL, "CA file: read");
    is_bytes(pem, length, CERTIFICATE, strlen(CERTIFICATE), "CA file: its certificates");
    ok(pem && pem[length] == '\0', "CA file: a NUL follows");

    apr_file_remove(name, pool);
    contains(si_read_ca_file(pool, name, &pem, &length), name,
             "CA file: one that is missing is named");
    is_refusal(pool, si_read_ca_file(pool, "/", &pem, &length), "/", "PEM certificates");

    name = write_file(pool, BYTES("-----BEGIN PRIVATE KEY-----\n"));
    is_refusal(pool, si_read_ca_file(pool, name, &pem, &length), name,
               "-----BEGIN CERTIFICATE-----");
    apr_file_remove(name, pool);

    name = write_file(pool, BYTES("-----BEGIN CERTIFICATE-----\nMIIB\n"));
    is_refusal(pool, si_read_ca_file(pool, name, &pem, &length), name, "-----END");
    apr_file_remove(name, pool);

    name = write_file(pool, BYTES(CERTIFICATE "\0" CERTIFICATE));
    is_refusal(pool, si_read_ca_file(pool, name, &pem, &length), name, "NUL");
    apr_file_remove(name, pool);

    name = write_file(pool, "", 0);
    is_refusal(pool, si_read_ca_file(pool, name, &pem, &length), name,
               "-----BEGIN CERTIFICATE-----");
    apr_file_remove(name, pool);

    memset(spaces, ' ', too_large);
    memcpy(spaces, CERTIFICATE, strlen(CERTIFICATE));
    name = write_file(pool, spaces, too_large);
    is_refusal(pool, si_read_ca_file(pool, name, &pem, &length), name, "4 MiB");
    apr_file_remove(name, pool);
}

/* Every member that a directive sets. */
typedef enum {
    INT,
    INT64,
    TIME,
    POINTER
} type_t;

#define MEMBER(type, member)                           \
    {                                                  \
#member, type, offsetof(si_settings_t, member) \
    }

static const struct {
    const char *name;
    type_t type;
    apr_size_t offset;
} members[] = {
    MEMBER(POINTER, stream_ids),
    MEMBER(POINTER, stream_id_key),
    MEMBER(POINTER, schedule_files),
    MEMBER(POINTER, path),
    MEMBER(POINTER, playback_base),
    MEMBER(POINTER, endpoint),
    MEMBER(POINTER, outgoing_proxy),
    MEMBER(POINTER, ca),
    MEMBER(TIME, connect_timeout),
    MEMBER(TIME, timeout),
    MEMBER(TIME, connection_max_age),
    MEMBER(INT64, max_body),
    MEMBER(INT, preserve_host),
    MEMBER(POINTER, forward_headers),
    MEMBER(POINTER, cors),
    MEMBER(INT, max_concurrent),
};

/* The values of a member: unset, "off" (0, or an empty string), or one of two values. */
typedef enum {
    UNSET,
    OFF,
    FIRST,
    SECOND,
    VALUES
} value_t;

static const char *const value_names[] = { "unset", "off", "first", "second" };
static char pointees[VALUES][1]; /* their addresses are the values of pointers */

static void set_member(si_settings_t *settings, apr_size_t m, value_t value)
{
    char *member = (char *)settings + members[m].offset;
    const int number = value == UNSET ? SI_UNSET : 10 * (int)(value - OFF);

    switch (members[m].type) {
    case INT:
        *(int *)(void *)member = number;
        break;
    case INT64:
        *(apr_int64_t *)(void *)member = number;
        break;
    case TIME:
        *(apr_interval_time_t *)(void *)member = number;
        break;
    case POINTER:
        *(void **)(void *)member = value == UNSET ? NULL : pointees[value];
        break;
    }
    if (members[m].offset == offsetof(si_settings_t, ca)) {
        settings->ca_length = value == UNSET ? 0 : (apr_size_t)value;
    }
}

static int same_settings(const si_settings_t *a, const si_settings_t *b)
{
    apr_size_t m;

    for (m = 0; m < COUNT_OF(members); m++) {
        const char *of_a = (const char *)a + members[m].offset;
        const char *of_b = (const char *)b + members[m].offset;
        const apr_size_t size = members[m].type == INT       ? sizeof(int)
                                : members[m].type == POINTER ? sizeof(void *)
                                                             : sizeof(apr_int64_t);
        if (memcmp(of_a, of_b, size) != 0) {
            printf("#   %s differs\n", members[m].name);
            return 0;
        }
    }
    return a->ca_length == b->ca_length;
}

/*
 * One member is set in all ways in the main server and the virtual host, every other one is unset.
 */
static void merge_each(apr_pool_t *pool)
{
    apr_size_t m;
    int base_value, own_value;

    for (m = 0; m < COUNT_OF(members); m++) {
        for (base_value = UNSET; base_value < VALUES; base_value++) {
            for (own_value = UNSET; own_value < VALUES; own_value++) {
                si_settings_t *base = si_settings_make(pool);
                si_settings_t *own = si_settings_make(pool);
                si_settings_t *expected = si_settings_make(pool);

                set_member(base, m, (value_t)base_value);
                set_member(own, m, (value_t)own_value);
                set_member(expected, m, (value_t)(own_value == UNSET ? base_value : own_value));
                ok(same_settings(si_settings_merge(pool, base, own), expected),
                   "%s: main server %s, virtual host %s", members[m].name, value_names[base_value],
                   value_names[own_value]);
            }
        }
    }
}

static void merge_all(apr_pool_t *pool)
{
    si_settings_t *base = si_settings_make(pool);
    si_settings_t *own = si_settings_make(pool);
    si_settings_t *unset = si_settings_make(pool);
    si_settings_t base_before, own_before;
    apr_size_t m;

    for (m = 0; m < COUNT_OF(members); m++) {
        set_member(base, m, FIRST);
        set_member(own, m, SECOND);
    }
    base_before = *base;
    own_before = *own;
    ok(same_settings(si_settings_merge(pool, base, own), own),
       "all set in both: the virtual host's");
    ok(same_settings(si_settings_merge(pool, base, unset), base),
       "none set in the virtual host: the main server's");
    ok(same_settings(si_settings_merge(pool, unset, own), own),
       "none set in the main server: the virtual host's");
    ok(same_settings(base, &base_before) && same_settings(own, &own_before),
       "merging does not change its inputs");
    ok(same_settings(si_settings_merge(pool, si_settings_make(pool), unset), unset),
       "none set at all: none set, so no default hides an inherited value");
}

static si_stream_ids_t *ids_of(apr_pool_t *pool, const char *count)
{
    si_stream_ids_t *ids = NULL;

    si_parse_stream_id_count(pool, count, &ids);
    return ids;
}

static void defaults(apr_pool_t *pool)
{
    si_settings_t *settings = si_settings_make(pool);
    is(si_settings_finish(pool, settings), NULL, "nothing set: accepted");
    is_number(settings->stream_ids->count, 0, "default: off");
    ok(!settings->stream_id_key, "default: no key");
    is(settings->path, "/session-initializer", "default: path");
    is_number(settings->path_length, strlen("/session-initializer"), "default: path's length");
    is(settings->playback_base, "", "default: no playback base");
    is(settings->endpoint->scheme, "", "default: no endpoint");
    ok(!settings->schedule_files, "default: no schedules");
    is_number(settings->connect_timeout, 2000000, "default: 2 s to connect");
    is_number(settings->timeout, 4000000, "default: 4 s in total");
    is_number(settings->connection_max_age, 300000000, "default: connections of 300 s");
    is_number(settings->max_body, 1048576, "default: body of 1 MiB");
    is_number(settings->preserve_host, 1, "default: the player's Host");
    is_number(settings->cors ? settings->cors->mode : SI_CORS_NONE, SI_CORS_ANY,
              "default: any origin");
    ok(!settings->forward_headers, "default: no additional headers");
    ok(!settings->ca, "default: the system's trust");
}

/* A set value is kept, including "off". */
static void no_default_over_a_value(apr_pool_t *pool)
{
    si_settings_t *settings = si_settings_make(pool);

    settings->stream_ids = ids_of(pool, "7");
    settings->path = "/p";
    settings->playback_base = "https://cdn.example";
    settings->connect_timeout = 1000;
    settings->timeout = 60000000;
    settings->max_body = 1;
    settings->preserve_host = 0;
    settings->cors = apr_pcalloc(pool, sizeof(si_cors_t));
    settings->cors->mode = SI_CORS_NONE;
    is(si_settings_finish(pool, settings), NULL, "all set: accepted");
    is_number(settings->stream_ids->count, 7, "set: N");
    is(settings->path, "/p", "set: path");
    is_number(settings->path_length, 2, "set: path's length");
    is(settings->playback_base, "https://cdn.example", "set: playback base");
    is_number(settings->connect_timeout, 1000, "set: time to connect");
    is_number(settings->timeout, 60000000, "set: total time");
    is_number(settings->max_body, 1, "set: body");
    is_number(settings->preserve_host, 0, "set: the endpoint's Host");
    is_number(settings->cors->mode, SI_CORS_NONE, "set: no CORS");
}

static const struct {
    apr_interval_time_t connect, whole;    /* as set */
    apr_interval_time_t connect_result;    /* -1: refused */
    const char *connect_text, *whole_text; /* in the refusal */
} limits[] = {
    { SI_UNSET, SI_UNSET, 2000000, NULL, NULL },
    { SI_UNSET, 60000000, 2000000, NULL, NULL },
    { SI_UNSET, 2000000, 2000000, NULL, NULL },
    { SI_UNSET, 1999000, 1999000, NULL, NULL },
    { SI_UNSET, 1000, 1000, NULL, NULL },
    { 1000, SI_UNSET, 1000, NULL, NULL },
    { 4000000, SI_UNSET, 4000000, NULL, NULL },
    { 3000000, 3000000, 3000000, NULL, NULL },
    { 2999000, 3000000, 2999000, NULL, NULL },
    { 4001000, SI_UNSET, -1, "4001ms", "4000ms" },
    { 60000000, SI_UNSET, -1, "60000ms", "4000ms" },
    { 3000000, 2999000, -1, "3000ms", "2999ms" },
    { 2000000, 500000, -1, "2000ms", "500ms" },
};

static void time_limits_together(apr_pool_t *pool)
{
    apr_size_t i;

    for (i = 0; i < COUNT_OF(limits); i++) {
        si_settings_t *settings = si_settings_make(pool);
        const char *message;

        settings->connect_timeout = limits[i].connect;
        settings->timeout = limits[i].whole;
        message = si_settings_finish(pool, settings);
        if (limits[i].connect_result < 0) {
            contains(message, "SessionInitializerConnectTimeout", "limits %d: refused", (int)i + 1);
            contains(message, "SessionInitializerTimeout", "limits %d: both are named", (int)i + 1);
            contains(message, limits[i].connect_text, "limits %d: %s", (int)i + 1,
                     limits[i].connect_text);
            contains(message, limits[i].whole_text, "limits %d: %s", (int)i + 1,
                     limits[i].whole_text);
            continue;
        }
        is(message, NULL, "limits %d: accepted", (int)i + 1);
        is_number(settings->connect_timeout, limits[i].connect_result, "limits %d: time to connect",
                  (int)i + 1);
    }

    /* The inherited and the own value are compared with each other. */
    si_settings_t *base = si_settings_make(pool);
    si_settings_t *own = si_settings_make(pool);

    base->connect_timeout = 3000000;
    own->timeout = 1000000;
    ok(si_settings_finish(pool, si_settings_merge(pool, base, own)),
       "an inherited time to connect above the own total time is refused");
    base->connect_timeout = SI_UNSET;
    is(si_settings_finish(pool, si_settings_merge(pool, base, own)), NULL,
       "SessionInitializerConnectTimeout that is not set shrinks instead");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();

    stream_id_counts(pool);
    stream_id_names(pool);
    many_stream_ids(pool);
    one_directive_of_the_two(pool);
    whole_numbers(pool);
    paths(pool);
    origin_urls(pool);
    time_limits(pool);
    age_limits(pool);
    outgoing_proxies(pool);
    cors_arguments(pool);
    forward_headers(pool);
    ca_files(pool);
    merge_each(pool);
    merge_all(pool);
    defaults(pool);
    no_default_over_a_value(pool);
    time_limits_together(pool);
    return done();
}
