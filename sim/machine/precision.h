/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Precisions of a training step by name: what each kind of tensor has, as parameters of the machine
 * that a name gives together and --set changes one by one (doc/model.md, section 5). */
#pragma once

#include <glib.h>

/* "machine", what the machine's file says, then those that the option accepts; NULL-terminated. */
extern const char *const cs3_precision_names[];

/** cs3_precision_settings: (transfer none) (array zero-terminated=1): "group.key=value" of @choice;
 * of "machine" none. */
const char *const *cs3_precision_settings(int choice);

/** cs3_precision_is_narrow: whether linear layers of blocks multiply values of 8 bits. */
gboolean cs3_precision_is_narrow(int choice);

/* clang-format off */
/* Row of an option table; @place: of an int. */
#define CS3_OPTION_PRECISION(place) \
  {.name = "precision", .type = CS3_OPTION_CHOICE, .offset = (place), .metavar = "NAME", \
   .choices = cs3_precision_names, \
   .help = "mixed: factors of 16 bits, sums, gradients of weights and optimizer state of 32; fp16, " \
           "cb16, bf16: 16 bits throughout, alike to the cycle; fp8: mixed with the factors of the " \
           "blocks' linear layers in 8 bits, on a machine that has lanes for them"}
/* clang-format on */
