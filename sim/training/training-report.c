/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The record of a training run: JSON, and text, CSV and trace made from it. */
#include "config.h"

#include <math.h>

#include "base/json.h"
#include "base/table.h"
#include "results/record.h"
#include "results/schema.h"
#include "sim/run/bands.h"
#include "sim/run/result.h"
#include "sim/step/step-trace.h"
#include "sim/training/training.h"

#define DAY_S 86400.0
#define HOUR_S 3600.0
#define KWH_J 3.6e6

static json_t *sum_json(const Cs3Training *t, const Cs3TrainingSum *sum) {
  const Cs3System *system = &t->scenario->machine->system;
  double hours = (double)t->systems * sum->wall_s / HOUR_S, kwh = sum->joules / KWH_J;
  return cs3_json_pack("{s:f, s:f, s:f, s:f, s:f, s:f}", "time_s", sum->wall_s, "days",
                       sum->wall_s / DAY_S, "system_hours", hours, "energy_kwh", kwh, "cost_usd",
                       hours * system->cost.system_hour + kwh * system->cost.kwh, "flops",
                       sum->flops);
}

static double cost_of(const Cs3Training *t, const Cs3TrainingSum *sum) {
  json_auto_t *object = sum_json(t, sum);
  double cost = json_number_value(json_object_get(object, "cost_usd"));
  return cost;
}

/* Dense over sparse. */
static json_t *saving_json(const Cs3Training *t, const Cs3TrainingSum *sum,
                           const Cs3TrainingSum *dense) {
  return cs3_json_pack("{s:f, s:f, s:f, s:f}", "time", dense->wall_s / sum->wall_s, "flops",
                       dense->flops / sum->flops, "energy", dense->joules / sum->joules, "cost",
                       cost_of(t, dense) / cost_of(t, sum));
}

static json_t *phase_json(const Cs3Training *t, const Cs3PhaseRun *p) {
  double tokens = (double)p->steps * (double)p->batch * (double)p->seq;
  json_t *object = cs3_json_pack("{s:s, s:f, s:I, s:I, s:I, s:f, s:s}", "name", p->phase->name,
                                 "tokens", tokens, "steps", (json_int_t)p->steps, "batch",
                                 (json_int_t)p->batch, "seq", (json_int_t)p->seq, "sparsity",
                                 p->sparsity, "mask", cs3_mask_schedule_names[p->phase->mask]);
  json_object_set_new(object, "mask_changes", json_integer(p->mask_changes));
  json_object_set_new(object, "mask_s", json_real(p->mask_s));
  json_object_set_new(object, "teacher_s", json_real(p->teacher_s));
  json_object_set_new(object, "step_s", json_real(p->step_s));
  json_object_set_new(object, "live_parameters", json_real(p->live_params));
  json_object_set_new(object, "checkpoints", json_integer(p->checkpoints));
  json_object_set_new(object, "checkpoint_s", json_real(p->checkpoint_s));
  json_object_set_new(object, "lost_s", json_real(p->lost_s));
  json_object_set_new(object, "lost_steps", json_integer(p->lost_steps));
  json_object_set_new(object, "sum", sum_json(t, &p->sum));
  json_object_set_new(object, "dense", sum_json(t, &p->dense));
  json_object_set_new(object, "saving", saving_json(t, &p->sum, &p->dense));
  return object;
}

