/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The addresses of an endpoint's name, and which of them new connections go to. They take turns. An
 * address that fails is left out for a while, which doubles with each failure in a row; then a
 * probe tries it. If all are left out, all are tried.
 *
 * The engine alone changes them; the lock is for those who read them meanwhile.
 */
#ifndef SI_NODES_H
#define SI_NODES_H

#include "upstream/resolver.h"

#include <apr_time.h>
#include <pthread.h>

/* How long an address is left out: after the first failure, and at most. Milliseconds. */
#define SI_LEFT_OUT_FIRST 2000
#define SI_LEFT_OUT_MOST 60000

typedef struct {
    si_address_t address;
    int failures;               /* in a row */
    apr_int64_t out_until;      /* monotonic milliseconds; 0 if the address is in use */
    apr_time_t since;           /* microseconds since the epoch: it is in use, or left out */
    apr_uint64_t call_failures; /* connections of calls, not of probes, that failed so far */
    int is_news; /* it has been left out, or is back, and no worker has logged that yet */
} si_node_t;

typedef struct {
    pthread_mutex_t lock;
    int has_news;        /* atomic */
    unsigned generation; /* of the addresses; 0 before the first */
    int count;
    unsigned turn;
    si_node_t nodes[SI_ADDRESS_MAX];
} si_nodes_t;

void si_nodes_init(si_nodes_t *nodes);

/* Takes the addresses if they are newer. Those that were there before keep what is known of them.
 */
void si_nodes_update(si_nodes_t *nodes, const si_addresses_t *addresses);

/*
 * The index of the address for a new connection, whose turn it is among those in use that are not
 * in tried (bits by index); if there are none, among those left out. -1 if all have been tried.
 */
int si_nodes_pick(si_nodes_t *nodes, unsigned tried);

/* How many addresses si_nodes_pick() chooses from: in use and not in tried, else left out. */
int si_nodes_untried(const si_nodes_t *nodes, unsigned tried);

/*
 * A connection of a call or of a probe failed at now (monotonic milliseconds): the address is left
 * out, unless it is the only one.
 */
void si_nodes_failed(si_nodes_t *nodes, const si_address_t *address, apr_int64_t now, int is_probe);

/* A connection to the address was answered. */
void si_nodes_answered(si_nodes_t *nodes, const si_address_t *address);

/*
 * A probe has connected: the address is used again. It is not forgiven before a call is answered:
 * if it fails again, it is left out for longer.
 */
void si_nodes_probed(si_nodes_t *nodes, const si_address_t *address);

/* A probe could not be made, for reasons that are not the address's: another one at now or later.
 */
void si_nodes_postpone(si_nodes_t *nodes, const si_address_t *address, apr_int64_t now);

/* An address whose time has come to be probed, NULL if there is none. */
const si_address_t *si_nodes_due(const si_nodes_t *nodes, apr_int64_t now);

/*
 * Another thread: copies the next node that has news to *node and returns 1; 0 if there is no more.
 */
int si_nodes_take_news(si_nodes_t *nodes, si_node_t *node);

/* Another thread: copies the nodes to copy, with space for SI_ADDRESS_MAX; returns how many. */
int si_nodes_read(si_nodes_t *nodes, si_node_t *copy);

#endif
