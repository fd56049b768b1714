/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Machines that were measured: reading, and interpolation inside of what was measured. */
#include "config.h"

#include "sim/machine/baseline.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/config-error.h"
#include "base/datadir.h"
#include "base/suggest.h"

#define SCHEMA "cs3sim.baseline/1"

static const char *const format_names[CS3_N_BASELINE_FORMATS + 1] = {
    [CS3_BASELINE_DENSE] = "dense",
    [CS3_BASELINE_UNSTRUCTURED] = "unstructured",
    [CS3_BASELINE_2_OF_4] = "2:4",
    [CS3_BASELINE_BLOCK_64] = "block-64",
};

const char *cs3_baseline_format_name(Cs3BaselineFormat format) {
  return format_names[format];
}

char **cs3_baseline_names(void) {
  return cs3_datadir_list(CS3_DATA_BASELINES);
}

gboolean cs3_baseline_exists(const char *name) {
  g_autofree char *path = cs3_datadir_locate(CS3_DATA_BASELINES, name);
  return path != NULL;
}

static void product_free(gpointer data) {
  Cs3BaselineProduct *product = data;
  g_free(product->layer);
  g_free(product);
}

static void step_free(gpointer data) {
  Cs3BaselineStep *step = data;
  g_free(step->model);
  g_free(step);
}

void cs3_baseline_free(Cs3Baseline *b) {
  if (b == NULL)
    return;
  g_free(b->name);
  g_free(b->description);
  g_free(b->source);
  g_free(b->step_scope);
  for (int f = 0; f < CS3_N_BASELINE_FORMATS; f++)
    g_free(b->kernels[f]);
  g_ptr_array_unref(b->products);
  g_ptr_array_unref(b->steps);
  g_free(b);
}

/* What is read, for messages: "h100.json: products 3". */
typedef struct {
  const char *file, *list;
  size_t index;
} Where;

static gboolean fail(const Where *where, const char *problem, GError **error) {
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_VALUE, "%s: %s %zu: %s", where->file,
              where->list, where->index + 1, problem);
  return FALSE;
}

/* Median between smallest and largest, all of them times [ms] in the file. */
static gboolean read_times(const json_t *entry, const Where *where, double *median, double *low,
                           double *high, GError **error) {
  *median = json_number_value(json_object_get(entry, "median_ms")) / 1e3;
  *low = json_number_value(json_object_get(entry, "min_ms")) / 1e3;
  *high = json_number_value(json_object_get(entry, "max_ms")) / 1e3;
  if (*low > 0 && *low <= *median && *median <= *high)
    return TRUE;
  return fail(where, "times must be 0 < min_ms <= median_ms <= max_ms", error);
}

static int format_of(const char *name) {
  for (int f = 0; f < CS3_N_BASELINE_FORMATS; f++)
    if (name != NULL && strcmp(name, format_names[f]) == 0)
      return f;
  return -1;
}

static gboolean read_product(const json_t *entry, const Where *where, Cs3Baseline *b,
                             GError **error) {
  const char *layer = json_string_value(json_object_get(entry, "layer"));
  int format = format_of(json_string_value(json_object_get(entry, "format")));
  Cs3BaselineProduct p = {
      .format = (Cs3BaselineFormat)format,
      .tokens = json_integer_value(json_object_get(entry, "tokens")),
      .in_features = json_integer_value(json_object_get(entry, "in_features")),
      .out_features = json_integer_value(json_object_get(entry, "out_features")),
      .sparsity = json_number_value(json_object_get(entry, "sparsity")),
  };
  if (layer == NULL || format < 0)
    return fail(where, "needs a layer, and a format: dense, unstructured, 2:4 or block-64", error);
  if (p.tokens < 1 || p.in_features < 1 || p.out_features < 1 || !(p.sparsity >= 0) ||
      p.sparsity >= 1 || (format == CS3_BASELINE_DENSE && p.sparsity != 0))
    return fail(where, "needs positive sizes and 0 <= sparsity < 1 (dense: 0)", error);
  if (!read_times(entry, where, &p.time_s, &p.min_s, &p.max_s, error))
    return FALSE;
  p.layer = g_strdup(layer);
  g_ptr_array_add(b->products, g_memdup2(&p, sizeof p));
  return TRUE;
}

