/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Throughput of the two machines of a pass, one thread, all limits on. Recurrences: (row x line)
 * updates per second, beside the plain loop over the same data that no recurrence can beat (sum of
 * the counts). Wavelets that move: hops per second, beside the same with every wavelet by itself.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "fabric/layer-event/layer-event.h"
#include "sim/machine/machine.h"

enum { ROWS = 12288, FEATURES = 12288, TOKENS = 65536, RUNS = 7 };

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Processor time of this thread: per core, whatever else the machine is doing. */
static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

static double median(double *values, int n) {
  qsort(values, n, sizeof *values, by_value);
  return values[n / 2];
}

static guint16 *make_counts(gint64 n, gint64 features) {
  guint16 *counts = g_new(guint16, n);
  g_autoptr(GRand) rand = g_rand_new_with_seed(1);
  for (gint64 i = 0; i < n; i++)
    counts[i] = (guint16)g_rand_int_range(rand, 0, (gint32)features + 1);
  return counts;
}

static double seconds_to_sum(const guint16 *counts, gint64 n) {
  double start = now_s();
  volatile gint64 total = 0;
  gint64 sum = 0;
  for (gint64 i = 0; i < n; i++)
    sum += counts[i];
  total = sum;
  (void)total;
  return now_s() - start;
}

static const char *way(Cs3Pass pass, int reduction) {
  return cs3_pass_has_gradients(pass) ? "" : cs3_reduction_name((Cs3Reduction)reduction);
}

static void bench(const Cs3Machine *machine, Cs3Pass pass, int reduction) {
  Cs3LayerShape shape = {.pass = pass, .rows = ROWS, .features = FEATURES, .tokens = TOKENS};
  Cs3Mapping mapping = {.axis = CS3_AXIS_Y,
                        .fold = 2,
                        .placement = CS3_ACC_SRAM,
                        .reduction = (Cs3Reduction)reduction,
                        .overlap = TRUE};
  gint64 lines = cs3_mapping_lines(&machine->hw, &shape, &mapping);
  g_autofree guint16 *counts = make_counts(ROWS * lines, FEATURES / lines);
  Cs3LayerCounts given = {counts, lines};
  Cs3LayerWeights weights = cs3_layer_weights_given(&given);
  double run[RUNS], sum[RUNS];
  for (int i = 0; i < RUNS; i++) {
    double start = now_s();
    Cs3LayerResult result;
    if (!cs3_layer_pass(&machine->hw, &shape, &mapping, &weights, (Cs3LayerWant){CS3_LAYER_CYCLES},
                        &result, NULL))
      exit(EXIT_FAILURE);
    run[i] = now_s() - start;
    sum[i] = seconds_to_sum(counts, ROWS * lines);
  }
  double updates = (double)ROWS * lines / median(run, RUNS);
  printf("recurrence %-8s %-8s %4d lines  %7.0f M rows x lines/s  (sum alone %7.0f)\n",
         cs3_pass_name(pass), way(pass, reduction), (int)lines, updates / 1e6,
         (double)ROWS * lines / median(sum, RUNS) / 1e6);
}

/* Up to a few million hops each, on few tokens a PE and on as many as a PE of the whole wafer has
 * of 131,072 (over 762 columns); on a mesh whose state the second cache holds and on one beyond. */
enum { MOVED_ROWS = 64, LINE_FEATURES = 16, MOVED_RUNS = 3 };
static const int moved_tokens[] = {16, 172};
enum { N_TOKENS = G_N_ELEMENTS(moved_tokens) };
static const struct { int columns, lines; } moved_mesh[] = {{12, 16}, {48, 64}};

typedef struct {
  int features;
  guint8 alive[];
} Weights;

static gboolean alive(gconstpointer mask, gint64 row, gint64 feature) {
  const Weights *weights = mask;
  return weights->alive[row * weights->features + feature];
}

static Weights *make_weights(int features) {
  Weights *weights = g_malloc(sizeof *weights + MOVED_ROWS * (gsize)features);
  weights->features = features;
  g_autoptr(GRand) rand = g_rand_new_with_seed(1);
  for (int i = 0; i < MOVED_ROWS * features; i++)
    weights->alive[i] = g_rand_double(rand) < 0.3;
  return weights;
}

