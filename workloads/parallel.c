/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A parallel loop that leaves no thread behind (the program forks later). */
#include "config.h"

#include "workloads/parallel.h"

#include <stdatomic.h>

typedef struct {
  _Atomic gint64 next;
  gint64 n_items, grain;
  Cs3ParallelFunc fn;
  gpointer data;
} Loop;

typedef struct {
  Loop *loop;
  guint worker;
} Task;

static gpointer run(gpointer argument) {
  Task *task = argument;
  Loop *loop = task->loop;
  for (;;) {
    gint64 begin = atomic_fetch_add(&loop->next, loop->grain);
    if (begin >= loop->n_items)
      return NULL;
    loop->fn(begin, MIN(begin + loop->grain, loop->n_items), task->worker, loop->data);
  }
}

void cs3_parallel_for(gint64 n_items, gint64 grain, guint workers, Cs3ParallelFunc fn,
                      gpointer data) {
  if (n_items <= 0)
    return;
  grain = CLAMP(grain, 1, n_items);
  gint64 chunks = (n_items - 1) / grain + 1;
  guint wanted = workers > 0 || chunks == 1 ? workers : g_get_num_processors();
  guint n = (guint)CLAMP((gint64)wanted, 1, chunks);
  Loop loop = {.n_items = n_items, .grain = grain, .fn = fn, .data = data};
  g_autofree Task *tasks = g_new(Task, n);
  g_autofree GThread **threads = g_new0(GThread *, n);
  for (guint i = 0; i < n; i++)
    tasks[i] = (Task){&loop, i};
  for (guint i = 1; i < n; i++)
    threads[i] = g_thread_try_new("cs3-worker", run, &tasks[i], NULL);
  run(&tasks[0]);
  for (guint i = 1; i < n; i++)
    if (threads[i])
      g_thread_join(threads[i]);
}