/* Legs that only follow one another are one entry. */
static json_t *timeline_json(const Cs3Training *t) {
  json_t *array = json_array(), *last = NULL;
  double checkpoint_s = 0;
  for (guint i = 0; i < t->events->len; i++) {
    const Cs3Event *event = &g_array_index(t->events, Cs3Event, i);
    const Cs3PhaseRun *p = &g_array_index(t->phases, Cs3PhaseRun, event->phase);
    gboolean trains = event->kind == CS3_EVENT_TRAIN || event->kind == CS3_EVENT_CHECKPOINT;
    gboolean goes_on = trains && last != NULL &&
                       g_str_equal(cs3_record_string(last, "what"), "train") &&
                       g_str_equal(cs3_record_string(last, "phase"), p->phase->name);
    if (!goes_on) {
      last =
          cs3_json_pack("{s:s, s:s, s:f, s:f, s:I}", "what",
                        trains ? "train" : cs3_event_name(event->kind), "phase", p->phase->name,
                        "begin_s", event->begin_s, "end_s", event->end_s, "steps", (json_int_t)0);
      json_array_append_new(array, last);
      checkpoint_s = 0;
    }
    json_object_set_new(last, "end_s", json_real(event->end_s));
    json_object_set_new(
        last, "steps",
        json_integer(json_integer_value(json_object_get(last, "steps")) + event->steps));
    if (event->kind == CS3_EVENT_CHECKPOINT)
      checkpoint_s += event->end_s - event->begin_s;
    if (trains)
      json_object_set_new(last, "checkpoint_s", json_real(checkpoint_s));
  }
  return array;
}

static json_t *faults_json(const Cs3Training *t) {
  json_t *array = json_array();
  for (char **text = t->faults; text != NULL && *text != NULL; text++)
    json_array_append_new(array, json_string(*text));
  return array;
}

static json_t *total_json(const Cs3Training *t) {
  double lost_s = 0, tokens = 0;
  gint64 steps = 0, lost_steps = 0;
  for (guint i = 0; i < t->phases->len; i++) {
    const Cs3PhaseRun *p = &g_array_index(t->phases, Cs3PhaseRun, i);
    lost_s += p->lost_s;
    lost_steps += p->lost_steps;
    steps += p->steps;
    tokens += (double)p->steps * (double)p->batch * (double)p->seq;
  }
  return cs3_json_pack("{s:f, s:I, s:f, s:I, s:f, s:o, s:o, s:o}", "tokens", tokens, "steps",
                       (json_int_t)steps, "lost_s", lost_s, "lost_steps", (json_int_t)lost_steps,
                       "joules_per_token", t->sum.joules / tokens, "sum", sum_json(t, &t->sum),
                       "dense", sum_json(t, &t->dense), "saving",
                       saving_json(t, &t->sum, &t->dense));
}

/* The whole run on the machines of the posterior. */
static const struct {
  const char *key, *title;
} answers[] = {{"days", "days"},
               {"system_hours", "system-hours"},
               {"cost_usd", "cost [USD]"},
               {"saving", "saving of time"}};

/* At the nominal machine's mean power. */
static double answer_of(const Cs3Training *t, guint answer, double dense_s, double sparse_s) {
  Cs3TrainingSum sum = {.wall_s = sparse_s, .joules = t->sum.joules * sparse_s / t->sum.wall_s};
  const double values[] = {sparse_s / DAY_S, sparse_s / HOUR_S * (double)t->systems,
                           cost_of(t, &sum), dense_s / sparse_s};
  return values[answer];
}

static json_t *posterior_json(const Cs3Training *t) {
  guint n = t->samples->len;
  json_int_t infeasible = 0;
  g_autofree double *values = g_new(double, n);
  for (guint k = 0; k < n; k++)
    infeasible += isnan(g_array_index(t->samples, Cs3RunTimes, k).sparse_s) ? 1 : 0;
  json_t *object = cs3_json_pack("{s:s, s:I, s:I}", "file", cs3_posterior_name(t->posterior),
                                 "samples", (json_int_t)n, "infeasible", infeasible);
  for (guint i = 0; i < G_N_ELEMENTS(answers); i++) {
    for (guint k = 0; k < n; k++) {
      const Cs3RunTimes *times = &g_array_index(t->samples, Cs3RunTimes, k);
      values[k] = answer_of(t, i, times->dense_s, times->sparse_s);
    }
    json_object_set_new(object, answers[i].key,
                        cs3_band_json(answer_of(t, i, t->dense.wall_s, t->sum.wall_s), values, n));
  }
  return object;
}

