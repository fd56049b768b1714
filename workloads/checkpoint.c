/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Checkpoints: which files belong to one, and reading from them. Registry of the kinds of files. */
#include "config.h"

#include "workloads/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workloads/checkpoint-format.h"
#include "workloads/config-reader.h"
#include "workloads/workload-error.h"

#define INDEX_SUFFIX ".safetensors.index.json"
#define MAX_INDEX_BYTES ((gsize)200000000)

static const Cs3CheckpointFormat *const formats[] = {
    &cs3_checkpoint_safetensors,
    &cs3_checkpoint_gguf,
    &cs3_checkpoint_hdf5,
    NULL,
};

const Cs3CheckpointFormat *const *cs3_checkpoint_formats(void) {
  return formats;
}

gboolean cs3_checkpoint_fail(const char *path, GError **error, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  for (char *c = valid; *c != '\0'; c++)
    if (g_ascii_iscntrl(*c))
      *c = '?';
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA, "%s: %s", path, valid);
  return FALSE;
}

static gboolean no_input(const char *path, int code, GError **error) {
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_NO_INPUT, "%s: %s", path,
              g_strerror(code));
  return FALSE;
}

static void file_clear(gpointer data) {
  Cs3CheckpointFile *file = data;
  g_free(file->path);
  if (file->state != NULL)
    file->format->close(file->state);
  if (file->fd >= 0)
    close(file->fd);
}

void cs3_checkpoint_free(Cs3Checkpoint *c) {
  if (c == NULL)
    return;
  g_free(c->path);
  g_array_unref(c->files);
  g_array_unref(c->tensors);
  g_hash_table_unref(c->by_name);
  g_string_chunk_free(c->names);
  g_free(c);
}

static Cs3Checkpoint *checkpoint_new(const char *path) {
  Cs3Checkpoint *c = g_new0(Cs3Checkpoint, 1);
  c->path = g_strdup(path);
  c->files = g_array_new(FALSE, FALSE, sizeof(Cs3CheckpointFile));
  g_array_set_clear_func(c->files, file_clear);
  c->tensors = g_array_new(FALSE, FALSE, sizeof(Cs3StoredTensor));
  c->by_name = g_hash_table_new(g_str_hash, g_str_equal);
  c->names = g_string_chunk_new(1 << 16);
  return c;
}

static const Cs3CheckpointFormat *format_of(const Cs3CheckpointFile *file) {
  guint8 start[16];
  ssize_t n = pread(file->fd, start, sizeof start, 0);
  for (const Cs3CheckpointFormat *const *format = formats + 1; *format != NULL; format++)
    if ((*format)->is(start, (gsize)MAX(0, n)))
      return *format;
  return formats[0];
}

static gboolean add_file(Cs3Checkpoint *c, const char *path, GError **error) {
  struct stat info;
  Cs3CheckpointFile file = {.fd = open(path, O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0)
    return no_input(path, errno, error);
  file.path = g_strdup(path);
  g_array_append_val(c->files, file);
  Cs3CheckpointFile *added = &g_array_index(c->files, Cs3CheckpointFile, c->files->len - 1);
  if (fstat(added->fd, &info) != 0)
    return no_input(path, errno, error);
  if (!S_ISREG(info.st_mode))
    return cs3_checkpoint_fail(path, error, "is no plain file: a checkpoint is read in any order");
  added->size = (guint64)info.st_size;
  added->format = format_of(added);
  return added->format->header(c, c->files->len - 1, error);
}

gboolean cs3_checkpoint_read(const Cs3Checkpoint *c, const Cs3StoredTensor *tensor, guint64 offset,
                             gsize size, void *buffer, GError **error) {
  const Cs3CheckpointFile *f = &g_array_index(c->files, Cs3CheckpointFile, tensor->file);
  if (tensor->packed)
    return f->format->read(c, tensor, offset, size, buffer, error);
  for (gsize done = 0; done < size;) {
    ssize_t n =
        pread(f->fd, (guint8 *)buffer + done, size - done, (off_t)(tensor->offset + offset + done));
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return no_input(f->path, errno, error);
    if (n == 0) {
      g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_NO_INPUT,
                  "%s: has become shorter while it was read", f->path);
      return FALSE;
    }
    done += (gsize)n;
  }
  return TRUE;
}

const Cs3StoredTensor *cs3_checkpoint_find(const Cs3Checkpoint *c, const char *name) {
  guint place = GPOINTER_TO_UINT(g_hash_table_lookup(c->by_name, name));
  return place > 0 ? &g_array_index(c->tensors, Cs3StoredTensor, place - 1) : NULL;
}

