/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The functions of SimGrid that are called here. SimGrid is loaded when the first step is simulated
 * and not with the program: with ns-3 it takes longer to load than most commands run. */
#pragma once

#include <glib.h>

#include <simgrid/actor.h>
#include <simgrid/comm.h>
#include <simgrid/engine.h>
#include <simgrid/host.h>
#include <simgrid/mailbox.h>

#define CS3_SIMGRID_CALLS(CALL)                                                                    \
  CALL(sg_actor_daemonize)                                                                         \
  CALL(sg_actor_execute)                                                                           \
  CALL(sg_actor_init)                                                                              \
  CALL(sg_actor_kill)                                                                              \
  CALL(sg_actor_resume)                                                                            \
  CALL(sg_actor_self)                                                                              \
  CALL(sg_actor_self_get_data)                                                                     \
  CALL(sg_actor_set_data)                                                                          \
  CALL(sg_actor_sleep_for)                                                                         \
  CALL(sg_actor_start_)                                                                            \
  CALL(sg_actor_suspend)                                                                           \
  CALL(sg_comm_wait)                                                                               \
  CALL(sg_host_by_name)                                                                            \
  CALL(sg_host_is_on)                                                                              \
  CALL(sg_mailbox_by_name)                                                                         \
  CALL(sg_mailbox_get_async)                                                                       \
  CALL(sg_mailbox_get_name)                                                                        \
  CALL(sg_mailbox_put_async)                                                                       \
  CALL(simgrid_get_clock)                                                                          \
  CALL(simgrid_init)                                                                               \
  CALL(simgrid_load_platform)                                                                      \
  CALL(simgrid_run)

typedef struct {
#define CALL(name) __typeof__(name) *name;
  CS3_SIMGRID_CALLS(CALL)
#undef CALL
} Cs3SimgridCalls;

/** cs3_simgrid_load: load SimGrid unless it is. Fails with CS3_STEP_ERROR_RESOURCE. */
gboolean cs3_simgrid_load(GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_simgrid: (transfer none): its functions, once cs3_simgrid_load() has succeeded. */
const Cs3SimgridCalls *cs3_simgrid(void);
