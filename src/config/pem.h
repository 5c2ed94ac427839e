/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The certificates of a PEM file (RFC 7468). libcurl goes through the whole of what it is given for
 * every new connection, and a private key in it costs more than a certificate.
 */
#ifndef SI_PEM_H
#define SI_PEM_H

#include <apr.h>

/*
 * Keeps the certificates of pem, NUL-terminated text, in their order and nothing else: no private
 * key, no text between them. Lines count as OpenSSL counts them: an indented or commented-out BEGIN
 * is text. Returns the new length, with a NUL behind; 0 where there is no certificate, a block
 * without an end, or a certificate with another label at its end or with more than base64 in it.
 */
apr_size_t si_pem_keep_certificates(char *pem);

#endif