static gboolean read_step(const json_t *entry, const Where *where, Cs3Baseline *b, GError **error) {
  const char *model = json_string_value(json_object_get(entry, "model"));
  Cs3BaselineStep s = {.batch = json_integer_value(json_object_get(entry, "batch")),
                       .seq = json_integer_value(json_object_get(entry, "seq")),
                       .joules_per_token =
                           json_number_value(json_object_get(entry, "joule_per_token"))};
  if (model == NULL || s.batch < 1 || s.seq < 1 || !(s.joules_per_token >= 0))
    return fail(where, "needs a model, a positive batch and seq, and joule_per_token >= 0", error);
  if (!read_times(entry, where, &s.time_s, &s.min_s, &s.max_s, error))
    return FALSE;
  s.model = g_strdup(model);
  g_ptr_array_add(b->steps, g_memdup2(&s, sizeof s));
  return TRUE;
}

typedef gboolean (*ReadEntry)(const json_t *entry, const Where *where, Cs3Baseline *b,
                              GError **error);

static gboolean read_list(const json_t *document, const char *file, const char *list,
                          ReadEntry read, Cs3Baseline *b, GError **error) {
  json_t *entry;
  size_t i;
  json_array_foreach(json_object_get(document, list), i, entry) {
    Where where = {file, list, i};
    if (!read(entry, &where, b, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean read_texts(const json_t *document, const char *file, Cs3Baseline *b,
                           GError **error) {
  const struct {
    const char *key;
    char **text;
  } texts[] = {{"name", &b->name},
               {"description", &b->description},
               {"source", &b->source},
               {"step_scope", &b->step_scope}};
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
    *texts[i].text = g_strdup(json_string_value(json_object_get(document, texts[i].key)));
    if (*texts[i].text == NULL) {
      g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_MISSING, "%s: no text '%s'", file,
                  texts[i].key);
      return FALSE;
    }
  }
  const json_t *kernels = json_object_get(document, "kernels");
  for (int f = 0; f < CS3_N_BASELINE_FORMATS; f++)
    b->kernels[f] = g_strdup(json_string_value(json_object_get(kernels, format_names[f])));
  return TRUE;
}

static gint by_place(gconstpointer a, gconstpointer b) {
  const Cs3BaselineProduct *x = *(const Cs3BaselineProduct *const *)a;
  const Cs3BaselineProduct *y = *(const Cs3BaselineProduct *const *)b;
  int layer = strcmp(x->layer, y->layer);
  if (layer != 0 || x->format != y->format)
    return layer != 0 ? layer : (int)x->format - (int)y->format;
  return (x->sparsity > y->sparsity) - (x->sparsity < y->sparsity);
}

Cs3Baseline *cs3_baseline_parse(const char *text, const char *where, GError **error) {
  json_error_t problem;
  json_auto_t *document = json_loads(text, JSON_REJECT_DUPLICATES, &problem);
  if (document == NULL) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_SYNTAX, "%s:%d: %s", where, problem.line,
                problem.text);
    return NULL;
  }
  g_autoptr(Cs3Baseline) b = g_new0(Cs3Baseline, 1);
  b->products = g_ptr_array_new_with_free_func(product_free);
  b->steps = g_ptr_array_new_with_free_func(step_free);
  const char *schema = json_string_value(json_object_get(document, "schema"));
  gboolean ok = g_strcmp0(schema, SCHEMA) == 0;
  if (!ok)
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_SYNTAX, "%s: schema is '%s', not '%s'",
                where, schema != NULL ? schema : "", SCHEMA);
  ok = ok && read_texts(document, where, b, error) &&
       read_list(document, where, "products", read_product, b, error) &&
       read_list(document, where, "steps", read_step, b, error);
  g_ptr_array_sort(b->products, by_place);
  return ok ? g_steal_pointer(&b) : NULL;
}

Cs3Baseline *cs3_baseline_load(const char *name, GError **error) {
  g_autofree char *path = cs3_datadir_find(CS3_DATA_BASELINES, name, error);
  g_autofree char *text = NULL;
  if (path == NULL)
    return NULL;
  if (!g_file_get_contents(path, &text, NULL, error))
    return NULL;
  g_autofree char *file = g_path_get_basename(path);
  return cs3_baseline_parse(text, file, error);
}

/* Two measurements around a point @x; the same one twice where the point itself was measured. */
typedef struct {
  double below, below_s, above, above_s; /* -INFINITY, INFINITY: none */
} Around;

#define AROUND_NONE ((Around){-INFINITY, NAN, INFINITY, NAN})

