/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Precisions of a training step by name. */
#include "config.h"

#include "sim/machine/precision.h"

const char *const cs3_precision_names[] = {"machine", "fp16", "cb16", "bf16", "mixed", "fp8", NULL};
enum { MACHINE, FP16, CB16, BF16, MIXED, FP8 };

/* Factors of 16 bits or of 8. */
#define FACTORS(precision)                                                                         \
  "kernel.weight_precision=" precision, "kernel.activation_precision=" precision,                  \
      "kernel.gradient_precision=" precision

/* Everything that is not a factor: sums, gradients of weights on the wire, and what the optimizer
 * keeps of a parameter: its master, its gradient, its moments (Adam two, momentum one). */
#define REST(sums, bits, adam, momentum, sgd)                                                      \
  "kernel.acc_precision=" sums, "kernel.gradient_bits=" bits, "memoryx.bytes_per_param=" adam,     \
      "memoryx.bytes_per_param_momentum=" momentum, "memoryx.bytes_per_param_sgd=" sgd
#define REST_16 REST("fp16", "16", "8 B", "6 B", "4 B")
#define REST_32 REST("fp32", "32", "16 B", "12 B", "8 B")

static const char *const as_it_is[] = {NULL};
static const char *const sixteen[] = {FACTORS("16-bit"), REST_16, NULL};
static const char *const mixed[] = {FACTORS("16-bit"), REST_32, NULL};
static const char *const eight[] = {FACTORS("fp8"), REST_32, NULL};

const char *const *cs3_precision_settings(int choice) {
  static const char *const *const settings[] = {
      [MACHINE] = as_it_is, [FP16] = sixteen, [CB16] = sixteen,
      [BF16] = sixteen,     [MIXED] = mixed,  [FP8] = eight,
  };
  return settings[choice];
}

gboolean cs3_precision_is_narrow(int choice) {
  return choice == FP8;
}
