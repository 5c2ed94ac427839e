/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Stands in for MediaTailor in the benchmark: answers every request with the same session JSON, at
 * once or after a fixed delay, over http and https, and counts what it sees.
 *
 *     upstream [-p HTTP_PORT] [-s HTTPS_PORT -c CERT_AND_KEY] [-d DELAY_MS] [-t SECONDS]
 *
 * GET /_bench/counts tells {"connections":C,"handshakes":H,"requests":R} at once; itself it counts
 * in none of them. Ends by itself after SECONDS.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX 16384
#define EVENTS_PER_TURN 512

typedef struct connection_t {
    int fd;
    SSL *tls;                 /* NULL over http */
    char head[HEAD_MAX];      /* what has come of the next request's head */
    size_t head_length;
    long body_left;           /* of the request whose head has come; -1 while it has not */
    int is_private;
    int is_counted;
    int64_t due;              /* when to answer, while in the queue */
    struct connection_t *next;
    int is_queued;
    int is_closed;
} connection_t;

#define SESSION                                                                                  \
    "{\"manifestUrl\":\"/v1/master/94063eadf7d8c56e/bench/index.m3u8?aws.sessionId="               \
    "171e4158-6ad1-492b-b543-b4f06138cf2d\","                                                     \
    "\"trackingUrl\":\"/v1/tracking/94063eadf7d8c56e/bench/171e4158-6ad1-492b-b543-b4f06138cf2d\"}"

static char answer[512];
static size_t answer_length;

static struct {
    long connections, handshakes, requests;
} counts;

static int epoll;
static int listen_http = -1, listen_https = -1;
static SSL_CTX *tls_context;
static int64_t delay_us;
static connection_t *queue_first, *queue_last; /* one delay for all: what is due first came first */

static int64_t now_us(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void watch(int fd, void *data)
{
    struct epoll_event event = { .events = EPOLLIN, .data = { .ptr = data } };

    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        die("epoll_ctl");
    }
}

static int listen_on(const char *port)
{
    const struct sockaddr_in address = { .sin_family = AF_INET,
                                         .sin_port = htons((uint16_t)atoi(port)),
                                         .sin_addr = { htonl(INADDR_LOOPBACK) } };
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 8192) != 0) {
        die(port);
    }
    return fd;
}

static void destroy(connection_t *connection)
{
    SSL_free(connection->tls);
    close(connection->fd);
    connection->fd = -1;
    connection->tls = NULL;
    if (connection->is_queued) {
        connection->is_closed = 1;
    }
    else {
        free(connection);
    }
}

static void accept_all(int listener)
{
    const int on = 1;
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        connection_t *connection = calloc(1, sizeof(*connection));
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        connection->fd = fd;
        connection->body_left = -1;
        if (listener == listen_https) {
            connection->tls = SSL_new(tls_context);
            SSL_set_fd(connection->tls, fd);
            SSL_set_accept_state(connection->tls);
        }
        watch(fd, connection);
    }
}

static void on_tls_info(const SSL *tls, int where, int result)
{
    (void)tls;
    (void)result;
    counts.handshakes += (where & SSL_CB_HANDSHAKE_DONE) != 0;
}

/* As read and write, with -1 for "later" and 0 for an end of any kind. */
static long receive(connection_t *connection, char *to, size_t size)
{
    if (!connection->tls) {
        const ssize_t got = read(connection->fd, to, size);
        return got < 0 && errno == EAGAIN ? -1 : got < 0 ? 0 : got;
    }
    const int got = SSL_read(connection->tls, to, (int)size);
    if (got > 0) {
        return got;
    }
    const int error = SSL_get_error(connection->tls, got);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? -1 : 0;
}

/* An answer is far smaller than a socket's buffer: it goes out whole, or the connection is dead. */
static int respond(connection_t *connection, const char *text, size_t length)
{
    return connection->tls ? SSL_write(connection->tls, text, (int)length) == (int)length
                           : write(connection->fd, text, length) == (ssize_t)length;
}

static int tell_counts(connection_t *connection)
{
    char body[128], text[256];
    const int length = snprintf(body, sizeof(body),
                                "{\"connections\":%ld,\"handshakes\":%ld,\"requests\":%ld}",
                                counts.connections, counts.handshakes, counts.requests);

    snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", length, body);
    return respond(connection, text, strlen(text));
}

static void enqueue(connection_t *connection)
{
    connection->due = now_us() + delay_us;
    connection->is_queued = 1;
    connection->next = NULL;
    if (queue_last) {
        queue_last->next = connection;
    }
    else {
        queue_first = connection;
    }
    queue_last = connection;
}

