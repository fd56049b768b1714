/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a weight may be called in a checkpoint: wrappers before the name, other names for the same
 * module, several weights stored as one and one as several. */
#pragma once

#include <glib.h>

/* Weights of one module under two names, each parts joined by '+' in the order in which their
 * output features follow each other: one part beside several is the fused weight. The names end the
 * canonical ones (cs3_weight_name_canonical()); '*' is a number, the expert's, in both: a stored
 * name without it holds all experts one after the other. */
typedef struct {
  const char *graph, *stored;
  gboolean by_head; /* in the fused weight the parts take turns head by head */
} Cs3WeightRule;

/** cs3_weight_rules: (transfer none): for all families; ends with a NULL `graph`. A family may have
 * more (Cs3Family.weights), which come first. */
const Cs3WeightRule *cs3_weight_rules(void);

/**
 * cs3_weight_name_canonical: (transfer full): @name without the wrappers that programs put before
 * it ("module.", "model.", "transformer.", ...), its list of blocks called "layers", without the
 * ending that says that it is a weight (".weight", ".kernel").
 */
char *cs3_weight_name_canonical(const char *name);

/**
 * cs3_weight_name_ends: whether @name ends with @part as whole words; a '*' in @part stands for a
 * number, which goes to @number (-1: none). Returns: (transfer none) (nullable): where @part
 * begins.
 */
const char *cs3_weight_name_ends(const char *name, const char *part, gint64 *number);

/** cs3_weight_name_of_expert: (transfer full): @name with a number before its last word, endings
 * such as ".weight" apart. */
char *cs3_weight_name_of_expert(const char *name, gint64 expert);
