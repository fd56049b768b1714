/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where results go: standard output, or a file that appears whole or not at all. */
#include "config.h"

#include "base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

G_DEFINE_QUARK(cs3 - output - error - quark, cs3_output_error)

struct Cs3Output {
  char *path;      /* as the user wrote it; NULL: standard output */
  char *target;    /* the file that the path means, links resolved */
  char *temporary; /* beside the target; NULL: written directly or not begun */
  gboolean color;
  gboolean direct; /* a device or pipe: nothing to rename */
  FILE *file;
  gsize bytes;
  int failure;         /* errno of the first failure, 0: none */
  Cs3OutputError kind; /* of that failure */
};

static const char *const format_names[] = {"text", "json", "jsonl", "csv", "svg",
                                           "png",  "pdf",  "html",  NULL};

const char *const *cs3_format_names(void) {
  return format_names;
}

int cs3_format_from_path(const char *path) {
  const char *dot = strrchr(path, '.');
  if (dot == NULL || strchr(dot, '/') != NULL)
    return -1;
  if (g_ascii_strcasecmp(dot, ".txt") == 0)
    return CS3_FORMAT_TEXT;
  if (g_ascii_strcasecmp(dot, ".htm") == 0)
    return CS3_FORMAT_HTML;
  for (int i = CS3_FORMAT_JSON; format_names[i] != NULL; i++)
    if (g_ascii_strcasecmp(dot + 1, format_names[i]) == 0)
      return i;
  return -1;
}

static void fail_create(const char *path, int code, GError **error) {
  g_set_error(error, CS3_OUTPUT_ERROR, CS3_OUTPUT_ERROR_CREATE, "cannot write %s: %s", path,
              g_strerror(code));
}

/* Follow links, so that the rename replaces the file and not the link to it. */
static char *resolve(const char *path) {
  char *real = realpath(path, NULL);
  if (real == NULL)
    return g_strdup(path);
  char *copy = g_strdup(real);
  free(real);
  return copy;
}

static gboolean check_place(Cs3Output *output, GError **error) {
  GStatBuf status;
  gboolean exists = g_stat(output->target, &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) {
    fail_create(output->path, EISDIR, error);
    return FALSE;
  }
  output->direct = exists && !S_ISREG(status.st_mode);
  g_autofree char *folder = g_path_get_dirname(output->target);
  const char *written = output->direct ? output->target : folder;
  int problem = 0;
  if (g_stat(folder, &status) != 0 || g_access(written, W_OK) != 0)
    problem = errno;
  else if (!S_ISDIR(status.st_mode))
    problem = ENOTDIR;
  if (problem != 0)
    fail_create(output->path, problem, error);
  return problem == 0;
}

Cs3Output *cs3_output_new(const char *path, GError **error) {
  g_autoptr(Cs3Output) output = g_new0(Cs3Output, 1);
  if (path == NULL || strcmp(path, "-") == 0) {
    output->file = stdout;
    output->direct = TRUE;
    return g_steal_pointer(&output);
  }
  if (*path == '\0') {
    g_set_error(error, CS3_OUTPUT_ERROR, CS3_OUTPUT_ERROR_CREATE,
                "the name of the output file is empty; give a file, or - for standard output");
    return NULL;
  }
  output->path = g_strdup(path);
  output->target = resolve(path);
  if (!check_place(output, error))
    return NULL;
  return g_steal_pointer(&output);
}

const char *cs3_output_path(const Cs3Output *output) {
  return output->path;
}

gsize cs3_output_bytes(const Cs3Output *output) {
  return output->bytes;
}

static void fail(Cs3Output *output, int code) {
  if (output->failure != 0)
    return;
  output->failure = code != 0 ? code : EIO;
  output->kind = CS3_OUTPUT_ERROR_WRITE;
}

static int open_temporary(Cs3Output *output) {
  g_autofree char *folder = g_path_get_dirname(output->target);
  g_autofree char *name = g_path_get_basename(output->target);
  output->temporary = g_strdup_printf("%s/.%s.XXXXXX", folder, name);
  int fd = g_mkstemp_full(output->temporary, O_RDWR | O_CLOEXEC, 0666);
  if (fd < 0)
    g_clear_pointer(&output->temporary, g_free);
  return fd;
}