json_t *cs3_training_json(const Cs3Training *t) {
  const Cs3Scenario *s = t->scenario;
  const Cs3System *system = &s->machine->system;
  json_t *phases = json_array();
  for (guint i = 0; i < t->phases->len; i++)
    json_array_append_new(phases, phase_json(t, &g_array_index(t->phases, Cs3PhaseRun, i)));
  json_t *record = cs3_json_pack(
      "{s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "schema", CS3_TRAINING_SCHEMA, "recipe",
      t->recipe->name, "description", t->recipe->description ? t->recipe->description : "", "model",
      s->model->name, "hardware", s->machine->name, "systems", (json_int_t)t->systems,
      "checkpoint_every", (json_int_t)t->checkpoint_every);
  json_object_set_new(record, "optimizer",
                      json_string(cs3_optimizer_name(system->memoryx.algorithm)));
  json_object_set_new(record, "faults", faults_json(t));
  json_object_set_new(record, "phases", phases);
  json_object_set_new(record, "total", total_json(t));
  json_object_set_new(record, "timeline", timeline_json(t));
  if (t->posterior != NULL)
    json_object_set_new(record, "posterior", posterior_json(t));
  json_object_set_new(record, "provenance",
                      cs3_json_pack("{s:s, s:i, s:I}", "version", PACKAGE_VERSION, "model_version",
                                    CS3_MODEL_VERSION, "seed", (json_int_t)s->config.seed));
  return record;
}

/* --- text and CSV ---------------------------------------------------------------------------- */

static const Cs3Column columns[] = {
    {.key = "phase", .title = "phase", .type = CS3_COLUMN_TEXT},
    {.key = "tokens", .title = "tokens [B]", .type = CS3_COLUMN_REAL, .decimals = 3, .scale = 1e-9},
    {.key = "sparsity", .title = "sparsity", .type = CS3_COLUMN_REAL, .decimals = 2},
    {.key = "mask", .title = "mask", .type = CS3_COLUMN_TEXT},
    {.key = "mask_changes", .title = "changes", .type = CS3_COLUMN_REAL},
    {.key = "batch", .title = "batch", .type = CS3_COLUMN_REAL},
    {.key = "seq", .title = "seq", .type = CS3_COLUMN_REAL},
    {.key = "steps", .title = "steps", .type = CS3_COLUMN_INT},
    {.key = "step_s", .title = "step [s]", .type = CS3_COLUMN_REAL, .decimals = 3},
    {.key = "days", .title = "days", .type = CS3_COLUMN_REAL, .decimals = 3},
    {.key = "system_hours", .title = "system-h", .type = CS3_COLUMN_REAL, .decimals = 2},
    {.key = "energy_kwh", .title = "kWh", .type = CS3_COLUMN_REAL, .decimals = 1},
    {.key = "cost_usd", .title = "$", .type = CS3_COLUMN_REAL},
    {.key = "flops", .title = "EFLOP", .type = CS3_COLUMN_REAL, .decimals = 2, .scale = 1e-18},
    {.key = "saving_time", .title = "saving: time", .type = CS3_COLUMN_REAL, .decimals = 2},
    {.key = "saving_flops", .title = "FLOP", .type = CS3_COLUMN_REAL, .decimals = 2},
    {.key = "saving_energy", .type = CS3_COLUMN_REAL},
    {.key = "saving_cost", .type = CS3_COLUMN_REAL},
    {.key = "lost_s", .type = CS3_COLUMN_REAL},
};

static const json_t *member(const json_t *object, const char *key) {
  return json_object_get(object, key);
}

