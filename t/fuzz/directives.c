/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * A directive's argument: a value that the manual allows is parsed correctly, any other is refused
 * with a message that begins with it. The first byte of the input selects the parser.
 */
#include "fuzz.h"

#include "config/parse.h"
#include "config/vhost.h"

#include <apr_strings.h>
#include <curl/curl.h>
#include <regex.h>
#include <strings.h>

static int matches(const char *text, const char *pattern)
{
    regex_t compiled;
    int is_match;

    MUST(regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) == 0);
    is_match = regexec(&compiled, text, 0, NULL, 0) == 0;
    regfree(&compiled);
    return is_match;
}

static void check_refusal(const char *problem, const char *text)
{
    MUST((problem == NULL)
         || strncmp(problem, apr_pstrcat(fuzz_pool, "'", text, "'", NULL), strlen(text) + 2) == 0);
}

/* Returns that part of url as libcurl reads it, or "". */
static const char *part_of(const char *text, CURLUPart part)
{
    CURLU *url = curl_url();
    char *found = NULL;
    const char *copy;

    curl_url_set(url, CURLUPART_URL, text, 0);
    curl_url_get(url, part, &found, CURLU_DEFAULT_PORT);
    copy = apr_pstrdup(fuzz_pool, found ? found : "");
    curl_free(found);
    curl_url_cleanup(url);
    return copy;
}

#define PORT \
    "(:0*([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?"

/* libcurl, which connects to it, must see only scheme, host and port in it, and the same ones. */
static void check_endpoint(const char *url)
{
    si_settings_t *settings = si_settings_make(fuzz_pool);
    si_vhost_t *vhost = si_vhost_make(fuzz_pool, settings);
    si_shared_t shared;
    const char *host = part_of(url, CURLUPART_HOST);

    MUST(!si_parse_stream_id_count(fuzz_pool, "3", &settings->stream_ids));
    MUST(!si_parse_http_origin(fuzz_pool, url, &settings->endpoint));
    si_shared_make(fuzz_pool, &shared);
    MUST(!si_vhost_complete(fuzz_pool, vhost, &shared));
    /* libcurl writes addresses in a form of its own. */
    MUST(matches(host, "^([0-9.]+|\\[.*\\])$") || strcasecmp(host, vhost->endpoint->host) == 0);
    MUST(strcmp(part_of(url, CURLUPART_PORT), apr_itoa(fuzz_pool, vhost->endpoint->port)) == 0);
    MUST((strcmp(part_of(url, CURLUPART_SCHEME), "https") == 0) == vhost->endpoint->is_https);
    MUST(strcmp(part_of(url, CURLUPART_PATH), "/") == 0);
    MUST(!*part_of(url, CURLUPART_USER) && !*part_of(url, CURLUPART_QUERY));
    MUST(strcasecmp(part_of(vhost->endpoint->url, CURLUPART_HOST), host) == 0);
}

static const char *try_url(const char *text)
{
    const si_origin_t *origin = NULL;
    const char *problem = si_parse_http_origin(fuzz_pool, text, &origin);
    const int is_none = strcasecmp(text, "none") == 0;

    if (!problem && !is_none) {
        const char *url = si_origin_print(fuzz_pool, origin);
        MUST(matches(text,
                     "^[Hh][Tt][Tt][Pp][Ss]?://([-A-Za-z0-9._]+|\\[[0-9A-Fa-f:.]+\\])" PORT "/?$"));
        MUST(matches(url, "^https?://([-a-z0-9._]+|\\[[0-9a-f:.]+\\])(:[1-9][0-9]*)?$"));
        check_endpoint(url);
    }
    MUST(!problem
         || (!is_none && !matches(text, "^https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?" PORT "/?$")));
    return problem;
}

static const char *try_path(const char *text)
{
    const char *path = NULL;
    const char *problem = si_parse_path(fuzz_pool, text, &path);

    MUST((problem == NULL)
         == (matches(text, "^(/[-A-Za-z0-9._~]+)+$") && !matches(text, "/[.][.]?(/|$)")
             && !matches(text, "^/v1(/|$)")));
    MUST(problem || strcmp(path, text) == 0);
    return problem;
}

