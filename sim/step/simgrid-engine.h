/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The SimGrid engine with the settings that make it exact, and the little that actors share.
 * One engine per process and errors abort: call only in a child of cs3_runner_fork(). */
#pragma once

#include <glib.h>

#include "sim/step/simgrid-calls.h"

/** cs3_engine_start: start SimGrid with our settings; plug-ins may be initialised behind it. */
void cs3_engine_start(void);

/** cs3_engine_platform: load the platform behind the open file @fd, once. */
void cs3_engine_platform(int fd);

/** cs3_engine_load: both. */
void cs3_engine_load(int fd);

/** cs3_engine_now: simulated seconds. */
double cs3_engine_now(void);

/** cs3_engine_run: until no actor but daemons is left. A deadlock ends it too: check your results.
 */
void cs3_engine_run(void);

/** cs3_engine_actor: start @body on host @host, which is on; it finds @data by
 * sg_actor_self_get_data().
 * @daemon: ends when all others have.
 * Returns: the actor, valid until @body returns. */
sg_actor_t cs3_engine_actor(const char *name, const char *host, gpointer data, gboolean daemon,
                            void (*body)(int, char **));

/** cs3_engine_sleep_until: nothing if @time_s has passed. */
void cs3_engine_sleep_until(double time_s);

/* Actors share plain variables: they run one at a time and change only inside SimGrid calls. A bell
 * wakes the one actor that waits for such a variable to change. */
typedef struct {
  sg_actor_t sleeper; /* NULL: nobody waits */
} Cs3Bell;

/** cs3_bell_wait: sleep until the next ring; check your condition again afterwards. */
void cs3_bell_wait(Cs3Bell *bell);
/** cs3_bell_ring: wake the one that waits, if any. */
void cs3_bell_ring(Cs3Bell *bell);

/* A way from one host to another that may fail: SimGrid throws through blocking calls when a link
 * goes down, and reports it only from asynchronous ones. */
typedef struct {
  sg_mailbox_t mailbox;
} Cs3Channel;

/** cs3_channel: the channel called @name; the same for everyone who asks. */
Cs3Channel cs3_channel(const char *name);

/** cs3_channel_listen: an actor on @host that takes everything, for ever. */
void cs3_channel_listen(const Cs3Channel *channel, const char *host);

/** cs3_channel_send: move @bytes (whole, up to 2^63) from the caller's host to the listener's.
 * Returns: %FALSE as soon as a link on the way is down; nothing has arrived then. */
gboolean cs3_channel_send(const Cs3Channel *channel, double bytes);
