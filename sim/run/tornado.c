/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What each uncertain constant does for itself. */
#include "config.h"

#include "sim/run/tornado.h"

#include <math.h>
#include <string.h>

#include "base/config-error.h"
#include "base/json.h"
#include "base/table.h"
#include "results/record.h"
#include "sim/run/result.h"

/* Constants with more values than this are looked at where their range ends; passes that are
 * remembered: machines that differ in one constant share most; the widest change that text leaves
 * out. */
enum { FEW_VALUES = 6, PASSES = 1 << 17, MASK_BYTES = 1 << 29 };
#define SHOWN 5e-4

/* One constant at one value. */
typedef struct {
  guint param;
  double value;
} Place;

typedef struct {
  const Cs3Machine *nominal;
  GArray *params; /* of Cs3Uncertain */
  GArray *places; /* of Place, in the order of the constants */
} Tornado;

static void add_places(Tornado *t, guint i) {
  const Cs3Uncertain *u = &g_array_index(t->params, Cs3Uncertain, i);
  double low = cs3_uncertain_sample(u, 0), high = u->range.high;
  gboolean whole = u->param->type != CS3_PARAM_REAL;
  if (whole)
    high = floor(high);
  gboolean few = whole && high - low < FEW_VALUES;
  double step = few ? 1 : high - low;
  for (double value = low; value <= high; value += step) {
    Place place = {i, value};
    g_array_append_val(t->places, place);
  }
}

static Cs3Machine *machine_at(guint64 k, gpointer data) {
  const Tornado *t = data;
  const Place *place = &g_array_index(t->places, Place, k);
  g_autofree double *values = g_new(double, t->params->len);
  for (guint i = 0; i < t->params->len; i++)
    values[i] = i == place->param ? place->value : NAN;
  return cs3_sample_machine(t->nominal, t->params, values);
}

static double speedup(const Cs3RunTimes *times) {
  return times->dense_s / times->sparse_s;
}

static json_t *number(double value) {
  return isfinite(value) ? json_real(value) : json_null();
}

static json_t *point_json(const Cs3Param *param, double value, const Cs3RunTimes *times,
                          const Cs3RunTimes *nominal) {
  g_autofree char *text = cs3_param_format(param, value);
  return cs3_json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "value", text, "step_time_s",
                       number(times->sparse_s), "speedup", number(speedup(times)), "step_change",
                       number(times->sparse_s / nominal->sparse_s - 1), "dense_step_change",
                       number(times->dense_s / nominal->dense_s - 1), "speedup_change",
                       number(speedup(times) / speedup(nominal) - 1));
}

/* Of @key over the points, the nominal machine's 0 among them. */
static double span(const json_t *points, const char *key) {
  double low = 0, high = 0;
  size_t i;
  json_t *point;
  json_array_foreach((json_t *)points, i, point) {
    double change = cs3_record_number(point, key);
    low = MIN(low, isfinite(change) ? change : 0);
    high = MAX(high, isfinite(change) ? change : 0);
  }
  return high - low;
}

/* The point with the largest speed-up (@sign 1) or the least (-1); %NULL: none can run. */
static json_t *extreme(const json_t *points, int sign) {
  json_t *best = NULL, *point;
  size_t i;
  json_array_foreach((json_t *)points, i, point) {
    double change = sign * cs3_record_number(point, "speedup_change");
    if (isfinite(change) &&
        (best == NULL || change > sign * cs3_record_number(best, "speedup_change")))
      best = point;
  }
  return best != NULL ? json_incref(best) : json_null();
}

static json_t *constant_json(const Tornado *t, guint i, const Cs3RunTimes *times,
                             const Cs3RunTimes *nominal) {
  const Cs3Uncertain *u = &g_array_index(t->params, Cs3Uncertain, i);
  g_autofree char *name = cs3_param_name(u->param);
  g_autofree char *value = cs3_param_format(u->param, u->value);
  g_autofree char *range = cs3_param_format_range(u->param, u->range.low, u->range.high);
  json_t *points = json_array();
  for (guint k = 0; k < t->places->len; k++) {
    const Place *place = &g_array_index(t->places, Place, k);
    if (place->param == i)
      json_array_append_new(points, point_json(u->param, place->value, &times[k], nominal));
  }
  return cs3_json_pack("{s:s, s:s, s:s, s:s, s:f, s:f, s:o, s:o, s:o}", "name", name, "value",
                       value, "range", range, "evidence", cs3_evidence_name(u->param->evidence),
                       "speedup_span", span(points, "speedup_change"), "step_span",
                       span(points, "step_change"), "lowest", extreme(points, -1), "highest",
                       extreme(points, 1), "points", points);
}

static gint by_span(gconstpointer a, gconstpointer b) {
  static const char *const keys[] = {"speedup_span", "step_span"};
  const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
  for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
    double p = cs3_record_number(x, keys[i]), q = cs3_record_number(y, keys[i]);
    if (p != q)
      return p < q ? 1 : -1;
  }
  return strcmp(cs3_record_string(x, "name"), cs3_record_string(y, "name"));
}

