/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Every answer goes to its own player, whatever an upstream writes on a connection without a
 * request (RFC 9112, 9.2). Each call's target has a name of its own, and the answer must echo it.
 */
#include "self_signed.h"
#include "tap.h"

#include "upstream/forwarder.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef enum {
    STRAY_408,
    STRAY_LINE,
    STRAY_ANSWER,
    STRAY_END,
    STRAY_RESET,
    STRAY_KINDS
} stray_t;

static const char *const names[] = { "a 408", "a line end", "a whole answer", "an end", "a reset" };

static const char *const bytes[] = {
    "HTTP/1.1 408 Request Time-out\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "\r\n",
    "",
    "",
    "",
};

/* The upstream has one thread per connection. */

typedef struct {
    int port;
    SSL_CTX *tls; /* NULL: http */
    const char *ca;
    size_t ca_length;
} upstream_t;

typedef struct {
    const upstream_t *upstream;
    int fd;
    SSL *ssl;
    unsigned seed;
    int mode;  /* in which it was accepted */
    int round; /* the last one in which it took part */
} peer_t;

static atomic_int connections, mode_number;
static atomic_int is_random;                /* strays at random moments */
static atomic_int round_number, round_kind; /* else in rounds, on every idle connection */
static int round_begins[64];                /* eventfds, by the number of the round before */
static atomic_int written;                  /* strays of this round */
static atomic_int holds, held;
static int gate; /* eventfd: held requests are answered */

/*
 * A stray that is written at the moment the request arrives acknowledges it, so that no client can
 * tell it from an answer: such strays are recognized by their numbers.
 */
static atomic_int answers;
static atomic_char crossed[1 << 20];

static ssize_t receive(peer_t *peer, char *buffer, size_t size)
{
    return peer->ssl ? SSL_read(peer->ssl, buffer, (int)size) : recv(peer->fd, buffer, size, 0);
}

static void transmit(peer_t *peer, const char *text)
{
    const size_t length = strlen(text);

    if (length == 0) {
        return;
    }
    if (peer->ssl) {
        SSL_write(peer->ssl, text, (int)length);
        return;
    }
    send(peer->fd, text, length, MSG_NOSIGNAL);
}

static int has_input(const peer_t *peer, int timeout_us)
{
    struct pollfd readable = { .fd = peer->fd, .events = POLLIN };
    const struct timespec timeout = { .tv_nsec = timeout_us * 1000L };

    return ppoll(&readable, 1, &timeout, NULL) != 0;
}

/* Waits for either. */
static int has_input_before(const peer_t *peer, int event)
{
    struct pollfd either[] = { { .fd = peer->fd, .events = POLLIN },
                               { .fd = event, .events = POLLIN } };

    poll(either, 2, -1);
    return either[0].revents != 0;
}

static void begin_round(void)
{
    eventfd_write(round_begins[round_number++], 1);
}

/*
 * Returns whether the connection stays open: after a stray that crossed the request it cannot be
 * used.
 */
static int write_answer(peer_t *peer)
{
    const int number = answers++;
    char text[128];

    snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\nstray %08d", number);
    transmit(peer, text);
    crossed[number] = has_input(peer, 0) ? 'y' : 'n';
    return crossed[number] == 'n';
}

/* Returns whether the connection stays open. */
static int write_stray(peer_t *peer, stray_t kind)
{
    const struct linger at_once = { .l_onoff = 1 };

    if (kind == STRAY_ANSWER) {
        return write_answer(peer);
    }
    transmit(peer, bytes[kind]);
    if (kind == STRAY_RESET) {
        setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    }
    return kind == STRAY_LINE;
}

/* Waits for the next request, and writes what is due meanwhile. Returns 0 if the peer is to close.
 */
