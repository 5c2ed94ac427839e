/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "upstream/resolver.h"

#include "base/clock.h"
#include "base/thread.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Seconds before a failed look-up may be repeated. */
#define RETRY 1

struct si_name_t {
    si_resolver_t *resolver;
    si_name_t *next;
    char *host;
    time_t due;           /* of the next look-up, CLOCK_MONOTONIC */
    int is_wanted;        /* a call waits for the addresses */
    si_addresses_t known; /* generation 0: none yet */
};

struct si_resolver_t {
    pthread_mutex_t lock;
    pthread_cond_t work;   /* to the thread: a name is wanted, or the resolver is to stop */
    pthread_cond_t answer; /* from the thread: a look-up has ended */
    pthread_t thread;
    int is_running;
    int is_looking_up;
    int is_stopping;
    si_name_t *names;
    int refresh; /* seconds */
};

static time_t now(void)
{
    return (time_t)(si_clock_ms() / 1000);
}

si_resolver_t *si_resolver_make(int refresh)
{
    si_resolver_t *resolver = calloc(1, sizeof(*resolver));

    if (resolver) {
        resolver->refresh = refresh;
        pthread_mutex_init(&resolver->lock, NULL);
        si_clock_condition(&resolver->work);
        si_clock_condition(&resolver->answer);
    }
    return resolver;
}

si_name_t *si_resolver_add(si_resolver_t *resolver, const char *host)
{
    si_name_t *name;

    for (name = resolver->names; name; name = name->next) {
        if (strcmp(name->host, host) == 0) {
            return name;
        }
    }
    name = calloc(1, sizeof(*name));
    if (!name || !(name->host = strdup(host))) {
        free(name);
        return NULL;
    }
    name->resolver = resolver;
    name->next = resolver->names;
    resolver->names = name;
    return name;
}

const char *si_address_text(const si_address_t *address, char *text)
{
    return inet_ntop(address->family, address->bytes, text, SI_ADDRESS_TEXT);
}

int si_address_compare(const si_address_t *a, const si_address_t *b)
{
    const int order = memcmp(a->bytes, b->bytes, sizeof(a->bytes));

    if (a->family != b->family) {
        return a->family < b->family ? -1 : 1;
    }
    return order ? order : (a->scope > b->scope) - (a->scope < b->scope);
}

static int compare(const void *a, const void *b)
{
    return si_address_compare(a, b);
}

static int read_address(si_address_t *address, const struct sockaddr *from)
{
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;

    memset(address, 0, sizeof(*address));
    address->family = from->sa_family;
    switch (from->sa_family) {
    case AF_INET:
        memcpy(&ipv4, from, sizeof(ipv4));
        memcpy(address->bytes, &ipv4.sin_addr, sizeof(ipv4.sin_addr));
        return 1;
    case AF_INET6:
        memcpy(&ipv6, from, sizeof(ipv6));
        memcpy(address->bytes, &ipv6.sin6_addr, sizeof(ipv6.sin6_addr));
        address->scope = ipv6.sin6_scope_id;
        return 1;
    default:
        return 0;
    }
}

static int has_same(const si_addresses_t *a, const si_addresses_t *b)
{
    int i;

    for (i = 0; i < a->count && i < b->count; i++) {
        if (si_address_compare(&a->addresses[i], &b->addresses[i]) != 0) {
            return 0;
        }
    }
    return a->count == b->count;
}

/* Adds an address of either family, if there is space and it is not there yet. */
static void add_address(si_addresses_t *found, const struct addrinfo *info)
{
    si_address_t address;
    int i;

    if (found->count == SI_ADDRESS_MAX || !read_address(&address, info->ai_addr)) {
        return;
    }
    for (i = 0; i < found->count; i++) {
        if (si_address_compare(&found->addresses[i], &address) == 0) {
            return;
        }
    }
    found->addresses[found->count++] = address;
}

/*
 * Fills found and returns NULL, or returns the resolver's error message. Blocks as long as the name
 * servers take. The order is always the same, since name servers rotate theirs.
 */
static const char *look_up(const char *host, si_addresses_t *found)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *list, *info;
    const int rc = getaddrinfo(host, NULL, &hints, &list);

    memset(found, 0, sizeof(*found));
    if (rc != 0) {
        return gai_strerror(rc);
    }
    for (info = list; info; info = info->ai_next) {
        add_address(found, info);
    }
    freeaddrinfo(list);
    qsort(found->addresses, (size_t)found->count, sizeof(si_address_t), compare);
    return found->count > 0 ? NULL : "no usable address";
}

