/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Processor time of a plan by closed forms: sizes of micro-batches, the search for what is kept,
 * run again or sent away over every block, and a mapping for every pass; once alone and once beside
 * another plan of the same network, whose footprints it shares. Of attention: the search, runs
 * included. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/datadir.h"
#include "fabric/attention/attention.h"
#include "sim/map/plan.h"
#include "workloads/model.h"

enum { RUNS = 9, BATCH = 1024 };

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static gboolean plan_ms(const Cs3PlanInput *input, double *ms, GError **error) {
  double start = now_ms();
  g_autoptr(Cs3Plan) plan = cs3_plan_new(input, error);
  *ms = now_ms() - start;
  return plan != NULL;
}

static gboolean bench(const char *name, const Cs3Machine *machine, GError **error) {
  g_autofree char *path = cs3_datadir_find(CS3_DATA_MODELS, name, error);
  g_autoptr(Cs3Model) model = path != NULL ? cs3_model_load(path, name, error) : NULL;
  g_autoptr(Cs3Graph) graph = model != NULL ? cs3_graph_new(model, NULL, error) : NULL;
  double alone[RUNS], beside[RUNS];
  for (int i = 0; graph != NULL && i < RUNS; i++) {
    g_autoptr(Cs3KeepStore) keeps = cs3_keep_store_new();
    Cs3PlanInput input = {.graph = graph,
                          .machine = machine,
                          .batch = BATCH,
                          .keeps = keeps,
                          .fidelity = CS3_PLAN_BOUND,
                          .workers = 1,
                          .force = CS3_MAP_FREE};
    if (!plan_ms(&input, &alone[i], error) || !plan_ms(&input, &beside[i], error))
      return FALSE;
  }
  if (graph == NULL)
    return FALSE;
  qsort(alone, RUNS, sizeof *alone, by_value);
  qsort(beside, RUNS, sizeof *beside, by_value);
  printf("plan by closed forms, %-10s %3u stages: %6.1f ms, beside another %6.1f ms\n", name,
         graph->order->len, alone[RUNS / 2], beside[RUNS / 2]);
  return TRUE;
}

/* Heads of 128, causal. */
static gboolean bench_attention(const Cs3Machine *machine, gint64 heads, gint64 sequences,
                                gint64 tokens, gint64 window, GError **error) {
  double ms[2][RUNS];
  Cs3AttentionChoice choice;
  Cs3AttentionForce force = CS3_ATTENTION_FREE;
  for (int backward = 0; backward < 2; backward++) {
    Cs3AttentionShape shape = {backward, heads,  heads, 128,    128, sequences,
                               tokens,   tokens, TRUE,  window, 0,   1};
    for (int i = 0; i < RUNS; i++) {
      double start = now_ms();
      if (!cs3_attention_choose(&machine->hw, &shape, &force, NULL, &choice, error))
        return FALSE;
      ms[backward][i] = now_ms() - start;
    }
    qsort(ms[backward], RUNS, sizeof **ms, by_value);
  }
  printf("attention mapped, %d heads, %3d sequences of %5d, window %4d: %6.1f ms, backward %6.1f "
         "ms\n",
         (int)heads, (int)sequences, (int)tokens, (int)window, ms[0][RUNS / 2], ms[1][RUNS / 2]);
  return TRUE;
}

static gboolean bench_attentions(const Cs3Machine *machine, GError **error) {
  return bench_attention(machine, 32, 128, 2048, 0, error) &&
         bench_attention(machine, 32, 64, 4096, 0, error) &&
         bench_attention(machine, 12, 8, 2048, 0, error) &&
         bench_attention(machine, 8, 4, 4096, 1024, error);
}

int main(void) {
  static const char *const models[] = {"llama7b", "gpt3-175b", "t5-11b"};
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Machine) machine = cs3_machine_load("cs3-silicon", NULL, &error);
  for (guint i = 0; machine != NULL && i < G_N_ELEMENTS(models); i++)
    if (!bench(models[i], machine, &error))
      break;
  if (error == NULL && !bench_attentions(machine, &error))
    fprintf(stderr, "bench-plan: attention\n");
  if (error != NULL)
    fprintf(stderr, "bench-plan: %s\n", error->message);
  return error != NULL ? EXIT_FAILURE : EXIT_SUCCESS;
}
