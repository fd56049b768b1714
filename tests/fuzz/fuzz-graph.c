/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Layer graphs, and everything that is worked out of those that are accepted. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include "workloads/graph-memory.h"
#include "workloads/graph-write.h"
#include "workloads/model.h"

static const char *const seeds[] = {"tests/fuzz/seeds/graph-mlp.json",
                                    "tests/fuzz/seeds/graph-attention.json",
                                    "tests/fuzz/seeds/graph-convolution.json", NULL};

static gboolean read_input(const char *path, const guint8 *data, gsize size, GError **error) {
  g_autoptr(GError) graph_error = NULL;
  g_autoptr(Cs3Model) model = cs3_model_parse((const char *)data, size, "input", "m", error);
  if (model == NULL)
    return FALSE;
  g_autoptr(Cs3Graph) graph = cs3_graph_new(model, NULL, &graph_error);
  fuzz_verdict(graph != NULL, graph_error);
  for (int policy = CS3_RECOMPUTE_NONE; policy <= CS3_RECOMPUTE_FULL; policy++)
    cs3_graph_memory(graph, (Cs3Recompute)policy, NULL);
  json_t *document = cs3_graph_document(graph);
  g_autofree char *text = cs3_graph_text(document);
  json_decref(document);
  return TRUE;
}

const FuzzTarget fuzz_target = {.seeds = seeds, .read = read_input};
