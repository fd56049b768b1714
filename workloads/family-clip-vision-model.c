/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CLIP's tower of images alone. */
#include "config.h"

#include "workloads/compose-clip.h"

static const Cs3Head heads[] = {{"Model", CS3_HEAD_NONE}, {NULL, 0}};

static void build(Cs3Builder *b, gconstpointer config) {
  cs3_clip_vision(b, config, "vision_model.", "");
}

const Cs3Family cs3_family_clip_vision_model = {
    .name = "clip_vision_model",
    .config_size = sizeof(Cs3Vision),
    .fields = cs3_clip_vision_fields,
    .harmless = cs3_clip_harmless,
    .heads = heads,
    .facts = cs3_vision_facts,
    .defaults = cs3_clip_vision_defaults,
    .derive = cs3_vision_derive,
    .lengths = cs3_vision_lengths,
    .build = build,
};
