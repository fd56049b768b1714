/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Model configurations, and the layer graph of those that are accepted. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include "workloads/graph.h"
#include "workloads/model.h"

static const char *const seeds[] = {
    "workloads/presets/llama70b.json",   "workloads/presets/gpt2-small.json",
    "workloads/presets/opt-6.7b.json",   "workloads/presets/gpt-j-6b.json",
    "workloads/presets/mistral-7b.json", NULL};

static gboolean read_input(const char *path, const guint8 *data, gsize size, GError **error) {
  g_autoptr(GError) graph_error = NULL;
  g_autoptr(Cs3Model) model = cs3_model_parse((const char *)data, size, "input", "m", error);
  if (model == NULL)
    return FALSE;
  g_autoptr(Cs3Graph) graph = cs3_graph_new(model, NULL, &graph_error);
  fuzz_verdict(graph != NULL, graph_error);
  return TRUE;
}

const FuzzTarget fuzz_target = {.seeds = seeds, .read = read_input};
