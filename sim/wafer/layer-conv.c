/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A convolution asked for by hand. */
#include "config.h"

#include "sim/wafer/layer-conv.h"

#include <string.h>

#include "base/json.h"
#include "base/suggest.h"
#include "sim/cli/cli.h"

enum { MOST = 65536, MOST_SAMPLES = 1 << 20 };

/* What a key sets: one number, or two, height and width. */
typedef struct {
  const char *key;
  gint64 least, most;
  gsize offset;
  gboolean pair;
} Key;

#define AT(MEMBER) G_STRUCT_OFFSET(Cs3LayerConv, MEMBER)

static const Key keys[] = {
    {"in", 1, MOST, AT(in_channels), FALSE},          {"out", 1, MOST, AT(out_channels), FALSE},
    {"input", 1, MOST, AT(shape.map), TRUE},          {"kernel", 1, 1024, AT(shape.kernel), TRUE},
    {"stride", 1, 1024, AT(shape.stride), TRUE},      {"padding", 0, 1024, AT(shape.before), TRUE},
    {"dilation", 1, 1024, AT(shape.dilation), TRUE},  {"groups", 1, MOST, AT(groups), FALSE},
    {"samples", 1, MOST_SAMPLES, AT(samples), FALSE},
};

static const char *const names[] = {"in",      "out",        "input",    "kernel",
                                    "stride",  "padding",    "dilation", "groups",
                                    "samples", "transposed", NULL};

static gboolean refuse(const char *text, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static gboolean refuse(const char *text, GError **error, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *why = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE, "--conv %s: %s", text, why);
  return FALSE;
}

/* "3", or "3x5" where a key has two numbers. */
static gboolean read_value(const Key *key, const char *value, gint64 *numbers) {
  g_auto(GStrv) parts = g_strsplit(value, "x", 2);
  guint n = g_strv_length(parts);
  if (n == 0 || n > (key->pair ? 2 : 1))
    return FALSE;
  for (guint i = 0; i < (key->pair ? 2 : 1); i++)
    if (!g_ascii_string_to_signed(parts[MIN(i, n - 1)], 10, key->least, key->most, &numbers[i],
                                  NULL))
      return FALSE;
  return TRUE;
}

static gboolean read_part(const char *text, const char *part, guint *seen, Cs3LayerConv *conv,
                          GError **error) {
  g_auto(GStrv) sides = g_strsplit(part, "=", 2);
  guint i = 0;
  if (g_str_equal(part, "transposed")) {
    conv->shape.transposed = TRUE;
    return TRUE;
  }
  while (i < G_N_ELEMENTS(keys) && g_strcmp0(sides[0], keys[i].key) != 0)
    i++;
  if (i == G_N_ELEMENTS(keys) || sides[1] == NULL) {
    g_autofree char *near = cs3_suggestion(sides[0] ? sides[0] : "", names);
    return refuse(text, error, "'%s': expected KEY=VALUE, or transposed%s", part, near);
  }
  if (*seen & 1u << i)
    return refuse(text, error, "%s: given twice", keys[i].key);
  *seen |= 1u << i;
  if (read_value(&keys[i], sides[1], G_STRUCT_MEMBER_P(conv, keys[i].offset)))
    return TRUE;
  return refuse(
      text, error, "%s: expected %s from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT ", got '%s'",
      keys[i].key, keys[i].pair ? "a whole number, or two joined by an x," : "a whole number",
      keys[i].least, keys[i].most, sides[1]);
}

/* Positions along an axis: of a transposed one, those that it writes. */
static gint64 extent(const Cs3ConvShape *s, int axis) {
  gint64 reach = s->dilation[axis] * (s->kernel[axis] - 1) + 1;
  gint64 zeros = 2 * s->before[axis];
  if (s->transposed)
    return (s->map[axis] - 1) * s->stride[axis] + reach - zeros;
  return s->map[axis] + zeros < reach ? 0 : (s->map[axis] + zeros - reach) / s->stride[axis] + 1;
}

static gboolean finish(const char *text, Cs3LayerConv *c, GError **error) {
  gint64 other[2];
  if (c->in_channels % c->groups != 0 || c->out_channels % c->groups != 0)
    return refuse(text, error,
                  "groups: expected a divisor of in (%" G_GINT64_FORMAT
                  ") and out (%" G_GINT64_FORMAT "), got %" G_GINT64_FORMAT,
                  c->in_channels, c->out_channels, c->groups);
  for (int axis = 0; axis < 2; axis++) {
    other[axis] = extent(&c->shape, axis);
    if (other[axis] < 1)
      return refuse(text, error,
                    "no place of the filter: input with its padding is smaller than the kernel");
  }
  memcpy(c->shape.grid, c->shape.transposed ? c->shape.map : other, sizeof other);
  if (c->shape.transposed)
    memcpy(c->shape.map, other, sizeof other);
  gint64 out, in, tokens;
  cs3_layer_conv_matrix(c, &out, &in, &tokens);
  if (out > 1 << 22 || in > 1 << 22 || tokens > 1 << 30)
    return refuse(text, error,
                  "expected a weight of up to 4194304 x 4194304 and up to 1073741824 tokens, got "
                  "%" G_GINT64_FORMAT " x %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT,
                  out, in, tokens);
  return TRUE;
}

gboolean cs3_layer_conv_parse(const char *text, Cs3LayerConv *conv, GError **error) {
  g_auto(GStrv) parts = g_strsplit(text, ",", -1);
  guint seen = 0;
  *conv =
      (Cs3LayerConv){.shape = {.stride = {1, 1}, .dilation = {1, 1}}, .groups = 1, .samples = 1};
  for (char **part = parts; *part; part++)
    if (!read_part(text, *part, &seen, conv, error))
      return FALSE;
  for (guint i = 0; i < 4; i++)
    if (!(seen & 1u << i))
      return refuse(text, error, "%s is missing: in, out, input and kernel are needed",
                    keys[i].key);
  return finish(text, conv, error);
}

void cs3_layer_conv_matrix(const Cs3LayerConv *conv, gint64 *out_features, gint64 *in_features,
                           gint64 *tokens) {
  gint64 taps = cs3_conv_taps(&conv->shape);
  gboolean transposed = conv->shape.transposed != 0;
  *out_features = conv->out_channels * (transposed ? taps : 1);
  *in_features = conv->in_channels / conv->groups * (transposed ? 1 : taps);
  *tokens = conv->samples * cs3_conv_tokens(&conv->shape);
}

static json_t *pair(const gint64 numbers[2]) {
  return cs3_json_pack("[I, I]", (json_int_t)numbers[0], (json_int_t)numbers[1]);
}

json_t *cs3_layer_conv_json(const Cs3LayerConv *conv) {
  const Cs3ConvShape *s = &conv->shape;
  gboolean transposed = s->transposed != 0;
  return cs3_json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:b}", "in_channels",
                       (json_int_t)conv->in_channels, "out_channels",
                       (json_int_t)conv->out_channels, "input", pair(transposed ? s->grid : s->map),
                       "output", pair(transposed ? s->map : s->grid), "kernel", pair(s->kernel),
                       "stride", pair(s->stride), "padding", pair(s->before), "dilation",
                       pair(s->dilation), "groups", (json_int_t)conv->groups, "samples",
                       (json_int_t)conv->samples, "transposed", transposed);
}
