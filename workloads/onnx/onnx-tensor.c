/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of ONNX tensors. */
#include "config.h"

#include "workloads/onnx/onnx-tensor.h"

#include <math.h>
#include <string.h>

#include "workloads/workload-error.h"

/* Elements of a tensor that is not stored (sparse, or computed): what fits into memory. */
#define MOST_ELEMENTS ((gint64)1 << 31)

typedef double (*ReadNumber)(const guint8 *at);

#define READ_AS(NAME, TYPE)                                                                        \
  static double read_##NAME(const guint8 *at) {                                                    \
    TYPE value;                                                                                    \
    memcpy(&value, at, sizeof value);                                                              \
    return (double)value;                                                                          \
  }
READ_AS(f32, float)
READ_AS(f64, double)
READ_AS(i8, gint8)
READ_AS(u8, guint8)
READ_AS(i16, gint16)
READ_AS(u16, guint16)
READ_AS(i32, gint32)
READ_AS(u32, guint32)
READ_AS(i64, gint64)
READ_AS(u64, guint64)

static double read_f16(const guint8 *at) {
  guint bits = (guint)read_u16(at), exponent = bits >> 10 & 31, fraction = bits & 1023;
  double size = exponent == 0    ? ldexp(fraction, -24)
                : exponent == 31 ? (fraction ? NAN : INFINITY)
                                 : ldexp(1024 + fraction, (int)exponent - 25);
  return bits >> 15 ? -size : size;
}

static double read_bf16(const guint8 *at) {
  guint8 wide[4] = {0, 0, at[0], at[1]};
  return read_f32(wide);
}

/* Types by their number in the schema; those from FLOAT8E4M3FN on are later than the one that is
 * built with. float8: zero is 0 but for the sign; the FNUZ kinds have no minus zero. */
static const struct {
  const char *name;
  guint bits;
  guint64 sign; /* left out when a value is compared with zero */
  Cs3OnnxClass class;
  ReadNumber read;
} types[] = {
    [1] = {"FLOAT", 32, 1u << 31, CS3_ONNX_FLOAT, read_f32},
    [2] = {"UINT8", 8, 0, CS3_ONNX_QUANTISED, read_u8},
    [3] = {"INT8", 8, 0, CS3_ONNX_QUANTISED, read_i8},
    [4] = {"UINT16", 16, 0, CS3_ONNX_INTEGER, read_u16},
    [5] = {"INT16", 16, 0, CS3_ONNX_INTEGER, read_i16},
    [6] = {"INT32", 32, 0, CS3_ONNX_INTEGER, read_i32},
    [7] = {"INT64", 64, 0, CS3_ONNX_INTEGER, read_i64},
    [8] = {"STRING", 0, 0, CS3_ONNX_OTHER, NULL},
    [9] = {"BOOL", 8, 0, CS3_ONNX_INTEGER, read_u8},
    [10] = {"FLOAT16", 16, 1u << 15, CS3_ONNX_FLOAT, read_f16},
    [11] = {"DOUBLE", 64, (guint64)1 << 63, CS3_ONNX_FLOAT, read_f64},
    [12] = {"UINT32", 32, 0, CS3_ONNX_INTEGER, read_u32},
    [13] = {"UINT64", 64, 0, CS3_ONNX_INTEGER, read_u64},
    [14] = {"COMPLEX64", 0, 0, CS3_ONNX_OTHER, NULL},
    [15] = {"COMPLEX128", 0, 0, CS3_ONNX_OTHER, NULL},
    [16] = {"BFLOAT16", 16, 1u << 15, CS3_ONNX_FLOAT, read_bf16},
    [17] = {"FLOAT8E4M3FN", 8, 1u << 7, CS3_ONNX_FLOAT, read_u8},
    [18] = {"FLOAT8E4M3FNUZ", 8, 0, CS3_ONNX_FLOAT, read_u8},
    [19] = {"FLOAT8E5M2", 8, 1u << 7, CS3_ONNX_FLOAT, read_u8},
    [20] = {"FLOAT8E5M2FNUZ", 8, 0, CS3_ONNX_FLOAT, read_u8},
    [21] = {"UINT4", 4, 0, CS3_ONNX_QUANTISED, read_u8},
    [22] = {"INT4", 4, 0, CS3_ONNX_QUANTISED, read_u8},
};

static gboolean is_type(int type) {
  return type > 0 && type < (int)G_N_ELEMENTS(types);
}

Cs3OnnxClass cs3_onnx_class(int type) {
  return is_type(type) ? types[type].class : CS3_ONNX_OTHER;
}

const char *cs3_onnx_type_name(int type) {
  return is_type(type) ? types[type].name : "an unknown type";
}

guint cs3_onnx_type_bits(int type) {
  return is_type(type) ? types[type].bits : 0;
}

/* --- where the values are --------------------------------------------------------------------- */

