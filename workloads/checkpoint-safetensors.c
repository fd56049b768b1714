/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Safetensors files (huggingface.co/docs/safetensors): 8 bytes little-endian length, then {name:
 * {dtype, shape, data_offsets}} in JSON. It is read entry by entry, so that a header of 10^6
 * tensors, or one made to exhaust memory, costs little more than its own bytes. */
#include "config.h"

#include <jansson.h>
#include <string.h>

#include "workloads/checkpoint-format.h"

#define MAX_HEADER_BYTES ((guint64)100000000) /* the format's own limit */
#define MAX_ENTRY_BYTES 4096                  /* of one tensor; a real one has about 150 */
enum { MAX_DIMS = 16 };

typedef struct {
  const char *path;
  const char *text, *at, *end;
} Header;

static gboolean bad_json(const Header *h, const char *expected, GError **error) {
  return cs3_checkpoint_fail(h->path, error, "header, byte %" G_GSIZE_FORMAT ": expected %s",
                             (gsize)(h->at - h->text), expected);
}

static char peek(Header *h) {
  while (h->at < h->end && memchr(" \t\r\n", *h->at, 4) != NULL)
    h->at++;
  return h->at < h->end ? *h->at : '\0';
}

static gboolean take(Header *h, char wanted, GError **error) {
  if (peek(h) != wanted) {
    g_autofree char *expected = g_strdup_printf("'%c'", wanted);
    return bad_json(h, expected, error);
  }
  h->at++;
  return TRUE;
}

/* Where the value that starts at @at ends, or %NULL: a string, or an object or array to its own
 * closing bracket, whatever is inside. */
static const char *value_end(const char *at, const char *end) {
  gsize depth = 0;
  gboolean quoted = FALSE;
  for (; at < end; at++) {
    if (quoted && *at == '\\')
      at++;
    else if (*at == '"')
      quoted = !quoted;
    else if (!quoted && (*at == '{' || *at == '['))
      depth++;
    else if (!quoted && depth > 0 && (*at == '}' || *at == ']'))
      depth--;
    if (depth == 0 && !quoted && at < end)
      return at + 1;
  }
  return NULL;
}

/* (transfer full) (nullable): the next value; it must start with @first. */
static json_t *take_value(Header *h, char first, const char *what, GError **error) {
  json_error_t why;
  const char *end = peek(h) == first ? value_end(h->at, h->end) : NULL;
  json_t *value = NULL;
  if (end != NULL && end - h->at <= MAX_ENTRY_BYTES)
    value = json_loadb(h->at, (gsize)(end - h->at), JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &why);
  if (value == NULL)
    bad_json(h, what, error);
  else
    h->at = end;
  return value;
}

/* @n whole numbers of 0 to 2^53; their product if @product. */
static gboolean read_numbers(json_t *array, gint64 *numbers, gsize most, gsize *n) {
  *n = json_array_size(array);
  if (!json_is_array(array) || *n > most)
    return FALSE;
  for (gsize i = 0; i < *n; i++) {
    json_t *value = json_array_get(array, i);
    numbers[i] = json_is_integer(value) ? json_integer_value(value) : -1;
    if (numbers[i] < 0 || numbers[i] > (gint64)1 << 53)
      return FALSE;
  }
  return TRUE;
}

