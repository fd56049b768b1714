/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole commands as a user runs them: wall and processor time, peak memory, medians of a few runs,
 * beside the time that the program needs to start and print its version. */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib.h>

enum { MAX_RUNS = 5 };

static const struct {
  int runs;
  const char *arguments;
} commands[] = {
    {5, "version"},
    {5, "run --model llama7b --sparsity 0.7"},
    {3, "run --model llama70b --sparsity 0.7"},
    {1, "run --model llama7b --sparsity 0.7 --exact"},
    {1, "run --model llama7b --sparsity 0.7 --uncertainty 16"},
    {1, "run --model llama7b --sparsity 0.7 --posterior default"},
    {5, "layer --shape 12288x12288 --tokens 131072 --sparsity 0.7 --hardware cs2"},
};

typedef struct {
  double wall_s, cpu_s, memory_mb;
} Cost;

static double seconds(struct timeval t) {
  return t.tv_sec + 1e-6 * t.tv_usec;
}

static gboolean run(char **argv, Cost *cost) {
  gint64 start = g_get_monotonic_time();
  pid_t child = fork();
  if (child < 0)
    return FALSE;
  if (child == 0) {
    int null = open("/dev/null", O_WRONLY);
    dup2(null, STDOUT_FILENO);
    execv(argv[0], argv);
    _exit(127);
  }
  int status;
  struct rusage usage;
  if (wait4(child, &status, 0, &usage) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return FALSE;
  cost->wall_s = 1e-6 * (double)(g_get_monotonic_time() - start);
  cost->cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  cost->memory_mb = usage.ru_maxrss / 1024.0;
  return TRUE;
}

static int by_wall(const void *a, const void *b) {
  double x = ((const Cost *)a)->wall_s, y = ((const Cost *)b)->wall_s;
  return (x > y) - (x < y);
}

int main(void) {
  const char *program = g_getenv("CS3SIM") ? g_getenv("CS3SIM") : "./cs3sim";
  gboolean brief = g_getenv("CS3SIM_BENCH_BRIEF") != NULL; /* the quick ones, once: that they run */
  double start_s = 0;
  printf("%-75s %8s %8s %9s %8s\n", "command (median)", "wall s", "cpu s", "peak MiB", "/ start");
  for (guint c = 0; c < G_N_ELEMENTS(commands); c++) {
    g_autofree char *line = g_strdup_printf("%s %s", program, commands[c].arguments);
    g_auto(GStrv) argv = g_strsplit(line, " ", -1);
    Cost costs[MAX_RUNS];
    int runs = brief ? 1 : commands[c].runs;
    if (brief && commands[c].runs < MAX_RUNS)
      continue;
    for (int i = 0; i < runs; i++) {
      if (!run(argv, &costs[i])) {
        fprintf(stderr, "bench-command: %s failed\n", line);
        return EXIT_FAILURE;
      }
    }
    qsort(costs, runs, sizeof *costs, by_wall);
    const Cost *median = &costs[runs / 2];
    start_s = c == 0 ? median->wall_s : start_s;
    printf("%-75s %8.3f %8.3f %9.1f %8.1f\n", commands[c].arguments, median->wall_s, median->cpu_s,
           median->memory_mb, median->wall_s / start_s);
  }
  return EXIT_SUCCESS;
}
