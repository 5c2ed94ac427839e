/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The resolver over time: getaddrinfo is replaced, so that name servers can change and fail. */
#include "tap.h"

#include "base/chars.h"
#include "upstream/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static atomic_int lookups;
static atomic_int is_failing;
static atomic_uint first_address;

/* Two addresses, an IPv4 and an IPv6 one. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **found)
{
    struct sockaddr_in *v4 = calloc(1, sizeof(*v4));
    struct sockaddr_in6 *v6 = calloc(1, sizeof(*v6));
    struct addrinfo *info = calloc(2, sizeof(*info));

    (void)name;
    (void)service;
    (void)hints;
    lookups++;
    v4->sin_family = AF_INET;
    v4->sin_addr.s_addr = htonl(first_address);
    v6->sin6_family = AF_INET6;
    v6->sin6_addr = in6addr_loopback;
    info[0] = (struct addrinfo){ .ai_family = AF_INET,
                                 .ai_addr = (struct sockaddr *)v4,
                                 .ai_addrlen = sizeof(*v4),
                                 .ai_next = &info[1] };
    info[1] = (struct addrinfo){ .ai_family = AF_INET6,
                                 .ai_addr = (struct sockaddr *)v6,
                                 .ai_addrlen = sizeof(*v6) };
    *found = info;
    if (is_failing) {
        freeaddrinfo(info);
        return EAI_AGAIN;
    }
    return 0;
}

void freeaddrinfo(struct addrinfo *info)
{
    free(info[0].ai_addr);
    free(info[1].ai_addr);
    free(info);
}

/* Resolvers live as long as the process: they are kept here for the leak checker. */
static si_resolver_t *volatile resolvers[2];

static const char *text_of(const si_addresses_t *addresses)
{
    static char all[1024];
    char text[SI_ADDRESS_TEXT];
    int i;

    all[0] = '\0';
    for (i = 0; i < addresses->count; i++) {
        strcat(strcat(all, i ? " " : ""), si_address_text(&addresses->addresses[i], text));
    }
    return all;
}

static si_name_status_t wait_for(si_name_t *name, si_addresses_t *addresses)
{
    struct timespec deadline;

    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += 20 * tap_patience();
    return si_name_wait(name, &deadline, addresses);
}

/* Waits until as many look-ups have begun: then the result of the previous one is stored. */
static void wait_for_lookups(int count)
{
    int i;

    for (i = 0; i < 20000 * tap_patience() && lookups < count; i++) {
        usleep(1000);
    }
}

static void wait_for_generation(si_name_t *name, unsigned generation)
{
    int i;

    for (i = 0; i < 20000 * tap_patience() && si_name_generation(name) < generation; i++) {
        usleep(1000);
    }
}

static void test_refresh(void)
{
    si_resolver_t *resolver = resolvers[0] = si_resolver_make(1);
    si_name_t *name = si_resolver_add(resolver, "upstream.test");
    si_addresses_t addresses;

    ok(name == si_resolver_add(resolver, "upstream.test"), "the same host is one name");
    ok(si_is_address("192.0.2.1"), "an IPv4 address needs no look-up");
    ok(si_is_address("2001:db8::1"), "an IPv6 address needs no look-up");
    ok(!si_is_address("upstream.test"), "a name needs a look-up");

    first_address = INADDR_LOOPBACK;
    si_resolver_start(resolver);
    is_number(wait_for(name, &addresses), SI_NAME_KNOWN, "a name becomes known");
    is(text_of(&addresses), "127.0.0.1 ::1", "a name has all its addresses");
    is_number(addresses.generation, 1, "a name that becomes known has the first generation");

    wait_for_lookups(3);
    is_number(si_name_generation(name), 1, "a refresh that finds the same changes nothing");

    first_address = INADDR_LOOPBACK + 1;
    wait_for_generation(name, 2);
    wait_for(name, &addresses);
    is(text_of(&addresses), "127.0.0.2 ::1", "a refresh that finds others replaces them");
    is_number(addresses.generation, 2, "a refresh that finds others increments the generation");

    is_failing = 1;
    wait_for_lookups(lookups + 2);
    is_number(wait_for(name, &addresses), SI_NAME_KNOWN, "look-ups fail: the name is still known");
    is(text_of(&addresses), "127.0.0.2 ::1", "look-ups fail: the last good answer stays");
    si_resolver_stop(resolver);
}

static void test_recovery(void)
{
    si_resolver_t *resolver = resolvers[1] = si_resolver_make(60);
    si_name_t *name = si_resolver_add(resolver, "upstream.test");
    si_addresses_t addresses;
    const time_t began = time(NULL);
    int i, unknown = 0;

    is_failing = 1;
    si_resolver_start(resolver);
    is_number(wait_for(name, &addresses), SI_NAME_UNKNOWN,
              "a name that cannot be looked up is unknown");
    ok(addresses.problem && *addresses.problem,
       "a name that cannot be looked up has the resolver's reason");
    lookups = 0;
    for (i = 0; i < 100; i++) {
        unknown += wait_for(name, &addresses) == SI_NAME_UNKNOWN;
    }
    is_number(unknown, 100, "a name that is unknown stays so in a hundred queries");
    ok(lookups <= time(NULL) - began + 1, "an unknown name is looked up once a second at most");

    is_failing = 0;
    sleep(2);
    is_number(wait_for(name, &addresses), SI_NAME_KNOWN,
              "an unknown name is looked up later, before the refresh, and the query waits for it");
    si_resolver_stop(resolver);
}

int main(void)
{
    tap_pool();
    test_refresh();
    test_recovery();
    return done();
}
