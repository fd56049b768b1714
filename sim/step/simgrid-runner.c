/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs a function in a forked child and turns whatever happens to it into a result or an error. */
#include "config.h"

#include "base/child-exit.h"
#include "sim/step/simgrid-runner.h"

#include "sim/step/simgrid-calls.h"
#include "sim/step/step.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

static void set_resource_error(GError **error, const char *what) {
  int code = errno;
  g_set_error(error, CS3_STEP_ERROR, CS3_STEP_ERROR_RESOURCE, "step simulation: %s: %s", what,
              g_strerror(code));
}

static gboolean write_all(int fd, const void *data, gsize size) {
  for (const char *p = data; size > 0;) {
    gssize n = write(fd, p, size);
    if (n < 0 && errno != EINTR)
      return FALSE;
    if (n > 0) {
      p += n;
      size -= (gsize)n;
    }
  }
  return TRUE;
}

void cs3_runner_put(int fd, const GArray *array) {
  if (write_all(fd, array->data, array->len * g_array_get_element_size((GArray *)array)))
    return;
  fprintf(stderr, "no memory for its results: %s\n", g_strerror(errno));
  fflush(stderr);
  _exit(EX_OSERR);
}

GArray *cs3_runner_take(int fd, guint element_size, GError **error) {
  struct stat info;
  gssize n = fstat(fd, &info) == 0 ? info.st_size / (gssize)element_size : 0;
  g_autoptr(GArray) array = g_array_sized_new(FALSE, FALSE, element_size, (guint)n);
  g_array_set_size(array, (guint)n);
  gssize size = n * (gssize)element_size;
  for (gssize have = 0, part = 0; have < size; have += part) {
    part = pread(fd, array->data + have, (gsize)(size - have), have);
    if (part > 0)
      continue;
    errno = part == 0 ? EIO : errno;
    set_resource_error(error, "cannot read its results");
    return NULL;
  }
  return g_steal_pointer(&array);
}

int cs3_runner_memory_file(const char *text, GError **error) {
  int fd = memfd_create("cs3sim", MFD_CLOEXEC);
  if (fd >= 0 && write_all(fd, text, strlen(text)) && lseek(fd, 0, SEEK_SET) == 0)
    return fd;
  set_resource_error(error, "no memory file");
  if (fd >= 0)
    close(fd);
  return -1;
}

/* The caller's handlers and streams are not the child's to use. */
static void become_child(int complaints) {
  static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD, SIGALRM};
  for (guint i = 0; i < G_N_ELEMENTS(signals); i++)
    signal(signals[i], SIG_DFL);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  dup2(complaints, STDOUT_FILENO);
  dup2(complaints, STDERR_FILENO);
}

static G_GNUC_NORETURN void child(Cs3RunnerFunc run, gconstpointer input, gsize size, int answer,
                                  int complaints) {
  become_child(complaints);
  gpointer result = g_malloc0(size);
  run(input, result);
  cs3_child_exit(write_all(answer, result, size) ? EX_OK : EX_IOERR);
}

/* Read @size bytes unless the child closes the pipe or @deadline (monotonic, us) passes first. */
static gsize read_answer(int fd, void *result, gsize size, gint64 deadline, gboolean *late) {
  gsize have = 0;
  *late = FALSE;
  while (have < size) {
    gint64 left = deadline - g_get_monotonic_time();
    if (left <= 0) {
      *late = TRUE;
      break;
    }
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    if (poll(&ready, 1, (int)MIN(left / 1000 + 1, G_MAXINT)) <= 0)
      continue;
    gssize n = read(fd, (char *)result + have, size - have);
    if (n == 0 || (n < 0 && errno != EINTR))
      break;
    have += (gsize)MAX(n, 0);
  }
  return have;
}

/* -1: someone else has reaped the child (SIGCHLD ignored). */
static int reap(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR)
      return -1;
  }
  return status;
}

/* (transfer full): the first line of the file, printable. */
static char *first_line(int fd) {
  char text[200];
  gssize n = pread(fd, text, sizeof text - 1, 0);
  text[MAX(n, 0)] = '\0';
  text[strcspn(text, "\n")] = '\0';
  for (char *p = text; *p != '\0'; p++) {
    if (!g_ascii_isprint(*p))
      *p = '?';
  }
  return g_strdup(*text != '\0' ? text : "it left no message");
}

