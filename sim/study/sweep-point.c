/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One point of a sweep, and what the next one takes over from it. */
#include "config.h"

#include <string.h>

#include "base/json.h"
#include "results/schema.h"
#include "sim/exit-status.h"
#include "sim/run/result.h"
#include "sim/study/sweep.h"

/* Dense baselines that are kept: about 50 kB each. */
enum { MAX_BASELINES = 320 };
/* Points that are all checked beforehand, in less time than it takes to simulate a few. */
enum { MOST_CHECKED = 1000 };

typedef struct {
  Cs3MemoKey key;
  Cs3Run *run;
} Baseline;

struct Cs3SweepWorker {
  const Cs3Sweep *sweep;
  Cs3RunCache *cache;
  GHashTable *baselines; /* Cs3MemoKey -> Baseline */
  GQueue order;          /* of Baseline, the oldest first */
};

static guint key_hash(gconstpointer key) {
  return (guint)((const Cs3MemoKey *)key)->word[0];
}

static gboolean key_equal(gconstpointer a, gconstpointer b) {
  return memcmp(a, b, sizeof(Cs3MemoKey)) == 0;
}

static void baseline_free(gpointer data) {
  Baseline *baseline = data;
  cs3_run_free(baseline->run);
  g_free(baseline);
}

Cs3SweepWorker *cs3_sweep_worker_new(const Cs3Sweep *sweep, Cs3RunCache *cache) {
  Cs3SweepWorker *worker = g_new0(Cs3SweepWorker, 1);
  worker->sweep = sweep;
  worker->cache = cache;
  worker->baselines = g_hash_table_new_full(key_hash, key_equal, NULL, baseline_free);
  g_queue_init(&worker->order);
  return worker;
}

void cs3_sweep_worker_free(Cs3SweepWorker *worker) {
  if (worker == NULL)
    return;
  g_queue_clear(&worker->order);
  g_hash_table_unref(worker->baselines);
  g_free(worker);
}

void cs3_sweep_part(Cs3Sweep *sweep, guint64 i, guint64 n) {
  guint64 first = sweep->first, points = sweep->after - first;
  sweep->first = first + points / n * (i - 1) + MIN(i - 1, points % n);
  sweep->after = first + points / n * i + MIN(i, points % n);
}

char *cs3_sweep_key(const Cs3Sweep *sweep, guint64 point) {
  Cs3MemoKey key = cs3_axes_key(sweep->axes, point, &sweep->identity, FALSE);
  if (sweep->brief)
    key = cs3_memo_key(&key, "brief", sizeof "brief");
  return g_strdup_printf("%016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x", key.word[0],
                         key.word[1]);
}

static void name_point(const Cs3Sweep *sweep, guint64 point, GError *problem, GError **error) {
  g_autofree char *where = cs3_axes_describe(sweep->axes, point);
  g_propagate_prefixed_error(error, problem, "point %" G_GUINT64_FORMAT " (%s): ", point, where);
}

static gboolean check_point(const Cs3Sweep *sweep, guint64 point, GError **error) {
  g_auto(Cs3ScenarioOptions) options = {0};
  GError *problem = NULL;
  g_autoptr(Cs3Scenario) scenario =
      cs3_axes_scenario(sweep->axes, point, sweep->base, &options, &problem);
  if (scenario == NULL)
    name_point(sweep, point, problem, error);
  return scenario != NULL;
}

/* Values are numbered as in cs3_axes_value(): a point is a number whose digits they are. */
static gboolean check_axis(const Cs3Sweep *sweep, guint64 points, guint64 stride, guint values,
                           GError **error) {
  for (guint i = 0; i < values; i++) {
    guint64 low = i * stride, high = points - 1 - (values - 1 - i) * stride;
    if ((low >= sweep->first && low < sweep->after && !check_point(sweep, low, error)) ||
        (high >= sweep->first && high < sweep->after && !check_point(sweep, high, error)))
      return FALSE;
  }
  return TRUE;
}

