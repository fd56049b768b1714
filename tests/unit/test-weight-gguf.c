/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Weights in GGUF files, written here by the published layout: of every block type that is read the
 * live weights are those that its formula makes other than zero; names; damaged files. */
#include "config.h"

#include "tests/unit/workload-fixture.h"

#include <glib/gstdio.h>

#include "workloads/tensor-blocks.h"
#include "workloads/tensor-count.h"
#include "workloads/weight-match.h"

enum { BLOCK = 256, ALIGNMENT = 64 };

/* --- a file ----------------------------------------------------------------------------------- */

typedef struct {
  GString *infos, *values;
  guint64 tensors;
  guint32 version;
} File;

static void append_number(GString *to, guint64 value, guint bytes) {
  for (guint i = 0; i < bytes; i++, value >>= 8)
    g_string_append_c(to, (char)(value & 0xff));
}

static void append_text(GString *to, const char *text) {
  append_number(to, strlen(text), 8);
  g_string_append(to, text);
}

static File file_new(void) {
  return (File){g_string_new(NULL), g_string_new(NULL), 0, 3};
}

/* @extents: innermost first. */
static void add_tensor(File *f, const char *name, guint type, const guint64 *extents, guint n,
                       const GString *bytes) {
  append_text(f->infos, name);
  append_number(f->infos, n, 4);
  for (guint i = 0; i < n; i++)
    append_number(f->infos, extents[i], 8);
  append_number(f->infos, type, 4);
  append_number(f->infos, f->values->len, 8);
  g_string_append_len(f->values, bytes->str, (gssize)bytes->len);
  while (f->values->len % ALIGNMENT != 0)
    g_string_append_c(f->values, 0);
  f->tensors++;
}

static GString *file_bytes(const File *f) {
  GString *out = g_string_new("GGUF");
  append_number(out, f->version, 4);
  append_number(out, f->tensors, 8);
  append_number(out, 3, 8);
  append_text(out, "tokenizer.ggml.tokens");
  append_number(out, 9, 4);
  append_number(out, 8, 4);
  append_number(out, 2, 8);
  append_text(out, "a");
  append_text(out, "bc");
  append_text(out, "general.alignment");
  append_number(out, 4, 4);
  append_number(out, ALIGNMENT, 4);
  append_text(out, "llama.scales");
  append_number(out, 9, 4);
  append_number(out, 6, 4);
  append_number(out, 3, 8);
  append_number(out, 0, 12);
  g_string_append_len(out, f->infos->str, (gssize)f->infos->len);
  while (out->len % ALIGNMENT != 0)
    g_string_append_c(out, 0);
  g_string_append_len(out, f->values->str, (gssize)f->values->len);
  return out;
}

/* (transfer full): path of the file, in a folder of its own; @f is used up. */
static char *file_write(File *f, gsize keep) {
  g_autofree char *folder = g_dir_make_tmp("cs3sim-gguf-XXXXXX", NULL);
  char *path = g_build_filename(folder, "m.gguf", NULL);
  g_autoptr(GString) bytes = file_bytes(f);
  ck_assert(g_file_set_contents(path, bytes->str, (gssize)MIN(keep, bytes->len), NULL));
  g_string_free(f->infos, TRUE);
  g_string_free(f->values, TRUE);
  return path;
}

static void discard(char *path) {
  g_autofree char *folder = g_path_get_dirname(path);
  g_remove(path);
  g_rmdir(folder);
  g_free(path);
}

/* --- formulas: each block's weights over its scale, as ggml-quants.c goes through them ---------
 */

static void values_q4_0(const guint8 *b, int *y) {
  for (int j = 0; j < 16; j++) {
    y[j] = (b[2 + j] & 0x0f) - 8;
    y[j + 16] = (b[2 + j] >> 4) - 8;
  }
}

static void values_q5_0(const guint8 *b, int *y) {
  guint32 qh = (guint32)b[2] | (guint32)b[3] << 8 | (guint32)b[4] << 16 | (guint32)b[5] << 24;
  for (int j = 0; j < 16; j++) {
    y[j] = (int)((b[6 + j] & 0x0fu) | (qh >> j << 4 & 0x10u)) - 16;
    y[j + 16] = (int)(((guint32)b[6 + j] >> 4) | (qh >> (j + 12) & 0x10u)) - 16;
  }
}

static void values_q8_0(const guint8 *b, int *y) {
  for (int j = 0; j < 32; j++)
    y[j] = (gint8)b[2 + j];
}

