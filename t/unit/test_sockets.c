/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The descriptors that epoll knows, if descriptors are closed and their numbers are used again. */
#include "tap.h"

#include "upstream/sockets.h"

#include <sys/socket.h>
#include <unistd.h>

#define TAG 7

static si_sockets_t watch;

/* Returns the first event within a short time that belongs to a socket; 0 if there is none. */
static int next_event(si_socket_event_t *event)
{
    struct epoll_event raw;

    return epoll_wait(watch.epoll, &raw, 1, 100) == 1 && si_sockets_read(&watch, &raw, event);
}

/* Makes a pair of sockets with a byte to read at the first. */
static void make_readable(int *pair)
{
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 || write(pair[1], "x", 1) != 1) {
        abort();
    }
}

static void close_pair(const int *pair)
{
    close(pair[0]);
    close(pair[1]);
}

static void is_readable(int fd, const char *name)
{
    si_socket_event_t event = { 0 };

    ok(next_event(&event) && event.fd == fd && event.tag == TAG && event.events & EPOLLIN, "%s",
       name);
}

static void test_wanted(void)
{
    si_socket_event_t event;
    int pair[2];

    make_readable(pair);
    si_sockets_set(&watch, pair[0], EPOLLOUT, TAG);
    ok(next_event(&event) && event.events == EPOLLOUT, "a registered event is reported");
    si_sockets_set(&watch, pair[0], EPOLLIN, TAG);
    is_readable(pair[0], "a second registration replaces the first");
    si_sockets_unwant(&watch, pair[0]);
    ok(!next_event(&event), "an unwanted event is not reported");
    ok(!next_event(&event), "an unwanted event does not wake a second time");
    si_sockets_set(&watch, pair[0], EPOLLIN, TAG);
    is_readable(pair[0], "an unwanted socket can be registered again");
    si_sockets_forget(&watch, pair[0]);
    close_pair(pair);
}

/* Closed with notice: epoll has removed it. */
static void test_number_comes_again(void)
{
    int pair[2], again[2];

    make_readable(pair);
    si_sockets_set(&watch, pair[0], EPOLLIN, TAG);
    si_sockets_forget(&watch, pair[0]);
    close_pair(pair);
    make_readable(again);
    is_number(again[0], pair[0], "a descriptor's number is used again");
    si_sockets_set(&watch, again[0], EPOLLIN, TAG);
    is_readable(again[0], "a reused number is registered again");
    si_sockets_forget(&watch, again[0]);
    close_pair(again);
}

/*
 * A program that a handler forks may keep a socket open that is closed here: epoll would report
 * it.
 */
static void test_open_elsewhere(void)
{
    struct epoll_event raw;
    int pair[2], elsewhere;

    make_readable(pair);
    elsewhere = dup(pair[0]);
    si_sockets_set(&watch, pair[0], EPOLLIN, TAG);
    si_sockets_forget(&watch, pair[0]);
    close_pair(pair);
    is_number(epoll_wait(watch.epoll, &raw, 1, 50), 0,
              "a socket that is still open elsewhere does not wake");
    close(elsewhere);
}

/* It is never removed, so that epoll has it: ADD gives EEXIST. */
static void test_epoll_has_it_still(void)
{
    struct epoll_event raw = { .events = EPOLLOUT };
    int pair[2];

    make_readable(pair);
    epoll_ctl(watch.epoll, EPOLL_CTL_ADD, pair[0], &raw);
    si_sockets_set(&watch, pair[0], EPOLLIN, TAG);
    is_readable(pair[0], "a descriptor that epoll still has is changed");
    si_sockets_forget(&watch, pair[0]);
    close_pair(pair);
}

int main(void)
{
    tap_pool();
    if (!ok(si_sockets_make(&watch), "epoll is available")) {
        return done();
    }
    test_wanted();
    test_number_comes_again();
    test_open_elsewhere();
    test_epoll_has_it_still();
    close(watch.epoll);
    free(watch.states);
    return done();
}
