/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "config/settings.h"

#include <apr_strings.h>
#include <string.h>

#define DEFAULT_CONNECT_TIMEOUT apr_time_from_sec(2)
#define DEFAULT_TIMEOUT apr_time_from_sec(4)
#define DEFAULT_CONNECTION_MAX_AGE apr_time_from_sec(300)
#define DEFAULT_MAX_BODY 1048576

si_settings_t *si_settings_make(apr_pool_t *pool)
{
    si_settings_t *settings = apr_pcalloc(pool, sizeof(*settings));

    settings->connect_timeout = SI_UNSET;
    settings->timeout = SI_UNSET;
    settings->connection_max_age = SI_UNSET;
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
    INHERIT_POINTER(endpoint);
    INHERIT_POINTER(outgoing_proxy);
    INHERIT_NUMBER(connect_timeout);
    INHERIT_NUMBER(timeout);
    INHERIT_NUMBER(connection_max_age);
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

static const si_origin_t no_origin = { .scheme = "", .host = "" };

static const si_proxy_t no_proxy = { .host = "" };

static void fill_in_defaults(apr_pool_t *pool, si_settings_t *settings)
{
    DEFAULT_POINTER(stream_ids, si_stream_ids_make(pool, "StreamIdCount"));
    DEFAULT_POINTER(path, SI_DEFAULT_PATH);
    settings->path_length = strlen(settings->path);
    DEFAULT_POINTER(playback_base, "");
    DEFAULT_POINTER(endpoint, &no_origin);
    DEFAULT_POINTER(outgoing_proxy, &no_proxy);
    DEFAULT_NUMBER(timeout, DEFAULT_TIMEOUT);
    DEFAULT_NUMBER(connect_timeout, settings->timeout < DEFAULT_CONNECT_TIMEOUT
                                        ? settings->timeout
                                        : DEFAULT_CONNECT_TIMEOUT);
    DEFAULT_NUMBER(connection_max_age, DEFAULT_CONNECTION_MAX_AGE);
    DEFAULT_NUMBER(max_body, DEFAULT_MAX_BODY);
    DEFAULT_NUMBER(preserve_host, 1);
    DEFAULT_POINTER(cors, apr_pcalloc(pool, sizeof(si_cors_t)));
}

static const char *in_milliseconds(apr_pool_t *pool, apr_interval_time_t time)
{
    return apr_psprintf(pool, "%" APR_TIME_T_FMT "ms", apr_time_as_msec(time));
}

const char *si_settings_finish(apr_pool_t *pool, si_settings_t *settings)
{
    fill_in_defaults(pool, settings);
    if (settings->connect_timeout > settings->timeout) {
        return apr_pstrcat(pool, "SessionInitializerConnectTimeout ",
                           in_milliseconds(pool, settings->connect_timeout),
                           " is longer than SessionInitializerTimeout ",
                           in_milliseconds(pool, settings->timeout),
                           ", the whole exchange: shorten the first or lengthen the second", NULL);
    }
    return NULL;
}
