/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The module's own errors. The player receives {"error":"<name>","message":"<text>"}; the counters
 * and the access log use the name.
 */
#ifndef SI_ERRORS_H
#define SI_ERRORS_H

typedef enum {
    SI_ERROR_NONE = -1,
    SI_ERROR_BAD_JSON,
    SI_ERROR_BAD_QUERY,
    SI_ERROR_BAD_CONTAINER,
    SI_ERROR_BAD_REQUEST,
    SI_ERROR_BAD_CODING,
    SI_ERROR_BAD_ENCODING,
    SI_ERROR_BAD_HEADER,
    SI_ERROR_NOT_FOUND,
    SI_ERROR_METHOD_NOT_ALLOWED,
    SI_ERROR_REQUEST_TIMEOUT,
    SI_ERROR_BODY_TOO_LARGE,
    SI_ERROR_UNSUPPORTED_ENCODING,
    SI_ERROR_NO_RANDOM,
    SI_ERROR_UPSTREAM_UNREACHABLE,
    SI_ERROR_UPSTREAM_UNRESOLVED,
    SI_ERROR_UPSTREAM_TLS,
    SI_ERROR_UPSTREAM_PROTOCOL,
    SI_ERROR_UPSTREAM_TOO_LARGE,
    SI_ERROR_NO_ENDPOINT,
    SI_ERROR_BUSY,
    SI_ERROR_STOPPING,
    SI_ERROR_UPSTREAM_TIMEOUT,
    SI_ERROR_COUNT
} si_error_t;

typedef struct {
    int status;          /* HTTP status of the response */
    const char *name;    /* stable, for programs and the access log */
    const char *message; /* one sentence for people; reveals nothing about the configuration */
} si_error_row_t;

extern const si_error_row_t si_errors[SI_ERROR_COUNT];

#endif
