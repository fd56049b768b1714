/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packed weights that are recognised and refused: their tensors have other shapes than the weight,
 * and what is zero depends on scales, zero points or code books. Names: the files that GPTQModel,
 * AutoAWQ, compressed-tensors, bitsandbytes, HQQ, AQLM, Quanto, QuIP# and Marlin write, and the
 * MXFP4 and NVFP4 checkpoints of gpt-oss and ModelOpt. */
#include "config.h"

#include "workloads/tensor-layout.h"

#include <string.h>

/* A tensor called *@anchor with one called *@sibling beside it. */
static const struct {
  const char *anchor, *sibling, *what;
} kinds[] = {
    {".qweight", "", "packed integers without zero points and scales, several in a number"},
    {".weight_packed", "", "packed weights (compressed-tensors), several in a number"},
    {".weight", ".weight.absmax", "packed 4-bit weights (bitsandbytes NF4 or FP4)"},
    {".weight", ".weight.quant_state.bitsandbytes__nf4", "packed 4-bit weights (bitsandbytes NF4)"},
    {".weight", ".weight.quant_state.bitsandbytes__fp4", "packed 4-bit weights (bitsandbytes FP4)"},
    {"_blocks", "_scales", "packed 4-bit weights (MXFP4)"},
    {".W_q", "", "packed integers (HQQ)"},
    {".codes", ".codebooks", "indices into code books (AQLM)"},
    {".weight._data", ".weight._scale", "quantised weights (Quanto)"},
    {".Qidxs", "", "indices into a lattice (QuIP#)"},
    {".B", ".s", "packed integers (Marlin)"},
};

/* Ends of names of what only belongs to quantised or compressed weights. */
static const char *const parts[] = {
    "_scale",       "_scale_inv",        "_scale_2", ".scales", "_scales",    ".qzeros",
    ".zeros",       "_zero_point",       ".g_idx",   "_g_idx",  ".absmax",    ".nested_absmax",
    ".quant_map",   ".nested_quant_map", ".SCB",     "_shape",  ".codebooks", "._scale",
    ".row_offsets",
};

gboolean cs3_weight_is_part(const Cs3Checkpoint *checkpoint, const char *name) {
  if (g_str_has_prefix(name, "optimizer.")) /* moments, in checkpoints of the Model Zoo */
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
    if (g_str_has_suffix(name, parts[i]))
      return TRUE;
  const char *dot = strrchr(name, '.');
  return dot != NULL && (strcmp(dot, ".compressed") == 0 || strcmp(dot, ".shape") == 0) &&
         cs3_checkpoint_beside(checkpoint, name, (gsize)(dot - name), ".bitmask") != NULL;
}

static const char *find_kind(const Cs3Checkpoint *checkpoint, const Cs3StoredTensor *tensor) {
  for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
    if (!g_str_has_suffix(tensor->name, kinds[i].anchor))
      continue;
    gsize stem = strlen(tensor->name) - strlen(kinds[i].anchor);
    if (*kinds[i].sibling == '\0' ||
        cs3_checkpoint_beside(checkpoint, tensor->name, stem, kinds[i].sibling) != NULL)
      return kinds[i].what;
  }
  return NULL;
}

/* Two E2M1 a byte, with a scale of 16 weights each (NVIDIA ModelOpt). */
static gboolean is_nvfp4(const Cs3Checkpoint *checkpoint, const Cs3StoredTensor *tensor) {
  return strcmp(tensor->dtype_name, "U8") == 0 && g_str_has_suffix(tensor->name, ".weight") &&
         cs3_checkpoint_beside(checkpoint, tensor->name, strlen(tensor->name), "_scale") != NULL;
}

static gboolean match(const Cs3Checkpoint *checkpoint, const Cs3StoredTensor *tensor,
                      Cs3Weight *weight) {
  const char *kind = find_kind(checkpoint, tensor);
  if (kind == NULL && is_nvfp4(checkpoint, tensor))
    kind = "packed 4-bit weights (NVFP4)";
  if (kind == NULL)
    return FALSE;
  weight->name = g_strdup(tensor->name);
  weight->rows = tensor->dims[0];
  weight->cols = tensor->dims[1];
  weight->values = tensor;
  weight->refusal = kind;
  return TRUE;
}

const Cs3WeightLayout cs3_weight_packed = {
    .name = "packed",
    .summary = "quantised and packed weights: recognised, not read",
    .match = match,
};
