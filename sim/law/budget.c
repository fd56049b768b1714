/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A budget spent on networks of many sizes and sparsities. */
#include "config.h"

#include "sim/law/budget.h"

#include <math.h>
#include <string.h>

#include "base/config-error.h"
#include "base/json.h"
#include "base/plain-text.h"
#include "base/quantity.h"
#include "fabric/fabric-error.h"
#include "results/schema.h"

enum {
  PASSES = 1 << 14,
  MASK_BYTES = 64 << 20,
  WIDTH_STEP = 64,
  SAMPLE_ROWS = 64,
  MOST_SIZES = 16
};

/* Widths of the grid: below nothing fills a wafer, above the law is far outside of its fit. */
#define LEAST_WIDTH 128.0
#define MOST_WIDTH 4096.0
#define MOST_SPARSITY 0.9375

/* Money buys hours of a system: nobody publishes what they cost. */
static gboolean spend(const char *text, double price, gboolean money, Cs3Budget *budget,
                      GError **error) {
  if (money == (price > 0)) {
    budget->money = money ? budget->amount : 0;
    budget->amount *= money ? 3600 / price : 1;
    return TRUE;
  }
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_CONFLICT,
              money ? "'%s' needs --price, what a system costs for an hour in the same currency: "
                      "there is no list price"
                    : "--price changes nothing about '%s'; it is for a budget in money, as in "
                      "'1e5 money'",
              CS3_CUT(text));
  return FALSE;
}

gboolean cs3_budget_parse(const char *text, double price, Cs3Budget *budget, GError **error) {
  static const struct {
    const char *unit;
    Cs3BudgetKind kind;
    double scale;
    gboolean money;
  } units[] = {{"system-days", CS3_BUDGET_SYSTEM_S, 86400, FALSE},
               {"system-hours", CS3_BUDGET_SYSTEM_S, 3600, FALSE},
               {"MWh", CS3_BUDGET_JOULES, 3.6e9, FALSE},
               {"kWh", CS3_BUDGET_JOULES, 3.6e6, FALSE},
               {"FLOP", CS3_BUDGET_FLOPS, 1, FALSE},
               {"money", CS3_BUDGET_SYSTEM_S, 1, TRUE}};
  for (guint i = 0; i < G_N_ELEMENTS(units); i++) {
    g_autofree char *number = g_strndup(text, strlen(text));
    if (!g_str_has_suffix(text, units[i].unit))
      continue;
    number[strlen(text) - strlen(units[i].unit)] = '\0';
    if (!cs3_quantity_parse(g_strstrip(number), CS3_UNIT_NONE, &budget->amount, NULL))
      break;
    budget->kind = units[i].kind;
    budget->amount *= units[i].scale;
    if (budget->amount > 0 && isfinite(budget->amount))
      return spend(text, price, units[i].money, budget, error);
  }
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_VALUE,
              "'%s' is no budget; write a positive number and system-days, system-hours, MWh, kWh, "
              "FLOP or money, as in '30 system-days'",
              CS3_CUT(text));
  return FALSE;
}

/* Steps that are simulated: widths x sparsities. Between them the logarithm of their time, and that
 * of their energy, is linear in the logarithm of the width and in the sparsity. */
enum { WIDTHS = CS3_LAW_WIDTHS, SPARSITIES = 6 };
typedef double Cs3LawGrid[WIDTHS][SPARSITIES];

/* What every point is judged by. */
typedef struct {
  const Cs3Law *law;
  const Cs3Budget *budget;
  const Cs3ScenarioOptions *options;
  double batch, systems; /* samples a step, of all systems */
  gboolean imposed;      /* a pattern with a sparsity of its own */
  guint sparsities;      /* simulated */
  double sparsity[SPARSITIES], width[WIDTHS];
  Cs3LawGrid log_s, log_joules; /* of a step; NaN: does not fit */
  json_t *points;
} Study;

/* --- simulated steps ------------------------------------------------------------------------- */

static Cs3Scenario *scenario_of(const Study *study, gint64 width, GError **error) {
  g_autofree char *text = cs3_law_config(study->law, width);
  g_autofree char *name = g_strdup_printf("%s-%" G_GINT64_FORMAT, study->law->name, width);
  Cs3ScenarioOptions options = *study->options; /* borrows */
  options.model = name;
  options.model_text = text;
  if (study->law->network == CS3_LAW_T5 && options.lengths.seq == 0) {
    options.lengths.seq = 114; /* the publication's: inputs of 512, targets of 114 tokens */
    options.lengths.encoder_seq = 512;
  }
  return cs3_scenario_new(&options, error);
}

static void take_scenario(Study *study, const Cs3Scenario *scenario) {
  const Cs3RunConfig *config = &scenario->config;
  double imposed = config->pattern.ops->density(&config->pattern);
  study->batch = (double)config->batch;
  study->systems = (double)cs3_run_systems(config);
  study->imposed = imposed >= 0;
  study->sparsities = study->imposed ? 2 : SPARSITIES;
  for (guint i = 0; i < study->sparsities; i++)
    study->sparsity[i] = study->imposed ? i * (1 - imposed) : MOST_SPARSITY * i / (SPARSITIES - 1);
}

