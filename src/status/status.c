/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "status/status.h"

apr_uint64_t si_status_drawn(const si_status_server_t *server, int position)
{
    return server->counts.redirects[position] + server->counts.sessions[position];
}

apr_uint64_t si_status_all_drawn(const si_status_server_t *server)
{
    apr_uint64_t sum = 0;
    int i;

    for (i = 0; i < server->stream_ids->count; i++) {
        sum += si_status_drawn(server, i);
    }
    return sum;
}

apr_uint64_t si_status_calls(const si_status_server_t *server)
{
    apr_uint64_t sum = 0;
    int i;

    for (i = 0; i < SI_COUNTED_TIMES; i++) {
        sum += server->counts.times[i];
    }
    return sum;
}
