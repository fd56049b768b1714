/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The best points of a sweep. The search is exhaustive: the axes of a sweep are choices (presets,
 * patterns, whole numbers) on which the result jumps, so that a gradient or an annealing schedule
 * would find less with more runs than the sweep's shared masks and passes need for all of them. */
#include "config.h"

#include "sim/study/optimize.h"

#include <math.h>

#include "base/json.h"
#include "base/table.h"
#include "results/record.h"
#include "results/schema.h"
#include "sim/run/result.h"

#define DAY_S 86400.0

const char *const *cs3_goal_names(void) {
  static const char *const names[] = {"tokens-per-s", "tokens-per-joule", "days", "speedup", NULL};
  return names;
}

/* One point and its figures. */
typedef struct {
  const json_t *line;
  double rate, per_joule, watts, days, speedup;
  gboolean fits, allowed, front, dense_slower;
} Point;

static Point point_of(const json_t *line, const Cs3Optimum *o) {
  const json_t *result = json_object_get(line, "result");
  Point p = {.line = line, .fits = result != NULL};
  if (!p.fits)
    return p;
  p.rate = cs3_record_number(result, "throughput.tokens_per_s");
  p.per_joule = 1 / cs3_record_number(result, "energy.joules_per_token");
  p.watts = p.rate / p.per_joule;
  p.speedup = cs3_record_number(result, "speedup.simulated");
  p.days = o->tokens / p.rate / DAY_S;
  p.allowed =
      (o->max_watts == 0 || p.watts <= o->max_watts) && (o->max_days == 0 || p.days <= o->max_days);
  return p;
}

/* Allowed before others; then by the goal; equals stay in the order of the sweep. */
static gint compare(gconstpointer a, gconstpointer b, gpointer data) {
  const Point *x = a, *y = b;
  const Cs3Optimum *o = data;
  if (x->allowed != y->allowed)
    return x->allowed ? -1 : 1;
  double better = o->goal == CS3_GOAL_TOKENS_PER_JOULE ? x->per_joule - y->per_joule
                  : o->goal == CS3_GOAL_SPEEDUP        ? x->speedup - y->speedup
                                                       : x->rate - y->rate;
  if (better != 0)
    return better > 0 ? -1 : 1;
  return cs3_record_number(x->line, "point") < cs3_record_number(y->line, "point") ? -1 : 1;
}

static gint faster(gconstpointer a, gconstpointer b) {
  const Point *x = *(Point *const *)a, *y = *(Point *const *)b;
  if (x->rate != y->rate)
    return x->rate > y->rate ? -1 : 1;
  return (x->per_joule < y->per_joule) - (x->per_joule > y->per_joule);
}

static void find_front(GArray *points) {
  g_autoptr(GPtrArray) order = g_ptr_array_new();
  for (guint i = 0; i < points->len; i++)
    if (g_array_index(points, Point, i).allowed)
      g_ptr_array_add(order, &g_array_index(points, Point, i));
  g_ptr_array_sort(order, faster);
  double most = 0;
  for (guint i = 0; i < order->len; i++) {
    Point *point = order->pdata[i];
    point->front = point->per_joule > most;
    most = MAX(most, point->per_joule);
    const Point *fastest = order->pdata[0];
    point->dense_slower = point->speedup > fastest->speedup && point->rate < fastest->rate;
  }
}

static json_t *point_json(const Point *p, const Cs3Optimum *o) {
  json_t *object =
      cs3_json_pack("{s:O, s:O, s:b, s:b, s:b, s:b}", "point", json_object_get(p->line, "point"),
                    "axes", json_object_get(p->line, "axes"), "fits", p->fits, "allowed",
                    p->allowed, "front", p->front, "dense_slower", p->dense_slower);
  if (p->fits) {
    json_object_set_new(object, "tokens_per_s", json_real(p->rate));
    json_object_set_new(object, "speedup", json_real(p->speedup));
    json_object_set_new(object, "share_of_theory",
                        json_real(cs3_record_number(p->line, "result.speedup.share_of_theory")));
    json_object_set_new(object, "tokens_per_joule", json_real(p->per_joule));
    json_object_set_new(object, "watts", json_real(p->watts));
    json_object_set_new(object, "bottleneck",
                        json_string(cs3_record_string(p->line, "result.bottleneck")));
    if (o->tokens > 0)
      json_object_set_new(object, "days", json_real(p->days));
  }
  return object;
}