static void store(si_name_t *name, const char *problem, const si_addresses_t *found)
{
    const unsigned generation = name->known.generation;

    name->due = now() + (problem ? RETRY : name->resolver->refresh);
    name->is_wanted = 0;
    name->known.problem = problem;
    if (!problem && !has_same(&name->known, found)) {
        name->known = *found;
        name->known.generation = generation + 1;
    }
}

/*
 * Returns the name that has been due for longest, or NULL with the time of the next one in *next.
 * The first due name would not do: names that fail slowly are due again at once, and the others
 * would never be looked up.
 */
static si_name_t *find_due(const si_resolver_t *resolver, time_t *next)
{
    const time_t time = now();
    si_name_t *name, *found = NULL;

    *next = time + resolver->refresh;
    for (name = resolver->names; name; name = name->next) {
        /* A failed name that no call waits for is retried only at the next refresh. */
        const int is_left = name->known.problem && !name->is_wanted;
        const time_t due = name->due + (is_left ? resolver->refresh : 0);
        if (due < *next) {
            *next = due;
            found = name;
        }
    }
    return *next <= time ? found : NULL;
}

static void *run(void *data)
{
    si_resolver_t *resolver = data;
    si_addresses_t found;

    pthread_mutex_lock(&resolver->lock);
    while (!resolver->is_stopping) {
        struct timespec until = { 0, 0 };
        si_name_t *name = find_due(resolver, &until.tv_sec);

        if (!name) {
            pthread_cond_timedwait(&resolver->work, &resolver->lock, &until);
            continue;
        }
        resolver->is_looking_up = 1;
        pthread_mutex_unlock(&resolver->lock);
        const char *problem = look_up(name->host, &found);
        pthread_mutex_lock(&resolver->lock);
        resolver->is_looking_up = 0;
        store(name, problem, &found);
        pthread_cond_broadcast(&resolver->answer);
    }
    pthread_mutex_unlock(&resolver->lock);
    return NULL;
}

int si_resolver_start(si_resolver_t *resolver)
{
    int rc;

    if (!resolver->names) {
        return 0;
    }
    rc = si_thread_start(&resolver->thread, run, resolver);
    resolver->is_running = rc == 0;
    return rc;
}

void si_resolver_stop(si_resolver_t *resolver)
{
    int is_looking_up;

    if (!resolver->is_running) {
        return;
    }
    pthread_mutex_lock(&resolver->lock);
    resolver->is_stopping = 1;
    is_looking_up = resolver->is_looking_up;
    pthread_cond_signal(&resolver->work);
    pthread_cond_broadcast(&resolver->answer);
    pthread_mutex_unlock(&resolver->lock);
    if (is_looking_up) {
        pthread_detach(resolver->thread);
    }
    else {
        pthread_join(resolver->thread, NULL);
    }
    resolver->is_running = 0;
}

si_name_status_t si_name_wait(si_name_t *name, const struct timespec *deadline,
                              si_addresses_t *addresses)
{
    si_resolver_t *resolver = name->resolver;
    si_name_status_t status = SI_NAME_TIMED_OUT;
    int rc = 0;

    pthread_mutex_lock(&resolver->lock);
    if (!name->known.generation && (!name->known.problem || name->due <= now())) {
        name->is_wanted = 1;
        pthread_cond_signal(&resolver->work);
    }
    while (!name->known.generation && name->is_wanted && !resolver->is_stopping && rc == 0) {
        rc = pthread_cond_timedwait(&resolver->answer, &resolver->lock, deadline);
    }
    *addresses = name->known;
    if (name->known.generation) {
        status = SI_NAME_KNOWN;
    }
    else if (name->known.problem && !name->is_wanted) {
        status = SI_NAME_UNKNOWN;
    }
    else if (resolver->is_stopping) {
        status = SI_NAME_STOPPED;
    }
    pthread_mutex_unlock(&resolver->lock);
    return status;
}

unsigned si_name_generation(si_name_t *name)
{
    unsigned generation;

    pthread_mutex_lock(&name->resolver->lock);
    generation = name->known.generation;
    pthread_mutex_unlock(&name->resolver->lock);
    return generation;
}
