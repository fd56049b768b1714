/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Speed and memory of the event fabric, from 16x16 to the whole WSE-3: single wavelets and streams,
 * each with its shortcuts (trains, flights) and, as a baseline, with every wavelet in every buffer.
 *
 * Beside the uniform traffic stand the router traversals per second of BookSim2 (Jiang et al., A
 * detailed and flexible cycle-accurate network-on-chip simulator, ISPASS 2013; commit 28f4329) for
 * the same load: mesh, dimension order, one virtual channel of 8, single-flit packets, 20 % of the
 * bisection limit, on one core of a Sapphire Rapids Xeon. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fabric/programs/program.h"
#include "sim/machine/machine.h"

typedef struct {
  const char *name;
  guint width, height, words;
  guint64 horizon; /* traffic: cycles in which wavelets start */
  gboolean trains;
  double booksim; /* million router traversals per second, 0: not measured */
  double load;    /* traffic, 0: the default of 20 % of the bisection limit */
} Bench;

static const Bench benches[] = {
    {"uniform", 8, 8, 1, 50000, TRUE, 0.83},
    {"uniform", 16, 16, 1, 25000, TRUE, 0.46},
    {"uniform", 32, 32, 1, 12500, TRUE, 0.29},
    {"uniform", 64, 64, 1, 6000, TRUE, 0.13},
    {"uniform", 128, 128, 1, 3000, TRUE, 0.08},
    {"uniform", 256, 256, 1, 1000, TRUE, 0.025},
    {"uniform", 512, 512, 1, 500, TRUE, 0},
    {"uniform", 762, 1172, 1, 200, TRUE, 0},
    {"uniform", 128, 128, 1, 1000, TRUE, 0, 0.5},
    {"uniform", 128, 128, 1, 1000, TRUE, 0, 1},
    {"uniform", 16, 16, 1, 25000, FALSE, 0},
    {"uniform", 512, 512, 1, 100, FALSE, 0},
    {"xy", 16, 16, 1000, 1, TRUE, 0},
    {"xy", 32, 32, 1000, 1, TRUE, 0},
    {"xy", 64, 64, 1000, 1, TRUE, 0},
    {"xy", 128, 128, 1000, 1, TRUE, 0},
    {"xy", 256, 256, 1000, 1, TRUE, 0},
    {"xy", 512, 512, 1000, 1, TRUE, 0},
    {"xy", 762, 1172, 1000, 1, TRUE, 0},
    {"xy", 128, 128, 1000, 1, FALSE, 0},
    {"broadcast-2d", 512, 512, 1000, 1, TRUE, 0},
    {"broadcast-2d", 762, 1172, 1000, 1, TRUE, 0},
    {"broadcast-2d", 128, 128, 1000, 1, FALSE, 0},
};

static double seconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void print_line(const Bench *b, const Cs3ProgramRun *run, double cpu_s, double wall_s,
                       gboolean ok) {
  Cs3FabricStats stats;
  struct rusage usage;
  cs3_fabric_stats(run->fabric, &stats);
  getrusage(RUSAGE_SELF, &usage);
  double hops = (double)stats.wavelet_hops;
  printf("%-13s %4ux%-4u %-7s %8" G_GUINT64_FORMAT " %11" G_GUINT64_FORMAT
         " %7.2f %7.2f %7.1f %7.1f %5.0f %7.0f",
         b->name, b->width, b->height, b->trains ? "default" : "singles", cs3_program_cycles(run),
         stats.wavelet_hops, wall_s, cpu_s, hops / cpu_s * 1e-6, cpu_s / hops * 1e9,
         (double)stats.state_bytes / (b->width * b->height), (double)usage.ru_maxrss / 1024);
  if (b->booksim > 0)
    printf(" %8.3f %5.0fx", b->booksim, hops / cpu_s * 1e-6 / b->booksim);
  if (b->load > 0)
    printf("  load %g", b->load);
  printf("%s\n", ok ? "" : "  WRONG RESULT");
}

/* Runs one line; FALSE when the program failed or computed something wrong. */
static gboolean run_line(const Bench *b, GError **error) {
  Cs3ProgramParams params = cs3_program_defaults();
  params.width = b->width;
  params.height = b->height;
  params.words = b->words;
  params.horizon = b->horizon;
  if (b->load > 0)
    params.load = b->load;
  Cs3EventTiming timing;
  g_autoptr(Cs3Machine) machine = cs3_machine_load("cs3", NULL, error);
  if (!machine || !cs3_event_timing_init(&timing, &machine->hw, error))
    return FALSE;
  const Cs3ProgramOps *ops = cs3_program_find(b->name, error);
  g_autoptr(Cs3ProgramRun) run =
      ops ? cs3_program_load(ops, &params, &timing, &machine->hw.gemm, error) : NULL;
  if (!run)
    return FALSE;
  cs3_fabric_set_trains(run->fabric, b->trains);
  double cpu_s = seconds(CLOCK_PROCESS_CPUTIME_ID), wall_s = seconds(CLOCK_MONOTONIC);
  if (!cs3_fabric_run(run->fabric, error))
    return FALSE;
  cpu_s = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_s;
  wall_s = seconds(CLOCK_MONOTONIC) - wall_s;
  gboolean ok = ops->verify(run);
  print_line(b, run, cpu_s, wall_s, ok);
  return ok;
}

/* In a process of its own, so that the peak of memory is that of this line. */
static gboolean bench(const Bench *b) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    g_autoptr(GError) error = NULL;
    gboolean ok = run_line(b, &error);
    if (error)
      fprintf(stderr, "%s: %s\n", b->name, error->message);
    fflush(stdout);
    _exit(ok ? 0 : 1);
  }
  int status = 1;
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
         WEXITSTATUS(status) == 0;
}

/* Meshes up to this run with CS3SIM_BENCH_BRIEF. */
enum { BRIEF_PES = 256 * 256 };

/* Arguments select lines: `bench-fabric uniform 16x16`. */
static gboolean selected(const Bench *b, char **argv) {
  g_autofree char *line = g_strdup_printf("%s %ux%u %s", b->name, b->width, b->height,
                                          b->trains ? "default" : "singles");
  for (; *argv; argv++)
    if (!strstr(line, *argv))
      return FALSE;
  return TRUE;
}

int main(int argc, char **argv) {
  printf("%-13s %9s %-7s %8s %11s %7s %7s %7s %7s %5s %7s %8s\n", "program", "PEs", "mode",
         "cycles", "hops", "wall s", "CPU s", "Mhops/s", "ns/hop", "B/PE", "peak MB", "BookSim2");
  gboolean ok = TRUE, brief = g_getenv("CS3SIM_BENCH_BRIEF") != NULL; /* only that they run */
  for (guint i = 0; i < G_N_ELEMENTS(benches); i++)
    if (selected(&benches[i], argv + 1) &&
        !(brief && benches[i].width * benches[i].height > BRIEF_PES))
      ok &= bench(&benches[i]);
  return ok ? 0 : 1;
}
