/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The passes of one run under the machine's roof: achieved rate against the work that each byte
 * through the wafer's edge feeds. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "plots/canvas.h"
#include "plots/plots.h"
#include "results/record.h"

enum { WAVELET_BYTES = 4 };

/* A run has the first and the last, or the first three. */
static const char *const passes[] = {"forward", "dx", "dw", "backward"};

static const char *const directions[] = {"forward", "backward"};

/* One pass of one layer. */
typedef struct {
  const char *layer;
  double intensity; /* FLOP per byte through the edge, the busier direction */
  double rate;      /* FLOP/s */
} Point;

static gboolean point_of(const json_t *record, const json_t *layer, const char *pass, Point *p) {
  const json_t *object = json_object_get(json_object_get(layer, "passes"), pass);
  double products = g_str_equal(pass, "backward") ? 2 : 1; /* dX and dW */
  double flops =
      2 * products * cs3_record_number(object, "nonzeros") * cs3_record_number(layer, "rows");
  double bytes = WAVELET_BYTES * fmax(cs3_record_number(object, "ingress_wavelets"),
                                      cs3_record_number(object, "egress_wavelets"));
  double seconds =
      cs3_record_number(object, "cycles") / cs3_record_number(record, "hardware.clock_hz");
  p->layer = cs3_record_string(layer, "name");
  p->intensity = flops / bytes;
  p->rate = flops / seconds;
  return isfinite(p->intensity) && isfinite(p->rate) && p->intensity > 0 && p->rate > 0;
}

/* Payload of the links off the wafer, from the configuration: "1.2 Tb/s" x factor x efficiency. */
static double edge_bytes_per_s(const json_t *record) {
  const json_t *c = json_object_get(json_object_get(record, "provenance"), "configuration");
  static const struct {
    const char *unit;
    double scale;
  } units[] = {{"Tb/s", 1e12}, {"Gb/s", 1e9}, {"Mb/s", 1e6}, {"Pb/s", 1e15}};
  const char *rate = json_string_value(json_object_get(c, "io.rate"));
  const char *factor = json_string_value(json_object_get(c, "io.factor"));
  const char *efficiency = json_string_value(json_object_get(c, "io.efficiency"));
  if (rate == NULL || factor == NULL || efficiency == NULL)
    return NAN;
  for (guint i = 0; i < G_N_ELEMENTS(units); i++)
    if (g_str_has_suffix(rate, units[i].unit))
      return g_ascii_strtod(rate, NULL) * units[i].scale * g_ascii_strtod(factor, NULL) *
             g_ascii_strtod(efficiency, NULL) / 8;
  return NAN;
}

/* PFLOP/s of all attentions that run as programs in @pass, of the pairs that are computed, without
 * what backward computes again; 0: there are none. No byte of theirs passes the edge. */
static double attention_rate(const json_t *record, const char *pass) {
  double flops = 0, cycles = 0, twice = g_str_equal(pass, "backward") ? 2 : 1;
  size_t i;
  json_t *a;
  json_array_foreach(json_object_get(record, "attentions"), i, a) {
    const json_t *object = json_object_get(a, pass);
    double times = cs3_record_number(a, "repeat");
    double width = cs3_record_number(a, "head_dim") + cs3_record_number(a, "value_dim");
    if (object == NULL)
      continue;
    flops += 2 * twice * times * cs3_record_number(a, "parts") * width *
             cs3_record_number(object, "pairs");
    cycles += times * cs3_record_number(object, "cycles");
  }
  double rate = flops / cycles * cs3_record_number(record, "hardware.clock_hz") / 1e15;
  return isfinite(rate) ? rate : 0;
}

static json_t *prepare(const json_t *records, GError **error) {
  static const char *const numbers[] = {"hardware.clock_hz", "hardware.dense_peak_flops",
                                        "mapping.tokens_on_wafer", "sparsity", NULL};
  static const char *const texts[] = {"model.name", "hardware.name", NULL};
  const json_t *record = json_array_get(records, 0);
  if (!cs3_record_require(record, numbers, texts, error))
    return NULL;
  if (json_array_size(json_object_get(record, "layers")) == 0) {
    g_set_error_literal(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
                        "the record has no layers; a sweep writes them without --brief");
    return NULL;
  }
  double edge = edge_bytes_per_s(record);
  if (!(edge >= 1 && edge <= 1e30)) {
    g_set_error_literal(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
                        "io.rate, io.factor and io.efficiency in provenance.configuration give no "
                        "rate of a byte a second or more");
    return NULL;
  }
  return json_deep_copy(record);
}

