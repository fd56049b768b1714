/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file that a sweep appends to. A line is written by one write(), so that a process that is
 * killed leaves whole lines or, at worst, the beginning of one; a write that fails is taken back.
 */
#include "config.h"

#include "sim/study/sweep-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "results/schema.h"
#include "sim/cli/cli.h"
#include "sim/run/result.h"

/* How long finished lines may wait for the disk: a crash of the machine, not of the program, loses
 * no more. */
#define SYNC_US G_USEC_PER_SEC

struct Cs3SweepFile {
  char *path;
  int fd;
  goffset end; /* behind the last whole line */
  guint64 lines;
  gint64 synced_us;
};

void cs3_sweep_file_free(Cs3SweepFile *file) {
  if (file == NULL)
    return;
  if (file->fd >= 0)
    close(file->fd);
  g_free(file->path);
  g_free(file);
}

static gboolean fail(const Cs3SweepFile *file, Cs3OutputError kind, const char *what, int code,
                     GError **error) {
  g_set_error(error, CS3_OUTPUT_ERROR, kind, "cannot %s %s: %s", what, file->path,
              g_strerror(code));
  return FALSE;
}

static gboolean bad_line(const Cs3SweepFile *file, const char *problem, GError **error) {
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_DATA,
              "%s:%" G_GUINT64_FORMAT ": %s; give another --output", file->path, file->lines + 1,
              problem);
  return FALSE;
}

/* A line begins with schema, version, point and key in this order (sweep-point.c). */
static gboolean check_line(const Cs3SweepFile *file, const Cs3Sweep *sweep, const char *line,
                           GError **error) {
  static const char begin[] = "{\"schema\":\"" CS3_SWEEP_SCHEMA "\",\"model_version\":";
  if (!g_str_has_prefix(line, begin))
    return bad_line(file, "is not a line of a sweep of schema " CS3_SWEEP_SCHEMA, error);
  char *rest = NULL;
  gint64 version = g_ascii_strtoll(line + sizeof begin - 1, &rest, 10);
  if (version != CS3_MODEL_VERSION) {
    g_autofree char *problem = g_strdup_printf("was written by model version %" G_GINT64_FORMAT
                                               ", this program has version %d and other "
                                               "results",
                                               version, CS3_MODEL_VERSION);
    return bad_line(file, problem, error);
  }
  guint64 point = sweep->first + file->lines;
  g_autofree char *key = cs3_sweep_key(sweep, point);
  g_autofree char *expected =
      g_strdup_printf(",\"point\":%" G_GUINT64_FORMAT ",\"key\":\"%s\"", point, key);
  if (point >= sweep->after || !g_str_has_prefix(rest, expected))
    return bad_line(file, "is a point of another sweep, shard or machine file", error);
  return TRUE;
}

static gboolean is_whole(const char *line, gsize n, gboolean last) {
  if (n < 2 || line[n - 2] != '}' || line[n - 1] != '\n')
    return FALSE;
  json_auto_t *parsed = last ? json_loadb(line, n, 0, NULL) : NULL;
  return !last || parsed != NULL;
}

/* Whether @rest, @n bytes without an end, is what an interrupted write of the next line leaves. */
static gboolean check_rest(const Cs3SweepFile *file, const Cs3Sweep *sweep, const char *rest,
                           gsize n, GError **error) {
  guint64 point = sweep->first + file->lines;
  g_autofree char *begin = point < sweep->after ? cs3_sweep_line_begin(sweep, point) : NULL;
  if (begin != NULL && strncmp(rest, begin, MIN(n, strlen(begin))) == 0)
    return TRUE;
  return bad_line(file, "is neither a line of this sweep nor the beginning of its next one", error);
}

/* Walks through whole lines of @text; a last one that is not, but begins like one, is left to
 * cut_rest(). What check_line() looks for ends before a line's end does. */
static gboolean walk(Cs3SweepFile *file, const Cs3Sweep *sweep, const char *text, goffset size,
                     GError **error) {
  gboolean ok = TRUE;
  while (ok && file->end < size) {
    const char *line = text + file->end;
    gsize left = (gsize)(size - file->end);
    const char *end = memchr(line, '\n', left);
    gsize n = end != NULL ? (gsize)(end - line) + 1 : left;
    gboolean whole = is_whole(line, n, n == left);
    if (!whole && n == left)
      return check_rest(file, sweep, line, n, error);
    ok = whole ? check_line(file, sweep, line, error) : bad_line(file, "is damaged", error);
    file->lines += ok;
    file->end += ok ? (goffset)n : 0;
  }
  return ok;
}

