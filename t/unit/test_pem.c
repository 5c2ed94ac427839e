/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "tap.h"

#include "config/pem.h"

#define CERTIFICATE(text) "-----BEGIN CERTIFICATE-----\n" text "\n-----END CERTIFICATE-----\n"
#define TRUSTED "-----BEGIN TRUSTED CERTIFICATE-----\nQUJD\n-----END TRUSTED CERTIFICATE-----\n"
#define KEY "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"

static void keeps(const char *text, const char *kept, const char *name)
{
    char pem[1024];

    snprintf(pem, sizeof(pem), "%s", text);
    const apr_size_t length = si_pem_keep_certificates(pem);
    is_number(length, strlen(kept), "%s: length", name);
    is(length ? pem : "", kept, "%s", name);
}

static void wipes_the_key(void)
{
    char pem[] = CERTIFICATE("QUJD") KEY;

    si_pem_keep_certificates(pem);
    ok(!memchr(pem + strlen(CERTIFICATE("QUJD")), 'c', strlen(KEY)), "the key is wiped");
}

int main(void)
{
    keeps(CERTIFICATE("QUJD"), CERTIFICATE("QUJD"), "a certificate alone");
    keeps("Issuer: CN=a\n" CERTIFICATE("QUJD") "Subject: CN=b\n" CERTIFICATE("REVG") "end\n",
          CERTIFICATE("QUJD") CERTIFICATE("REVG"), "two, without the text around them");
    keeps(CERTIFICATE("QUJD") KEY CERTIFICATE("REVG"), CERTIFICATE("QUJD") CERTIFICATE("REVG"),
          "a private key goes");
    keeps(KEY, "", "a private key alone");
    keeps(TRUSTED, TRUSTED, "OpenSSL's trusted certificate");
    keeps("-----BEGIN CERTIFICATE-----\r\nQUJD\r\n-----END CERTIFICATE-----\r\n",
          "-----BEGIN CERTIFICATE-----\r\nQUJD\r\n-----END CERTIFICATE-----\r\n", "CR LF");
    keeps("-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----",
          "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----", "no newline at the end");
    keeps(CERTIFICATE("QUJD") "-----BEGIN CERTIFICATE-----\nREVG\n", "", "one without an end");
    keeps("-----BEGIN CERTIFICATE REQUEST-----\nQUJD\n-----END CERTIFICATE REQUEST-----\n", "",
          "a request for one");
    keeps("-----BEGIN X509 CRL-----\n"
          "CERTIFICATE-----"
          "\n-----END X509 CRL-----\n",
          "", "the word further down");
    keeps("-----BEGIN CERTIFICATE-----\nQUJD\n" CERTIFICATE("REVG"), "",
          "one cut off before another");
    keeps("-----BEGIN CERTIFICATE-----\nQUJD\n-----END PRIVATE KEY-----\n" CERTIFICATE("REVG"), "",
          "one that ends as something else");
    keeps("-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICAT-----\n", "", "a label cut off");
    keeps(CERTIFICATE("QU?D") CERTIFICATE("REVG"), "", "a damaged one");
    keeps(CERTIFICATE("QUJD\n<<<<<<< HEAD") CERTIFICATE("REVG"), "", "an edit within one");
    keeps("-----BEGIN CERTIFICATE----- \n QUJD+/= \r\n-----END CERTIFICATE-----\t\n",
          "-----BEGIN CERTIFICATE----- \n QUJD+/= \r\n-----END CERTIFICATE-----\t\n", "blanks");
    keeps("-----BEGIN PRIVATE KEY-----\nQUJD\n" CERTIFICATE("REVG"), "", "a key cut off");
    keeps(
        "# -----BEGIN CERTIFICATE-----\n# QUJD\n# -----END CERTIFICATE-----\n" CERTIFICATE("REVG"),
        CERTIFICATE("REVG"), "one commented out");
    keeps("see -----BEGIN CERTIFICATE-----\n" CERTIFICATE("REVG"), CERTIFICATE("REVG"),
          "a beginning in a line's middle");
    keeps(" -----BEGIN CERTIFICATE-----\n", "", "one indented alone");
    wipes_the_key();
    keeps("", "", "nothing");
    keeps("-----BEGIN ", "", "a beginning alone");
    return done();
}
