/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The certificates of a PEM file (RFC 7468). libcurl parses all of its input for every new
 * connection, and a private key in it costs more than a certificate.
 */
#ifndef SI_PEM_H
#define SI_PEM_H

#include <apr.h>

/*
 * Removes everything except certificates from pem, NUL-terminated text: private keys, and text
 * between blocks. Lines are recognized as in OpenSSL: an indented or commented-out BEGIN is text.
 * Returns the new length, with a NUL after it. Returns 0 if there is no certificate, a block has no
 * end, or a certificate has a different label at its end or contains more than base64.
 */
apr_size_t si_pem_keep_certificates(char *pem);

#endif
