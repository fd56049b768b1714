/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which matrices of a checkpoint are the weights of a model. */
#include "config.h"

#include <math.h>

#include "sim/run/inspect-weights.h"
#include "workloads/model.h"
#include "workloads/weight-match.h"

static const Cs3Column columns[] = {
    {.key = "weight", .title = "weight of the model", .type = CS3_COLUMN_TEXT},
    {.key = "stored", .title = "stored as", .type = CS3_COLUMN_TEXT},
    {.key = "out_features", .title = "out", .type = CS3_COLUMN_INT},
    {.key = "in_features", .title = "in", .type = CS3_COLUMN_INT},
    {.key = "sparsity", .title = "zeros [%]", .type = CS3_COLUMN_REAL, .decimals = 2, .scale = 100},
    {.key = "reason", .title = "not used because", .type = CS3_COLUMN_TEXT},
};

static gboolean count_used(Cs3WeightMatch *match, const Cs3Context *context, guint workers,
                           GError **error) {
  guint n = match->set->entries->len;
  g_autoptr(Cs3Progress) progress = cs3_cli_progress(context, "weights", MAX(1, n));
  for (guint i = 0; i < n; i++) {
    if (match->used[i] && !cs3_weight_set_count(match->set, i, workers, error))
      return FALSE;
    cs3_progress_update(progress, i + 1);
  }
  return TRUE;
}

static void add_found(Cs3Table *table, const Cs3WeightMatch *match, const Cs3WeightFound *found) {
  const Cs3Node *node = cs3_graph_node(match->graph, found->node);
  g_autofree char *name = cs3_weight_match_name(match->graph, node, found->instance, found->copy);
  const Cs3WeightPiece *piece =
      found->n_pieces > 0 ? &g_array_index(match->pieces, Cs3WeightPiece, found->piece) : NULL;
  double cols = (double)node->in_features / (double)node->groups;
  double live = piece != NULL ? (double)cs3_weight_match_live(match, found) : NAN;
  cs3_table_add_text(table, name);
  cs3_table_add_text(table, piece == NULL ? NULL
                            : found->how != NULL
                                ? found->how
                                : cs3_weight_set_entry(match->set, piece->entry)->name);
  cs3_table_add_int(table, node->out_features);
  cs3_table_add_int(table, (gint64)cols);
  cs3_table_add_real(table, 1 - live / ((double)node->out_features * cols));
  cs3_table_add_text(table, found->reason);
}

/* A matrix of the checkpoint that is no linear weight: a table of embeddings, another network. */
static void add_unused(Cs3Table *table, const Cs3WeightMatch *match, guint entry) {
  g_autoptr(GError) error = NULL;
  gint64 rows = 0, cols = 0;
  gboolean known = cs3_weight_set_shape(match->set, entry, &rows, &cols, &error);
  cs3_table_add_text(table, NULL);
  cs3_table_add_text(table, cs3_weight_set_entry(match->set, entry)->name);
  cs3_table_add_int(table, rows);
  cs3_table_add_int(table, cols);
  cs3_table_add_real(table, NAN);
  cs3_table_add_text(table,
                     known ? "no linear layer of the model has such a weight" : error->message);
}

gboolean cs3_inspect_match(const Cs3Context *context, const Cs3Graph *graph,
                           const Cs3InspectWeights *what, gboolean *whole, GError **error) {
  g_autoptr(Cs3WeightSet) set = cs3_weight_set_open(what->path, what->nan_masked, error);
  if (set == NULL)
    return FALSE;
  g_autoptr(Cs3WeightMatch) match = cs3_weight_match_new(graph, set);
  if (!count_used(match, context, what->workers, error))
    return FALSE;
  g_autoptr(Cs3Table) table = cs3_table_new(columns, G_N_ELEMENTS(columns));
  guint found = 0, unused = 0;
  for (guint i = 0; i < match->found->len; i++) {
    add_found(table, match, &g_array_index(match->found, Cs3WeightFound, i));
    found += g_array_index(match->found, Cs3WeightFound, i).n_pieces > 0;
  }
  for (guint i = 0; i < set->entries->len; i++)
    if (!match->used[i]) {
      add_unused(table, match, i);
      unused++;
    }
  *whole = found == match->found->len;
  cs3_table_write(table, context->output, context->format);
  if (context->format == CS3_FORMAT_TEXT)
    cs3_output_printf(
        context->output,
        "\n%u of %u weights of %s found; matrices of the checkpoint that are none: %u\n", found,
        match->found->len, graph->model->name, unused);
  return TRUE;
}
