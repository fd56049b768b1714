/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Weights in HDF5 files as the Model Zoo writes them. tests/data/zoo.h5 was written by h5py 3.7
 * with the filter plugin LZ4 of Debian 12, as h5_saver does; the others are written here, by
 * libhdf5. */
#include "config.h"

#include "tests/unit/workload-fixture.h"

#include <glib/gstdio.h>
#include <hdf5.h>

#include "workloads/tensor-count.h"
#include "workloads/weight-set.h"

/* --- the real file ---------------------------------------------------------------------------- */

static const struct {
  const char *name;
  gint64 rows, cols, k;
} zoo[] = {
    {"model.a.weight", 50, 130, 0},   /* F32, LZ4 */
    {"model.b/c.weight", 33, 70, 1},  /* bfloat16, LZ4 */
    {"model.half.weight", 20, 31, 2}, /* F16, in one piece */
    {"model.gz.weight", 40, 64, 3},   /* F16, gzip and shuffle, chunks of 7 x 13 */
};

START_TEST(test_model_zoo) {
  g_autoptr(GError) error = NULL;
  g_autofree char *path =
      g_build_filename(g_getenv("CS3SIM_SRCDIR"), "tests", "data", "zoo.h5", NULL);
  g_autoptr(Cs3Checkpoint) checkpoint = cs3_checkpoint_open(path, NULL, &error);
  ck_assert_msg(checkpoint != NULL, "%s", error ? error->message : "");
  for (guint n = 0; n < G_N_ELEMENTS(zoo); n++) {
    g_autoptr(Cs3Weight) weight = cs3_weight_find(checkpoint, zoo[n].name, &error);
    ck_assert_ptr_nonnull(weight);
    g_autoptr(Cs3Mask) mask = cs3_weight_mask(weight, FALSE, &error);
    ck_assert_msg(mask != NULL, "%s", error ? error->message : "");
    ck_assert(mask->rows == zoo[n].rows && mask->cols == zoo[n].cols);
    for (gint64 i = 0; i < mask->rows; i++)
      for (gint64 j = 0; j < mask->cols; j++)
        ck_assert_int_eq(cs3_mask_alive(mask, i, j), (i * 7 + j * 3 + zoo[n].k) % 11 < 4);
  }
  g_autoptr(Cs3Weight) constant = cs3_weight_find(checkpoint, "model.full.weight", &error);
  ck_assert_ptr_null(cs3_weight_mask(constant, FALSE, &error));
  fixture_error(error, CS3_WORKLOAD_ERROR_DATA, "model.full.weight: is a constant, or a link");
}
END_TEST

/* --- written here ----------------------------------------------------------------------------- */

typedef enum { ONE_PIECE, CHUNKS, DEFLATE, COMPACT, N_STORAGES } Storage;

typedef struct {
  hsize_t rows, cols;
  guint8 alive[64 * 96];
  guint kind; /* of number */
  Storage storage;
} Matrix;

enum { KIND_F32, KIND_F64, KIND_F16, KIND_BF16, KIND_I8, N_KINDS };

/* The value's bytes: 0 and, in floating point, -0 are zeros. */
static void append_value(GByteArray *bytes, guint kind, gboolean alive, gboolean odd) {
  float narrow = alive ? -1.5f : odd ? -0.0f : 0.0f;
  double wide = (double)narrow;
  guint32 bits;
  memcpy(&bits, &narrow, sizeof bits);
  guint16 half = alive ? 0x0001 : odd ? 0x8000 : 0, brain = (guint16)(bits >> 16);
  gint8 whole = alive ? -3 : 0;
  const gconstpointer from[] = {&narrow, &wide, &half, &brain, &whole};
  static const guint size[] = {4, 8, 2, 2, 1};
  g_byte_array_append(bytes, from[kind], size[kind]);
}

static hid_t number_type(guint kind) {
  hid_t half = H5Tcopy(H5T_IEEE_F32LE);
  if (kind == KIND_F16) {
    H5Tset_fields(half, 15, 10, 5, 0, 10);
    H5Tset_ebias(half, 15);
    H5Tset_size(half, 2);
    return half;
  }
  H5Tclose(half);
  const hid_t types[] = {H5T_IEEE_F32LE, H5T_IEEE_F64LE, 0, H5T_STD_U16LE, H5T_STD_I8LE};
  return H5Tcopy(types[kind]);
}

