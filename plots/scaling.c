/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Speed-up over the number of systems: which share of linear is reached, and what takes the rest.
 */
#include "config.h"

#include <math.h>

#include "plots/canvas.h"
#include "plots/plots.h"
#include "results/record.h"

enum { CAUSES_OF_A_BAND = 4, MOST_LABELS = 14 };

/* Causes that a reader would act on together; from the share of linear upwards. */
typedef struct {
  const char *column, *title, *rgb;
  const char *causes[CAUSES_OF_A_BAND + 1];
} Band;

static const Band bands[] = {
    {"ingress", "ingress", "#E69F00", {"ingress"}},
    {"egress", "egress", "#F0E442", {"egress"}},
    {"boundary", "boundary of steps", "#D55E00", {"boundary"}},
    {"stream_wait", "MemoryX, SwarmX", "#CC79A7", {"stream_wait"}},
    {"faults", "slow systems, links", "#000000", {"faults"}},
    {"pe_losses",
     "PE losses, reduction",
     "#56B4E9",
     {"imbalance", "overhead", "mapping", "reduction"}},
    {"plan", "padding, recompute", "#009E73", {"padding", "recompute"}},
    {"rest", "fill, other", "#999999", {NULL}}, /* and whatever else there is */
};

static double number(const json_t *series, gsize i, const char *path) {
  return cs3_record_number(json_array_get(series, i), path);
}

static const char *text(const json_t *series, gsize i, const char *path) {
  return cs3_record_string(json_array_get(series, i), path);
}

static double cycles_of(const json_t *record, const Band *band) {
  double cycles = 0;
  const json_t *causes = json_object_get(json_object_get(record, "step"), "causes");
  for (const char *const *cause = band->causes; *cause != NULL; cause++)
    cycles += json_number_value(json_object_get(causes, *cause));
  return cycles;
}

/* One number of systems. Shares are of its step: linear + losses - gains = 1. */
typedef struct {
  double systems, speedup, linear; /* speed-up, and what it would be if linear */
  double share;                    /* of linear */
  double losses[G_N_ELEMENTS(bands)];
  double lost, gained;
} Point;

/* With r as much work a system as in the first run, its step would take r times as long. */
static Point measure(const json_t *series, gsize i) {
  const json_t *record = json_array_get(series, i), *first = json_array_get(series, 0);
  double systems = cs3_record_number(record, "cluster.systems");
  double work = cs3_record_number(record, "cluster.batch_per_system") /
                cs3_record_number(first, "cluster.batch_per_system");
  double cycles = cs3_record_number(record, "step.cycles");
  double rest = cycles, first_rest = cs3_record_number(first, "step.cycles");
  Point p = {.systems = systems, .linear = systems / cs3_record_number(first, "cluster.systems")};
  p.share = work * first_rest / cycles;
  p.speedup = p.share * p.linear;
  for (guint k = 0; k < G_N_ELEMENTS(bands); k++) {
    gboolean last = k + 1 == G_N_ELEMENTS(bands);
    double own = last ? rest : cycles_of(record, &bands[k]);
    double base = last ? first_rest : cycles_of(first, &bands[k]);
    p.losses[k] = (own - work * base) / cycles;
    p.lost += MAX(p.losses[k], 0);
    p.gained += MAX(-p.losses[k], 0);
    rest -= own;
    first_rest -= base;
  }
  return p;
}

/* --- the records ----------------------------------------------------------------------------- */

static gint by_systems(gconstpointer a, gconstpointer b) {
  double x = cs3_record_number(*(json_t *const *)a, "cluster.systems");
  double y = cs3_record_number(*(json_t *const *)b, "cluster.systems");
  return (x > y) - (x < y);
}

static gboolean check_record(const json_t *record, GError **error) {
  static const char *const numbers[] = {"cluster.systems",
                                        "cluster.batch_per_system",
                                        "step.cycles",
                                        "step.time_s",
                                        "sparsity",
                                        "seq",
                                        "hardware.clock_hz",
                                        "provenance.model_version",
                                        NULL};
  static const char *const texts[] = {"model.name", "hardware.name", "provenance.version", NULL};
  if (!cs3_record_require(record, numbers, texts, error))
    return FALSE;
  for (guint k = 0; k < 4; k++)
    if (cs3_record_number(record, numbers[k]) <= 0) {
      g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
                  "%s is %.4g, which is not positive", numbers[k],
                  cs3_record_number(record, numbers[k]));
      return FALSE;
    }
  return TRUE;
}

