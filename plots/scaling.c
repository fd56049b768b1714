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
  Cs3Words column;
  const char *title, *rgb;
  const char *causes[CAUSES_OF_A_BAND + 1];
} Band;

static const Band bands[] = {
    {CS3_WORDS("ingress"), "ingress", "#E69F00", {"ingress"}},
    {CS3_WORDS("egress"), "egress", "#F0E442", {"egress"}},
    {CS3_WORDS("boundary"), "boundary of steps", "#D55E00", {"boundary", "edge"}},
    {CS3_WORDS("stream_wait"), "MemoryX, SwarmX", "#CC79A7", {"stream_wait"}},
    {CS3_WORDS("faults"), "slow systems, links", "#000000", {"faults"}},
    {CS3_WORDS("pe_losses"),
     "PE losses, reduction",
     "#56B4E9",
     {"imbalance", "overhead", "mapping", "reduction"}},
    {CS3_WORDS("plan"), "padding, recompute", "#009E73", {"padding", "recompute"}},
    {CS3_WORDS("rest"), "fill, other", "#999999", {NULL}}, /* and whatever else there is */
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

/* One number of systems. Shares are of its step: linear + losses = 1, unless it is above linear. */
typedef struct {
  double systems, speedup, linear; /* speed-up, and what it would be if linear */
  double share;                    /* of linear */
  double losses[G_N_ELEMENTS(bands)];
  double gained; /* by causes that take less than in the first run; set off against the losses */
} Point;

/* Of @p's losses, as they are, what is left when the gains are shared out among them. */
static void set_off(Point *p) {
  double lost = 0;
  for (guint k = 0; k < G_N_ELEMENTS(bands); k++) {
    lost += MAX(p->losses[k], 0);
    p->gained += MAX(-p->losses[k], 0);
  }
  double left = lost > 0 ? MAX(0, 1 - p->gained / lost) : 0;
  for (guint k = 0; k < G_N_ELEMENTS(bands); k++)
    p->losses[k] = left * MAX(p->losses[k], 0);
}

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
    rest -= own;
    first_rest -= base;
  }
  set_off(&p);
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
  return cs3_record_require(record, numbers, texts, error);
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
      last.gained > 0.002 ? ", less what other causes take less than in the first bar" : "",
      last.speedup, last.linear, last.systems, text(series, 0, "provenance.version"),
      number(series, 0, "provenance.model_version"),
      number(series, json_array_size(series) - 1, "cluster.tiers"),
      number(series, 0, "hardware.clock_hz") / 1e9);
}

/* --- data and script ------------------------------------------------------------------------- */

/* Columns: place, share, losses from the share upwards, then what is printed. */
static void write_data(const json_t *series, Cs3Script *data) {
  g_autofree char *title = title_of(series), *work = work_of(series);
  cs3_script_add(data, SAY("# "), COMMENT(title), SAY("# "), COMMENT(work),
                 SAY("# shares of the step in percent\nplace linear_share"));
  for (guint k = 0; k < G_N_ELEMENTS(bands); k++)
    cs3_script_add(data, SAY(" "), PUT(bands[k].column));
  cs3_script_say(data, " gained systems batch step_s speedup linear\n");
  for (gsize i = 0; i < json_array_size(series); i++) {
    Point p = measure(series, i);
    double row[G_N_ELEMENTS(bands) + 8] = {(double)i, 100 * p.share};
    guint n = 2;
    for (guint k = 0; k < G_N_ELEMENTS(bands); k++)
      row[n++] = 100 * p.losses[k];
    row[n++] = 100 * p.gained;
    row[n++] = p.systems;
    row[n++] = number(series, i, "batch");
    row[n++] = number(series, i, "step.time_s");
    row[n++] = p.speedup;
    row[n++] = p.linear;
    cs3_script_row(data, row, n);
  }
}