gboolean cs3_sweep_check(const Cs3Sweep *sweep, GError **error) {
  if (sweep->after - sweep->first <= MOST_CHECKED) {
    for (guint64 point = sweep->first; point < sweep->after; point++)
      if (!check_point(sweep, point, error))
        return FALSE;
    return TRUE;
  }
  guint64 points, stride = 1;
  if (!cs3_axes_count(sweep->axes, &points, error))
    return FALSE;
  for (guint a = sweep->axes->axes->len; a-- > 0 && !sweep->axes->zip;) {
    guint values = ((const Cs3Axis *)sweep->axes->axes->pdata[a])->values->len;
    if (!check_axis(sweep, points, stride, values, error))
      return FALSE;
    stride *= values;
  }
  return TRUE;
}

/* A run that was held against a kept baseline shares its dense side and need not be kept itself. */
static void keep_baseline(Cs3SweepWorker *worker, const Cs3MemoKey *key, Cs3Run *run) {
  if (g_queue_get_length(&worker->order) >= MAX_BASELINES) {
    Baseline *oldest = g_queue_pop_head(&worker->order);
    g_hash_table_remove(worker->baselines, &oldest->key);
  }
  Baseline *baseline = g_new(Baseline, 1);
  *baseline = (Baseline){*key, run};
  g_hash_table_insert(worker->baselines, &baseline->key, baseline);
  g_queue_push_tail(&worker->order, baseline);
}

static json_t *simulate(Cs3SweepWorker *worker, guint64 point, GError **error) {
  const Cs3Sweep *sweep = worker->sweep;
  g_auto(Cs3ScenarioOptions) options = {0};
  g_autoptr(Cs3Scenario) scenario =
      cs3_axes_scenario(sweep->axes, point, sweep->base, &options, error);
  if (scenario == NULL)
    return NULL;
  scenario->config.cache = worker->cache;
  /* A transformed network is another for every sparsity, its dense side too. */
  Cs3MemoKey key = cs3_axes_key(sweep->axes, point, &sweep->identity, options.transform == 0);
  const Baseline *baseline = g_hash_table_lookup(worker->baselines, &key);
  g_autoptr(Cs3Run) run =
      cs3_run_against(&scenario->config, baseline != NULL ? baseline->run : NULL, error);
  if (run == NULL)
    return NULL;
  json_t *record = cs3_result_json(run);
  if (baseline == NULL)
    keep_baseline(worker, &key, g_steal_pointer(&run));
  return record;
}

/* What repeats from point to point or can be had again by running the point alone. */
static void shorten(json_t *record) {
  static const char *const parts[] = {"layers", "attentions", "other"};
  for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
    json_object_del(record, parts[i]);
  json_object_del(json_object_get(record, "provenance"), "configuration");
}

static json_t *head(const Cs3Sweep *sweep, guint64 point) {
  g_autofree char *key = cs3_sweep_key(sweep, point);
  json_t *axes = json_object();
  for (guint a = 0; a < sweep->axes->axes->len; a++)
    json_object_set_new(axes, ((const Cs3Axis *)sweep->axes->axes->pdata[a])->key,
                        json_string(cs3_axes_value(sweep->axes, point, a)->text));
  return cs3_json_pack("{s:s, s:I, s:I, s:s, s:o}", "schema", CS3_SWEEP_SCHEMA, "model_version",
                       (json_int_t)CS3_MODEL_VERSION, "point", (json_int_t)point, "key", key,
                       "axes", axes);
}

char *cs3_sweep_line_begin(const Cs3Sweep *sweep, guint64 point) {
  json_auto_t *line = head(sweep, point);
  char *text = json_dumps(line, JSON_COMPACT);
  char *begin = g_strndup(text, strlen(text) - 1);
  free(text);
  return begin;
}

char *cs3_sweep_point(Cs3SweepWorker *worker, guint64 point, GError **error) {
  g_autoptr(GError) problem = NULL;
  json_t *record = simulate(worker, point, &problem);
  if (record == NULL && cs3_exit_status(problem) != CS3_EXIT_NO) {
    name_point(worker->sweep, point, g_steal_pointer(&problem), error);
    return NULL;
  }
  json_auto_t *line = head(worker->sweep, point);
  if (record != NULL) {
    if (worker->sweep->brief)
      shorten(record);
    json_object_set_new(line, "status", json_string("ok"));
    json_object_set_new(line, "result", record);
  } else {
    json_object_set_new(line, "status", json_string("infeasible"));
    json_object_set_new(line, "reason", json_string(problem->message));
  }
  char *text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(15));
  char *whole = g_strconcat(text, "\n", NULL);
  free(text);
  return whole;
}
