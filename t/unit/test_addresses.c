/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * A name with several addresses: new connections are spread over them, and whatever some of them
 * do, a live one answers. Every arrangement of what two or three addresses may do is tried.
 */
#include "self_signed.h"
#include "tap.h"

#include "upstream/forwarder.h"
#include "upstream/nodes.h"

#include <apr_strings.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#define SECOND 1000000
#define MAX_ADDRESSES 3

/* What an address does. */
typedef enum {
    LIVE,
    REFUSES,
    SILENT, /* drops what comes */
    RESETS, /* accepts and resets */
    HANGS,  /* accepts and does not go on: a TLS handshake that never ends */
    STATES
} state_t;

static const char *const state_names[] = { "live", "refuses", "silent", "resets", "hangs" };

static apr_pool_t *pool;
static int patience = 1;
static SSL_CTX *tls;

/* For the leak checker: what lives as long as the process. */
static void *volatile kept[2048];
static atomic_int kept_count;

static void keep(void *what)
{
    kept[kept_count++] = what;
}

static const char *ca;
static size_t ca_length;

/* Name servers: "aN.test" has the addresses 127.0.0.1 to 127.0.0.N; "moving.test" has one. */

static atomic_int moving_address = 1, lookups;

static struct addrinfo *address_info(int last_byte, struct addrinfo *next)
{
    struct addrinfo *info = calloc(1, sizeof(*info) + sizeof(struct sockaddr_in));
    struct sockaddr_in *address = (struct sockaddr_in *)(void *)(info + 1);

    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK + (unsigned)last_byte - 1);
    info->ai_family = AF_INET;
    info->ai_socktype = SOCK_STREAM;
    info->ai_addr = (struct sockaddr *)address;
    info->ai_addrlen = sizeof(*address);
    info->ai_next = next;
    return info;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **found)
{
    int i;

    (void)service;
    (void)hints;
    lookups++;
    *found = NULL;
    if (*name == 'm') {
        *found = address_info(moving_address, NULL);
        return 0;
    }
    for (i = name[1] - '0'; i > 0; i--) {
        *found = address_info(i, *found);
    }
    return 0;
}

void freeaddrinfo(struct addrinfo *info)
{
    while (info) {
        struct addrinfo *next = info->ai_next;
        free(info);
        info = next;
    }
}

/* The addresses' hosts */

typedef struct {
    state_t state;
    int is_https;
    atomic_int keeps; /* connections, after a response */
    int holds_ms;     /* how long a response takes */
    int listener;
    atomic_int connections, requests;
} host_t;

typedef struct {
    host_t *host;
    int fd;
    SSL *ssl;
} peer_t;

static int read_request(const peer_t *peer)
{
    char buffer[4096];
    size_t length = 0;

    for (;;) {
        const ssize_t count = peer->ssl
                                  ? SSL_read(peer->ssl, buffer + length,
                                             (int)(sizeof(buffer) - 1 - length))
                                  : recv(peer->fd, buffer + length, sizeof(buffer) - 1 - length, 0);
        if (count <= 0) {
            return 0;
        }
        length += (size_t)count;
        buffer[length] = '\0';
        if (length >= 6 && strcmp(buffer + length - 6, "\r\n\r\n{}") == 0) {
            return 1;
        }
    }
}

static void answer(const peer_t *peer)
{
    const char *text = peer->host->keeps
                           ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
                           : "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}";

    usleep((useconds_t)peer->host->holds_ms * 1000);
    if (peer->ssl) {
        SSL_write(peer->ssl, text, (int)strlen(text));
    }
    else {
        send(peer->fd, text, strlen(text), MSG_NOSIGNAL);
    }
}

