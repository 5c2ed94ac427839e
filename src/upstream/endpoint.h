/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* MediaTailor as the operator names it. */
#ifndef SI_ENDPOINT_H
#define SI_ENDPOINT_H

#include <apr.h>

/* Lives in the configuration pool; never changes once it is made. */
typedef struct {
    const char *url;  /* "https://host:port", always with the port */
    const char *host; /* a name or an address, IPv6 without brackets */
    int port;
    int is_https;
    const char *ca; /* PEM that it is verified by, NULL for the system's */
    apr_size_t ca_length;
    int index; /* among the endpoints of the configuration, from 0 */
} si_endpoint_t;

/*
 * NULL, or the name of libcurl's TLS library if that takes no certificates but from a file or
 * the system: GnuTLS before libcurl 8.18. While the process has one thread.
 */
const char *si_tls_library_without_ca(void);

#endif