static gboolean read_tensor(Cs3Checkpoint *c, guint file, guint64 start, const char *name,
                            json_t *entry, GError **error) {
  const Cs3CheckpointFile *f = &g_array_index(c->files, Cs3CheckpointFile, file);
  gint64 dims[MAX_DIMS], offsets[2];
  gsize n_dims, n_offsets;
  const char *dtype = json_string_value(json_object_get(entry, "dtype"));
  if (dtype == NULL)
    return cs3_checkpoint_fail(f->path, error, "%s: has no dtype", name);
  const Cs3Dtype *known = cs3_dtype_find(dtype);
  guint64 room = f->size - start;
  if (!read_numbers(json_object_get(entry, "shape"), dims, MAX_DIMS, &n_dims) ||
      !read_numbers(json_object_get(entry, "data_offsets"), offsets, 2, &n_offsets) ||
      n_offsets != 2 || offsets[0] > offsets[1] || (guint64)offsets[1] > room ||
      (known &&
       cs3_checkpoint_bytes(dims, n_dims, known->bits) != (guint64)(offsets[1] - offsets[0])))
    return cs3_checkpoint_fail(
        f->path, error,
        "%s: shape, dtype and data_offsets do not fit each other or the file's "
        "%" G_GUINT64_FORMAT " bytes of values",
        name, room);
  Cs3StoredTensor tensor = {
      .name = name,
      .dtype = known,
      .dtype_name = dtype,
      .file = file,
      .n_dims = (guint)n_dims,
      .dims = {n_dims > 0 ? dims[0] : 1, n_dims > 1 ? dims[1] : 1, n_dims > 2 ? dims[2] : 1},
      .offset = start + (guint64)offsets[0],
      .bytes = (guint64)(offsets[1] - offsets[0]),
  };
  return cs3_checkpoint_add(c, &tensor, error);
}

static gboolean read_entry(Cs3Checkpoint *c, guint file, guint64 start, Header *h, GError **error) {
  json_auto_t *name = take_value(h, '"', "the name of a tensor", error);
  gboolean ok = name != NULL && take(h, ':', error);
  if (ok && strcmp(json_string_value(name), "__metadata__") == 0) {
    const char *end = peek(h) == '{' ? value_end(h->at, h->end) : NULL;
    ok = end != NULL || bad_json(h, "an object", error);
    h->at = end != NULL ? end : h->at;
  } else if (ok) {
    json_t *entry = take_value(h, '{', "a tensor's dtype, shape and data_offsets", error);
    ok = entry != NULL && read_tensor(c, file, start, json_string_value(name), entry, error);
    json_decref(entry);
  }
  return ok;
}

static gboolean read_entries(Cs3Checkpoint *c, guint file, guint64 start, Header *h,
                             GError **error) {
  if (!take(h, '{', error))
    return FALSE;
  for (gboolean first = TRUE; peek(h) != '}'; first = FALSE)
    if ((!first && !take(h, ',', error)) || !read_entry(c, file, start, h, error))
      return FALSE;
  h->at++;
  return peek(h) == '\0' || bad_json(h, "nothing more", error);
}

static gboolean read_header(Cs3Checkpoint *c, guint index, GError **error) {
  const Cs3CheckpointFile *f = &g_array_index(c->files, Cs3CheckpointFile, index);
  Cs3StoredTensor whole = {.file = index, .bytes = f->size};
  guint64 length = 0;
  if (f->size >= sizeof length && !cs3_checkpoint_read(c, &whole, 0, sizeof length, &length, error))
    return FALSE;
  length = GUINT64_FROM_LE(length);
  if (f->size < sizeof length || length > f->size - sizeof length)
    return cs3_checkpoint_fail(f->path, error,
                               "not a safetensors file: the header's length does not fit its "
                               "%" G_GUINT64_FORMAT " bytes",
                               f->size);
  if (length > MAX_HEADER_BYTES)
    return cs3_checkpoint_fail(
        f->path, error, "the header has %" G_GUINT64_FORMAT " bytes; the format allows 100000000",
        length);
  g_autofree char *text = g_try_malloc(length + 1);
  if (text == NULL)
    return cs3_checkpoint_fail(f->path, error, "no memory for the header");
  if (!cs3_checkpoint_read(c, &whole, sizeof length, length, text, error))
    return FALSE;
  Header h = {f->path, text, text, text + length};
  guint first = c->tensors->len;
  return read_entries(c, index, sizeof length + length, &h, error) &&
         cs3_checkpoint_check_overlap(c, first, f->path, error);
}

static const char *const suffixes[] = {".safetensors", NULL};

const Cs3CheckpointFormat cs3_checkpoint_safetensors = {
    .name = "safetensors",
    .suffixes = suffixes,
    .header = read_header,
};
