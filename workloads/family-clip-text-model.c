/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CLIP's tower of text alone. */
#include "config.h"

#include "workloads/compose-clip.h"

static const Cs3Head heads[] = {{"Model", CS3_HEAD_NONE}, {NULL, 0}};

static void lengths(gconstpointer config, Cs3LengthRules *rules) {
  rules->seq = rules->seq_limit = ((const Cs3Dims *)config)->max_seq;
  rules->limit_why = "the model's learned position table";
}

static void build(Cs3Builder *b, gconstpointer config) {
  cs3_clip_text(b, config, "text_model.", "");
}

const Cs3Family cs3_family_clip_text_model = {
    .name = "clip_text_model",
    .config_size = sizeof(Cs3Dims),
    .fields = cs3_clip_text_fields,
    .harmless = cs3_clip_harmless,
    .heads = heads,
    .defaults = cs3_clip_text_defaults,
    .lengths = lengths,
    .build = build,
};
