/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packed integers with zero points, written as the formats say, give the weights that differ from
 * their group's zero point. */
#include "config.h"

#include "tests/unit/workload-fixture.h"

#include <glib/gstdio.h>

#include "workloads/tensor-count.h"

enum { MAX_IN = 96, MAX_OUT = 64, MAX_GROUPS = 6 };

typedef struct {
  gboolean gptq;
  const char *config; /* of quantize_config.json; %NULL: none */
  guint bits, less;   /* of zero points as stored */
  int in, out, groups;
  guint q[MAX_IN][MAX_OUT], zero[MAX_GROUPS][MAX_OUT];
  int group[MAX_IN];
} Layer;

static void draw(Layer *l, GRand *rand) {
  l->in = 32 * g_rand_int_range(rand, 1, 4);
  l->out = 16 * g_rand_int_range(rand, 1, 5);
  l->groups = 1 << g_rand_int_range(rand, 0, 3);
  int span = 1 << l->bits;
  for (int i = 0; i < l->in; i++) {
    l->group[i] = l->gptq ? g_rand_int_range(rand, 0, l->groups) : i / (l->in / l->groups);
    for (int j = 0; j < l->out; j++)
      l->q[i][j] = (guint)g_rand_int_range(rand, 0, span);
  }
  for (int g = 0; g < l->groups; g++)
    for (int j = 0; j < l->out; j++)
      l->zero[g][j] = (guint)g_rand_int_range(rand, 0, span);
}

static void append_words(GString *out, const guint32 *words, gsize n) {
  for (gsize i = 0; i < n; i++) {
    guint32 word = GUINT32_TO_LE(words[i]);
    g_string_append_len(out, (const char *)&word, sizeof word);
  }
}

/* Outputs in a row, in AWQ's order or as they are; @less: subtracted first, within the bits. */
static void append_outputs(const Layer *l, const guint *values, guint less, GString *out) {
  static const guint awq_order[] = {0, 2, 4, 6, 1, 3, 5, 7};
  guint per = 32 / l->bits, mask = (1u << l->bits) - 1;
  for (guint j = 0; j < (guint)l->out; j += per) {
    guint32 word = 0;
    for (guint k = 0; k < per; k++)
      word |= ((values[j + (l->gptq ? k : awq_order[k])] - less) & mask) << (k * l->bits);
    append_words(out, &word, 1);
  }
}

static void append_inputs(const Layer *l, GString *out) {
  guint per = 32 / l->bits;
  for (guint i = 0; i < (guint)l->in; i += per)
    for (int j = 0; j < l->out; j++) {
      guint32 word = 0;
      for (guint k = 0; k < per; k++)
        word |= l->q[i + k][j] << (k * l->bits);
      append_words(out, &word, 1);
    }
}

static GString *layer_file(const Layer *l) {
  g_autoptr(GString) bytes = g_string_new(NULL);
  int per = 32 / (int)l->bits, ends[4];
  if (l->gptq)
    append_inputs(l, bytes);
  for (int i = 0; i < l->in && !l->gptq; i++)
    append_outputs(l, l->q[i], 0, bytes);
  ends[0] = (int)bytes->len;
  for (int g = 0; g < l->groups; g++)
    append_outputs(l, l->zero[g], l->less, bytes);
  ends[1] = (int)bytes->len;
  g_string_set_size(bytes, bytes->len + (gsize)(2 * l->groups * l->out));
  memset(bytes->str + ends[1], 0x3c, bytes->len - (gsize)ends[1]);
  ends[2] = (int)bytes->len;
  for (int i = 0; i < l->in; i++)
    append_words(bytes, (const guint32 *)&l->group[i], 1);
  ends[3] = (int)bytes->len;
  g_autofree char *header = g_strdup_printf(
      "{\"a.q_proj.qweight\":{\"dtype\":\"I32\",\"shape\":[%d,%d],\"data_offsets\":[0,%d]},"
      "\"a.q_proj.qzeros\":{\"dtype\":\"I32\",\"shape\":[%d,%d],\"data_offsets\":[%d,%d]},"
      "\"a.q_proj.scales\":{\"dtype\":\"F16\",\"shape\":[%d,%d],\"data_offsets\":[%d,%d]},"
      "\"a.q_proj.%s\":{\"dtype\":\"I32\",\"shape\":[%d],\"data_offsets\":[%d,%d]}}",
      l->gptq ? l->in / per : l->in, l->gptq ? l->out : l->out / per, ends[0], l->groups,
      l->out / per, ends[0], ends[1], l->groups, l->out, ends[1], ends[2],
      l->gptq ? "g_idx" : "unused", l->in, ends[2], ends[3]);
  GString *file = g_string_new(NULL);
  fixture_safetensors(file, header, bytes);
  return file;
}

