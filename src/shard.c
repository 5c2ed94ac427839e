/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "shard.h"

#include "clock.h"

#include <fcntl.h>
#include <stdlib.h>
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
        char *call = NULL;
        if (message->msg == CURLMSG_DONE) {
            *code = message->data.result;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
            return (si_call_t *)(void *)call;
        }
    }
    return NULL;
}
