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

int si_watch_make(si_watch_t *watch)
{
    watch->states = NULL;
    watch->size = 0;
    watch->epoll = epoll_create1(EPOLL_CLOEXEC);
    return watch->epoll >= 0;
}

static int make_room(si_watch_t *watch, int fd)
{
    const int size = fd < 2 * watch->size ? 2 * watch->size : fd + 64;

    if (fd < watch->size) {
        return 1;
    }
    unsigned char *states = realloc(watch->states, (size_t)size);
    if (!states) {
        return 0;
    }
    memset(states + watch->size, 0, (size_t)(size - watch->size));
    watch->states = states;
    watch->size = size;
    return 1;
}

/* What is known of a descriptor may be wrong: then the other operation is right. */
static int tell_epoll(const si_watch_t *watch, int fd, unsigned events, unsigned tag)
{
    struct epoll_event event = { .events = events,
                                 .data = { .u64 = (uint64_t)tag << 32 | (unsigned)fd } };

    return epoll_ctl(watch->epoll, EPOLL_CTL_ADD, fd, &event) == 0
           || (errno == EEXIST && epoll_ctl(watch->epoll, EPOLL_CTL_MOD, fd, &event) == 0);
}

void si_watch_set(si_watch_t *watch, int fd, unsigned events, unsigned tag)
{
    if (!make_room(watch, fd)) {
        return; /* the transfer ends by its time limit */
    }
    if ((watch->states[fd] & REGISTERED) != events && !tell_epoll(watch, fd, events, tag)) {
        return; /* as above */
    }
    watch->states[fd] = (unsigned char)(events | IS_WANTED);
}

void si_watch_unwant(si_watch_t *watch, int fd)
{
    if (fd < watch->size) {
        watch->states[fd] = (unsigned char)(watch->states[fd] & ~IS_WANTED);
    }
}

int si_watch_is_wanted(const si_watch_t *watch, int fd)
{
    return fd >= 0 && fd < watch->size && (watch->states[fd] & IS_WANTED);
}

void si_watch_forget(si_watch_t *watch, int fd)
{
    if (fd < watch->size && watch->states[fd]) {
        /* Closing alone does not do it where a forked program has the socket too. */
        epoll_ctl(watch->epoll, EPOLL_CTL_DEL, fd, NULL);
        watch->states[fd] = 0;
    }
}

int si_watch_has_input(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0
           || (errno != EAGAIN && errno != EWOULDBLOCK);
}

int si_watch_read(si_watch_t *watch, const struct epoll_event *raw, si_watch_event_t *event)
{
    event->fd = (int)(raw->data.u64 & 0x7FFFFFFF);
    event->tag = (unsigned)(raw->data.u64 >> 32);
    event->events = raw->events;
    if (event->fd >= watch->size || !watch->states[event->fd]) {
        return 0; /* closed in this turn: another thread may have the number by now */
    }
    if (watch->states[event->fd] & IS_WANTED) {
        return 1;
    }
    si_watch_forget(watch, event->fd);
    if (si_watch_has_input(event->fd)) {
        shutdown(event->fd, SHUT_RDWR);
    }
    return 0;
}