static void values_q3_k(const guint8 *b, int *y) {
  const guint8 *hm = b, *q = b + 32, *packed = b + 96;
  guint8 scales[16], mask = 1;
  for (int i = 0; i < 4; i++) {
    scales[i] = (guint8)((packed[i] & 0x0f) | (packed[8 + i] & 3) << 4);
    scales[4 + i] = (guint8)((packed[4 + i] & 0x0f) | (packed[8 + i] >> 2 & 3) << 4);
    scales[8 + i] = (guint8)((packed[i] >> 4) | (packed[8 + i] >> 4 & 3) << 4);
    scales[12 + i] = (guint8)((packed[4 + i] >> 4) | (packed[8 + i] >> 6 & 3) << 4);
  }
  for (int n = 0, is = 0; n < 256; n += 128, q += 32)
    for (int j = 0; j < 4; j++, mask = (guint8)(mask << 1))
      for (int part = 0; part < 2; part++, is++)
        for (int l = 16 * part; l < 16 * part + 16; l++)
          *y++ = (scales[is] - 32) * ((q[l] >> (2 * j) & 3) - (hm[l] & mask ? 0 : 4));
}

static void values_q6_k(const guint8 *b, int *y) {
  const guint8 *ql = b, *qh = b + 128;
  const gint8 *sc = (const gint8 *)b + 192;
  for (int n = 0; n < 256; n += 128, y += 128, ql += 64, qh += 32, sc += 8)
    for (int l = 0; l < 32; l++) {
      int is = l / 16;
      y[l] = sc[is] * (((ql[l] & 0xf) | (qh[l] & 3) << 4) - 32);
      y[l + 32] = sc[is + 2] * (((ql[l + 32] & 0xf) | (qh[l] >> 2 & 3) << 4) - 32);
      y[l + 64] = sc[is + 4] * (((ql[l] >> 4) | (qh[l] >> 4 & 3) << 4) - 32);
      y[l + 96] = sc[is + 6] * (((ql[l + 32] >> 4) | (qh[l] >> 6 & 3) << 4) - 32);
    }
}

static void values_tq2_0(const guint8 *b, int *y) {
  for (int j = 0; j < 64; j += 32)
    for (int l = 0; l < 4; l++)
      for (int m = 0; m < 32; m++)
        *y++ = (b[j + m] >> (2 * l) & 3) - 1;
}

static void values_tq1_0(const guint8 *b, int *y) {
  static const guint8 pow3[] = {1, 3, 9, 27, 81};
  const struct { int from, count, digits; } runs[] = {{0, 32, 5}, {32, 16, 5}, {48, 4, 4}};
  for (int r = 0; r < 3; r++)
    for (int n = 0; n < runs[r].digits; n++)
      for (int m = 0; m < runs[r].count; m++) {
        guint8 q = (guint8)(b[runs[r].from + m] * pow3[n]);
        *y++ = (q * 3 >> 8) - 1;
      }
}

static void values_mxfp4(const guint8 *b, int *y) {
  static const int values[] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
  for (int j = 0; j < 16; j++) {
    y[j] = values[b[1 + j] & 0x0f];
    y[j + 16] = values[b[1 + j] >> 4];
  }
}

static const struct {
  guint id;
  void (*values)(const guint8 *block, int *y);
  int scale; /* where its scale, a half float, stands; -1: it has none that may be zero */
} types[] = {
    {2, values_q4_0, 0},    {6, values_q5_0, 0},    {8, values_q8_0, 0},    {11, values_q3_k, 108},
    {14, values_q6_k, 208}, {34, values_tq1_0, 52}, {35, values_tq2_0, 64}, {39, values_mxfp4, -1},
};

/* Random blocks, in which zeros are not rare; a scale in eight is minus zero. */
static GString *random_blocks(const Cs3BlockType *type, int scale, gsize n, GRand *rand) {
  GString *bytes = g_string_new(NULL);
  for (gsize i = 0; i < n; i++) {
    gsize at = bytes->len;
    for (guint k = 0; k < type->bytes; k++) {
      guint8 byte = (guint8)g_rand_int_range(rand, 0, 255);
      g_string_append_c(bytes, (char)(g_rand_int_range(rand, 0, 3) == 0 ? byte & 0x0f : byte));
    }
    guint16 half = g_rand_int_range(rand, 0, 8) == 0 ? 0x8000 : 0x2e66;
    if (scale >= 0) {
      bytes->str[at + (gsize)scale] = (char)(half & 0xff);
      bytes->str[at + (gsize)scale + 1] = (char)(half >> 8);
    }
  }
  return bytes;
}

