/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mask files: random masks written in every format come back; damaged files are refused. */
#include "config.h"

#include "tests/unit/workload-fixture.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "workloads/mask-file.h"
#include "workloads/tensor-count.h"

static Cs3Mask *random_mask(GRand *rand, gboolean symmetric) {
  gint64 rows = g_rand_int_range(rand, 1, 80);
  gint64 cols = symmetric ? rows : g_rand_int_range(rand, 1, 140);
  Cs3Mask *mask = cs3_mask_new(rows, cols, NULL);
  double density = g_rand_double(rand);
  for (gint64 i = 0; i < rows; i++)
    for (gint64 j = 0; j < (symmetric ? i + 1 : cols); j++)
      if (g_rand_double(rand) < density || i + j == 0) {
        cs3_mask_set(mask, i, j);
        if (symmetric)
          cs3_mask_set(mask, j, i);
      }
  return mask;
}

static char *temporary(const char *suffix) {
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp("cs3sim-mask-XXXXXX", &error);
  ck_assert_msg(folder != NULL, "%s", error ? error->message : "");
  return g_strdup_printf("%s/m%s", folder, suffix);
}

static void discard(const char *path) {
  g_autofree char *folder = g_path_get_dirname(path);
  g_remove(path);
  g_rmdir(folder);
}

/* Reads @length bytes as a file whose name ends in @suffix. */
static Cs3Mask *read_bytes(const char *suffix, const char *bytes, gsize length, const char *tensor,
                           GError **error) {
  g_autofree char *path = temporary(suffix);
  ck_assert(g_file_set_contents(path, bytes, (gssize)length, NULL));
  Cs3MaskChoice choice = {.tensor = tensor};
  Cs3Mask *mask = cs3_mask_read(path, &choice, error);
  discard(path);
  return mask;
}

static void write_smtx(const Cs3Mask *m, GString *out) {
  g_autoptr(GString) columns = g_string_new(NULL);
  gint64 n = 0;
  g_string_append_printf(out, "%d, %d, %d\n0", (int)m->rows, (int)m->cols, (int)cs3_mask_nnz(m));
  for (gint64 i = 0; i < m->rows; i++) {
    for (gint64 j = 0; j < m->cols; j++)
      if (cs3_mask_alive(m, i, j)) {
        g_string_append_printf(columns, "%d ", (int)j);
        n++;
      }
    g_string_append_printf(out, " %d", (int)n);
  }
  g_string_append_printf(out, "\n%s\n", columns->str);
}

typedef struct {
  const char *field, *symmetry;
  gboolean array;
} MtxKind;

static const MtxKind mtx_kinds[] = {
    {"pattern", "general", FALSE}, {"real", "general", FALSE},      {"integer", "symmetric", FALSE},
    {"real", "general", TRUE},     {"pattern", "symmetric", FALSE}, {"real", "symmetric", TRUE},
};

/* Values: alive 0.5, dead 0 (listed too, when there are values: such a weight is a zero). */
static void write_mtx_entry(const Cs3Mask *m, const MtxKind *kind, gint64 i, gint64 j,
                            GString *out) {
  gboolean alive = cs3_mask_alive(m, i, j), integer = g_str_equal(kind->field, "integer");
  const char *value = !alive ? "0" : integer ? "-3" : "5e-1";
  if (kind->array)
    g_string_append_printf(out, "%s\n", value);
  else if (!g_str_equal(kind->field, "pattern"))
    g_string_append_printf(out, "%d %d %s\n", (int)i + 1, (int)j + 1, value);
  else if (alive)
    g_string_append_printf(out, "%d %d\n", (int)i + 1, (int)j + 1);
}

static void write_mtx(const Cs3Mask *m, const MtxKind *kind, GString *out) {
  gboolean symmetric = g_str_equal(kind->symmetry, "symmetric");
  g_autoptr(GString) body = g_string_new(NULL);
  for (gint64 j = 0; j < m->cols; j++)
    for (gint64 i = symmetric ? j : 0; i < m->rows; i++)
      write_mtx_entry(m, kind, i, j, body);
  int entries = 0;
  for (const char *c = body->str; *c != '\0'; c++)
    entries += *c == '\n';
  g_string_append_printf(out, "%%%%MatrixMarket matrix %s %s %s\n%% a comment\n%d %d",
                         kind->array ? "array" : "coordinate", kind->field, kind->symmetry,
                         (int)m->rows, (int)m->cols);
  if (!kind->array)
    g_string_append_printf(out, " %d", entries);
  g_string_append_printf(out, "\n%s", body->str);
}

/* A value of @bytes bytes: any non-zero one, or a zero, of either sign where there is one. */
static void append_value(GString *out, guint bytes, gboolean is_float, gboolean alive,
                         GRand *rand) {
  char value[8] = {0};
  if (alive)
    value[g_rand_int_range(rand, 0, (gint32)bytes)] = 0x21;
  if (is_float && g_rand_boolean(rand))
    value[bytes - 1] = (char)(value[bytes - 1] | 0x80);
  g_string_append_len(out, value, bytes);
}