static void set_died_error(GError **error, int status, int complaints) {
  g_autofree char *line = first_line(complaints);
  if (status >= 0 && WIFSIGNALED(status))
    g_set_error(error, CS3_STEP_ERROR, CS3_STEP_ERROR_DIED,
                "step simulation: its process was ended by signal %d (%s): %s", WTERMSIG(status),
                g_strsignal(WTERMSIG(status)), line);
  else if (status >= 0)
    g_set_error(error, CS3_STEP_ERROR, CS3_STEP_ERROR_DIED,
                "step simulation: its process ended with status %d and no result: %s",
                WEXITSTATUS(status), line);
  else
    g_set_error(error, CS3_STEP_ERROR, CS3_STEP_ERROR_DIED,
                "step simulation: its process ended without a result: %s", line);
}

static gboolean attend(pid_t pid, int answer, int complaints, gpointer result, gsize size,
                       guint timeout_s, GError **error) {
  gboolean late = FALSE;
  gint64 deadline = g_get_monotonic_time() + (gint64)timeout_s * G_USEC_PER_SEC;
  gsize have = read_answer(answer, result, size, deadline, &late);
  if (late)
    kill(pid, SIGKILL);
  int status = reap(pid);
  if (late) {
    g_set_error(error, CS3_STEP_ERROR, CS3_STEP_ERROR_TIMEOUT,
                "step simulation: no result within %u s, stopped", timeout_s);
    return FALSE;
  }
  if (have == size && status <= 0)
    return TRUE;
  set_died_error(error, status, complaints);
  return FALSE;
}

struct Cs3Runner {
  pid_t pid;
  int answer, complaints;
  gsize size;
};

/* @runner: with its complaints; gets the rest. */
static gboolean start(Cs3Runner *runner, Cs3RunnerFunc run, gconstpointer input, GError **error) {
  int answer[2];
  if (pipe2(answer, O_CLOEXEC) != 0) {
    set_resource_error(error, "no pipe");
    return FALSE;
  }
  runner->pid = fork();
  if (runner->pid == 0)
    child(run, input, runner->size, answer[1], runner->complaints);
  if (runner->pid < 0)
    set_resource_error(error, "no process");
  close(answer[1]);
  runner->answer = answer[0];
  return runner->pid > 0;
}

static void close_all(Cs3Runner *runner) {
  if (runner->answer >= 0)
    close(runner->answer);
  close(runner->complaints);
  g_free(runner);
}

Cs3Runner *cs3_runner_begin(Cs3RunnerFunc run, gconstpointer input, gsize size, GError **error) {
  g_return_val_if_fail(size > 0 && size <= PIPE_BUF, NULL);
  /* Here and not in the child: the next child has it too. */
  if (!cs3_simgrid_load(error))
    return NULL;
  int complaints = cs3_runner_memory_file("", error);
  if (complaints < 0)
    return NULL;
  Cs3Runner *runner = g_new(Cs3Runner, 1);
  *runner = (Cs3Runner){.answer = -1, .complaints = complaints, .size = size};
  if (start(runner, run, input, error))
    return runner;
  close_all(runner);
  return NULL;
}

gboolean cs3_runner_end(Cs3Runner *runner, gpointer result, guint timeout_s, GError **error) {
  gboolean ok = attend(runner->pid, runner->answer, runner->complaints, result, runner->size,
                       timeout_s, error);
  close_all(runner);
  return ok;
}

void cs3_runner_kill(Cs3Runner *runner) {
  kill(runner->pid, SIGKILL);
  (void)reap(runner->pid);
  close_all(runner);
}

gboolean cs3_runner_fork(Cs3RunnerFunc run, gconstpointer input, gpointer result, gsize size,
                         guint timeout_s, GError **error) {
  Cs3Runner *runner = cs3_runner_begin(run, input, size, error);
  return runner != NULL && cs3_runner_end(runner, result, timeout_s, error);
}