json_t *cs3_optimize(const json_t *lines, const Cs3Optimum *o) {
  g_autoptr(GArray) points = g_array_new(FALSE, FALSE, sizeof(Point));
  size_t i;
  json_t *line;
  json_array_foreach(lines, i, line) {
    Point point = point_of(line, o);
    g_array_append_val(points, point);
  }
  g_array_sort_with_data(points, compare, (gpointer)o);
  find_front(points);
  json_t *array = json_array();
  for (guint k = 0; k < points->len; k++)
    json_array_append_new(array, point_json(&g_array_index(points, Point, k), o));
  return cs3_json_pack("{s:s, s:s, s:f, s:f, s:f, s:o}", "schema", CS3_OPTIMIZE_SCHEMA, "goal",
                       cs3_goal_names()[o->goal], "tokens", o->tokens, "max_watts", o->max_watts,
                       "max_days", o->max_days, "points", array);
}

gboolean cs3_optimize_found(const json_t *record) {
  const json_t *best = json_array_get(json_object_get(record, "points"), 0);
  return json_is_true(json_object_get(best, "allowed"));
}

static char *axes_text(const json_t *point) {
  GString *text = g_string_new(NULL);
  const char *key;
  json_t *value;
  json_object_foreach(json_object_get(point, "axes"), key, value) g_string_append_printf(
      text, "%s%s=%s", text->len > 0 ? " " : "", key, json_string_value(value));
  return g_string_free(text, FALSE);
}

static const Cs3Column columns[] = {
    {.key = "configuration", .title = "configuration", .type = CS3_COLUMN_TEXT},
    {.key = "fits", .type = CS3_COLUMN_TEXT},
    {.key = "allowed", .type = CS3_COLUMN_TEXT},
    {.key = "front", .type = CS3_COLUMN_TEXT},
    {.key = "dense_slower", .type = CS3_COLUMN_TEXT},
    {.key = "speedup", .title = "speed-up", .type = CS3_COLUMN_REAL, .decimals = 3},
    {.key = "share_of_theory",
     .title = "of theory [%]",
     .type = CS3_COLUMN_REAL,
     .decimals = 1,
     .scale = 100},
    {.key = "tokens_per_s", .title = "tokens/s", .type = CS3_COLUMN_REAL, .decimals = 0},
    {.key = "tokens_per_joule", .title = "tokens/J", .type = CS3_COLUMN_REAL, .decimals = 2},
    {.key = "watts", .title = "[kW]", .type = CS3_COLUMN_REAL, .decimals = 1, .scale = 1e-3},
    {.key = "days", .title = "days", .type = CS3_COLUMN_REAL, .decimals = 1},
    {.key = "bottleneck", .title = "bottleneck", .type = CS3_COLUMN_TEXT},
};

static void add_point(Cs3Table *table, const json_t *point) {
  static const char *const flags[] = {"fits", "allowed", "front", "dense_slower"};
  static const char *const numbers[] = {"speedup",          "share_of_theory", "tokens_per_s",
                                        "tokens_per_joule", "watts",           "days"};
  g_autofree char *text = axes_text(point);
  cs3_table_add_text(table, text);
  for (guint i = 0; i < G_N_ELEMENTS(flags); i++)
    cs3_table_add_text(table, json_is_true(json_object_get(point, flags[i])) ? "yes" : "no");
  for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
    cs3_table_add_real(table, cs3_record_number(point, numbers[i]));
  cs3_table_add_text(table, cs3_record_string(point, "bottleneck"));
}

void cs3_optimize_csv(const json_t *record, Cs3Output *output) {
  g_autoptr(Cs3Table) table = cs3_table_new(columns, G_N_ELEMENTS(columns));
  size_t i;
  json_t *point;
  json_array_foreach(json_object_get(record, "points"), i, point) add_point(table, point);
  cs3_table_write(table, output, CS3_FORMAT_CSV);
}

static guint count(const json_t *record, const char *flag) {
  guint n = 0;
  size_t i;
  json_t *point;
  json_array_foreach(json_object_get(record, "points"), i, point) n +=
      json_is_true(json_object_get(point, flag));
  return n;
}

/* The fastest point that is allowed. */
static const json_t *fastest_of(const json_t *points) {
  const json_t *fastest = NULL;
  size_t i;
  json_t *point;
  json_array_foreach((json_t *)points, i,
                     point) if (json_is_true(json_object_get(point, "allowed")) &&
                                (fastest == NULL || cs3_record_number(point, "tokens_per_s") >
                                                        cs3_record_number(fastest, "tokens_per_s")))
      fastest = point;
  return fastest;
}

