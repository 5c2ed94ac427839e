/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "upstream/multi.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int on_timer(CURLM *multi, long timeout_ms, void *data)
{
    si_shard_t *shard = data;

    (void)multi;
    shard->deadline = timeout_ms < 0 ? SI_NO_DEADLINE : si_clock_ms() + timeout_ms;
    return 0;
}

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *data, void *ignored)
{
    const si_shard_t *shard = data;

    (void)easy;
    (void)ignored;
    if (what == CURL_POLL_REMOVE) {
        si_watch_unwant(shard->watch, socket);
        return 0;
    }
    si_watch_set(shard->watch, socket,
                 ((what & CURL_POLL_IN) ? EPOLLIN : 0U) | ((what & CURL_POLL_OUT) ? EPOLLOUT : 0U),
                 shard->tag);
    return 0;
}

/* A multi handle drops connections as a burst ebbs, unless it is told how many to keep. */
static int set_up(si_shard_t *shard, int calls)
{
    return curl_multi_setopt(shard->multi, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK
           && curl_multi_setopt(shard->multi, CURLMOPT_SOCKETDATA, shard) == CURLM_OK
           && curl_multi_setopt(shard->multi, CURLMOPT_TIMERFUNCTION, on_timer) == CURLM_OK
           && curl_multi_setopt(shard->multi, CURLMOPT_TIMERDATA, shard) == CURLM_OK
           && curl_multi_setopt(shard->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING) == CURLM_OK
           && curl_multi_setopt(shard->multi, CURLMOPT_MAXCONNECTS, (long)calls) == CURLM_OK;
}

static void close_on_exec(int fd)
{
    struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
    socklen_t length = sizeof(address);

    if (getsockname(fd, (struct sockaddr *)&address, &length) == 0
        && address.ss_family == AF_UNIX) {
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
}

/*
 * A multi handle whose pair of sockets for waking it up, which is not asked for and cannot be had
 * from libcurl, no CGI program inherits: they are the two lowest descriptors that were free before.
 */
static CURLM *make_multi(int any_fd)
{
    const int first = fcntl(any_fd, F_DUPFD_CLOEXEC, 0);
    const int second = fcntl(any_fd, F_DUPFD_CLOEXEC, 0);
    CURLM *multi;

    close(first);
    close(second);
    multi = curl_multi_init();
    close_on_exec(first);
    close_on_exec(second);
    return multi;
}

/* Sockets */

/* A socket that cannot be noted is not opened. */
static int note_socket(si_shard_t *shard, int fd)
{
    if (shard->socket_count == shard->socket_capacity) {
        const int capacity = 2 * shard->socket_capacity + 8;
        si_socket_t *sockets = realloc(shard->sockets, (size_t)capacity * sizeof(*sockets));
        if (!sockets) {
            return 0;
        }
        shard->sockets = sockets;
        shard->socket_capacity = capacity;
    }
    shard->sockets[shard->socket_count++] = (si_socket_t){ .fd = fd };
    return 1;
}

/* The index of an open socket, or -1. */
static int index_of(const si_shard_t *shard, int fd)
{
    int i = shard->socket_count - 1;

    while (i >= 0 && shard->sockets[i].fd != fd) {
        i--;
    }
    return i;
}

static void forget_socket(si_shard_t *shard, int fd)
{
    const int i = index_of(shard, fd);

    if (i >= 0) {
        shard->sockets[i] = shard->sockets[--shard->socket_count];
    }
}

/* libcurl sets no close-on-exec: CGI children would inherit the connections to MediaTailor. */
static curl_socket_t open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
    si_call_t *call = data;
    const int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

    (void)purpose;
    if (fd < 0) {
        call->open_errno = errno;
        return CURL_SOCKET_BAD;
    }
    if (!note_socket(call->shard, fd)) {
        call->open_errno = ENOMEM;
        close(fd);
        return CURL_SOCKET_BAD;
    }
    return fd;
}

static int close_socket(void *data, curl_socket_t fd)
{
    si_shard_t *shard = data;

    forget_socket(shard, fd);
    si_watch_forget(shard->watch, fd);
    return close(fd);
}

typedef union {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
} address_t;

static int is_ipv6(const address_t *address)
{
    return address->any.sa_family == AF_INET6;
}

/* 0 if it is not known. */
static int port_of(int fd)
{
    address_t address = { .ipv6 = { 0 } };
    socklen_t length = sizeof(address);

    if (getsockname(fd, &address.any, &length) != 0) {
        return 0;
    }
    return ntohs(is_ipv6(&address) ? address.ipv6.sin6_port : address.ipv4.sin_port);
}

static int is_peer(int fd, const char *ip)
{
    address_t address = { .ipv6 = { 0 } };
    socklen_t length = sizeof(address);
    char text[INET6_ADDRSTRLEN];
    const void *bytes;

    if (getpeername(fd, &address.any, &length) != 0) {
        return 0;
    }
    bytes = is_ipv6(&address) ? (const void *)&address.ipv6.sin6_addr : &address.ipv4.sin_addr;
    return inet_ntop(address.any.sa_family, bytes, text, sizeof(text)) && strcmp(text, ip) == 0;
}

/*
 * The socket of a connection from local_port to ip, or -1. During a transfer libcurl 7.88 says no
 * more of it. Only connections to different peers can share a local port.
 */
static int find_socket(si_shard_t *shard, int local_port, const char *ip)
{
    int found = -1;
    int i;

    for (i = 0; i < shard->socket_count; i++) {
        si_socket_t *socket = &shard->sockets[i];
        if (socket->local_port == 0) {
            socket->local_port = port_of(socket->fd);
        }
        if (socket->local_port == local_port && (found < 0 || is_peer(socket->fd, ip))) {
            found = socket->fd;
        }
    }
    return found;
}

/* No answer with a body is as short, plain or over TLS; what TLS itself still has to say is. */
#define LEAST_ANSWER 32

/*
 * Whether more came than an answer. If libcurl has read it too, it has closed the connection, and
 * that although the answer had a length and no Connection header.
 */
static int has_second_answer(const si_shard_t *shard, const si_call_t *call)
{
    int unread = 0;

    if (si_watch_is_wanted(shard->watch, call->socket)) {
        return 0; /* the next transfer has begun, and has found nothing before its request */
    }
    if (index_of(shard, call->socket) < 0) {
        return call->has_length && !call->has_connection_header;
    }
    return ioctl(call->socket, FIONREAD, &unread) == 0 && unread >= LEAST_ANSWER;
}

/*
 * Two answers on a kept connection: one came before the request, too late to be seen there, and
 * nobody can say which.
 */
static int is_ambiguous(const si_shard_t *shard, const si_call_t *call, CURLcode code)
{
    return code == CURLE_OK && si_call_is_on_kept_connection(call)
           && has_second_answer(shard, call);
}

/*
 * Whether the kept connection has input. The last answer is acknowledged before, not with the
 * request: by Nagle's algorithm an upstream holds back what it writes after an answer until then,
 * and it would come as if the request had asked for it.
 */
static int has_unasked_input(int fd)
{
    const int at_once = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &at_once, sizeof(at_once));
    return si_watch_has_input(fd);
}

