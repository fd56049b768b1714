/* SPDX-License-Identifier: GPL-3.0-or-later */
/* T5 and Flan-T5. */
#include "config.h"

#include "workloads/compose-t5.h"

static void defaults(gpointer config) {
  *(Cs3T5 *)config = (Cs3T5){.d = {.hidden = 512,
                                   .heads = 8,
                                   .head_dim = 64,
                                   .ffn = 2048,
                                   .vocab = 32128,
                                   .activation = CS3_ACTIVATION_RELU,
                                   .tied = TRUE},
                             .encoder_layers = 6,
                             .buckets = 32};
}

const Cs3Family cs3_family_t5 = {
    .name = "t5",
    .config_size = sizeof(Cs3T5),
    .fields = cs3_t5_fields,
    .harmless = cs3_t5_harmless,
    .heads = cs3_t5_heads,
    .facts = cs3_t5_facts,
    .defaults = defaults,
    .derive = cs3_t5_derive,
    .lengths = cs3_t5_lengths,
    .build = cs3_t5_build,
};
