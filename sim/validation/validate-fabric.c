/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Suite "fabric": runs of PE programs, wavelet by wavelet. The runs of all rows are simulated
 * first, in parallel and each once; then every row reads its numbers. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "base/config-error.h"
#include "results/record.h"
#include "sim/commands.h"
#include "sim/run/result.h"
#include "sim/validation/validate-measure.h"
#include "sim/wafer/wafer-calls.h"
#include "workloads/parallel.h"

/* A run of `cs3sim fabric`, kept by the session under its words. */
typedef struct {
  Cs3CliCall *call; /* owns what config refers to */
  Cs3FabricConfig config;
  json_t *record;
  GError *error;
} FabricRun;

static void fabric_run_free(gpointer data) {
  FabricRun *run = data;
  cs3_cli_call_free(run->call);
  json_decref(run->record);
  g_clear_error(&run->error);
  g_free(run);
}

/* A row's value is the sum of its terms above the "/", over the sum of those below it. */
typedef struct {
  double factor;  /* +1, -1; of a number: the number itself */
  gboolean below; /* the "/" */
  FabricRun *run; /* NULL: a number */
} Term;

static FabricRun *find_run(Cs3ValidationSession *session, const Cs3ValidationRow *row, char **words,
                           GError **error) {
  g_autofree char *text = g_strjoinv(" ", words);
  g_autofree char *key = g_strconcat("fabric ", text, NULL);
  gpointer *kept = cs3_validation_keep(session, key, fabric_run_free);
  if (*kept != NULL)
    return *kept;
  g_auto(GStrv) argv = g_strdupv(words);
  FabricRun *run = g_new0(FabricRun, 1);
  *kept = run;
  run->call = cs3_validation_parse_call(&cs3_cmd_fabric, row, &argv, error);
  if (run->call != NULL && cs3_cmd_fabric_config(run->call->own, argv[0], &run->config, error))
    return run;
  if (run->call != NULL)
    g_prefix_error(error, "%s: ", row->where);
  return NULL;
}

static gboolean add_term(Cs3ValidationSession *session, const Cs3ValidationRow *row, char **words,
                         double sign, gboolean below, GArray *terms, GError **error) {
  Term term = {.factor = sign, .below = below};
  char *end = NULL;
  double number = words[0] != NULL ? g_ascii_strtod(words[0], &end) : 0;
  if (words[0] != NULL && words[1] == NULL && *end == '\0') {
    term.factor *= number;
  } else {
    if (words[0] == NULL) {
      g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_VALUE,
                  "%s: arguments: expected runs of 'cs3sim fabric' and numbers, joined by +, -, /",
                  row->where);
      return FALSE;
    }
    term.run = find_run(session, row, words, error);
    if (term.run == NULL)
      return FALSE;
  }
  g_array_append_val(terms, term);
  return TRUE;
}

static gboolean is_join(const char *word) {
  return word[0] != '\0' && word[1] == '\0' && strchr("+-/", word[0]) != NULL;
}

/* (transfer full) (nullable) (element-type Term): what row->arguments asks for. */
static GArray *parse_terms(Cs3ValidationSession *session, const Cs3ValidationRow *row,
                           GError **error) {
  g_auto(GStrv) words = cs3_validation_words(row, error);
  if (words == NULL)
    return NULL;
  g_autoptr(GArray) terms = g_array_new(FALSE, FALSE, sizeof(Term));
  double sign = 1;
  gboolean below = FALSE, more = TRUE;
  for (char **first = words; more;) {
    char **last = first;
    while (*last != NULL && !is_join(*last))
      last++;
    char *join = *last;
    *last = NULL;
    gboolean ok = add_term(session, row, first, sign, below, terms, error);
    *last = join;
    if (!ok)
      return NULL;
    more = join != NULL;
    sign = more && *join == '-' ? -1 : 1;
    below |= more && *join == '/';
    first = last + 1;
  }
  return g_steal_pointer(&terms);
}

/* Every run once, the longest first, so that no worker is left with one at the end; but of meshes
 * that take much memory one at a time: a worker takes the first run that fits beside those of the
 * others. */
typedef struct {
  GPtrArray *runs; /* not yet begun */
  GMutex lock;
  GCond over;       /* a run is */
  double used, all; /* bytes of the runs at work, and of as many as may be */
  guint n, done, rows;
  Cs3ValidationProgress progress;
  gpointer data;
} Ahead;

/* State of the mesh, roughly, and the words of every PE. */
enum { PE_BYTES = 512, WORD_BYTES = 4, BESIDE_BYTES = 1 << 20 };

static double bytes_of(const FabricRun *run) {
  const Cs3ProgramParams *p = &run->config.params;
  return (double)p->width * p->height * (PE_BYTES + (double)p->words * WORD_BYTES);
}

