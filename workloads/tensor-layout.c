/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Registry of the layouts of weights in checkpoints, and what they share. */
#include "config.h"

#include "workloads/tensor-layout.h"

#include <string.h>

#include "workloads/mask-file.h"
#include "workloads/weight-names.h"
#include "workloads/workload-error.h"

/* What a layout made of several tensors claims is not looked at as a plain one. */
static const Cs3WeightLayout *const layouts[] = {
    &cs3_weight_bitmask, &cs3_weight_blocks, &cs3_weight_csr,   &cs3_weight_integers,
    &cs3_weight_mxfp4,   &cs3_weight_packed, &cs3_weight_plain, NULL,
};

const Cs3WeightLayout *const *cs3_weight_layouts(void) {
  return layouts;
}

void cs3_weight_free(Cs3Weight *weight) {
  if (weight == NULL)
    return;
  g_free(weight->name);
  g_free(weight->offsets);
  g_free(weight->zeros);
  g_free(weight->group);
  g_free(weight);
}

/* (transfer full) (nullable) */
static Cs3Weight *match(const Cs3Checkpoint *checkpoint, const Cs3StoredTensor *tensor) {
  g_autoptr(Cs3Weight) weight = g_new0(Cs3Weight, 1);
  for (const Cs3WeightLayout *const *layout = layouts; *layout != NULL; layout++) {
    *weight = (Cs3Weight){.checkpoint = checkpoint, .layout = *layout};
    if ((*layout)->match(checkpoint, tensor, weight))
      return g_steal_pointer(&weight);
  }
  return NULL;
}

/* Appends what @tensor holds to @found: a weight, that of each expert, or none. */
static void append(const Cs3Checkpoint *checkpoint, const Cs3StoredTensor *tensor,
                   GPtrArray *found) {
  gint64 experts = cs3_weight_experts(tensor), n = 0;
  for (Cs3Weight *weight; n < MAX(1, experts) && (weight = match(checkpoint, tensor)); n++) {
    if (experts > 0)
      cs3_weight_take_expert(weight, n);
    g_ptr_array_add(found, weight);
  }
}

GPtrArray *cs3_weights_list(const Cs3Checkpoint *checkpoint) {
  GPtrArray *found = g_ptr_array_new_with_free_func((GDestroyNotify)cs3_weight_free);
  for (guint i = 0; i < checkpoint->tensors->len; i++)
    append(checkpoint, &g_array_index(checkpoint->tensors, Cs3StoredTensor, i), found);
  return found;
}

gboolean cs3_weight_matrix(const Cs3Checkpoint *checkpoint, const Cs3StoredTensor *tensor,
                           Cs3Weight *weight) {
  gboolean stacked = cs3_weight_experts(tensor) > 0;
  if (tensor->n_dims != 2 && !stacked)
    return FALSE;
  weight->name = g_strdup(tensor->name);
  weight->rows = tensor->dims[stacked];
  weight->cols = tensor->dims[stacked + 1];
  weight->values = tensor;
  weight->refusal = tensor->unread;
  weight->transposed = stacked && cs3_weight_experts_turned(checkpoint, tensor);
  return TRUE;
}

/* The weight of the expert called @name. */
static Cs3Weight *match_expert(const Cs3Checkpoint *checkpoint, const char *name) {
  for (guint i = 0; i < checkpoint->tensors->len; i++) {
    const Cs3StoredTensor *tensor = &g_array_index(checkpoint->tensors, Cs3StoredTensor, i);
    gsize stem = cs3_weight_blocks_stem(tensor);
    g_autofree char *whole = stem > 0 ? g_strndup(tensor->name, stem) : g_strdup(tensor->name);
    for (gint64 k = 0, n = cs3_weight_experts(tensor); k < n; k++) {
      g_autofree char *own = cs3_weight_name_of_expert(whole, k);
      Cs3Weight *weight = strcmp(own, name) == 0 ? match(checkpoint, tensor) : NULL;
      if (weight == NULL)
        continue;
      cs3_weight_take_expert(weight, k);
      return weight;
    }
  }
  return NULL;
}

/* Names of tensors that one weight may lie in. */
static Cs3Weight *match_beside(const Cs3Checkpoint *checkpoint, const char *name) {
  static const char *const anchors[] = {".bitmask", ".crow_indices",  ".ccol_indices",
                                        ".qweight", ".weight_packed", ".weight"};
  const char *dot = strrchr(name, '.');
  const gsize stems[] = {strlen(name), dot != NULL ? (gsize)(dot - name) : 0};
  for (guint s = 0; s < G_N_ELEMENTS(stems); s++)
    for (guint i = 0; stems[s] > 0 && i < G_N_ELEMENTS(anchors); i++) {
      const Cs3StoredTensor *tensor = cs3_checkpoint_beside(checkpoint, name, stems[s], anchors[i]);
      g_autoptr(Cs3Weight) weight = tensor != NULL ? match(checkpoint, tensor) : NULL;
      if (weight != NULL && weight->layout != &cs3_weight_plain)
        return g_steal_pointer(&weight);
    }
  return NULL;
}