static json_t *constants_json(const Tornado *t, const Cs3RunTimes *times,
                              const Cs3RunTimes *nominal) {
  g_autoptr(GPtrArray) order = g_ptr_array_new();
  for (guint i = 0; i < t->params->len; i++)
    g_ptr_array_add(order, constant_json(t, i, times, nominal));
  g_ptr_array_sort(order, by_span);
  json_t *list = json_array();
  for (guint i = 0; i < order->len; i++)
    json_array_append_new(list, order->pdata[i]);
  return list;
}

json_t *cs3_tornado(const Cs3RunConfig *config, Cs3RunTimes whole, Cs3SampleProgress progress,
                    gpointer data, GError **error) {
  g_autoptr(GArray) params = cs3_sample_params(config->machine);
  g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(Place));
  g_autoptr(Cs3RunCache) cache = cs3_run_cache_new(PASSES, MASK_BYTES);
  Tornado t = {config->machine, params, places};
  Cs3Sampler sampler = {.config = config, .cache = cache, .rows = CS3_SAMPLE_ROWS};
  if (params->len == 0) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_RANGE,
                "%s has no uncertain constant: all are known or were given by --set",
                config->machine->name);
    return NULL;
  }
  if (!cs3_sampler_scale(&sampler, whole, error))
    return NULL;
  for (guint i = 0; i < params->len; i++)
    add_places(&t, i);
  g_autofree Cs3RunTimes *times = g_new(Cs3RunTimes, places->len);
  cs3_sampler_run(&sampler, places->len, machine_at, &t, progress, data, times);
  return cs3_json_pack("{s:{s:f, s:f}, s:{s:f, s:f}, s:o}", "nominal", "speedup", speedup(&whole),
                       "step_time_s", whole.sparse_s, "scaled", "dense", sampler.scale.dense_s,
                       "sparse", sampler.scale.sparse_s, "constants",
                       constants_json(&t, times, &whole));
}

#define CHANGE(path, heading)                                                                      \
  { .key = path, .title = heading, .type = CS3_COLUMN_REAL, .decimals = 1, .scale = 100 }

static const Cs3Column columns[] = {
    {.key = "name", .title = "constant", .type = CS3_COLUMN_TEXT},
    {.key = "value", .title = "value", .type = CS3_COLUMN_TEXT},
    {.key = "lowest.value", .title = "speed-up least at", .type = CS3_COLUMN_TEXT},
    CHANGE("lowest.speedup_change", "speed-up [%]"),
    CHANGE("lowest.step_change", "step [%]"),
    CHANGE("lowest.dense_step_change", NULL),
    {.key = "highest.value", .title = "most at", .type = CS3_COLUMN_TEXT},
    CHANGE("highest.speedup_change", "speed-up [%]"),
    CHANGE("highest.step_change", "step [%]"),
    CHANGE("highest.dense_step_change", NULL),
};

static void add_row(Cs3Table *table, const json_t *constant) {
  for (guint c = 0; c < G_N_ELEMENTS(columns); c++)
    if (columns[c].type == CS3_COLUMN_TEXT)
      cs3_table_add_text(table, cs3_record_string(constant, columns[c].key));
    else
      cs3_table_add_real(table, cs3_record_number(constant, columns[c].key));
}

/* Where sparse weights look better because dense ones fare worse. */
static gboolean for_the_wrong_reason(const json_t *constant) {
  return cs3_record_number(constant, "highest.speedup_change") >= SHOWN &&
         cs3_record_number(constant, "highest.step_change") >= SHOWN;
}

static void append_name(GString *names, const json_t *constant) {
  g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "",
                         cs3_record_string(constant, "name"));
}

void cs3_tornado_write(const json_t *tornado, Cs3Output *output, Cs3Format format) {
  g_autoptr(Cs3Table) table = cs3_table_new(columns, G_N_ELEMENTS(columns));
  g_autoptr(GString) still = g_string_new(NULL), slower = g_string_new(NULL);
  gboolean text = format == CS3_FORMAT_TEXT;
  size_t i;
  json_t *constant;
  json_array_foreach(json_object_get(tornado, "constants"), i, constant) {
    gboolean moves = cs3_record_number(constant, "speedup_span") >= SHOWN ||
                     cs3_record_number(constant, "step_span") >= SHOWN;
    if (moves || !text)
      add_row(table, constant);
    else
      append_name(still, constant);
    if (for_the_wrong_reason(constant))
      append_name(slower, constant);
  }
  if (text)
    cs3_output_puts(output, "\nEach uncertain constant over its range, the others as they are: "
                            "change of speed-up and step time\n");
  cs3_table_write(table, output, format);
  if (text && slower->len > 0)
    cs3_output_printf(output,
                      "the speed-up rises although the step gets longer, because the dense step "
                      "gets longer still: %s\n",
                      slower->str);
  if (text && still->len > 0)
    cs3_output_printf(output, "less than %.2f %%: %s\n", 100 * SHOWN, still->str);
}
