/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Looks names up beside the engine: one thread per child process for all endpoints. Answers are
 * refreshed and the last good one is kept when a look-up fails. Memory is malloc'ed and lives as
 * long as the process: a thread inside getaddrinfo can be neither stopped nor waited for.
 */
#ifndef SI_RESOLVER_H
#define SI_RESOLVER_H

#include <time.h>

typedef struct si_resolver_t si_resolver_t;
typedef struct si_name_t si_name_t;

/* refresh is the seconds between look-ups of a name. NULL when memory ran out. */
si_resolver_t *si_resolver_make(int refresh);

/*
 * The name to be looked up; the same one for the same host. Only before the start. NULL when memory
 * ran out.
 */
si_name_t *si_resolver_add(si_resolver_t *resolver, const char *host);

/*
 * Starts the thread, all signals blocked in it, where there are names at all. Returns 0 or an
 * errno.
 */
int si_resolver_start(si_resolver_t *resolver);

/*
 * Ends the thread, or leaves it behind where it is within a look-up. Never waits for a name server.
 */
void si_resolver_stop(si_resolver_t *resolver);

typedef enum {
    SI_NAME_KNOWN,
    SI_NAME_UNKNOWN,  /* the look-up failed and there is no earlier answer */
    SI_NAME_STOPPED,  /* the resolver ends, and there is no earlier answer */
    SI_NAME_TIMED_OUT /* none by the deadline */
} si_name_status_t;

#define SI_ADDRESSES_SIZE 1024

typedef struct {
    unsigned generation;               /* grows whenever the addresses change; from 1 */
    char addresses[SI_ADDRESSES_SIZE]; /* separated by commas, IPv6 in brackets */
    const char *problem;               /* static text, where unknown */
} si_addresses_t;

/*
 * Waits for the addresses of name until deadline (CLOCK_MONOTONIC); at once where they are known. A
 * failure older than a second is tried again.
 */
si_name_status_t si_name_wait(si_name_t *name, const struct timespec *deadline,
                              si_addresses_t *addresses);

/* The generation that si_name_wait would give now; 0 while there is none. */
unsigned si_name_generation(si_name_t *name);

#endif
