/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Puts an answer of the module on a request. All return OK for the handler to return: the status
 * stands in r->status, so that no ErrorDocument replaces the answer. CORS headers stand on every
 * one.
 */
#ifndef SI_SEND_H
#define SI_SEND_H

#include "upstream/forwarder.h"
#include "errors.h"
#include "config/settings.h"

#include <httpd.h>

/* Cache-Control: no-store, to which mod_expires adds nothing. For a handler. */
void si_set_no_store(request_rec *r);

/* 302 to location with an empty body (contract section 10, row 4). */
int si_answer_redirect(request_rec *r, const si_settings_t *settings, const char *location);

/* 204 to OPTIONS. */
int si_answer_preflight(request_rec *r, const si_settings_t *settings);

/* The problem as JSON, with one further header unless name is NULL. */
int si_answer_problem(request_rec *r, const si_settings_t *settings, const si_problem_t *problem,
                      const char *name, const char *value);

/* The upstream's answer as it is. */
int si_answer_upstream(request_rec *r, const si_settings_t *settings,
                       const si_forward_answer_t *answer);

#endif