static gboolean scale_is_zero(const guint8 *block, int scale) {
  return scale >= 0 && block[scale] == 0 && (block[scale + 1] & 0x7f) == 0;
}

START_TEST(test_blocks) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  g_autoptr(GError) error = NULL;
  const Cs3BlockType *type;
  ck_assert_ptr_nonnull(cs3_ggml_type(types[_i].id, &type));
  gint64 out = g_rand_int_range(rand, 2, 20), in = 256 * g_rand_int_range(rand, 1, 4);
  File f = file_new();
  g_autoptr(GString) bytes =
      random_blocks(type, types[_i].scale, (gsize)(out * in / type->n), rand);
  add_tensor(&f, "blk.0.ffn_up.weight", types[_i].id, (guint64[]){(guint64)in, (guint64)out}, 2,
             bytes);
  char *path = file_write(&f, G_MAXSIZE);
  g_autoptr(Cs3Checkpoint) checkpoint = cs3_checkpoint_open(path, NULL, &error);
  ck_assert_msg(checkpoint != NULL, "%s", error ? error->message : "");
  g_autoptr(Cs3Weight) weight = cs3_weight_find(checkpoint, "blk.0.ffn_up.weight", &error);
  g_autoptr(Cs3Mask) mask = cs3_weight_mask(weight, FALSE, &error);
  ck_assert_msg(mask != NULL, "%s", error ? error->message : "");
  ck_assert(mask->rows == out && mask->cols == in);
  for (gint64 k = 0; k < out * in / type->n; k++) {
    const guint8 *block = (const guint8 *)bytes->str + k * type->bytes;
    int y[BLOCK];
    types[_i].values(block, y);
    for (gint64 i = k * type->n; i < (k + 1) * type->n; i++)
      ck_assert_int_eq(cs3_mask_alive(mask, i / in, i % in),
                       !scale_is_zero(block, types[_i].scale) && y[i % type->n] != 0);
  }
  g_auto(Cs3WeightCounts) counts = {0};
  ck_assert(cs3_weight_count(weight, FALSE, 3, &counts, &error));
  ck_assert_int_eq(counts.live, cs3_mask_nnz(mask));
  discard(path);
}
END_TEST

/* --- names and experts ------------------------------------------------------------------------ */

#define HEAD                                                                                       \
  "\"hidden_size\":24,\"intermediate_size\":40,\"num_attention_heads\":4,\"num_key_value_heads\":" \
  "2,\"num_hidden_layers\":2,\"vocab_size\":70,\"max_position_embeddings\":32"
#define LLAMA "{\"model_type\":\"llama\",\"tie_word_embeddings\":true," HEAD "}"
#define MIXTRAL                                                                                    \
  "{\"model_type\":\"mixtral\",\"num_local_experts\":3,\"num_experts_per_tok\":2," HEAD "}"

static GString *random_halves(guint64 n, GRand *rand) {
  GString *bytes = g_string_new(NULL);
  for (guint64 i = 0; i < n; i++)
    append_number(bytes, g_rand_boolean(rand) ? 0x3c00 : 0x8000, 2);
  return bytes;
}

/* Adds @experts matrices of halves; 0: one, with two extents. */
static void add_halves(File *f, const char *name, guint64 out, guint64 in, guint64 experts,
                       GRand *rand) {
  g_autoptr(GString) bytes = random_halves(out * in * MAX(1, experts), rand);
  add_tensor(f, name, 1, (guint64[]){in, out, experts}, experts > 0 ? 3 : 2, bytes);
}

static char *network(gboolean experts, GRand *rand) {
  File f = file_new();
  add_halves(&f, "token_embd.weight", 70, 24, 0, rand);
  for (int k = 0; k < 2; k++) {
    const struct {
      const char *name;
      guint64 out, in;
      gboolean expert;
    } all[] = {{"attn_q", 24, 24, FALSE},  {"attn_k", 12, 24, FALSE},
               {"attn_v", 12, 24, FALSE},  {"attn_output", 24, 24, FALSE},
               {"ffn_gate", 40, 24, TRUE}, {"ffn_up", 40, 24, TRUE},
               {"ffn_down", 24, 40, TRUE}};
    for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
      gboolean stacked = experts && all[i].expert;
      g_autofree char *name =
          g_strdup_printf("blk.%d.%s%s.weight", k, all[i].name, stacked ? "_exps" : "");
      add_halves(&f, name, all[i].out, all[i].in, stacked ? 3 : 0, rand);
    }
    g_autofree char *router = g_strdup_printf("blk.%d.ffn_gate_inp.weight", k);
    if (experts)
      add_halves(&f, router, 3, 24, 0, rand);
  }
  if (experts)
    add_halves(&f, "output.weight", 70, 24, 0, rand);
  return file_write(&f, G_MAXSIZE);
}

