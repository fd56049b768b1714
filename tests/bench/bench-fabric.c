/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Speed and memory of the event fabric, from 16x16 to the whole WSE-3. */
#include "config.h"

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "fabric/programs/program.h"
#include "sim/machine.h"

static double cpu_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* One line; returns FALSE when the program failed or computed something wrong. */
static int bench(const char *name, guint width, guint height, guint words, guint64 horizon,
                 gboolean trains) {
  g_autoptr(GError) error = NULL;
  Cs3ProgramParams params = cs3_program_defaults();
  params.width = width;
  params.height = height;
  params.words = words;
  params.horizon = horizon;
  Cs3EventTiming timing;
  g_autoptr(Cs3Machine) machine = cs3_machine_load("cs3", NULL, &error);
  if (!machine || !cs3_event_timing_init(&timing, &machine->hw, &error)) {
    fprintf(stderr, "cs3: %s\n", error->message);
    return 0;
  }
  const Cs3ProgramOps *ops = cs3_program_find(name, &error);
  g_autoptr(Cs3ProgramRun) run = ops ? cs3_program_load(ops, &params, &timing, &error) : NULL;
  if (!run) {
    fprintf(stderr, "%s: %s\n", name, error->message);
    return 0;
  }
  cs3_fabric_set_trains(run->fabric, trains);
  double start = cpu_s();
  if (!cs3_fabric_run(run->fabric, &error)) {
    fprintf(stderr, "%s: %s\n", name, error->message);
    return 0;
  }
  double time_s = cpu_s() - start;
  Cs3FabricStats stats;
  struct rusage usage;
  cs3_fabric_stats(run->fabric, &stats);
  getrusage(RUSAGE_SELF, &usage);
  printf("%-13s %4ux%-4u %6u %7s %9" G_GUINT64_FORMAT " %12" G_GUINT64_FORMAT
         " %8.2f %9.1f %6.0f %8.0f %s\n",
         name, width, height, words, trains ? "trains" : "singles", cs3_program_cycles(run),
         stats.wavelet_hops, time_s, (double)stats.wavelet_hops / time_s * 1e-6,
         (double)stats.state_bytes / (width * height), (double)usage.ru_maxrss / 1024,
         ops->verify(run) ? "ok" : "WRONG");
  fflush(stdout);
  return ops->verify(run);
}

int main(void) {
  printf("%-13s %9s %6s %7s %9s %12s %8s %9s %6s %8s\n", "program", "PEs", "words", "mode",
         "cycles", "hops", "CPU s", "Mhops/s", "B/PE", "peak MB");
  int ok = 1;
  for (guint side = 16; side <= 512; side *= 2)
    ok &= bench("uniform", side, side, 1, MAX(500, 400000 / side), TRUE);
  for (guint side = 16; side <= 512; side *= 2)
    ok &= bench("broadcast-2d", side, side, 1000, 1, TRUE);
  for (guint side = 16; side <= 512; side *= 2)
    ok &= bench("xy", side, side, 1000, 1, TRUE);
  ok &= bench("broadcast-2d", 128, 128, 1000, 1, FALSE);
  ok &= bench("xy", 128, 128, 1000, 1, FALSE);
  ok &= bench("broadcast-2d", 762, 1172, 1000, 1, TRUE);
  ok &= bench("xy", 762, 1172, 1000, 1, TRUE);
  return ok ? 0 : 1;
}