/* A block a pass, two blank lines apart, as gnuplot's `index` wants. */
static void write_data(const json_t *record, Cs3Script *data) {
  cs3_script_add(data, SAY("# "), COMMENT(cs3_plot_roofline.summary));
  for (guint p = 0; p < G_N_ELEMENTS(passes); p++) {
    cs3_script_add(data, p > 0 ? SAY("\n\n# ") : SAY("# "), COMMENT(passes[p]),
                   SAY("flop_per_byte pflops layer\n"));
    size_t i;
    json_t *layer;
    json_array_foreach(json_object_get(record, "layers"), i, layer) {
      Point point;
      if (point_of(record, layer, passes[p], &point))
        cs3_script_add(data, NUM(point.intensity), SAY(" "), NUM(point.rate / 1e15), SAY(" "),
                       FIELD(point.layer), SAY("\n"));
    }
  }
}

typedef struct {
  double left, right, low; /* of the axes */
} Frame;

static Frame frame_of(const json_t *record, double knee, double peak) {
  Frame frame = {knee, knee, peak};
  size_t i;
  json_t *layer;
  json_array_foreach(json_object_get(record, "layers"), i,
                     layer) for (guint p = 0; p < G_N_ELEMENTS(passes); p++) {
    Point point;
    if (!point_of(record, layer, passes[p], &point))
      continue;
    frame.left = MIN(frame.left, point.intensity);
    frame.right = MAX(frame.right, point.intensity);
    frame.low = MIN(frame.low, point.rate / 1e15);
  }
  for (guint k = 0; k < G_N_ELEMENTS(directions); k++) {
    double rate = attention_rate(record, directions[k]);
    frame.low = rate > 0 ? MIN(frame.low, rate) : frame.low;
  }
  return (Frame){frame.left / 2, frame.right * 3, frame.low / 2};
}

static void write_axes(const Frame *frame, double peak, Cs3Script *script) {
  static const double steps[] = {1, 2, 5};
  cs3_canvas_log_y(script, frame->low, 1.6 * peak);
  cs3_script_say(script, "set format x '%.0s%c'\nset samples 400\n");
  cs3_canvas_log_axis(script, SAY("x"), frame->left, frame->right, steps, G_N_ELEMENTS(steps));
}

static void write_curves(const json_t *record, const Cs3PlotTarget *target, double peak,
                         Cs3Script *script) {
  static const struct {
    const char *title, *letter;
    Cs3Color color;
    int point;
    double size; /* forward and dX often coincide: a ring around a square */
  } looks[] = {
      {"forward", "F", CS3_COLOR_BLUE, 6, 1.9},
      {"dX", "X", CS3_COLOR_ORANGE, 5, 0.9},
      {"dW", "W", CS3_COLOR_GREEN, 9, 1.2},
      {"backward", "B", CS3_COLOR_VERMILLION, 5, 0.9},
  };
  double slope = edge_bytes_per_s(record) / 1e15;
  cs3_script_add(script, SAY("plot (x * "), NUM(slope), SAY(" < "), NUM(peak), SAY(" ? x * "),
                 NUM(slope), SAY(" : "), NUM(peak),
                 SAY(") with lines linewidth 2 linecolor rgb '#000000' title 'roof'"));
  for (guint p = 0; p < G_N_ELEMENTS(passes); p++) {
    cs3_script_add(script, SAY(", \\\n  "), DATA, SAY(" index "), NUM(p),
                   SAY(" using 'flop_per_byte':'pflops' with points pointtype "));
    if (target->format == CS3_PLOT_TEXT)
      cs3_script_add(script, QUOTE(looks[p].letter));
    else
      cs3_script_add(script, NUM(looks[p].point), SAY(" pointsize "), NUM(looks[p].size),
                     SAY(" linewidth 2"));
    cs3_script_add(script, SAY(" linecolor rgb "), QUOTE(cs3_color_rgb(looks[p].color)),
                   SAY(" title "), QUOTE(looks[p].title));
  }
  for (guint k = 0; k < G_N_ELEMENTS(directions); k++) {
    double rate = attention_rate(record, directions[k]);
    g_autofree char *title = g_strconcat("attention ", directions[k], NULL);
    if (rate == 0)
      continue;
    cs3_script_add(script, SAY(", \\\n  "), NUM(rate), SAY(" with lines linewidth 2"));
    if (target->format != CS3_PLOT_TEXT)
      cs3_script_add(script, SAY(" dashtype (6,4) linecolor rgb "),
                     QUOTE(cs3_color_rgb(k == 0 ? CS3_COLOR_BLUE : CS3_COLOR_VERMILLION)));
    cs3_script_add(script, SAY(" title "), QUOTE(title));
  }
  cs3_script_say(script, "\n");
}