/* Seconds and hops of one run; %FALSE: the machine refused, or computed something wrong. */
static gboolean move(const Cs3LayerEventConfig *config, double *seconds, guint64 *hops,
                     GError **error) {
  g_autoptr(Cs3LayerEvent) layer = cs3_layer_event_new(config, error);
  Cs3LayerEventResult result;
  double start = now_s();
  if (layer == NULL || !cs3_layer_event_run(layer, &result, error))
    return FALSE;
  *seconds = now_s() - start;
  cs3_layer_event_compare(layer, &result);
  *hops = result.stats.wavelet_hops;
  return result.wrong == 0;
}

/* Million hops per second, the median of @runs; negative: it failed. */
static double hops_per_us(const Cs3LayerEventConfig *config, int runs, GError **error) {
  double seconds[MOVED_RUNS];
  guint64 hops = 0;
  for (int i = 0; i < runs; i++)
    if (!move(config, &seconds[i], &hops, error))
      return -1;
  return (double)hops / median(seconds, runs) / 1e6;
}

static gboolean bench_event(Cs3Hardware hw, int columns, int lines, Cs3Pass pass, int reduction,
                            int tokens, GError **error) {
  hw.wafer.pe_x = columns;
  hw.wafer.pe_y = lines;
  g_autofree Weights *weights = make_weights(LINE_FEATURES * lines);
  Cs3LayerEventConfig config = {
      .hw = &hw,
      .shape = {pass, MOVED_ROWS, weights->features, (gint64)tokens * columns, FALSE},
      .mapping = {CS3_AXIS_Y, 1, CS3_ACC_SRAM, (Cs3Reduction)reduction, TRUE},
      .alive = alive,
      .mask = weights,
  };
  double trains = hops_per_us(&config, MOVED_RUNS, error);
  config.singles = TRUE;
  double singles = trains < 0 ? -1 : hops_per_us(&config, 1, error);
  if (singles < 0)
    return FALSE;
  printf("wavelets   %-8s %-8s %dx%d PEs, %3d tokens each  %7.1f M hops/s  (singles %5.1f)\n",
         cs3_pass_name(pass), way(pass, reduction), columns, lines, tokens, trains, singles);
  return TRUE;
}

static gboolean bench_events(const Cs3Hardware *hw, GError **error) {
  gboolean ok = TRUE, brief = g_getenv("CS3SIM_BENCH_BRIEF") != NULL; /* only that they run */
  for (guint i = 0; i < (brief ? 1 : G_N_ELEMENTS(moved_mesh)) * N_TOKENS; i++) {
    int columns = moved_mesh[i / N_TOKENS].columns, lines = moved_mesh[i / N_TOKENS].lines;
    int tokens = moved_tokens[i % N_TOKENS];
    for (int reduction = CS3_REDUCTION_CHAIN; ok && reduction < CS3_N_REDUCTIONS; reduction++)
      ok = bench_event(*hw, columns, lines, CS3_PASS_FORWARD, reduction, tokens, error);
    for (int pass = CS3_PASS_DW; ok && pass <= CS3_PASS_BACKWARD; pass++)
      ok = bench_event(*hw, columns, lines, (Cs3Pass)pass, CS3_REDUCTION_CHAIN, tokens, error);
  }
  return ok;
}

int main(void) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Machine) machine = cs3_machine_load("cs3", NULL, &error);
  if (machine == NULL) {
    fprintf(stderr, "bench-layer: %s\n", error->message);
    return EXIT_FAILURE;
  }
  for (int reduction = CS3_REDUCTION_CHAIN; reduction < CS3_N_REDUCTIONS; reduction++)
    bench(machine, CS3_PASS_FORWARD, reduction);
  for (int pass = CS3_PASS_DW; pass <= CS3_PASS_BACKWARD; pass++)
    bench(machine, (Cs3Pass)pass, CS3_REDUCTION_CHAIN);
  gboolean ok = bench_events(&machine->hw, &error);
  if (!ok)
    fprintf(stderr, "bench-layer: %s\n", error ? error->message : "an output is wrong");
  return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
