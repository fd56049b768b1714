/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two builds side by side: each row of a list on the old tree and on the new one in turn, so that
 * whatever else the machine does hits both. Medians, the spread of the pairs' ratios, peak memory.
 *
 *     bench-pairs LIST OLD-SOURCE OLD-BUILD NEW-SOURCE NEW-BUILD [ROW...]
 *
 * ROW: a pattern of rows' names ("wavelets*"). CS3SIM_BENCH_PAIRS: so many pairs, 5 unless given.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib.h>

enum { PAIRS = 5, MAX_PAIRS = 99 };

typedef struct {
  const char *source, *build;
} Tree;

/* What one run of a program took; @output: of a benchmark. */
typedef struct {
  double user_s, wall_s, megabytes;
  char *output;
} Cost;

typedef struct {
  GKeyFile *list;
  Tree trees[2]; /* old, new */
  char *file;    /* {file} */
  int pairs;
} Bench;

static const char *const titles[] = {"user s", "wall s", "MB", "rate"};
enum { USER, WALL, MEMORY, RATE, N_FIGURES };

static double seconds(struct timeval t) {
  return (double)t.tv_sec + 1e-6 * (double)t.tv_usec;
}

static G_GNUC_NORETURN void become(const Tree *tree, char **argv, int out) {
  g_setenv("CS3SIM_DATA_DIR", tree->source, TRUE);
  dup2(out, STDOUT_FILENO);
  if (chdir(tree->build) == 0)
    execv(argv[0], argv);
  fprintf(stderr, "bench-pairs: %s/%s: %s\n", tree->build, argv[0], g_strerror(errno));
  _exit(127);
}

/* Runs @argv in the build of @tree; its output goes to bench->file.out. */
static gboolean run(const Bench *bench, const Tree *tree, char **argv, gboolean may_fail,
                    Cost *cost) {
  g_autofree char *path = g_strconcat(bench->file, ".out", NULL);
  int out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  unlink(bench->file);
  gint64 start = g_get_monotonic_time();
  pid_t child = fork();
  if (child == 0)
    become(tree, argv, out);
  close(out);
  int status = 1;
  struct rusage usage;
  if (child < 0 || wait4(child, &status, 0, &usage) != child || !WIFEXITED(status) ||
      (WEXITSTATUS(status) != 0 && (!may_fail || WEXITSTATUS(status) == 127))) {
    fprintf(stderr, "bench-pairs: %s in %s failed\n", argv[0], tree->build);
    return FALSE;
  }
  *cost = (Cost){.user_s = seconds(usage.ru_utime),
                 .wall_s = 1e-6 * (double)(g_get_monotonic_time() - start),
                 .megabytes = (double)usage.ru_maxrss / 1024};
  return g_file_get_contents(path, &cost->output, NULL, NULL);
}

/* (transfer full): @text with one space where it has several. */
static char *plain(const char *text) {
  g_auto(GStrv) words = g_strsplit_set(text, " \t\r\n", -1);
  g_autoptr(GString) line = g_string_new(NULL);
  for (char **w = words; *w != NULL; w++)
    if (**w != '\0')
      g_string_append_printf(line, "%s%s", line->len > 0 ? " " : "", *w);
  return g_string_free(g_steal_pointer(&line), FALSE);
}