static void *serve(void *data)
{
    peer_t *peer = data;

    if (peer->host->is_https) {
        peer->ssl = SSL_new(tls);
        SSL_set_fd(peer->ssl, peer->fd);
    }
    if (!peer->ssl || SSL_accept(peer->ssl) == 1) {
        while (read_request(peer)) {
            peer->host->requests++;
            answer(peer);
            if (!peer->host->keeps) {
                break;
            }
        }
    }
    SSL_free(peer->ssl);
    close(peer->fd);
    free(peer);
    OPENSSL_thread_stop();
    return NULL;
}

static void start_thread(void *(*function)(void *), void *data)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, function, data) != 0) {
        abort();
    }
    pthread_detach(thread);
}

static void *accept_all(void *data)
{
    const struct linger at_once = { .l_onoff = 1 };
    host_t *host = data;
    int fd;

    while ((fd = accept4(host->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        host->connections++;
        if (host->state == RESETS) {
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
            close(fd);
        }
        else if (host->state == LIVE) {
            peer_t *peer = calloc(1, sizeof(*peer));
            peer->host = host;
            peer->fd = fd;
            start_thread(serve, peer);
        }
    }
    return NULL;
}

static struct sockaddr_in address_of(int last_byte, int port)
{
    return (struct sockaddr_in){ .sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)port),
                                 .sin_addr = { htonl(INADDR_LOOPBACK + (unsigned)last_byte - 1) } };
}

static int can_listen(const struct sockaddr_in *address)
{
    const int reuse = 1;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int is_free;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse));
    is_free = bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
    close(fd);
    return is_free;
}

/*
 * A port that is free at all addresses, below those that the kernel gives to connections: a test
 * beside this one has thousands of them.
 */
static int reserve_port(void)
{
    static atomic_int next;
    int last_byte, port;

    do {
        port = 10000 + (getpid() % 100 * 200 + next++) % 20000;
        for (last_byte = 1; last_byte <= MAX_ADDRESSES; last_byte++) {
            const struct sockaddr_in address = address_of(last_byte, port);
            if (!can_listen(&address)) {
                break;
            }
        }
    } while (last_byte <= MAX_ADDRESSES);
    return port;
}

/* Connections that fill the queue of a listener which accepts none: further ones get no answer. */
static void fill_queue(const struct sockaddr_in *address)
{
    int i;

    for (i = 0; i < 4; i++) {
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0
            && errno != EINPROGRESS) {
            abort();
        }
    }
}

static host_t *start_host(state_t state, int is_https, int last_byte, int port)
{
    const struct sockaddr_in address = address_of(last_byte, port);
    const int reuse = 1;
    host_t *host = calloc(1, sizeof(*host));

    keep(host);
    host->state = state;
    host->is_https = is_https;
    if (state == REFUSES) {
        return host;
    }
    host->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(host->listener, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse));
    if (bind(host->listener, (const struct sockaddr *)&address, sizeof(address)) != 0
        || listen(host->listener, state == SILENT ? 0 : 1024) != 0) {
        abort();
    }
    if (state == SILENT) {
        fill_queue(&address);
    }
    else {
        start_thread(accept_all, host);
    }
    return host;
}

/* Calls */

static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;

static si_forwarder_t *start(const char *name, int port, int is_https, int max_calls,
                             int is_threaded, const si_endpoint_t **endpoint)
{
    apr_array_header_t *endpoints;
    si_endpoint_t *new;
    si_forwarder_t *forwarder;
    const char *problem = NULL;

    pthread_mutex_lock(&making);
    endpoints = apr_array_make(pool, 1, sizeof(const si_endpoint_t *));
    new = apr_pcalloc(pool, sizeof(*new));
    new->host = name;
    new->port = port;
    new->is_https = is_https;
    new->url = apr_psprintf(pool, "%s://%s:%d", is_https ? "https" : "http", name, port);
    new->ca = ca;
    new->ca_length = ca_length;
    APR_ARRAY_PUSH(endpoints, const si_endpoint_t *) = new;
    *endpoint = new;
    forwarder = si_forwarder_start(endpoints, max_calls, 1, is_threaded, &problem);
    pthread_mutex_unlock(&making);
    if (!forwarder) {
        abort();
    }
    keep(forwarder);
    return forwarder;
}

