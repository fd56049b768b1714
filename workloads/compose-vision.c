/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Vision transformers. */
#include "config.h"

#include "workloads/compose-vision.h"

enum { MAX_IMAGE = 65536 };

const Cs3FactField cs3_vision_facts[] = {
    {"image", offsetof(Cs3Vision, image)},
    {"patch", offsetof(Cs3Vision, patch)},
    {"channels", offsetof(Cs3Vision, channels)},
    {NULL, 0},
};

gboolean cs3_vision_derive(gpointer config, json_t *object, const char *source, GError **error) {
  const Cs3Vision *c = config;
  return c->patch <= c->image ||
         cs3_config_fail(error, source, "patch_size", json_object_get(object, "patch_size"),
                         "at most image_size");
}

void cs3_vision_lengths(gconstpointer config, Cs3LengthRules *rules) {
  const Cs3Vision *c = config;
  /* An image that patches do not tile loses its margin, as the convolution leaves it out. */
  *rules = (Cs3LengthRules){
      .image = c->image / c->patch * c->patch, .image_limit = MAX_IMAGE, .image_step = c->patch};
}

gint64 cs3_vision_table(const Cs3Vision *c) {
  gint64 side = c->image / c->patch;
  return side * side;
}

double cs3_vision_patches(Cs3Builder *b, const Cs3Vision *c) {
  double side = (double)(cs3_build_lengths(b)->image / c->patch);
  return side * side;
}

static void embed(Cs3Builder *b, const Cs3Vision *c, const Cs3VisionParts *parts,
                  const char *prefix) {
  g_autofree char *name = g_strconcat(prefix, "embedding", NULL);
  cs3_build_open(b, &(Cs3SegmentSpec){.name = name, .rows = cs3_vision_patches(b, c)});
  Cs3Act x = cs3_build_input(b, "pixels", c->channels * c->patch * c->patch);
  x = cs3_build_linear(b, "patch_embed", parts->patches, x, c->d.hidden, !parts->patches_unbiased);
  cs3_build_extra(b, parts->extra);
  if (parts->specials > 0)
    x = cs3_build_prepend(b, "class_token", parts->class_token, parts->specials, x);
  if (parts->positions)
    x = cs3_build_positions(b, "embed_positions", parts->positions, parts->position_rows, x);
  if (parts->pre_norm)
    x = cs3_build_norm(b, "embedding_norm", parts->pre_norm, x, CS3_NORM_LAYER);
  cs3_build_output(b, x);
}

Cs3Act cs3_compose_vision(Cs3Builder *b, gconstpointer config, const Cs3VisionParts *parts,
                          const char *prefix) {
  const Cs3Vision *c = config;
  double rows = cs3_vision_patches(b, c) + (double)parts->specials;
  g_autofree char *stack = g_strconcat(prefix, "encoder", NULL);
  g_autofree char *head = g_strconcat(prefix, "head", NULL);
  embed(b, c, parts, prefix);
  cs3_build_tokens(b, cs3_vision_patches(b, c));
  cs3_compose_stack(b,
                    &(Cs3Stack){.name = stack,
                                .prefix = parts->blocks,
                                .layers = c->d.layers,
                                .hidden = c->d.hidden,
                                .rows = rows,
                                .block = parts->block},
                    config);
  cs3_build_open(b, &(Cs3SegmentSpec){.name = head, .rows = rows});
  Cs3Act x = cs3_build_input(b, "hidden", c->d.hidden);
  return parts->final_norm ? cs3_build_norm(b, "final_norm", parts->final_norm, x, CS3_NORM_LAYER)
                           : x;
}
