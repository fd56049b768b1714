/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The best points of a sweep on machines that agree with what was measured: whether the best stays
 * the best. */
#include "config.h"

#include <math.h>

#include "base/json.h"
#include "results/record.h"
#include "sim/run/bands.h"
#include "sim/study/optimize.h"
#include "sim/run/uncertainty.h"

/* A point that is shown, and what is sought on each machine: more is better; NaN: it cannot run. */
typedef struct {
  json_t *point;
  double goal[CS3_POSTERIOR_FEW];
  guint n;
} Shown;

typedef struct {
  const Cs3Sweep *sweep;
  const json_t *lines;
  const Cs3Optimum *optimum;
  const Cs3PosteriorFile *posterior;
} Study;

/* Power is taken to be the nominal machine's, so that a joule goes as far as a second. */
static double goal_of(const Cs3Optimum *o, const Cs3RunTimes *t) {
  return o->goal == CS3_GOAL_SPEEDUP ? t->dense_s / t->sparse_s : 1 / t->sparse_s;
}

/* What is compared between points: of speed-ups and rates that of the nominal machine, scaled. */
static void fill_goals(const Study *s, Shown *shown, Cs3RunTimes whole,
                       const Cs3PosteriorTimes *t) {
  static const char *const keys[] = {[CS3_GOAL_TOKENS_PER_S] = "tokens_per_s",
                                     [CS3_GOAL_TOKENS_PER_JOULE] = "tokens_per_joule",
                                     [CS3_GOAL_DAYS] = "tokens_per_s",
                                     [CS3_GOAL_SPEEDUP] = "speedup"};
  double nominal = cs3_record_number(shown->point, keys[s->optimum->goal]);
  shown->n = t->n;
  for (guint k = 0; k < t->n; k++)
    shown->goal[k] = nominal * goal_of(s->optimum, &t->times[k]) / goal_of(s->optimum, &whole);
}

static gboolean add_bands(const Study *s, Shown *shown, GError **error) {
  guint64 number = (guint64)cs3_record_number(shown->point, "point");
  const json_t *result = json_object_get(json_array_get(s->lines, number), "result");
  Cs3RunTimes whole = cs3_uncertainty_whole(result);
  g_auto(Cs3ScenarioOptions) options = {0};
  g_auto(Cs3PosteriorTimes) t = {0};
  g_autoptr(Cs3Scenario) scenario =
      cs3_axes_scenario(s->sweep->axes, number, s->sweep->base, &options, error);
  if (scenario == NULL || !cs3_posterior_times(s->posterior, &scenario->config, whole,
                                               CS3_POSTERIOR_FEW, NULL, NULL, &t, error))
    return FALSE;
  json_object_set_new(shown->point, "posterior",
                      cs3_bands_json(&scenario->config, &whole, t.times, t.n));
  fill_goals(s, shown, whole, &t);
  return TRUE;
}

/* On how many of the machines each is the best: a machine on which two are is counted for the
 * first. */
static void add_shares(GArray *points) {
  g_autofree guint *wins = g_new0(guint, points->len);
  guint machines = 0;
  for (guint k = 0; k < CS3_POSTERIOR_FEW; k++) {
    int best = -1;
    for (guint i = 0; i < points->len; i++) {
      const Shown *x = &g_array_index(points, Shown, i);
      if (k < x->n && isfinite(x->goal[k]) &&
          (best < 0 || x->goal[k] > g_array_index(points, Shown, best).goal[k]))
        best = (int)i;
    }
    if (best < 0)
      continue;
    wins[best]++;
    machines++;
  }
  for (guint i = 0; i < points->len; i++)
    json_object_set_new(g_array_index(points, Shown, i).point, "best",
                        json_real(machines > 0 ? (double)wins[i] / machines : 0));
}

/* (transfer full) (element-type Shown) */
static GArray *shown_points(const json_t *record, guint top) {
  GArray *points = g_array_new(FALSE, TRUE, sizeof(Shown));
  size_t i;
  json_t *point;
  json_array_foreach(json_object_get(record, "points"), i, point) {
    Shown shown = {.point = point};
    if (points->len < CS3_OPTIMIZE_POSTERIOR && cs3_optimize_shows(point, i, top))
      g_array_append_val(points, shown);
  }
  return points;
}

gboolean cs3_optimize_posterior(json_t *record, const Cs3Sweep *sweep, const json_t *lines,
                                const Cs3Optimum *optimum, guint top,
                                const Cs3PosteriorFile *posterior, Cs3Progress *progress,
                                GError **error) {
  g_autoptr(GArray) points = shown_points(record, top);
  Study s = {sweep, lines, optimum, posterior};
  for (guint i = 0; i < points->len; i++) {
    if (!add_bands(&s, &g_array_index(points, Shown, i), error))
      return FALSE;
    if (progress != NULL)
      cs3_progress_update(progress, i + 1);
  }
  add_shares(points);
  json_object_set_new(record, "posterior", json_string(cs3_posterior_name(posterior)));
  return TRUE;
}