const Cs3StoredTensor *cs3_checkpoint_beside(const Cs3Checkpoint *c, const char *stem, gsize length,
                                             const char *suffix) {
  g_autofree char *name = g_strdup_printf("%.*s%s", (int)length, stem, suffix);
  return cs3_checkpoint_find(c, name);
}

/* --- tensors of a file ------------------------------------------------------------------------ */

gboolean cs3_checkpoint_add(Cs3Checkpoint *c, const Cs3StoredTensor *given, GError **error) {
  const Cs3CheckpointFile *f = &g_array_index(c->files, Cs3CheckpointFile, given->file);
  Cs3StoredTensor tensor = *given;
  tensor.name = g_string_chunk_insert(c->names, given->name);
  tensor.dtype_name = g_string_chunk_insert_const(c->names, given->dtype_name);
  g_array_append_val(c->tensors, tensor);
  if (!g_hash_table_insert(c->by_name, (gpointer)tensor.name, GUINT_TO_POINTER(c->tensors->len)))
    return cs3_checkpoint_fail(f->path, error, "%s: is there twice", tensor.name);
  return TRUE;
}

guint64 cs3_checkpoint_bytes(const gint64 *dims, gsize n_dims, guint bits) {
  guint64 total = bits;
  for (gsize i = 0; i < n_dims; i++)
    if (!g_uint64_checked_mul(&total, total, (guint64)dims[i]))
      return G_MAXUINT64;
  return total % 8 == 0 ? total / 8 : G_MAXUINT64;
}

