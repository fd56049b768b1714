/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading ONNX files. */
#include "config.h"

#include "workloads/onnx/onnx-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workloads/checkpoint.h"
#include "workloads/config-reader.h"
#include "workloads/workload-error.h"

#define MOST_BYTES (((gsize)1 << 31) - 1) /* of a protobuf message */
#define LFS_MARK "version https://git-lfs"

enum {
  STACK_BYTES = 1 << 20,   /* of messages within messages: some hundred, real models have 16 */
  DROP_BYTES = 8 << 20,    /* copied out of the map before its pages are given back */
  SMALL_FACTOR = 64,       /* memory a byte of the file that messages of a few bytes may take ... */
  SMALL_BYTES = 256 << 20, /* ... up to so much beside the file's size */
};

/* What unpacking may take: protobuf-c asks this for all its memory. */
typedef struct {
  gsize left;      /* bytes that it may still get */
  const char *top; /* of the stack */
  guint8 *map;     /* of the file: values that have been copied need not stay in memory */
  gsize size, since;
  enum { FITS, TOO_DEEP, TOO_MUCH } refused;
} Room;

static void *room_take(void *data, size_t size) {
  Room *room = data;
  char here;
  if (ABS(room->top - &here) > STACK_BYTES)
    room->refused = TOO_DEEP;
  else if (size > room->left)
    room->refused = TOO_MUCH;
  if (room->refused != FITS)
    return NULL;
  room->left -= size;
  room->since += size;
  if (room->since > DROP_BYTES) {
    madvise(room->map, room->size, MADV_DONTNEED); /* comes back from the file where it is needed */
    room->since = 0;
  }
  return malloc(size);
}

static void room_give(void *data, void *memory) {
  free(memory);
}

gboolean cs3_onnx_file_fail(const Cs3OnnxFile *file, GError **error, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  return cs3_checkpoint_fail(file->path, error, "%s", text);
}

static gboolean too_large(const char *path, GError **error, const char *why) {
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_TOO_LARGE, "%s: %s", path, why);
  return FALSE;
}

static gboolean check_start(const Cs3OnnxFile *file, const char *bytes, gsize size,
                            GError **error) {
  if (size > MOST_BYTES)
    return too_large(
        file->path, error,
        "2 GiB or more, which no ONNX file can be; its values belong into external data");
  if (size == 0)
    return cs3_onnx_file_fail(file, error, "is empty; expected an ONNX model");
  if (size >= strlen(LFS_MARK) && memcmp(bytes, LFS_MARK, strlen(LFS_MARK)) == 0)
    return cs3_onnx_file_fail(file, error,
                              "is a Git LFS pointer, not the model: 'git lfs pull' gets it");
  return TRUE;
}

static gboolean unpack(Cs3OnnxFile *file, GMappedFile *map, GError **error) {
  char here;
  gsize size = g_mapped_file_get_length(map);
  Room room = {.left = size + MIN(SMALL_FACTOR * size + (1 << 20), SMALL_BYTES),
               .top = &here,
               .map = (guint8 *)g_mapped_file_get_contents(map),
               .size = size};
  ProtobufCAllocator allocator = {.alloc = room_take, .free = room_give, .allocator_data = &room};
  file->proto = onnx__model_proto__unpack(&allocator, size, room.map);
  if (file->proto != NULL)
    return TRUE;
  if (room.refused == TOO_MUCH)
    return too_large(
        file->path, error,
        "its small fields would take many times its size in memory; no model has so many");
  return cs3_onnx_file_fail(file, error, "%s",
                            room.refused == TOO_DEEP
                                ? "graphs within graphs, deeper than any model has them"
                                : "is no ONNX model, or is truncated or damaged (protobuf cannot "
                                  "be read)");
}

/* (transfer full) (nullable): @path, which is a plain file. */
static GMappedFile *map_file(const char *path, GError **error) {
  struct stat info;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), code = errno;
  gboolean plain = fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  GMappedFile *map = plain ? g_mapped_file_new_from_fd(fd, FALSE, NULL) : NULL;
  if (fd >= 0)
    close(fd);
  g_autofree char *shown = cs3_config_clean(path);
  if (map == NULL)
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_NO_INPUT,
                "cannot read model file %s: %s", shown,
                fd < 0  ? g_strerror(code)
                : plain ? "it cannot be mapped"
                        : "it is no plain file");
  return map;
}

Cs3OnnxFile *cs3_onnx_file_open(const char *path, GError **error) {
  g_autoptr(GMappedFile) map = map_file(path, error);
  if (map == NULL)
    return NULL;
  g_autoptr(Cs3OnnxFile) file = g_new0(Cs3OnnxFile, 1);
  file->path = cs3_config_clean(path);
  file->folder = g_path_get_dirname(path);
  file->beside =
      g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_mapped_file_unref);
  file->bytes = g_mapped_file_get_length(map);
  if (!check_start(file, g_mapped_file_get_contents(map), file->bytes, error) ||
      !unpack(file, map, error))
    return NULL;
  if (file->proto->graph != NULL)
    return g_steal_pointer(&file);
  cs3_onnx_file_fail(file, error, "has no graph; expected an ONNX model");
  return NULL;
}

void cs3_onnx_file_free(Cs3OnnxFile *file) {
  if (file == NULL)
    return;
  if (file->proto != NULL)
    onnx__model_proto__free_unpacked(file->proto, NULL);
  g_hash_table_unref(file->beside);
  g_free(file->path);
  g_free(file->folder);
  g_free(file);
}

/* --- external data ---------------------------------------------------------------------------- */

static void no_file(const Cs3OnnxFile *file, const char *location, GError **error) {
  g_autofree char *shown = cs3_config_clean(location);
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_NO_INPUT,
              "%s: external data '%s' is missing; it belongs into the model's folder", file->path,
              shown);
}

/* (transfer full) (nullable): where @location is, within the model's folder. */
static char *place_of(const Cs3OnnxFile *file, const char *location, GError **error) {
  g_autofree char *named = g_build_filename(file->folder, location, NULL);
  char *folder = realpath(file->folder, NULL), *place = realpath(named, NULL);
  gsize length = folder != NULL ? strlen(folder) : 0;
  gboolean inside = place != NULL && folder != NULL && strncmp(place, folder, length) == 0 &&
                    (length == 1 || place[length] == '/');
  g_auto(GStrv) words = g_strsplit(location, "/", -1);
  gboolean leaves = g_path_is_absolute(location) ||
                    g_strv_contains((const char *const *)words, "..") || *location == '\0';
  char *found = inside && !leaves ? g_strdup(place) : NULL;
  if (leaves || (place != NULL && !inside))
    cs3_onnx_file_fail(file, error, "external data '%s' is not in the model's folder", location);
  else if (place == NULL)
    no_file(file, location, error);
  free(folder);
  free(place);
  return found;
}

GMappedFile *cs3_onnx_file_beside(Cs3OnnxFile *file, const char *location, GError **error) {
  GMappedFile *map = g_hash_table_lookup(file->beside, location);
  if (map != NULL)
    return map;
  g_autofree char *valid = g_utf8_make_valid(location, -1);
  g_autofree char *place = place_of(file, g_str_equal(valid, location) ? location : "", error);
  if (place == NULL)
    return NULL;
  map = map_file(place, error);
  if (map != NULL)
    g_hash_table_insert(file->beside, g_strdup(location), map);
  return map;
}
