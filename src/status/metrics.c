/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "status/metrics.h"

#include "json/utf8.h"

#include <apr_strings.h>
#include <stddef.h>
#include <string.h>

static const char *stream_id(const si_vhost_status_t *vhost, int index)
{
    return vhost->stream_ids->ids[index].name;
}

static const char *error(const si_vhost_status_t *vhost, int index)
{
    (void)vhost;
    return si_errors[index].name;
}

static const char *class(const si_vhost_status_t *vhost, int index)
{
    (void)vhost;
    return si_counted_classes[index];
}

static const char *error_type(const si_vhost_status_t *vhost, int index)
{
    (void)vhost;
    return si_counted_error_types[index];
}

#define COUNTED(member) offsetof(si_vhost_status_t, counts.member)

const si_metric_t si_metrics[SI_METRIC_COUNT] = {
    [SI_METRIC_REDIRECTS] = { "redirects_total", "counter", "Redirects with a stream id.",
                              "stream_id", "redirects", NULL, COUNTED(redirects), 0, stream_id },
    [SI_METRIC_REDIRECTS_WITHOUT_ID] = { "redirects_without_id_total", "counter",
                                         "Redirects of existing sessions and of child paths.", NULL,
                                         "redirects_without_id", "RedirectsWithoutId",
                                         COUNTED(redirects_without_id), 1, NULL },
    [SI_METRIC_SESSIONS] = { "sessions_total", "counter",
                             "Session initializations that the upstream answered with 2xx.",
                             "stream_id", "sessions", NULL, COUNTED(sessions), 0, stream_id },
    [SI_METRIC_PREFLIGHTS] = { "preflights_total", "counter", "Answers to OPTIONS.", NULL,
                               "preflights", "Preflights", COUNTED(preflights), 1, NULL },
    [SI_METRIC_ERRORS] = { "errors_total", "counter", "Errors of the module's own.", "error",
                           "errors", "Errors", COUNTED(errors), SI_ERROR_COUNT, error },
    [SI_METRIC_ANSWERS] = { "upstream_answers_total", "counter",
                            "Answers of the upstream by class of status.", "class", "answers",
                            "UpstreamAnswers", COUNTED(answers), SI_COUNTED_CLASSES, class },
    [SI_METRIC_ERROR_TYPES] = { "upstream_error_types_total", "counter",
                                "Answers of the upstream by their x-amzn-ErrorType.", "type",
                                "error_types", NULL, COUNTED(error_types), SI_COUNTED_ERROR_TYPES,
                                error_type },
    [SI_METRIC_IN_FLIGHT] = { "upstream_in_flight", "gauge", "Calls to the upstream under way.",
                              NULL, "in_flight", "UpstreamInFlight",
                              offsetof(si_vhost_status_t, in_flight), 1, NULL },
    [SI_METRIC_KEPT_CONNECTIONS] = { "upstream_kept_connections_total", "counter",
                                     "Calls to the upstream answered without a new connection.",
                                     NULL, "kept_connections", "UpstreamKeptConnections",
                                     COUNTED(kept_connections), 1, NULL },
};

int si_metric_count(const si_metric_t *metric, const si_vhost_status_t *vhost)
{
    return metric->count ? metric->count : vhost->stream_ids->count;
}

apr_uint64_t si_metric_number(const si_metric_t *metric, const si_vhost_status_t *vhost, int index)
{
    const apr_uint64_t *numbers = (const apr_uint64_t *)(const void *)((const char *)vhost
                                                                       + metric->offset);

    return numbers[index];
}

apr_uint64_t si_metric_sum(const si_metric_t *metric, const si_vhost_status_t *vhost)
{
    apr_uint64_t sum = 0;
    int i;

    for (i = 0; i < si_metric_count(metric, vhost); i++) {
        sum += si_metric_number(metric, vhost, i);
    }
    return sum;
}

const char *si_metric_text(apr_pool_t *pool, const char *name)
{
    const apr_size_t length = strlen(name);
    char *text, *out;

    if (si_utf8_valid(name, length)) {
        return name;
    }
    text = out = apr_palloc(pool, 4 * length + 1);
    for (; *name; name++) {
        if (*name & 0x80) {
            out += apr_snprintf(out, 5, "\\x%02X", (unsigned char)*name);
        }
        else {
            *out++ = *name;
        }
    }
    *out = '\0';
    return text;
}
