/* SPDX-License-Identifier: GPL-3.0-or-later */
/* T5 and its variants. */
#pragma once

#include "workloads/family.h"

typedef struct {
  Cs3Dims d; /* layers: the decoder's */
  gint64 encoder_layers, buckets;
  gboolean gated;
  gboolean bias_everywhere; /* every layer has a table of relative positions of its own (umt5) */
} Cs3T5;

extern const Cs3Field cs3_t5_fields[];
extern const char *const cs3_t5_harmless[];
extern const Cs3Head cs3_t5_heads[];
extern const Cs3FactField cs3_t5_facts[];
/** cs3_t5_derive: what follows from other keys. Errors: as of Cs3Family.derive. */
gboolean cs3_t5_derive(gpointer config, json_t *object, const char *source,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** cs3_t5_lengths: lengths of source and target. */
void cs3_t5_lengths(gconstpointer config, Cs3LengthRules *rules);
/** cs3_t5_build: the whole network. */
void cs3_t5_build(Cs3Builder *b, gconstpointer config);
