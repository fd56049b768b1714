/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ZIP archives, read from their directory at the end. */
#include "config.h"

#include "workloads/zip-file.h"

#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>

#include "workloads/checkpoint.h"
#include "workloads/workload-error.h"

/* Sizes and places have 32 bits; larger archives (ZIP64) are refused. */
#define MAX_ARCHIVE ((off_t)0xfffffffe)
enum { END_BYTES = 22, ENTRY_BYTES = 46, LOCAL_BYTES = 30, MAX_COMMENT = 65535 };
enum { STORED = 0, DEFLATED = 8 };

static guint32 u32(const Cs3Zip *zip, gsize at) {
  guint32 value;
  memcpy(&value, zip->bytes + at, sizeof value);
  return GUINT32_FROM_LE(value);
}

static guint16 u16(const Cs3Zip *zip, gsize at) {
  guint16 value;
  memcpy(&value, zip->bytes + at, sizeof value);
  return GUINT16_FROM_LE(value);
}

void cs3_zip_free(Cs3Zip *zip) {
  if (zip == NULL)
    return;
  g_free(zip->path);
  g_free(zip->bytes);
  g_hash_table_unref(zip->members);
  g_free(zip);
}

/* Where the record at the end is; 0: nowhere. */
static gsize find_end(const Cs3Zip *zip) {
  for (gsize back = END_BYTES; back <= zip->size && back <= END_BYTES + MAX_COMMENT; back++)
    if (memcmp(zip->bytes + zip->size - back, "PK\5\6", 4) == 0)
      return zip->size - back;
  return 0;
}

static gboolean read_directory(Cs3Zip *zip, GError **error) {
  gsize end = find_end(zip);
  if (end == 0)
    return cs3_checkpoint_fail(zip->path, error, "not a ZIP archive, or cut off");
  gsize at = u32(zip, end + 16);
  for (guint n = u16(zip, end + 10); n > 0; n--) {
    gsize name = at < end && end - at >= ENTRY_BYTES ? u16(zip, at + 28) : 0;
    if (name == 0 || memcmp(zip->bytes + at, "PK\1\2", 4) != 0 || end - at - ENTRY_BYTES < name)
      return cs3_checkpoint_fail(zip->path, error, "the directory of the archive is damaged");
    g_hash_table_replace(zip->members, g_strndup(zip->bytes + at + ENTRY_BYTES, name),
                         GSIZE_TO_POINTER(at));
    at += ENTRY_BYTES + name + u16(zip, at + 30) + u16(zip, at + 32);
  }
  return TRUE;
}

Cs3Zip *cs3_zip_open(const char *path, GError **error) {
  g_autoptr(Cs3Zip) zip = g_new0(Cs3Zip, 1);
  g_autoptr(GError) reason = NULL;
  struct stat info;
  zip->path = g_strdup(path);
  zip->members = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  if (stat(path, &info) == 0 && info.st_size > MAX_ARCHIVE) {
    cs3_checkpoint_fail(path, error, "an archive of more than 4 GiB");
    return NULL;
  }
  if (!g_file_get_contents(path, &zip->bytes, &zip->size, &reason)) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_NO_INPUT, "%s", reason->message);
    return NULL;
  }
  return read_directory(zip, error) ? g_steal_pointer(&zip) : NULL;
}

/* Deflated bytes beyond @size are an error. */
static gboolean inflate(const char *from, gsize n, char *to, gsize size) {
  g_autoptr(GZlibDecompressor) zlib = g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_RAW);
  gsize got = 0;
  for (;;) {
    gsize read = 0, written = 0;
    char spare;
    gboolean full = got == size;
    GConverterResult result =
        g_converter_convert(G_CONVERTER(zlib), from, n, full ? &spare : to + got,
                            full ? 1 : size - got, G_CONVERTER_INPUT_AT_END, &read, &written, NULL);
    if (result == G_CONVERTER_ERROR || (full && written > 0))
      return FALSE;
    from += read;
    n -= read;
    got += written;
    if (result == G_CONVERTER_FINISHED)
      return got == size;
  }
}

GBytes *cs3_zip_member(const Cs3Zip *zip, const char *name, GError **error) {
  gpointer entry;
  if (!g_hash_table_lookup_extended(zip->members, name, NULL, &entry)) {
    cs3_checkpoint_fail(zip->path, error, "has no member %s", name);
    return NULL;
  }
  gsize at = GPOINTER_TO_SIZE(entry), packed = u32(zip, at + 20), size = u32(zip, at + 24);
  gsize local = u32(zip, at + 42), method = u16(zip, at + 10);
  gsize room = local < zip->size ? zip->size - local : 0;
  gsize data =
      room >= LOCAL_BYTES ? (gsize)LOCAL_BYTES + u16(zip, local + 26) + u16(zip, local + 28) : room;
  if (room <= data || packed > room - data || (method != STORED && method != DEFLATED) ||
      (method == STORED && packed != size)) {
    cs3_checkpoint_fail(zip->path, error, "%s: is damaged, or packed in an unknown way", name);
    return NULL;
  }
  char *bytes = g_try_malloc(size + 1);
  const char *from = zip->bytes + local + data;
  gboolean ok = bytes != NULL && (method == STORED ? memcpy(bytes, from, size) != NULL
                                                   : inflate(from, packed, bytes, size));
  if (!ok) {
    g_free(bytes);
    cs3_checkpoint_fail(
        zip->path, error,
        "%s: does not unpack to the %" G_GSIZE_FORMAT " bytes that the directory says", name, size);
    return NULL;
  }
  return g_bytes_new_take(bytes, size);
}
