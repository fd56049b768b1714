/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mT5: T5 with gated feed-forward networks and a larger vocabulary. */
#include "config.h"

#include "workloads/compose-t5.h"

static void defaults(gpointer config) {
  *(Cs3T5 *)config = (Cs3T5){.d = {.hidden = 512,
                                   .heads = 6,
                                   .head_dim = 64,
                                   .ffn = 1024,
                                   .vocab = 250112,
                                   .activation = CS3_ACTIVATION_GELU,
                                   .tied = TRUE},
                             .encoder_layers = 8,
                             .buckets = 32,
                             .gated = TRUE};
}

const Cs3Family cs3_family_mt5 = {
    .name = "mt5",
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