static hid_t storage_plist(const Matrix *m, GRand *rand) {
  hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
  hsize_t chunk[] = {(hsize_t)g_rand_int_range(rand, 1, (gint32)m->rows + 1),
                     (hsize_t)g_rand_int_range(rand, 1, (gint32)m->cols + 1)};
  if (m->storage == CHUNKS || m->storage == DEFLATE)
    H5Pset_chunk(plist, 2, chunk);
  if (m->storage == DEFLATE)
    H5Pset_deflate(plist, 4);
  if (m->storage == COMPACT)
    H5Pset_layout(plist, H5D_COMPACT);
  return plist;
}

static void write_matrix(hid_t file, const char *name, const Matrix *m, GRand *rand) {
  hsize_t dims[] = {m->rows, m->cols};
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  for (hsize_t i = 0; i < m->rows * m->cols; i++)
    append_value(bytes, m->kind, m->alive[i], i % 2);
  hid_t type = number_type(m->kind), space = H5Screate_simple(2, dims, NULL);
  hid_t plist = storage_plist(m, rand);
  hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
  ck_assert(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes->data) >= 0);
  hid_t scalar = H5Screate(H5S_SCALAR);
  hid_t mark = H5Acreate2(set, "is_bfloat16", H5T_STD_U8LE, scalar, H5P_DEFAULT, H5P_DEFAULT);
  H5Awrite(mark, H5T_STD_U8LE, &(guint8){m->kind == KIND_BF16});
  H5Aclose(mark);
  H5Sclose(scalar);
  H5Dclose(set);
  H5Pclose(plist);
  H5Sclose(space);
  H5Tclose(type);
}

/* (transfer full): path of an empty file in a folder of its own, open as @file. */
static char *new_file(hid_t *file) {
  g_autofree char *folder = g_dir_make_tmp("cs3sim-hdf5-XXXXXX", NULL);
  char *path = g_build_filename(folder, "checkpoint_0.mdl", NULL);
  *file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  ck_assert(*file >= 0);
  return path;
}

static void discard(char *path) {
  g_autofree char *folder = g_path_get_dirname(path);
  g_remove(path);
  g_rmdir(folder);
  g_free(path);
}

static void assert_mask(const Matrix *m, Cs3Weight *weight) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Mask) mask = cs3_weight_mask(weight, FALSE, &error);
  ck_assert_msg(mask != NULL, "%s", error ? error->message : "");
  ck_assert(mask->rows == (gint64)m->rows && mask->cols == (gint64)m->cols);
  for (hsize_t i = 0; i < m->rows * m->cols; i++)
    ck_assert_int_eq(cs3_mask_alive(mask, (gint64)(i / m->cols), (gint64)(i % m->cols)),
                     m->alive[i]);
  for (guint workers = 1; workers < 4; workers += 2) {
    g_auto(Cs3WeightCounts) counts = {0};
    ck_assert(cs3_weight_count(weight, FALSE, workers, &counts, &error));
    ck_assert_int_eq(counts.live, cs3_mask_nnz(mask));
  }
}