typedef struct {
    si_forwarder_t *forwarder;
    const si_endpoint_t *endpoint;
    apr_interval_time_t connect_timeout, max_age;
    apr_pool_t *pool;
    si_response_t response;
    pthread_t thread;
} job_t;

static void *run_job(void *data)
{
    job_t *job = data;
    si_forward_request_t request = { .endpoint = job->endpoint,
                                     .target = "/v1/session/a/b/c",
                                     .body = "{}",
                                     .body_length = 2,
                                     .connect_timeout = job->connect_timeout,
                                     .timeout = 20 * SECOND * patience,
                                     .max_age = job->max_age };

    request.headers = apr_array_make(job->pool, 2, sizeof(const char *));
    si_forward(job->forwarder, &request, job->pool, &job->response);
    return NULL;
}

static job_t make_job(si_forwarder_t *forwarder, const si_endpoint_t *endpoint)
{
    job_t job = { .forwarder = forwarder, .endpoint = endpoint, .connect_timeout = 10 * SECOND };

    apr_pool_create_unmanaged_ex(&job.pool, NULL, NULL);
    return job;
}

/* The matrix */

typedef struct {
    int count, is_https, is_threaded;
    state_t states[MAX_ADDRESSES];
    int first_failed, failed, probed_failed; /* calls */
    int tried_dead;                          /* connections of calls after the first time */
    pthread_t thread;
} arrangement_t;


static void call_often(job_t *job, int calls, int *failed)
{
    while (calls-- > 0) {
        apr_pool_clear(job->pool);
        run_job(job);
        *failed += job->response.outcome != SI_FORWARD_ANSWERED || job->response.status != 200;
    }
}

/*
 * Connections of calls to addresses that do not answer. Those that a call makes to what resets at
 * once are not counted, since without TLS a probe cannot tell it from a live one.
 */
static int count_dead(const arrangement_t *a, const job_t *job)
{
    si_node_t nodes[SI_ADDRESS_MAX];
    const int count = si_forwarder_addresses(job->forwarder, job->endpoint, nodes);
    int i, dead = 0;

    for (i = 0; i < count; i++) {
        if (a->states[i] != LIVE && (a->is_https || a->states[i] != RESETS)) {
            dead += (int)nodes[i].call_failures;
        }
    }
    return dead;
}

/* Whether the forwarder knows which addresses are dead, but for those that reset without TLS. */
static int is_known(const arrangement_t *a, const job_t *job)
{
    si_node_t nodes[SI_ADDRESS_MAX];
    const int count = si_forwarder_addresses(job->forwarder, job->endpoint, nodes);
    int i;

    for (i = 0; i < count; i++) {
        if ((a->is_https || a->states[i] != RESETS)
            && (a->states[i] == LIVE) != (nodes[i].out_until == 0)) {
            return 0;
        }
    }
    return count > 0;
}

/* Each dead address costs the first call its share of this; then no connection may be cut off. */
#define FIRST_CONNECT_TIMEOUT (3 * SECOND * patience)
#define CONNECT_TIMEOUT (20 * SECOND * patience)

static void *try_arrangement(void *data)
{
    arrangement_t *a = data;
    const int port = reserve_port();
    const si_endpoint_t *endpoint;
    si_forwarder_t *forwarder;
    job_t job;
    int i, dead;

    for (i = 0; i < a->count; i++) {
        start_host(a->states[i], a->is_https, i + 1, port);
    }
    forwarder = start(a->count == 2 ? "a2.test" : "a3.test", port, a->is_https, 1, a->is_threaded,
                      &endpoint);
    job = make_job(forwarder, endpoint);
    job.connect_timeout = FIRST_CONNECT_TIMEOUT;
    for (i = 0; i < 3 || (i < 1000 && !is_known(a, &job)); i++) {
        call_often(&job, 1, &a->first_failed);
    }
    dead = count_dead(a, &job);
    job.connect_timeout = CONNECT_TIMEOUT;
    call_often(&job, 100, &a->failed);
    usleep((SI_LEFT_OUT_FIRST + 200) * 1000); /* from here on, probes try those left out */
    call_often(&job, 20, &a->probed_failed);
    a->tried_dead = count_dead(a, &job) - dead;
    si_forwarder_stop(forwarder);
    apr_pool_destroy(job.pool);
    return NULL;
}