/* @of: "sum" or "dense", whose times are shown. */
static void add_row(Cs3Table *table, const char *name, const json_t *row, const char *of) {
  gboolean phase = member(row, "name") != NULL;
  const json_t *sum = member(row, of), *saving = member(row, "saving");
  gboolean dense = g_str_equal(of, "dense");
  cs3_table_add_text(table, name);
  cs3_table_add_real(table, cs3_record_number(row, "tokens"));
  cs3_table_add_real(table, dense ? 0 : cs3_record_number(row, "sparsity"));
  cs3_table_add_text(table, cs3_record_string(row, "mask"));
  static const char *const keys[] = {"mask_changes", "batch", "seq"};
  for (guint i = 0; i < G_N_ELEMENTS(keys); i++)
    cs3_table_add_real(table, phase ? cs3_record_number(row, keys[i]) : NAN);
  cs3_table_add_int(table, (gint64)cs3_record_number(row, "steps"));
  cs3_table_add_real(table,
                     phase ? cs3_record_number(row, "step_s")
                           : cs3_record_number(sum, "time_s") / cs3_record_number(row, "steps"));
  static const char *const sums[] = {"days", "system_hours", "energy_kwh", "cost_usd", "flops"};
  for (guint i = 0; i < G_N_ELEMENTS(sums); i++)
    cs3_table_add_real(table, cs3_record_number(sum, sums[i]));
  static const char *const savings[] = {"time", "flops", "energy", "cost"};
  for (guint i = 0; i < G_N_ELEMENTS(savings); i++)
    cs3_table_add_real(table, dense ? 1 : cs3_record_number(saving, savings[i]));
  cs3_table_add_real(table, dense ? 0 : cs3_record_number(row, "lost_s"));
}

static Cs3Table *phase_table(const json_t *record, gboolean totals) {
  Cs3Table *table = cs3_table_new(columns, G_N_ELEMENTS(columns));
  size_t i;
  json_t *phase;
  json_array_foreach(member(record, "phases"), i, phase)
      add_row(table, cs3_record_string(phase, "name"), phase, "sum");
  if (totals) {
    add_row(table, "total", member(record, "total"), "sum");
    add_row(table, "dense instead", member(record, "total"), "dense");
  }
  return table;
}

static const Cs3Column event_columns[] = {
    {.key = "begin", .title = "begin [h]", .type = CS3_COLUMN_REAL, .decimals = 3},
    {.key = "end", .title = "end [h]", .type = CS3_COLUMN_REAL, .decimals = 3},
    {.key = "what", .title = "what", .type = CS3_COLUMN_TEXT},
    {.key = "phase", .title = "phase", .type = CS3_COLUMN_TEXT},
    {.key = "steps", .title = "steps", .type = CS3_COLUMN_INT},
};

static void write_timeline(const json_t *record, Cs3Output *output) {
  g_autoptr(Cs3Table) table = cs3_table_new(event_columns, G_N_ELEMENTS(event_columns));
  size_t i;
  json_t *event;
  json_array_foreach(member(record, "timeline"), i, event) {
    cs3_table_add_real(table, cs3_record_number(event, "begin_s") / HOUR_S);
    cs3_table_add_real(table, cs3_record_number(event, "end_s") / HOUR_S);
    cs3_table_add_text(table, cs3_record_string(event, "what"));
    cs3_table_add_text(table, cs3_record_string(event, "phase"));
    cs3_table_add_int(table, (gint64)cs3_record_number(event, "steps"));
  }
  cs3_output_puts(output, "\nTimeline\n");
  cs3_table_write(table, output, CS3_FORMAT_TEXT);
}

static void write_checkpoints(const json_t *record, Cs3Output *output) {
  double n = 0, time_s = 0;
  size_t i;
  json_t *phase;
  json_array_foreach(member(record, "phases"), i, phase) {
    double count = cs3_record_number(phase, "checkpoints");
    n += count;
    time_s += count * cs3_record_number(phase, "checkpoint_s");
  }
  cs3_output_printf(output, "checkpoints      %.0f, every %.0f steps; %.4g s in all\n", n,
                    cs3_record_number(record, "checkpoint_every"), time_s);
}

static const Cs3Column band_columns[] = {
    {.key = "answer", .title = "over the machines", .type = CS3_COLUMN_TEXT},
    {.key = "nominal", .title = "nominal", .type = CS3_COLUMN_TEXT},
    {.key = "p10", .title = "10 %", .type = CS3_COLUMN_TEXT},
    {.key = "median", .title = "median", .type = CS3_COLUMN_TEXT},
    {.key = "p90", .title = "90 %", .type = CS3_COLUMN_TEXT},
};