/* A whole request is here. Returns 0 where the connection is dead. */
static int on_request(connection_t *connection)
{
    connection->body_left = -1;
    if (connection->is_private) {
        return tell_counts(connection);
    }
    counts.requests++;
    counts.connections += !connection->is_counted;
    connection->is_counted = 1;
    if (delay_us > 0) {
        enqueue(connection);
        return 1;
    }
    return respond(connection, answer, answer_length);
}

/* Reads the head if it has come whole; what follows it belongs to the body. */
static int on_head(connection_t *connection)
{
    char *end, *length;

    connection->head[connection->head_length] = '\0';
    end = strstr(connection->head, "\r\n\r\n");
    if (!end) {
        return connection->head_length < HEAD_MAX - 1;
    }
    length = strcasestr(connection->head, "\r\nContent-Length:");
    connection->is_private = strncmp(connection->head, "GET /_bench/", 12) == 0;
    connection->body_left = (length && length < end ? atol(length + 17) : 0)
                            - (long)(connection->head_length - (size_t)(end + 4 - connection->head));
    connection->head_length = 0;
    return connection->body_left > 0 ? 1 : on_request(connection);
}

static int on_bytes(connection_t *connection)
{
    static char body[65536];
    long got;

    for (;;) {
        const int in_body = connection->body_left > 0;
        char *to = in_body ? body : connection->head + connection->head_length;
        const size_t space = in_body ? sizeof(body) : HEAD_MAX - 1 - connection->head_length;
        int alive = 1;

        got = receive(connection, to, space);
        if (got <= 0) {
            return got < 0;
        }
        if (in_body) {
            connection->body_left -= got;
            alive = connection->body_left > 0 || on_request(connection);
        }
        else {
            connection->head_length += (size_t)got;
            alive = on_head(connection);
        }
        if (!alive) {
            return 0;
        }
    }
}

static void answer_due(int64_t now)
{
    while (queue_first && queue_first->due <= now) {
        connection_t *connection = queue_first;
        queue_first = connection->next;
        queue_last = queue_first ? queue_last : NULL;
        connection->is_queued = 0;
        if (connection->is_closed) {
            free(connection);
        }
        else if (!respond(connection, answer, answer_length)) {
            destroy(connection);
        }
    }
}

static int wait_ms(void)
{
    const int64_t left = queue_first ? queue_first->due - now_us() : 1000000;

    return left <= 0 ? 0 : (int)((left + 999) / 1000);
}

static void set_up_tls(const char *cert_and_key)
{
    tls_context = SSL_CTX_new(TLS_server_method());
    if (SSL_CTX_use_certificate_chain_file(tls_context, cert_and_key) != 1
        || SSL_CTX_use_PrivateKey_file(tls_context, cert_and_key, SSL_FILETYPE_PEM) != 1) {
        die(cert_and_key);
    }
    SSL_CTX_set_info_callback(tls_context, on_tls_info);
}

static void run(int64_t until)
{
    struct epoll_event events[EVENTS_PER_TURN];

    while (now_us() < until) {
        const int count = epoll_wait(epoll, events, EVENTS_PER_TURN, wait_ms());
        int i;
        for (i = 0; i < count; i++) {
            void *data = events[i].data.ptr;
            if (data == &listen_http || data == &listen_https) {
                accept_all(*(int *)data);
            }
            else if (!on_bytes(data)) {
                destroy(data);
            }
        }
        answer_due(now_us());
    }
}

int main(int argc, char **argv)
{
    int64_t seconds = 3600;
    int option;

    signal(SIGPIPE, SIG_IGN);
    answer_length = (size_t)snprintf(answer, sizeof(answer),
                                     "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                     "Content-Length: %zu\r\nx-amzn-RequestId: "
                                     "171e4158-6ad1-492b-b543-b4f06138cf2d\r\n\r\n%s",
                                     sizeof(SESSION) - 1, SESSION);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    while ((option = getopt(argc, argv, "p:s:c:d:t:")) != -1) {
        switch (option) {
        case 'p':
            listen_http = listen_on(optarg);
            watch(listen_http, &listen_http);
            break;
        case 's':
            listen_https = listen_on(optarg);
            watch(listen_https, &listen_https);
            break;
        case 'c': set_up_tls(optarg); break;
        case 'd': delay_us = atol(optarg) * 1000; break;
        case 't': seconds = atol(optarg); break;
        default: return 2;
        }
    }
    run(now_us() + seconds * 1000000);
    return 0;
}