static const struct {
  const char *name;
  guint bytes;
  gboolean is_float;
} dtypes[] = {{"F16", 2, TRUE}, {"BF16", 2, TRUE},  {"F32", 4, TRUE},     {"F64", 8, TRUE},
              {"I8", 1, FALSE}, {"BOOL", 1, FALSE}, {"F8_E4M3", 1, TRUE}, {"F8_E5M2", 1, TRUE}};

/* Eight bytes of another tensor come first. */
static void write_safetensors(const Cs3Mask *m, guint dtype, GRand *rand, GString *out) {
  guint bytes = dtypes[dtype].bytes;
  g_autoptr(GString) values = g_string_new("12345678");
  for (gint64 i = 0; i < m->rows; i++)
    for (gint64 j = 0; j < m->cols; j++)
      append_value(values, bytes, dtypes[dtype].is_float, cs3_mask_alive(m, i, j), rand);
  g_autofree char *header = g_strdup_printf(
      "{\"__metadata__\":{\"format\":\"pt\"},\"bias\":{\"dtype\":\"F32\",\"shape\":[2],"
      "\"data_offsets\":[0,8]},\"w\":{\"dtype\":\"%s\",\"shape\":[%d,%d],\"data_offsets\":[8,%d]}}",
      dtypes[dtype].name, (int)m->rows, (int)m->cols, (int)values->len);
  fixture_safetensors(out, header, values);
}

static void assert_reads_back(const Cs3Mask *mask, const char *suffix, const GString *text) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Mask) back = read_bytes(suffix, text->str, text->len, NULL, &error);
  ck_assert_msg(back != NULL, "%s", error ? error->message : "");
  ck_assert(back->rows == mask->rows && back->cols == mask->cols);
  ck_assert_mem_eq(back->bits, mask->bits, (gsize)(mask->rows * mask->stride) * 8);
}

START_TEST(test_round_trip) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  for (guint i = 0; i < 40; i++) {
    const MtxKind *kind = &mtx_kinds[i % G_N_ELEMENTS(mtx_kinds)];
    g_autoptr(Cs3Mask) mask = random_mask(rand, g_str_equal(kind->symmetry, "symmetric"));
    g_autoptr(GString) smtx = g_string_new(NULL), mtx = g_string_new(NULL),
                       safetensors = g_string_new(NULL);
    write_smtx(mask, smtx);
    assert_reads_back(mask, ".smtx", smtx);
    write_mtx(mask, kind, mtx);
    assert_reads_back(mask, ".MTX", mtx);
    write_safetensors(mask, i % G_N_ELEMENTS(dtypes), rand, safetensors);
    assert_reads_back(mask, ".safetensors", safetensors);
  }
}
END_TEST