static void write_tics(const json_t *series, Cs3Script *script) {
  gsize n = json_array_size(series), every = (n + MOST_LABELS - 1) / MOST_LABELS;
  cs3_script_say(script, "set xtics (");
  for (gsize i = 0; i < n; i += every) {
    g_autofree char *systems = g_strdup_printf("%.0f", number(series, i, "cluster.systems"));
    cs3_script_add(script, i > 0 ? SAY(", ") : SAY(""), TIC(systems), SAY(" "), NUM(i));
  }
  cs3_script_add(script, SAY(")\nset xrange [-0.7:"), NUM((double)n - 0.3), SAY("]\n"));
}

/* Columns 2 to @last, one on the other. */
static void write_bar(guint last, const char *rgb, const char *title, Cs3Script *script) {
  cs3_script_add(script, DATA, SAY(" using 'place':(sum [c=2:"), NUM(last),
                 SAY("] column(c)) with boxes fillstyle solid 1 border linecolor rgb '#ffffff' "
                     "linewidth 0.6 fillcolor rgb "),
                 QUOTE(rgb), SAY(" title "), QUOTE(title), SAY(", \\\n  "));
}

/* From the highest band down: each box hides all of the one before but the top. */
static void write_stack(const gboolean *seen, Cs3Script *script) {
  for (guint k = G_N_ELEMENTS(bands); k-- > 0;)
    if (seen[k])
      write_bar(k + 3, bands[k].rgb, bands[k].title, script);
  write_bar(2, cs3_color_rgb(CS3_COLOR_BLUE), "linear speed-up", script);
}

static void write_letters(const gboolean *seen, Cs3Script *script) {
  for (guint k = 0; k < G_N_ELEMENTS(bands); k++) {
    const char letter[] = {(char)('a' + k), '\0'};
    if (seen[k])
      cs3_script_add(script, DATA, SAY(" using 'place':'"), PUT(bands[k].column),
                     SAY("' with points pointtype "), QUOTE(letter), SAY(" title "),
                     QUOTE(bands[k].title), SAY(", \\\n  "));
  }
}

/* What the axes have to span, and which bands there are. */
typedef struct {
  gboolean seen[G_N_ELEMENTS(bands)];
  double highest; /* per cent: 100, more above linear */
} Extent;

static Extent extent_of(const json_t *series) {
  Extent extent = {.highest = 100};
  for (gsize i = 0; i < json_array_size(series); i++) {
    Point p = measure(series, i);
    for (guint k = 0; k < G_N_ELEMENTS(bands); k++)
      extent.seen[k] |= p.losses[k] > 1e-4;
    extent.highest = MAX(extent.highest, 100 * p.share);
  }
  return extent;
}

static void write_curves(const json_t *series, const Extent *extent, gboolean drawn,
                         Cs3Script *script) {
  gsize every = (json_array_size(series) + MOST_LABELS - 1) / MOST_LABELS;
  cs3_script_say(script, "plot ");
  if (!drawn) {
    write_letters(extent->seen, script);
    cs3_script_add(script, DATA,
                   SAY(" using 'place':'linear_share' with points pointtype 'O' title "
                       "'linear speed-up'\n"));
    return;
  }
  write_stack(extent->seen, script);
  cs3_script_add(script, DATA, SAY(" every "), NUM(every), SAY(" using 'place':("),
                 NUM(1.045 * extent->highest),
                 SAY("):(sprintf('%.3g', column('speedup'))) with labels notitle\n"));
}

static void write_script(const json_t *series, const Cs3PlotTarget *target, Cs3Script *script) {
  Extent extent = extent_of(series);
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
  cs3_script_add(script, SAY("set yrange [0:"), NUM(1.09 * extent.highest),
                 SAY("]\nset boxwidth 0.8\n"));
  write_curves(series, &extent, target->format != CS3_PLOT_TEXT, script);
}

const Cs3Plot cs3_plot_scaling = {
    .name = "scaling",
    .summary = "speed-up over the number of systems against linear, and what takes the rest",
    .needs = CS3_PLOT_NEEDS_SYSTEMS,
    .prepare = prepare,
    .write_data = write_data,
    .write_script = write_script,
};
