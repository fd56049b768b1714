/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A fit of two unpublished constants to measured training rates. */
#include "config.h"

#include "sim/validation/validate-fit.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_multifit_nlinear.h>
#include <math.h>
#include <string.h>

#include "base/config-error.h"
#include "base/json.h"
#include "base/table.h"
#include "results/record.h"
#include "sim/run/result.h"

enum { N_CONSTANTS = 2, MAX_ITERATIONS = 40 };

/* What is fitted: neither is published, and they act on different layers. The overhead per weight
 * weighs most where a PE has few tokens (large models), exponentials where models are narrow. */
static const char *const names[N_CONSTANTS] = {"kernel.weight_overhead", "pe.special_rate"};

/* The presets' values, where the search begins. */
static const double preset[N_CONSTANTS] = {2, 0.1};

/* The search goes by the logarithms. */
static void constants_at(const gsl_vector *x, double constants[N_CONSTANTS]) {
  constants[0] = CLAMP(exp(gsl_vector_get(x, 0)), 0.01, 100);
  constants[1] = CLAMP(exp(gsl_vector_get(x, 1)), 0.001, 1);
}

/* A measured rate and the scenario that is to give it. */
typedef struct {
  const Cs3ValidationRow *row;
  Cs3Scenario *scenario;
  double correction; /* log of what a run gives over what cs3_run_times() gives */
} Point;

static void point_free(gpointer data) {
  Point *point = data;
  cs3_scenario_free(point->scenario);
  g_free(point);
}

/* The ways in which a rate is predicted. */
typedef enum { PRESET, FP16, SILICON, FITTED, N_WAYS } Way;
static const char *const way_names[N_WAYS] = {"unfitted", "fp16", "silicon", "fitted"};

/* (transfer full): the row's options for @way. @values: of the constants, for FITTED. */
static char *arguments_for(const Cs3ValidationRow *row, Way way, const double *values) {
  if (way == PRESET)
    return g_strdup(row->arguments);
  if (way == FP16)
    return g_strconcat(row->arguments, " --set kernel.acc_precision=fp16", NULL);
  g_autofree char *silicon = cs3_validation_on_silicon(row->arguments);
  if (way == SILICON)
    return g_steal_pointer(&silicon);
  char special[G_ASCII_DTOSTR_BUF_SIZE];
  g_ascii_formatd(special, sizeof special, "%.4g", values[1]);
  return g_strdup_printf("%s --set %s=%.0f --set %s=%s", silicon, names[0], values[0], names[1],
                         special);
}

static Point *point_new(Cs3ValidationSession *session, const Cs3ValidationRow *row,
                        GError **error) {
  Cs3ValidationRow one = *row;
  g_autofree char *arguments = arguments_for(row, SILICON, NULL);
  one.arguments = arguments;
  g_auto(GStrv) words = cs3_validation_words(&one, error);
  if (words == NULL)
    return NULL;
  Point *point = g_new0(Point, 1);
  point->row = row;
  point->scenario = cs3_validation_scenario(session, row, (const char *const *)words, error);
  if (point->scenario != NULL)
    return point;
  point_free(point);
  return NULL;
}

static const Cs3Param *find_param(const char *name) {
  Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1];
  g_auto(GStrv) parts = g_strsplit(name, ".", 2);
  cs3_machine_bind(NULL, bindings);
  return cs3_params_find(bindings, parts[0], parts[1], NULL);
}

/* log(simulated / published). */
static gboolean log_ratio(gpointer what, const double constants[N_CONSTANTS], double *value,
                          GError **error) {
  Point *point = what;
  g_autoptr(Cs3Machine) machine = cs3_machine_copy(point->scenario->machine);
  Cs3RunConfig config = point->scenario->config;
  Cs3RunTimes times;
  if (!cs3_machine_set(machine, find_param(names[0]), constants[0], "fit", error) ||
      !cs3_machine_set(machine, find_param(names[1]), constants[1], "fit", error))
    return FALSE;
  config.machine = machine;
  if (!cs3_run_times(&config, 0, &times, error))
    return FALSE;
  double rate = (double)config.batch / times.dense_s * point->row->scale;
  *value = log(rate / point->row->published) + point->correction;
  return TRUE;
}

