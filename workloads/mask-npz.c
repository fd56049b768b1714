/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sparse matrices as scipy.sparse.save_npz() writes them: an archive of NumPy arrays (NEP 1,
 * numpy.org/neps/nep-0001-npy-format.html): format ("csr" or "csc"), shape, indptr, indices, data.
 * A weight is alive where its stored value is not zero. */
#include "config.h"

#include "workloads/mask-file.h"

#include <string.h>

#include "workloads/checkpoint.h"
#include "workloads/tensor-dtype.h"
#include "workloads/workload-error.h"
#include "workloads/zip-file.h"

/* One array: whole numbers, or bytes. */
typedef struct {
  GBytes *member; /* that holds it */
  char kind;      /* 'i', 'u', 'f', 'b', 'S', 'U' */
  gsize width, n; /* bytes of a number, how many */
  const guint8 *data;
} Array;

static void array_clear(Array *array) {
  g_clear_pointer(&array->member, g_bytes_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Array, array_clear)

/* "{'descr': '<i4', 'fortran_order': False, 'shape': (12,), }" */
static gboolean read_header(const char *header, Array *a) {
  const char *descr = strstr(header, "'descr': '"), *shape = strstr(header, "'shape': (");
  if (descr == NULL || shape == NULL)
    return FALSE;
  descr += strlen("'descr': '");
  shape += strlen("'shape': (");
  char *end;
  if (*descr == '\0' || strchr("<|", *descr) == NULL)
    return FALSE; /* big end first */
  a->kind = descr[1];
  a->width = g_ascii_strtoull(descr + 2, &end, 10) * (a->kind == 'U' ? 4 : 1);
  a->n = *shape == ')' ? 1 : g_ascii_strtoull(shape, &end, 10);
  gboolean one_dimension = *shape == ')' || (end[0] == ',' && end[1] == ')');
  return strchr("iufbSU", a->kind) != NULL && a->kind != '\0' && a->width >= 1 && a->width <= 64 &&
         one_dimension;
}

static gboolean read_array(const Cs3Zip *zip, const char *name, Array *a, GError **error) {
  enum { MAGIC_BYTES = 10 };
  g_autofree char *file = g_strconcat(name, ".npy", NULL);
  a->member = cs3_zip_member(zip, file, error);
  if (a->member == NULL)
    return FALSE;
  gsize size;
  const guint8 *bytes = g_bytes_get_data(a->member, &size);
  gsize length = size > MAGIC_BYTES ? (gsize)bytes[8] + ((gsize)bytes[9] << 8) : 0;
  gboolean ok = length > 0 && memcmp(bytes, "\x93NUMPY\1", 7) == 0 && length <= size - MAGIC_BYTES;
  g_autofree char *header = ok ? g_strndup((const char *)bytes + MAGIC_BYTES, length) : NULL;
  a->data = bytes + MAGIC_BYTES + length;
  if (!ok || !read_header(header, a) || a->n > (size - MAGIC_BYTES - length) / a->width ||
      a->n * a->width != size - MAGIC_BYTES - length)
    return cs3_checkpoint_fail(zip->path, error, "%s: not a NumPy array of one dimension", file);
  return TRUE;
}

/* Number @i of whole numbers; -1 when it is below 0 or beyond 2^62. */
static gint64 whole(const Array *a, gsize i) {
  guint64 value = 0;
  for (gsize b = MIN(a->width, 8); b-- > 0;)
    value = value << 8 | a->data[i * a->width + b];
  if (a->kind == 'i' && value >> (8 * a->width - 1) != 0)
    return -1;
  return value < (guint64)1 << 62 ? (gint64)value : -1;
}

static gboolean is_whole(const Array *a) {
  return (a->kind == 'i' || a->kind == 'u') && a->width <= 8;
}

/* Whether value @i is zero: all bits but a floating point number's sign are. */
static gboolean is_zero(const Array *a, gsize i) {
  guint8 any = 0;
  for (gsize b = 0; b < a->width; b++)
    any |= a->data[i * a->width + b] & (a->kind == 'f' && b == a->width - 1 ? 0x7f : 0xff);
  return any == 0;
}

/* NaN among floating point numbers, as F16, F32 and F64 have them. */
static gint64 count_nan(const Array *a) {
  g_autofree char *name = g_strdup_printf("F%d", (int)(8 * a->width));
  const Cs3Dtype *dtype = a->kind == 'f' ? cs3_dtype_find(name) : NULL;
  g_autofree guint64 *live = dtype != NULL ? g_try_new(guint64, a->n / 64 + 1) : NULL;
  return live != NULL ? cs3_dtype_live(dtype, cs3_live_best(), a->data, (gint64)a->n, live) : 0;
}

/* Text of format.npy without what is beside ASCII. */
static char *format_of(const Array *a) {
  GString *text = g_string_new(NULL);
  for (gsize i = 0; i < a->width; i++)
    if (a->data[i] != 0)
      g_string_append_c(text, (char)a->data[i]);
  return g_string_free(text, FALSE);
}

/* The compressed dimension first. */
static Cs3Mask *fill(const char *path, gint64 lines, gint64 width, const Array *offsets,
                     const Array *indices, const Array *data, GError **error) {
  g_autoptr(Cs3Mask) mask = cs3_mask_new(lines, width, error);
  if (mask == NULL)
    return NULL;
  gint64 n = (gint64)indices->n;
  for (gint64 line = 0; line < lines; line++) {
    gint64 begin = whole(offsets, (gsize)line), end = whole(offsets, (gsize)line + 1);
    if (begin < 0 || end < begin || end > n || (line == 0 && begin != 0) ||
        (line == lines - 1 && end != n)) {
      cs3_checkpoint_fail(path, error,
                          "indptr does not go from 0 up to its %" G_GINT64_FORMAT " indices", n);
      return NULL;
    }
    for (gint64 k = begin; k < end; k++) {
      gint64 at = whole(indices, (gsize)k);
      if (at < 0 || at >= width) {
        cs3_checkpoint_fail(path, error,
                            "index %" G_GINT64_FORMAT " is not within 0 to "
                            "%" G_GINT64_FORMAT,
                            at, width - 1);
        return NULL;
      }
      if (!is_zero(data, (gsize)k) && !cs3_mask_set(mask, line, at)) {
        cs3_checkpoint_fail(path, error,
                            "a weight is listed twice (line %" G_GINT64_FORMAT
                            ", index %" G_GINT64_FORMAT ")",
                            line, at);
        return NULL;
      }
    }
  }
  return g_steal_pointer(&mask);
}

static Cs3Mask *read_npz(const char *path, const Cs3MaskChoice *choice, GError **error) {
  g_autoptr(Cs3Zip) zip = cs3_zip_open(path, error);
  g_auto(Array) format = {0}, shape = {0}, offsets = {0}, indices = {0}, data = {0};
  if (zip == NULL || !read_array(zip, "format", &format, error))
    return NULL;
  g_autofree char *name = format_of(&format);
  gboolean by_column = strcmp(name, "csc") == 0;
  if (!by_column && strcmp(name, "csr") != 0) {
    cs3_checkpoint_fail(path, error, "a sparse matrix of format '%s'; csr and csc are read", name);
    return NULL;
  }
  if (!read_array(zip, "shape", &shape, error) || !read_array(zip, "indptr", &offsets, error) ||
      !read_array(zip, "indices", &indices, error) || !read_array(zip, "data", &data, error))
    return NULL;
  gboolean sound = is_whole(&shape) && is_whole(&offsets) && is_whole(&indices) && shape.n == 2 &&
                   strchr("iufb", data.kind) != NULL && data.n == indices.n;
  gint64 rows = sound ? whole(&shape, 0) : 0, cols = sound ? whole(&shape, 1) : 0;
  gint64 lines = by_column ? cols : rows;
  if (rows < 1 || cols < 1 || rows > CS3_MASK_EXTENT || cols > CS3_MASK_EXTENT ||
      offsets.n != (gsize)lines + 1) {
    cs3_checkpoint_fail(path, error,
                        "shape, indptr, indices and data do not fit each other, or a side is not "
                        "from 1 to %" G_GINT64_FORMAT,
                        CS3_MASK_EXTENT);
    return NULL;
  }
  gint64 nan = count_nan(&data);
  if (nan > 0) {
    cs3_checkpoint_fail(path, error, "%" G_GINT64_FORMAT " of its values are NaN", nan);
    return NULL;
  }
  g_autoptr(Cs3Mask) mask =
      fill(path, lines, by_column ? rows : cols, &offsets, &indices, &data, error);
  return mask != NULL && by_column ? cs3_mask_transpose(mask, error) : g_steal_pointer(&mask);
}

static gboolean begins(const char *bytes, gsize n) {
  return n >= 4 && memcmp(bytes, "PK\3\4", 4) == 0;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* (transfer full): the head of an array of @n numbers, or of one by itself (-1). */
static GByteArray *array_new(const char *type, gint64 n) {
  enum { ALIGNED = 64, BEFORE = 10 };
  g_autofree char *shape = n < 0 ? g_strdup("()") : g_strdup_printf("(%" G_GINT64_FORMAT ",)", n);
  g_autofree char *text =
      g_strdup_printf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }", type, shape);
  guint length = (guint)(BEFORE + strlen(text) + 1 + ALIGNED - 1) / ALIGNED * ALIGNED - BEFORE;
  g_autofree char *padded = g_strdup_printf("%-*s\n", (int)length - 1, text);
  const guint8 head[BEFORE] = {
      0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (guint8)length, (guint8)(length >> 8)};
  GByteArray *bytes = g_byte_array_new();
  g_byte_array_append(bytes, head, BEFORE);
  return g_byte_array_append(bytes, (const guint8 *)padded, length);
}

static void append_int(GByteArray *bytes, gint64 value) {
  guint32 stored = GUINT32_TO_LE((guint32)value);
  g_byte_array_append(bytes, (const guint8 *)&stored, sizeof stored);
}

/* Places in an archive have 32 bits (PKWARE APPNOTE 6.3, 4.4.24 without ZIP64). */
static gboolean fits_zip(const Cs3Mask *mask, gint64 live, GError **error) {
  enum { HEADS = 4096, INDEX = 4, VALUE = 1 };
  gint64 most = ((gint64)G_MAXUINT32 - HEADS - INDEX * mask->rows) / (INDEX + VALUE);
  if (live <= most)
    return TRUE;
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_TOO_LARGE,
              "%" G_GINT64_FORMAT " live weights: a .npz file holds %" G_GINT64_FORMAT
              " of a mask of %" G_GINT64_FORMAT " rows; write .safetensors or .mtx",
              live, most, mask->rows);
  return FALSE;
}

