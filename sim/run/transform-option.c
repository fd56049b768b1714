/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The option that asks for a Sparse Iso-FLOP Transformation. */
#include "config.h"

#include "sim/run/transform-option.h"

#define NAME(ROW) "sparse-" #ROW,
const char *const cs3_transform_choices[] = {"none", CS3_TRANSFORMS(NAME) NULL};
#undef NAME

const Cs3TransformOps *cs3_transform_of(int choice) {
  return choice == 0 ? NULL : cs3_transform_registry()[choice - 1];
}
