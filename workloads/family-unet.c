/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The UNet of a latent diffusion model (Rombach et al. 2022, arXiv 2112.10752), with the keys of
 * diffusers' UNet2DConditionModel: residual blocks conditioned by time, transformers conditioned by
 * a text, skip connections from the way down to the way up. What lies on the way to later blocks
 * travels as one activation with what is worked on. */
#include "config.h"

#include "workloads/compose-conv.h"
#include "workloads/compose.h"

enum { MAX_SKIPS = 64, TEXT = 77, TIME_PARTS = 4 };

typedef struct {
  Cs3Dims d;
  gint64 latent, channels, out_channels, groups, depth, text_width, attention_heads;
  Cs3List widths;
} Config;

/* Skips lie under what is worked on; `below[n]` is the pack of the first n. */
typedef struct {
  Cs3Builder *b;
  const Config *c;
  int n;
  Cs3Map skip[MAX_SKIPS];
  Cs3Act below[MAX_SKIPS + 1];
  Cs3Act whole; /* that the next segment gets */
  int step;
} State;

static const Cs3Field fields[] = {
    CS3_FIELD_OF("sample_size", Config, latent, 1, CS3_MODEL_MAX_IMAGE),
    CS3_FIELD_OF("in_channels", Config, channels, 1, CS3_MODEL_MAX_CHANNELS),
    CS3_FIELD_OF("out_channels", Config, out_channels, 1, CS3_MODEL_MAX_CHANNELS),
    CS3_FIELD_OF("norm_num_groups", Config, groups, 1, CS3_MODEL_MAX_CHANNELS),
    CS3_FIELD_OF("layers_per_block", Config, depth, 1, 8),
    CS3_FIELD_OF("cross_attention_dim", Config, text_width, 1, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_OF("attention_head_dim", Config, attention_heads, 1, 1024),
    CS3_FIELD_LIST("block_out_channels", Config, widths, 1, CS3_MODEL_MAX_CHANNELS),
    CS3_FIELD_END,
};

static const char *const harmless[] = {"act_fn",
                                       "center_input_sample",
                                       "freq_shift",
                                       "flip_sin_to_cos",
                                       "norm_eps",
                                       "downsample_padding",
                                       "mid_block_scale_factor",
                                       NULL};

static const Cs3Head heads[] = {{"UNet2DConditionModel", CS3_HEAD_NONE}, {NULL, 0}};

static void defaults(gpointer config) {
  *(Config *)config = (Config){.d = {.activation = CS3_ACTIVATION_SILU},
                               .latent = 64,
                               .channels = 4,
                               .out_channels = 4,
                               .groups = 32,
                               .depth = 2,
                               .text_width = 768,
                               .attention_heads = 8,
                               .widths = {4, {320, 640, 1280, 1280}}};
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Config *c = config;
  json_t *given = json_object_get(object, "block_out_channels");
  for (int i = 0; i < c->widths.n; i++)
    if (c->widths.value[i] % c->groups != 0 || c->widths.value[i] % c->attention_heads != 0)
      return cs3_config_fail(error, source, "block_out_channels", given,
                             "multiples of norm_num_groups and of attention_head_dim");
  if (c->widths.n * (c->depth + 1) + 1 > MAX_SKIPS)
    return cs3_config_fail(error, source, "layers_per_block",
                           json_object_get(object, "layers_per_block"), "fewer blocks");
  c->d.layers = c->widths.n * c->depth;
  c->d.hidden = c->widths.value[0];
  return TRUE;
}

/* Every scale is half of the one before. */
static void lengths(gconstpointer config, Cs3LengthRules *rules) {
  const Config *c = config;
  cs3_map_lengths(c->latent, rules);
  rules->image_step = (gint64)1 << (c->widths.n - 1);
}

static gint64 time_width(const Config *c) {
  return TIME_PARTS * c->widths.value[0];
}

static void open_step(State *s, const char *what, Cs3Map *x) {
  Cs3Builder *b = s->b;
  Cs3Act like[] = {s->below[s->n], x->act}, acts[2];
  double rows = cs3_build_rows(b, s->whole);
  gint64 elements = cs3_build_width(b, s->whole);
  g_autofree char *name = g_strdup_printf("step%d.%s", ++s->step, what);
  g_autofree char *prefix = g_strdup_printf("%s.%d.", what, s->step);
  cs3_build_open(b, &(Cs3SegmentSpec){.name = name, .prefix = prefix, .rows = rows, .block = TRUE});
  Cs3Act in = cs3_build_input(b, "all", elements);
  if (s->n == 0) {
    x->act = in;
    return;
  }
  cs3_build_unpack(b, "unpack", in, like, 2, acts);
  s->below[s->n] = acts[0];
  x->act = acts[1];
}

/* @x and the skips below it go on; @keep: @x is one, too. */
static void close_step(State *s, Cs3Map x) {
  Cs3Act acts[] = {s->n > 0 ? s->below[s->n] : x.act, x.act};
  s->whole = s->n > 0 ? cs3_build_pack(s->b, "pack", acts, 2) : x.act;
  cs3_build_output(s->b, s->whole);
}

/* @x, which is there in this segment, waits for the way up. */
static void push(State *s, Cs3Map x) {
  Cs3Act acts[] = {s->n > 0 ? s->below[s->n] : x.act, x.act};
  s->skip[s->n] = x;
  Cs3Act pack = cs3_build_pack(s->b, "skips", s->n > 0 ? acts : acts + 1, s->n > 0 ? 2 : 1);
  s->below[++s->n] = pack;
}

/* The skip on top comes back; @x of another segment is opened with it. */
static Cs3Map pop(State *s) {
  Cs3Builder *b = s->b;
  Cs3Map top = s->skip[s->n - 1];
  Cs3Act like[] = {s->n > 1 ? s->below[s->n - 1] : top.act, top.act}, acts[2];
  cs3_build_unpack(b, "pop", s->below[s->n], s->n > 1 ? like : like + 1, s->n > 1 ? 2 : 1, acts);
  s->n--;
  if (s->n > 0)
    s->below[s->n] = acts[0];
  top.act = acts[s->n > 0 ? 1 : 0];
  return top;
}

static Cs3Map conv(State *s, const char *label, Cs3Map x, gint64 out, gint64 kernel,
                   gint64 stride) {
  g_autofree char *weight = g_strconcat(label, ".weight", NULL);
  Cs3Filter filter = cs3_filter(out, kernel, stride);
  filter.bias = TRUE;
  return cs3_build_conv(s->b, label, weight, x, &filter);
}

static Cs3Map norm(State *s, const char *label, Cs3Map x) {
  g_autofree char *weight = g_strconcat(label, ".weight", NULL);
  return cs3_build_group_norm(s->b, label, weight, x, s->c->groups);
}

static Cs3Map activation(State *s, const char *label, Cs3Map x) {
  return cs3_build_map_activation(s->b, label, CS3_ACTIVATION_SILU, x);
}

static Cs3Map residual(State *s, Cs3Map x, gint64 out) {
  Cs3Builder *b = s->b;
  Cs3Map y = activation(s, "activation1", norm(s, "norm1", x));
  y = conv(s, "conv1", y, out, 3, 1);
  Cs3Act time = cs3_build_outside(b, "time", time_width(s->c), 1);
  time = cs3_build_activation(b, "time_activation", CS3_ACTIVATION_SILU, time);
  cs3_build_linear(b, "time_emb_proj", "time_emb_proj.weight", time, out, TRUE);
  y.act = cs3_build_modulate(b, "time_sum", y.act, 1);
  y = activation(s, "activation2", norm(s, "norm2", y));
  y = conv(s, "conv2", y, out, 3, 1);
  if (cs3_build_channels(b, x) != out)
    x = conv(s, "conv_shortcut", x, out, 1, 1);
  return cs3_build_map_residual(b, "residual", y, x);
}

/* GEGLU: one weight for both sides of the gate. */
static Cs3Act feed_forward(Cs3Builder *b, Cs3Act x, gint64 width) {
  gint64 widths[] = {TIME_PARTS * width, TIME_PARTS * width};
  Cs3Act parts[2];
  cs3_build_linear_split(b, "ff_up", "ff.net.0.proj.weight", x, 2, widths, TRUE, parts);
  x = cs3_build_gate(b, "ff_gate", CS3_ACTIVATION_GELU, parts[1], parts[0]);
  return cs3_build_linear(b, "ff_down", "ff.net.2.weight", x, width, TRUE);
}

static Cs3Map transformer(State *s, Cs3Map x) {
  Cs3Builder *b = s->b;
  gint64 width = cs3_build_channels(b, x), heads_n = s->c->attention_heads;
  Cs3Dims d = {.hidden = width, .heads = heads_n, .kv_heads = heads_n, .head_dim = width / heads_n};
  static const Cs3AttentionPart own = {.q = "attn1.to_q.weight",
                                       .k = "attn1.to_k.weight",
                                       .v = "attn1.to_v.weight",
                                       .out = "attn1.to_out.0.weight",
                                       .out_bias = TRUE,
                                       .no_rotary = TRUE};
  static const Cs3AttentionPart text = {.label = "cross_",
                                        .q = "attn2.to_q.weight",
                                        .k = "attn2.to_k.weight",
                                        .v = "attn2.to_v.weight",
                                        .out = "attn2.to_out.0.weight",
                                        .out_bias = TRUE,
                                        .no_rotary = TRUE};
  Cs3Map y = conv(s, "proj_in", norm(s, "norm", x), width, 1, 1);
  Cs3Act memory = cs3_build_outside(b, "text", s->c->text_width, TEXT), z = y.act, part;
  part = cs3_build_norm(b, "norm_1", "norm1.weight", z, CS3_NORM_LAYER);
  z = cs3_build_residual(b, "sum_1", z, cs3_compose_attention(b, &d, &own, part, CS3_NO_ACT));
  part = cs3_build_norm(b, "norm_2", "norm2.weight", z, CS3_NORM_LAYER);
  z = cs3_build_residual(b, "sum_2", z, cs3_compose_attention(b, &d, &text, part, memory));
  part = cs3_build_norm(b, "norm_3", "norm3.weight", z, CS3_NORM_LAYER);
  z = cs3_build_residual(b, "sum_3", z, feed_forward(b, part, width));
  y.act = z;
  return cs3_build_map_residual(b, "residual", conv(s, "proj_out", y, width, 1, 1), x);
}

static Cs3Map residual_step(State *s, Cs3Map x, gint64 out, gboolean up, gboolean keeps) {
  open_step(s, up ? "up" : "down", &x);
  if (up) {
    Cs3Map both[] = {x, pop(s)};
    x = cs3_build_concat(s->b, "concat", both, 2);
  }
  x = residual(s, x, out);
  if (keeps)
    push(s, x);
  close_step(s, x);
  return x;
}

static Cs3Map attention_step(State *s, Cs3Map x, gboolean keeps) {
  open_step(s, "attention", &x);
  x = transformer(s, x);
  if (keeps)
    push(s, x);
  close_step(s, x);
  return x;
}

/* To half or twice the positions. */
static Cs3Map resample(State *s, Cs3Map x, gboolean up) {
  gint64 width = cs3_build_channels(s->b, x);
  open_step(s, up ? "upsample" : "downsample", &x);
  if (up)
    x = cs3_build_resize(s->b, "nearest", x, 2 * x.height, 2 * x.width, CS3_RESIZE_NEAREST);
  x = conv(s, "conv", x, width, 3, up ? 1 : 2);
  if (!up)
    push(s, x);
  close_step(s, x);
  return x;
}

/* The coarsest scale has no transformers. */
static Cs3Map go_down(State *s, Cs3Map x) {
  const Config *c = s->c;
  for (int i = 0; i < c->widths.n; i++) {
    gboolean attends = i + 1 < c->widths.n;
    for (gint64 k = 0; k < c->depth; k++) {
      x = residual_step(s, x, c->widths.value[i], FALSE, !attends);
      if (attends)
        x = attention_step(s, x, TRUE);
    }
    if (attends)
      x = resample(s, x, FALSE);
  }
  return x;
}

static Cs3Map go_up(State *s, Cs3Map x) {
  const Config *c = s->c;
  for (int i = c->widths.n - 1; i >= 0; i--) {
    for (gint64 k = 0; k <= c->depth; k++) {
      x = residual_step(s, x, c->widths.value[i], TRUE, FALSE);
      if (i + 1 < c->widths.n)
        x = attention_step(s, x, FALSE);
    }
    if (i > 0)
      x = resample(s, x, TRUE);
  }
  return x;
}

static void build_time(Cs3Builder *b, const Config *c) {
  cs3_build_open(b, &(Cs3SegmentSpec){.name = "time", .prefix = "time_embedding.", .rows = 1});
  Cs3Act x = cs3_build_input(b, "frequencies", c->widths.value[0]);
  x = cs3_build_linear(b, "linear_1", "linear_1.weight", x, time_width(c), TRUE);
  x = cs3_build_activation(b, "activation", CS3_ACTIVATION_SILU, x);
  cs3_build_output(b, cs3_build_linear(b, "linear_2", "linear_2.weight", x, time_width(c), TRUE));
}

static void build(Cs3Builder *b, gconstpointer config) {
  const Config *c = config;
  State s = {.b = b, .c = c};
  gint64 latent = cs3_build_lengths(b)->image, coarsest = c->widths.value[c->widths.n - 1];
  build_time(b, c);
  cs3_build_tokens(b, 1);
  Cs3Map x = cs3_compose_open_map(b, "conv_in", NULL, "latent", c->channels, latent, latent);
  x = conv(&s, "conv_in", x, c->widths.value[0], 3, 1);
  push(&s, x);
  close_step(&s, x);
  x = go_down(&s, x);
  x = residual_step(&s, x, coarsest, FALSE, FALSE);
  x = attention_step(&s, x, FALSE);
  x = residual_step(&s, x, coarsest, FALSE, FALSE);
  x = go_up(&s, x);
  x = cs3_compose_open_map(b, "head", NULL, "hidden", c->widths.value[0], x.height, x.width);
  x = activation(&s, "activation_out", norm(&s, "conv_norm_out", x));
  x = conv(&s, "conv_out", x, c->out_channels, 3, 1);
  cs3_build_square_loss(b, x.act);
}

static const Cs3FactField facts[] = {
    {"latent", offsetof(Config, latent)}, {"channels", offsetof(Config, channels)}, {NULL, 0}};

const Cs3Family cs3_family_unet = {
    .name = "unet",
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