static const struct {
  const char *suffix, *text;
  int code;
  const char *message;
} bad[] = {
    {".smtx", "", CS3_WORKLOAD_ERROR_DATA, ":1: the file ends before the number of rows"},
    {".smtx", "0, 4, 5\n", CS3_WORKLOAD_ERROR_DATA, "the number of rows is '0': expected"},
    {".smtx", "2, 2, 5\n", CS3_WORKLOAD_ERROR_DATA, "the number of non-zeros is '5'"},
    {".smtx", "2, 2, 1\n0 2 1\n0\n", CS3_WORKLOAD_ERROR_DATA, ":2: row offset is '2'"},
    {".smtx", "2, 2, 2\n0 1 1\n0 0\n", CS3_WORKLOAD_ERROR_DATA, ":2: row offset is '1'"},
    {".smtx", "2, 2, 2\n0 1 2\n0 2\n", CS3_WORKLOAD_ERROR_DATA, ":3: column index is '2'"},
    {".smtx", "2, 2, 2\n0 2 2\n0 0\n", CS3_WORKLOAD_ERROR_DATA, "(0, 0) is listed twice"},
    {".smtx", "2, 2, 2\n0 1 2\n0\n", CS3_WORKLOAD_ERROR_DATA, "ends before column index"},
    {".smtx", "2, 2, 1\n0 1 1\n0\n7\n", CS3_WORKLOAD_ERROR_DATA, ":4: what follows"},
    {".smtx", "2, 2, 1\n0 1 1x\n0\n", CS3_WORKLOAD_ERROR_DATA, "row offset is '1x'"},
    {".smtx", "2, 2, 0\n0 0 0\n", CS3_WORKLOAD_ERROR_DATA, "all of its 2 x 2 weights are zero"},
    {".smtx", "2, 20000000, 0\n", CS3_WORKLOAD_ERROR_DATA, "from 1 to 16777216"},
    {".smtx", "12000000, 64, 0\n0", CS3_WORKLOAD_ERROR_DATA,
     "the number of row offsets is 12000001, but the 2 bytes that follow hold at most 1"},
    {".smtx", "2, 64, 100\n0 1 2\n", CS3_WORKLOAD_ERROR_DATA,
     "row offsets and non-zeros is 103, but"},
    {".mtx", "2 2 1\n1 1\n", CS3_WORKLOAD_ERROR_DATA, ":1: '2 2 1' is no Matrix Market banner"},
    {".mtx", "%%MatrixMarket matrix coordinate complex general\n", CS3_WORKLOAD_ERROR_DATA,
     "coordinate complex general' cannot be read (coordinate or array"},
    {".mtx", "%%MatrixMarket matrix array pattern general\n", CS3_WORKLOAD_ERROR_DATA,
     "an array needs values"},
    {".mtx", "%%MatrixMarket matrix coordinate pattern skew-symmetric\n", CS3_WORKLOAD_ERROR_DATA,
     "without values nothing has a sign"},
    {".mtx", "%%MatrixMarket\tmatrix vector real\n", CS3_WORKLOAD_ERROR_DATA,
     ":1: '%%MatrixMarket?matrix vector real' is no Matrix Market banner"},
    {".mtx", "%%MatrixMarket matrix coordinate real general\n2 2 4\n1 1 1\n",
     CS3_WORKLOAD_ERROR_DATA, ":2: the number of entries is 4, but the 7 bytes that follow"},
    {".mtx", "%%MatrixMarket matrix array real general\n4000 4000\n1\n", CS3_WORKLOAD_ERROR_DATA,
     "the number of entries is 16000000, but"},
    {".mtx", "%%MatrixMarket matrix coordinate real skew-symmetric\n2 2 2\n1 1 5\n2 1 5\n",
     CS3_WORKLOAD_ERROR_DATA, ":3: entry (1, 1) is on the diagonal"},
    {".mtx", "%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1 1 % late\n% end\n1\n",
     CS3_WORKLOAD_ERROR_DATA, ":5: what follows the last entry is '1'"},
    {".mtx", "%%MatrixMarket matrix coordinate pattern general\n%\n2 2 1\n0 1\n",
     CS3_WORKLOAD_ERROR_DATA, ":4: row index is '0': expected a whole number from 1 to 2"},
    {".mtx", "%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1 nan\n",
     CS3_WORKLOAD_ERROR_DATA, ":3: value is 'nan': expected a finite number"},
    {".mtx", "%%MatrixMarket matrix coordinate real symmetric\n2 3 1\n", CS3_WORKLOAD_ERROR_DATA,
     "the number of columns is '3': expected a whole number from 2 to 2"},
    {".mtx", "%%MatrixMarket matrix coordinate pattern symmetric\n2 2 2\n1 2\n2 1\n",
     CS3_WORKLOAD_ERROR_DATA, ":4: weight (2, 1) is listed twice"},
    {".safetensors", "tiny", CS3_WORKLOAD_ERROR_DATA, "does not fit its 4 bytes"},
    {".csv", "1\n", CS3_WORKLOAD_ERROR_INVALID, "must end in .smtx, .mtx, .npz, .safetensors"},
    {".safetensors.index.json", "{}", CS3_WORKLOAD_ERROR_DATA, "has no weight_map"},
};

START_TEST(test_bad_files) {
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(read_bytes(bad[_i].suffix, bad[_i].text, strlen(bad[_i].text), NULL, &error));
  fixture_error_in(error, CS3_WORKLOAD_ERROR, bad[_i].code, bad[_i].message);
}
END_TEST

/* Blanks of every kind where writers put them, comments anywhere, and what scipy calls bytes. */
static const char *const spellings[] = {
    "%%MatrixMarket matrix coordinate  real general\n2 3 2\n2 3 1.5\n1 1 2\n",
    "%%MatrixMarket\tmatrix\tcoordinate\treal\tgeneral\n2\t3\t2\n2\t3\t1\n1\t1\t2\n",
    "%%MatrixMarket matrix coordinate real general \t\r\n2 3 2\r\n2 3 1\r\n1 1 2\r\n",
    "\xef\xbb\xbf %%matrixmarket MATRIX Coordinate Integer General\n\n  2 3 2\n  2 3 1\n 1 1 2",
    "%%MatrixMarket matrix coordinate unsigned-integer general\n%\n2 3 2\n%\n2 3 1\n\t% c\n1 1 2 "
    "%d\n%",
    "%%MatrixMarket matrix array real general\n %\n2 3\n1\n0\n% late\n0\n0\n0\n1\n\n",
};

START_TEST(test_mtx_spellings) {
  g_autoptr(GError) error = NULL;
  const char *text = spellings[_i];
  g_autoptr(Cs3Mask) mask = read_bytes(".mtx", text, strlen(text), NULL, &error);
  ck_assert_msg(mask != NULL, "%s", error ? error->message : "");
  ck_assert(mask->rows == 2 && mask->cols == 3 && cs3_mask_nnz(mask) == 2);
  ck_assert(cs3_mask_alive(mask, 0, 0) && cs3_mask_alive(mask, 1, 2));
}
END_TEST

