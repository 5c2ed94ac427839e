/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Where the status is written to, piece by piece, in one of its three forms. */
#ifndef SI_WRITER_H
#define SI_WRITER_H

#include <apr.h>

typedef struct {
    void (*write)(void *data, const char *bytes, apr_size_t length);
    void *data;
} si_writer_t;

/* Writes as printf does. */
void si_write(const si_writer_t *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Write text as it must stand in HTML, or between the quotes of a JSON string or a label of
 * Prometheus. What is no printable ASCII becomes a question mark: names of hosts have none.
 */
void si_write_html(const si_writer_t *writer, const char *text);
void si_write_quoted(const si_writer_t *writer, const char *text);

#endif