/* Several matrices a file, found in a folder, read in turns. */
START_TEST(test_written) {
  enum { MATRICES = 5, FILES = 12 };
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  for (guint n = 0; n < FILES; n++) {
    g_autofree Matrix *matrices = g_new0(Matrix, MATRICES);
    hid_t file;
    char *path = new_file(&file);
    for (guint k = 0; k < MATRICES; k++) {
      Matrix *m = &matrices[k];
      m->rows = (hsize_t)g_rand_int_range(rand, 1, 65);
      m->cols = (hsize_t)g_rand_int_range(rand, 1, 97);
      m->kind = (n + k) % N_KINDS;
      m->storage = (Storage)g_rand_int_range(rand, 0, N_STORAGES);
      for (hsize_t i = 0; i < m->rows * m->cols; i++)
        m->alive[i] = g_rand_int_range(rand, 0, 3) == 0;
      g_autofree char *name = g_strdup_printf("model.m%u.weight", k);
      write_matrix(file, name, m, rand);
    }
    H5Fclose(file);
    g_autofree char *folder = g_path_get_dirname(path);
    g_autoptr(GError) error = NULL;
    g_autoptr(Cs3Checkpoint) checkpoint = cs3_checkpoint_open(folder, NULL, &error);
    ck_assert_msg(checkpoint != NULL, "%s", error ? error->message : "");
    for (guint k = 0; k < 2 * MATRICES; k++) {
      guint which = k % MATRICES;
      g_autofree char *name = g_strdup_printf("model.m%u.weight", which);
      g_autoptr(Cs3Weight) weight = cs3_weight_find(checkpoint, name, &error);
      assert_mask(&matrices[which], weight);
    }
    discard(path);
  }
}
END_TEST

/* --- what is refused -------------------------------------------------------------------------- */

static void make_group(hid_t file) {
  H5Gclose(H5Gcreate2(file, "model", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
}

/* A dataset of the rank, type and chunks given, no values written. */
static void make_set(hid_t file, int rank, hid_t type, hsize_t chunk, hid_t plist) {
  const hsize_t dims[] = {40, 30}, chunks[] = {chunk, chunk};
  hid_t space = H5Screate_simple(rank, dims, NULL);
  if (chunk > 0)
    H5Pset_chunk(plist, rank, chunks);
  hid_t set = H5Dcreate2(file, "w.weight", type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
  ck_assert(set >= 0);
  H5Dclose(set);
  H5Sclose(space);
}

static void make_vector(hid_t file) {
  make_set(file, 1, H5T_IEEE_F32LE, 0, H5P_DEFAULT);
}

static void make_unwritten(hid_t file) {
  make_set(file, 2, H5T_IEEE_F32LE, 0, H5P_DEFAULT);
}

static void make_chunkless(hid_t file) {
  hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
  make_set(file, 2, H5T_IEEE_F32LE, 8, plist);
  H5Pclose(plist);
}

static void make_big_endian(hid_t file) {
  make_set(file, 2, H5T_IEEE_F32BE, 0, H5P_DEFAULT);
}

static void make_external(hid_t file) {
  hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_external(plist, "elsewhere", 0, 40 * 30 * 4);
  make_set(file, 2, H5T_IEEE_F32LE, 0, plist);
  H5Pclose(plist);
}

static const struct {
  void (*make)(hid_t file);
  int keep; /* per cent of the file */
  const char *message;
} bad[] = {
    {make_group, 100, "holds no matrix"},
    {make_vector, 100, "holds no matrix"},
    {make_unwritten, 100, "w.weight: was not written"},
    {make_chunkless, 100, "w.weight: was not written completely"},
    {make_big_endian, 100, "w.weight: holds no little-endian numbers of a known format"},
    {make_external, 100, "w.weight: has its values in other files"},
    {make_chunkless, 60, "HDF5 cannot read it: truncated file"},
    {make_chunkless, 1, "HDF5 cannot read it: "},
};

START_TEST(test_refused) {
  hid_t file;
  char *path = new_file(&file);
  bad[_i].make(file);
  H5Fclose(file);
  g_autofree char *bytes = NULL;
  gsize length;
  ck_assert(g_file_get_contents(path, &bytes, &length, NULL));
  ck_assert(g_file_set_contents(path, bytes, (gssize)length * bad[_i].keep / 100, NULL));
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3WeightSet) set = cs3_weight_set_open(path, FALSE, &error);
  if (set != NULL)
    ck_assert(!cs3_weight_set_count(set, 0, 1, &error));
  fixture_error(error, CS3_WORKLOAD_ERROR_DATA, bad[_i].message);
  discard(path);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("weight-hdf5");
  TCase *t = tcase_create("hdf5");
  tcase_add_test(t, test_model_zoo);
  tcase_add_test(t, test_written);
  tcase_add_loop_test(t, test_refused, 0, G_N_ELEMENTS(bad));
  suite_add_tcase(suite, t);
  return fixture_run(suite);
}
