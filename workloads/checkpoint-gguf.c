/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GGUF files (github.com/ggml-org/ggml, docs/gguf.md): numbers little-endian; "GGUF", version, how
 * many tensors and pairs of key and value, the pairs, then of every tensor its name, extents
 * (innermost first), number format and place after the next multiple of general.alignment. */
#include "config.h"

#include <string.h>

#include "workloads/checkpoint-format.h"
#include "workloads/tensor-blocks.h"

enum { BUFFER = 1 << 16, MAX_NAME = 1 << 16, MAX_DIMS = 4, MAX_DEPTH = 4 };
enum { TYPE_UINT32 = 4, TYPE_STRING = 8, TYPE_ARRAY = 9 };

/* Bytes of the other types of values, 0 to 12. */
static const guint8 value_bytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

typedef struct {
  Cs3Checkpoint *checkpoint;
  Cs3StoredTensor whole; /* the file */
  const char *path;
  guint64 at, alignment;
  guint64 begin, length; /* what is in the buffer */
  guint8 buffer[BUFFER];
} Reader;

static gboolean too_short(const Reader *r, GError **error) {
  return cs3_checkpoint_fail(
      r->path, error,
      "ends or is damaged at byte %" G_GUINT64_FORMAT ", within what describes its tensors", r->at);
}

static guint64 left(const Reader *r) {
  return r->whole.bytes - r->at;
}

static gboolean skip(Reader *r, guint64 n, GError **error) {
  if (n > left(r))
    return too_short(r, error);
  r->at += n;
  return TRUE;
}

/* (nullable): @n bytes, at most BUFFER, in the buffer until more is taken. */
static const guint8 *take(Reader *r, gsize n, GError **error) {
  if (n > left(r)) {
    too_short(r, error);
    return NULL;
  }
  if (r->at < r->begin || r->at + n > r->begin + r->length) {
    gsize length = (gsize)MIN(left(r), (guint64)BUFFER);
    if (!cs3_checkpoint_read(r->checkpoint, &r->whole, r->at, length, r->buffer, error))
      return NULL;
    r->begin = r->at;
    r->length = length;
  }
  const guint8 *bytes = r->buffer + (r->at - r->begin);
  r->at += n;
  return bytes;
}

static gboolean take_number(Reader *r, gsize n, guint64 *value, GError **error) {
  const guint8 *bytes = take(r, n, error);
  if (bytes == NULL)
    return FALSE;
  *value = 0;
  for (gsize i = 0; i < n; i++)
    *value |= (guint64)bytes[i] << (8 * i);
  return TRUE;
}

/* (transfer full) (nullable) */
static char *take_name(Reader *r, GError **error) {
  guint64 length;
  if (!take_number(r, 8, &length, error))
    return NULL;
  if (length == 0 || length >= MAX_NAME) {
    too_short(r, error);
    return NULL;
  }
  const guint8 *bytes = take(r, (gsize)length, error);
  return bytes != NULL ? g_strndup((const char *)bytes, (gsize)length) : NULL;
}

/* --- pairs ------------------------------------------------------------------------------------ */

static gboolean skip_values(Reader *r, guint64 type, guint64 n, guint depth, GError **error) {
  if (type >= G_N_ELEMENTS(value_bytes) || depth > MAX_DEPTH)
    return too_short(r, error);
  if (value_bytes[type] > 0)
    return n <= left(r) / value_bytes[type] ? skip(r, n * value_bytes[type], error)
                                            : too_short(r, error);
  for (guint64 i = 0, inner = 0, length; i < n; i++)
    if ((type == TYPE_ARRAY && !take_number(r, 4, &inner, error)) ||
        !take_number(r, 8, &length, error) ||
        !(type == TYPE_ARRAY ? skip_values(r, inner, length, depth + 1, error)
                             : skip(r, length, error)))
      return FALSE;
  return TRUE;
}

static gboolean read_pair(Reader *r, GError **error) {
  guint64 type;
  g_autofree char *key = take_name(r, error);
  if (key == NULL || !take_number(r, 4, &type, error))
    return FALSE;
  if (strcmp(key, "general.alignment") != 0 || type != TYPE_UINT32)
    return skip_values(r, type, 1, 0, error);
  if (!take_number(r, 4, &r->alignment, error))
    return FALSE;
  return (r->alignment > 0 && r->alignment % 8 == 0) ||
         cs3_checkpoint_fail(r->path, error,
                             "general.alignment: expected a multiple of 8, got %" G_GUINT64_FORMAT,
                             r->alignment);
}

/* --- tensors ---------------------------------------------------------------------------------- */

/* Bytes of @tensor, whose extents are @dims, innermost last; G_MAXUINT64: none that fit. */
static guint64 bytes_of(const Cs3StoredTensor *tensor, const gint64 *dims) {
  const Cs3BlockType *block = tensor->block;
  if (block == NULL)
    return cs3_checkpoint_bytes(dims, tensor->n_dims, tensor->dtype->bits);
  gint64 in_blocks[MAX_DIMS];
  memcpy(in_blocks, dims, sizeof in_blocks);
  gint64 *inner = &in_blocks[tensor->n_dims > 0 ? tensor->n_dims - 1 : 0];
  if (tensor->n_dims == 0 || *inner % block->n != 0)
    return G_MAXUINT64;
  *inner /= block->n;
  return cs3_checkpoint_bytes(in_blocks, tensor->n_dims, 8 * block->bytes);
}