/* Through the one descriptor: to close another would give up the lock. */
static gboolean read_lines(Cs3SweepFile *file, const Cs3Sweep *sweep, goffset size,
                           GError **error) {
  if (size == 0)
    return TRUE;
  char *text = mmap(NULL, (gsize)size, PROT_READ, MAP_PRIVATE, file->fd, 0);
  if (text == MAP_FAILED)
    return fail(file, CS3_OUTPUT_ERROR_CREATE, "read", errno, error);
  gboolean ok = walk(file, sweep, text, size, error);
  munmap(text, (gsize)size);
  return ok;
}

static gboolean cut_rest(Cs3SweepFile *file, goffset size, GError **error) {
  if (size == file->end)
    return TRUE;
  g_message("%s: the last line is not whole; its point is simulated again", file->path);
  return ftruncate(file->fd, file->end) == 0 ||
         fail(file, CS3_OUTPUT_ERROR_WRITE, "write", errno, error);
}

/* A record lock is this process's own. A lock of the open file would be its workers' too, and keep
 * the file from the next sweep until the last of them has noticed that this one was killed. */
static gboolean lock(const Cs3SweepFile *file) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  return fcntl(file->fd, F_SETLK, &whole) == 0;
}

static gboolean open_fd(Cs3SweepFile *file, gboolean resume, goffset *size, GError **error) {
  file->fd = open(file->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  struct stat status;
  if (file->fd < 0)
    return fail(file, CS3_OUTPUT_ERROR_CREATE, "write", errno, error);
  gboolean locked = lock(file);
  if (!locked && errno != EACCES && errno != EAGAIN)
    return fail(file, CS3_OUTPUT_ERROR_CREATE, "lock", errno, error);
  if (fstat(file->fd, &status) != 0)
    return fail(file, CS3_OUTPUT_ERROR_CREATE, "write", errno, error);
  *size = status.st_size;
  const char *problem = NULL;
  if (!S_ISREG(status.st_mode))
    problem = "is not a regular file; leave --output out to write to standard output";
  else if (!locked)
    problem = "is being written by another process";
  else if (!resume && status.st_size > 0)
    problem = "exists; --resume goes on with it";
  if (problem == NULL)
    return TRUE;
  g_set_error(error, CS3_OUTPUT_ERROR, CS3_OUTPUT_ERROR_CREATE, "%s %s", file->path, problem);
  return FALSE;
}

Cs3SweepFile *cs3_sweep_file_open(const char *path, const Cs3Sweep *sweep, gboolean resume,
                                  guint64 *done, GError **error) {
  g_autoptr(Cs3SweepFile) file = g_new0(Cs3SweepFile, 1);
  file->path = g_strdup(path);
  file->fd = -1;
  goffset size = 0;
  if (!open_fd(file, resume, &size, error) || !read_lines(file, sweep, size, error) ||
      !cut_rest(file, size, error))
    return NULL;
  if (lseek(file->fd, file->end, SEEK_SET) < 0) {
    fail(file, CS3_OUTPUT_ERROR_WRITE, "write", errno, error);
    return NULL;
  }
  *done = file->lines;
  return g_steal_pointer(&file);
}

static int write_whole(int fd, const char *bytes, gsize n) {
  while (n > 0) {
    gssize done = write(fd, bytes, n);
    if (done < 0 && errno != EINTR)
      return errno;
    bytes += MAX(done, 0);
    n -= (gsize)MAX(done, 0);
  }
  return 0;
}

gboolean cs3_sweep_file_write(gpointer data, const char *line, gsize n, GError **error) {
  Cs3SweepFile *file = data;
  int problem = write_whole(file->fd, line, n);
  if (problem != 0) {
    int cut = ftruncate(file->fd, file->end);
    g_set_error(error, CS3_OUTPUT_ERROR, CS3_OUTPUT_ERROR_WRITE,
                "cannot write %s: %s; it holds %" G_GUINT64_FORMAT " points%s, --resume goes on",
                file->path, g_strerror(problem), file->lines,
                cut == 0 ? "" : " and the beginning of one");
    return FALSE;
  }
  file->end += (goffset)n;
  file->lines++;
  gint64 now_us = g_get_monotonic_time();
  if (now_us - file->synced_us > SYNC_US) {
    (void)!fdatasync(file->fd); /* asked again, and checked, at the end */
    file->synced_us = now_us;
  }
  return TRUE;
}

gboolean cs3_sweep_file_close(Cs3SweepFile *file, GError **error) {
  /* EINVAL: a file system without fsync, which is its right. */
  if (fsync(file->fd) != 0 && errno != EINVAL)
    return fail(file, CS3_OUTPUT_ERROR_WRITE, "write", errno, error);
  return TRUE;
}