#define W "\"w\":{\"dtype\":\"F16\",\"shape\":[2,2],\"data_offsets\":[0,8]}"
static const struct {
  const char *header, *tensor;
  int code;
  const char *message;
} bad_tensors[] = {
    {"{" W "}", "v", CS3_WORKLOAD_ERROR_INVALID, "holds no tensor 'v'"},
    {"{" W ",\"v\":{\"dtype\":\"F16\",\"shape\":[0,2],\"data_offsets\":[8,8]}}", NULL,
     CS3_WORKLOAD_ERROR_INVALID, "holds 2 matrices; choose one with --tensor: v, w"},
    {"{" W ",\"v\":{\"dtype\":\"U8\",\"shape\":[2,2],\"data_offsets\":[4,8]}}", NULL,
     CS3_WORKLOAD_ERROR_DATA, "w and v overlap"},
    {"{" W "," W "}", NULL, CS3_WORKLOAD_ERROR_DATA, "w: is there twice"},
    {"{\"w\":{\"dtype\":\"U8\",\"shape\":[2,4],\"data_offsets\":[0,8]}}", NULL,
     CS3_WORKLOAD_ERROR_DATA, "w: 8 of its U8 values are neither 0 nor 1"},
    {"{\"w\":{\"dtype\":\"I32\",\"shape\":[1,2],\"data_offsets\":[0,8]}}", NULL,
     CS3_WORKLOAD_ERROR_DATA, "w: 2 of its I32 values are neither 0 nor 1"},
    {"{\"a.qweight\":{\"dtype\":\"I32\",\"shape\":[1,1],\"data_offsets\":[0,4]},\"a.qzeros\":"
     "{\"dtype\":\"I32\",\"shape\":[1,1],\"data_offsets\":[4,8]}}",
     "a.qzeros", CS3_WORKLOAD_ERROR_DATA,
     "a.qweight: packed integers without zero points and scales"},
    {"{\"a.weight_scale\":{\"dtype\":\"F16\",\"shape\":[2,2],\"data_offsets\":[0,8]}}",
     "a.weight_scale", CS3_WORKLOAD_ERROR_DATA, "belongs to packed weights"},
    {"{\"a.weight\":{\"dtype\":\"U8\",\"shape\":[4,1],\"data_offsets\":[0,4]},"
     "\"a.weight.absmax\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}}",
     NULL, CS3_WORKLOAD_ERROR_DATA, "a.weight: packed 4-bit weights (bitsandbytes"},
    {"{\"a.weight\":{\"dtype\":\"U8\",\"shape\":[4,1],\"data_offsets\":[0,4]},"
     "\"a.weight_scale\":{\"dtype\":\"F8_E4M3\",\"shape\":[4,1],\"data_offsets\":[4,8]}}",
     NULL, CS3_WORKLOAD_ERROR_DATA, "a.weight: packed 4-bit weights (NVFP4)"},
    {"{\"a.bitmask\":{\"dtype\":\"U8\",\"shape\":[4,1],\"data_offsets\":[0,4]},"
     "\"a.compressed\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[4,8]}}",
     NULL, CS3_WORKLOAD_ERROR_DATA, "a: expected its two dimensions in a.shape"},
    {"{\"w\":{\"dtype\":\"F16\",\"shape\":[2,2],\"data_offsets\":[0,9]}}", NULL,
     CS3_WORKLOAD_ERROR_DATA, "do not fit"},
    {"{" W "} x", NULL, CS3_WORKLOAD_ERROR_DATA, "byte 57: expected nothing more"},
    {"{" W "; ", NULL, CS3_WORKLOAD_ERROR_DATA, "byte 55: expected ','"},
    {"{\"b\":{\"dtype\":\"F16\",\"shape\":[4],\"data_offsets\":[0,8]}}", NULL,
     CS3_WORKLOAD_ERROR_DATA, "holds no matrix"},
    {"{\"w\":{\"dtype\":\"F16\",\"shape\":[4],\"data_offsets\":[0,8]}}", "w",
     CS3_WORKLOAD_ERROR_DATA, "w: not a matrix"},
    {"{\"w\":{\"dtype\":\"F8_E8M0\",\"shape\":[2,2],\"data_offsets\":[0,8]}}", NULL,
     CS3_WORKLOAD_ERROR_DATA, "dtype 'F8_E8M0' is not known"},
    {"{\"w\":{\"dtype\":\"F16\",\"shape\":[2,2],\"data_offsets\":[0,10]}}", NULL,
     CS3_WORKLOAD_ERROR_DATA, "do not fit"},
    {"{\"w\":{\"dtype\":\"F16\",\"shape\":[2,-2],\"data_offsets\":[0,8]}}", NULL,
     CS3_WORKLOAD_ERROR_DATA, "do not fit"},
    {"{\"w\":{\"dtype\":\"F16\",\"shape\":[2147483647,2147483647],\"data_offsets\":[0,8]}}", NULL,
     CS3_WORKLOAD_ERROR_DATA, "do not fit"},
    {"{\"w\":{\"dtype\":\"F16\",\"shape\":[2,2],\"data_offsets\":[8,16]}}", NULL,
     CS3_WORKLOAD_ERROR_DATA, "do not fit"},
    {"{" W, NULL, CS3_WORKLOAD_ERROR_DATA, "header, byte 55: expected ','"},
};

