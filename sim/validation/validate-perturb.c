/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which constants of a machine the published values pin down. */
#include "config.h"

#include "sim/validation/validate-perturb.h"

#include <math.h>
#include <string.h>

#include "base/config-error.h"
#include "base/json.h"
#include "base/table.h"
#include "results/record.h"
#include "sim/run/posterior.h"
#include "sim/run/result.h"
#include "sim/validation/validate-measure.h"
#include "workloads/parallel.h"

/* Fabric runs of more words are left out: the constants show in short ones. So are layers that must
 * only stay below a limit. */
enum { MAX_WORDS = 2 };
#define SHARE 0.2

/* A row to repeat. */
typedef struct {
  const Cs3ValidationSuite *suite;
  const Cs3ValidationRow *row;
} Probe;

typedef struct {
  const Cs3Machine *machine;
  GArray *probes;    /* of Probe, the cheap ones first */
  GPtrArray *params; /* of const Cs3Param */
  json_t **found;    /* by parameter */
  gint done;         /* atomic */
  Cs3ValidationProgress progress;
  gpointer data;
} Study;

static gboolean is_short(const char *arguments) {
  for (const char *at = arguments; (at = strstr(at, "--words ")) != NULL; at++)
    if (g_ascii_strtoll(at + strlen("--words "), NULL, 10) > MAX_WORDS)
      return FALSE;
  return strstr(arguments, "halo") == NULL;
}

static void collect(const Cs3ValidationSuite *suite, const GPtrArray *rows, const char *machine,
                    GArray *probes) {
  for (guint i = 0; i < rows->len; i++) {
    Probe probe = {suite, rows->pdata[i]};
    Cs3Check check = probe.row->check;
    if (check == CS3_CHECK_REPORT || check == CS3_CHECK_REJECTED ||
        !cs3_validation_names(probe.row->arguments, machine) ||
        strcmp(probe.row->method, "run") == 0 || /* forks, which threads must not */
        (suite == &cs3_suite_sparse && check == CS3_CHECK_AT_MOST) ||
        (suite == &cs3_suite_fabric && !is_short(probe.row->arguments)))
      continue;
    g_array_append_val(probes, probe);
  }
}

static const Cs3ValidationMethod *method_of(const Probe *probe) {
  const Cs3ValidationMethod *method = probe->suite->methods;
  while (strcmp(method->name, probe->row->method) != 0)
    method++;
  return method;
}

/* Whether @row misses its tolerance when every run in it has @setting. A machine that is refused
 * (more data memory than SRAM, say) contradicts itself, not a measurement. */
static gboolean misses(Cs3ValidationSession *session, const Probe *probe, const char *machine,
                       const char *setting) {
  g_autofree char *changed = g_strdup_printf("--hardware %s --set '%s'", machine, setting);
  g_autofree char *arguments = cs3_validation_replace(probe->row->arguments, machine, changed);
  Cs3ValidationRow row = *probe->row;
  double value;
  row.arguments = arguments;
  if (!method_of(probe)->measure(session, &row, &value, NULL))
    return FALSE;
  return cs3_validation_verdict(&row, value * row.scale) == CS3_VERDICT_MISSED;
}

static double changed_value(const Cs3Param *param, double value, int direction) {
  double step = fabs(value) * SHARE;
  if (param->type == CS3_PARAM_INT)
    step = MAX(1, round(step));
  else if (step == 0)
    step = SHARE;
  return value + direction * step;
}

static const char *first_miss(Cs3ValidationSession *session, const Study *s, const Cs3Param *param,
                              double value, int direction) {
  g_autofree char *name = cs3_param_name(param);
  double changed = changed_value(param, value, direction);
  if (changed < param->min || changed > param->max)
    return NULL;
  g_autofree char *text = cs3_param_format(param, changed);
  g_autofree char *setting = g_strdup_printf("%s=%s", name, text);
  for (guint i = 0; i < s->probes->len; i++) {
    const Probe *probe = &g_array_index(s->probes, Probe, i);
    if (misses(session, probe, s->machine->name, setting))
      return probe->row->id;
  }
  return NULL;
}

static void study_params(gint64 begin, gint64 end, guint worker, gpointer data) {
  Study *s = data;
  for (gint64 k = begin; k < end; k++) {
    const Cs3Param *param = s->params->pdata[k];
    double value = cs3_machine_get(s->machine, param);
    g_autofree char *name = cs3_param_name(param);
    g_autofree char *text = cs3_param_format(param, value);
    g_autoptr(Cs3ValidationSession) session = cs3_validation_session_new(1);
    const char *up = first_miss(session, s, param, value, 1);
    const char *down = up == NULL ? first_miss(session, s, param, value, -1) : NULL;
    s->found[k] = cs3_json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", name, "value", text,
                                "evidence", cs3_evidence_name(param->evidence), "row",
                                up != NULL     ? up
                                : down != NULL ? down
                                               : "",
                                "change",
                                up != NULL     ? "up"
                                : down != NULL ? "down"
                                               : "");
    guint done = (guint)g_atomic_int_add(&s->done, 1) + 1;
    if (worker == 0)
      s->progress(done, s->data);
  }
}

