/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Why a request cannot be served: what the pure rooms tell the hooks, and what the player reads as
 * {"error":"<slug>","message":"<text>"}.
 */
#ifndef SI_ERRORS_H
#define SI_ERRORS_H

typedef struct {
    int status;          /* HTTP status of the answer */
    const char *slug;    /* stable short name, for programs and the access log */
    const char *message; /* one sentence for people; tells nothing of the configuration */
} si_problem_t;

#endif
