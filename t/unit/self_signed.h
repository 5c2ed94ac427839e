/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* TLS for an upstream of a test's own. */
#ifndef SELF_SIGNED_H
#define SELF_SIGNED_H

#include "tap.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/*
 * A server's TLS with a certificate for names ("DNS:a.test,IP:127.0.0.1"), signed by itself; *pem,
 * *length bytes long, is what a client needs to trust it.
 */
static inline SSL_CTX *self_signed(const char *names, const char **pem, size_t *length)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_NAME *subject = X509_get_subject_name(certificate);
    X509_EXTENSION *name = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;

    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)"upstream", -1,
                               -1, 0);
    X509_set_issuer_name(certificate, subject);
    X509_set_pubkey(certificate, key);
    X509_add_ext(certificate, name, -1);
    X509_sign(certificate, key, EVP_sha256());
    SSL_CTX_use_certificate(tls, certificate);
    SSL_CTX_use_PrivateKey(tls, key);
    PEM_write_bio_X509(bio, certificate);
    *length = (size_t)BIO_get_mem_data(bio, &text);
    *pem = exact_copy(text, *length);
    BIO_free(bio);
    X509_EXTENSION_free(name);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return tls;
}

#endif
