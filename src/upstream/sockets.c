/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "upstream/sockets.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define IS_WANTED 0x80
#define REGISTERED ((unsigned)EPOLLIN | (unsigned)EPOLLOUT)

_Static_assert((REGISTERED & ~0x7FU) == 0, "the events fit beside the flag");

int si_sockets_make(si_sockets_t *sockets)
{
    sockets->states = NULL;
    sockets->size = 0;
    sockets->epoll = epoll_create1(EPOLL_CLOEXEC);
    return sockets->epoll >= 0;
}

static int make_room(si_sockets_t *sockets, int fd)
{
    const int size = fd < 2 * sockets->size ? 2 * sockets->size : fd + 64;

    if (fd < sockets->size) {
        return 1;
    }
    unsigned char *states = realloc(sockets->states, (size_t)size);
    if (!states) {
        return 0;
    }
    memset(states + sockets->size, 0, (size_t)(size - sockets->size));
    sockets->states = states;
    sockets->size = size;
    return 1;
}

/*
 * The recorded state of a descriptor may be wrong: try to add it, and modify it if it is
 * registered.
 */
static int tell_epoll(const si_sockets_t *sockets, int fd, unsigned events, unsigned tag)
{
    struct epoll_event event = { .events = events,
                                 .data = { .u64 = (uint64_t)tag << 32 | (unsigned)fd } };

    return epoll_ctl(sockets->epoll, EPOLL_CTL_ADD, fd, &event) == 0
           || (errno == EEXIST && epoll_ctl(sockets->epoll, EPOLL_CTL_MOD, fd, &event) == 0);
}

void si_sockets_set(si_sockets_t *sockets, int fd, unsigned events, unsigned tag)
{
    if (!make_room(sockets, fd)) {
        return; /* the transfer ends at its time limit */
    }
    if ((sockets->states[fd] & REGISTERED) != events && !tell_epoll(sockets, fd, events, tag)) {
        return; /* as above */
    }
    sockets->states[fd] = (unsigned char)(events | IS_WANTED);
}

void si_sockets_unwant(si_sockets_t *sockets, int fd)
{
    if (fd < sockets->size) {
        sockets->states[fd] = (unsigned char)(sockets->states[fd] & ~IS_WANTED);
    }
}

int si_sockets_is_wanted(const si_sockets_t *sockets, int fd)
{
    return fd >= 0 && fd < sockets->size && (sockets->states[fd] & IS_WANTED);
}

void si_sockets_forget(si_sockets_t *sockets, int fd)
{
    if (fd < sockets->size && sockets->states[fd]) {
        /* close() does not remove it if a forked program has the socket too. */
        epoll_ctl(sockets->epoll, EPOLL_CTL_DEL, fd, NULL);
        sockets->states[fd] = 0;
    }
}

int si_sockets_has_input(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0
           || (errno != EAGAIN && errno != EWOULDBLOCK);
}

int si_sockets_read(si_sockets_t *sockets, const struct epoll_event *raw, si_socket_event_t *event)
{
    event->fd = (int)(raw->data.u64 & 0x7FFFFFFF);
    event->tag = (unsigned)(raw->data.u64 >> 32);
    event->events = raw->events;
    if (event->fd >= sockets->size || !sockets->states[event->fd]) {
        return 0; /* closed in this turn: another thread may have reused the number */
    }
    if (sockets->states[event->fd] & IS_WANTED) {
        return 1;
    }
    si_sockets_forget(sockets, event->fd);
    if (si_sockets_has_input(event->fd)) {
        shutdown(event->fd, SHUT_RDWR);
    }
    return 0;
}
