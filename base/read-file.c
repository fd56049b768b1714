/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small files, read whole. */
#include "config.h"

#include "base/read-file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Returns: 0 or errno. */
static int read_to_end(int fd, gsize most, GByteArray *bytes) {
  guint8 chunk[65536];
  ssize_t n;
  while ((n = read(fd, chunk, sizeof chunk)) != 0) {
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return errno;
    g_byte_array_append(bytes, chunk, (guint)n);
    if (bytes->len > most)
      return EFBIG;
  }
  return 0;
}

char *cs3_read_file(const char *path, gsize most, gsize *length) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return NULL;
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  int problem = read_to_end(fd, most, bytes);
  close(fd);
  if (problem != 0) {
    errno = problem;
    return NULL;
  }
  if (length != NULL)
    *length = bytes->len;
  g_byte_array_append(bytes, (const guint8 *)"", 1);
  return (char *)g_byte_array_free(g_steal_pointer(&bytes), FALSE);
}

char *cs3_read_text_file(const char *path, gsize most, gsize *length, GError **error) {
  char *text = cs3_read_file(path, most, length);
  if (text != NULL)
    return text;
  int code = errno;
  if (code == EFBIG)
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                "cannot read %s: it has more than %" G_GSIZE_FORMAT " bytes", path, most);
  else
    g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(code), "cannot read %s: %s", path,
                g_strerror(code));
  return NULL;
}