static int wait_for_request(peer_t *peer)
{
    if (is_random && rand_r(&peer->seed) % 4 == 0 && !has_input(peer, rand_r(&peer->seed) % 400)) {
        /* A reset also discards the answer, if that was not read yet. */
        return write_stray(peer, (stray_t)(rand_r(&peer->seed) % STRAY_RESET));
    }
    while (!has_input_before(peer, round_begins[peer->round])) {
        peer->round++;
        if (peer->mode == mode_number) {
            const int stays = write_stray(peer, (stray_t)round_kind);
            if (!stays) {
                shutdown(peer->fd, SHUT_WR);
            }
            written++;
            return stays;
        }
    }
    return 1;
}

static int read_request(peer_t *peer, char *buffer, size_t size)
{
    size_t length = 0;

    do {
        const ssize_t count = receive(peer, buffer + length, size - 1 - length);
        if (count <= 0) {
            return 0;
        }
        length += (size_t)count;
        buffer[length] = '\0';
    } while (length < 4 || strcmp(buffer + length - 2, "{}") != 0);
    return 1;
}

static void answer(peer_t *peer, const char *request)
{
    const char *name = strstr(request, "/v1/session/") + strlen("/v1/session/");
    const int length = (int)strcspn(name, " ");
    char text[256];

    if (holds) {
        struct pollfd opened = { .fd = gate, .events = POLLIN };
        held++;
        poll(&opened, 1, -1);
    }
    snprintf(text, sizeof(text),
             "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n{\"viewer\":\"%.*s\"}", length + 13,
             length, name);
    transmit(peer, text);
}

/* Threads that serve, and by descriptor which sockets are theirs. */
static atomic_int serving;
static atomic_char is_served[1 << 16];

static void *serve(void *data)
{
    peer_t *peer = data;
    char buffer[4096];
    int count = 0;

    if (peer->upstream->tls) {
        peer->ssl = SSL_new(peer->upstream->tls);
        SSL_set_fd(peer->ssl, peer->fd);
    }
    if (!peer->ssl || SSL_accept(peer->ssl) == 1) {
        while ((count == 0 || wait_for_request(peer))
               && read_request(peer, buffer, sizeof(buffer))) {
            peer->round = round_number;
            answer(peer, buffer);
            count++;
        }
    }
    SSL_free(peer->ssl);
    is_served[peer->fd] = 0;
    close(peer->fd);
    free(peer);
    OPENSSL_thread_stop();
    serving--;
    return NULL;
}

/* Ends the threads before the process ends: what OpenSSL has of each would count as a leak. */
static void end_serving(void)
{
    int i, fd;

    for (i = 0; i < 6000 * tap_patience() && serving > 0; i++) {
        for (fd = 0; fd < (int)COUNT_OF(is_served); fd++) {
            if (is_served[fd]) {
                shutdown(fd, SHUT_RDWR);
            }
        }
        usleep(10000);
    }
    is_number(serving, 0, "the upstreams have ended");
}

typedef struct {
    const upstream_t *upstream;
    int listener;
} accept_t;

static void *accept_all(void *data)
{
    const accept_t *from = data;

    for (;;) {
        const int fd = accept4(from->listener, NULL, NULL, SOCK_CLOEXEC);
        peer_t *peer;
        pthread_t thread;
        if (fd < 0) {
            continue;
        }
        peer = calloc(1, sizeof(*peer));
        peer->upstream = from->upstream;
        peer->fd = fd;
        serving++;
        is_served[fd] = 1;
        peer->mode = mode_number;
        peer->seed = (unsigned)connections++;
        const int is_at_once = (int)peer->seed % 2; /* others are sent with Nagle's algorithm */
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &is_at_once, sizeof(is_at_once));
        pthread_create(&thread, NULL, serve, peer);
        pthread_detach(thread);
    }
    return NULL;
}