/* Where the best is so because its baseline is bad. */
static void write_doubt(const json_t *points, Cs3Output *output) {
  const json_t *best = json_array_get(points, 0), *fastest = fastest_of(points);
  if (!json_is_true(json_object_get(best, "dense_slower")))
    return;
  g_autofree char *text = axes_text(fastest);
  cs3_output_printf(output,
                    "its speed-up is larger because its dense step is slower: %s is faster, %.4g "
                    "instead of %.4g tokens/s\n",
                    text, cs3_record_number(fastest, "tokens_per_s"),
                    cs3_record_number(best, "tokens_per_s"));
}

gboolean cs3_optimize_shows(const json_t *point, size_t index, guint top) {
  return json_is_true(json_object_get(point, top > 0 ? "allowed" : "front")) &&
         (top == 0 || index < top);
}

static const Cs3Column band_columns[] = {
    {.key = "configuration", .title = "configuration", .type = CS3_COLUMN_TEXT},
    {.key = "best", .title = "the best on [%]", .type = CS3_COLUMN_REAL, .scale = 100},
    {.key = "speedup_p10", .title = "speed-up: 10 %", .type = CS3_COLUMN_REAL, .decimals = 3},
    {.key = "speedup_median", .title = "median", .type = CS3_COLUMN_REAL, .decimals = 3},
    {.key = "speedup_p90", .title = "90 %", .type = CS3_COLUMN_REAL, .decimals = 3},
    {.key = "tokens_per_s_p10", .title = "tokens/s: 10 %", .type = CS3_COLUMN_REAL},
    {.key = "tokens_per_s_median", .title = "median", .type = CS3_COLUMN_REAL},
    {.key = "tokens_per_s_p90", .title = "90 %", .type = CS3_COLUMN_REAL},
};

/* The points that machines of a posterior were asked about. */
static void write_posterior(const json_t *record, Cs3Output *output) {
  static const char *const paths[] = {
      "best",
      "posterior.speedup.p10",
      "posterior.speedup.median",
      "posterior.speedup.p90",
      "posterior.tokens_per_s.p10",
      "posterior.tokens_per_s.median",
      "posterior.tokens_per_s.p90",
  };
  g_autoptr(Cs3Table) table = cs3_table_new(band_columns, G_N_ELEMENTS(band_columns));
  size_t i;
  json_t *point;
  json_array_foreach(json_object_get(record, "points"), i, point) {
    if (json_object_get(point, "posterior") == NULL)
      continue;
    g_autofree char *text = axes_text(point);
    cs3_table_add_text(table, text);
    for (guint c = 0; c < G_N_ELEMENTS(paths); c++)
      cs3_table_add_real(table, cs3_record_number(point, paths[c]));
  }
  if (cs3_table_rows(table) == 0)
    return;
  cs3_output_printf(output,
                    "\nwhat measured rates allow: machines of the posterior %s, and on how many of "
                    "them a point is the best of these%s by %s\n",
                    cs3_record_string(record, "posterior"),
                    cs3_table_rows(table) == CS3_OPTIMIZE_POSTERIOR ? " (no more are asked about)"
                                                                    : "",
                    cs3_record_string(record, "goal"));
  cs3_table_write(table, output, CS3_FORMAT_TEXT);
}

/* @top: 0: the front. */
static void write_points(const json_t *points, guint top, Cs3Output *output) {
  g_autoptr(Cs3Table) table = cs3_table_new(columns, G_N_ELEMENTS(columns));
  size_t i;
  json_t *point;
  json_array_foreach((json_t *)points, i, point) if (cs3_optimize_shows(point, i, top))
      add_point(table, point);
  if (top > 0)
    cs3_output_printf(output, "\nthe best %u\n", cs3_table_rows(table));
  else
    cs3_output_puts(output, "\nthe front: no other point is faster and more frugal\n");
  cs3_table_write(table, output, CS3_FORMAT_TEXT);
}

void cs3_optimize_text(const json_t *record, guint top, Cs3Output *output) {
  const json_t *points = json_object_get(record, "points"), *best = json_array_get(points, 0);
  cs3_output_printf(output, "%zu points, %u fit, %u meet the constraints\n",
                    json_array_size(points), count(record, "fits"), count(record, "allowed"));
  if (!cs3_optimize_found(record)) {
    cs3_output_puts(output, "no point meets them\n");
    return;
  }
  g_autofree char *text = axes_text(best);
  cs3_output_printf(output, "best by %s: %s\n", cs3_record_string(record, "goal"), text);
  write_doubt(points, output);
  write_points(points, top, output);
  write_posterior(record, output);
  cs3_output_puts(output, "\nband: " CS3_RESULT_BAND "\n");
}