/* Of the step of the scenario as it stands. */
static gboolean run_sparsity(Study *study, Cs3Scenario *scenario, guint place, guint i,
                             GError **error) {
  gboolean sparse = study->sparsity[i] > 0;
  Cs3RunTimes times;
  if (!cs3_run_times(&scenario->config, SAMPLE_ROWS, &times, error))
    return FALSE;
  study->log_s[place][i] = log(sparse ? times.sparse_s : times.dense_s);
  study->log_joules[place][i] = log(sparse ? times.sparse_joules : times.dense_joules);
  return TRUE;
}

/* A network that does not fit the machine is none; any other failure is one. */
static gboolean run_width(Study *study, guint place, Cs3RunCache *cache, GError **error) {
  double step = pow(MOST_WIDTH / LEAST_WIDTH, (double)place / (WIDTHS - 1));
  gint64 width = WIDTH_STEP * (gint64)round(LEAST_WIDTH * step / WIDTH_STEP);
  g_autoptr(Cs3Scenario) scenario = scenario_of(study, width, error);
  if (scenario == NULL)
    return FALSE;
  take_scenario(study, scenario);
  study->width[place] = (double)width;
  scenario->config.cache = cache;
  for (guint i = 0; i < study->sparsities; i++) {
    GError *problem = NULL;
    study->log_s[place][i] = study->log_joules[place][i] = NAN;
    if (!cs3_scenario_set_sparsity(scenario, study->options, study->sparsity[i], error))
      return FALSE;
    if (!run_sparsity(study, scenario, place, i, &problem) &&
        !g_error_matches(problem, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE)) {
      g_propagate_error(error, problem);
      return FALSE;
    }
    g_clear_error(&problem);
  }
  return TRUE;
}

/* --- points between them --------------------------------------------------------------------- */

/* The place before @x among @n rising @values, and the share of the way to the next. */
static guint before(const double *values, guint n, double x, double *share) {
  guint i = 0;
  while (i + 2 < n && values[i + 1] <= x)
    i++;
  *share = (x - values[i]) / (values[i + 1] - values[i]);
  return i;
}

static double between(const Study *study, Cs3LawGrid values, double width, double sparsity) {
  double logs[WIDTHS], across, along;
  for (guint i = 0; i < WIDTHS; i++)
    logs[i] = log(study->width[i]);
  guint w = before(logs, WIDTHS, log(width), &across);
  guint s = before(study->sparsity, study->sparsities, sparsity, &along);
  const double *low = values[w], *high = values[w + 1];
  double at_low = low[s] + along * (low[s + 1] - low[s]);
  double at_high = high[s] + along * (high[s + 1] - high[s]);
  return exp(at_low + across * (at_high - at_low));
}

/* Units of data that the budget pays for: at @time_s and @joules a step, or by the work of all
 * weights. */
static double units_for(const Study *study, double weights, double time_s, double joules) {
  const Cs3Law *law = study->law;
  double steps = 0;
  switch (study->budget->kind) {
  case CS3_BUDGET_SYSTEM_S:
    steps = study->budget->amount / study->systems / time_s;
    break;
  case CS3_BUDGET_JOULES:
    steps = study->budget->amount / joules;
    break;
  case CS3_BUDGET_FLOPS:
    return study->budget->amount / (6 * weights * law->unit_tokens);
  }
  return steps * study->batch / law->unit_samples;
}

/* Coefficients of a user's own, and budgets, may be of any size. */
static gboolean check_loss(const Study *study, gint64 width, double units, double loss,
                           GError **error) {
  if (isfinite(loss) && isfinite(units * study->law->unit_samples))
    return TRUE;
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_RANGE,
              "law %s: the loss of width %" G_GINT64_FORMAT
              " after %.4g samples is no number; change the coefficients or the budget",
              study->law->name, width, units * study->law->unit_samples);
  return FALSE;
}

static gboolean add_point(Study *study, gint64 width, double sparsity, GError **error) {
  double weights = cs3_law_weights(study->law, (double)width), alive = weights * (1 - sparsity);
  double time_s = between(study, study->log_s, (double)width, sparsity);
  double joules = between(study, study->log_joules, (double)width, sparsity);
  if (isnan(time_s))
    return TRUE;
  double units = units_for(study, weights, time_s, joules);
  double loss = cs3_law_loss(study->law, sparsity, alive, units);
  if (!check_loss(study, width, units, loss, error))
    return FALSE;
  double dense_s = between(study, study->log_s, (double)width, 0);
  json_t *point =
      cs3_json_pack("{s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "width", (json_int_t)width,
                    "sparsity", sparsity, "weights", weights, "alive", alive, "samples_per_s",
                    study->batch / time_s, "joules_per_step", joules, "speedup", dense_s / time_s,
                    "samples", units * study->law->unit_samples, "loss", loss);
  return json_array_append_new(study->points, point) == 0;
}

