/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Looks up the names of all endpoints in a thread of its own, one per child process. Addresses are
 * refreshed; if a look-up fails, the last good ones are kept. Memory is malloc'ed and lives as long
 * as the process: a thread inside getaddrinfo() cannot be stopped, and may block too long to be
 * waited for.
 */
#ifndef SI_RESOLVER_H
#define SI_RESOLVER_H

#include <netinet/in.h>
#include <time.h>

typedef struct si_resolver_t si_resolver_t;
typedef struct si_name_t si_name_t;

/*
 * Creates a resolver; refresh is the seconds between look-ups of a name. Returns NULL if memory
 * runs out.
 */
si_resolver_t *si_resolver_make(int refresh);

/*
 * Adds a name to look up; returns the same one for the same host. Only before the start. Returns
 * NULL if memory runs out.
 */
si_name_t *si_resolver_add(si_resolver_t *resolver, const char *host);

/* Starts the thread, with all signals blocked, if there are any names. Returns 0 or an errno. */
int si_resolver_start(si_resolver_t *resolver);

/* Ends the thread, or detaches it if it is inside a look-up. Never waits for a name server. */
void si_resolver_stop(si_resolver_t *resolver);

typedef enum {
    SI_NAME_KNOWN,
    SI_NAME_UNKNOWN,  /* the look-up failed, and no earlier addresses are known */
    SI_NAME_STOPPED,  /* the resolver is stopping, and no earlier addresses are known */
    SI_NAME_TIMED_OUT /* no result before the deadline */
} si_name_status_t;

/* Addresses of a name that are used; more are left out. */
#define SI_ADDRESS_MAX 16

typedef struct {
    int family;                                   /* AF_INET or AF_INET6 */
    unsigned char bytes[sizeof(struct in6_addr)]; /* those of IPv4 first, the others 0 */
    unsigned scope;                               /* of an IPv6 address, or 0 */
} si_address_t;

/* As memcmp(). */
int si_address_compare(const si_address_t *a, const si_address_t *b);

typedef struct {
    unsigned generation; /* grows whenever the addresses change; from 1 */
    int count;
    si_address_t addresses[SI_ADDRESS_MAX]; /* in a fixed order, each once */
    const char *problem;                    /* if unknown: why, static text */
} si_addresses_t;

#define SI_ADDRESS_TEXT INET6_ADDRSTRLEN

/* Writes the address as text, without brackets, to text, with space for SI_ADDRESS_TEXT. */
const char *si_address_text(const si_address_t *address, char *text);

/*
 * Waits for the addresses of name until deadline (CLOCK_MONOTONIC). Returns at once if they are
 * known. A failure older than a second is retried.
 */
si_name_status_t si_name_wait(si_name_t *name, const struct timespec *deadline,
                              si_addresses_t *addresses);

/* The generation that si_name_wait() would return now; 0 if there are no addresses yet. */
unsigned si_name_generation(si_name_t *name);

#endif
