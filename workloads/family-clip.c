/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CLIP: a tower of text beside one of images, whose results are compared across the batch; or the
 * tower of images with a classifier. */
#include "config.h"

#include "workloads/compose-clip.h"

typedef struct {
  Cs3Dims d; /* of the tower of text */
  Cs3Vision v;
  gint64 projection;
} Config;

static const Cs3Field fields[] = {
    CS3_FIELD_OF("projection_dim", Config, projection, 1, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_READ("text_config"),
    CS3_FIELD_READ("vision_config"),
    CS3_FIELD_READ("text_config_dict"),
    CS3_FIELD_READ("vision_config_dict"),
    CS3_FIELD_END,
};

static const char *const harmless[] = {"logit_scale_init_value", "tie_word_embeddings", NULL};

static const Cs3Head heads[] = {
    {"ForImageClassification", CS3_HEAD_CLASS}, {"Model", CS3_HEAD_NONE}, {NULL, 0}};

static const Cs3FactField facts[] = {
    {"image", offsetof(Config, v.image)},
    {"patch", offsetof(Config, v.patch)},
    {"vision_layers", offsetof(Config, v.d.layers)},
    {"vision_hidden", offsetof(Config, v.d.hidden)},
    {"vision_heads", offsetof(Config, v.d.heads)},
    {"vision_ffn", offsetof(Config, v.d.ffn)},
    {"projection", offsetof(Config, projection)},
    {NULL, 0},
};

static void defaults(gpointer config) {
  Config *c = config;
  cs3_clip_text_defaults(&c->d);
  cs3_clip_vision_defaults(&c->v);
  c->projection = 512;
}

/* A tower under @key; what the older "@key_dict" says stands above it. */
static gboolean read_tower(json_t *object, const char *key, const char *source,
                           const Cs3Field *tower, Cs3Dims *d, GError **error) {
  g_autofree char *older = g_strconcat(key, "_dict", NULL);
  const char *const keys[] = {key, older};
  for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
    json_t *inner = json_object_get(object, keys[i]);
    g_autofree char *where = g_strconcat(source, ": ", keys[i], NULL);
    if (!inner || json_is_null(inner))
      continue;
    if (!json_is_object(inner))
      return cs3_config_fail(error, source, keys[i], inner, "an object");
    if (!cs3_config_read_fields(inner, where, tower, d, error) ||
        !cs3_config_account(inner, where, tower, cs3_clip_harmless, error))
      return FALSE;
  }
  d->kv_heads = d->heads;
  if (!cs3_family_divides(source, "num_attention_heads", d->heads, "hidden_size", d->hidden, error))
    return FALSE;
  d->head_dim = d->hidden / d->heads;
  return TRUE;
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Config *c = config;
  c->d.head_dim = 0;
  return read_tower(object, "text_config", source, cs3_clip_text_fields, &c->d, error) &&
         read_tower(object, "vision_config", source, cs3_clip_vision_fields, &c->v.d, error) &&
         cs3_vision_derive(&c->v, object, source, error);
}

static void lengths(gconstpointer config, Cs3LengthRules *rules) {
  const Config *c = config;
  cs3_vision_lengths(&c->v, rules);
  if (c->d.head == CS3_HEAD_CLASS)
    return;
  rules->seq = rules->seq_limit = c->d.max_seq;
  rules->limit_why = "the model's learned position table";
}

/* Both results in one space. That a sample is compared with all others of its batch costs batch x
 * projection multiply-adds, which depend on the batch and are left out; softmax is taken over as
 * many numbers as the space has. */
static void project(Cs3Builder *b, const Config *c, const char *tensor, Cs3Act x) {
  x = cs3_build_pool(b, "one_token", x, FALSE);
  x = cs3_build_linear(b, "projection", tensor, x, c->projection, FALSE);
  cs3_build_loss(b, x);
}

static void build(Cs3Builder *b, gconstpointer config) {
  const Config *c = config;
  if (c->d.head != CS3_HEAD_CLASS) {
    project(b, c, "text_projection.weight", cs3_clip_text(b, &c->d, "text_model.", "text."));
    cs3_build_extra(b, 1); /* the temperature of the comparison */
  }
  Cs3Act x = cs3_clip_vision(b, &c->v, "vision_model.", "vision.");
  if (c->d.head != CS3_HEAD_CLASS) {
    project(b, c, "visual_projection.weight", x);
    cs3_build_tokens(b, (double)cs3_build_lengths(b)->seq + cs3_vision_patches(b, &c->v));
    return;
  }
  x = cs3_build_pool(b, "mean_patch", x, TRUE);
  cs3_build_loss(b, cs3_build_linear(b, "classifier", "classifier.weight", x, c->d.labels, TRUE));
}

const Cs3Family cs3_family_clip = {
    .name = "clip",
    .config_size = sizeof(Config),
    .fields = fields,
    .harmless = harmless,
    .heads = heads,
    .facts = facts,
    .defaults = defaults,
    .derive = derive,
    .lengths = lengths,
    .build = build,
};
