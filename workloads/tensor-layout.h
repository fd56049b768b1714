/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a weight lies in a checkpoint: as one tensor, or compressed into several. One file per layout
 * (tensor-*.c) behind Cs3WeightLayout; tensor-layout.c holds the registry. */
#pragma once

#include <glib.h>

#include "workloads/checkpoint.h"
#include "workloads/mask.h"

typedef struct Cs3Weight Cs3Weight;

/* Some rows of a weight as they are stored. */
typedef struct {
  GByteArray *bytes; /* memory of the reader's thread */
  guint64 *bits;     /* rows x ((cols + 63) / 64) words, as in Cs3Mask */
  gint64 beyond;     /* NaN, or what is neither 0 nor 1 in a mask */
} Cs3WeightRows;

typedef struct {
  const char *name, *summary;
  /* Whether @tensor is the one that stands for a weight in this layout; fills @weight. */
  gboolean (*match)(const Cs3Checkpoint *checkpoint, const Cs3StoredTensor *tensor,
                    Cs3Weight *weight);
  /* (nullable): check what the header does not say; %NULL as `rows`: such weights are refused. */
  gboolean (*prepare)(Cs3Weight *weight, GError **error);
  gboolean (*rows)(const Cs3Weight *weight, gint64 first, gint64 n, Cs3WeightRows *out,
                   GError **error);
} Cs3WeightLayout;

struct Cs3Weight {
  const Cs3Checkpoint *checkpoint; /* borrowed */
  const Cs3WeightLayout *layout;
  char *name;
  gint64 rows, cols;             /* as stored */
  guint64 base;                  /* bytes of `values` before the first row */
  gboolean transposed;           /* stored as input x output features */
  const Cs3StoredTensor *values; /* the weight's own numbers */
  const Cs3StoredTensor *bitmask;
  const Cs3StoredTensor *scales;          /* mxfp4 */
  const Cs3StoredTensor *lines, *indices; /* csr: where rows begin, and their columns */
  gint64 *offsets;                        /* bitmask, csr: values before each row, and all */
  guint bits;                             /* integers: of each */
  gboolean by_input;   /* integers: those of several input features in a number */
  guint8 *zeros;       /* integers: zero points, groups x outputs */
  gint32 *group;       /* integers: of each input feature */
  const char *refusal; /* what it is, when it cannot be read */
};

extern const Cs3WeightLayout cs3_weight_bitmask;
extern const Cs3WeightLayout cs3_weight_blocks;
extern const Cs3WeightLayout cs3_weight_csr;
extern const Cs3WeightLayout cs3_weight_integers;
extern const Cs3WeightLayout cs3_weight_mxfp4;
extern const Cs3WeightLayout cs3_weight_packed;
extern const Cs3WeightLayout cs3_weight_plain;

/** cs3_weight_layouts: (transfer none): NULL-terminated array of all layouts. */
const Cs3WeightLayout *const *cs3_weight_layouts(void);

void cs3_weight_free(Cs3Weight *weight);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Weight, cs3_weight_free)

/** cs3_weights_list: (transfer full) (element-type Cs3Weight): every matrix of weights, by name,
 * those that cannot be read included. */
GPtrArray *cs3_weights_list(const Cs3Checkpoint *checkpoint);

/**
 * cs3_weight_find: the weight called @name, or to which the tensor called @name belongs. Errors:
 * CS3_WORKLOAD_ERROR_INVALID (no such), DATA (not a matrix, or only a part of packed weights).
 */
Cs3Weight *cs3_weight_find(const Cs3Checkpoint *checkpoint, const char *name,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_weight_prepare: before rows are read. Fails with CS3_WORKLOAD_ERROR_DATA on what cannot be
 * read, saying what it is. */
gboolean cs3_weight_prepare(Cs3Weight *weight, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_weight_check: fails with CS3_WORKLOAD_ERROR_DATA when @beyond values of the weight are not
 * weights; NaN are not when @nan_masked. */
gboolean cs3_weight_check(const Cs3Weight *weight, gint64 beyond, gboolean nan_masked,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_weight_mask: the live weights, output x input features. */
Cs3Mask *cs3_weight_mask(Cs3Weight *weight, gboolean nan_masked,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_weight_rows_mask: the same of stored rows @first to @first + @n - 1 alone. */
Cs3Mask *cs3_weight_rows_mask(Cs3Weight *weight, gint64 first, gint64 n, gboolean nan_masked,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_weight_is_part: whether a tensor so called only belongs to a compressed or quantised weight,
 * or to the optimizer. */
gboolean cs3_weight_is_part(const Cs3Checkpoint *checkpoint, const char *name);

/** cs3_weight_matrix: fill @weight with the matrix that @tensor is, or that each of its experts is;
 * of more extents the first are rows. Returns: whether it is one. */
gboolean cs3_weight_matrix(const Cs3Checkpoint *checkpoint, const Cs3StoredTensor *tensor,
                           Cs3Weight *weight);

/* Tensors of experts. */
#define CS3_WEIGHT_EXPERTS 4096

/** cs3_weight_blocks_stem: length of @tensor's name before "_blocks" when it is of MXFP4, experts x
 * outputs x blocks x 16 bytes; else 0. */
gsize cs3_weight_blocks_stem(const Cs3StoredTensor *tensor);

/** cs3_weight_experts: how many experts @tensor holds, each a matrix; 0: it is no such tensor. */
gint64 cs3_weight_experts(const Cs3StoredTensor *tensor);

/** cs3_weight_experts_turned: whether its matrices are input x output features. */
gboolean cs3_weight_experts_turned(const Cs3Checkpoint *checkpoint, const Cs3StoredTensor *tensor);

/** cs3_weight_take_expert: make @weight, which stands for all, that of @expert, and call it so. */
void cs3_weight_take_expert(Cs3Weight *weight, gint64 expert);

/** cs3_weight_chunk: rows to read at once: about 256 KiB, which a core keeps near. */
gint64 cs3_weight_chunk(const Cs3Weight *weight);