/* Gives the logarithm of a rate for whole cycles of overhead. */
typedef gboolean (*Evaluate)(gpointer what, const double constants[N_CONSTANTS], double *value,
                             GError **error);

/* The overhead is a number of cycles: between two of them the logarithm is taken as linear. */
static gboolean interpolate(Evaluate evaluate, gpointer what, const double constants[N_CONSTANTS],
                            double *value, GError **error) {
  double below = floor(constants[0]), share = constants[0] - below, low, high;
  if (!evaluate(what, (double[]){below, constants[1]}, &low, error))
    return FALSE;
  *value = low;
  if (share == 0)
    return TRUE;
  if (!evaluate(what, (double[]){below + 1, constants[1]}, &high, error))
    return FALSE;
  *value += share * (high - low);
  return TRUE;
}

typedef struct {
  GPtrArray *points;
  GError *error;
} Problem;

static int residuals(const gsl_vector *x, void *data, gsl_vector *f) {
  Problem *problem = data;
  double constants[N_CONSTANTS];
  constants_at(x, constants);
  for (guint i = 0; i < problem->points->len; i++) {
    double value = 0;
    if (problem->error == NULL &&
        !interpolate(log_ratio, problem->points->pdata[i], constants, &value, &problem->error))
      return GSL_EFAILED;
    gsl_vector_set(f, i, value);
  }
  return GSL_SUCCESS;
}

typedef struct {
  double value[N_CONSTANTS], low[N_CONSTANTS], high[N_CONSTANTS];
  double rms;
} Fit;

/* Values and confidence intervals at the end of the search. */
static void read_fit(gsl_multifit_nlinear_workspace *work, gsize n, Fit *fit) {
  gsl_matrix *covariance = gsl_matrix_alloc(N_CONSTANTS, N_CONSTANTS);
  double freedom = (double)n - N_CONSTANTS;
  double norm = gsl_blas_dnrm2(gsl_multifit_nlinear_residual(work));
  double width = gsl_cdf_tdist_Pinv(0.975, freedom) * norm / sqrt(freedom);
  const gsl_vector *x = gsl_multifit_nlinear_position(work);
  gsl_multifit_nlinear_covar(gsl_multifit_nlinear_jac(work), 0, covariance);
  gsl_vector *edge = gsl_vector_alloc(N_CONSTANTS);
  double at[N_CONSTANTS];
  constants_at(x, fit->value);
  for (int k = 0; k < N_CONSTANTS; k++) {
    double half = width * sqrt(gsl_matrix_get(covariance, k, k));
    for (int side = -1; side <= 1; side += 2) {
      gsl_vector_memcpy(edge, x);
      gsl_vector_set(edge, k, gsl_vector_get(x, k) + side * half);
      constants_at(edge, at);
      *(side < 0 ? &fit->low[k] : &fit->high[k]) = at[k];
    }
  }
  fit->rms = norm / sqrt((double)n);
  gsl_vector_free(edge);
  gsl_matrix_free(covariance);
}

/* Derivatives by differences over @step of a coordinate: wide enough to step over the small jumps
 * where another mapping becomes the best. */
static gboolean search(Problem *problem, Fit *fit, GError **error) {
  gsize n = problem->points->len;
  gsl_multifit_nlinear_parameters how = gsl_multifit_nlinear_default_parameters();
  how.h_df = 0.1;
  how.fdtype = GSL_MULTIFIT_NLINEAR_CTRDIFF;
  gsl_multifit_nlinear_workspace *work =
      gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &how, n, N_CONSTANTS);
  gsl_multifit_nlinear_fdf f = {.f = residuals, .n = n, .p = N_CONSTANTS, .params = problem};
  double start[N_CONSTANTS] = {log(preset[0]), log(preset[1])};
  gsl_vector_view x = gsl_vector_view_array(start, N_CONSTANTS);
  int info;
  gsl_multifit_nlinear_init(&x.vector, &f, work);
  gsl_multifit_nlinear_driver(MAX_ITERATIONS, 1e-4, 1e-8, 1e-8, NULL, NULL, &info, work);
  if (problem->error == NULL)
    read_fit(work, n, fit);
  gsl_multifit_nlinear_free(work);
  gboolean ok = problem->error == NULL;
  if (!ok)
    g_propagate_error(error, g_steal_pointer(&problem->error));
  return ok;
}

