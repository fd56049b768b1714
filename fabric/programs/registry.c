/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of PE programs, and what they share. */
#include "config.h"

#include "fabric/programs/registry.h"

#include <string.h>

#include "fabric/fabric-error.h"
#include "fabric/programs/common.h"

static const Cs3ProgramOps *const table[] = {
    &cs3_program_message,      &cs3_program_stream,
    &cs3_program_ping_pong,    &cs3_program_relay,
    &cs3_program_two_senders,  &cs3_program_broadcast,
    &cs3_program_broadcast_2d, &cs3_program_star,
    &cs3_program_chain,        &cs3_program_tree,
    &cs3_program_two_phase,    &cs3_program_two_phase_v1,
    &cs3_program_auto_gen,     &cs3_program_reduce_broadcast,
    &cs3_program_ring,         &cs3_program_centre,
    &cs3_program_xy,           &cs3_program_snake,
    &cs3_program_halo,         &cs3_program_mesh_gemm,
    &cs3_program_transpose,    &cs3_program_uniform,
    &cs3_program_neighbour,    NULL};

const Cs3ProgramOps *const *cs3_program_table(void) {
  return table;
}

/* Edit distance with single-row memory; names are short. */
static guint distance(const char *a, const char *b) {
  guint row[64], n = (guint)MIN(strlen(b), 63);
  for (guint j = 0; j <= n; j++)
    row[j] = j;
  for (guint i = 1; *a; a++, i++) {
    guint diagonal = row[0];
    row[0] = i;
    for (guint j = 1; j <= n; j++) {
      guint above = row[j];
      row[j] = MIN(MIN(row[j] + 1, row[j - 1] + 1), diagonal + (*a != b[j - 1]));
      diagonal = above;
    }
  }
  return row[n];
}

const Cs3ProgramOps *cs3_program_find(const char *name, GError **error) {
  const Cs3ProgramOps *nearest = table[0];
  guint best = G_MAXUINT;
  for (guint i = 0; table[i]; i++) {
    guint d = distance(name, table[i]->name);
    if (d == 0)
      return table[i];
    if (d < best) {
      best = d;
      nearest = table[i];
    }
  }
  g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INVALID,
              "unknown program \"%s\": did you mean \"%s\"? `cs3sim list programs` shows all", name,
              nearest->name);
  return NULL;
}

gboolean cs3_program_reads(const Cs3ProgramOps *ops, const char *name) {
  g_auto(GStrv) words = g_strsplit(ops->options, " ", -1);
  g_autofree char *option = g_strconcat("--", name, NULL);
  return g_strv_contains((const char *const *)words, option);
}

Cs3ProgramParams cs3_program_defaults(void) {
  return (Cs3ProgramParams){.width = 8,
                            .height = 1,
                            .words = 64,
                            .rounds = 1,
                            .tile_m = 4,
                            .tile_k = 8,
                            .tile_n = 8,
                            .load = 0.2,
                            .horizon = 1000,
                            .seed = 1};
}

Cs3ProgramRun *cs3_program_load(const Cs3ProgramOps *ops, const Cs3ProgramParams *params,
                                const Cs3EventTiming *timing, const Cs3GemmCode *gemm,
                                GError **error) {
  if (params->width < 1 || params->height < 1) {
    cs3_program_invalid(error, "--pes %ux%u: a mesh has at least one PE", params->width,
                        params->height);
    return NULL;
  }
  if (!ops->check(params, error))
    return NULL;
  g_autoptr(Cs3ProgramRun) run = g_new0(Cs3ProgramRun, 1);
  run->ops = ops;
  run->params = *params;
  run->timing = *timing;
  run->gemm = *gemm;
  if (ops->network_only)
    run->timing.task_start = 0;
  run->fabric = cs3_fabric_new(params->width, params->height, &run->timing, run, error);
  if (!run->fabric || !ops->build(run, error))
    return NULL;
  return g_steal_pointer(&run);
}

guint64 cs3_program_cycles(const Cs3ProgramRun *run) {
  if (run->ops->cycles)
    return (guint64)(run->ops->cycles(run) + 0.5);
  Cs3FabricStats stats;
  cs3_fabric_stats(run->fabric, &stats);
  return stats.cycles - MIN(stats.cycles, run->clock_start);
}

void cs3_program_free(Cs3ProgramRun *run) {
  if (!run)
    return;
  cs3_fabric_free(run->fabric);
  if (run->data_free)
    run->data_free(run->data);
  g_free(run);
}

gboolean cs3_program_invalid(GError **error, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_autofree char *what = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error_literal(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INVALID, what);
  return FALSE;
}

guint32 cs3_data_init(gpointer user, guint x, guint y, guint word) {
  return cs3_bits_of_float((float)cs3_data_value(x, y, word));
}

gboolean cs3_check_words(const Cs3ProgramParams *params, guint max_words, GError **error) {
  if (params->words >= 1 && params->words <= max_words)
    return TRUE;
  return cs3_program_invalid(error, "--words %u: this program takes 1 to %u", params->words,
                             max_words);
}

gboolean cs3_check_line(const Cs3ProgramParams *params, guint least, guint max_words,
                        GError **error) {
  if (params->height != 1)
    return cs3_program_invalid(error, "--pes %ux%u: this program runs on one row: use --pes %ux1",
                               params->width, params->height, params->width);
  if (params->width < least)
    return cs3_program_invalid(error, "--pes %ux1: this program needs at least %u PEs",
                               params->width, least);
  return cs3_check_words(params, max_words, error);
}

gboolean cs3_place(Cs3ProgramRun *run, guint x, guint y, const Cs3Role *role, GError **error) {
  guint id;
  if (!cs3_fabric_add_role(run->fabric, role, &id, error))
    return FALSE;
  cs3_fabric_set_role(run->fabric, x, y, id);
  return TRUE;
}

float *cs3_sum_inputs(const Cs3ProgramRun *run) {
  const Cs3ProgramParams *p = &run->params;
  g_autofree guint64 *sum = g_new0(guint64, p->words);
  for (guint y = 0; y < p->height; y++)
    for (guint x = 0; x < p->width; x++)
      for (guint i = 0; i < p->words; i++)
        sum[i] += cs3_data_value(x, y, i);
  float *result = g_new(float, p->words);
  for (guint i = 0; i < p->words; i++)
    result[i] = (float)sum[i];
  return result;
}

gboolean cs3_verify_sum(const Cs3ProgramRun *run, const float *sum, guint x, guint y) {
  for (guint i = 0; i < run->params.words; i++)
    if (cs3_fabric_word(run->fabric, x, y, i) != cs3_bits_of_float(sum[i]))
      return FALSE;
  return TRUE;
}

guint cs3_task_finish(Cs3Pe *pe, guint32 wavelet) {
  cs3_pe_finish(pe);
  return 0;
}
