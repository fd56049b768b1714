/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Suite "steps": what logs of training and evaluation say about the step of the machines as they
 * were measured, nothing fitted; then the edge of the step that would fit them best. */
#include "config.h"

#include "sim/validation/validate-steps.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

#include "base/config-error.h"
#include "base/json.h"
#include "base/table.h"
#include "results/record.h"
#include "sim/validation/validate-measure.h"

enum { MAX_ITERATIONS = 100 };

static gboolean run_number(Cs3ValidationSession *session, const Cs3ValidationRow *row,
                           const char *arguments, const char *result, double *value,
                           GError **error) {
  Cs3ValidationRow one = *row;
  one.method = (char *)"run";
  one.arguments = (char *)arguments;
  one.result = (char *)result;
  return cs3_validation_run(session, &one, value, error);
}

/* Method "split": options of a training step; what it takes beyond the step of its forward passes
 * alone, over that. */
static gboolean split(Cs3ValidationSession *session, const Cs3ValidationRow *row, double *value,
                      GError **error) {
  g_autofree char *forward = g_strconcat(row->arguments, " --forward", NULL);
  double whole_s, forward_s;
  if (!run_number(session, row, row->arguments, "step.time_s", &whole_s, error) ||
      !run_number(session, row, forward, "step.time_s", &forward_s, error))
    return FALSE;
  *value = whole_s / forward_s - 1;
  return TRUE;
}

/* --- the edge -------------------------------------------------------------------------------- */

/* Steps of one group: what they take without an edge, and what their measured rates say. */
typedef struct {
  const char *group;
  GArray *simulated_s, *measured_s; /* of double */
} Steps;

static Steps *steps_new(const char *group) {
  Steps *steps = g_new(Steps, 1);
  *steps = (Steps){.group = group,
                   .simulated_s = g_array_new(FALSE, FALSE, sizeof(double)),
                   .measured_s = g_array_new(FALSE, FALSE, sizeof(double))};
  return steps;
}

static void steps_free(gpointer data) {
  Steps *steps = data;
  g_array_unref(steps->simulated_s);
  g_array_unref(steps->measured_s);
  g_free(steps);
}

static double at(const GArray *numbers, guint i) {
  return g_array_index(numbers, double, i);
}

static Steps *steps_of(GPtrArray *all, const char *group) {
  for (guint i = 0; i < all->len; i++)
    if (strcmp(((Steps *)all->pdata[i])->group, group) == 0)
      return all->pdata[i];
  g_ptr_array_add(all, steps_new(group));
  return all->pdata[all->len - 1];
}

/* Rates of training that stand together, whether they claim a tolerance or not. */
static gboolean is_training_rate(const Cs3ValidationRow *row) {
  return row->check != CS3_CHECK_REJECTED && strcmp(row->method, "run") == 0 &&
         g_str_has_prefix(row->group, CS3_EDGE_GROUPS);
}

static gboolean add_row(Cs3ValidationSession *session, const Cs3ValidationRow *row, GPtrArray *all,
                        GError **error) {
  double step_s, edge_s, rate;
  if (!run_number(session, row, row->arguments, "step.time_s", &step_s, error) ||
      !run_number(session, row, row->arguments, "step.edge_s", &edge_s, error) ||
      !run_number(session, row, row->arguments, row->result, &rate, error))
    return FALSE;
  double simulated_s = step_s - edge_s, measured_s = rate * step_s / row->published;
  Steps *steps = steps_of(all, row->group);
  g_array_append_val(steps->simulated_s, simulated_s);
  g_array_append_val(steps->measured_s, measured_s);
  return TRUE;
}

