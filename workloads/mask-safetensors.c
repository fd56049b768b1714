/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Zeros of a weight in a safetensors file (huggingface.co/docs/safetensors): 8 bytes little-endian
 * length, a JSON header {name: {dtype, shape, data_offsets}}, the values row-major. The file is
 * mapped, not read, so that a checkpoint of many gigabytes costs the one tensor. */
#include "config.h"

#include "workloads/mask-file.h"

#include <jansson.h>
#include <string.h>

#include "workloads/config-reader.h"
#include "workloads/workload-error.h"

#define MAX_HEADER_BYTES ((guint64)100 << 20) /* the format's own limit */

typedef struct {
  const char *name;
  guint bytes;
  guint64 sign; /* minus zero is zero */
} Dtype;

static const Dtype dtypes[] = {
    {"BOOL", 1, 0},       {"U8", 1, 0},         {"I8", 1, 0},
    {"F8_E4M3", 1, 0x80}, {"F8_E5M2", 1, 0x80}, {"I16", 2, 0},
    {"U16", 2, 0},        {"F16", 2, 0x8000},   {"BF16", 2, 0x8000},
    {"I32", 4, 0},        {"U32", 4, 0},        {"F32", 4, 0x80000000},
    {"I64", 8, 0},        {"U64", 8, 0},        {"F64", 8, (guint64)1 << 63},
};

/* A matrix of the file. */
typedef struct {
  const Dtype *dtype;
  gint64 rows, cols;
  const guint8 *values;
} Tensor;

G_GNUC_PRINTF(3, 4)
static gboolean fail(const char *path, GError **error, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  g_autofree char *clean = cs3_config_clean(text);
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA, "%s: %s", path, clean);
  return FALSE;
}

static json_t *read_header(const char *path, const guint8 *bytes, gsize size, gsize *data_start,
                           GError **error) {
  guint64 length = 0;
  if (size >= sizeof length)
    memcpy(&length, bytes, sizeof length);
  length = GUINT64_FROM_LE(length);
  if (size < sizeof length || length > MIN(MAX_HEADER_BYTES, size - sizeof length)) {
    fail(path, error,
         "not a safetensors file: the header's length does not fit its %" G_GSIZE_FORMAT " bytes",
         size);
    return NULL;
  }
  *data_start = sizeof length + length;
  return cs3_config_read_object((const char *)bytes + sizeof length, length, path, error);
}

static gboolean is_matrix(json_t *entry) {
  return json_array_size(json_object_get(entry, "shape")) == 2;
}

/* The one matrix there is, or a message with some of the names to choose from. */
static const char *only_matrix(const char *path, json_t *header, GError **error) {
  enum { SHOWN = 6 };
  g_autoptr(GString) names = g_string_new(NULL);
  const char *name, *found = NULL;
  json_t *entry;
  int count = 0;
  json_object_foreach(header, name, entry) {
    if (!is_matrix(entry))
      continue;
    found = name;
    if (count++ < SHOWN)
      g_string_append_printf(names, "%s%s", names->len ? ", " : "", name);
  }
  if (count == 1)
    return found;
  if (count == 0)
    fail(path, error, "holds no matrix");
  else
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                "%s: holds %d matrices; choose one with --tensor: %s%s", path, count, names->str,
                count > SHOWN ? ", ..." : "");
  return NULL;
}

static gboolean find_dtype(const char *path, const char *name, json_t *entry, Tensor *tensor,
                           GError **error) {
  const char *text = json_string_value(json_object_get(entry, "dtype"));
  for (guint i = 0; text != NULL && i < G_N_ELEMENTS(dtypes); i++)
    if (strcmp(dtypes[i].name, text) == 0) {
      tensor->dtype = &dtypes[i];
      return TRUE;
    }
  return fail(path, error,
              "%s: dtype '%s' is not known (BOOL, F8_E4M3, F8_E5M2, F16, BF16, F32, "
              "F64 and integers are)",
              name, text ? text : "");
}

static gboolean read_extent(json_t *array, gint64 extent[2]) {
  for (int i = 0; i < 2; i++) {
    json_t *value = json_array_get(array, (size_t)i);
    if (!json_is_integer(value) || json_integer_value(value) < 0)
      return FALSE;
    extent[i] = json_integer_value(value);
  }
  return json_array_size(array) == 2;
}

static gboolean locate(const char *path, const char *name, json_t *header, const guint8 *data,
                       gsize data_size, Tensor *tensor, GError **error) {
  json_t *entry = json_object_get(header, name);
  if (entry == NULL) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                "%s: holds no tensor '%s' (without --tensor the names are listed)", path, name);
    return FALSE;
  }
  if (!is_matrix(entry))
    return fail(path, error, "%s: not a matrix", name);
  gint64 shape[2], offsets[2];
  if (!find_dtype(path, name, entry, tensor, error))
    return FALSE;
  if (!read_extent(json_object_get(entry, "shape"), shape) ||
      !read_extent(json_object_get(entry, "data_offsets"), offsets) || shape[0] > G_MAXINT32 ||
      shape[1] > G_MAXINT32 || offsets[0] > offsets[1] || (guint64)offsets[1] > data_size ||
      (offsets[1] - offsets[0]) / tensor->dtype->bytes != shape[0] * shape[1])
    return fail(path, error,
                "%s: shape and data_offsets do not fit each other or the file's %" G_GSIZE_FORMAT
                " bytes of values",
                name, data_size);
  tensor->rows = shape[0];
  tensor->cols = shape[1];
  tensor->values = data + offsets[0];
  return TRUE;
}

static guint64 load(const guint8 *value, guint bytes) {
  guint64 bits = 0;
  for (guint i = 0; i < bytes; i++)
    bits |= (guint64)value[i] << (8 * i);
  return bits;
}

static Cs3Mask *live(const Tensor *tensor, GError **error) {
  Cs3Mask *mask = cs3_mask_new(tensor->rows, tensor->cols, error);
  if (mask == NULL)
    return NULL;
  const guint8 *value = tensor->values;
  for (gint64 row = 0; row < tensor->rows; row++)
    for (gint64 col = 0; col < tensor->cols; col++, value += tensor->dtype->bytes)
      if (load(value, tensor->dtype->bytes) & ~tensor->dtype->sign)
        cs3_mask_set(mask, row, col);
  return mask;
}

static Cs3Mask *read_safetensors(const char *path, const char *tensor_name, GError **error) {
  g_autoptr(GError) reason = NULL;
  g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, &reason);
  if (file == NULL) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_NO_INPUT, "%s", reason->message);
    return NULL;
  }
  const guint8 *bytes = (const guint8 *)g_mapped_file_get_contents(file);
  gsize size = g_mapped_file_get_length(file), start;
  json_t *header = read_header(path, bytes, size, &start, error);
  if (header == NULL)
    return NULL;
  Tensor tensor = {0};
  const char *name = tensor_name ? tensor_name : only_matrix(path, header, error);
  Cs3Mask *mask = NULL;
  if (name != NULL && locate(path, name, header, bytes + start, size - start, &tensor, error))
    mask = live(&tensor, error);
  json_decref(header);
  return mask;
}

const Cs3MaskFormat cs3_mask_safetensors = {
    .name = "safetensors",
    .suffix = ".safetensors",
    .summary = "the zeros of a tensor of a checkpoint",
    .tensors = TRUE,
    .read = read_safetensors,
};
