/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* What a server's settings result in, and what servers share. */
#include "tap.h"

#include "config/parse.h"
#include "config/vhost.h"

#define CERTIFICATE "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"

static si_stream_ids_t *ids_of(apr_pool_t *pool, const char *count)
{
    si_stream_ids_t *ids = NULL;

    si_parse_stream_id_count(pool, count, &ids);
    return ids;
}

static const struct {
    const char *url; /* as parsed */
    const char *full;
    const char *host;
    int port;
    int is_https;
} endpoint_rows[] = {
    { "https://host.example", "https://host.example:443", "host.example", 443, 1 },
    { "https://host.example:8443", "https://host.example:8443", "host.example", 8443, 1 },
    { "http://host.example", "http://host.example:80", "host.example", 80, 0 },
    { "http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1", 8080, 0 },
    { "http://host.example:443", "http://host.example:443", "host.example", 443, 0 },
    { "https://[::1]", "https://[::1]:443", "::1", 443, 1 },
    { "https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443", "2001:db8::1", 8443, 1 },
};

static si_settings_t *with_endpoint(apr_pool_t *pool, const char *url, const char *ca)
{
    si_settings_t *settings = si_settings_make(pool);

    settings->stream_ids = ids_of(pool, "3");
    si_parse_http_origin(pool, url, &settings->endpoint);
    settings->ca = ca;
    settings->ca_length = ca ? strlen(ca) : 0;
    return settings;
}

static const si_endpoint_t *endpoint_of(apr_pool_t *pool, const char *url, const char *ca,
                                        si_shared_t *shared)
{
    si_vhost_t *vhost = si_vhost_make(pool, with_endpoint(pool, url, ca));

    return si_vhost_complete(pool, vhost, shared) ? NULL : vhost->endpoint;
}

static void make_endpoints(apr_pool_t *pool)
{
    apr_size_t i;
    si_shared_t shared;

    for (i = 0; i < COUNT_OF(endpoint_rows); i++) {
        const si_endpoint_t *endpoint;

        si_shared_make(pool, &shared);
        endpoint = endpoint_of(pool, endpoint_rows[i].url, NULL, &shared);
        if (!ok(endpoint != NULL, "endpoint %s: made", endpoint_rows[i].url)) {
            continue;
        }
        is(endpoint->url, endpoint_rows[i].full, "endpoint %s: URL", endpoint_rows[i].url);
        is(endpoint->host, endpoint_rows[i].host, "endpoint %s: host", endpoint_rows[i].url);
        is_number(endpoint->port, endpoint_rows[i].port, "endpoint %s: port", endpoint_rows[i].url);
        is_number(endpoint->is_https, endpoint_rows[i].is_https, "endpoint %s: https",
                  endpoint_rows[i].url);
        ok(!endpoint->ca, "endpoint %s: the system's trust", endpoint_rows[i].url);
        ok(shared.endpoints->nelts == 1
               && APR_ARRAY_IDX(shared.endpoints, 0, const si_endpoint_t *) == endpoint,
           "endpoint %s: added", endpoint_rows[i].url);
    }
    si_shared_make(pool, &shared);
    ok(!endpoint_of(pool, "none", NULL, &shared), "endpoint none: none is made");
    is_number(shared.endpoints->nelts, 0, "endpoint none: none is added");
}

static const struct {
    const char *name;
    const char *url, *ca; /* added to https://a.example, with the system's trust and with its own */
    int known;            /* which it shares; -1: its own */
} sharings[] = {
    { "same URL, the system's trust", "https://a.example", NULL, 0 },
    { "same port, written out", "https://a.example:443", NULL, 0 },
    { "same URL, our trust", "https://a.example", CERTIFICATE, 1 },
    { "same URL, another trust", "https://a.example", CERTIFICATE "\n", -1 },
    { "same URL, a trust of the same length", "https://a.example",
      "-----BEGIN CERTIFICATE-----\nMIIX\n-----END CERTIFICATE-----\n", -1 },
    { "another host", "https://b.example", NULL, -1 },
    { "another port", "https://a.example:8443", NULL, -1 },
    { "another scheme", "http://a.example", NULL, -1 },
    { "another scheme, same port", "http://a.example:443", NULL, -1 },
};

