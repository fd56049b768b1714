/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where results go: standard output, or a file that appears whole or not at all. */
#include "config.h"

#include "base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/plain-text.h"
#include "base/text-fill.h"

G_DEFINE_QUARK(cs3 - output - error - quark, cs3_output_error)

struct Cs3Output {
  char *path;   /* as the user wrote it; NULL: standard output */
  char *target; /* the file that the path means, links resolved */
  gboolean color;
  gboolean plain;    /* texts are for people */
  gboolean keep;     /* their lines stay as they are */
  GString *line;     /* of such a text, not yet ended */
  gboolean direct;   /* a device or pipe: nothing to put in place */
  gboolean linkable; /* the nameless file can be given a name */
  FILE *file;
  gsize bytes;
  int failure;         /* errno of the first failure, 0: none */
  Cs3OutputError kind; /* of that failure */
};

static const char *const format_names[] = {"text", "json", "jsonl", "csv",   "svg",
                                           "png",  "pdf",  "html",  "graph", NULL};

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
  output->line = g_string_new(NULL);
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

gint64 cs3_output_width(const Cs3Output *output) {
  gint64 columns = 0;
  struct winsize size = {0};
  const char *given = g_getenv("COLUMNS");
  if (given != NULL && g_ascii_string_to_signed(given, 10, 20, 10000, &columns, NULL))
    return columns;
  if (output->file != stdout || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
    return 0;
  return size.ws_col >= 20 ? size.ws_col : 0;
}

gboolean cs3_output_reader_gone(const Cs3Output *output) {
  return output->path == NULL && output->failure == EPIPE;
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

/* "FOLDER/.NAME.XXXXXX": a name beside the target. */
static char *name_beside(const Cs3Output *output) {
  g_autofree char *folder = g_path_get_dirname(output->target);
  g_autofree char *name = g_path_get_basename(output->target);
  return g_strdup_printf("%s/.%s.XXXXXX", folder, name);
}

/* A file without a name on the target's file system: whatever ends the program takes it along. */
static int open_nameless(Cs3Output *output) {
#ifdef O_TMPFILE
  g_autofree char *folder = g_path_get_dirname(output->target);
  int nameless = g_open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
  output->linkable = nameless >= 0;
  if (output->linkable)
    return nameless;
#endif
  g_autofree char *name = name_beside(output);
  int fd = g_mkstemp_full(name, O_RDWR | O_CLOEXEC, 0666);
  if (fd >= 0)
    g_unlink(name);
  return fd;
}

/* Open at the first write: a command that fails before it has a result leaves nothing to clean. */
static gboolean ready(Cs3Output *output) {
  if (output->failure != 0)
    return FALSE;
  if (output->file != NULL)
    return TRUE;
  int fd = output->direct ? g_open(output->target, O_WRONLY | O_CLOEXEC, 0) : open_nameless(output);
  if (fd < 0) {
    fail(output, errno);
    output->kind = CS3_OUTPUT_ERROR_CREATE;
    return FALSE;
  }
  output->file = fdopen(fd, "w");
  return TRUE;
}

static void write_bytes(Cs3Output *output, const void *bytes, gsize n) {
  if (!ready(output))
    return;
  errno = 0;
  if (fwrite(bytes, 1, n, output->file) != n)
    fail(output, errno);
  else
    output->bytes += n;
}

/* What is there of a line that has not ended. */
static void write_line(Cs3Output *output) {
  guint width = output->keep ? 0 : (guint)cs3_output_width(output);
  g_autofree char *folded = width > 0 ? cs3_line_fold(output->line->str, width) : NULL;
  const char *written = folded != NULL ? folded : output->line->str;
  if (output->line->len > 0)
    write_bytes(output, written, strlen(written));
  g_string_truncate(output->line, 0);
}

void cs3_output_write(Cs3Output *output, const void *bytes, gsize n) {
  write_line(output);
  write_bytes(output, bytes, n);
}

static void write_lines(Cs3Output *output, const char *text) {
  for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1) {
    g_string_append_len(output->line, text, end - text);
    write_line(output);
    write_bytes(output, "\n", 1);
  }
  g_string_append(output->line, text);
}

void cs3_output_puts(Cs3Output *output, const char *text) {
  if (!output->plain) {
    write_bytes(output, text, strlen(text));
    return;
  }
  g_autofree char *plain = cs3_plain_lines(text);
  write_lines(output, plain);
}

void cs3_output_printf(Cs3Output *output, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  cs3_output_puts(output, text);
}

guint cs3_output_prose_width(const Cs3Output *output) {
  gint64 width = cs3_output_width(output);
  return width > 0 ? MIN((guint)width, CS3_TEXT_WIDTH) : CS3_TEXT_WIDTH;
}

void cs3_output_prose(Cs3Output *output, const char *text) {
  g_autofree char *filled = cs3_text_fill(text, 0, cs3_output_prose_width(output));
  cs3_output_puts(output, filled);
}

void cs3_output_set_color(Cs3Output *output, gboolean color) {
  output->color = color;
}

void cs3_output_set_plain(Cs3Output *output, gboolean plain) {
  output->plain = plain;
}

gboolean cs3_output_set_fold(Cs3Output *output, gboolean fold) {
  gboolean folded = !output->keep;
  output->keep = !fold;
  return folded;
}

/* The bold face goes with the text that it is of: into the line, or as bytes. */
static void write_face(Cs3Output *output, const char *code) {
  if (output->color && output->plain)
    g_string_append(output->line, code);
  else if (output->color)
    write_bytes(output, code, strlen(code));
}

void cs3_output_heading(Cs3Output *output, const char *text) {
  write_face(output, "\033[1m");
  cs3_output_puts(output, text);
  write_face(output, "\033[m");
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
  write_line(output);
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

static gboolean check(const Cs3Output *output, GError **error) {
  if (output->failure == 0)
    return TRUE;
  g_set_error(error, CS3_OUTPUT_ERROR, output->kind, "cannot write %s: %s",
              output->path != NULL ? output->path : "standard output", g_strerror(output->failure));
  return FALSE;
}

gboolean cs3_output_complete(Cs3Output *output, GError **error) {
  write_line(output);
  /* An empty result is a file too. */
  if (ready(output))
    sync_file(output);
  return check(output, error);
}

char *cs3_output_read(Cs3Output *output, GError **error) {
  cs3_output_flush(output);
  g_autofree char *text = g_malloc(output->bytes + 1);
  gsize at = 0;
  for (ssize_t n = 1; ready(output) && at < output->bytes; at += (gsize)n)
    if ((n = pread(fileno(output->file), text + at, output->bytes - at, (off_t)at)) <= 0)
      fail(output, n < 0 ? errno : EIO);
  text[MIN(at, output->bytes)] = '\0';
  return check(output, error) ? g_steal_pointer(&text) : NULL;
}

/* Name the nameless file @fd. Returns: whether it now is @name; errno says why not. */
static gboolean give_name(int fd, const char *name) {
  g_autofree char *here = g_strdup_printf("/proc/self/fd/%d", fd);
  return linkat(AT_FDCWD, here, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0;
}

/* What @from holds, also on a file system where a nameless file cannot be named. */
static gboolean copy_to(int from, int to) {
  char chunk[1 << 16];
  off_t at = 0;
  ssize_t n;
  while ((n = pread(from, chunk, sizeof chunk, at)) > 0) {
    for (ssize_t done = 0, more; done < n; done += more)
      if ((more = write(to, chunk + done, (size_t)(n - done))) < 0)
        return FALSE;
    at += n;
  }
  return n == 0 && (fsync(to) == 0 || errno == EINVAL);
}

/* The file under a name beside the target. Returns: (transfer full) (nullable). */
static char *put_beside(const Cs3Output *output) {
  int from = fileno(output->file);
  g_autofree char *name = name_beside(output);
  int fd = g_mkstemp_full(name, O_RDWR | O_CLOEXEC, 0666);
  if (fd < 0)
    return NULL;
  gboolean named = FALSE;
  if (output->linkable)
    named = g_unlink(name) == 0 && give_name(from, name);
  named = named || copy_to(from, fd);
  int problem = errno;
  close(fd);
  if (named)
    return g_steal_pointer(&name);
  g_unlink(name);
  errno = problem;
  return NULL;
}

/* Returns: 0 or errno. */
static int put_in_place(const Cs3Output *output) {
  if (output->linkable && give_name(fileno(output->file), output->target))
    return 0;
  g_autofree char *name = put_beside(output);
  if (name == NULL)
    return errno;
  if (g_rename(name, output->target) == 0)
    return 0;
  int problem = errno;
  g_unlink(name);
  return problem;
}

gboolean cs3_output_finish(Cs3Output *output, GError **error) {
  gboolean whole = cs3_output_complete(output, error);
  if (whole && !output->direct) {
    /* Between its two names the file is not to be left behind. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int problem = put_in_place(output);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (problem != 0) {
      fail_create(output->path, problem, error);
      whole = FALSE;
    }
  }
  close_file(output);
  return whole && check(output, error);
}

void cs3_output_free(Cs3Output *output) {
  if (output == NULL)
    return;
  if (output->file != NULL && output->file != stdout)
    fclose(output->file);
  g_string_free(output->line, TRUE);
  g_free(output->target);
  g_free(output->path);
  g_free(output);
}