static void start_upstream(upstream_t *upstream)
{
    static accept_t froms[2];
    static int count;
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t length = sizeof(address);
    accept_t *from = &froms[count++];
    pthread_t thread;

    from->upstream = upstream;
    from->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(from->listener, (struct sockaddr *)&address, sizeof(address)) != 0
        || listen(from->listener, 2048) != 0
        || getsockname(from->listener, (struct sockaddr *)&address, &length) != 0) {
        abort();
    }
    upstream->port = ntohs(address.sin_port);
    pthread_create(&thread, NULL, accept_all, from);
    pthread_detach(thread);
}

/* A send that lets a stray arrive after libcurl chose its connection, and before the request. */

static atomic_int stray_before_send;

ssize_t send(int fd, const void *buffer, size_t length, int flags)
{
    if (stray_before_send && length > 5 && memcmp(buffer, "POST ", 5) == 0) {
        const int before = written;
        stray_before_send = 0;
        begin_round();
        while (written == before) {
            usleep(1000);
        }
    }
    return syscall(SYS_sendto, fd, buffer, length, flags, NULL, 0);
}

/* Calls */

static apr_pool_t *pool;
static si_forwarder_t *volatile forwarders[8]; /* kept here for the leak checker */
static int forwarder_count;

typedef struct {
    si_forwarder_t *forwarder;
    const si_endpoint_t *endpoint;
    apr_pool_t *pool;
    int number; /* names its calls */
    int count;
    int failed;
    int wrong;
    int crossed; /* answers that no client could tell from its own */
    pthread_t thread;
} viewer_t;

static int is_own(const si_response_t *answer, const char *name)
{
    const char *body = apr_psprintf(answer->headers->pool, "{\"viewer\":\"%s\"}", name);

    return answer->status == 200 && answer->body_length == strlen(body)
           && memcmp(answer->body, body, answer->body_length) == 0;
}

static int is_crossed(const si_response_t *answer)
{
    int number;

    if (answer->body_length != 14 || sscanf(answer->body, "stray %8d", &number) != 1) {
        return 0;
    }
    while (!crossed[number]) {
        usleep(1000); /* it is recorded after it is written */
    }
    return crossed[number] == 'y';
}

static void call(viewer_t *viewer, int number)
{
    const char *name = apr_psprintf(viewer->pool, "%d-%d", viewer->number, number);
    si_forward_request_t request = { .endpoint = viewer->endpoint,
                                     .target = apr_pstrcat(viewer->pool, "/v1/session/", name,
                                                           NULL),
                                     .headers = apr_array_make(viewer->pool, 1, sizeof(char *)),
                                     .body = "{}",
                                     .body_length = 2,
                                     .connect_timeout = 60 * APR_USEC_PER_SEC,
                                     .timeout = 60 * APR_USEC_PER_SEC };
    si_response_t answer;

    si_forward(viewer->forwarder, &request, viewer->pool, &answer);
    if (answer.outcome != SI_FORWARD_ANSWERED) {
        printf("# %s: stage %s: %s\n", name, answer.stage, answer.cause);
        viewer->failed++;
    }
    else if (!is_own(&answer, name)) {
        const int is_excused = is_crossed(&answer);
        viewer->crossed += is_excused;
        viewer->wrong += !is_excused;
        printf("# %s: %d %.*s%s\n", name, answer.status, (int)answer.body_length, answer.body,
               is_excused ? ", which crossed the request" : "");
    }
    apr_pool_clear(viewer->pool);
}

static void *run(void *data)
{
    viewer_t *viewer = data;
    unsigned seed = (unsigned)viewer->number;
    int i;

    for (i = 0; i < viewer->count; i++) {
        if (is_random && rand_r(&seed) % 2 == 0) {
            usleep((unsigned)rand_r(&seed) % 400);
        }
        call(viewer, i);
    }
    return NULL;
}

static void make_viewers(viewer_t *viewers, int count, si_forwarder_t *forwarder,
                         const si_endpoint_t *endpoint, int calls)
{
    int i;

    for (i = 0; i < count; i++) {
        viewers[i] = (viewer_t){
            .forwarder = forwarder, .endpoint = endpoint, .number = i, .count = calls
        };
        apr_pool_create_unmanaged_ex(&viewers[i].pool, NULL, NULL);
    }
}

