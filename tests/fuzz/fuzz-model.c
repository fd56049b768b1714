/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Model configurations, and the layer graph of those that are accepted. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include "workloads/graph.h"
#include "workloads/model.h"

const char *const fuzz_seeds[] = {
    "workloads/presets/llama70b.json",   "workloads/presets/gpt2-small.json",
    "workloads/presets/opt-6.7b.json",   "workloads/presets/gpt-j-6b.json",
    "workloads/presets/mistral-7b.json", NULL};

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size) {
  g_autoptr(GError) error = NULL, graph_error = NULL;
  g_autoptr(Cs3Model) model = cs3_model_parse((const char *)data, size, "input", "m", &error);
  fuzz_verdict(model != NULL, error);
  if (model == NULL)
    return 0;
  g_autoptr(Cs3Graph) graph = cs3_graph_new(model, NULL, &graph_error);
  fuzz_verdict(graph != NULL, graph_error);
  return 0;
}