static const char *text_of(const arrangement_t *a)
{
    const char *text = a->is_https ? "https" : "http";
    int i;

    for (i = 0; i < a->count; i++) {
        text = apr_pstrcat(pool, text, i ? ", " : ": ", state_names[a->states[i]], NULL);
    }
    return apr_pstrcat(pool, text, a->is_threaded ? "" : " (worker's own thread)", NULL);
}

static void judge(const arrangement_t *a)
{
    const char *text = text_of(a);

    ok(a->first_failed <= 1, "%s: no more than the first call fails at first", text);
    is_number(a->failed, 0, "%s: then 100 of 100 calls are answered", text);
    is_number(a->probed_failed, 0, "%s: calls are answered while probes try what is dead", text);
    is_number(a->tried_dead, 0, "%s: no call waits for what is dead", text);
}

/* The arrangements, by number: each address has a digit. Those without a live address are none. */
static int make_arrangement(arrangement_t *a, int number, int count, int is_https, int is_threaded)
{
    const int states = is_https ? STATES : HANGS; /* without TLS, HANGS is a slow response */
    int i, has_live = 0;

    memset(a, 0, sizeof(*a));
    a->count = count;
    a->is_https = is_https;
    a->is_threaded = is_threaded;
    for (i = 0; i < count; i++, number /= states) {
        a->states[i] = (state_t)(number % states);
        has_live |= a->states[i] == LIVE;
    }
    return has_live && number == 0;
}

#define AT_ONCE 12

static void run_batch(arrangement_t *batch, int count)
{
    int i;

    for (i = 0; i < count; i++) {
        pthread_create(&batch[i].thread, NULL, try_arrangement, &batch[i]);
    }
    for (i = 0; i < count; i++) {
        pthread_join(batch[i].thread, NULL);
        judge(&batch[i]);
    }
}

static void test_matrix(int count, int is_https, int is_threaded)
{
    arrangement_t batch[AT_ONCE];
    int number, waiting = 0;

    for (number = 0; number < 5 * 5 * 5; number++) {
        if (make_arrangement(&batch[waiting], number, count, is_https, is_threaded)
            && ++waiting == AT_ONCE) {
            run_batch(batch, waiting);
            waiting = 0;
        }
    }
    run_batch(batch, waiting);
}

/* Spread */

static void test_spread_at_once(void)
{
    enum {
        CALLS = 200
    };
    const int port = reserve_port();
    const si_endpoint_t *endpoint;
    si_forwarder_t *forwarder = start("a3.test", port, 0, CALLS, 1, &endpoint);
    host_t *hosts[3];
    job_t jobs[CALLS];
    int i, all = 0, answered = 0;

    for (i = 0; i < 3; i++) {
        hosts[i] = start_host(LIVE, 0, i + 1, port);
        hosts[i]->keeps = 1;
        hosts[i]->holds_ms = 200;
    }
    for (i = 0; i < CALLS; i++) {
        jobs[i] = make_job(forwarder, endpoint);
        pthread_create(&jobs[i].thread, NULL, run_job, &jobs[i]);
    }
    for (i = 0; i < CALLS; i++) {
        pthread_join(jobs[i].thread, NULL);
        answered += jobs[i].response.outcome == SI_FORWARD_ANSWERED;
        apr_pool_destroy(jobs[i].pool);
    }
    is_number(answered, CALLS, "200 calls at once to three addresses are answered");
    for (i = 0; i < 3; i++) {
        all += hosts[i]->connections;
    }
    for (i = 0; i < 3; i++) {
        ok(hosts[i]->connections * 100 >= all * 20 && hosts[i]->connections * 100 <= all * 47,
           "address %d gets between 20 and 47 %% of the connections (%d of %d)", i + 1,
           hosts[i]->connections, all);
    }
    si_forwarder_stop(forwarder);
}

