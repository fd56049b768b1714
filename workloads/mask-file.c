/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Registry of the mask file formats. */
#include "config.h"

#include "workloads/mask-file.h"

#include <glib/gstdio.h>
#include <string.h>

#include "workloads/workload-error.h"

static const Cs3MaskFormat *const formats[] = {
    &cs3_mask_smtx,
    &cs3_mask_mtx,
    &cs3_mask_npz,
    &cs3_mask_safetensors,
    &cs3_mask_safetensors_index,
    NULL,
};

const Cs3MaskFormat *const *cs3_mask_formats(void) {
  return formats;
}

/* @path: without an ending. */
static const Cs3MaskFormat *format_by_bytes(const char *path) {
  char bytes[16];
  FILE *file = g_file_test(path, G_FILE_TEST_IS_REGULAR) ? g_fopen(path, "re") : NULL;
  gsize n = file != NULL ? fread(bytes, 1, sizeof bytes, file) : 0;
  if (file != NULL)
    fclose(file);
  for (const Cs3MaskFormat *const *f = formats; *f != NULL; f++)
    if ((*f)->begins(bytes, n))
      return *f;
  return NULL;
}

const Cs3MaskFormat *cs3_mask_format_of(const char *path) {
  g_autofree char *lower = g_ascii_strdown(path, -1);
  g_autofree char *name = g_path_get_basename(lower);
  for (const Cs3MaskFormat *const *f = formats; *f != NULL; f++)
    if (g_str_has_suffix(lower, (*f)->suffix))
      return *f;
  return strchr(name, '.') == NULL ? format_by_bytes(path) : NULL;
}

static const Cs3MaskFormat *find_format(const char *path, GError **error) {
  if (g_file_test(path, G_FILE_TEST_IS_DIR))
    return &cs3_mask_safetensors;
  const Cs3MaskFormat *format = cs3_mask_format_of(path);
  if (format != NULL)
    return format;
  g_autoptr(GString) known = g_string_new(NULL);
  for (const Cs3MaskFormat *const *f = formats; *f != NULL; f++)
    g_string_append_printf(known, "%s%s", known->len ? ", " : "", (*f)->suffix);
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
              "%s: not a known kind of mask file (the name must end in %s)", path, known->str);
  return NULL;
}

static gboolean check_choice(const char *path, const Cs3MaskFormat *format,
                             const Cs3MaskChoice *choice, GError **error) {
  if (format->tensors || (choice->tensor == NULL && !choice->nan_masked))
    return TRUE;
  if (choice->tensor != NULL)
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                "%s: holds one matrix without a name; tensor '%s' cannot be chosen", path,
                choice->tensor);
  else
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                "%s: has no NaN that could stand for a masked weight", path);
  return FALSE;
}

Cs3Mask *cs3_mask_read(const char *path, const Cs3MaskChoice *choice, GError **error) {
  const Cs3MaskFormat *format = find_format(path, error);
  if (format == NULL || !check_choice(path, format, choice, error))
    return NULL;
  g_autoptr(Cs3Mask) mask = format->read(path, choice, error);
  if (mask != NULL && cs3_mask_nnz(mask) == 0) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
                "%s: all of its %" G_GINT64_FORMAT " x %" G_GINT64_FORMAT " weights are zero", path,
                mask->rows, mask->cols);
    return NULL;
  }
  return g_steal_pointer(&mask);
}

gboolean cs3_mask_set(Cs3Mask *mask, gint64 row, gint64 col) {
  guint64 *word = &cs3_mask_row(mask, row)[col / 64], bit = (guint64)1 << (col % 64);
  gboolean fresh = !(*word & bit);
  *word |= bit;
  return fresh;
}

static const Cs3MaskFormat *written_format(const char *path) {
  g_autofree char *lower = g_ascii_strdown(path, -1);
  for (const Cs3MaskFormat *const *f = formats; *f != NULL; f++)
    if ((*f)->write != NULL && g_str_has_suffix(lower, (*f)->suffix))
      return *f;
  return NULL;
}

gboolean cs3_mask_write(const Cs3Mask *mask, const char *path, const char *tensor,
                        Cs3Output *output, GError **error) {
  const Cs3MaskFormat *format = written_format(path);
  if (format != NULL && g_utf8_validate(tensor, -1, NULL)) {
    cs3_output_set_plain(output, FALSE); /* not for people: lines are as long as they are */
    return format->write(mask, tensor, output, error);
  }
  g_autoptr(GString) known = g_string_new(NULL);
  for (const Cs3MaskFormat *const *f = formats; *f != NULL; f++)
    if ((*f)->write != NULL)
      g_string_append_printf(known, "%s%s", known->len ? ", " : "", (*f)->suffix);
  if (format == NULL)
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                "%s: masks are written to names that end in %s", path, known->str);
  else
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                "%s: the name of its tensor is not UTF-8", path);
  return FALSE;
}
