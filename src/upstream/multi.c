/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "upstream/multi.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int on_timer(CURLM *handle, long timeout_ms, void *data)
{
    si_multi_t *multi = data;

    (void)handle;
    multi->deadline = timeout_ms < 0 ? SI_NO_DEADLINE : si_clock_ms() + timeout_ms;
    return 0;
}

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *data, void *ignored)
{
    const si_multi_t *multi = data;

    (void)easy;
    (void)ignored;
    if (what == CURL_POLL_REMOVE) {
        si_sockets_unwant(multi->sockets, socket);
        return 0;
    }
    si_sockets_set(multi->sockets, socket,
                   ((what & CURL_POLL_IN) ? EPOLLIN : 0U)
                       | ((what & CURL_POLL_OUT) ? EPOLLOUT : 0U),
                   multi->tag);
    return 0;
}

/* Without CURLMOPT_MAXCONNECTS, a multi handle closes connections when a burst is over. */
static int set_up(si_multi_t *multi, int calls)
{
    return curl_multi_setopt(multi->handle, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK
           && curl_multi_setopt(multi->handle, CURLMOPT_SOCKETDATA, multi) == CURLM_OK
           && curl_multi_setopt(multi->handle, CURLMOPT_TIMERFUNCTION, on_timer) == CURLM_OK
           && curl_multi_setopt(multi->handle, CURLMOPT_TIMERDATA, multi) == CURLM_OK
           && curl_multi_setopt(multi->handle, CURLMOPT_PIPELINING, CURLPIPE_NOTHING) == CURLM_OK
           && curl_multi_setopt(multi->handle, CURLMOPT_MAXCONNECTS, (long)calls) == CURLM_OK;
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
 * Creates a multi handle. Its wake-up sockets are set to close on exec, so that no CGI program
 * inherits them. libcurl always opens them and does not return them: they are the two lowest
 * descriptors that were free before.
 */
static CURLM *make_multi(int any_fd)
{
    const int first = fcntl(any_fd, F_DUPFD_CLOEXEC, 0);
    const int second = fcntl(any_fd, F_DUPFD_CLOEXEC, 0);
    CURLM *handle;

    close(first);
    close(second);
    handle = curl_multi_init();
    close_on_exec(first);
    close_on_exec(second);
    return handle;
}

/* Sockets */

/*
 * Age limits differ by a fifth at most, so that the connections of a burst do not all end together.
 * The golden ratio spreads any number of them evenly; the multi handles begin at different points.
 */
static int shortening(si_multi_t *multi)
{
    return (int)((multi->tag * 61 + multi->opened_count++ * 124) % 200);
}

/* Records an open socket. Returns 0 if memory runs out; the socket is then not opened. */
static int note_socket(si_multi_t *multi, int fd)
{
    if (multi->socket_count == multi->socket_capacity) {
        const int capacity = 2 * multi->socket_capacity + 8;
        si_socket_t *sockets = realloc(multi->open_sockets, (size_t)capacity * sizeof(*sockets));
        if (!sockets) {
            return 0;
        }
        multi->open_sockets = sockets;
        multi->socket_capacity = capacity;
    }
    multi->open_sockets[multi->socket_count++] = (si_socket_t){
        .fd = fd,
        .opened = si_clock_ms(),
        .shortening = shortening(multi),
    };
    return 1;
}

/* The index of an open socket, or -1. */
static int index_of(const si_multi_t *multi, int fd)
{
    int i = multi->socket_count - 1;

    while (i >= 0 && multi->open_sockets[i].fd != fd) {
        i--;
    }
    return i;
}

static void forget_socket(si_multi_t *multi, int fd)
{
    const int i = index_of(multi, fd);

    if (i >= 0) {
        multi->open_sockets[i] = multi->open_sockets[--multi->socket_count];
    }
}

typedef union {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
} sockaddr_t;

static int is_ipv6(const sockaddr_t *address)
{
    return address->any.sa_family == AF_INET6;
}

/* Writes an address and a port in network order to *to; returns its length. */
static unsigned write_address(const si_address_t *address, in_port_t port, sockaddr_t *to)
{
    memset(to, 0, sizeof(*to));
    if (address->family == AF_INET6) {
        to->ipv6.sin6_family = AF_INET6;
        to->ipv6.sin6_port = port;
        to->ipv6.sin6_scope_id = address->scope;
        memcpy(&to->ipv6.sin6_addr, address->bytes, sizeof(to->ipv6.sin6_addr));
        return sizeof(to->ipv6);
    }
    to->ipv4.sin_family = AF_INET;
    to->ipv4.sin_port = port;
    memcpy(&to->ipv4.sin_addr, address->bytes, sizeof(to->ipv4.sin_addr));
    return sizeof(to->ipv4);
}

/*
 * Lets the connection go to the address that the transfer chooses: libcurl uses what the callback
 * leaves in address. The port stays that of set_resolve()'s IPv4 address.
 */
static int redirect(si_transfer_t *transfer, struct curl_sockaddr *address)
{
    char *bytes = (char *)address + offsetof(struct curl_sockaddr, addr);
    struct sockaddr_in from;
    sockaddr_t to;

    if (!si_transfer_choose_address(transfer)) {
        return 0;
    }
    memcpy(&from, bytes, sizeof(from));
    address->addrlen = write_address(&transfer->address, from.sin_port, &to);
    address->family = transfer->address.family;
    memcpy(bytes, &to, address->addrlen);
    return 1;
}

/* Whether no socket can be had at all; else it is the address's family that this host lacks. */
static int is_of_process(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/* libcurl does not set close-on-exec: CGI programs would inherit the connections to MediaTailor. */
static curl_socket_t open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
    si_transfer_t *transfer = data;
    int fd;

    (void)purpose;
    /* libcurl may replace a kept connection that has died within the same transfer. */
    transfer->socket = -1;
    transfer->open_errno = transfer->socket_errno = 0;
    if (transfer->nodes && !redirect(transfer, address)) {
        return CURL_SOCKET_BAD;
    }
    fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0) {
        transfer->socket_errno = errno;
        transfer->open_errno = is_of_process(errno) ? errno : 0;
        return CURL_SOCKET_BAD;
    }
    if (!note_socket(transfer->multi, fd)) {
        transfer->open_errno = transfer->socket_errno = ENOMEM;
        close(fd);
        return CURL_SOCKET_BAD;
    }
    return fd;
}

static int close_socket(void *data, curl_socket_t fd)
{
    si_multi_t *multi = data;

    forget_socket(multi, fd);
    si_sockets_forget(multi->sockets, fd);
    return close(fd);
}

/* The local port of a socket; 0 if it is not known. */
static int port_of(int fd)
{
    sockaddr_t address = { .ipv6 = { 0 } };
    socklen_t length = sizeof(address);

    if (getsockname(fd, &address.any, &length) != 0) {
        return 0;
    }
    return ntohs(is_ipv6(&address) ? address.ipv6.sin6_port : address.ipv4.sin_port);
}

static int is_peer(int fd, const char *ip)
{
    sockaddr_t address = { .ipv6 = { 0 } };
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
 * The socket of a connection from local_port to ip, or NULL. libcurl 7.88 reveals only these two
 * during a transfer. Only connections to different peers can share a local port.
 */
static si_socket_t *find_socket(si_multi_t *multi, int local_port, const char *ip)
{
    si_socket_t *found = NULL;
    int i;

    for (i = 0; i < multi->socket_count; i++) {
        si_socket_t *socket = &multi->open_sockets[i];
        if (socket->local_port == 0) {
            socket->local_port = port_of(socket->fd);
        }
        if (socket->local_port == local_port && (!found || is_peer(socket->fd, ip))) {
            found = socket;
        }
    }
    return found;
}

/* No response is as short as this, plain or over TLS; a closing TLS record is. */
#define LEAST_ANSWER 32

/*
 * Whether more than one response came. If libcurl has read the extra data too, it has closed the
 * connection although the response had a length and no Connection header.
 */
static int has_second_answer(const si_multi_t *multi, const si_transfer_t *transfer)
{
    int unread = 0;

    if (si_sockets_is_wanted(multi->sockets, transfer->socket)) {
        return 0; /* the next transfer has started, and found no input before its request */
    }
    if (index_of(multi, transfer->socket) < 0) {
        return transfer->has_length && !transfer->has_connection_header;
    }
    return ioctl(transfer->socket, FIONREAD, &unread) == 0 && unread >= LEAST_ANSWER;
}

/*
 * Whether two responses came on a kept connection. One of them was sent before the request, but
 * arrived after on_connected() had checked. It is not known which one.
 */
static int is_ambiguous(const si_multi_t *multi, const si_transfer_t *transfer, CURLcode code)
{
    return code == CURLE_OK && si_transfer_is_on_kept_connection(transfer)
           && has_second_answer(multi, transfer);
}

/*
 * Whether the kept connection has input. The last response is acknowledged first, not together with
 * the request: by Nagle's algorithm, an upstream delays what it writes after a response until the
 * acknowledgement, and it would look like the response to this request.
 */
static int has_unasked_input(int fd)
{
    const int at_once = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &at_once, sizeof(at_once));
    return si_sockets_has_input(fd);
}

static int is_too_old(const si_socket_t *socket, apr_int64_t max_age_ms)
{
    return max_age_ms > 0
           && si_clock_ms() - socket->opened > max_age_ms - max_age_ms * socket->shortening / 1000;
}

/*
 * The transfer has its connection and is about to send. Input on a kept connection belongs to no
 * request (RFC 9112 section 9.2), and libcurl 7.88 would take it for the response to this one. Over
 * TLS, a record of the protocol itself counts as input too, as in libcurl 8: no server sends one
 * after a response, and only libcurl can decode it. A kept connection that is too old is not used
 * either: a busy one would never end, and nodes that AWS adds would get nothing.
 */
static int on_connected(void *data, char *ip, char *local_ip, int port, int local_port)
{
    si_transfer_t *transfer = data;
    si_socket_t *socket;

    (void)local_ip;
    (void)port;
    si_transfer_has_connected(transfer);
    socket = find_socket(transfer->multi, local_port, ip);
    transfer->socket = socket ? socket->fd : -1;
    transfer->is_stray = socket && si_transfer_is_on_kept_connection(transfer)
                         && (is_too_old(socket, transfer->max_age_ms)
                             || has_unasked_input(socket->fd));
    return transfer->is_stray ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

si_multi_t *si_multi_make(si_sockets_t *sockets, unsigned tag, int calls)
{
    si_multi_t *multi = calloc(1, sizeof(*multi));

    if (!multi) {
        return NULL;
    }
    multi->sockets = sockets;
    multi->tag = tag;
    multi->deadline = SI_NO_DEADLINE;
    multi->handle = make_multi(sockets->epoll);
    if (!multi->handle || !set_up(multi, calls)) {
        curl_multi_cleanup(multi->handle);
        free(multi);
        return NULL;
    }
    return multi;
}

int si_multi_join(si_multi_t *multi, si_transfer_t *transfer)
{
    transfer->multi = multi;
    return SI_SET(transfer, CURLOPT_OPENSOCKETFUNCTION, open_socket)
           && SI_SET(transfer, CURLOPT_OPENSOCKETDATA, transfer)
           && SI_SET(transfer, CURLOPT_CLOSESOCKETFUNCTION, close_socket)
           && SI_SET(transfer, CURLOPT_CLOSESOCKETDATA, multi)
           && SI_SET(transfer, CURLOPT_PREREQFUNCTION, on_connected)
           && SI_SET(transfer, CURLOPT_PREREQDATA, transfer);
}

int si_multi_add(si_multi_t *multi, si_transfer_t *transfer)
{
    return curl_multi_add_handle(multi->handle, transfer->easy) == CURLM_OK;
}

void si_multi_remove(si_multi_t *multi, si_transfer_t *transfer)
{
    curl_multi_remove_handle(multi->handle, transfer->easy);
}

void si_multi_act(si_multi_t *multi, const si_socket_event_t *event)
{
    const int what = ((event->events & EPOLLIN) ? CURL_CSELECT_IN : 0)
                     | ((event->events & EPOLLOUT) ? CURL_CSELECT_OUT : 0)
                     | ((event->events & (EPOLLERR | EPOLLHUP)) ? CURL_CSELECT_ERR : 0);
    int ignored;

    curl_multi_socket_action(multi->handle, event->fd, what, &ignored);
}

void si_multi_tick(si_multi_t *multi, apr_int64_t now)
{
    int ignored;

    if (multi->deadline <= now) {
        /* The call below sets the next deadline. */
        multi->deadline = SI_NO_DEADLINE;
        curl_multi_socket_action(multi->handle, CURL_SOCKET_TIMEOUT, 0, &ignored);
    }
}

si_transfer_t *si_multi_finished(si_multi_t *multi, CURLcode *code)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(multi->handle, &left))) {
        char *private = NULL;
        if (message->msg == CURLMSG_DONE) {
            *code = message->data.result;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
            si_transfer_t *transfer = (si_transfer_t *)(void *)private;
            transfer->is_stray |= is_ambiguous(multi, transfer, *code);
            return transfer;
        }
    }
    return NULL;
}
