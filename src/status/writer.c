/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "status/writer.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <stdarg.h>
#include <string.h>

typedef struct {
    apr_vformatter_buff_t base; /* first: apr_vformatter knows this alone */
    const si_writer_t *writer;
    char bytes[256];
} buffer_t;

static int flush(apr_vformatter_buff_t *base)
{
    buffer_t *buffer = (buffer_t *)base;

    buffer->writer->write(buffer->writer->data, buffer->bytes,
                          (apr_size_t)(base->curpos - buffer->bytes));
    base->curpos = buffer->bytes;
    return 0;
}

void si_write(const si_writer_t *writer, const char *format, ...)
{
    buffer_t buffer = { .writer = writer };
    va_list arguments;

    buffer.base.curpos = buffer.bytes;
    buffer.base.endpos = buffer.bytes + sizeof(buffer.bytes);
    va_start(arguments, format);
    apr_vformatter(flush, &buffer.base, format, arguments);
    va_end(arguments);
    flush(&buffer.base);
}

typedef const char *escape_fn(char c);

static void write_escaped(const si_writer_t *writer, const char *text, escape_fn *escape)
{
    for (; *text; text++) {
        const char *escaped = apr_isascii(*text) && apr_isprint(*text) ? escape(*text) : "?";
        if (escaped) {
            writer->write(writer->data, escaped, strlen(escaped));
        }
        else {
            writer->write(writer->data, text, 1);
        }
    }
}

static const char *escape_html(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    default:
        return NULL;
    }
}

/* Of what is printable, JSON strings and labels escape the same. */
static const char *escape_quoted(char c)
{
    return c == '"' ? "\\\"" : c == '\\' ? "\\\\" : NULL;
}

void si_write_html(const si_writer_t *writer, const char *text)
{
    write_escaped(writer, text, escape_html);
}

void si_write_quoted(const si_writer_t *writer, const char *text)
{
    write_escaped(writer, text, escape_quoted);
}