static gboolean open_shape(const Cs3OnnxFile *file, gsize n, const gint64 *dims,
                           Cs3OnnxTensor *tensor, GError **error) {
  if (n > CS3_ONNX_MAX_RANK)
    return cs3_onnx_file_fail(file, error, "tensor %s: has %zu extents, at most %d are read",
                              tensor->name, n, CS3_ONNX_MAX_RANK);
  tensor->rank = (guint)n;
  tensor->elements = 1;
  for (gsize i = 0; i < n; i++) {
    tensor->dims[i] = dims[i];
    if (dims[i] < 0 || __builtin_mul_overflow(tensor->elements, dims[i], &tensor->elements) ||
        tensor->elements > (gint64)1 << 48)
      return cs3_onnx_file_fail(
          file, error, "tensor %s: extent %" G_GINT64_FORMAT ": expected 0 to 2^48 elements in all",
          tensor->name, dims[i]);
  }
  return TRUE;
}

static const char *entry_of(const Onnx__TensorProto *proto, const char *key) {
  for (gsize i = 0; i < proto->n_external_data; i++)
    if (g_strcmp0(proto->external_data[i]->key, key) == 0)
      return proto->external_data[i]->value;
  return NULL;
}

static gboolean external_number(const Onnx__TensorProto *proto, const char *key, guint64 *value) {
  const char *text = entry_of(proto, key);
  return text == NULL || g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT64, value, NULL);
}

/* Bytes of @proto in the file beside the model. */
static gboolean open_external(Cs3OnnxFile *file, const Onnx__TensorProto *proto,
                              Cs3OnnxTensor *tensor, gsize *size, GError **error) {
  guint64 offset = 0, length = 0;
  const char *location = entry_of(proto, "location");
  if (location == NULL || !external_number(proto, "offset", &offset) ||
      !external_number(proto, "length", &length))
    return cs3_onnx_file_fail(file, error,
                              "tensor %s: external data without a location, or with an offset or "
                              "length that is no number",
                              tensor->name);
  GMappedFile *map = cs3_onnx_file_beside(file, location, error);
  if (map == NULL)
    return FALSE;
  gsize all = g_mapped_file_get_length(map);
  if (offset > all || length > all - offset)
    return cs3_onnx_file_fail(file, error,
                              "tensor %s: bytes %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                              " of '%s', which has %zu",
                              tensor->name, offset, offset + length, location, all);
  *size = length > 0 ? length : all - offset;
  tensor->bytes = (const guint8 *)g_mapped_file_get_contents(map) + offset;
  return TRUE;
}

/* One of the typed fields, which hold a number an element. */
static gsize open_field(const Onnx__TensorProto *proto, Cs3OnnxTensor *tensor) {
  const struct {
    gconstpointer values;
    gsize n;
    guint stride;
  } fields[] = {
      {proto->float_data, proto->n_float_data, 4},   {proto->int32_data, proto->n_int32_data, 4},
      {proto->int64_data, proto->n_int64_data, 8},   {proto->double_data, proto->n_double_data, 8},
      {proto->uint64_data, proto->n_uint64_data, 8},
  };
  for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
    if (fields[i].n > 0 && 8 * fields[i].stride >= tensor->bits) {
      tensor->bytes = fields[i].values;
      tensor->stride = fields[i].stride;
      return fields[i].n * fields[i].stride;
    }
  return 0;
}

static gsize needed(const Cs3OnnxTensor *t) {
  return t->stride > 0 ? (gsize)t->elements * t->stride : ((gsize)t->elements * t->bits + 7) / 8;
}

gboolean cs3_onnx_tensor_open(Cs3OnnxFile *file, const Onnx__TensorProto *proto,
                              Cs3OnnxTensor *tensor, GError **error) {
  gsize size = 0;
  *tensor = (Cs3OnnxTensor){.name = proto->name != NULL ? proto->name : "",
                            .type = proto->data_type,
                            .bits = cs3_onnx_type_bits(proto->data_type)};
  if (!open_shape(file, proto->n_dims, proto->dims, tensor, error))
    return FALSE;
  if (tensor->bits == 0) /* text and the like: no weights */
    return TRUE;
  tensor->stride = tensor->bits / 8;
  if (proto->has_data_location &&
      proto->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL) {
    if (!open_external(file, proto, tensor, &size, error))
      return FALSE;
  } else if (proto->has_raw_data) {
    tensor->bytes = proto->raw_data.data;
    size = proto->raw_data.len;
  } else {
    size = open_field(proto, tensor);
  }
  if (size >= needed(tensor))
    return TRUE;
  return cs3_onnx_file_fail(
      file, error, "tensor %s: %" G_GINT64_FORMAT " elements of %s need %zu bytes, it has %zu",
      tensor->name, tensor->elements, cs3_onnx_type_name(tensor->type), needed(tensor), size);
}