static void begin_viewers(viewer_t *viewers, int count)
{
    int i;

    for (i = 0; i < count; i++) {
        pthread_create(&viewers[i].thread, NULL, run, &viewers[i]);
    }
}

static void end_viewers(viewer_t *viewers, int count, int *failed, int *wrong)
{
    int i;

    *failed = *wrong = 0;
    for (i = 0; i < count; i++) {
        pthread_join(viewers[i].thread, NULL);
        *failed += viewers[i].failed;
        *wrong += viewers[i].wrong;
        apr_pool_destroy(viewers[i].pool);
    }
}

static si_forwarder_t *start(const upstream_t *upstream, int max_calls, int is_threaded,
                             const si_endpoint_t **endpoint)
{
    apr_array_header_t *endpoints = apr_array_make(pool, 1, sizeof(const si_endpoint_t *));
    si_endpoint_t *new = apr_pcalloc(pool, sizeof(*new));
    const char *problem = NULL;

    new->host = "127.0.0.1";
    new->port = upstream->port;
    new->is_https = upstream->tls != NULL;
    new->url = apr_psprintf(pool, "%s://127.0.0.1:%d", new->is_https ? "https" : "http", new->port);
    new->ca = upstream->ca;
    new->ca_length = upstream->ca_length;
    APR_ARRAY_PUSH(endpoints, const si_endpoint_t *) = new;
    *endpoint = new;
    return forwarders[forwarder_count++] = si_forwarder_start(endpoints, max_calls, 30, is_threaded,
                                                              &problem);
}

static void wait_for(const atomic_int *number, int count)
{
    while (*number < count) {
        usleep(1000);
    }
}

static void write_strays(stray_t kind, int count)
{
    written = 0;
    round_kind = (int)kind;
    begin_round();
    wait_for(&written, count);
}

/* Tests */

static void test_one_connection(viewer_t *viewer, const char *mode)
{
    stray_t kind;

    for (kind = 0; kind < STRAY_KINDS; kind++) {
        call(viewer, 1);
        const int before = connections;
        write_strays(kind, 1);
        call(viewer, 2);
        call(viewer, 3);
        is_number(viewer->failed, 0, "%s: %s on an idle connection fails no call", mode,
                  names[kind]);
        is_number(viewer->wrong, 0, "%s: %s on an idle connection is not the answer of a call",
                  mode, names[kind]);
        is_number(connections, before + 1, "%s: after %s the next call has a connection of its own",
                  mode, names[kind]);
        viewer->failed = viewer->wrong = 0;
    }
}

/*
 * What arrives after libcurl has chosen the connection is recognized by the bytes that the peer
 * has acknowledged.
 */
static void test_before_request(viewer_t *viewer, const char *mode)
{
    static const stray_t kinds[] = { STRAY_408, STRAY_LINE, STRAY_ANSWER };
    size_t i;

    for (i = 0; i < COUNT_OF(kinds); i++) {
        call(viewer, 1);
        round_kind = (int)kinds[i];
        stray_before_send = 1;
        call(viewer, 2);
        is_number(viewer->failed, 0, "%s: %s just before the request fails no call", mode,
                  names[kinds[i]]);
        is_number(viewer->wrong, 0, "%s: %s just before the request is not its answer", mode,
                  names[kinds[i]]);
        viewer->failed = viewer->wrong = 0;
    }
}

enum {
    MANY = 1000
};