static void test_spread_one_by_one(int is_threaded)
{
    const int port = reserve_port();
    const si_endpoint_t *endpoint;
    si_forwarder_t *forwarder = start("a3.test", port, 0, 4, is_threaded, &endpoint);
    job_t job = make_job(forwarder, endpoint);
    host_t *hosts[3];
    int i, failed = 0;

    for (i = 0; i < 3; i++) {
        hosts[i] = start_host(LIVE, 0, i + 1, port);
    }
    call_often(&job, 30, &failed);
    is_number(failed, 0, "calls one by one over 30 connections are answered");
    for (i = 0; i < 3; i++) {
        is_number(hosts[i]->connections, 10, "one by one: address %d gets its turn", i + 1);
    }
    si_forwarder_stop(forwarder);
    apr_pool_destroy(job.pool);
}

/* All dead, then one is back */
static void test_all_dead(void)
{
    const int port = reserve_port();
    const si_endpoint_t *endpoint;
    si_forwarder_t *forwarder = start("a2.test", port, 0, 4, 1, &endpoint);
    job_t job = make_job(forwarder, endpoint);
    int i;

    for (i = 0; i < 10; i++) {
        run_job(&job);
    }
    is_number(job.response.outcome, SI_FORWARD_UNREACHABLE, "all refuse: unreachable");
    is(job.response.stage, "connect", "all refuse: in the stage connect");
    start_host(LIVE, 0, 2, port);
    run_job(&job);
    is_number(job.response.outcome, SI_FORWARD_ANSWERED,
              "one is back: the first call is answered, though both were left out");
    si_forwarder_stop(forwarder);

    forwarder = start("a2.test", reserve_port(), 0, 4, 1, &endpoint);
    start_host(SILENT, 0, 1, endpoint->port);
    start_host(SILENT, 0, 2, endpoint->port);
    apr_pool_destroy(job.pool);
    job = make_job(forwarder, endpoint);
    job.connect_timeout = SECOND / 2;
    run_job(&job);
    is_number(job.response.outcome, SI_FORWARD_TIMEOUT, "all silent: a timeout");
    ok(job.response.time < 5 * SECOND * patience, "all silent: within the limit");
    si_forwarder_stop(forwarder);
    apr_pool_destroy(job.pool);
}

/* A kept connection dies as its host goes, and libcurl itself connects anew within the transfer. */
static void test_host_goes(void)
{
    const int port = reserve_port();
    const si_endpoint_t *endpoint;
    si_forwarder_t *forwarder = start("a2.test", port, 0, 1, 1, &endpoint);
    job_t job = make_job(forwarder, endpoint);
    host_t *live = start_host(LIVE, 0, 1, port);
    si_node_t nodes[SI_ADDRESS_MAX];
    int i, failed = 0;

    live->keeps = 1;
    call_often(&job, 2, &failed); /* the second address, which refuses, is found and left out */
    live->keeps = 0;              /* after the next response */
    for (i = 0; i < 20; i++) {
        live->keeps = i % 2;
        call_often(&job, 1, &failed);
    }
    is_number(failed, 0, "kept connections die while an address refuses: every call is answered");
    is_number(si_forwarder_addresses(forwarder, endpoint, nodes), 2, "both addresses are known");
    ok(nodes[0].call_failures == 0 && nodes[1].call_failures == 1,
       "the address that refuses has failed once, the other never");
    si_forwarder_stop(forwarder);
    apr_pool_destroy(job.pool);
}