/* Layers whose points can hardly be told apart: the first gives its name to all. */
typedef struct {
  Point point;
  guint layers;
} Cluster;

static gboolean is_near(const Point *a, const Point *b) {
  return fabs(log(a->intensity / b->intensity)) < 0.04 && fabs(log(a->rate / b->rate)) < 0.04;
}

static gint by_intensity(gconstpointer a, gconstpointer b) {
  double x = ((const Cluster *)a)->point.intensity, y = ((const Cluster *)b)->point.intensity;
  return (x > y) - (x < y);
}

static void join_cluster(GArray *clusters, const Point *point) {
  guint k = 0;
  while (k < clusters->len && !is_near(&g_array_index(clusters, Cluster, k).point, point))
    k++;
  if (k == clusters->len) {
    Cluster cluster = {.point = *point};
    g_array_append_val(clusters, cluster);
  }
  g_array_index(clusters, Cluster, k).layers++;
}

/* Which layers the points of a pass are, at the left, on the free side of the roof, or the right.
 * Up the slope names are lifted from those before. */
static void write_names(const json_t *record, guint pass, gboolean left, Cs3Script *script) {
  g_autoptr(GArray) clusters = g_array_new(FALSE, FALSE, sizeof(Cluster));
  size_t i;
  json_t *layer;
  json_array_foreach(json_object_get(record, "layers"), i, layer) {
    Point point;
    if (point_of(record, layer, passes[pass], &point))
      join_cluster(clusters, &point);
  }
  g_array_sort(clusters, by_intensity);
  for (guint k = 0; k < clusters->len; k++) {
    const Cluster *cluster = &g_array_index(clusters, Cluster, k);
    g_autofree char *more = g_strdup_printf(" + %u", cluster->layers - 1);
    g_autofree char *name =
        g_strconcat(cluster->point.layer, cluster->layers > 1 ? more : NULL, NULL);
    cs3_script_add(script, SAY("set label "), QUOTE(name), SAY(" at "),
                   NUM(cluster->point.intensity), SAY(", "), NUM(cluster->point.rate / 1e15),
                   left ? SAY(" right offset -1.6, ") : SAY(" left offset 1.4, "),
                   NUM(left && k > 0 ? 0.7 : 0),
                   SAY(" font ',12' textcolor rgb '#444444' front\n"));
  }
}

static void write_script(const json_t *record, const Cs3PlotTarget *target, Cs3Script *script) {
  double peak = cs3_record_number(record, "hardware.dense_peak_flops") / 1e15;
  double knee = peak * 1e15 / edge_bytes_per_s(record);
  g_autofree char *subtitle = g_strdup_printf(
      "%s on %s, %.4g %% %s sparsity, %.0f tokens on the wafer",
      cs3_record_string(record, "model.name"), cs3_record_string(record, "hardware.name"),
      100 * cs3_record_number(record, "sparsity"), cs3_record_string(record, "pattern"),
      cs3_record_number(record, "mapping.tokens_on_wafer"));
  g_autofree char *caption = g_strdup_printf(
      "Roof: %.3g TB/s of payload each way, %.3g PFLOP/s dense peak; they meet at %.0f thousand "
      "FLOP a "
      "byte. "
      "Live weights only. Named: forward and dW, + N: layers in the same place. A point below the "
      "roof is held by something else: imbalance, reduction, "
      "issue cycles (plot layers). No byte of attention passes the edge.\nSource: simulated by "
      "cs3sim %s, fidelity %s, seed %.0f.",
      edge_bytes_per_s(record) / 1e12, peak, knee / 1e3,
      cs3_record_string(record, "provenance.version"), cs3_record_string(record, "fidelity"),
      cs3_record_number(record, "provenance.seed"));
  cs3_canvas_begin(
      script, target,
      &(Cs3CanvasWords){.title = "Linear layers and attention under the roof of the machine",
                        .subtitle = subtitle,
                        .caption = caption,
                        .x = "work per byte through the wafer's edge [FLOP/B]",
                        .y = "achieved [PFLOP/s]",
                        .legend_rows = 2,
                        .text_rows = 4,
                        .legend_columns = 4});
  Frame frame = frame_of(record, knee, peak);
  write_axes(&frame, peak, script);
  if (target->format != CS3_PLOT_TEXT) {
    write_names(record, 0, TRUE, script);
    write_names(record, 2, FALSE, script);
  }
  write_curves(record, target, peak, script);
}

const Cs3Plot cs3_plot_roofline = {
    .name = "roofline",
    .summary = "one run: passes of its linear layers under the roof of links and arithmetic",
    .needs = CS3_PLOT_NEEDS_RUN,
    .prepare = prepare,
    .write_data = write_data,
    .write_script = write_script,
};