START_TEST(test_bad_tensors) {
  g_autoptr(GString) values = g_string_new("12345678"), file = g_string_new(NULL);
  fixture_safetensors(file, bad_tensors[_i].header, values);
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(
      read_bytes(".safetensors", file->str, file->len, bad_tensors[_i].tensor, &error));
  fixture_error_in(error, CS3_WORKLOAD_ERROR, bad_tensors[_i].code, bad_tensors[_i].message);
}
END_TEST

/* A header that claims to be longer than the file. */
START_TEST(test_header_beyond_file) {
  const char bytes[] = "\xff\xff\xff\xff\xff\xff\xff\xff{}";
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(read_bytes(".safetensors", bytes, sizeof bytes - 1, NULL, &error));
  fixture_error_in(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA, "header's length");
}
END_TEST

/* The format's own limit: a header of one byte more is refused before it is read. */
START_TEST(test_header_limit) {
  g_autofree char *path = temporary(".safetensors");
  guint64 length = GUINT64_TO_LE(100000001);
  g_autoptr(GError) error = NULL;
  ck_assert(g_file_set_contents(path, (const char *)&length, sizeof length, NULL));
  ck_assert_int_eq(truncate(path, 100000100), 0);
  ck_assert_ptr_null(cs3_mask_read(path, &(Cs3MaskChoice){0}, &error));
  fixture_error_in(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
                   "the format allows 100000000");
  discard(path);
}
END_TEST

/* Hugging Face's GPT-2 stores input x output features under names that others use the other way. */
static const struct {
  const char *name;
  int rows, cols;
  gboolean turned;
} orientations[] = {
    {"h.0.attn.c_attn.weight", 8, 24, TRUE},
    {"transformer.h.3.mlp.c_fc.weight", 8, 32, TRUE},
    {"h.0.mlp.c_proj.weight", 32, 8, TRUE},
    {"h.0.attn.c_proj.weight", 8, 8, TRUE},
    {"transformer.h.0.attn.c_attn.weight", 12, 8, FALSE}, /* GPT-BigCode */
    {"visual.transformer.resblocks.0.mlp.c_fc.weight", 32, 8, FALSE},
    {"visual.transformer.resblocks.0.mlp.c_proj.weight", 8, 32, FALSE},
    {"decoder.layers.0.fc1.kernel", 8, 32, TRUE},
    {"model.layers.0.mlp.up_proj.weight", 8, 32, FALSE},
};

START_TEST(test_orientation) {
  g_autoptr(GString) file = g_string_new(NULL), values = g_string_new(NULL);
  int rows = orientations[_i].rows, cols = orientations[_i].cols;
  for (int i = 0; i < rows * cols; i++)
    g_string_append_c(values, i == cols - 1); /* the last of the first row */
  g_autofree char *header =
      g_strdup_printf("{\"%s\":{\"dtype\":\"I8\",\"shape\":[%d,%d],\"data_offsets\":[0,%d]}}",
                      orientations[_i].name, rows, cols, rows * cols);
  fixture_safetensors(file, header, values);
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Mask) mask = read_bytes(".safetensors", file->str, file->len, NULL, &error);
  ck_assert_msg(mask != NULL, "%s", error ? error->message : "");
  gboolean turned = orientations[_i].turned;
  ck_assert_int_eq(mask->rows, turned ? cols : rows);
  ck_assert_int_eq(mask->cols, turned ? rows : cols);
  ck_assert(turned ? cs3_mask_alive(mask, cols - 1, 0) : cs3_mask_alive(mask, 0, cols - 1));
  ck_assert_int_eq(cs3_mask_nnz(mask), 1);
}
END_TEST

