/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The option that asks for a Sparse Iso-FLOP Transformation, shared by commands. */
#pragma once

#include "sim/cli/cli-option.h"
#include "workloads/transform.h"

/* "none", then the names of cs3_transform_registry(); NULL-terminated. */
extern const char *const cs3_transform_choices[];

/** cs3_transform_of: (transfer none) (nullable): what @choice of cs3_transform_choices stands for.
 */
const Cs3TransformOps *cs3_transform_of(int choice);

/* clang-format off */
/* Row of an option table; @place: of an int. */
#define CS3_OPTION_TRANSFORM(place) \
  {.name = "transform", .type = CS3_OPTION_CHOICE, .offset = (place), .metavar = "NAME", \
   .choices = cs3_transform_choices, .completes = "transforms", \
   .help = "make every layer that --sparsity reaches larger, so that it keeps its FLOPs (Sparse-IFT)"}

/* The same; @place: of a text. */
#define CS3_OPTION_LORA(place) \
  {.name = "lora", .type = CS3_OPTION_TEXT, .offset = (place), .metavar = "RANK[:NAMES]", \
   .help = "train adapters of low rank beside the linear layers of blocks, or those named " \
           "(q_proj,v_proj), and freeze everything else: no dW, gradients or optimizer state of it; " \
           "0: none, to compare with"}
/* clang-format on */