/* Every weight of the network is found and has its own zeros, expert by expert. */
START_TEST(test_names) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  g_autoptr(GError) error = NULL;
  const char *text = _i ? MIXTRAL : LLAMA;
  g_autoptr(Cs3Model) model = cs3_model_parse(text, strlen(text), "m", "m", &error);
  g_autoptr(Cs3Graph) graph = cs3_graph_new(model, NULL, &error);
  char *path = network(_i, rand);
  g_autoptr(Cs3WeightSet) set = cs3_weight_set_open(path, FALSE, &error);
  ck_assert_msg(set != NULL, "%s", error ? error->message : "");
  g_autoptr(Cs3WeightMatch) match = cs3_weight_match_new(graph, set);
  ck_assert_msg(cs3_weight_match_count(match, 1, &error), "%s", error ? error->message : "");
  ck_assert_int_eq((int)match->found->len, _i ? 2 * (4 + 1 + 3 * 3) + 1 : 2 * 7 + 1);
  gint64 live = 0, all = 0;
  for (guint i = 0; i < match->found->len; i++)
    live += g_array_index(match->found, Cs3WeightFound, i).live;
  for (guint i = 0; i < set->entries->len; i++)
    if (match->used[i])
      all += cs3_weight_set_entry(set, i)->counts.live;
  ck_assert_int_eq(live, all);
  discard(path);
}
END_TEST

/* --- what is refused -------------------------------------------------------------------------- */

typedef struct {
  guint type;
  guint64 in;
  guint32 version;
  gssize keep; /* of the file's bytes; -1: all */
  const char *message;
} Bad;

static const Bad bad[] = {
    {12, 256, 3, -1, "a.weight: blocks with a minimum each, in which no number stands for zero"},
    {20, 256, 3, -1, "a.weight: indices into a code book, none of which is zero"},
    {99, 256, 3, -1, "a.weight: is of a number format that is not known"},
    {2, 48, 3, -1, "a.weight: its extents, number format and place do not fit each other"},
    {1, 256, 1, -1, "GGUF of version 1; 2 and 3, little-endian, can be read"},
    {1, 256, 0x3000000, -1, "2 and 3, little-endian, can be read"},
    {1, 256, 3, 1200, "a.weight: is cut off by the end of the file"},
    {1, 256, 3, 150, "ends or is damaged at byte"},
    {1, 256, 3, 6, "ends or is damaged at byte 4,"},
    {1, 1000, 3, -1, "a.weight: its extents, number format and place do not fit each other"},
    {1, (guint64)1 << 60, 3, -1, "ends or is damaged at byte"},
};

START_TEST(test_refused) {
  const Bad *b = &bad[_i];
  g_autoptr(GError) error = NULL;
  g_autoptr(GString) bytes = g_string_new(NULL);
  append_number(bytes, 0, 0);
  g_string_set_size(bytes, 1600);
  memset(bytes->str, 0x3c, bytes->len);
  File f = file_new();
  f.version = b->version;
  add_tensor(&f, "a.weight", b->type, (guint64[]){b->in, 2}, 2, bytes);
  char *path = file_write(&f, b->keep < 0 ? G_MAXSIZE : (gsize)b->keep);
  g_autoptr(Cs3WeightSet) set = cs3_weight_set_open(path, FALSE, &error);
  if (set != NULL)
    ck_assert(!cs3_weight_set_count(set, 0, 1, &error));
  fixture_error(error, CS3_WORKLOAD_ERROR_DATA, b->message);
  discard(path);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("weight-gguf");
  TCase *t = tcase_create("gguf");
  tcase_add_loop_test(t, test_blocks, 0, G_N_ELEMENTS(types));
  tcase_add_loop_test(t, test_names, 0, 2);
  tcase_add_loop_test(t, test_refused, 0, G_N_ELEMENTS(bad));
  suite_add_tcase(suite, t);
  return fixture_run(suite);
}