static gboolean is_rate(const Cs3ValidationRow *row) {
  return row->check != CS3_CHECK_REJECTED && strcmp(row->method, "run") == 0;
}

/* The row's rate as a run gives it. @values: of the constants, for FITTED. */
static gboolean predict(Cs3ValidationSession *session, const Cs3ValidationRow *row, Way way,
                        const double *values, double *value, GError **error) {
  Cs3ValidationRow one = *row;
  g_autofree char *arguments = arguments_for(row, way, values);
  one.arguments = arguments;
  if (!cs3_validation_run(session, &one, value, error))
    return FALSE;
  *value *= row->scale;
  return TRUE;
}

typedef struct {
  Cs3ValidationSession *session;
  const Cs3ValidationRow *row;
} Prediction;

static gboolean log_rate(gpointer what, const double constants[N_CONSTANTS], double *value,
                         GError **error) {
  const Prediction *p = what;
  if (!predict(p->session, p->row, FITTED, constants, value, error))
    return FALSE;
  *value = log(*value);
  return TRUE;
}

static gboolean predict_fitted(Cs3ValidationSession *session, const Cs3ValidationRow *row,
                               const Fit *fit, double *value, GError **error) {
  Prediction p = {session, row};
  if (!interpolate(log_rate, &p, fit->value, value, error))
    return FALSE;
  *value = exp(*value);
  return TRUE;
}

/* The search evaluates step times on mappings ranked by closed forms; runs find better ones. */
static gboolean correct(Cs3ValidationSession *session, GPtrArray *points,
                        const double values[N_CONSTANTS], GError **error) {
  double whole[N_CONSTANTS] = {round(values[0]), values[1]};
  for (guint i = 0; i < points->len; i++) {
    Point *point = points->pdata[i];
    double run, ranked;
    point->correction = 0;
    if (!predict(session, point->row, FITTED, whole, &run, error) ||
        !log_ratio(point, whole, &ranked, error))
      return FALSE;
    point->correction = log(run / point->row->published) - ranked;
  }
  return TRUE;
}

static gboolean fit_constants(Cs3ValidationSession *session, const GPtrArray *rows, Fit *fit,
                              GError **error) {
  g_autoptr(GPtrArray) points = g_ptr_array_new_with_free_func(point_free);
  for (guint i = 0; i < rows->len; i++) {
    const Cs3ValidationRow *row = rows->pdata[i];
    if (!is_rate(row) || strcmp(row->group, CS3_FIT_GROUP) != 0)
      continue;
    Point *point = point_new(session, row, error);
    if (point == NULL)
      return FALSE;
    g_ptr_array_add(points, point);
  }
  if (points->len <= N_CONSTANTS) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_MISSING,
                "throughput.csv: %u rows of group '%s', a fit needs %d", points->len, CS3_FIT_GROUP,
                N_CONSTANTS + 1);
    return FALSE;
  }
  Problem problem = {points, NULL};
  return correct(session, points, preset, error) && search(&problem, fit, error) &&
         correct(session, points, fit->value, error) && search(&problem, fit, error);
}

static json_t *point_json(Cs3ValidationSession *session, const Cs3ValidationRow *row,
                          const Fit *fit, GError **error) {
  json_t *point =
      cs3_json_pack("{s:s, s:s, s:s, s:s, s:f, s:b}", "id", row->id, "group", row->group,
                    "quantity", row->quantity, "source", row->source, "published", row->published,
                    "seen", strcmp(row->group, CS3_FIT_GROUP) == 0);
  for (int way = 0; way < N_WAYS; way++) {
    double value;
    if (!(way == FITTED ? predict_fitted(session, row, fit, &value, error)
                        : predict(session, row, (Way)way, NULL, &value, error))) {
      json_decref(point);
      return NULL;
    }
    g_autofree char *key = g_strconcat(way_names[way], "_error", NULL);
    json_object_set_new(point, way_names[way], json_real(value));
    json_object_set_new(point, key, json_real(value / row->published - 1));
  }
  return point;
}

