/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "config/settings.h"

#include "base/chars.h"
#include "config/pem.h"
#include "upstream/headers.h"

#include <apr_file_io.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_uri.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEFAULT_PATH "/session-initializer"
#define DEFAULT_CONNECT_TIMEOUT apr_time_from_sec(2)
#define DEFAULT_TIMEOUT apr_time_from_sec(4)
#define DEFAULT_MAX_BODY 1048576
#define SHORTEST_TIME apr_time_from_msec(1)
#define LONGEST_TIME apr_time_from_sec(60)
#define LARGEST_CA_FILE (4 * 1024 * 1024)

#define TO_STRING(x) #x
#define STRING_OF(macro) TO_STRING(macro)

si_settings_t *si_settings_make(apr_pool_t *pool)
{
    si_settings_t *settings = apr_pcalloc(pool, sizeof(*settings));

    settings->connect_timeout = SI_UNSET;
    settings->timeout = SI_UNSET;
    settings->max_body = SI_UNSET;
    settings->preserve_host = SI_UNSET;
    settings->max_concurrent = SI_UNSET;
    return settings;
}

#define INHERIT_NUMBER(member) merged->member = own->member != SI_UNSET ? own->member : base->member
#define INHERIT_POINTER(member) merged->member = own->member ? own->member : base->member

si_settings_t *si_settings_merge(apr_pool_t *pool, const si_settings_t *base,
                                 const si_settings_t *own)
{
    si_settings_t *merged = si_settings_make(pool);
    const si_settings_t *ca_owner = own->ca ? own : base;

    INHERIT_POINTER(stream_ids);
    INHERIT_POINTER(stream_id_key);
    INHERIT_POINTER(schedule_files);
    INHERIT_POINTER(path);
    INHERIT_POINTER(playback_base);
    INHERIT_POINTER(endpoint_url);
    INHERIT_NUMBER(connect_timeout);
    INHERIT_NUMBER(timeout);
    INHERIT_NUMBER(max_body);
    INHERIT_NUMBER(preserve_host);
    INHERIT_POINTER(forward_headers);
    INHERIT_POINTER(cors);
    INHERIT_NUMBER(max_concurrent);
    merged->ca = ca_owner->ca;
    merged->ca_length = ca_owner->ca_length;
    return merged;
}

#define DEFAULT_NUMBER(member, value)   \
    if (settings->member == SI_UNSET) { \
        settings->member = (value);     \
    }
#define DEFAULT_POINTER(member, value) \
    if (!settings->member) {           \
        settings->member = (value);    \
    }

static void fill_in_defaults(apr_pool_t *pool, si_settings_t *settings)
{
    DEFAULT_POINTER(stream_ids, si_stream_ids_make(pool, "StreamIdCount"));
    DEFAULT_POINTER(path, DEFAULT_PATH);
    settings->path_length = strlen(settings->path);
    DEFAULT_POINTER(playback_base, "");
    DEFAULT_POINTER(endpoint_url, "");
    DEFAULT_NUMBER(timeout, DEFAULT_TIMEOUT);
    DEFAULT_NUMBER(connect_timeout, settings->timeout < DEFAULT_CONNECT_TIMEOUT
                                        ? settings->timeout
                                        : DEFAULT_CONNECT_TIMEOUT);
    DEFAULT_NUMBER(max_body, DEFAULT_MAX_BODY);
    DEFAULT_NUMBER(preserve_host, 1);
    DEFAULT_POINTER(cors, apr_pcalloc(pool, sizeof(si_cors_t)));
}

static int same_trust(const si_endpoint_t *a, const si_endpoint_t *b)
{
    return (!a->ca && !b->ca)
           || (a->ca && b->ca && a->ca_length == b->ca_length
               && memcmp(a->ca, b->ca, a->ca_length) == 0);
}

/* The one of endpoints that is like this, or this, added. */
static const si_endpoint_t *share_endpoint(apr_array_header_t *endpoints, si_endpoint_t *endpoint)
{
    int i;

    for (i = 0; i < endpoints->nelts; i++) {
        const si_endpoint_t *known = APR_ARRAY_IDX(endpoints, i, const si_endpoint_t *);
        if (strcmp(known->url, endpoint->url) == 0 && same_trust(known, endpoint)) {
            return known;
        }
    }
    endpoint->index = endpoints->nelts;
    APR_ARRAY_PUSH(endpoints, const si_endpoint_t *) = endpoint;
    return endpoint;
}