/* Marks what is listed: one index an element, or one an extent. */
static gboolean mark(const Cs3OnnxFile *file, const Cs3OnnxTensor *values,
                     const Cs3OnnxTensor *indices, const Cs3OnnxTensor *tensor, guint8 *live,
                     GError **error) {
  gboolean flat = indices->rank == 1;
  gint64 each = flat ? 1 : (gint64)tensor->rank;
  if (indices->elements != values->elements * each)
    return cs3_onnx_file_fail(file, error, "sparse tensor %s: as many indices as values are needed",
                              tensor->name);
  for (gint64 i = 0; i < values->elements; i++) {
    double at = 0;
    for (gint64 d = 0; d < each; d++) {
      double index = cs3_onnx_tensor_number(indices, i * each + d);
      gint64 extent = flat ? tensor->elements : tensor->dims[d];
      if (index < 0 || index >= (double)extent)
        return cs3_onnx_file_fail(file, error,
                                  "sparse tensor %s: index %g: expected 0 to %" G_GINT64_FORMAT,
                                  tensor->name, index, extent - 1);
      at = at * (flat ? 1 : (double)extent) + index;
    }
    live[(gint64)at] = cs3_onnx_tensor_number(values, i) != 0;
  }
  return TRUE;
}

gboolean cs3_onnx_tensor_open_sparse(Cs3OnnxFile *file, const Onnx__SparseTensorProto *proto,
                                     Cs3OnnxTensor *tensor, GError **error) {
  Cs3OnnxTensor values, indices;
  *tensor = (Cs3OnnxTensor){.name = "a sparse tensor without values"};
  if (proto->values == NULL || proto->indices == NULL)
    return cs3_onnx_file_fail(file, error, "%s or without indices", tensor->name);
  if (!cs3_onnx_tensor_open(file, proto->values, &values, error) ||
      !cs3_onnx_tensor_open(file, proto->indices, &indices, error))
    return FALSE;
  *tensor = (Cs3OnnxTensor){.name = values.name, .type = values.type, .bits = values.bits};
  if (!open_shape(file, proto->n_dims, proto->dims, tensor, error))
    return FALSE;
  if (values.bits < 8 || indices.bits < 8 || tensor->elements > MOST_ELEMENTS)
    return cs3_onnx_file_fail(
        file, error, "sparse tensor %s: expected numbers and up to 2^31 elements", tensor->name);
  guint8 *live = g_try_malloc0((gsize)MAX(1, tensor->elements));
  if (live == NULL)
    return cs3_onnx_file_fail(file, error, "sparse tensor %s: no memory", tensor->name);
  tensor->live = live;
  return mark(file, &values, &indices, tensor, live, error);
}

/* --- reading ---------------------------------------------------------------------------------- */

double cs3_onnx_tensor_number(const Cs3OnnxTensor *t, gint64 index) {
  if (t->live != NULL || t->bytes == NULL)
    return 0;
  if (t->stride > 0)
    return types[t->type].read(t->bytes + index * t->stride);
  return t->bytes[index / 2] >> (index % 2 * 4) & 15;
}

#define LIVE_OF(TYPE)                                                                              \
  for (gint64 i = 0; i < n; i++) {                                                                 \
    TYPE value;                                                                                    \
    memcpy(&value, bytes + i * (gint64)sizeof value, sizeof value);                                \
    live[i] = (value & (TYPE)~sign) != 0;                                                          \
  }

/* As wide as they are stored; of a wider field only the value's own bits. */
static void live_of(const guint8 *restrict bytes, guint stride, guint64 sign, gint64 n,
                    guint8 *restrict live) {
  if (stride == 1)
    LIVE_OF(guint8)
  else if (stride == 2)
    LIVE_OF(guint16)
  else if (stride == 4)
    LIVE_OF(guint32)
  else
    LIVE_OF(guint64)
}

void cs3_onnx_tensor_live(const Cs3OnnxTensor *t, guint8 *live) {
  if (t->live != NULL)
    memcpy(live, t->live, (gsize)t->elements);
  else if (t->bytes == NULL)
    memset(live, 1, (gsize)t->elements);
  else if (t->stride > 0)
    live_of(t->bytes, t->stride, types[t->type].sign, t->elements, live);
  else
    for (gint64 i = 0; i < t->elements; i++)
      live[i] = cs3_onnx_tensor_number(t, i) != 0;
}

gint64 cs3_onnx_tensor_zeros(const Cs3OnnxTensor *t) {
  enum { CHUNK = 1 << 16 };
  g_autofree guint8 *live = g_malloc(CHUNK);
  gint64 zeros = 0;
  Cs3OnnxTensor part = *t;
  for (gint64 first = 0; first < t->elements; first += CHUNK) {
    part.elements = MIN(CHUNK, t->elements - first);
    part.live = t->live != NULL ? t->live + first : NULL;
    if (t->bytes != NULL)
      part.bytes = t->bytes + (t->stride > 0 ? first * t->stride : first / 2);
    cs3_onnx_tensor_live(&part, live);
    for (gint64 i = 0; i < part.elements; i++)
      zeros += live[i] == 0;
  }
  return zeros;
}