gboolean cs3_validation_fit(Cs3ValidationSession *session, const GPtrArray *rows, json_t *suite,
                            GError **error) {
  Fit fit;
  if (!fit_constants(session, rows, &fit, error))
    return FALSE;
  json_t *parameters = json_array(), *points = json_array();
  for (int k = 0; k < N_CONSTANTS; k++)
    json_array_append_new(parameters, cs3_json_pack("{s:s, s:f, s:f, s:f, s:f}", "name", names[k],
                                                    "preset", preset[k], "value", fit.value[k],
                                                    "low", fit.low[k], "high", fit.high[k]));
  json_object_set_new(suite, "fit",
                      cs3_json_pack("{s:s, s:o, s:f, s:o}", "group", CS3_FIT_GROUP, "parameters",
                                    parameters, "rms", fit.rms, "points", points));
  for (guint i = 0; i < rows->len; i++) {
    if (!is_rate(rows->pdata[i]))
      continue;
    json_t *point = point_json(session, rows->pdata[i], &fit, error);
    if (point == NULL)
      return FALSE;
    json_array_append_new(points, point);
  }
  return TRUE;
}

static const Cs3Column parameter_columns[] = {
    {.key = "name", .title = "fitted", .type = CS3_COLUMN_TEXT},
    {.key = "preset", .title = "preset", .type = CS3_COLUMN_REAL, .decimals = 2},
    {.key = "value", .title = "fit", .type = CS3_COLUMN_REAL, .decimals = 3},
    {.key = "low", .title = "95 % from", .type = CS3_COLUMN_REAL, .decimals = 3},
    {.key = "high", .title = "to", .type = CS3_COLUMN_REAL, .decimals = 3},
};

#define ERROR_COLUMN(way, heading)                                                                 \
  { .key = way "_error", .title = heading, .type = CS3_COLUMN_REAL, .decimals = 1, .scale = 100 }

static const Cs3Column point_columns[] = {
    {.key = "quantity", .title = "error %", .type = CS3_COLUMN_TEXT},
    {.key = "source", .title = "source", .type = CS3_COLUMN_TEXT},
    {.key = "published", .title = "published", .type = CS3_COLUMN_REAL, .decimals = 2},
    ERROR_COLUMN("unfitted", "preset"),
    ERROR_COLUMN("fp16", "FP16 sums"),
    ERROR_COLUMN("silicon", "as measured"),
    ERROR_COLUMN("fitted", "fitted"),
    {.key = "fitted", .title = "fitted rate", .type = CS3_COLUMN_REAL, .decimals = 2},
    {.key = "seen", .title = "", .type = CS3_COLUMN_TEXT},
};

static void add_row(Cs3Table *table, const Cs3Column *columns, guint n, const json_t *entry) {
  for (guint c = 0; c < n; c++) {
    const json_t *value = json_object_get(entry, columns[c].key);
    if (json_is_boolean(value))
      cs3_table_add_text(table, json_is_true(value) ? "fitted to" : "not seen");
    else if (columns[c].type == CS3_COLUMN_TEXT)
      cs3_table_add_text(table, json_string_value(value));
    else
      cs3_table_add_real(table, json_number_value(value));
  }
}

static void write_list(const json_t *list, const Cs3Column *columns, guint n, Cs3Output *output) {
  g_autoptr(Cs3Table) table = cs3_table_new(columns, n);
  size_t i;
  json_t *entry;
  json_array_foreach((json_t *)list, i, entry) add_row(table, columns, n, entry);
  cs3_table_write(table, output, CS3_FORMAT_TEXT);
}

void cs3_validation_fit_text(const json_t *fit, Cs3Output *output) {
  cs3_output_printf(
      output,
      "Two unpublished constants fitted to '%s', on the machine as measured (root mean "
      "square of the errors %.1f %%); no preset has these values:\n\n",
      cs3_record_string(fit, "group"), 100 * cs3_record_number(fit, "rms"));
  write_list(json_object_get(fit, "parameters"), parameter_columns, G_N_ELEMENTS(parameter_columns),
             output);
  cs3_output_puts(output, "\n");
  write_list(json_object_get(fit, "points"), point_columns, G_N_ELEMENTS(point_columns), output);
  cs3_output_puts(output, "\n");
}