static GPtrArray *numeric_params(void) {
  GPtrArray *params = g_ptr_array_new();
  Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1];
  cs3_machine_bind(NULL, bindings);
  for (const Cs3ParamBinding *b = bindings; b->table != NULL; b++)
    for (guint i = 0; i < b->table->n_params; i++)
      if (b->table->params[i].type != CS3_PARAM_ENUM)
        g_ptr_array_add(params, (gpointer)&b->table->params[i]);
  return params;
}

guint cs3_validation_perturb_count(void) {
  g_autoptr(GPtrArray) params = numeric_params();
  return params->len;
}

/* Standard deviation over that of the prior from which on measured rates say something of a
 * constant. */
#define NARROWED 0.8

/* Constants that no row of a suite notices but that measured rates narrow (cs3sim calibrate). */
static gboolean add_posterior(json_t *constants, GError **error) {
  g_autofree char *path = cs3_posterior_path(CS3_DEFAULT_POSTERIOR, error);
  json_auto_t *documents = json_array();
  if (path == NULL || !cs3_records_load(path, documents, error))
    return FALSE;
  size_t i, k;
  json_t *one, *known;
  json_array_foreach(constants, i, one) {
    json_array_foreach(json_object_get(json_array_get(documents, 0), "constants"), k, known) {
      double width = cs3_record_number(known, "width");
      if (cs3_record_string(one, "row")[0] != '\0' || !(width < NARROWED) ||
          strcmp(cs3_record_string(one, "name"), cs3_record_string(known, "name")) != 0)
        continue;
      g_autofree char *text = g_strdup_printf("training rates: width %.2f", width);
      json_object_set_new(one, "row", json_string(text));
      json_object_set_new(one, "change", json_string("posterior"));
    }
  }
  return TRUE;
}

json_t *cs3_validation_perturb(const Cs3Machine *machine, guint workers,
                               Cs3ValidationProgress progress, gpointer data, GError **error) {
  static const Cs3ValidationSuite *const suites[] = {&cs3_suite_pe, &cs3_suite_fabric,
                                                     &cs3_suite_sparse};
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
  g_autoptr(GArray) probes = g_array_new(FALSE, FALSE, sizeof(Probe));
  for (guint i = 0; i < G_N_ELEMENTS(suites); i++) {
    GPtrArray *rows = cs3_validation_load(suites[i], error);
    if (rows == NULL)
      return NULL;
    g_ptr_array_add(all, rows);
    collect(suites[i], rows, machine->name, probes);
  }
  if (probes->len == 0) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN,
                "--perturb: no row of a validation is about '%s'; there are some for cs2 and cs3",
                machine->name);
    return NULL;
  }
  g_autoptr(GPtrArray) params = numeric_params();
  g_autofree json_t **found = g_new0(json_t *, params->len);
  Study study = {.machine = machine,
                 .probes = probes,
                 .params = params,
                 .found = found,
                 .progress = progress,
                 .data = data};
  cs3_parallel_for(params->len, 1, workers, study_params, &study);
  json_t *array = json_array();
  for (guint k = 0; k < params->len; k++)
    json_array_append_new(array, found[k]);
  if (add_posterior(array, error))
    return array;
  json_decref(array);
  return NULL;
}

static const Cs3Column columns[] = {
    {.key = "name", .title = "constant", .type = CS3_COLUMN_TEXT},
    {.key = "value", .title = "value", .type = CS3_COLUMN_TEXT},
    {.key = "evidence", .title = "evidence", .type = CS3_COLUMN_TEXT},
    {.key = "change", .title = "20 %", .type = CS3_COLUMN_TEXT},
    {.key = "row", .title = "first row that fails", .type = CS3_COLUMN_TEXT},
};

void cs3_validation_perturb_write(const json_t *constants, Cs3Output *output, Cs3Format format) {
  g_autoptr(Cs3Table) table = cs3_table_new(columns, G_N_ELEMENTS(columns));
  g_autoptr(GString) open = g_string_new(NULL);
  guint n_open = 0;
  size_t i;
  json_t *one;
  json_array_foreach((json_t *)constants, i, one) {
    gboolean constrained = cs3_record_string(one, "row")[0] != '\0';
    if (!constrained && format == CS3_FORMAT_TEXT) {
      g_string_append_printf(open, "%s%s", n_open++ > 0 ? ", " : "",
                             cs3_record_string(one, "name"));
      continue;
    }
    for (guint c = 0; c < G_N_ELEMENTS(columns); c++)
      cs3_table_add_text(table, cs3_record_string(one, columns[c].key));
  }
  cs3_table_write(table, output, format);
  if (format == CS3_FORMAT_TEXT)
    cs3_output_printf(output, "\nnot constrained by public data (%u): %s\n", n_open, open->str);
}
