/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "config/vhost.h"

#include <apr_strings.h>
#include <string.h>

void si_shared_make(apr_pool_t *pool, si_shared_t *shared)
{
    shared->endpoints = apr_array_make(pool, 4, sizeof(const si_endpoint_t *));
    shared->views = apr_array_make(pool, 4, sizeof(const si_schedule_view_t *));
}

si_vhost_t *si_vhost_make(apr_pool_t *pool, si_settings_t *settings)
{
    si_vhost_t *vhost = apr_pcalloc(pool, sizeof(*vhost));

    vhost->settings = settings;
    return vhost;
}

static int same_trust(const si_endpoint_t *a, const si_endpoint_t *b)
{
    return (!a->ca && !b->ca)
           || (a->ca && b->ca && a->ca_length == b->ca_length
               && memcmp(a->ca, b->ca, a->ca_length) == 0);
}

static int same_proxy(const si_proxy_t *a, const si_proxy_t *b)
{
    return (!a && !b) || (a && b && strcmp(a->url, b->url) == 0);
}

/* Returns the element of endpoints that equals endpoint; adds endpoint if there is none. */
static const si_endpoint_t *share_endpoint(apr_array_header_t *endpoints, si_endpoint_t *endpoint)
{
    int i;

    for (i = 0; i < endpoints->nelts; i++) {
        const si_endpoint_t *known = APR_ARRAY_IDX(endpoints, i, const si_endpoint_t *);
        if (strcmp(known->url, endpoint->url) == 0 && same_trust(known, endpoint)
            && same_proxy(known->proxy, endpoint->proxy)) {
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
    si_origin_t origin = *settings->endpoint;

    origin.port = origin.port ? origin.port : si_origin_default_port(&origin);
    endpoint->url = si_origin_print(pool, &origin);
    endpoint->host = origin.host;
    endpoint->port = origin.port;
    endpoint->is_https = strcmp(origin.scheme, "https") == 0;
    endpoint->proxy = *settings->outgoing_proxy->host ? settings->outgoing_proxy : NULL;
    if (endpoint->is_https) {
        endpoint->ca = settings->ca;
        endpoint->ca_length = settings->ca_length;
    }
    return share_endpoint(endpoints, endpoint);
}

static const si_schedule_view_t *make_view(apr_pool_t *pool, const si_settings_t *settings,
                                           apr_array_header_t *views)
{
    si_schedule_view_t *view = apr_pcalloc(pool, sizeof(*view));

    view->ids = settings->stream_ids;
    view->files = settings->schedule_files;
    view->index = views->nelts;
    APR_ARRAY_PUSH(views, const si_schedule_view_t *) = view;
    return view;
}

const char *si_vhost_complete(apr_pool_t *pool, si_vhost_t *vhost, si_shared_t *shared)
{
    const si_settings_t *settings = vhost->settings;
    const char *problem = si_settings_finish(pool, vhost->settings);

    if (problem || settings->stream_ids->count == 0) {
        return problem;
    }
    if (*settings->endpoint->scheme) {
        vhost->endpoint = make_endpoint(pool, settings, shared->endpoints);
    }
    if (settings->schedule_files) {
        vhost->schedules = make_view(pool, settings, shared->views);
    }
    return NULL;
}
