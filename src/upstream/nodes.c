/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "upstream/nodes.h"

#include <string.h>

void si_nodes_init(si_nodes_t *nodes)
{
    memset(nodes, 0, sizeof(*nodes));
    pthread_mutex_init(&nodes->lock, NULL);
}

static si_node_t *find(si_nodes_t *nodes, const si_address_t *address)
{
    int i;

    for (i = 0; i < nodes->count; i++) {
        if (si_address_compare(&nodes->nodes[i].address, address) == 0) {
            return &nodes->nodes[i];
        }
    }
    return NULL;
}

void si_nodes_update(si_nodes_t *nodes, const si_addresses_t *addresses)
{
    si_node_t updated[SI_ADDRESS_MAX];
    int i;

    if (addresses->generation <= nodes->generation) {
        return;
    }
    pthread_mutex_lock(&nodes->lock);
    for (i = 0; i < addresses->count; i++) {
        const si_node_t *known = find(nodes, &addresses->addresses[i]);
        if (known) {
            updated[i] = *known;
            continue;
        }
        memset(&updated[i], 0, sizeof(updated[i]));
        updated[i].address = addresses->addresses[i];
        updated[i].since = apr_time_now();
    }
    memcpy(nodes->nodes, updated, (size_t)addresses->count * sizeof(updated[0]));
    nodes->count = addresses->count;
    nodes->generation = addresses->generation;
    pthread_mutex_unlock(&nodes->lock);
}

static int is_tried(unsigned tried, int index)
{
    return (tried >> index & 1) != 0;
}

int si_nodes_pick(si_nodes_t *nodes, unsigned tried)
{
    int left_out = -1;
    int i;

    for (i = 0; i < nodes->count; i++) {
        const int index = (int)((nodes->turn + (unsigned)i) % (unsigned)nodes->count);
        if (is_tried(tried, index)) {
            continue;
        }
        if (!nodes->nodes[index].out_until) {
            nodes->turn = (unsigned)index + 1;
            return index;
        }
        left_out = left_out < 0 ? index : left_out;
    }
    if (left_out >= 0) {
        nodes->turn = (unsigned)left_out + 1;
    }
    return left_out;
}

int si_nodes_untried(const si_nodes_t *nodes, unsigned tried)
{
    int in_use = 0, left_out = 0;
    int i;

    for (i = 0; i < nodes->count; i++) {
        if (!is_tried(tried, i)) {
            *(nodes->nodes[i].out_until ? &left_out : &in_use) += 1;
        }
    }
    return in_use ? in_use : left_out;
}

static void change(si_nodes_t *nodes, si_node_t *node, apr_int64_t out_until)
{
    const int was_out = node->out_until != 0;

    node->out_until = out_until;
    if (was_out != (out_until != 0)) {
        node->since = apr_time_now();
        node->is_news = 1;
        __atomic_store_n(&nodes->has_news, 1, __ATOMIC_RELEASE);
    }
}

/* 2 s, 4 s, 8 s ... 60 s. */
static apr_int64_t time_left_out(int failures)
{
    apr_int64_t time = SI_LEFT_OUT_FIRST;

    while (--failures > 0 && time < SI_LEFT_OUT_MOST) {
        time *= 2;
    }
    return time < SI_LEFT_OUT_MOST ? time : SI_LEFT_OUT_MOST;
}

void si_nodes_failed(si_nodes_t *nodes, const si_address_t *address, apr_int64_t now, int is_probe)
{
    si_node_t *node = find(nodes, address);

    if (!node) {
        return;
    }
    pthread_mutex_lock(&nodes->lock);
    node->call_failures += !is_probe;
    if (node->out_until <= now && nodes->count > 1) { /* else one of several that fail together */
        node->failures++;
        change(nodes, node, now + time_left_out(node->failures));
    }
    pthread_mutex_unlock(&nodes->lock);
}

void si_nodes_answered(si_nodes_t *nodes, const si_address_t *address)
{
    si_node_t *node = find(nodes, address);

    if (!node || (node->failures == 0 && !node->out_until)) {
        return;
    }
    pthread_mutex_lock(&nodes->lock);
    node->failures = 0;
    change(nodes, node, 0);
    pthread_mutex_unlock(&nodes->lock);
}

void si_nodes_probed(si_nodes_t *nodes, const si_address_t *address)
{
    si_node_t *node = find(nodes, address);

    if (node) {
        pthread_mutex_lock(&nodes->lock);
        change(nodes, node, 0);
        pthread_mutex_unlock(&nodes->lock);
    }
}

void si_nodes_postpone(si_nodes_t *nodes, const si_address_t *address, apr_int64_t now)
{
    si_node_t *node = find(nodes, address);

    if (node && node->out_until) {
        pthread_mutex_lock(&nodes->lock);
        node->out_until = now + SI_LEFT_OUT_FIRST;
        pthread_mutex_unlock(&nodes->lock);
    }
}

const si_address_t *si_nodes_due(const si_nodes_t *nodes, apr_int64_t now)
{
    int i;

    for (i = 0; i < nodes->count; i++) {
        const si_node_t *node = &nodes->nodes[i];
        if (node->out_until && node->out_until <= now) {
            return &node->address;
        }
    }
    return NULL;
}

int si_nodes_take_news(si_nodes_t *nodes, si_node_t *node)
{
    int i;

    if (!__atomic_load_n(&nodes->has_news, __ATOMIC_ACQUIRE)) {
        return 0;
    }
    pthread_mutex_lock(&nodes->lock);
    for (i = 0; i < nodes->count && !nodes->nodes[i].is_news; i++) {
    }
    if (i < nodes->count) {
        nodes->nodes[i].is_news = 0;
        *node = nodes->nodes[i];
    }
    else {
        __atomic_store_n(&nodes->has_news, 0, __ATOMIC_RELEASE);
    }
    i = i < nodes->count;
    pthread_mutex_unlock(&nodes->lock);
    return i;
}

int si_nodes_read(si_nodes_t *nodes, si_node_t *copy)
{
    int count;

    pthread_mutex_lock(&nodes->lock);
    count = nodes->count;
    memcpy(copy, nodes->nodes, (size_t)count * sizeof(*copy));
    pthread_mutex_unlock(&nodes->lock);
    return count;
}