/* compressed-tensors' bit masks: values of 8 or 16 bits, some of them zero, which are not alive. */
static void write_bitmask(const Cs3Mask *m, guint bytes, gboolean damaged, GRand *rand,
                          GString *out) {
  g_autoptr(GString) bits = g_string_new(NULL), values = g_string_new(NULL),
                     offsets = g_string_new(NULL);
  gint64 row_bytes = (m->cols + 7) / 8, extent[2] = {GINT64_TO_LE(m->rows), GINT64_TO_LE(m->cols)};
  for (gint64 i = 0; i < m->rows; i++) {
    gint64 offset = GINT64_TO_LE((gint64)(values->len / bytes));
    g_string_append_len(offsets, (const char *)&offset, sizeof offset);
    g_string_set_size(bits, (gsize)((i + 1) * row_bytes));
    memset(bits->str + i * row_bytes, 0, (gsize)row_bytes);
    for (gint64 j = 0; j < m->cols; j++) {
      gboolean alive = cs3_mask_alive(m, i, j);
      if (!alive && g_rand_int_range(rand, 0, 4) > 0)
        continue;
      bits->str[i * row_bytes + j / 8] |= (char)(1 << j % 8);
      append_value(values, bytes, TRUE, alive, rand);
    }
  }
  int a = 16, b = a + (int)bits->len, c = b + (int)offsets->len, d = c + (int)values->len;
  g_autofree char *header = g_strdup_printf(
      "{\"w.shape\":{\"dtype\":\"I64\",\"shape\":[2,1],\"data_offsets\":[0,16]},"
      "\"w.bitmask\":{\"dtype\":\"U8\",\"shape\":[%d,%d],\"data_offsets\":[16,%d]},"
      "\"w.row_offsets\":{\"dtype\":\"I64\",\"shape\":[%d],\"data_offsets\":[%d,%d]},"
      "\"w.compressed\":{\"dtype\":\"%s\",\"shape\":[%d],\"data_offsets\":[%d,%d]}}",
      (int)m->rows, (int)row_bytes, b, (int)m->rows, b, c, bytes == 1 ? "F8_E5M2" : "F16",
      (d - c) / (int)bytes, c, d);
  if (damaged)
    offsets->str[offsets->len - 8] ^= 1;
  g_string_prepend_len(offsets, bits->str, (gssize)bits->len);
  g_string_prepend_len(offsets, (const char *)extent, sizeof extent);
  g_string_append_len(offsets, values->str, (gssize)values->len);
  fixture_safetensors(out, header, offsets);
}

START_TEST(test_bitmask) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  for (guint i = 0; i < 20; i++) {
    g_autoptr(Cs3Mask) mask = random_mask(rand, FALSE);
    g_autoptr(GString) file = g_string_new(NULL), broken = g_string_new(NULL);
    write_bitmask(mask, 1 + i % 2, FALSE, rand, file);
    assert_reads_back(mask, ".safetensors", file);
    write_bitmask(mask, 1 + i % 2, TRUE, rand, broken);
    g_autoptr(GError) error = NULL;
    ck_assert_ptr_null(read_bytes(".safetensors", broken->str, broken->len, "w", &error));
    fixture_error_in(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
                     "w.row_offsets does not agree with the bit mask");
  }
}
END_TEST

/* Streamed counts are the sums of the mask, for any number of threads and more rows than the bit
 * planes hold. */
START_TEST(test_counts) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  g_autoptr(Cs3Mask) mask = cs3_mask_new(70000, 9, NULL);
  for (gint64 i = 0; i < mask->rows; i++)
    for (gint64 j = 0; j < mask->cols; j++)
      if (g_rand_int_range(rand, 0, 9) >= j)
        cs3_mask_set(mask, i, j);
  g_autoptr(GString) file = g_string_new(NULL);
  write_safetensors(mask, _i % G_N_ELEMENTS(dtypes), rand, file);
  g_autofree char *path = temporary(".safetensors");
  ck_assert(g_file_set_contents(path, file->str, (gssize)file->len, NULL));
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Checkpoint) checkpoint = cs3_checkpoint_open(path, NULL, &error);
  ck_assert_msg(checkpoint != NULL, "%s", error ? error->message : "");
  g_autoptr(Cs3Weight) weight = cs3_weight_find(checkpoint, "w", &error);
  g_auto(Cs3WeightCounts) counts = {0};
  ck_assert(cs3_weight_count(weight, FALSE, 1 + (guint)_i, &counts, &error));
  g_autofree guint32 *by_col = g_new0(guint32, mask->cols);
  for (gint64 i = 0; i < mask->rows; i++) {
    guint32 live = 0;
    for (gint64 j = 0; j < mask->cols; j++) {
      live += cs3_mask_alive(mask, i, j);
      by_col[j] += cs3_mask_alive(mask, i, j);
    }
    ck_assert_uint_eq(counts.by_row[i], live);
  }
  ck_assert_mem_eq(counts.by_col, by_col, (gsize)mask->cols * sizeof *by_col);
  ck_assert(counts.rows == mask->rows && counts.cols == mask->cols);
  ck_assert_int_eq(counts.live, cs3_mask_nnz(mask));
  discard(path);
}
END_TEST

/* NaN, 1, -0, NaN in half precision. */
START_TEST(test_nan) {
  g_autoptr(GString) values = g_string_new_len("\x01\x7c\x00\x3c\x00\x80\xff\xff", 8);
  g_autoptr(GString) file = g_string_new(NULL);
  fixture_safetensors(file, "{" W "}", values);
  g_autofree char *path = temporary(".safetensors");
  ck_assert(g_file_set_contents(path, file->str, (gssize)file->len, NULL));
  g_autoptr(GError) error = NULL, unused = NULL;
  ck_assert_ptr_null(cs3_mask_read(path, &(Cs3MaskChoice){0}, &error));
  fixture_error_in(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
                   "w: 2 of its F16 values are NaN");
  g_autoptr(Cs3Mask) mask = cs3_mask_read(path, &(Cs3MaskChoice){.nan_masked = TRUE}, &unused);
  ck_assert_msg(mask != NULL, "%s", unused ? unused->message : "");
  ck_assert(cs3_mask_nnz(mask) == 1 && cs3_mask_alive(mask, 0, 1));
  discard(path);
}
END_TEST