static void test_many_connections(si_forwarder_t *forwarder, const si_endpoint_t *endpoint,
                                  const char *mode)
{
    static const stray_t kinds[] = { STRAY_408, STRAY_ANSWER };
    static viewer_t viewers[MANY];
    eventfd_t ignored;
    int failed, wrong;
    size_t i;

    for (i = 0; i < COUNT_OF(kinds); i++) {
        int round;
        for (round = 0; round < 2; round++) {
            make_viewers(viewers, MANY, forwarder, endpoint, 1);
            holds = round == 0;
            held = 0;
            begin_viewers(viewers, MANY);
            if (round == 0) {
                wait_for(&held, MANY);
                eventfd_write(gate, 1);
            }
            end_viewers(viewers, MANY, &failed, &wrong);
            eventfd_read(gate, &ignored);
            if (round == 0) {
                write_strays(kinds[i], MANY);
            }
        }
        is_number(failed, 0, "%s: %s on %d idle connections fails no call", mode, names[kinds[i]],
                  MANY);
        is_number(wrong, 0, "%s: %s on %d idle connections is not the answer of a call", mode,
                  names[kinds[i]], MANY);
    }
}

static void test_stress(si_forwarder_t *forwarder, const si_endpoint_t *endpoint, int workers,
                        int calls, const char *mode)
{
    static viewer_t viewers[16];
    const int before = connections;
    int failed, wrong;

    is_random = 1;
    make_viewers(viewers, workers, forwarder, endpoint, calls / workers);
    begin_viewers(viewers, workers);
    end_viewers(viewers, workers, &failed, &wrong);
    is_random = 0;
    printf("# %s: %d calls, %d connections\n", mode, calls, connections - before);
    ok(connections - before > calls / 50, "%s: strays came at random moments", mode);
    is_number(failed, 0, "%s: no call of %d fails", mode, calls);
    is_number(wrong, 0, "%s: no answer of %d is another player's", mode, calls);
}

static void test_mode(const upstream_t *upstream, int is_threaded, int calls, int is_slow)
{
    const char *mode = apr_psprintf(pool, "%s, %s", upstream->tls ? "https" : "http",
                                    is_threaded ? "engine thread" : "worker's own thread");
    const si_endpoint_t *endpoint;
    si_forwarder_t *forwarder = start(upstream, is_threaded ? MANY : 1, is_threaded, &endpoint);
    viewer_t viewer;

    mode_number++;
    make_viewers(&viewer, 1, forwarder, endpoint, 0);
    test_one_connection(&viewer, mode);
    if (!upstream->tls) {
        test_before_request(&viewer, mode);
    }
    apr_pool_destroy(viewer.pool);
    test_stress(forwarder, endpoint, is_threaded ? 16 : 1, calls, mode);
    if (is_threaded && !is_slow) {
        test_many_connections(forwarder, endpoint, mode);
    }
    if (is_threaded) {
        si_forwarder_stop(forwarder);
    }
}

static void make_events(void)
{
    size_t i;

    gate = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    for (i = 0; i < COUNT_OF(round_begins); i++) {
        round_begins[i] = eventfd(0, EFD_CLOEXEC);
    }
}

static void allow_many_descriptors(void)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/*
 * SI_STRAY_CALLS sets how many calls the stress runs make; --slow is for valgrind and similar
 * tools.
 */
int main(int argc, char **argv)
{
    const int is_slow = argc > 1 && strcmp(argv[1], "--slow") == 0;
    const char *wanted = getenv("SI_STRAY_CALLS");
    const int calls = wanted ? atoi(wanted) : is_slow ? 500 : 5000;
    upstream_t plain = { 0 }, tls = { 0 };
    int is_threaded;

    pool = tap_pool();
    signal(SIGPIPE, SIG_IGN);
    allow_many_descriptors();
    make_events();
    tls.tls = self_signed("IP:127.0.0.1", &tls.ca, &tls.ca_length);
    start_upstream(&plain);
    start_upstream(&tls);
    for (is_threaded = 0; is_threaded < 2; is_threaded++) {
        test_mode(&plain, is_threaded, calls, is_slow);
        test_mode(&tls, is_threaded, calls, is_slow);
    }
    end_serving();
    SSL_CTX_free(tls.tls);
    return done();
}