/* Waits until one fits; NULL: there is none any more. */
static FabricRun *take_run(Ahead *ahead) {
  while (ahead->runs->len > 0) {
    for (guint i = 0; i < ahead->runs->len; i++)
      if (ahead->used + bytes_of(ahead->runs->pdata[i]) <= ahead->all) {
        FabricRun *run = g_ptr_array_steal_index(ahead->runs, i);
        ahead->used += bytes_of(run);
        return run;
      }
    g_cond_wait(&ahead->over, &ahead->lock);
  }
  return NULL;
}

static void execute(gint64 begin, gint64 end, guint worker, gpointer data) {
  Ahead *ahead = data;
  FabricRun *run;
  g_mutex_lock(&ahead->lock);
  while ((run = take_run(ahead)) != NULL) {
    g_mutex_unlock(&ahead->lock);
    if (run->record == NULL)
      run->record = cs3_fabric_execute(&run->config, &run->error);
    g_mutex_lock(&ahead->lock);
    ahead->used -= bytes_of(run);
    ahead->done++;
    g_cond_broadcast(&ahead->over);
    if (worker == 0)
      ahead->progress(ahead->rows * ahead->done / ahead->n, ahead->data);
  }
  g_mutex_unlock(&ahead->lock);
}

static void execute_all(Ahead *ahead, guint workers) {
  for (guint i = 0; i < ahead->n; i++)
    ahead->all = MAX(ahead->all, bytes_of(ahead->runs->pdata[i]) + BESIDE_BYTES);
  g_mutex_init(&ahead->lock);
  g_cond_init(&ahead->over);
  cs3_parallel_for(workers, 1, workers, execute, ahead);
  g_cond_clear(&ahead->over);
  g_mutex_clear(&ahead->lock);
}

/* A guess at the links crossed: every word of every PE goes half the width. */
static double work(const FabricRun *run) {
  const Cs3ProgramParams *p = &run->config.params;
  return (double)p->words * p->width * p->width * p->height;
}

static gint by_work(gconstpointer a, gconstpointer b) {
  double x = work(*(FabricRun *const *)a), y = work(*(FabricRun *const *)b);
  return (x < y) - (x > y);
}

static gboolean prepare(Cs3ValidationSession *session, const GPtrArray *rows,
                        Cs3ValidationProgress progress, gpointer data, GError **error) {
  g_autoptr(GPtrArray) runs = g_ptr_array_new();
  g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
  for (guint i = 0; i < rows->len; i++) {
    const Cs3ValidationRow *row = rows->pdata[i];
    if (row->check == CS3_CHECK_REJECTED)
      continue;
    g_autoptr(GArray) terms = parse_terms(session, row, error);
    if (terms == NULL)
      return FALSE;
    for (guint t = 0; t < terms->len; t++) {
      FabricRun *run = g_array_index(terms, Term, t).run;
      if (run != NULL && g_hash_table_add(seen, run))
        g_ptr_array_add(runs, run);
    }
  }
  g_ptr_array_sort(runs, by_work);
  Ahead ahead = {
      .runs = runs, .n = runs->len, .rows = rows->len, .progress = progress, .data = data};
  execute_all(&ahead, cs3_validation_workers(session));
  return TRUE;
}

/* The number of @run that @row asks for. */
static gboolean read_number(FabricRun *run, const Cs3ValidationRow *row, double *value,
                            GError **error) {
  if (run->record == NULL && run->error == NULL)
    run->record = cs3_fabric_execute(&run->config, &run->error);
  if (run->record == NULL) {
    g_set_error(error, run->error->domain, run->error->code, "%s: %s", row->where,
                run->error->message);
    return FALSE;
  }
  *value = cs3_record_number(run->record, row->result);
  gboolean right = json_is_true(json_object_get(run->record, "result_ok"));
  if (right && isfinite(*value))
    return TRUE;
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN,
              right ? "%s: result: 'cs3sim fabric -o json' has no number '%s'"
                    : "%s: the program computes a wrong result (%s)",
              row->where, row->result);
  return FALSE;
}

/* Method "fabric": "RUN + RUN - NUMBER / RUN + RUN", each RUN the words of `cs3sim fabric`. */
static gboolean fabric(Cs3ValidationSession *session, const Cs3ValidationRow *row, double *value,
                       GError **error) {
  g_autoptr(GArray) terms = parse_terms(session, row, error);
  if (terms == NULL)
    return FALSE;
  double above = 0, below = 0;
  for (guint t = 0; t < terms->len; t++) {
    const Term *term = &g_array_index(terms, Term, t);
    double number = 1;
    if (term->run != NULL && !read_number(term->run, row, &number, error))
      return FALSE;
    *(term->below ? &below : &above) += term->factor * number;
  }
  gboolean divided = g_array_index(terms, Term, terms->len - 1).below;
  *value = divided ? above / below : above;
  return TRUE;
}

static const Cs3ValidationMethod methods[] = {{"fabric", fabric}, {NULL, NULL}};

const Cs3ValidationSuite cs3_suite_fabric = {
    .name = "fabric",
    .summary = "collectives, streams and kernels on the wavelet-level fabric",
    .methods = methods,
    .prepare = prepare,
};