Cs3Weight *cs3_weight_find(const Cs3Checkpoint *checkpoint, const char *name, GError **error) {
  const Cs3StoredTensor *tensor = cs3_checkpoint_find(checkpoint, name);
  Cs3Weight *weight = tensor != NULL ? match(checkpoint, tensor) : NULL;
  if (tensor != NULL && cs3_weight_experts(tensor) > 0) {
    g_autofree char *first = cs3_weight_name_of_expert(name, 0);
    cs3_weight_free(weight);
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                "%s: %s holds %" G_GINT64_FORMAT " experts; choose one, such as %s",
                checkpoint->path, name, tensor->dims[0], first);
    return NULL;
  }
  if (weight == NULL)
    weight = match_beside(checkpoint, name);
  if (weight == NULL)
    weight = match_expert(checkpoint, name);
  if (weight != NULL)
    return weight;
  if (tensor == NULL)
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                "%s: holds no tensor '%s' (without --tensor the names are listed)",
                checkpoint->path, name);
  else
    cs3_checkpoint_fail(checkpoint->path, error, "%s: %s", name,
                        tensor->n_dims == 2 ? "belongs to packed weights; it is none by itself"
                                            : "not a matrix");
  return NULL;
}

gboolean cs3_weight_prepare(Cs3Weight *weight, GError **error) {
  const char *path = weight->checkpoint->path;
  if (weight->values->unread != NULL)
    return cs3_checkpoint_fail(path, error, "%s: %s", weight->name, weight->values->unread);
  if (weight->refusal != NULL)
    return cs3_checkpoint_fail(path, error,
                               "%s: %s, dtype %s: which of them are zero cannot be told; store "
                               "it as floating point to have it read",
                               weight->name, weight->refusal, weight->values->dtype_name);
  if (weight->values->dtype == NULL) {
    g_autofree char *names = cs3_dtype_names();
    return cs3_checkpoint_fail(path, error, "%s: dtype '%s' is not known (known: %s)", weight->name,
                               weight->values->dtype_name, names);
  }
  if (weight->rows < 1 || weight->cols < 1 || weight->rows > CS3_MASK_EXTENT ||
      weight->cols > CS3_MASK_EXTENT)
    return cs3_checkpoint_fail(path, error,
                               "%s: %" G_GINT64_FORMAT " x %" G_GINT64_FORMAT
                               " weights; rows and columns from 1 to %" G_GINT64_FORMAT
                               " can be read",
                               weight->name, weight->rows, weight->cols, CS3_MASK_EXTENT);
  return weight->layout->prepare == NULL || weight->layout->prepare(weight, error);
}

gboolean cs3_weight_check(const Cs3Weight *weight, gint64 beyond, gboolean nan_masked,
                          GError **error) {
  const Cs3Dtype *dtype = weight->values->dtype;
  if (beyond == 0 || (nan_masked && !dtype->is_mask))
    return TRUE;
  return cs3_checkpoint_fail(
      weight->checkpoint->path, error,
      dtype->is_mask
          ? "%s: %" G_GINT64_FORMAT " of its %s values are neither 0 nor 1: packed or quantised "
            "weights, of which it cannot be seen how many are zero"
          : "%s: %" G_GINT64_FORMAT " of its %s values are NaN: broken, or masked weights of a "
            "sparse training (--masked nan counts them as zero)",
      weight->name, beyond, dtype->name);
}

gint64 cs3_weight_chunk(const Cs3Weight *weight) {
  gint64 bytes = weight->cols * weight->values->dtype->bits / 8 + 1;
  return MAX(1, ((gint64)1 << 18) / bytes);
}

Cs3Mask *cs3_weight_rows_mask(Cs3Weight *weight, gint64 first, gint64 n, gboolean nan_masked,
                              GError **error) {
  if (!cs3_weight_prepare(weight, error))
    return NULL;
  g_autoptr(Cs3Mask) mask = cs3_mask_new(n, weight->cols, error);
  if (mask == NULL)
    return NULL;
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  Cs3WeightRows rows = {.bytes = bytes};
  gint64 chunk = cs3_weight_chunk(weight);
  for (gint64 done = 0; done < n; done += chunk) {
    rows.bits = cs3_mask_row(mask, done);
    if (!weight->layout->rows(weight, first + done, MIN(chunk, n - done), &rows, error))
      return NULL;
  }
  return cs3_weight_check(weight, rows.beyond, nan_masked, error) ? g_steal_pointer(&mask) : NULL;
}

Cs3Mask *cs3_weight_mask(Cs3Weight *weight, gboolean nan_masked, GError **error) {
  if (!cs3_weight_prepare(weight, error))
    return NULL;
  g_autoptr(Cs3Mask) mask = cs3_weight_rows_mask(weight, 0, weight->rows, nan_masked, error);
  if (mask == NULL || !weight->transposed)
    return g_steal_pointer(&mask);
  return cs3_mask_transpose(mask, error);
}
