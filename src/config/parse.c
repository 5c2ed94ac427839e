/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "config/parse.h"

#include "base/chars.h"
#include "base/file.h"
#include "config/pem.h"
#include "config/settings.h"
#include "upstream/headers.h"

#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#define SHORTEST_TIME apr_time_from_msec(1)
#define LONGEST_TIME apr_time_from_sec(60)
#define SHORTEST_AGE apr_time_from_sec(1)
#define LONGEST_AGE apr_time_from_sec(3600)

static const char *refuse(apr_pool_t *pool, const char *text, const char *allowed)
{
    return apr_pstrcat(pool, "'", text, "' is not allowed: ", allowed, NULL);
}

const char *si_parse_number(apr_pool_t *pool, const char *text, apr_int64_t minimum,
                            apr_int64_t maximum, apr_int64_t *number)
{
    char *end;
    apr_int64_t parsed;

    errno = 0;
    parsed = apr_strtoi64(text, &end, 10);
    if (errno != 0 || !apr_isdigit(*text) || *end || parsed < minimum || parsed > maximum) {
        return refuse(
            pool, text,
            apr_psprintf(pool, "give a whole number from %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT,
                         minimum, maximum));
    }
    *number = parsed;
    return NULL;
}

/* StreamIdCount and StreamIds exclude each other within one vhost. */
static const char *refuse_both(apr_pool_t *pool, const si_stream_ids_t *ids, const char *directive)
{
    if (!ids || strcmp(ids->directive, directive) == 0) {
        return NULL;
    }
    return apr_pstrcat(pool, "and ", ids->directive,
                       " are both set in this server: use one of them", NULL);
}

const char *si_parse_stream_id_count(apr_pool_t *pool, const char *text, si_stream_ids_t **ids)
{
    const char *problem = refuse_both(pool, *ids, "StreamIdCount");
    apr_int64_t number = 0;
    int i;

    if (problem) {
        return problem;
    }
    if (apr_cstr_casecmp(text, "Off") != 0
        && si_parse_number(pool, text, 1, SI_STREAM_ID_COUNT_MAX, &number)) {
        return refuse(
            pool, text,
            apr_psprintf(pool,
                         "give a whole number from 1 to %d, as many as there are prefetch "
                         "schedules per ad break, or Off",
                         SI_STREAM_ID_COUNT_MAX));
    }
    *ids = si_stream_ids_make(pool, "StreamIdCount");
    for (i = 1; i <= number; i++) {
        si_stream_ids_add(*ids, apr_itoa(pool, i), 1);
    }
    return NULL;
}

static int is_stream_id_name(const char *name)
{
    const char *p = name;

    while (apr_isalnum(*p) || (*p && strchr("._-", *p))) {
        p++;
    }
    return !*p && p > name && p - name <= SI_STREAM_ID_MAX_LENGTH;
}

const char *si_parse_stream_id(apr_pool_t *pool, const char *text, si_stream_ids_t **ids)
{
    const char *problem = refuse_both(pool, *ids, "StreamIds");
    const char *equals = strchr(text, '=');
    const char *name = equals ? apr_pstrmemdup(pool, text, (apr_size_t)(equals - text)) : text;
    apr_int64_t weight = 1;

    if (problem) {
        return problem;
    }
    if (!is_stream_id_name(name)
        || (equals && si_parse_number(pool, equals + 1, 1, SI_STREAM_ID_MAX_WEIGHT, &weight))) {
        return refuse(
            pool, text,
            apr_psprintf(pool,
                         "give NAME or NAME=WEIGHT: a name of 1 to %d letters, digits and "
                         "._- and a whole number from 1 to %d",
                         SI_STREAM_ID_MAX_LENGTH, SI_STREAM_ID_MAX_WEIGHT));
    }
    *ids = *ids ? *ids : si_stream_ids_make(pool, "StreamIds");
    if (si_stream_ids_find(*ids, name, strlen(name)) >= 0) {
        return refuse(pool, text, "this name is already listed");
    }
    if ((*ids)->count == SI_STREAM_ID_MAX) {
        return refuse(
            pool, text,
            apr_psprintf(pool, "give at most %d names, as many as AWS allows prefetch schedules",
                         SI_STREAM_ID_MAX));
    }
    si_stream_ids_add(*ids, name, (int)weight);
    return NULL;
}

