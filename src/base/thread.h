/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The module's own threads inside httpd. */
#ifndef SI_THREAD_H
#define SI_THREAD_H

#include <pthread.h>
#include <signal.h>

/*
 * Starts a thread with all signals blocked, since the MPM's threads handle them. The module then
 * stays loaded in this process: a thread that was not joined may still return into its code while
 * the exiting process unloads modules. (A restart in the parent still loads a new copy.) Returns 0
 * or an errno.
 */
int si_thread_start(pthread_t *thread, void *(*run)(void *), void *data);

/*
 * Prefork ends a child inside the handler of SIGTERM or SIGHUP, which frees pools. Between these
 * two calls the signals are blocked, so that the handler does not interrupt malloc or free in the
 * calling thread. *before receives the thread's signal mask, for si_thread_release_end().
 */
void si_thread_hold_end(sigset_t *before);
void si_thread_release_end(const sigset_t *before);

#endif
