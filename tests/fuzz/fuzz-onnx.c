/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ONNX files: counts, shapes, branches, the layer graph and the zeros of their weights. The seeds
 * have quantised weights, subgraphs within each other, Constant nodes, an operator that is not
 * known. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include "workloads/onnx/onnx-model.h"

static const char *const seeds[] = {
    "tests/data/onnx/quantised.onnx", "tests/data/onnx/branches.onnx",
    "tests/data/onnx/pruned.onnx",    "tests/data/onnx/bad-unknown.onnx",
    "tests/data/onnx/external.onnx",  NULL};

static gboolean read_input(const char *path, const guint8 *data, gsize size, GError **error) {
  static const char *const shapes[] = {"image=1x3x8x8", NULL};
  const Cs3OnnxGiven given = {.shapes = size % 2 == 0 ? shapes : NULL,
                              .ignore_unknown = size % 3 == 0};
  g_autoptr(Cs3Model) model = cs3_onnx_model_load(path, &given, error);
  if (model == NULL)
    return FALSE;
  g_autoptr(GError) why = NULL;
  g_autoptr(Cs3WeightSet) set = cs3_onnx_model_weights(model, &why);
  fuzz_verdict(set != NULL, why);
  return TRUE;
}

const FuzzTarget fuzz_target = {.seeds = seeds, .suffix = ".onnx", .read = read_input};
