/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The SimGrid engine with the settings that make it exact. */
#include "config.h"

#include "sim/step/simgrid-engine.h"

#include <locale.h>

/* The default network model scales latencies by 13 and bandwidths by 0.97, lets traffic one way
 * slow the other, bounds flows by a TCP window and merges events within 1 ns (a cycle). At 1 ps
 * uses of a few microseconds still lose the ninth digit (measured: 4e-9); 1 fs keeps it. The lazy
 * processor model compares absolute times at that precision and deadlocks once doubles are coarser
 * (seen after 50,000 s at 1 ps, after 500 s at 10 fs); the full one does not. */
static const char *const settings[] = {
    "cs3sim",
    "--cfg=network/model:CM02",
    "--cfg=network/crosstraffic:0",
    "--cfg=network/TCP-gamma:1e30",
    "--cfg=surf/precision:1e-15",
    "--cfg=maxmin/precision:1e-9",
    "--cfg=network/optim:Full",
    "--cfg=cpu/optim:Full",
    "--cfg=contexts/stack-size:256",
#ifdef CS3_ASAN
    /* AddressSanitizer follows real threads, not swapped stacks. */
    "--cfg=contexts/factory:thread",
#endif
    "--log=root.thres:error",
};

void cs3_engine_start(void) {
  setlocale(LC_ALL, "C"); /* SimGrid reads numbers with strtod() */
  int argc = G_N_ELEMENTS(settings);
  char *argv[G_N_ELEMENTS(settings) + 1] = {NULL};
  for (int i = 0; i < argc; i++)
    argv[i] = g_strdup(settings[i]); /* SimGrid keeps and shifts them */
  cs3_simgrid()->simgrid_init(&argc, argv);
}

void cs3_engine_platform(int fd) {
  g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
  cs3_simgrid()->simgrid_load_platform(path);
}

void cs3_engine_load(int fd) {
  cs3_engine_start();
  cs3_engine_platform(fd);
}

double cs3_engine_now(void) {
  return cs3_simgrid()->simgrid_get_clock();
}

void cs3_engine_run(void) {
  cs3_simgrid()->simgrid_run();
}

sg_actor_t cs3_engine_actor(const char *name, const char *host, gpointer data, gboolean daemon,
                            void (*body)(int, char **)) {
  sg_host_t place = cs3_simgrid()->sg_host_by_name(host);
  if (place == NULL)
    g_error("platform without host %s", host);
  sg_actor_t actor = cs3_simgrid()->sg_actor_init(name, place);
  cs3_simgrid()->sg_actor_set_data(actor, data);
  cs3_simgrid()->sg_actor_start_(actor, body, 0, NULL);
  if (daemon)
    cs3_simgrid()->sg_actor_daemonize(actor);
  return actor;
}

void cs3_engine_sleep_until(double time_s) {
  double left = time_s - cs3_simgrid()->simgrid_get_clock();
  if (left > 0)
    cs3_simgrid()->sg_actor_sleep_for(left);
}

void cs3_bell_wait(Cs3Bell *bell) {
  bell->sleeper = cs3_simgrid()->sg_actor_self();
  cs3_simgrid()->sg_actor_suspend(bell->sleeper);
}

void cs3_bell_ring(Cs3Bell *bell) {
  sg_actor_t sleeper = bell->sleeper;
  bell->sleeper = NULL;
  if (sleeper != NULL)
    cs3_simgrid()->sg_actor_resume(sleeper);
}

Cs3Channel cs3_channel(const char *name) {
  return (Cs3Channel){cs3_simgrid()->sg_mailbox_by_name(name)};
}

static void listener(int argc, char **argv) {
  sg_mailbox_t mailbox = cs3_simgrid()->sg_actor_self_get_data();
  for (;;) {
    void *payload = NULL;
    (void)cs3_simgrid()->sg_comm_wait(
        cs3_simgrid()->sg_mailbox_get_async(mailbox, &payload)); /* the sender sees failures */
  }
}

void cs3_channel_listen(const Cs3Channel *channel, const char *host) {
  cs3_engine_actor(cs3_simgrid()->sg_mailbox_get_name(channel->mailbox), host, channel->mailbox,
                   TRUE, listener);
}

gboolean cs3_channel_send(const Cs3Channel *channel, double bytes) {
  static char payload; /* SimGrid wants one; nobody reads it */
  return cs3_simgrid()->sg_comm_wait(
             cs3_simgrid()->sg_mailbox_put_async(channel->mailbox, &payload, (long)bytes)) == SG_OK;
}