static void share_endpoints(apr_pool_t *pool)
{
    apr_size_t i;
    int j;

    for (i = 0; i < COUNT_OF(sharings); i++) {
        const char *ca = sharings[i].ca ? apr_pstrdup(pool, sharings[i].ca) : NULL;
        const si_endpoint_t *known[2], *endpoint;
        si_shared_t shared;

        si_shared_make(pool, &shared);
        known[0] = endpoint_of(pool, "https://a.example", NULL, &shared);
        known[1] = endpoint_of(pool, "https://a.example", CERTIFICATE, &shared);
        ok(known[0] != known[1], "another trust is another endpoint");
        endpoint = endpoint_of(pool, sharings[i].url, ca, &shared);
        if (sharings[i].known < 0) {
            ok(endpoint != known[0] && endpoint != known[1], "%s: its own endpoint",
               sharings[i].name);
            is_number(shared.endpoints->nelts, 3, "%s: it is added", sharings[i].name);
        }
        else {
            ok(endpoint == known[sharings[i].known], "%s: shared", sharings[i].name);
            is_number(shared.endpoints->nelts, 2, "%s: none is added", sharings[i].name);
        }
        is_bytes(endpoint->ca, endpoint->ca_length, sharings[i].ca,
                 sharings[i].ca ? strlen(sharings[i].ca) : 0, "%s: its trust", sharings[i].name);
        for (j = 0; j < shared.endpoints->nelts; j++) {
            is_number(APR_ARRAY_IDX(shared.endpoints, j, const si_endpoint_t *)->index, j,
                      "%s: endpoint %d has its index", sharings[i].name, j);
        }
    }
}

/* Without TLS there is nothing to trust. */
static void http_has_no_trust(apr_pool_t *pool)
{
    const si_endpoint_t *plain;
    si_shared_t shared;

    si_shared_make(pool, &shared);
    plain = endpoint_of(pool, "http://a.example", NULL, &shared);
    ok(plain == endpoint_of(pool, "http://a.example", CERTIFICATE, &shared),
       "http, with and without trust: shared");
    ok(!plain->ca, "http: no trust");
}

/* Two servers that reach the same MediaTailor in other ways do not share connections. */
static void proxies_are_not_shared(apr_pool_t *pool)
{
    static const char *const texts[] = { "none", "http://p.example", "http://me:x@p.example",
                                         "http://me:y@p.example" };
    const si_endpoint_t *endpoints[COUNT_OF(texts)];
    si_shared_t shared;
    apr_size_t i;

    si_shared_make(pool, &shared);
    for (i = 0; i < 2 * COUNT_OF(texts); i++) {
        const char *text = texts[i % COUNT_OF(texts)];
        si_settings_t *settings = with_endpoint(pool, "https://a.example", NULL);
        si_vhost_t *vhost = si_vhost_make(pool, settings);

        si_parse_proxy(pool, text, &settings->outgoing_proxy);
        si_vhost_complete(pool, vhost, &shared);
        if (i < COUNT_OF(texts)) {
            endpoints[i] = vhost->endpoint;
            is_number(shared.endpoints->nelts, i + 1, "proxy %s: an endpoint of its own", text);
            ok(!vhost->endpoint->proxy == (i == 0), "proxy %s: the endpoint has it", text);
        }
        else {
            ok(vhost->endpoint == endpoints[i % COUNT_OF(texts)], "proxy %s again: shared", text);
        }
    }
}

/*
 * Each server that has stream ids and files has a view of its own, because the plan depends on its
 * ids.
 */
static void views_of_schedules(apr_pool_t *pool)
{
    si_settings_t *base = si_settings_make(pool);
    si_settings_t *own = si_settings_make(pool);
    si_settings_t *off = si_settings_make(pool);
    si_vhost_t *vhosts[3];
    si_shared_t shared;
    int i;

    base->stream_ids = ids_of(pool, "3");
    base->schedule_files = apr_array_make(pool, 1, sizeof(const char *));
    own->stream_ids = ids_of(pool, "2");
    off->stream_ids = ids_of(pool, "Off");
    vhosts[0] = si_vhost_make(pool, base);
    vhosts[1] = si_vhost_make(pool, si_settings_merge(pool, base, own));
    vhosts[2] = si_vhost_make(pool, si_settings_merge(pool, base, off));
    si_shared_make(pool, &shared);
    for (i = 0; i < 3; i++) {
        is(si_vhost_complete(pool, vhosts[i], &shared), NULL, "files: complete");
    }
    is_number(shared.views->nelts, 2, "files: each server that is on has a view");
    ok(!vhosts[2]->schedules, "files: a server that is off has no view");
    for (i = 0; i < 2; i++) {
        ok(vhosts[i]->schedules->ids == vhosts[i]->settings->stream_ids,
           "files: view %d has the server's ids", i);
        ok(vhosts[i]->schedules->files == base->schedule_files, "files: view %d has the files", i);
        is_number(vhosts[i]->schedules->index, i, "files: view %d has its index", i);
    }
}

static void wrong_settings(apr_pool_t *pool)
{
    si_settings_t *settings = with_endpoint(pool, "https://a.example", NULL);
    si_vhost_t *vhost = si_vhost_make(pool, settings);
    si_shared_t shared;

    settings->connect_timeout = 3000000;
    settings->timeout = 1000000;
    si_shared_make(pool, &shared);
    contains(si_vhost_complete(pool, vhost, &shared), "SessionInitializerConnectTimeout",
             "wrong settings: refused");
    ok(!vhost->endpoint && shared.endpoints->nelts == 0, "wrong settings: nothing is made");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();

    make_endpoints(pool);
    share_endpoints(pool);
    http_has_no_trust(pool);
    proxies_are_not_shared(pool);
    views_of_schedules(pool);
    wrong_settings(pool);
    return done();
}
