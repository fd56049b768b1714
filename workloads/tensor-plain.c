/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A weight as one matrix: output x input features, as torch.nn.Linear stores it, or turned round,
 * as the Conv1D of GPT-2 (transformers, pytorch_utils.py) and Flax's `kernel` do. */
#include "config.h"

#include "workloads/tensor-layout.h"

#include <string.h>

/* GPT-2's names are also used by networks of torch.nn.Linear (GPT-BigCode, CLIP, GPT-Neo): which
 * it is shows in the fused projection, which has three times as many outputs as inputs, or in the
 * MLP, which is wider inside. @wide_out: more outputs than inputs. */
static const struct {
  const char *suffix;
  gboolean wide_out;
} conv1d[] = {
    {".attn.c_attn.weight", TRUE},
    {".mlp.c_fc.weight", TRUE},
    {".mlp.c_proj.weight", FALSE},
};

static gboolean is_turned(const Cs3StoredTensor *tensor, gboolean wide_out) {
  return wide_out ? tensor->dims[1] > tensor->dims[0] : tensor->dims[0] > tensor->dims[1];
}

static gboolean is_input_major(const Cs3Checkpoint *checkpoint, const Cs3StoredTensor *tensor) {
  const char *name = tensor->name, square[] = ".attn.c_proj.weight";
  if (g_str_has_suffix(name, ".kernel") || g_str_has_suffix(name, "/kernel"))
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS(conv1d); i++)
    if (g_str_has_suffix(name, conv1d[i].suffix))
      return is_turned(tensor, conv1d[i].wide_out);
  if (!g_str_has_suffix(name, square))
    return FALSE;
  /* Square: as its neighbours are. */
  gsize stem = strlen(name) - strlen(square);
  const Cs3StoredTensor *fused = cs3_checkpoint_beside(checkpoint, name, stem, conv1d[0].suffix);
  const Cs3StoredTensor *wide = cs3_checkpoint_beside(checkpoint, name, stem, conv1d[1].suffix);
  const Cs3StoredTensor *witness = fused != NULL ? fused : wide;
  return witness == NULL || is_turned(witness, TRUE);
}

static gboolean match(const Cs3Checkpoint *checkpoint, const Cs3StoredTensor *tensor,
                      Cs3Weight *weight) {
  if (cs3_weight_is_part(checkpoint, tensor->name) ||
      !cs3_weight_matrix(checkpoint, tensor, weight))
    return FALSE;
  weight->transposed = weight->transposed || is_input_major(checkpoint, tensor);
  return TRUE;
}

static gboolean prepare(Cs3Weight *weight, GError **error) {
  return weight->cols * weight->values->dtype->bits % 8 == 0 ||
         cs3_checkpoint_fail(weight->checkpoint->path, error, "%s: a row ends within a byte",
                             weight->name);
}

static gboolean rows(const Cs3Weight *weight, gint64 first, gint64 n, Cs3WeightRows *out,
                     GError **error) {
  const Cs3Dtype *dtype = weight->values->dtype;
  gint64 row_bytes = weight->cols * dtype->bits / 8, stride = (weight->cols + 63) / 64;
  g_byte_array_set_size(out->bytes, (guint)(n * row_bytes));
  if (!cs3_checkpoint_read(weight->checkpoint, weight->values,
                           weight->base + (guint64)(first * row_bytes), (gsize)(n * row_bytes),
                           out->bytes->data, error))
    return FALSE;
  Cs3LiveWay way = cs3_live_best();
  for (gint64 i = 0; i < n; i++)
    out->beyond += cs3_dtype_live(dtype, way, out->bytes->data + i * row_bytes, weight->cols,
                                  out->bits + i * stride);
  return TRUE;
}

const Cs3WeightLayout cs3_weight_plain = {
    .name = "plain",
    .summary = "a matrix of numbers, zeros stored like the rest",
    .match = match,
    .prepare = prepare,
    .rows = rows,
};
