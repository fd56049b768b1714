/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Machines that were measured, not simulated, to compare with: baselines/NAME.json. A value is
 * a measurement or lies between two of them; outside of what was measured there is none. */
#pragma once

#include <glib.h>

typedef enum {
  CS3_BASELINE_DENSE,
  CS3_BASELINE_UNSTRUCTURED, /* zeros anywhere */
  CS3_BASELINE_2_OF_4,
  CS3_BASELINE_BLOCK_64, /* 64 x 64 blocks */
  CS3_N_BASELINE_FORMATS
} Cs3BaselineFormat;

/* One matrix product: tokens x in_features times in_features x out_features. */
typedef struct {
  char *layer; /* "gemm12k": one shape */
  Cs3BaselineFormat format;
  gint64 tokens, in_features, out_features;
  double sparsity;
  double time_s, min_s, max_s; /* median of the repetitions, and their range */
} Cs3BaselineProduct;

/* Forward and backward of a dense model. */
typedef struct {
  char *model;
  gint64 batch, seq;
  double time_s, min_s, max_s;
  double joules_per_token; /* of the board; 0: not measured */
} Cs3BaselineStep;

typedef struct {
  char *name, *description;
  char *source;                          /* who measured it, how */
  char *kernels[CS3_N_BASELINE_FORMATS]; /* what ran */
  char *step_scope;                      /* what a step comprises */
  GPtrArray *products;                   /* of Cs3BaselineProduct, by layer, format, sparsity */
  GPtrArray *steps;                      /* of Cs3BaselineStep */
} Cs3Baseline;

/* A value, and whether it was measured as it stands. */
typedef struct {
  double value;
  gboolean interpolated;
} Cs3BaselineValue;

/** cs3_baseline_format_name: (transfer none): "unstructured". */
const char *cs3_baseline_format_name(Cs3BaselineFormat format);

/** cs3_baseline_names: (transfer full): the machines that can be loaded, sorted, NULL-terminated.
 */
char **cs3_baseline_names(void);

/** cs3_baseline_exists: whether @name is a machine that was measured. */
gboolean cs3_baseline_exists(const char *name);

/**
 * cs3_baseline_load: by name.
 * Returns: (transfer full) (nullable): %NULL with CS3_CONFIG_ERROR: not found, or what is wrong
 *   with the file.
 */
Cs3Baseline *cs3_baseline_load(const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_baseline_parse: as cs3_baseline_load(), from @text; @where names it in messages. */
Cs3Baseline *cs3_baseline_parse(const char *text, const char *where,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cs3_baseline_free(Cs3Baseline *baseline);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Baseline, cs3_baseline_free)

/**
 * cs3_baseline_speedup: time of @layer dense over its time in @format at @sparsity. Between two
 * measured sparsities the time is linear in the share of live weights.
 * Fails with CS3_CONFIG_ERROR_RANGE outside of the measured sparsities, which the message names,
 * and with CS3_CONFIG_ERROR_UNKNOWN when the layer or its format was not measured.
 */
gboolean cs3_baseline_speedup(const Cs3Baseline *baseline, const char *layer,
                              Cs3BaselineFormat format, double sparsity, Cs3BaselineValue *speedup,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_baseline_tokens_per_s: rate of forward and backward of dense @model at @batch sequences of
 * @seq tokens. Between two measurements that differ in either, the time is linear in it.
 * Fails as cs3_baseline_speedup().
 */
gboolean cs3_baseline_tokens_per_s(const Cs3Baseline *baseline, const char *model, gint64 batch,
                                   gint64 seq, Cs3BaselineValue *rate,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