static gboolean check_alike(const json_t *first, const json_t *record, GError **error) {
  static const char *const common[] = {"model", "hardware", "sparsity", "pattern", "seq"};
  for (guint k = 0; k < G_N_ELEMENTS(common); k++)
    if (!json_equal(json_object_get(first, common[k]), json_object_get(record, common[k]))) {
      g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
                  "the plot needs runs that differ in systems and batch only; those of %.0f and "
                  "%.0f systems differ in %s",
                  cs3_record_number(first, "cluster.systems"),
                  cs3_record_number(record, "cluster.systems"), common[k]);
      return FALSE;
    }
  return TRUE;
}

static gboolean check(const json_t *records, GError **error) {
  gsize n = json_array_size(records);
  if (n < 2) {
    g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
                "the plot needs runs on two numbers of systems or more, not %" G_GSIZE_FORMAT, n);
    return FALSE;
  }
  for (gsize i = 0; i < n; i++)
    if (!check_record(json_array_get(records, i), error) ||
        !check_alike(json_array_get(records, 0), json_array_get(records, i), error)) {
      g_prefix_error(error, "record %" G_GSIZE_FORMAT ": ", i + 1);
      return FALSE;
    }
  return TRUE;
}

static json_t *prepare(const json_t *records, GError **error) {
  if (!check(records, error))
    return NULL;
  g_autoptr(GPtrArray) order = g_ptr_array_new();
  for (gsize i = 0; i < json_array_size(records); i++)
    g_ptr_array_add(order, json_array_get(records, i));
  g_ptr_array_sort(order, by_systems);
  json_t *series = json_array();
  for (guint i = 0; i < order->len; i++)
    json_array_append(series, order->pdata[i]);
  for (gsize i = 1; i < json_array_size(series); i++)
    if (number(series, i, "cluster.systems") == number(series, i - 1, "cluster.systems")) {
      g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA, "two runs have %.0f systems",
                  number(series, i, "cluster.systems"));
      json_decref(series);
      return NULL;
    }
  return series;
}

/* --- words ----------------------------------------------------------------------------------- */

static char *title_of(const json_t *series) {
  return g_strdup_printf("Scaling over systems: %s on %s, %.4g %% sparsity",
                         text(series, 0, "model.name"), text(series, 0, "hardware.name"),
                         100 * number(series, 0, "sparsity"));
}

static char *work_of(const json_t *series) {
  gsize last = json_array_size(series) - 1;
  double batch = number(series, 0, "batch"), seq = number(series, 0, "seq");
  if (number(series, last, "batch") == batch)
    return g_strdup_printf("strong scaling: %.0f sequences of %.0f tokens a step, shared by all "
                           "systems",
                           batch, seq);
  return g_strdup_printf("weak scaling: %.4g sequences of %.0f tokens a step for every system",
                         number(series, 0, "cluster.batch_per_system"), seq);
}

static char *caption_of(const json_t *series) {
  Point last = measure(series, json_array_size(series) - 1);
  return g_strdup_printf(
      "The blue part of a step is what linear speed-up over the first bar leaves of it; the rest "
      "is lost to the causes above it%s. Numbers above: speed-up, %.4g of %.4g at %.0f systems.\n"
      "Source: simulated by cs3sim %s (model version %.0f), SwarmX of %.0f tiers, clock %.4g GHz.",
      last.gained > 0.002 ? "; below zero: causes that take less than in the first bar" : "",
      last.speedup, last.linear, last.systems, text(series, 0, "provenance.version"),
      number(series, 0, "provenance.model_version"),
      number(series, json_array_size(series) - 1, "cluster.tiers"),
      number(series, 0, "hardware.clock_hz") / 1e9);
}

/* --- data and script ------------------------------------------------------------------------- */

static void append_number(GString *data, double value) {
  cs3_canvas_number(data, value);
  g_string_append_c(data, ' ');
}

/* Columns: place, gains, share, losses from the share upwards, then what is printed. */
static void write_data(const json_t *series, GString *data) {
  g_autofree char *title = title_of(series), *work = work_of(series);
  g_string_append_printf(data, "# %s\n# %s\n# shares of the step in percent\n", title, work);
  g_string_append(data, "place gained linear_share");
  for (guint k = 0; k < G_N_ELEMENTS(bands); k++)
    g_string_append_printf(data, " %s", bands[k].column);
  g_string_append(data, " systems batch step_s speedup linear\n");
  for (gsize i = 0; i < json_array_size(series); i++) {
    Point p = measure(series, i);
    append_number(data, (double)i);
    append_number(data, p.gained > 0 ? -100 * p.gained : 0);
    append_number(data, 100 * p.share);
    for (guint k = 0; k < G_N_ELEMENTS(bands); k++)
      append_number(data, 100 * MAX(p.losses[k], 0));
    append_number(data, p.systems);
    append_number(data, number(series, i, "batch"));
    append_number(data, number(series, i, "step.time_s"));
    append_number(data, p.speedup);
    cs3_canvas_number(data, p.linear);
    g_string_append_c(data, '\n');
  }
}