static gboolean add_points(Study *study, guint grid, GError **error) {
  guint n = study->imposed ? 2 : grid;
  gint64 last = 0;
  for (guint i = 0; i < grid; i++) {
    double width = LEAST_WIDTH * pow(MOST_WIDTH / LEAST_WIDTH, (double)i / (grid - 1));
    gint64 rounded = WIDTH_STEP * (gint64)round(width / WIDTH_STEP);
    for (guint k = 0; rounded > last && k < n; k++)
      if (!add_point(study, rounded, study->sparsity[study->sparsities - 1] * k / (n - 1), error))
        return FALSE;
    last = MAX(last, rounded);
  }
  return TRUE;
}

static int by_loss(const void *a, const void *b) {
  double x = json_number_value(json_object_get(*(json_t *const *)a, "loss"));
  double y = json_number_value(json_object_get(*(json_t *const *)b, "loss"));
  return (x > y) - (x < y);
}

static json_t *sorted(const json_t *points) {
  g_autoptr(GPtrArray) order = g_ptr_array_new();
  for (size_t i = 0; i < json_array_size(points); i++)
    g_ptr_array_add(order, json_array_get(points, i));
  g_ptr_array_sort(order, by_loss);
  json_t *array = json_array();
  for (guint i = 0; i < order->len; i++)
    json_array_append(array, order->pdata[i]);
  return array;
}

/* The publication's question: for the FLOP of @study's budget and so many weights alive, each
 * factor of four of what the law was fitted to. */
static json_t *flop_sizes(const Study *study) {
  const Cs3Law *law = study->law;
  json_t *sizes = json_array();
  double alive = law->fitted_low_n;
  for (guint i = 0; i < MOST_SIZES && alive <= law->fitted_high_n; i++, alive *= 4) {
    double sparsity = cs3_law_flop_sparsity(law, study->budget->amount, alive);
    json_array_append_new(sizes, cs3_json_pack("{s:f, s:f}", "alive", alive, "sparsity", sparsity));
  }
  return sizes;
}

/* The law's own answer for as many FLOP as the best point's training does with all its weights. */
static json_t *flop_answer(const Study *study, const json_t *best) {
  double weights = json_number_value(json_object_get(best, "weights"));
  double alive = json_number_value(json_object_get(best, "alive"));
  double units = json_number_value(json_object_get(best, "samples")) / study->law->unit_samples;
  double flops = 6 * weights * units * study->law->unit_tokens;
  double sparsity = cs3_law_flop_sparsity(study->law, flops, alive);
  json_t *answer = cs3_json_pack(
      "{s:f, s:f, s:f}", "flops", flops, "sparsity", sparsity, "dense_size",
      cs3_law_dense_size(study->law, json_number_value(json_object_get(best, "sparsity"))));
  if (study->budget->kind == CS3_BUDGET_FLOPS)
    json_object_set_new(answer, "sizes", flop_sizes(study));
  return answer;
}

static json_t *record_of(const Study *study, const char *budget) {
  json_t *points = sorted(study->points);
  const Cs3Law *law = study->law;
  return cs3_json_pack("{s:s, s:s, s:s, s:s, s:s, s:f, s:f, s:o, s:o}", "schema", CS3_LAW_SCHEMA,
                       "law", law->name, "source", law->source, "hardware",
                       study->options->hardware, "budget", budget, "fitted_low", law->fitted_low_n,
                       "fitted_high", law->fitted_high_n, "flop_optimal",
                       flop_answer(study, json_array_get(points, 0)), "points", points);
}

static const char *budget_text(const Cs3Budget *budget, char *text, gsize size) {
  static const struct {
    const char *unit;
    double scale;
  } shown[] = {[CS3_BUDGET_SYSTEM_S] = {"system-days", 86400},
               [CS3_BUDGET_JOULES] = {"MWh", 3.6e9},
               [CS3_BUDGET_FLOPS] = {"FLOP", 1}};
  double amount = budget->amount / shown[budget->kind].scale;
  if (budget->money > 0)
    g_snprintf(text, size, "%.6g money (%.6g %s)", budget->money, amount, shown[budget->kind].unit);
  else
    g_snprintf(text, size, "%.6g %s", amount, shown[budget->kind].unit);
  return text;
}

json_t *cs3_law_budget(const Cs3Law *law, const Cs3Budget *budget,
                       const Cs3ScenarioOptions *options, guint grid, Cs3Progress *progress,
                       GError **error) {
  g_autoptr(Cs3RunCache) cache = cs3_run_cache_new(PASSES, MASK_BYTES);
  json_auto_t *points = json_array();
  Study study = {.law = law, .budget = budget, .options = options, .points = points};
  char text[96];
  for (guint i = 0; i < WIDTHS; i++) {
    if (!run_width(&study, i, cache, error))
      return NULL;
    cs3_progress_update(progress, i + 1);
  }
  if (!add_points(&study, grid, error))
    return NULL;
  if (json_array_size(points) > 0)
    return record_of(&study, budget_text(budget, text, sizeof text));
  g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
              "%s: no network of the grid fits the machine", options->hardware);
  return NULL;
}