static int is_unreserved(char c)
{
    return apr_isalnum(c) || (c && strchr("-._~", c));
}

/*
 * Whether each segment of path, which begins with a slash, has only unreserved characters and is
 * not a dot segment.
 */
static int has_plain_segments(const char *path)
{
    while (*path == '/') {
        const char *segment = ++path;
        while (is_unreserved(*path)) {
            path++;
        }
        const apr_size_t length = (apr_size_t)(path - segment);
        const int is_dots = length <= 2 && strspn(segment, ".") >= length;
        if (is_dots) { /* or empty */
            return 0;
        }
    }
    return !*path;
}

const char *si_parse_path(apr_pool_t *pool, const char *text, const char **path)
{
    if (*text != '/' || !has_plain_segments(text)) {
        return refuse(pool, text,
                      "give a path that begins with a slash and does not end with one, of letters, "
                      "digits and -._~ without dot segments, as " SI_DEFAULT_PATH);
    }
    if (strcmp(text, "/v1") == 0 || strncmp(text, "/v1/", 4) == 0) {
        return refuse(pool, text, "/v1 is MediaTailor's own path, to which players are redirected");
    }
    *path = text;
    return NULL;
}

const char *si_parse_http_origin(apr_pool_t *pool, const char *text, const si_origin_t **origin)
{
    const apr_size_t length = strlen(text);
    const int has_slash = length > 0 && text[length - 1] == '/';
    si_origin_t *parsed = apr_pcalloc(pool, sizeof(*parsed));

    if (apr_cstr_casecmp(text, "none") == 0) {
        parsed->scheme = parsed->host = "";
        *origin = parsed;
        return NULL;
    }
    if (!si_origin_parse(pool, apr_pstrmemdup(pool, text, length - (apr_size_t)has_slash), parsed)
        || !si_origin_is_http(parsed)) {
        return refuse(pool, text,
                      "give https://host[:port] or http://host[:port], without path, query, user "
                      "info or fragment, or none");
    }
    *origin = parsed;
    return NULL;
}

/* Whether "%XX" begins at text, and is not a control character, which libcurl would not send. */
static int is_escape(const char *text)
{
    char digits[3] = "";

    if (!apr_isxdigit(text[1]) || !apr_isxdigit(text[2])) {
        return 0;
    }
    memcpy(digits, text + 1, 2);
    const long byte = strtol(digits, NULL, 16);
    return byte >= 0x20 && byte != 0x7F;
}

/* "user:password" as a URL may have it (RFC 3986 section 3.2.1), up to an '@'. */
static int is_user_info(const char *text)
{
    const char *p;

    for (p = text; *p && *p != '@'; p++) {
        if (!is_unreserved(*p) && !strchr("!$&'()*+,;=:", *p) && !(*p == '%' && is_escape(p))) {
            return 0;
        }
    }
    return *p == '@' && *text != ':' && memchr(text, ':', (apr_size_t)(p - text));
}

/* Unlike other messages it does not repeat the value, any part of which may be the password. */
static const char *refuse_proxy(void)
{
    return "the value is not allowed: give http://[user:password@]host[:port], what is not a letter, "
           "a digit or one of -._~ in user and password as %XX, or none";
}