static const char *try_number(const char *text)
{
    apr_int64_t number = -1;
    const char *problem = si_parse_number(fuzz_pool, text, 1, APR_INT32_MAX, &number);
    const char *digits = text + strspn(text, "0");
    const int is_number = matches(text, "^[0-9]+$") && strlen(digits) <= 10 && atoll(digits) >= 1
                          && atoll(digits) <= APR_INT32_MAX;

    MUST((problem == NULL) == is_number);
    MUST(problem || number == atoll(digits));
    return problem;
}

static const char *try_count(const char *text)
{
    si_stream_ids_t *ids = NULL;
    const char *problem = si_parse_stream_id_count(fuzz_pool, text, &ids);
    const int is_off = strcasecmp(text, "off") == 0;

    MUST((problem == NULL) == (is_off || matches(text, "^0*([1-9]|10)$")));
    MUST(problem || ids->count == (is_off ? 0 : atoi(text)));
    return problem;
}

static const char *try_stream_id(const char *text)
{
    si_stream_ids_t *ids = NULL;
    const char *problem = si_parse_stream_id(fuzz_pool, text, &ids);
    const char *equals = strchr(text, '=');

    MUST((problem == NULL) == matches(text, "^[-A-Za-z0-9._]{1,64}(=0*([1-9][0-9]{0,3}|10000))?$"));
    MUST(problem || ids->ids[0].weight == (equals ? atoi(equals + 1) : 1));
    return problem;
}

/* A browser writes its origin in this form, and compares bytes: RFC 6454 section 6.2. */
static const char *try_origin(const char *text)
{
    si_cors_t *cors = NULL;
    const char *problem = si_parse_allow_origin(fuzz_pool, text, &cors);

    if (!problem && cors->mode == SI_CORS_LIST) {
        const char *origin = APR_ARRAY_IDX(cors->origins, 0, const char *);
        MUST(matches(origin, "^null$") || matches(origin, "^[a-z][-a-z0-9+.]*://$")
             || matches(origin,
                        "^[a-z][-a-z0-9+.]*://([-a-z0-9._]+|\\[[0-9a-f:.]+\\])(:[1-9][0-9]*)?$"));
        MUST(!matches(origin, "^https?://$"));
        MUST(!matches(origin, "^(http://.*:80|https://.*:443)$"));
        MUST(strcmp(si_cors_allow_origin(cors, origin), origin) == 0);
    }
    return problem;
}

static const char *try_header(const char *text)
{
    apr_array_header_t *headers = NULL;
    const char *problem = si_parse_forward_header(fuzz_pool, text, &headers);

    MUST(problem || matches(text, "^[-A-Za-z0-9!#$%&'*+.^_`|~]+$"));
    MUST(problem
         || (strcasecmp(text, "Cookie") && strcasecmp(text, "Authorization")
             && strcasecmp(text, "Host") && strcasecmp(text, "Transfer-Encoding")
             && strcasecmp(text, "Content-Length") && strcasecmp(text, "Connection")));
    return problem;
}

/*
 * Takes any two times, as numbers: from 1 ms to 60 s, and connecting may not take longer than the
 * whole.
 */
static void try_times(const char *data, apr_size_t size)
{
    si_settings_t *settings = si_settings_make(fuzz_pool);
    apr_int64_t times[2];
    int i;

    if (size < sizeof(times)) {
        return;
    }
    memcpy(times, data, sizeof(times));
    for (i = 0; i < 2; i++) {
        const char *problem = si_check_time(fuzz_pool, "x", times[i]);
        MUST((problem == NULL) == (times[i] >= 1000 && times[i] <= 60000000));
        if (problem) {
            times[i] = SI_UNSET;
        }
    }
    settings->connect_timeout = times[0];
    settings->timeout = times[1];
    const int is_good = !si_settings_finish(fuzz_pool, settings);
    MUST(is_good == (settings->connect_timeout <= settings->timeout));
    MUST(settings->connect_timeout >= 1000 && settings->timeout <= 60000000);
}

static void try_input(const char *data, apr_size_t size)
{
    static const char *(*const parsers[])(const char *) = { try_url,   try_path,     try_number,
                                                            try_count, try_origin,   try_header,
                                                            NULL,      try_stream_id };
    const unsigned choice = size > 0 ? (unsigned char)*data % 8U : 6;

    if (choice == 6) {
        try_times(data + (size > 0), size - (size > 0));
    }
    else {
        const char *text = string_of(data + 1, size - 1);
        check_refusal(parsers[choice](text), text);
    }
}
