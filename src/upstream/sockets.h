/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The sockets that the engine's epoll watches. Private to upstream/.
 *
 * libcurl asks for a socket to be watched for every transfer and no longer behind it. A kept
 * connection stays registered in between, which saves two system calls a transfer; an event that
 * nobody wants takes it out.
 */
#ifndef SI_SOCKETS_H
#define SI_SOCKETS_H

#include <sys/epoll.h>

typedef struct {
    int epoll;
    unsigned char *states; /* by descriptor: what is registered, and whether a transfer wants it */
    int size;
} si_sockets_t;

/* What epoll tells of a socket. */
typedef struct {
    int fd;
    unsigned tag;
    unsigned events;
} si_socket_event_t;

/* Returns 0 where there is no epoll descriptor to be had. */
int si_sockets_make(si_sockets_t *sockets);

/* Watches fd for events (EPOLLIN, EPOLLOUT); they come with tag. */
void si_sockets_set(si_sockets_t *sockets, int fd, unsigned events, unsigned tag);

/* No transfer wants fd any longer. */
void si_sockets_unwant(si_sockets_t *sockets, int fd);

/* Whether a transfer wants fd. */
int si_sockets_is_wanted(const si_sockets_t *sockets, int fd);

/* fd is about to be closed, and its number free for another socket. */
void si_sockets_forget(si_sockets_t *sockets, int fd);

/* Whether there is something to read at a socket: bytes, or its end. */
int si_sockets_has_input(int fd);

/*
 * Reads an event of epoll_wait. Returns 0 if no transfer wants the socket: it is taken out then,
 * and shut down if it has input, which belongs to no request. libcurl sees that and leaves it
 * alone.
 */
int si_sockets_read(si_sockets_t *sockets, const struct epoll_event *raw, si_socket_event_t *event);

#endif
