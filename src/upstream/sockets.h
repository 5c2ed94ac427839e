/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The sockets that the engine's epoll watches. Private to upstream/.
 *
 * libcurl asks to watch a socket during each transfer, and to remove it afterwards. A kept
 * connection stays registered in between, which saves two system calls per transfer. It is removed
 * if an event comes while no transfer wants it.
 */
#ifndef SI_SOCKETS_H
#define SI_SOCKETS_H

#include <sys/epoll.h>

typedef struct {
    int epoll;
    unsigned char *states; /* by descriptor: what is registered, and whether a transfer wants it */
    int size;
} si_sockets_t;

/* An event that epoll reported for a socket. */
typedef struct {
    int fd;
    unsigned tag;
    unsigned events;
} si_socket_event_t;

/* Returns 0 if no epoll descriptor can be created. */
int si_sockets_make(si_sockets_t *sockets);

/* Watches fd for events (EPOLLIN, EPOLLOUT); they come with tag. */
void si_sockets_set(si_sockets_t *sockets, int fd, unsigned events, unsigned tag);

/* No transfer wants fd any longer. */
void si_sockets_unwant(si_sockets_t *sockets, int fd);

/* Whether a transfer wants fd. */
int si_sockets_is_wanted(const si_sockets_t *sockets, int fd);

/* Removes fd, which is about to be closed: its number may be reused for another socket. */
void si_sockets_forget(si_sockets_t *sockets, int fd);

/* Whether a socket has something to read: bytes, or the end of the connection. */
int si_sockets_has_input(int fd);

/*
 * Decodes an event of epoll_wait(). Returns 0 if no transfer wants the socket. The socket is then
 * removed, and shut down if it has input, which belongs to no request: libcurl notices that and
 * does not use the connection again.
 */
int si_sockets_read(si_sockets_t *sockets, const struct epoll_event *raw, si_socket_event_t *event);

#endif