/* Rows compressed, each live weight a true. */
static gboolean write_npz(const Cs3Mask *mask, const char *tensor, Cs3Output *output,
                          GError **error) {
  gint64 live = cs3_mask_nnz(mask), before = 0;
  if (!fits_zip(mask, live, error))
    return FALSE;
  g_autoptr(GByteArray) format = array_new("|S3", -1), shape = array_new("<i4", 2);
  g_autoptr(GByteArray) offsets = array_new("<i4", mask->rows + 1),
                        columns = array_new("<i4", live);
  g_autoptr(GByteArray) data = array_new("|b1", live);
  g_byte_array_append(format, (const guint8 *)"csr", 3);
  append_int(shape, mask->rows);
  append_int(shape, mask->cols);
  append_int(offsets, 0);
  for (gint64 row = 0; row < mask->rows; row++) {
    for (gint64 col = 0; col < mask->cols; col++)
      if (cs3_mask_alive(mask, row, col)) {
        append_int(columns, col);
        before++;
      }
    append_int(offsets, before);
  }
  guint head = data->len;
  g_byte_array_set_size(data, head + (guint)live);
  memset(data->data + head, 1, (gsize)live);
  const Cs3ZipPart parts[] = {{"indices.npy", columns},
                              {"indptr.npy", offsets},
                              {"format.npy", format},
                              {"shape.npy", shape},
                              {"data.npy", data}};
  cs3_zip_write(parts, G_N_ELEMENTS(parts), output);
  return TRUE;
}

const Cs3MaskFormat cs3_mask_npz = {
    .name = "npz",
    .suffix = ".npz",
    .begins = begins,
    .summary = "SciPy's compressed rows or columns (scipy.sparse.save_npz)",
    .read = read_npz,
    .write = write_npz,
};
