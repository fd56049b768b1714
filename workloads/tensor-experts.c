/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Experts of a mixture as one tensor of three extents (transformers since 5, GPT-OSS, Llama 4,
 * GGUF): every expert is a weight of its own, called with its number before the tensor's last word.
 */
#include "config.h"

#include <string.h>

#include "workloads/tensor-layout.h"
#include "workloads/weight-names.h"

gsize cs3_weight_blocks_stem(const Cs3StoredTensor *tensor) {
  static const char ending[] = "_blocks";
  guint64 blocks = (guint64)tensor->dims[0] * (guint64)tensor->dims[1] * (guint64)tensor->dims[2];
  gboolean is = tensor->n_dims == 4 && tensor->bytes == 16 * blocks &&
                strcmp(tensor->dtype_name, "U8") == 0 && g_str_has_suffix(tensor->name, ending);
  return is ? strlen(tensor->name) - strlen(ending) : 0;
}

gint64 cs3_weight_experts(const Cs3StoredTensor *tensor) {
  static const char *const marks[] = {".experts.", "_exps", "_moe."};
  gboolean stacked = tensor->n_dims == 3 || cs3_weight_blocks_stem(tensor) > 0;
  if (!stacked || tensor->dims[0] < 1 || tensor->dims[0] > CS3_WEIGHT_EXPERTS ||
      tensor->bytes < (guint64)tensor->dims[0]) /* as many weights as a file can have */
    return 0;
  for (guint i = 0; i < G_N_ELEMENTS(marks); i++)
    if (strstr(tensor->name, marks[i]) != NULL)
      return tensor->dims[0];
  return 0;
}

/* Fused gate and up beside down tell which of an expert's extents is its outputs: down has half as
 * many inputs as the other has outputs. */
gboolean cs3_weight_experts_turned(const Cs3Checkpoint *checkpoint, const Cs3StoredTensor *tensor) {
  static const char fused[] = "gate_up_proj", down[] = "down_proj";
  gboolean is_down = g_str_has_suffix(tensor->name, down);
  if (!is_down && !g_str_has_suffix(tensor->name, fused))
    return FALSE;
  gsize stem = strlen(tensor->name) - strlen(is_down ? down : fused);
  const Cs3StoredTensor *other =
      cs3_checkpoint_beside(checkpoint, tensor->name, stem, is_down ? fused : down);
  if (other == NULL || other->n_dims != 3)
    return FALSE;
  const gint64 *wide = is_down ? other->dims : tensor->dims;
  const gint64 *narrow = is_down ? tensor->dims : other->dims;
  return wide[1] == narrow[2] && wide[2] == 2 * narrow[1];
}

void cs3_weight_take_expert(Cs3Weight *weight, gint64 expert) {
  const Cs3StoredTensor *tensor = weight->values;
  g_autofree char *whole = weight->name;
  weight->name = cs3_weight_name_of_expert(whole, expert);
  weight->base = (guint64)expert * (tensor->bytes / (guint64)tensor->dims[0]);
}