/*
 * The transfer has its connection and is about to send. What a kept one has to read belongs to no
 * request (RFC 9112, 9.2), and libcurl 7.88 would take it for the answer to the next one. Over TLS
 * a record of the protocol itself counts too, as with libcurl 8: no server sends one after an
 * answer, and nobody but libcurl can read it.
 */
static int on_connected(void *data, char *ip, char *local_ip, int port, int local_port)
{
    si_call_t *call = data;

    (void)local_ip;
    (void)port;
    si_call_has_connected(call);
    call->socket = find_socket(call->shard, local_port, ip);
    call->is_stray = si_call_is_on_kept_connection(call) && has_unasked_input(call->socket);
    return call->is_stray ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

si_shard_t *si_shard_make(si_watch_t *watch, unsigned tag, int calls, int target_count)
{
    si_shard_t *shard = calloc(1, sizeof(*shard));

    if (!shard) {
        return NULL;
    }
    shard->watch = watch;
    shard->tag = tag;
    shard->deadline = SI_NO_DEADLINE;
    shard->loaded = calloc((size_t)target_count, sizeof(*shard->loaded));
    shard->multi = make_multi(watch->epoll);
    if (!shard->loaded || !shard->multi || !set_up(shard, calls)) {
        curl_multi_cleanup(shard->multi);
        free(shard->loaded);
        free(shard);
        return NULL;
    }
    return shard;
}

/* Addresses that are older than those libcurl has are not given to it. */
static void settle_addresses(si_shard_t *shard, si_call_t *call)
{
    unsigned *loaded = &shard->loaded[call->target->endpoint->index];

    if (call->generation < *loaded) {
        curl_easy_setopt(call->easy, CURLOPT_RESOLVE, NULL);
        return;
    }
    *loaded = call->generation;
}

#define SET(call, option, value) (curl_easy_setopt((call)->easy, option, value) == CURLE_OK)

int si_shard_join(si_shard_t *shard, si_call_t *call)
{
    call->shard = shard;
    return SET(call, CURLOPT_OPENSOCKETFUNCTION, open_socket)
           && SET(call, CURLOPT_OPENSOCKETDATA, call)
           && SET(call, CURLOPT_CLOSESOCKETFUNCTION, close_socket)
           && SET(call, CURLOPT_CLOSESOCKETDATA, shard)
           && SET(call, CURLOPT_PREREQFUNCTION, on_connected)
           && SET(call, CURLOPT_PREREQDATA, call);
}

int si_shard_add(si_shard_t *shard, si_call_t *call)
{
    settle_addresses(shard, call);
    return curl_multi_add_handle(shard->multi, call->easy) == CURLM_OK;
}

void si_shard_remove(si_shard_t *shard, si_call_t *call)
{
    curl_multi_remove_handle(shard->multi, call->easy);
}

void si_shard_act(si_shard_t *shard, const si_watch_event_t *event)
{
    const int what = ((event->events & EPOLLIN) ? CURL_CSELECT_IN : 0)
                     | ((event->events & EPOLLOUT) ? CURL_CSELECT_OUT : 0)
                     | ((event->events & (EPOLLERR | EPOLLHUP)) ? CURL_CSELECT_ERR : 0);
    int ignored;

    curl_multi_socket_action(shard->multi, event->fd, what, &ignored);
}

void si_shard_tick(si_shard_t *shard, apr_int64_t now)
{
    int ignored;

    if (shard->deadline <= now) {
        /* libcurl sets the next one from within. */
        shard->deadline = SI_NO_DEADLINE;
        curl_multi_socket_action(shard->multi, CURL_SOCKET_TIMEOUT, 0, &ignored);
    }
}

si_call_t *si_shard_finished(si_shard_t *shard, CURLcode *code)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(shard->multi, &left))) {
        char *private = NULL;
        if (message->msg == CURLMSG_DONE) {
            *code = message->data.result;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
            si_call_t *call = (si_call_t *)(void *)private;
            call->is_stray |= is_ambiguous(shard, call, *code);
            return call;
        }
    }
    return NULL;
}
