/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Threads of the module's own within httpd. */
#ifndef SI_THREAD_H
#define SI_THREAD_H

#include <pthread.h>
#include <signal.h>

/*
 * Starts a thread with all signals blocked: they are for the MPM's. This process keeps the module
 * loaded from then on: a thread that nobody waited for returns into it, perhaps while the exiting
 * process unloads its modules. (The parent's restarts load a new one as ever.) Returns 0 or an
 * errno.
 */
int si_thread_start(pthread_t *thread, void *(*run)(void *), void *data);

/*
 * Prefork ends a child in the handler of SIGTERM or SIGHUP, where pools are freed: between these
 * two the signals wait, so that the handler does not interrupt malloc or free in the calling
 * thread. before gets the thread's signal mask, to be given back.
 */
void si_thread_hold_end(sigset_t *before);
void si_thread_release_end(const sigset_t *before);

#endif
