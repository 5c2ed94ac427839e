/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The table of all metrics: their names, and where their numbers are. */
#ifndef SI_METRICS_H
#define SI_METRICS_H

#include "status/status.h"

typedef enum {
    SI_METRIC_REDIRECTS,
    SI_METRIC_REDIRECTS_WITHOUT_ID,
    SI_METRIC_SESSIONS,
    SI_METRIC_PREFLIGHTS,
    SI_METRIC_ERRORS,
    SI_METRIC_ANSWERS,
    SI_METRIC_ERROR_TYPES,
    SI_METRIC_IN_FLIGHT,
    SI_METRIC_KEPT_CONNECTIONS,
    SI_METRIC_COUNT
} si_metric_id_t;

typedef struct {
    const char *name; /* Prometheus's, without the module's prefix */
    const char *type; /* Prometheus's: "counter" or "gauge" */
    const char *help;
    const char *label; /* the label of its numbers; NULL if it has only one number */
    const char *json;  /* its member in JSON */
    const char *line;  /* its line for mod_status; NULL for none */
    apr_size_t offset; /* of its first number in si_vhost_status_t */
    int count;         /* numbers; 0 for one per stream id */
    const char *(*label_of)(const si_vhost_status_t *vhost, int index);
} si_metric_t;

extern const si_metric_t si_metrics[SI_METRIC_COUNT];

/* The count of a metric's numbers for vhost, each number, and their sum. */
int si_metric_count(const si_metric_t *metric, const si_vhost_status_t *vhost);
apr_uint64_t si_metric_number(const si_metric_t *metric, const si_vhost_status_t *vhost, int index);
apr_uint64_t si_metric_sum(const si_metric_t *metric, const si_vhost_status_t *vhost);

/*
 * Returns a configured name as UTF-8, from pool. If it is not UTF-8, each byte above 127 becomes
 * "\xHH", so that different names stay different.
 */
const char *si_metric_text(apr_pool_t *pool, const char *name);

#endif