static const si_endpoint_t *make_endpoint(apr_pool_t *pool, const si_settings_t *settings,
                                          apr_array_header_t *endpoints)
{
    si_endpoint_t *endpoint = apr_pcalloc(pool, sizeof(*endpoint));
    apr_uri_t uri;

    apr_uri_parse(pool, settings->endpoint_url, &uri);
    endpoint->host = uri.hostname;
    endpoint->is_https = strcmp(uri.scheme, "https") == 0;
    endpoint->port = uri.port_str ? uri.port : apr_uri_port_of_scheme(uri.scheme);
    endpoint->url = apr_psprintf(pool, strchr(uri.hostname, ':') ? "%s://[%s]:%d" : "%s://%s:%d",
                                 uri.scheme, uri.hostname, endpoint->port);
    if (endpoint->is_https) {
        endpoint->ca = settings->ca;
        endpoint->ca_length = settings->ca_length;
    }
    return share_endpoint(endpoints, endpoint);
}

static const si_prefetch_view_t *make_view(apr_pool_t *pool, const si_settings_t *settings,
                                           apr_array_header_t *views)
{
    si_prefetch_view_t *view = apr_pcalloc(pool, sizeof(*view));

    view->ids = settings->stream_ids;
    view->files = settings->schedule_files;
    view->index = views->nelts;
    APR_ARRAY_PUSH(views, const si_prefetch_view_t *) = view;
    return view;
}

static const char *in_milliseconds(apr_pool_t *pool, apr_interval_time_t time)
{
    return apr_psprintf(pool, "%" APR_TIME_T_FMT "ms", apr_time_as_msec(time));
}

const char *si_settings_finish(apr_pool_t *pool, si_settings_t *settings,
                               apr_array_header_t *endpoints, apr_array_header_t *views)
{
    fill_in_defaults(pool, settings);
    if (settings->connect_timeout > settings->timeout) {
        return apr_pstrcat(pool, "SessionInitializerConnectTimeout ",
                           in_milliseconds(pool, settings->connect_timeout),
                           " is longer than SessionInitializerTimeout ",
                           in_milliseconds(pool, settings->timeout),
                           ", the whole exchange: shorten the first or lengthen the second", NULL);
    }
    if (settings->stream_ids->count == 0) {
        return NULL;
    }
    if (*settings->endpoint_url && !settings->endpoint) {
        settings->endpoint = make_endpoint(pool, settings, endpoints);
    }
    if (settings->schedule_files && !settings->schedules) {
        settings->schedules = make_view(pool, settings, views);
    }
    return NULL;
}

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

/* What the other directive has set in the same server stays, with this complaint. */
static const char *refuse_both(apr_pool_t *pool, const si_stream_ids_t *ids, const char *directive)
{
    return ids && strcmp(ids->directive, directive) != 0
               ? apr_pstrcat(pool, "stands beside ", ids->directive,
                             " in the same server: give one of the two", NULL)
               : NULL;
}

const char *si_parse_stream_id_count(apr_pool_t *pool, const char *text, si_stream_ids_t **ids)
{
    const char *problem = refuse_both(pool, *ids, "StreamIdCount");
    apr_int64_t number = 0;
    int i;

    if (problem) {
        return problem;
    }
    if (strcasecmp(text, "Off") != 0
        && si_parse_number(pool, text, 1, SI_STREAM_ID_COUNT_MAX, &number)) {
        return refuse(
            pool, text,
            "give a whole number from 1 to " STRING_OF(
                SI_STREAM_ID_COUNT_MAX) ", as many as there are prefetch schedules per ad break, or Off");
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
        return refuse(pool, text,
                      "give NAME or NAME=WEIGHT: a name of 1 to " STRING_OF(
                          SI_STREAM_ID_MAX_LENGTH) " letters, digits and ._- and a whole number "
                                                   "from 1 to " STRING_OF(SI_STREAM_ID_MAX_WEIGHT));
    }
    *ids = *ids ? *ids : si_stream_ids_make(pool, "StreamIds");
    if (si_stream_ids_find(*ids, name, strlen(name)) >= 0) {
        return refuse(pool, text, "the name is there already, and each stands once");
    }
    if ((*ids)->count == SI_STREAM_ID_MAX) {
        return refuse(pool, text,
                      "give at most " STRING_OF(
                          SI_STREAM_ID_MAX) " names, as many as AWS allows prefetch schedules");
    }
    si_stream_ids_add(*ids, name, (int)weight);
    return NULL;
}

const char *si_parse_flag(apr_pool_t *pool, const char *text, int *flag)
{
    const int is_on = strcasecmp(text, "On") == 0;

    if (!is_on && strcasecmp(text, "Off") != 0) {
        return refuse(pool, text, "give On or Off");
    }
    *flag = is_on;
    return NULL;
}

static int is_unreserved(char c)
{
    return apr_isalnum(c) || (c && strchr("-._~", c));
}