/* (transfer full) (nullable): the mask of @l through a file, and its counts as they are streamed.
 */
static Cs3Mask *through_file(const Layer *l, Cs3WeightCounts *counts, GError **error) {
  g_autofree char *folder = g_dir_make_tmp("cs3sim-integers-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(folder, "m.safetensors", NULL);
  g_autofree char *config = g_build_filename(folder, "quantize_config.json", NULL);
  g_autoptr(GString) file = layer_file(l);
  ck_assert(g_file_set_contents(path, file->str, (gssize)file->len, NULL));
  ck_assert(l->config == NULL || g_file_set_contents(config, l->config, -1, NULL));
  g_autoptr(Cs3Checkpoint) checkpoint = cs3_checkpoint_open(path, NULL, error);
  ck_assert_ptr_nonnull(checkpoint);
  g_autoptr(Cs3Weight) weight = cs3_weight_find(checkpoint, "a.q_proj.weight", error);
  ck_assert_ptr_nonnull(weight);
  ck_assert_str_eq(weight->layout->name, "integers");
  Cs3Mask *mask = cs3_weight_mask(weight, FALSE, error);
  if (mask != NULL)
    ck_assert(cs3_weight_count(weight, FALSE, 2, counts, error));
  g_remove(config);
  g_remove(path);
  g_rmdir(folder);
  return mask;
}

static const struct {
  gboolean gptq;
  const char *config;
  guint bits, less;
} formats[] = {
    {TRUE, "{\"bits\": 4, \"quant_method\": \"gptq\"}", 4, 1},
    {TRUE, "{\"bits\": 2, \"checkpoint_format\": \"gptq\"}", 2, 1},
    {TRUE, "{\"quantization_config\": {\"checkpoint_format\": \"gptq_v2\"}}", 8, 0},
    {TRUE, "{\"checkpoint_format\": \"gptq_v2\"}", 4, 0},
    {FALSE, NULL, 4, 0},
};

START_TEST(test_round_trip) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  for (guint n = 0; n < 20; n++) {
    g_autofree Layer *l = g_new0(Layer, 1);
    *l = (Layer){.gptq = formats[_i].gptq,
                 .config = formats[_i].config,
                 .bits = formats[_i].bits,
                 .less = formats[_i].less};
    draw(l, rand);
    g_autoptr(GError) error = NULL;
    g_auto(Cs3WeightCounts) counts = {0};
    g_autoptr(Cs3Mask) mask = through_file(l, &counts, &error);
    ck_assert_msg(mask != NULL, "%s", error ? error->message : "");
    ck_assert(mask->rows == l->out && mask->cols == l->in);
    ck_assert(counts.rows == l->out && counts.cols == l->in && counts.live == cs3_mask_nnz(mask));
    for (int i = 0; i < l->in; i++)
      for (int j = 0; j < l->out; j++)
        ck_assert_int_eq(cs3_mask_alive(mask, j, i), l->q[i][j] != l->zero[l->group[i]][j]);
  }
}
END_TEST

static const struct {
  gboolean gptq;
  const char *config;
  guint bits;
  int group;
  const char *message;
} bad[] = {
    {TRUE, NULL, 4, 0, "expected quantize_config.json, or config.json with quantization_config"},
    {TRUE, "{\"checkpoint_format\": \"marlin\"}", 4, 0,
     "checkpoint_format: expected \"gptq\" or \"gptq_v2\", got \"marlin\""},
    {TRUE, "[]", 4, 0, "expected a JSON object"},
    {TRUE, "{}", 16, 0, "neither GPTQ of 2, 4 or 8 bits nor AWQ of 4"},
    {FALSE, NULL, 8, 0, "neither GPTQ of 2, 4 or 8 bits nor AWQ of 4"},
    {TRUE, "{}", 4, 8, "a.q_proj.g_idx: input feature 3 is of group 8 of "},
    {TRUE, "{}", 4, -1, "a.q_proj.g_idx: input feature 3 is of group -1 of "},
};