double cs3_validation_fit_edge(const double *simulated_s, const double *measured_s, guint n,
                               double *half_s, double *rms) {
  double edge_s = 0, sum = 0, slope = 0;
  for (int i = 0; i < MAX_ITERATIONS; i++) {
    double gain = 0;
    sum = slope = 0;
    for (guint k = 0; k < n; k++) {
      double residual = log(measured_s[k] / (simulated_s[k] + edge_s));
      double j = 1 / (simulated_s[k] + edge_s);
      sum += residual * residual;
      slope += j * j;
      gain += j * residual;
    }
    double next_s = MAX(0, edge_s + gain / slope);
    if (fabs(next_s - edge_s) <= 1e-12 * (1 + edge_s))
      break;
    edge_s = next_s;
  }
  *rms = sqrt(sum / n);
  *half_s = n > 1 ? gsl_cdf_tdist_Pinv(0.975, n - 1) * sqrt(sum / (n - 1) / slope) : NAN;
  return edge_s;
}

static json_t *edge_json(const Steps *steps) {
  guint n = steps->simulated_s->len;
  const double *simulated_s = (const double *)(void *)steps->simulated_s->data;
  const double *measured_s = (const double *)(void *)steps->measured_s->data;
  double half_s, rms, before = 0;
  for (guint i = 0; i < n; i++)
    before += pow(log(at(steps->measured_s, i) / at(steps->simulated_s, i)), 2) / n;
  double edge_s = cs3_validation_fit_edge(simulated_s, measured_s, n, &half_s, &rms);
  json_t *object = cs3_json_pack("{s:s, s:i, s:f, s:f, s:f}", "group", steps->group, "rows", (int)n,
                                 "value", edge_s, "rms_without", sqrt(before), "rms", rms);
  if (isfinite(half_s)) {
    json_object_set_new(object, "low", json_real(MAX(0, edge_s - half_s)));
    json_object_set_new(object, "high", json_real(edge_s + half_s));
  }
  return object;
}

static gboolean fit_edges(Cs3ValidationSession *session, const GPtrArray *rows, json_t *suite,
                          GError **error) {
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(steps_free);
  for (guint i = 0; i < rows->len; i++)
    if (is_training_rate(rows->pdata[i]) && !add_row(session, rows->pdata[i], all, error))
      return FALSE;
  json_t *edges = json_array();
  for (guint i = 0; i < all->len; i++)
    json_array_append_new(edges, edge_json(all->pdata[i]));
  json_object_set_new(suite, "edge", edges);
  return TRUE;
}

static const Cs3Column edge_columns[] = {
    {.key = "group", .title = "step.edge [s] for", .type = CS3_COLUMN_TEXT},
    {.key = "rows", .title = "rows", .type = CS3_COLUMN_INT},
    {.key = "value", .title = "fit", .type = CS3_COLUMN_REAL, .decimals = 3},
    {.key = "low", .title = "95 % from", .type = CS3_COLUMN_REAL, .decimals = 3},
    {.key = "high", .title = "to", .type = CS3_COLUMN_REAL, .decimals = 3},
    {.key = "rms_without",
     .title = "rms % without",
     .type = CS3_COLUMN_REAL,
     .decimals = 1,
     .scale = 100},
    {.key = "rms", .title = "with", .type = CS3_COLUMN_REAL, .decimals = 1, .scale = 100},
};

void cs3_validation_edge_text(const json_t *edges, Cs3Output *output) {
  g_autoptr(Cs3Table) table = cs3_table_new(edge_columns, G_N_ELEMENTS(edge_columns));
  size_t i;
  json_t *edge;
  json_array_foreach((json_t *)edges, i, edge) {
    cs3_table_add_text(table, cs3_record_string(edge, "group"));
    cs3_table_add_int(table, cs3_record_integer(edge, "rows"));
    for (guint c = 2; c < G_N_ELEMENTS(edge_columns); c++)
      cs3_table_add_real(table, cs3_record_number(edge, edge_columns[c].key));
  }
  cs3_output_puts(output,
                  "The fixed time between steps that fits these rates best (least squares of "
                  "their logarithms):\n\n");
  cs3_table_write(table, output, CS3_FORMAT_TEXT);
  cs3_output_puts(output, "\n");
}

static const Cs3ValidationMethod methods[] = {
    {"run", cs3_validation_run},
    {"split", split},
    {NULL, NULL},
};

const Cs3ValidationSuite cs3_suite_steps = {
    .name = "steps",
    .summary = "steps of training and evaluation in logs, on machines as measured",
    .methods = methods,
    .conclude = fit_edges,
};
