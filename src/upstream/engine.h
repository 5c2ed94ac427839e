/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Drives every call of the child process with curl multi handles on epoll (shard.h, watch.h), so
 * that workers share connections. Private to the forwarding room. It never blocks but in
 * epoll_wait, never resolves a name and never logs: workers do.
 */
#ifndef SI_ENGINE_H
#define SI_ENGINE_H

#include "upstream/transfer.h"

#include <signal.h>

typedef struct si_engine_t si_engine_t;

/*
 * Called when a call has ended that its worker has given up on: the engine's owner has it back. On
 * the engine's thread.
 */
typedef void si_engine_return_fn(void *owner, si_call_t *call);

/*
 * While the process has one thread: an engine for up to max_calls calls at once, to the
 * target_count targets. NULL and the reason in *problem where that fails.
 */
si_engine_t *si_engine_make(int max_calls, si_target_t *targets, int target_count,
                            si_engine_return_fn *on_return, void *owner, const char **problem);

/* Starts the engine's thread, all signals blocked in it. Returns 0 or an errno. */
int si_engine_start(si_engine_t *engine);

/* Ends what is under way as stopped, then the thread. The engine's memory stays. */
void si_engine_stop(si_engine_t *engine);

/*
 * Hands a prepared call to the thread. Returns 0 where the engine has stopped: the call is then
 * still the caller's.
 */
int si_engine_submit(si_engine_t *engine, si_call_t *call);

/*
 * Without a thread: drives a prepared call to its end on the caller's, whose signal mask is
 * while_waiting as long as there is nothing to do.
 */
void si_engine_drive(si_engine_t *engine, si_call_t *call, const sigset_t *while_waiting);

#endif