/* The number before @unit in the line of @output that begins with @begin; NaN: none. */
static double find_number(const char *output, const char *begin, const char *unit) {
  g_auto(GStrv) lines = g_strsplit(output, "\n", -1);
  g_autofree char *before = g_strconcat(" ", unit, NULL);
  for (char **l = lines; *l != NULL; l++) {
    g_autofree char *line = plain(*l);
    char *end = g_str_has_prefix(line, begin) ? strstr(line, before) : NULL;
    if (end == NULL)
      continue;
    *end = '\0';
    return g_ascii_strtod(strrchr(line, ' ') + 1, NULL);
  }
  return NAN;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Sorts @values. */
static double median(double *values, int n) {
  qsort(values, (size_t)n, sizeof *values, by_size);
  return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

static void print_figure(const Bench *bench, const char *row, int figure, Cost costs[][2],
                         double (*value)(const Bench *, const char *, const Cost *)) {
  static const char *const keys[] = {"user", "wall", "megabytes", "rate"};
  double of[2][MAX_PAIRS], ratio[MAX_PAIRS];
  for (int i = 0; i < bench->pairs; i++) {
    of[0][i] = value(bench, row, &costs[i][0]);
    of[1][i] = value(bench, row, &costs[i][1]);
    ratio[i] = of[1][i] / of[0][i];
  }
  double old = median(of[0], bench->pairs), new = median(of[1], bench->pairs);
  double middle = median(ratio, bench->pairs);
  g_autofree char *target = g_key_file_get_string(bench->list, row, keys[figure], NULL);
  printf("%-34s %-6s %10.4g %10.4g %7.3f  %6.3f to %6.3f  %s%s\n", row, titles[figure], old, new,
         middle, ratio[0], ratio[bench->pairs - 1],
         target == NULL     ? ""
         : figure == MEMORY ? "at most MB "
         : figure == RATE   ? "at least "
                            : "at most ",
         target != NULL ? target : "");
  fflush(stdout);
}

static double user_of(const Bench *bench, const char *row, const Cost *cost) {
  return cost->user_s;
}

static double wall_of(const Bench *bench, const char *row, const Cost *cost) {
  return cost->wall_s;
}

static double memory_of(const Bench *bench, const char *row, const Cost *cost) {
  return cost->megabytes;
}

static double rate_of(const Bench *bench, const char *row, const Cost *cost) {
  g_autofree char *line = g_key_file_get_string(bench->list, row, "line", NULL);
  g_autofree char *unit = g_key_file_get_string(bench->list, row, "number", NULL);
  return find_number(cost->output, line, unit);
}

/* (transfer full) (nullable): the words of @row, to be run in a build. */
static char **words_of(const Bench *bench, const char *row, GError **error) {
  g_autofree char *program = g_key_file_get_string(bench->list, row, "program", NULL);
  g_autofree char *arguments = g_key_file_get_string(bench->list, row, "run", NULL);
  g_auto(GStrv) given = NULL;
  if (!g_shell_parse_argv(arguments != NULL ? arguments : program, NULL, &given, error))
    return NULL;
  g_autoptr(GPtrArray) words = g_ptr_array_new();
  if (arguments != NULL)
    g_ptr_array_add(words, g_strdup("./cs3sim"));
  for (char **w = given; *w != NULL; w++)
    g_ptr_array_add(words, g_strdup(g_str_equal(*w, "{file}") ? bench->file : *w));
  g_ptr_array_add(words, NULL);
  return (char **)g_ptr_array_free(g_steal_pointer(&words), FALSE);
}

static gboolean run_pairs(const Bench *bench, const char *row, Cost costs[][2]) {
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) argv = words_of(bench, row, &error);
  if (argv == NULL) {
    fprintf(stderr, "bench-pairs: %s: %s\n", row, error->message);
    return FALSE;
  }
  gboolean may_fail = g_key_file_get_boolean(bench->list, row, "may_fail", NULL);
  for (int i = 0; i < bench->pairs; i++)
    for (int tree = 0; tree < 2; tree++)
      if (!run(bench, &bench->trees[tree], argv, may_fail, &costs[i][tree]))
        return FALSE;
  return TRUE;
}

/* Returns: %FALSE when a program does not print the row's line. */
static gboolean print_rate(const Bench *bench, const char *row, const char *program,
                           Cost costs[][2]) {
  for (int tree = 0; tree < 2; tree++)
    if (isnan(rate_of(bench, row, &costs[0][tree]))) {
      fprintf(stderr, "bench-pairs: %s: %s of %s does not print its line\n", row, program,
              bench->trees[tree].source);
      return FALSE;
    }
  print_figure(bench, row, RATE, costs, rate_of);
  return TRUE;
}

/* Rows behind @row that read the output of the same benchmark are printed with it. */
static gboolean bench_rows(const Bench *bench, char **rows, GHashTable *done) {
  Cost costs[MAX_PAIRS][2] = {0};
  gboolean ok = run_pairs(bench, rows[0], costs);
  int missing = 0;
  g_autofree char *program = g_key_file_get_string(bench->list, rows[0], "program", NULL);
  for (char **row = rows; ok && *row != NULL; row++) {
    g_autofree char *other = g_key_file_get_string(bench->list, *row, "program", NULL);
    if (row != rows && (program == NULL || g_strcmp0(program, other) != 0))
      continue;
    g_hash_table_add(done, *row);
    if (program != NULL) {
      missing += !print_rate(bench, *row, program, costs);
      continue;
    }
    print_figure(bench, *row, USER, costs, user_of);
    print_figure(bench, *row, WALL, costs, wall_of);
    print_figure(bench, *row, MEMORY, costs, memory_of);
  }
  for (int i = 0; i < bench->pairs; i++)
    for (int tree = 0; tree < 2; tree++)
      g_free(costs[i][tree].output);
  return ok && missing == 0;
}

static gboolean is_asked(const char *row, char **patterns) {
  for (char **p = patterns; *p != NULL; p++)
    if (g_pattern_match_simple(*p, row))
      return TRUE;
  return *patterns == NULL;
}

/* Returns: how many rows failed. */
static int bench_all(const Bench *bench, char **patterns) {
  g_auto(GStrv) all = g_key_file_get_groups(bench->list, NULL);
  g_autoptr(GPtrArray) rows = g_ptr_array_new();
  g_autoptr(GHashTable) done = g_hash_table_new(NULL, NULL);
  int failed = 0;
  for (char **row = all; *row != NULL; row++)
    if (is_asked(*row, patterns))
      g_ptr_array_add(rows, *row);
  g_ptr_array_add(rows, NULL);
  printf("%-34s %-6s %10s %10s %7s  %16s  %s\n", "row (medians)", "", "old", "new", "ratio",
         "of the pairs", "asked for");
  for (char **row = (char **)rows->pdata; *row != NULL; row++)
    if (!g_hash_table_contains(done, *row))
      failed += !bench_rows(bench, row, done);
  return failed;
}

int main(int argc, char **argv) {
  if (argc < 6) {
    fprintf(stderr, "usage: %s LIST OLD-SOURCE OLD-BUILD NEW-SOURCE NEW-BUILD [ROW...]\n", argv[0]);
    return EXIT_FAILURE;
  }
  const char *pairs = g_getenv("CS3SIM_BENCH_PAIRS");
  g_autoptr(GError) error = NULL;
  g_autoptr(GKeyFile) list = g_key_file_new();
  Bench bench = {list, {{argv[2], argv[3]}, {argv[4], argv[5]}}, NULL, PAIRS};
  if (pairs != NULL)
    bench.pairs = CLAMP(atoi(pairs), 1, MAX_PAIRS);
  g_autofree char *folder = g_dir_make_tmp("bench-pairs-XXXXXX", &error);
  if (folder == NULL || !g_key_file_load_from_file(list, argv[1], G_KEY_FILE_NONE, &error)) {
    fprintf(stderr, "bench-pairs: %s\n", error->message);
    return EXIT_FAILURE;
  }
  bench.file = g_build_filename(folder, "file.jsonl", NULL);
  int failed = bench_all(&bench, argv + 6);
  g_autofree char *out = g_strconcat(bench.file, ".out", NULL);
  unlink(bench.file);
  unlink(out);
  rmdir(folder);
  g_free(bench.file);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
