/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Points to forked workers, lines back in order. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/child-exit.h"
#include "sim/step/step.h"
#include "sim/study/sweep.h"

/* Passes that all workers remember together, 48 bytes each, and masks and counts per worker: with
 * six times as much GPT-2's sweeps are no faster, Llama 7B's by a sixth. */
enum { POOL_PASSES = 1 << 19, POOL_MASK_BYTES = 56 << 20 };
/* Points that may be finished before the one that is to be written next, per worker. */
enum { AHEAD = 8 };

/* In front of every answer. */
typedef struct {
  guint64 point, n; /* bytes that follow */
  gint64 failed;    /* 0: a line; else an error: domain, code and message, each ended by a zero */
} Answer;

typedef struct {
  pid_t pid;
  int ask, answer; /* our ends of its pipes */
  gint64 point;    /* what it works on, -1: nothing */
} Worker;

typedef struct {
  const Cs3Sweep *sweep;
  GArray *workers;    /* of Worker */
  GHashTable *ready;  /* point -> GBytes, finished and not yet written */
  guint64 next_point; /* to hand out */
  guint64 next_line;  /* to write */
  Cs3Progress *progress;
  Cs3SweepWrite write;
  gpointer data;
  guint64 failed; /* the first failing point so far */
  GError *failure;
} Pool;

/* --- pipes ---------------------------------------------------------------------------------- */

static gboolean write_all(int fd, gconstpointer data, gsize n) {
  for (const char *p = data; n > 0;) {
    gssize done = write(fd, p, n);
    if (done < 0 && errno != EINTR)
      return FALSE;
    p += MAX(done, 0);
    n -= (gsize)MAX(done, 0);
  }
  return TRUE;
}

static gboolean read_all(int fd, gpointer data, gsize n) {
  for (char *p = data; n > 0;) {
    gssize done = read(fd, p, n);
    if (done == 0 || (done < 0 && errno != EINTR))
      return FALSE;
    p += MAX(done, 0);
    n -= (gsize)MAX(done, 0);
  }
  return TRUE;
}

/* --- in the worker -------------------------------------------------------------------------- */

static gboolean send_line(int fd, guint64 point, const char *line) {
  Answer answer = {.point = point, .n = strlen(line)};
  return write_all(fd, &answer, sizeof answer) && write_all(fd, line, answer.n);
}

static gboolean send_error(int fd, guint64 point, const GError *error) {
  g_autoptr(GString) text = g_string_new(g_quark_to_string(error->domain));
  g_string_append_c(text, '\0');
  g_string_append_printf(text, "%d", error->code);
  g_string_append_c(text, '\0');
  g_string_append(text, error->message);
  g_string_append_c(text, '\0');
  Answer answer = {.point = point, .n = text->len, .failed = 1};
  return write_all(fd, &answer, sizeof answer) && write_all(fd, text->str, text->len);
}

static G_GNUC_NORETURN void work(const Cs3Sweep *sweep, Cs3RunCache *cache, int asked, int answer) {
  g_autoptr(Cs3SweepWorker) worker = cs3_sweep_worker_new(sweep, cache);
  guint64 point;
  while (read_all(asked, &point, sizeof point)) {
    g_autoptr(GError) error = NULL;
    g_autofree char *line = cs3_sweep_point(worker, point, &error);
    if (line != NULL ? !send_line(answer, point, line) : !send_error(answer, point, error))
      cs3_child_exit(EX_IOERR);
  }
  cs3_child_exit(EX_OK);
}

/* --- in the parent -------------------------------------------------------------------------- */

static gboolean set_resource_error(const char *what, GError **error) {
  int code = errno;
  g_set_error(error, CS3_STEP_ERROR, CS3_STEP_ERROR_RESOURCE, "sweep: no %s: %s", what,
              g_strerror(code));
  return FALSE;
}

static void close_pair(int pair[2]) {
  close(pair[0]);
  close(pair[1]);
}

/* In a worker: an end of another's pipe that stays open here would hide that the parent closed it.
 */
static void forget_others(const Pool *pool) {
  for (guint i = 0; i < pool->workers->len; i++) {
    const Worker *other = &g_array_index(pool->workers, Worker, i);
    close(other->ask);
    close(other->answer);
  }
}