/* Many TLS handshakes at once take longer than the time to connect: no address is to blame. */
static void test_burst(void)
{
    enum {
        CALLS = 100
    };
    const int port = reserve_port();
    const si_endpoint_t *endpoint;
    si_forwarder_t *forwarder = start("a3.test", port, 1, CALLS, 1, &endpoint);
    job_t jobs[CALLS];
    int i, answered = 0;

    for (i = 0; i < 3; i++) {
        start_host(LIVE, 1, i + 1, port);
    }
    for (i = 0; i < CALLS; i++) {
        jobs[i] = make_job(forwarder, endpoint);
        pthread_create(&jobs[i].thread, NULL, run_job, &jobs[i]);
    }
    for (i = 0; i < CALLS; i++) {
        pthread_join(jobs[i].thread, NULL);
        answered += jobs[i].response.outcome == SI_FORWARD_ANSWERED;
        apr_pool_destroy(jobs[i].pool);
    }
    is_number(answered, CALLS, "a burst of TLS handshakes: every call is answered");
    si_forwarder_stop(forwarder);
}

/* A limit that is shorter than libcurl's granularity of anything else. */
static void test_short_limit(void)
{
    const si_endpoint_t *endpoint;
    si_forwarder_t *forwarder = start("a2.test", reserve_port(), 0, 1, 1, &endpoint);
    job_t job = make_job(forwarder, endpoint);

    start_host(SILENT, 0, 1, endpoint->port);
    start_host(SILENT, 0, 2, endpoint->port);
    job.connect_timeout = 8000;
    run_job(&job);
    is_number(job.response.outcome, SI_FORWARD_TIMEOUT, "8 ms to connect: a timeout");
    ok(job.response.time < 10 * SECOND * patience, "8 ms to connect: not the whole time limit");
    si_forwarder_stop(forwarder);
    apr_pool_destroy(job.pool);
}

/* Unit tests of the nodes */

static si_address_t ipv4(int last_byte)
{
    si_address_t address = { .family = AF_INET };

    address.bytes[3] = (unsigned char)last_byte;
    return address;
}

