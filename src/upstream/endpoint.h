/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The endpoint: MediaTailor's address, as configured. */
#ifndef SI_ENDPOINT_H
#define SI_ENDPOINT_H

#include <apr.h>

/* A proxy through which this network reaches MediaTailor. Lives in the configuration pool. */
typedef struct {
    const char *host; /* a name or an address, IPv6 without brackets; "" for no proxy */
    int port;
    const char *url;  /* "http://[user:password@]host:port": never to be shown */
    const char *name; /* "host:port", for messages */
} si_proxy_t;

/* Lives in the configuration pool; immutable after creation. */
typedef struct {
    const char *url;  /* "https://host:port", always with the port */
    const char *host; /* a name or an address, IPv6 without brackets */
    int port;
    int is_https;
    const char *ca; /* PEM certificates to verify it with; NULL for the system's */
    apr_size_t ca_length;
    const si_proxy_t *proxy; /* NULL for none */
    int index;               /* among the endpoints of the configuration, from 0 */
} si_endpoint_t;

/*
 * Returns the name of libcurl's TLS library if it cannot take CA certificates from memory (GnuTLS
 * before libcurl 8.18), else NULL. Call it while the process has only one thread.
 */
const char *si_tls_library_without_ca(void);

#endif