START_TEST(test_index) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  g_autoptr(Cs3Mask) mask = random_mask(rand, FALSE);
  g_autoptr(GString) shard = g_string_new(NULL);
  write_safetensors(mask, 1, rand, shard);
  g_autofree char *path = temporary(".safetensors");
  g_autofree char *index = g_strconcat(path, ".index.json", NULL);
  g_autofree char *name = g_path_get_basename(path);
  g_autofree char *text = g_strdup_printf(
      "{\"weight_map\":{\"w\":\"%s\",\"lost\":\"n.safetensors\",\"out\":\"../m.safetensors\"}}",
      name);
  ck_assert(g_file_set_contents(path, shard->str, (gssize)shard->len, NULL));
  ck_assert(g_file_set_contents(index, text, -1, NULL));
  g_autoptr(GError) error = NULL, lost = NULL, out = NULL;
  g_autoptr(Cs3Mask) back = cs3_mask_read(index, &(Cs3MaskChoice){.tensor = "w"}, &error);
  ck_assert_msg(back != NULL, "%s", error ? error->message : "");
  ck_assert_int_eq(cs3_mask_nnz(back), cs3_mask_nnz(mask));
  ck_assert_ptr_null(cs3_mask_read(index, &(Cs3MaskChoice){.tensor = "lost"}, &lost));
  fixture_error_in(lost, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_NO_INPUT, "n.safetensors");
  ck_assert_ptr_null(cs3_mask_read(index, &(Cs3MaskChoice){.tensor = "out"}, &out));
  fixture_error_in(out, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA, "is not beside the index");
  g_autofree char *folder = g_path_get_dirname(path);
  g_autoptr(GError) whole = NULL;
  g_remove(index);
  g_autoptr(Cs3Mask) lone = cs3_mask_read(folder, &(Cs3MaskChoice){0}, &whole);
  ck_assert_msg(lone != NULL, "%s", whole ? whole->message : "");
  ck_assert_int_eq(cs3_mask_nnz(lone), cs3_mask_nnz(mask));
  discard(path);
}
END_TEST

START_TEST(test_name_without_tensors) {
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(read_bytes(".smtx", "1, 1, 1\n0 1\n0\n", 14, "w", &error));
  fixture_error_in(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID, "cannot be chosen");
}
END_TEST

/* --- compressed rows and columns in a safetensors file ------------------------------------------
 */

/* @wide: I64 indices. Values are F32, one of them minus zero, which is no weight. */
static void write_csr(const Cs3Mask *m, gboolean by_column, gboolean wide, GString *out) {
  g_autoptr(GString) lines = g_string_new(NULL), at = g_string_new(NULL),
                     values = g_string_new(NULL), header = g_string_new("{");
  gint64 n_lines = by_column ? m->cols : m->rows, width = by_column ? m->rows : m->cols, n = 0;
  gsize size = wide ? 8 : 4;
  for (gint64 line = 0; line <= n_lines; line++) {
    gint64 begin = GINT64_TO_LE(n);
    g_string_append_len(lines, (const char *)&begin, (gssize)size);
    for (gint64 k = 0; line < n_lines && k < width; k++) {
      gboolean alive = by_column ? cs3_mask_alive(m, k, line) : cs3_mask_alive(m, line, k);
      gint64 index = GINT64_TO_LE(k);
      if (!alive && (line + k) % 5 != 0)
        continue;
      g_string_append_len(at, (const char *)&index, (gssize)size);
      g_string_append_len(values, alive ? "\0\0\x80\xbf" : "\0\0\0\x80", 4);
      n++;
    }
  }
  const gint64 shape[] = {GINT64_TO_LE(m->rows), GINT64_TO_LE(m->cols)};
  const struct {
    const char *name, *dtype;
    gint64 n;
    const GString *bytes;
  } parts[] = {
      {by_column ? "w.ccol_indices" : "w.crow_indices", wide ? "I64" : "I32", n_lines + 1, lines},
      {by_column ? "w.row_indices" : "w.col_indices", wide ? "I64" : "I32", n, at},
      {"w.values", "F32", n, values},
  };
  g_autoptr(GString) all = g_string_new(NULL);
  for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
    g_string_append_printf(
        header, "\"%s\":{\"dtype\":\"%s\",\"shape\":[%d],\"data_offsets\":[%d,%d]},", parts[i].name,
        parts[i].dtype, (int)parts[i].n, (int)all->len, (int)(all->len + parts[i].bytes->len));
    g_string_append_len(all, parts[i].bytes->str, (gssize)parts[i].bytes->len);
  }
  g_string_append_printf(header,
                         "\"w.shape\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[%d,%d]}}",
                         (int)all->len, (int)all->len + 16);
  g_string_append_len(all, (const char *)shape, sizeof shape);
  fixture_safetensors(out, header->str, all);
}