static gboolean read_dims(Reader *r, const char *name, Cs3StoredTensor *tensor, gint64 *dims,
                          GError **error) {
  guint64 n, extent;
  if (!take_number(r, 4, &n, error))
    return FALSE;
  if (n > MAX_DIMS)
    return cs3_checkpoint_fail(r->path, error, "%s: has %" G_GUINT64_FORMAT " dimensions", name, n);
  tensor->n_dims = (guint)n;
  for (guint64 i = n; i-- > 0; dims[i] = (gint64)extent)
    if (!take_number(r, 8, &extent, error))
      return FALSE;
    else if (extent > (guint64)1 << 53)
      return too_short(r, error);
  for (guint i = 0; i < G_N_ELEMENTS(tensor->dims); i++)
    tensor->dims[i] = i < n ? dims[i] : 1;
  return TRUE;
}

static gboolean read_tensor(Reader *r, GError **error) {
  Cs3StoredTensor tensor = {.file = r->whole.file};
  gint64 dims[MAX_DIMS] = {0};
  guint64 type;
  g_autofree char *name = take_name(r, error);
  if (name == NULL || !read_dims(r, name, &tensor, dims, error) ||
      !take_number(r, 4, &type, error) || !take_number(r, 8, &tensor.offset, error))
    return FALSE;
  g_autofree char *number = g_strdup_printf("%" G_GUINT64_FORMAT, type);
  tensor.name = name;
  tensor.dtype = type < G_MAXUINT ? cs3_ggml_type((guint)type, &tensor.block) : NULL;
  tensor.dtype_name = tensor.dtype != NULL ? tensor.dtype->name : number;
  if (tensor.dtype != NULL)
    tensor.bytes = bytes_of(&tensor, dims);
  else
    tensor.unread = "is of a number format that is not known";
  if (tensor.bytes > r->whole.bytes || tensor.offset > r->whole.bytes ||
      tensor.offset % r->alignment != 0)
    return cs3_checkpoint_fail(r->path, error,
                               "%s: its extents, number format and place do not fit each other or "
                               "the file's %" G_GUINT64_FORMAT " bytes",
                               name, r->whole.bytes);
  return cs3_checkpoint_add(r->checkpoint, &tensor, error);
}

/* Places are counted from the end of all that is before the values. */
static gboolean place_tensors(Reader *r, guint first, GError **error) {
  guint64 start = (r->at + r->alignment - 1) / r->alignment * r->alignment;
  for (guint i = first; i < r->checkpoint->tensors->len; i++) {
    Cs3StoredTensor *tensor = &g_array_index(r->checkpoint->tensors, Cs3StoredTensor, i);
    tensor->offset += start;
    if (tensor->offset + tensor->bytes > r->whole.bytes)
      return cs3_checkpoint_fail(r->path, error, "%s: is cut off by the end of the file",
                                 tensor->name);
  }
  return cs3_checkpoint_check_overlap(r->checkpoint, first, r->path, error);
}

static gboolean read_all(Reader *r, GError **error) {
  guint64 version, tensors, pairs;
  guint first = r->checkpoint->tensors->len;
  if (!skip(r, 4, error) || !take_number(r, 4, &version, error) ||
      !take_number(r, 8, &tensors, error) || !take_number(r, 8, &pairs, error))
    return FALSE;
  if (version != 2 && version != 3)
    return cs3_checkpoint_fail(
        r->path, error,
        "GGUF of version %" G_GUINT64_FORMAT "; 2 and 3, little-endian, can be read", version);
  for (guint64 i = 0; i < pairs; i++)
    if (!read_pair(r, error))
      return FALSE;
  for (guint64 i = 0; i < tensors; i++)
    if (!read_tensor(r, error))
      return FALSE;
  return place_tensors(r, first, error);
}

static gboolean read_header(Cs3Checkpoint *c, guint file, GError **error) {
  const Cs3CheckpointFile *f = &g_array_index(c->files, Cs3CheckpointFile, file);
  g_autofree Reader *r = g_new0(Reader, 1);
  r->checkpoint = c;
  r->whole = (Cs3StoredTensor){.file = file, .bytes = f->size};
  r->path = f->path;
  r->alignment = 32;
  return read_all(r, error);
}

static gboolean is_gguf(const guint8 *start, gsize size) {
  return size >= 4 && memcmp(start, "GGUF", 4) == 0;
}

static const char *const suffixes[] = {".gguf", NULL};

const Cs3CheckpointFormat cs3_checkpoint_gguf = {
    .name = "gguf",
    .suffixes = suffixes,
    .is = is_gguf,
    .header = read_header,
};