/*
 * Whether each segment of path, which begins with a slash, is made of unreserved characters and no
 * dot segment.
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
        if (is_dots) { /* an empty segment is one of no dots */
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
                      "digits and -._~ without dot segments, as " DEFAULT_PATH);
    }
    if (strcmp(text, "/v1") == 0 || strncmp(text, "/v1/", 4) == 0) {
        return refuse(pool, text, "/v1 is MediaTailor's own path, to which players are redirected");
    }
    *path = text;
    return NULL;
}

/* Brackets hold an IPv6 address and stand nowhere else. */
static int has_sound_host(const apr_uri_t *uri)
{
    unsigned char address[sizeof(struct in6_addr)];

    return uri->hostinfo[0] == '[' ? inet_pton(AF_INET6, uri->hostname, address) == 1
                                   : !strpbrk(uri->hostname, "[]:");
}

static int is_origin_url(apr_pool_t *pool, const char *text)
{
    apr_uri_t uri;

    return apr_uri_parse(pool, text, &uri) == APR_SUCCESS && uri.scheme && uri.hostname
           && *uri.hostname && (strcmp(uri.scheme, "http") == 0 || strcmp(uri.scheme, "https") == 0)
           && !uri.user && !uri.password && !strchr(uri.hostinfo, '@') && !strpbrk(text, "?#")
           && (!uri.path || strcmp(uri.path, "/") == 0)
           && (!uri.port_str || si_is_port(uri.port_str)) && has_sound_host(&uri);
}

/* The characters a host name or address and a port are made of. */
static int has_plain_authority(const char *text)
{
    const char *authority = strstr(text, "://");

    return authority
           && authority[3
                        + strspn(authority + 3, "abcdefghijklmnopqrstuvwxyz"
                                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                "0123456789-._:[]/")]
                  == '\0';
}

const char *si_parse_origin_url(apr_pool_t *pool, const char *text, const char **url)
{
    if (strcasecmp(text, "none") == 0) {
        *url = "";
        return NULL;
    }
    if (!has_plain_authority(text) || !is_origin_url(pool, text)) {
        return refuse(pool, text,
                      "give https://host[:port] or http://host[:port], without path, query, user "
                      "info or fragment, or none");
    }
    const apr_size_t length = strlen(text);
    *url = apr_pstrmemdup(pool, text, text[length - 1] == '/' ? length - 1 : length);
    return NULL;
}

const char *si_read_ca_file(apr_pool_t *pool, const char *name, const char **pem,
                            apr_size_t *length)
{
    apr_file_t *file;
    apr_finfo_t info;
    char *content = NULL;
    char reason[128];
    apr_status_t rv = apr_file_open(&file, name, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, pool);

    if (rv == APR_SUCCESS) {
        rv = apr_file_info_get(&info, APR_FINFO_SIZE | APR_FINFO_TYPE, file);
    }
    if (rv == APR_SUCCESS && (info.filetype != APR_REG || info.size > LARGEST_CA_FILE)) {
        apr_file_close(file);
        return refuse(pool, name, "give a file of at most 4 MiB with PEM certificates");
    }
    if (rv == APR_SUCCESS) {
        content = apr_pcalloc(pool, (apr_size_t)info.size + 1);
        rv = apr_file_read_full(file, content, (apr_size_t)info.size, length);
        apr_file_close(file);
        *pem = content;
    }
    if (!content || (rv != APR_SUCCESS && rv != APR_EOF)) {
        return apr_pstrcat(pool, "'", name,
                           "' cannot be read: ", apr_strerror(rv, reason, sizeof(reason)), NULL);
    }
    /* Text: what is behind a NUL would be lost without a word. */
    *length = strlen(content) == *length ? si_pem_keep_certificates(content) : 0;
    if (*length == 0) {
        return refuse(
            pool, name,
            "the file holds no PEM certificate (-----BEGIN CERTIFICATE-----), one with more than"
            " base64 in it, a block without its -----END, or a NUL byte");
    }
    return NULL;
}

static int has_sound_authority(apr_pool_t *pool, const char *text)
{
    apr_uri_t uri;

    return has_plain_authority(text) && apr_uri_parse(pool, text, &uri) == APR_SUCCESS
           && uri.hostname && has_sound_host(&uri);
}

const char *si_parse_allow_origin(apr_pool_t *pool, const char *text, si_cors_t **cors)
{
    const int is_word = strcmp(text, "*") == 0 || strcasecmp(text, "none") == 0;
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
    origin = strcasecmp(text, "null") == 0 || has_sound_authority(pool, text)
                 ? si_cors_origin(pool, text)
                 : NULL;
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