START_TEST(test_csr) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  for (int i = 0; i < 20; i++) {
    g_autoptr(Cs3Mask) mask = random_mask(rand, FALSE);
    g_autoptr(GString) file = g_string_new(NULL);
    write_csr(mask, _i % 2, _i / 2, file);
    assert_reads_back(mask, ".safetensors", file);
    /* A number of an index changed: refused, or another mask of the same shape. */
    gsize place = file->len - 1 - (gsize)g_rand_int_range(rand, 0, (gint32)MIN(file->len, 200));
    g_autoptr(GString) broken = g_string_new_len(file->str, (gssize)file->len);
    broken->str[place] ^= 0x41;
    cs3_mask_free(read_bytes(".safetensors", broken->str, broken->len, NULL, NULL));
  }
}
END_TEST

/* Files that SciPy 1.10 wrote: weights (0, 1), (0, 4), (1, 0), (2, 2), (2, 3) of 3 x 5; by rows, of
 * floating point numbers, with minus zero at (0, 4), and by columns, of integers, stored. */
START_TEST(test_npz) {
  static const char *const files[] = {"csr.npz", "csc.npz"};
  static const char *const rows[][3] = {{"01000", "10000", "00110"}, {"01001", "10000", "00110"}};
  g_autofree char *path =
      g_build_filename(g_getenv("CS3SIM_SRCDIR"), "tests", "data", files[_i], NULL);
  g_autoptr(GError) error = NULL;
  Cs3MaskChoice choice = {0};
  g_autoptr(Cs3Mask) mask = cs3_mask_read(path, &choice, &error);
  ck_assert_msg(mask != NULL, "%s", error ? error->message : "");
  ck_assert(mask->rows == 3 && mask->cols == 5);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 5; j++)
      ck_assert_int_eq(cs3_mask_alive(mask, i, j), rows[_i][i][j] == '1');
  /* Cut off or changed anywhere, the file is refused or holds some mask; nothing worse. */
  g_autofree char *bytes = NULL;
  gsize length;
  ck_assert(g_file_get_contents(path, &bytes, &length, NULL));
  for (gsize n = 0; n < length; n += 7)
    ck_assert_ptr_null(read_bytes(".npz", bytes, n, NULL, NULL));
  for (gsize n = 0; n < length; n += 3) {
    g_autofree char *changed = g_memdup2(bytes, length);
    changed[n] ^= 0x55;
    cs3_mask_free(read_bytes(".npz", changed, length, NULL, NULL));
  }
}
END_TEST

/* What is written is read back, weight by weight; no format takes rows for columns. */
START_TEST(test_written) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  guint formats = 0;
  for (const Cs3MaskFormat *const *f = cs3_mask_formats(); *f != NULL; f++) {
    formats += (*f)->write != NULL;
    for (int i = 0; (*f)->write != NULL && i < 10; i++) {
      g_autoptr(Cs3Mask) mask = random_mask(rand, FALSE);
      g_autofree char *path = temporary((*f)->suffix);
      g_autoptr(GError) error = NULL;
      Cs3Output *output = cs3_output_new(path, &error);
      ck_assert(output != NULL && cs3_mask_write(mask, path, "a \"b\"", output, &error) &&
                cs3_output_finish(output, &error));
      cs3_output_free(output);
      Cs3MaskChoice choice = {.tensor = (*f)->tensors && i % 2 ? "a \"b\"" : NULL};
      g_autoptr(Cs3Mask) back = cs3_mask_read(path, &choice, &error);
      ck_assert_msg(back != NULL, "%s", error ? error->message : "");
      ck_assert(back->rows == mask->rows && back->cols == mask->cols);
      ck_assert_mem_eq(back->bits, mask->bits, (gsize)(mask->rows * mask->stride) * 8);
      discard(path);
    }
  }
  ck_assert_uint_eq(formats, 4);
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("mask-file");
  TCase *t = tcase_create("mask-file");
  tcase_add_test(t, test_round_trip);
  tcase_add_test(t, test_written);
  tcase_add_loop_test(t, test_bad_files, 0, G_N_ELEMENTS(bad));
  tcase_add_loop_test(t, test_mtx_spellings, 0, G_N_ELEMENTS(spellings));
  tcase_add_loop_test(t, test_bad_tensors, 0, G_N_ELEMENTS(bad_tensors));
  tcase_add_test(t, test_header_beyond_file);
  tcase_add_test(t, test_header_limit);
  tcase_add_loop_test(t, test_orientation, 0, G_N_ELEMENTS(orientations));
  tcase_add_test(t, test_bitmask);
  tcase_add_loop_test(t, test_csr, 0, 4);
  tcase_add_loop_test(t, test_npz, 0, 2);
  tcase_add_loop_test(t, test_counts, 0, 4);
  tcase_add_test(t, test_nan);
  tcase_add_test(t, test_index);
  tcase_add_test(t, test_name_without_tensors);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  return fixture_run(suite());
}