/* Open at the first write: a command that fails before it has a result leaves nothing to clean. */
static gboolean ready(Cs3Output *output) {
  if (output->failure != 0)
    return FALSE;
  if (output->file != NULL)
    return TRUE;
  int fd =
      output->direct ? g_open(output->target, O_WRONLY | O_CLOEXEC, 0) : open_temporary(output);
  if (fd < 0) {
    fail(output, errno);
    output->kind = CS3_OUTPUT_ERROR_CREATE;
    return FALSE;
  }
  output->file = fdopen(fd, "w");
  return TRUE;
}

void cs3_output_write(Cs3Output *output, const void *bytes, gsize n) {
  if (!ready(output))
    return;
  errno = 0;
  if (fwrite(bytes, 1, n, output->file) != n)
    fail(output, errno);
  else
    output->bytes += n;
}

void cs3_output_puts(Cs3Output *output, const char *text) {
  cs3_output_write(output, text, strlen(text));
}

void cs3_output_printf(Cs3Output *output, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  cs3_output_puts(output, text);
}

void cs3_output_set_color(Cs3Output *output, gboolean color) {
  output->color = color;
}

void cs3_output_heading(Cs3Output *output, const char *text) {
  cs3_output_printf(output, output->color ? "\033[1m%s\033[m" : "%s", text);
}

static int write_chunk(const char *bytes, size_t n, void *output) {
  cs3_output_write(output, bytes, n);
  return ((Cs3Output *)output)->failure != 0 ? -1 : 0;
}

void cs3_output_json(Cs3Output *output, const json_t *document, Cs3Format format) {
  size_t layout = format == CS3_FORMAT_JSONL ? JSON_COMPACT : JSON_INDENT(2);
  int status = json_dump_callback(document, write_chunk, output,
                                  layout | JSON_REAL_PRECISION(15) | JSON_ENCODE_ANY);
  if (status != 0)
    fail(output, EILSEQ);
  cs3_output_puts(output, "\n");
}

void cs3_output_flush(Cs3Output *output) {
  if (output->failure == 0 && output->file != NULL && fflush(output->file) != 0)
    fail(output, errno);
}

static void close_file(Cs3Output *output) {
  FILE *file = g_steal_pointer(&output->file);
  if (file == NULL)
    return;
  /* Standard output stays open: closing it would hide later mistakes of the process. */
  int status = file == stdout ? fflush(file) : fclose(file);
  if (status != 0)
    fail(output, errno);
}

static void sync_file(Cs3Output *output) {
  cs3_output_flush(output);
  /* EINVAL: a file system without fsync, which is its right. */
  if (output->failure == 0 && !output->direct && fsync(fileno(output->file)) != 0 &&
      errno != EINVAL)
    fail(output, errno);
}

gboolean cs3_output_finish(Cs3Output *output, GError **error) {
  /* An empty result is a file too. */
  if (ready(output))
    sync_file(output);
  close_file(output);
  if (output->failure != 0) {
    const char *name = output->path != NULL ? output->path : "standard output";
    g_set_error(error, CS3_OUTPUT_ERROR, output->kind, "cannot write %s: %s", name,
                g_strerror(output->failure));
    return FALSE;
  }
  if (output->temporary == NULL)
    return TRUE;
  if (g_rename(output->temporary, output->target) != 0) {
    fail_create(output->path, errno, error);
    return FALSE;
  }
  g_clear_pointer(&output->temporary, g_free);
  return TRUE;
}

void cs3_output_free(Cs3Output *output) {
  if (output == NULL)
    return;
  if (output->file != NULL && output->file != stdout)
    fclose(output->file);
  if (output->temporary != NULL)
    g_unlink(output->temporary);
  g_free(output->temporary);
  g_free(output->target);
  g_free(output->path);
  g_free(output);
}