static void test_nodes(void)
{
    si_addresses_t found = { .generation = 1, .count = 2, .addresses = { ipv4(1), ipv4(2) } };
    const si_address_t first = ipv4(1), second = ipv4(2);
    si_nodes_t nodes;
    si_node_t node;
    int i;

    si_nodes_init(&nodes);
    is_number(si_nodes_pick(&nodes, 0), -1, "nodes: none before the first look-up");
    si_nodes_update(&nodes, &found);
    is_number(si_nodes_pick(&nodes, 0), 0, "nodes: the first");
    is_number(si_nodes_pick(&nodes, 0), 1, "nodes: the second in its turn");
    is_number(si_nodes_pick(&nodes, 3), -1, "nodes: all tried");
    for (i = 0; i < 3; i++) {
        si_nodes_failed(&nodes, &first, 1000, 0);
    }
    is_number(nodes.nodes[0].failures, 1, "nodes: failures at the same time count as one");
    is_number(nodes.nodes[0].call_failures, 3, "nodes: each call's connection is counted");
    is_number(nodes.nodes[0].out_until, 3000, "nodes: left out for 2 s");
    ok(!si_nodes_due(&nodes, 2999) && si_nodes_due(&nodes, 3000), "nodes: then a probe is due");
    si_nodes_failed(&nodes, &first, 3000, 1);
    is_number(nodes.nodes[0].out_until, 7000, "nodes: a failed probe: for 4 s");
    is_number(nodes.nodes[0].call_failures, 3, "nodes: a probe is not a call");
    si_nodes_postpone(&nodes, &first, 7000);
    is_number(nodes.nodes[0].out_until, 9000, "nodes: a probe that could not be made: 2 s later");
    is_number(nodes.nodes[0].failures, 2, "nodes: and no failure of the address");
    is_number(si_nodes_pick(&nodes, 2), 0, "nodes: if there is no other, one that is left out");
    si_nodes_probed(&nodes, &first);
    is_number(nodes.nodes[0].out_until, 0, "nodes: a probe has connected: in use");
    si_nodes_failed(&nodes, &first, 9000, 0);
    is_number(nodes.nodes[0].out_until, 9000 + 8000, "nodes: it fails again: left out for longer");
    si_nodes_answered(&nodes, &first);
    si_nodes_failed(&nodes, &first, 20000, 0);
    is_number(nodes.nodes[0].out_until, 22000, "nodes: an answer forgives what was before");
    for (i = 0; i < 20; i++) {
        si_nodes_failed(&nodes, &second, 100000 * (i + 1), 0);
    }
    is_number(nodes.nodes[1].out_until, 100000 * 20 + SI_LEFT_OUT_MOST, "nodes: a minute at most");
    ok(si_nodes_take_news(&nodes, &node) && si_nodes_take_news(&nodes, &node)
           && !si_nodes_take_news(&nodes, &node),
       "nodes: each is reported once");
    found.generation = 2;
    found.addresses[0] = ipv4(9);
    si_nodes_update(&nodes, &found);
    ok(!nodes.nodes[0].out_until && nodes.nodes[1].out_until,
       "nodes: an address that stays keeps what is known of it");
    found.generation = 3;
    found.count = 1;
    si_nodes_update(&nodes, &found);
    si_nodes_failed(&nodes, &found.addresses[0], 1000, 0);
    is_number(nodes.nodes[0].out_until, 0, "nodes: the only address is not left out");
}

/* The name moves to another address under load. */
static void test_moves(void)
{
    const int port = reserve_port();
    host_t *first = start_host(LIVE, 0, 1, port), *second = start_host(LIVE, 0, 2, port);
    const si_endpoint_t *endpoint;
    si_forwarder_t *forwarder = start("moving.test", port, 0, 4, 1, &endpoint);
    job_t job = make_job(forwarder, endpoint);
    int failed = 0, requests, seen;

    first->keeps = second->keeps = 1;
    job.max_age = SECOND;
    call_often(&job, 10, &failed);
    is_number(first->requests, 10, "a name moves: before, the first address has all calls");
    moving_address = 2;
    while (second->requests < 100 && !failed) {
        call_often(&job, 1, &failed);
    }
    is_number(failed, 0, "a name moves: no call fails");
    requests = first->requests;
    seen = lookups;
    while (lookups < seen + 2 && !failed) {
        call_often(&job, 1, &failed);
    }
    is_number(first->requests, requests, "a name moves: then the first address has no calls");
    is_number(failed, 0, "a name moves: still no call fails");
    si_forwarder_stop(forwarder);
    apr_pool_destroy(job.pool);
}

/*
 * --slow is for valgrind: longer time limits, and the matrix without TLS alone.
 */
int main(int argc, char **argv)
{
    const int is_slow = argc > 1 && strcmp(argv[1], "--slow") == 0;

    patience = tap_patience() * (is_slow ? 8 : 1);
    signal(SIGPIPE, SIG_IGN);
    pool = tap_pool();
    tls = self_signed("DNS:a2.test,DNS:a3.test", &ca, &ca_length);
    test_nodes();
    test_spread_at_once();
    test_spread_one_by_one(1);
    test_spread_one_by_one(0);
    test_all_dead();
    test_host_goes();
    test_short_limit();
    test_moves();
    test_matrix(2, 0, 1);
    test_matrix(2, 0, 0);
    if (!is_slow) {
        test_burst();
        test_matrix(2, 1, 1);
        test_matrix(3, 0, 1);
        test_matrix(3, 1, 1);
    }
    return done();
}