static void write_posterior(const json_t *posterior, Cs3Output *output) {
  g_autoptr(Cs3Table) table = cs3_table_new(band_columns, G_N_ELEMENTS(band_columns));
  double infeasible = cs3_record_number(posterior, "infeasible");
  cs3_output_printf(output, "\nWhat measured rates allow: %.0f machines of the posterior %s",
                    cs3_record_number(posterior, "samples"), cs3_record_string(posterior, "file"));
  if (infeasible > 0)
    cs3_output_printf(output, "; %.0f cannot run it and are left out", infeasible);
  cs3_output_puts(output, "\n");
  for (guint i = 0; i < G_N_ELEMENTS(answers); i++) {
    const json_t *band = member(posterior, answers[i].key);
    cs3_table_add_text(table, answers[i].title);
    for (guint c = 1; c < G_N_ELEMENTS(band_columns); c++) {
      g_autofree char *text = g_strdup_printf("%.4g", cs3_record_number(band, band_columns[c].key));
      cs3_table_add_text(table, text);
    }
  }
  cs3_table_write(table, output, CS3_FORMAT_TEXT);
}

void cs3_training_text(const json_t *r, Cs3Output *output) {
  double systems = cs3_record_number(r, "systems");
  const char *description = cs3_record_string(r, "description");
  cs3_output_printf(output, "%s%s%s\n%s on %s (%.0f system%s), %.4g B tokens\n\n",
                    cs3_record_string(r, "recipe"), *description ? ": " : "", description,
                    cs3_record_string(r, "model"), cs3_record_string(r, "hardware"), systems,
                    systems == 1 ? "" : "s", cs3_record_number(r, "total.tokens") / 1e9);
  g_autoptr(Cs3Table) table = phase_table(r, TRUE);
  cs3_table_write(table, output, CS3_FORMAT_TEXT);
  cs3_output_printf(
      output,
      "\nsaving           %.2fx time, %.2fx FLOP, %.2fx energy, %.2fx cost against "
      "dense\nenergy           %.4g J a token\n",
      cs3_record_number(r, "total.saving.time"), cs3_record_number(r, "total.saving.flops"),
      cs3_record_number(r, "total.saving.energy"), cs3_record_number(r, "total.saving.cost"),
      cs3_record_number(r, "total.joules_per_token"));
  cs3_output_puts(output, "band             " CS3_RESULT_BAND "\n");
  write_checkpoints(r, output);
  if (cs3_record_number(r, "total.lost_s") > 0)
    cs3_output_printf(output, "lost             %.4g h: %.0f steps, detection, restart\n",
                      cs3_record_number(r, "total.lost_s") / HOUR_S,
                      cs3_record_number(r, "total.lost_steps"));
  if (cs3_record_number(r, "total.lost_s") > 0)
    write_timeline(r, output);
  if (member(r, "posterior") != NULL)
    write_posterior(member(r, "posterior"), output);
}

void cs3_training_csv(const json_t *record, Cs3Output *output) {
  g_autoptr(Cs3Table) table = phase_table(record, FALSE);
  cs3_table_write(table, output, CS3_FORMAT_CSV);
}

/* A lane for each phase. */
json_t *cs3_training_events(const Cs3Training *t) {
  json_t *events = json_array();
  cs3_trace_name(events, 0, "training run");
  for (guint i = 0; i < t->phases->len; i++)
    cs3_trace_name(events, (int)i + 1, g_array_index(t->phases, Cs3PhaseRun, i).phase->name);
  for (guint i = 0; i < t->events->len; i++) {
    const Cs3Event *event = &g_array_index(t->events, Cs3Event, i);
    const Cs3PhaseRun *p = &g_array_index(t->phases, Cs3PhaseRun, event->phase);
    json_array_append_new(
        events, cs3_json_pack("{s:s, s:s, s:s, s:i, s:i, s:f, s:f, s:{s:s, s:I}}", "name",
                              cs3_event_name(event->kind), "cat", cs3_event_name(event->kind), "ph",
                              "X", "pid", 1, "tid", (int)event->phase + 1, "ts",
                              1e6 * event->begin_s, "dur", 1e6 * (event->end_s - event->begin_s),
                              "args", "phase", p->phase->name, "steps", (json_int_t)event->steps));
  }
  return cs3_json_pack("{s:s, s:o}", "displayTimeUnit", "ms", "traceEvents", events);
}