static gboolean start_worker(Pool *pool, Cs3RunCache *cache, GError **error) {
  int ask[2], answer[2];
  if (pipe2(ask, O_CLOEXEC) != 0)
    return set_resource_error("pipe", error);
  if (pipe2(answer, O_CLOEXEC) != 0) {
    close_pair(ask);
    return set_resource_error("pipe", error);
  }
  pid_t parent = getpid(), pid = fork();
  if (pid == 0) {
    signal(SIGINT, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
      _exit(EX_OSERR);
    close(ask[1]);
    close(answer[0]);
    forget_others(pool);
    work(pool->sweep, cache, ask[0], answer[1]);
  }
  if (pid < 0) {
    close_pair(ask);
    close_pair(answer);
    return set_resource_error("process", error);
  }
  close(ask[0]);
  close(answer[1]);
  Worker worker = {.pid = pid, .ask = ask[1], .answer = answer[0], .point = -1};
  g_array_append_val(pool->workers, worker);
  return TRUE;
}

static void stop_workers(Pool *pool) {
  for (guint i = 0; i < pool->workers->len; i++) {
    Worker *worker = &g_array_index(pool->workers, Worker, i);
    close(worker->ask);
    if (worker->point >= 0)
      kill(worker->pid, SIGKILL);
    while (waitpid(worker->pid, NULL, 0) < 0 && errno == EINTR)
      ;
    close(worker->answer);
  }
}

/* Give every idle worker a point that is not too far ahead. */
static void hand_out(Pool *pool) {
  guint64 limit = MIN(pool->sweep->after, pool->next_line + AHEAD * pool->workers->len);
  if (pool->failure != NULL)
    limit = MIN(limit, pool->failed);
  for (guint i = 0; i < pool->workers->len && pool->next_point < limit; i++) {
    Worker *worker = &g_array_index(pool->workers, Worker, i);
    if (worker->point >= 0 || !write_all(worker->ask, &pool->next_point, sizeof pool->next_point))
      continue;
    worker->point = (gint64)pool->next_point++;
  }
}

/* The points before the failing one are still written. */
static void note_failure(Pool *pool, guint64 point, const char *text) {
  if (pool->failure != NULL && pool->failed < point)
    return;
  const char *code = text + strlen(text) + 1, *message = code + strlen(code) + 1;
  g_clear_error(&pool->failure);
  pool->failure = g_error_new_literal(g_quark_from_string(text), atoi(code), message);
  pool->failed = point;
}

static gboolean died(const Worker *worker, GError **error) {
  g_set_error(error, CS3_STEP_ERROR, CS3_STEP_ERROR_DIED,
              "sweep: the worker at point %" G_GINT64_FORMAT
              " ended without an answer (killed, or out of memory); --resume continues",
              worker->point);
  return FALSE;
}

static gboolean receive(Pool *pool, Worker *worker, GError **error) {
  Answer answer;
  if (!read_all(worker->answer, &answer, sizeof answer))
    return died(worker, error);
  g_autofree char *text = g_malloc(answer.n + 1);
  if (!read_all(worker->answer, text, answer.n))
    return died(worker, error);
  text[answer.n] = '\0';
  worker->point = -1;
  if (answer.failed)
    note_failure(pool, answer.point, text);
  else
    g_hash_table_insert(pool->ready, GSIZE_TO_POINTER(answer.point),
                        g_bytes_new_take(g_steal_pointer(&text), answer.n));
  return TRUE;
}

static gboolean write_ready(Pool *pool, GError **error) {
  GBytes *line;
  while ((line = g_hash_table_lookup(pool->ready, GSIZE_TO_POINTER(pool->next_line))) != NULL) {
    gsize n;
    const char *text = g_bytes_get_data(line, &n);
    if (!pool->write(pool->data, text, n, error))
      return FALSE;
    g_hash_table_remove(pool->ready, GSIZE_TO_POINTER(pool->next_line));
    pool->next_line++;
    cs3_progress_update(pool->progress, pool->next_line - pool->sweep->first);
  }
  return TRUE;
}

static gboolean wait_for_answers(Pool *pool, GError **error) {
  guint n = pool->workers->len;
  g_autofree struct pollfd *ready = g_new0(struct pollfd, n);
  for (guint i = 0; i < n; i++) {
    const Worker *worker = &g_array_index(pool->workers, Worker, i);
    ready[i] = (struct pollfd){.fd = worker->point >= 0 ? worker->answer : -1, .events = POLLIN};
  }
  if (poll(ready, n, -1) < 0 && errno != EINTR)
    return set_resource_error("answer", error);
  for (guint i = 0; i < n; i++)
    if (ready[i].revents != 0 && !receive(pool, &g_array_index(pool->workers, Worker, i), error))
      return FALSE;
  return TRUE;
}

static gboolean run(Pool *pool, GError **error) {
  while (pool->next_line < pool->sweep->after) {
    if (pool->failure != NULL && pool->next_line == pool->failed) {
      g_propagate_error(error, g_steal_pointer(&pool->failure));
      return FALSE;
    }
    hand_out(pool);
    if (!wait_for_answers(pool, error) || !write_ready(pool, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean start(Pool *pool, Cs3RunCache *cache, GError **error) {
  guint64 points = pool->sweep->after - pool->sweep->first;
  guint workers = (guint)MIN(points, MAX(1, pool->sweep->workers));
  for (guint i = 0; i < workers; i++)
    if (!start_worker(pool, cache, error))
      return FALSE;
  return TRUE;
}

gboolean cs3_sweep_run(const Cs3Sweep *sweep, Cs3Progress *progress, Cs3SweepWrite write,
                       gpointer data, GError **error) {
  g_autoptr(Cs3RunCache) cache = cs3_run_cache_new(POOL_PASSES, POOL_MASK_BYTES);
  Pool pool = {
      .sweep = sweep,
      .workers = g_array_new(FALSE, FALSE, sizeof(Worker)),
      .ready = g_hash_table_new_full(g_direct_hash, NULL, NULL, (GDestroyNotify)g_bytes_unref),
      .next_point = sweep->first,
      .next_line = sweep->first,
      .progress = progress,
      .write = write,
      .data = data,
  };
  gboolean ok = start(&pool, cache, error) && run(&pool, error);
  stop_workers(&pool);
  g_clear_error(&pool.failure);
  g_hash_table_unref(pool.ready);
  g_array_unref(pool.workers);
  return ok;
}