START_TEST(test_refused) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  g_autofree Layer *l = g_new0(Layer, 1);
  *l = (Layer){.gptq = bad[_i].gptq, .config = bad[_i].config, .bits = bad[_i].bits};
  draw(l, rand);
  if (bad[_i].group != 0)
    l->group[3] = bad[_i].group;
  g_autoptr(GError) error = NULL;
  g_auto(Cs3WeightCounts) counts = {0};
  ck_assert_ptr_null(through_file(l, &counts, &error));
  fixture_error(error, CS3_WORKLOAD_ERROR_DATA, bad[_i].message);
}
END_TEST

/* GPT-OSS: two experts of 3 outputs x 64 inputs in random codes; those 0 and 8 are zero. @_i: 1: a
 * scale is NaN; 2: scales are missing in number. */
START_TEST(test_mxfp4) {
  enum { EXPERTS = 2, ROWS = 3, BLOCKS = 2, BYTES = EXPERTS * ROWS * BLOCKS * 16 };
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  g_autoptr(GString) values = g_string_new(NULL), file = g_string_new(NULL);
  for (int i = 0; i < BYTES; i++)
    g_string_append_c(values, (char)(g_rand_int(rand) & g_rand_int(rand)));
  for (int i = 0; i < EXPERTS * ROWS * BLOCKS; i++)
    g_string_append_c(values, (char)(_i == 1 && i == 5 ? 255 : g_rand_int_range(rand, 0, 255)));
  g_autofree char *header = g_strdup_printf(
      "{\"l.mlp.experts.down_proj_blocks\":{\"dtype\":\"U8\",\"shape\":[2,3,2,16],"
      "\"data_offsets\":[0,%d]},\"l.mlp.experts.down_proj_scales\":{\"dtype\":\"U8\","
      "\"shape\":[%s],\"data_offsets\":[%d,%d]}}",
      BYTES, _i == 2 ? "2,3,1" : "2,3,2", BYTES, BYTES + (_i == 2 ? 6 : 12));
  g_string_truncate(values, (gsize)BYTES + (_i == 2 ? 6 : 12));
  fixture_safetensors(file, header, values);
  g_autofree char *folder = g_dir_make_tmp("cs3sim-mxfp4-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(folder, "m.safetensors", NULL);
  ck_assert(g_file_set_contents(path, file->str, (gssize)file->len, NULL));
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Checkpoint) checkpoint = cs3_checkpoint_open(path, NULL, &error);
  ck_assert_msg(checkpoint != NULL, "%s", error != NULL ? error->message : "");
  for (int expert = 0; expert < EXPERTS; expert++) {
    g_autofree char *name = g_strdup_printf("l.mlp.experts.%d.down_proj", expert);
    g_autoptr(Cs3Weight) weight = cs3_weight_find(checkpoint, name, &error);
    ck_assert_msg(weight != NULL, "%s", error != NULL ? error->message : "");
    ck_assert_str_eq(weight->layout->name, "mxfp4");
    g_autoptr(Cs3Mask) mask = cs3_weight_mask(weight, FALSE, _i == 0 ? &error : NULL);
    ck_assert_int_eq(mask != NULL, _i == 0 || (_i == 1 && expert == 1));
    for (int row = 0; mask != NULL && row < ROWS; row++)
      for (int col = 0; col < 32 * BLOCKS; col++) {
        guint byte = (guint8)values->str[((expert * ROWS + row) * BLOCKS) * 16 + col / 2];
        guint code = col % 2 ? byte >> 4 : byte & 15;
        ck_assert_int_eq(cs3_mask_alive(mask, row, col), code != 0 && code != 8);
      }
  }
  g_remove(path);
  g_rmdir(folder);
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("weight-integers");
  TCase *t = tcase_create("integers");
  tcase_add_loop_test(t, test_round_trip, 0, G_N_ELEMENTS(formats));
  tcase_add_loop_test(t, test_refused, 0, G_N_ELEMENTS(bad));
  tcase_add_loop_test(t, test_mxfp4, 0, 3);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  return fixture_run(suite());
}