static void around_add(Around *a, double x, double at, double time_s) {
  if (at <= x && at > a->below) {
    a->below = at;
    a->below_s = time_s;
  }
  if (at >= x && at < a->above) {
    a->above = at;
    a->above_s = time_s;
  }
}

static gboolean around_closed(const Around *a) {
  return isfinite(a->below) && isfinite(a->above);
}

static double around_time(const Around *a, double x) {
  if (a->above == a->below)
    return a->below_s;
  return a->below_s + (a->above_s - a->below_s) * (x - a->below) / (a->above - a->below);
}

static gboolean unknown_layer(const Cs3Baseline *b, const char *layer, Cs3BaselineFormat format,
                              GError **error) {
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (guint i = 0; i < b->products->len; i++)
    g_ptr_array_add(names, ((Cs3BaselineProduct *)b->products->pdata[i])->layer);
  g_ptr_array_add(names, NULL);
  g_autofree char *hint = cs3_suggestion(layer, (const char *const *)names->pdata);
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN,
              "%s: no %s product of layer '%s' was measured%s", b->name, format_names[format],
              layer, hint);
  return FALSE;
}

static gboolean outside(const Cs3Baseline *b, const char *layer, Cs3BaselineFormat format,
                        double sparsity, double first, double last, GError **error) {
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_RANGE,
              "%s: %s, %s: sparsity %.4g lies outside of what was measured (%.4g to %.4g), and "
              "measurements are not continued",
              b->name, layer, format_names[format], sparsity, first, last);
  return FALSE;
}

gboolean cs3_baseline_speedup(const Cs3Baseline *b, const char *layer, Cs3BaselineFormat format,
                              double sparsity, Cs3BaselineValue *speedup, GError **error) {
  Around around = AROUND_NONE;
  double dense_s = NAN, first = INFINITY, last = -INFINITY;
  for (guint i = 0; i < b->products->len; i++) {
    const Cs3BaselineProduct *p = b->products->pdata[i];
    if (strcmp(p->layer, layer) != 0)
      continue;
    if (p->format == CS3_BASELINE_DENSE)
      dense_s = p->time_s;
    if (p->format != format)
      continue;
    first = MIN(first, p->sparsity);
    last = MAX(last, p->sparsity);
    around_add(&around, sparsity, p->sparsity, p->time_s);
  }
  if (isnan(dense_s) || first > last)
    return unknown_layer(b, layer, format, error);
  if (!around_closed(&around))
    return outside(b, layer, format, sparsity, first, last, error);
  speedup->value = dense_s / around_time(&around, sparsity);
  speedup->interpolated = around.above != around.below;
  return TRUE;
}

gboolean cs3_baseline_tokens_per_s(const Cs3Baseline *b, const char *model, gint64 batch,
                                   gint64 seq, Cs3BaselineValue *rate, GError **error) {
  Around by_batch = AROUND_NONE, by_seq = AROUND_NONE;
  g_autoptr(GString) measured = g_string_new(NULL);
  for (guint i = 0; i < b->steps->len; i++) {
    const Cs3BaselineStep *s = b->steps->pdata[i];
    if (strcmp(s->model, model) != 0)
      continue;
    g_string_append_printf(measured, "%s%" G_GINT64_FORMAT " x %" G_GINT64_FORMAT,
                           measured->len > 0 ? ", " : "", s->batch, s->seq);
    if (s->seq == seq)
      around_add(&by_batch, (double)batch, (double)s->batch, s->time_s);
    if (s->batch == batch)
      around_add(&by_seq, (double)seq, (double)s->seq, s->time_s);
  }
  gboolean batches = around_closed(&by_batch), seqs = around_closed(&by_seq);
  if (!batches && !seqs) {
    g_set_error(error, CS3_CONFIG_ERROR,
                measured->len > 0 ? CS3_CONFIG_ERROR_RANGE : CS3_CONFIG_ERROR_UNKNOWN,
                "%s: no step of %s with %" G_GINT64_FORMAT " sequences of %" G_GINT64_FORMAT
                " tokens lies within what was measured (%s)",
                b->name, model, batch, seq, measured->len > 0 ? measured->str : "nothing");
    return FALSE;
  }
  double time_s =
      batches ? around_time(&by_batch, (double)batch) : around_time(&by_seq, (double)seq);
  rate->value = (double)(batch * seq) / time_s;
  rate->interpolated = batches ? by_batch.above != by_batch.below : by_seq.above != by_seq.below;
  return TRUE;
}