static void write_tics(const json_t *series, GString *script) {
  gsize n = json_array_size(series), every = (n + MOST_LABELS - 1) / MOST_LABELS;
  g_string_append(script, "set xtics (");
  for (gsize i = 0; i < n; i += every)
    g_string_append_printf(script, "%s'%.0f' %" G_GSIZE_FORMAT, i > 0 ? ", " : "",
                           number(series, i, "cluster.systems"), i);
  g_string_append_printf(script, ")\nset xrange [-0.7:%.1f]\n", (double)n - 0.3);
}

static void write_bar(const Cs3PlotTarget *target, const char *height, const char *rgb,
                      const char *title, GString *script) {
  cs3_canvas_file(script, target->data_name);
  g_string_append_printf(script,
                         " using 'place':(%s) with boxes fillstyle solid 1 border linecolor rgb "
                         "'#ffffff' linewidth 0.6 fillcolor rgb '%s' title '%s', \\\n  ",
                         height, rgb, title);
}

/* From the highest band down: each box hides all of the one before but the top. */
static void write_stack(const gboolean *seen, const Cs3PlotTarget *target, gboolean gains,
                        GString *script) {
  for (guint k = G_N_ELEMENTS(bands); k-- > 0;) {
    if (!seen[k])
      continue;
    g_autofree char *height = g_strdup_printf("sum [c=3:%u] column(c)", k + 4);
    write_bar(target, height, bands[k].rgb, bands[k].title, script);
  }
  write_bar(target, "column(3)", cs3_color_rgb(CS3_COLOR_BLUE), "linear speed-up", script);
  if (gains)
    write_bar(target, "column(2)", "#DDDDDD", "less than in the first", script);
}

static void write_letters(const gboolean *seen, const Cs3PlotTarget *target, GString *script) {
  for (guint k = 0; k < G_N_ELEMENTS(bands); k++) {
    if (!seen[k])
      continue;
    cs3_canvas_file(script, target->data_name);
    g_string_append_printf(script,
                           " using 'place':'%s' with points pointtype '%c' title '%s', \\\n  ",
                           bands[k].column, 'a' + (int)k, bands[k].title);
  }
}

static void write_script(const json_t *series, const Cs3PlotTarget *target, GString *script) {
  gboolean seen[G_N_ELEMENTS(bands)] = {FALSE};
  double gained = 0;
  for (gsize i = 0; i < json_array_size(series); i++) {
    Point p = measure(series, i);
    for (guint k = 0; k < G_N_ELEMENTS(bands); k++)
      seen[k] |= p.losses[k] > 1e-4;
    gained = MAX(gained, p.gained);
  }
  gboolean drawn = target->format != CS3_PLOT_TEXT;
  g_autofree char *title = title_of(series), *work = work_of(series);
  g_autofree char *caption = caption_of(series);
  cs3_canvas_begin(script, target,
                   &(Cs3CanvasWords){.title = title,
                                     .subtitle = work,
                                     .caption = caption,
                                     .x = "systems",
                                     .y = "share of the step [%]",
                                     .legend_rows = 5,
                                     .legend_columns = 2,
                                     .legend_beside = TRUE});
  write_tics(series, script);
  g_string_append_printf(script, "set yrange [%.4g:%.4g]\nset boxwidth 0.8\n",
                         gained > 0.002 ? -110 * gained : 0.0, 100 * (1 + gained) + 9);
  g_string_append(script, "plot ");
  if (drawn)
    write_stack(seen, target, gained > 0.002, script);
  else
    write_letters(seen, target, script);
  cs3_canvas_file(script, target->data_name);
  if (!drawn) {
    g_string_append(script, " using 'place':'linear_share' with points pointtype 'O' title 'linear "
                            "speed-up'\n");
    return;
  }
  gsize every = (json_array_size(series) + MOST_LABELS - 1) / MOST_LABELS;
  g_string_append_printf(script,
                         " every %" G_GSIZE_FORMAT
                         " using 'place':(%.4g):(sprintf('%%.3g', column('speedup'))) with labels "
                         "notitle\n",
                         every, 100 * (1 + gained) + 4.5);
}

const Cs3Plot cs3_plot_scaling = {
    .name = "scaling",
    .summary = "speed-up over the number of systems against linear, and what takes the rest",
    .needs = CS3_PLOT_NEEDS_SYSTEMS,
    .prepare = prepare,
    .write_data = write_data,
    .write_script = write_script,
};