static int by_place(gconstpointer a, gconstpointer b) {
  const Cs3StoredTensor *x = *(const Cs3StoredTensor *const *)a,
                        *y = *(const Cs3StoredTensor *const *)b;
  return x->offset != y->offset ? (x->offset < y->offset ? -1 : 1)
                                : (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

gboolean cs3_checkpoint_check_overlap(const Cs3Checkpoint *c, guint first, const char *path,
                                      GError **error) {
  g_autoptr(GPtrArray) order = g_ptr_array_new();
  for (guint i = first; i < c->tensors->len; i++)
    g_ptr_array_add(order, &g_array_index(c->tensors, Cs3StoredTensor, i));
  g_ptr_array_sort(order, by_place);
  for (guint i = 1; i < order->len; i++) {
    const Cs3StoredTensor *a = order->pdata[i - 1], *b = order->pdata[i];
    if (a->offset + a->bytes > b->offset)
      return cs3_checkpoint_fail(path, error, "%s and %s overlap", a->name, b->name);
  }
  return TRUE;
}

/* --- index ------------------------------------------------------------------------------------ */

/* Up to and with the last dot: what the tensors of a module have in common. */
static gsize module_length(const char *name) {
  const char *dot = strrchr(name, '.');
  return dot != NULL ? (gsize)(dot - name) + 1 : strlen(name);
}

static gboolean is_near(const char *name, const char *near) {
  return near == NULL || strncmp(name, near, module_length(near)) == 0;
}

static int by_text(gconstpointer a, gconstpointer b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* (transfer full) (nullable): names of the files to open, in order. */
static GPtrArray *shards(const char *path, json_t *map, const char *near, GError **error) {
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GPtrArray) files = g_ptr_array_new();
  const char *name;
  json_t *value;
  json_object_foreach(map, name, value) {
    if (!is_near(name, near))
      continue;
    const char *file = json_string_value(value);
    if (file == NULL || strchr(file, '/') != NULL || *file == '\0') {
      cs3_checkpoint_fail(path, error, "%s: the file '%s' is not beside the index", name,
                          file ? file : "");
      return NULL;
    }
    if (g_hash_table_add(seen, (gpointer)file))
      g_ptr_array_add(files, (gpointer)file);
  }
  g_ptr_array_sort(files, by_text);
  return g_steal_pointer(&files);
}

/* Every tensor of the index is in the file that it names. */
static gboolean check_map(const Cs3Checkpoint *c, json_t *map, const char *near, GError **error) {
  const char *name;
  json_t *value;
  json_object_foreach(map, name, value) {
    if (!is_near(name, near))
      continue;
    const Cs3StoredTensor *tensor = cs3_checkpoint_find(c, name);
    const char *path = tensor ? g_array_index(c->files, Cs3CheckpointFile, tensor->file).path : "";
    g_autofree char *file = g_path_get_basename(path);
    if (tensor == NULL || strcmp(file, json_string_value(value)) != 0)
      return cs3_checkpoint_fail(c->path, error, "%s: is not in %s, where the index says it is",
                                 name, json_string_value(value));
  }
  return TRUE;
}

static gboolean open_shards(Cs3Checkpoint *c, json_t *index, const char *near, GError **error) {
  json_t *map = json_object_get(index, "weight_map");
  if (json_object_size(map) == 0)
    return cs3_checkpoint_fail(c->path, error, "has no weight_map of tensors and their files");
  if (near != NULL && json_object_get(map, near) == NULL)
    near = NULL; /* it may be the weight that several tensors make up together */
  g_autofree char *folder = g_path_get_dirname(c->path);
  g_autoptr(GPtrArray) files = shards(c->path, map, near, error);
  for (guint i = 0; files != NULL && i < files->len; i++) {
    g_autofree char *shard = g_build_filename(folder, files->pdata[i], NULL);
    if (!add_file(c, shard, error))
      return FALSE;
  }
  return files != NULL && check_map(c, map, near, error);
}

static gboolean open_index(Cs3Checkpoint *c, const char *near, GError **error) {
  json_auto_t *index = cs3_config_read_file(c->path, MAX_INDEX_BYTES, error);
  gboolean ok = index != NULL && open_shards(c, index, near, error);
  return ok;
}

/* --- folder ----------------------------------------------------------------------------------- */

/* (transfer full) (element-type filename): what ends in @suffix, in order. */
static GPtrArray *list_folder(const char *path, const char *suffix) {
  GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
  for (const char *name; folder != NULL && (name = g_dir_read_name(folder)) != NULL;)
    if (g_str_has_suffix(name, suffix))
      g_ptr_array_add(found, g_build_filename(path, name, NULL));
  g_ptr_array_sort(found, by_text);
  return found;
}

/* (transfer full) (element-type filename): the files of the first format that has any, in order. */
static GPtrArray *list_files(const char *path) {
  g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
  for (const Cs3CheckpointFormat *const *format = formats; *format != NULL; format++)
    for (const char *const *suffix = (*format)->suffixes; *suffix != NULL; suffix++) {
      g_autoptr(GPtrArray) more = list_folder(path, *suffix);
      if (more->len > 0)
        return g_steal_pointer(&more);
    }
  return g_steal_pointer(&files);
}

gboolean cs3_checkpoint_is_folder(const char *path) {
  g_autoptr(GPtrArray) indices = list_folder(path, INDEX_SUFFIX);
  g_autoptr(GPtrArray) files = list_files(path);
  return indices->len + files->len > 0;
}

/* (transfer full): "*.a, *.b" */
static char *suffix_names(void) {
  g_autoptr(GString) names = g_string_new(NULL);
  for (const Cs3CheckpointFormat *const *format = formats; *format != NULL; format++)
    for (const char *const *suffix = (*format)->suffixes; *suffix != NULL; suffix++)
      g_string_append_printf(names, "%s*%s", names->len > 0 ? ", " : "", *suffix);
  return g_strdup(names->str);
}

static gboolean open_folder(Cs3Checkpoint *c, const char *near, GError **error) {
  g_autoptr(GPtrArray) indices = list_folder(c->path, INDEX_SUFFIX);
  if (indices->len == 1) {
    g_free(c->path);
    c->path = g_strdup(indices->pdata[0]);
    return open_index(c, near, error);
  }
  g_autoptr(GPtrArray) files = list_files(c->path);
  g_autofree char *known = suffix_names();
  if (files->len == 0 || indices->len > 1)
    return cs3_checkpoint_fail(c->path, error,
                               "a folder with %s; expected files %s, or one *" INDEX_SUFFIX
                               " and its files",
                               indices->len > 1 ? "several indices" : "no checkpoint", known);
  for (guint i = 0; i < files->len; i++)
    if (!add_file(c, files->pdata[i], error))
      return FALSE;
  return TRUE;
}

static int by_name(gconstpointer a, gconstpointer b) {
  return strcmp(((const Cs3StoredTensor *)a)->name, ((const Cs3StoredTensor *)b)->name);
}

static void sort_tensors(Cs3Checkpoint *c) {
  g_array_sort(c->tensors, by_name);
  for (guint i = 0; i < c->tensors->len; i++)
    g_hash_table_replace(c->by_name, (gpointer)g_array_index(c->tensors, Cs3StoredTensor, i).name,
                         GUINT_TO_POINTER(i + 1));
}

Cs3Checkpoint *cs3_checkpoint_open(const char *path, const char *near, GError **error) {
  g_autoptr(Cs3Checkpoint) c = checkpoint_new(path);
  g_autofree char *lower = g_ascii_strdown(path, -1);
  gboolean ok = g_file_test(path, G_FILE_TEST_IS_DIR)   ? open_folder(c, near, error)
                : g_str_has_suffix(lower, INDEX_SUFFIX) ? open_index(c, near, error)
                                                        : add_file(c, path, error);
  if (!ok)
    return NULL;
  sort_tensors(c);
  return g_steal_pointer(&c);
}
