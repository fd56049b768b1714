/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Starting and ending the worker of a call, whatever else the calling process does: threads,
 * signals, closed standard streams. */
#include "config.h"

#include "sim/library/library.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the worker has of ours, none of it at a number that it gives away. */
typedef struct {
  int request, result[2], events[2];
} Ends;

static int lift(int *fd) {
  enum { ABOVE = 10 };
  int lifted = *fd >= 0 ? fcntl(*fd, F_DUPFD_CLOEXEC, ABOVE) : -1;
  int problem = lifted < 0 ? errno : 0;
  if (*fd >= 0)
    close(*fd);
  *fd = lifted;
  return problem;
}

static int make_pipe(int pair[2]) {
  if (pipe2(pair, O_CLOEXEC) != 0)
    return errno;
  int problem = lift(&pair[0]);
  int other = lift(&pair[1]);
  return problem != 0 ? problem : other;
}

/* A file in memory: no reader that goes away, no pipe that fills. */
static int hold_request(const char *request, int *fd) {
  *fd = memfd_create("cs3sim request", MFD_CLOEXEC);
  int problem = lift(fd);
  gsize n = strlen(request);
  for (gssize done; problem == 0 && n > 0; request += done, n -= (gsize)done)
    if ((done = write(*fd, request, n)) < 0) {
      problem = errno == EINTR ? 0 : errno;
      done = 0;
    }
  if (problem == 0 && lseek(*fd, 0, SEEK_SET) != 0)
    problem = errno;
  return problem;
}

static void close_all(const Ends *ends) {
  const int all[] = {ends->request, ends->result[0], ends->result[1], ends->events[0],
                     ends->events[1]};
  for (guint i = 0; i < G_N_ELEMENTS(all); i++)
    if (all[i] >= 0)
      close(all[i]);
}

static int open_all(Ends *ends, const char *request) {
  int problem = hold_request(request, &ends->request);
  if (problem == 0)
    problem = make_pipe(ends->result);
  return problem == 0 ? make_pipe(ends->events) : problem;
}

/* The caller's handlers, masks and files are not the worker's. */
static int spawn(pid_t *pid, const Ends *ends, char **argv) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t how;
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&how);
  int problem = posix_spawn_file_actions_adddup2(&files, ends->request, STDIN_FILENO) |
                posix_spawn_file_actions_adddup2(&files, ends->result[1], STDOUT_FILENO) |
                posix_spawn_file_actions_adddup2(&files, ends->events[1], STDERR_FILENO) |
                posix_spawn_file_actions_adddup2(&files, ends->events[1], CS3_EVENTS) |
                posix_spawn_file_actions_addclosefrom_np(&files, CS3_EVENTS + 1) |
                posix_spawnattr_setsigdefault(&how, &all) |
                posix_spawnattr_setsigmask(&how, &none) |
                posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  if (problem == 0)
    problem = posix_spawn(pid, argv[0], &files, &how, argv, environ);
  posix_spawnattr_destroy(&how);
  posix_spawn_file_actions_destroy(&files);
  return problem;
}

int cs3_worker_start(Cs3Worker *worker, const char *program, const char *command,
                     const char *request) {
  g_autofree char *caller = g_strdup_printf("%d", (int)getpid());
  char *argv[] = {(char *)program, (char *)cs3sim_version(), caller, (char *)command, NULL};
  Ends ends = {-1, {-1, -1}, {-1, -1}};
  int problem = open_all(&ends, request);
  if (problem == 0)
    problem = spawn(&worker->pid, &ends, argv);
  if (problem == 0) {
    worker->result = ends.result[0];
    worker->events = ends.events[0];
    ends.result[0] = ends.events[0] = -1;
  }
  close_all(&ends);
  return problem;
}

int cs3_worker_end(Cs3Worker *worker, gboolean kill_it) {
  int status = 0;
  if (kill_it)
    kill(worker->pid, SIGKILL);
  close(worker->result);
  close(worker->events);
  while (waitpid(worker->pid, &status, 0) < 0)
    if (errno != EINTR)
      return -1;
  return status;
}