const char *si_parse_proxy(apr_pool_t *pool, const char *text, const si_proxy_t **proxy)
{
    static const char scheme[] = "http://";
    const apr_size_t length = sizeof(scheme) - 1;
    si_proxy_t *parsed = apr_pcalloc(pool, sizeof(*parsed));
    const char *at = strrchr(text, '@');
    const char *user_info = "";
    si_origin_t origin;

    parsed->host = "";
    if (apr_cstr_casecmp(text, "none") == 0) {
        *proxy = parsed;
        return NULL;
    }
    if (apr_cstr_casecmpn(text, scheme, length) != 0) {
        return refuse_proxy();
    }
    if (at) {
        user_info = apr_pstrmemdup(pool, text + length, (apr_size_t)(at + 1 - text) - length);
        text = apr_pstrcat(pool, scheme, at + 1, NULL);
    }
    if (!si_origin_parse(pool, text, &origin) || (at && !is_user_info(user_info))) {
        return refuse_proxy();
    }
    origin.port = origin.port ? origin.port : si_origin_default_port(&origin);
    parsed->host = origin.host;
    parsed->port = origin.port;
    parsed->name = si_origin_print(pool, &origin) + length;
    parsed->url = apr_pstrcat(pool, scheme, user_info, parsed->name, NULL);
    *proxy = parsed;
    return NULL;
}

const char *si_read_ca_file(apr_pool_t *pool, const char *name, const char **pem,
                            apr_size_t *length)
{
    apr_finfo_t info;
    char *content = NULL;
    const char *wrong = si_file_read(pool, name, &info, &content, length);

    if (wrong) {
        return apr_pstrcat(pool, "'", name, "' is not allowed: ", wrong,
                           "; give a file of PEM certificates", NULL);
    }
    *pem = content;
    /* A NUL would silently cut off the certificates after it. */
    *length = strlen(content) == *length ? si_pem_keep_certificates(content) : 0;
    if (*length == 0) {
        return refuse(
            pool, name,
            "the file holds no PEM certificate (-----BEGIN CERTIFICATE-----), one with more than"
            " base64 in it, a block without its -----END, or a NUL byte");
    }
    return NULL;
}

const char *si_parse_allow_origin(apr_pool_t *pool, const char *text, si_cors_t **cors)
{
    const int is_word = strcmp(text, "*") == 0 || apr_cstr_casecmp(text, "none") == 0;
    const char *origin;

    if (*cors && (is_word || (*cors)->mode != SI_CORS_LIST)) {
        return refuse(
            pool, text,
            "* and none cannot be combined with other origins; none sets no CORS headers, "
            "null is the origin of a page that has no other");
    }
    if (!*cors) {
        *cors = apr_pcalloc(pool, sizeof(**cors));
        (*cors)->origins = apr_array_make(pool, 2, sizeof(const char *));
    }
    if (is_word) {
        (*cors)->mode = *text == '*' ? SI_CORS_ANY : SI_CORS_NONE;
        return NULL;
    }
    (*cors)->mode = SI_CORS_LIST;
    origin = si_cors_origin(pool, text);
    if (!origin) {
        return refuse(
            pool, text,
            "give origins as browsers send them, without a path: https://host[:port]; "
            "file://, capacitor://localhost or the like for apps; null; or * or none alone");
    }
    APR_ARRAY_PUSH((*cors)->origins, const char *) = origin;
    return NULL;
}

const char *si_parse_forward_header(apr_pool_t *pool, const char *text,
                                    apr_array_header_t **headers)
{
    if (!si_header_is_forwardable(text)) {
        return refuse(
            pool, text,
            "give the name of a header that may go upstream as the player sent it: not "
            "Cookie, Authorization, Host, Expect, X-Forwarded-For, Accept-Encoding, Range, "
            "and none that frames the message or holds for one hop only");
    }
    if (si_header_is_forwarded(text, *headers)) {
        return NULL;
    }
    if (!*headers) {
        *headers = apr_array_make(pool, 4, sizeof(const char *));
    }
    APR_ARRAY_PUSH(*headers, const char *) = text;
    return NULL;
}

const char *si_check_time(apr_pool_t *pool, const char *text, apr_interval_time_t time)
{
    if (time < SHORTEST_TIME || time > LONGEST_TIME) {
        return refuse(pool, text, "give a time from 1ms to 60s, as 500ms or 2s");
    }
    return NULL;
}

const char *si_check_age(apr_pool_t *pool, const char *text, apr_interval_time_t age)
{
    if (age < SHORTEST_AGE || age > LONGEST_AGE) {
        return refuse(pool, text, "give a time from 1s to 1h, as 300s or 5min");
    }
    return NULL;
}
