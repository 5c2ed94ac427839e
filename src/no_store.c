/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "no_store.h"

#include <string.h>
#include <util_filter.h>

/*
 * httpd registers filters under lower-case names. Comparing the names of this request's filters is
 * faster than a look-up of the filter by name.
 */
void si_keep_expires_out(request_rec *r)
{
    ap_filter_t *filter = r->output_filters;

    while (filter && strcmp(filter->frec->name, "mod_expires") != 0) {
        filter = filter->next;
    }
    if (filter) {
        ap_remove_output_filter(filter);
    }
}

void si_set_no_store(request_rec *r)
{
    si_keep_expires_out(r);
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
}
