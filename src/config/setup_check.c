/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "config/setup_check.h"

#include "base/chars.h"
#include "config/servers.h"

#include <ap_mpm.h>
#include <apr_strings.h>
#include <arpa/inet.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_request.h>
#include <netinet/in.h>

APLOG_USE_MODULE(session_initializer);

enum {
    WARNED_NO_ENDPOINT = 1,
    WARNED_FORWARDED_FOR = 2
};

/*
 * Whether this process has not warned of it yet. A child inherits the parent's flags at the fork.
 */
static int is_first(si_vhost_t *vhost, unsigned what)
{
    return !(__atomic_load_n(&vhost->warned, __ATOMIC_RELAXED) & what)
           && !(__atomic_fetch_or(&vhost->warned, what, __ATOMIC_RELAXED) & what);
}

static int is_loopback(const char *host)
{
    struct in_addr ipv4;

    return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0
           || (inet_pton(AF_INET, host, &ipv4) == 1 && ntohl(ipv4.s_addr) >> 24 == IN_LOOPBACKNET);
}

static void check_endpoints(const server_rec *s, const apr_array_header_t *endpoints)
{
    int i;

    for (i = 0; i < endpoints->nelts; i++) {
        const si_endpoint_t *endpoint = APR_ARRAY_IDX(endpoints, i, const si_endpoint_t *);
        if (!endpoint->is_https && !is_loopback(endpoint->host)) {
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                         "plain-http: endpoint=%s: sessions go there unencrypted, and MediaTailor "
                         "takes https alone",
                         endpoint->url);
        }
    }
}

static void check_threads(const server_rec *s, int max_calls)
{
    int is_threaded = AP_MPMQ_NOT_SUPPORTED;
    int threads = 0;

    ap_mpm_query(AP_MPMQ_IS_THREADED, &is_threaded);
    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    if (is_threaded != AP_MPMQ_NOT_SUPPORTED && max_calls >= threads) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                     "few-threads: SessionInitializerMaxConcurrent is %d and ThreadsPerChild %d: "
                     "waiting sessions may leave no thread for redirects",
                     max_calls, threads);
    }
}

void si_check_configuration(const server_rec *main_server)
{
    const apr_array_header_t *endpoints = si_servers_endpoints();

    check_endpoints(main_server, endpoints);
    if (endpoints->nelts > 0) {
        check_threads(main_server, si_servers_max_calls());
    }
}

void si_check_no_endpoint(request_rec *r, si_vhost_t *vhost)
{
    if (is_first(vhost, WARNED_NO_ENDPOINT)) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "no-endpoint: vhost=%s: a session POST came, but %s",
                      r->server->server_hostname,
                      vhost->endpoint ? "this child process could not start its forwarder"
                                      : "SessionInitializerEndpoint is not set");
    }
}

/* mod_remoteip reads the last address of a list first, and stops at what it cannot read. */
static int has_readable_end(apr_pool_t *pool, const char *list)
{
    const char *comma = strrchr(list, ',');
    char *last = apr_pstrdup(pool, comma ? comma + 1 : list);

    apr_collapse_spaces(last, last);
    return si_is_address(last);
}

/*
 * A header in which balancers and CDNs send the player's address, if it does not end with an
 * address.
 */
static const char *unreadable_header(const request_rec *r)
{
    static const char *const names[] = {
        "CloudFront-Viewer-Address", "X-Forwarded-For",  "True-Client-IP",
        "CF-Connecting-IP",          "X-Azure-ClientIP", "X-Real-IP"
    };
    apr_size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = apr_table_get(r->headers_in, names[i]);
        if (value && !has_readable_end(r->pool, value)) {
            return names[i];
        }
    }
    return NULL;
}

void si_check_forwarded_for(request_rec *r, si_vhost_t *vhost)
{
    const char *unreadable;

    if (r->useragent_addr != r->connection->client_addr
        || !apr_table_get(r->headers_in, "X-Forwarded-For")
        || !is_first(vhost, WARNED_FORWARDED_FOR)) {
        return;
    }
    unreadable = unreadable_header(r);
    ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r, "forwarded-for: vhost=%s peer=%s: %s%s",
                  r->server->server_hostname, r->connection->client_ip,
                  unreadable ? unreadable : "it sends X-Forwarded-For",
                  unreadable ? " holds no address that mod_remoteip can read; has it a port?"
                             : ", but mod_remoteip does not trust it");
}
