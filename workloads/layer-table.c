/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables of layers as models: one matrix product or convolution a line. */
#include "config.h"

#include "workloads/layer-table.h"

#include <string.h>

#include "workloads/builder-conv.h"
#include "workloads/config-reader.h"
#include "workloads/graph-check.h"
#include "workloads/graph-model.h"
#include "workloads/workload-error.h"

enum { MAX_LAYERS = 4096, MAX_COLUMNS = 64 };

/* A line of the table. */
typedef struct {
  char *name; /* unique; owned */
  gint64 m, n, k, count;
  gint64 height, width, filter_height, filter_width, channels, filters, stride_height, stride_width;
} Layer;

typedef struct {
  const char *names[3]; /* in small letters */
  gsize offset;
  gint64 max;
  gint64 usual; /* where there is no such column, or nothing in it; 0: it is needed */
} Column;

#define COLUMN(MEMBER, MAX, USUAL, ...)                                                            \
  { .names = {__VA_ARGS__}, .offset = offsetof(Layer, MEMBER), .max = MAX, .usual = USUAL }

static const Column products[] = {
    COLUMN(m, CS3_MODEL_MAX_SEQ, 0, "m"),
    COLUMN(n, CS3_MODEL_MAX_VOCAB, 0, "n"),
    COLUMN(k, CS3_MODEL_MAX_VOCAB, 0, "k"),
    COLUMN(count, CS3_MODEL_MAX_LAYERS, 1, "count", "batch"),
    {.names = {NULL}},
};

static const Column convolutions[] = {
    COLUMN(height, CS3_MODEL_MAX_IMAGE, 0, "ifmap height"),
    COLUMN(width, CS3_MODEL_MAX_IMAGE, 0, "ifmap width"),
    COLUMN(filter_height, CS3_MODEL_MAX_IMAGE, 0, "filter height"),
    COLUMN(filter_width, CS3_MODEL_MAX_IMAGE, 0, "filter width"),
    COLUMN(channels, CS3_MODEL_MAX_CHANNELS, 0, "channels"),
    COLUMN(filters, CS3_MODEL_MAX_CHANNELS, 0, "num filter"),
    COLUMN(stride_height, CS3_MODEL_MAX_IMAGE, 0, "strides", "stride height"),
    COLUMN(stride_width, CS3_MODEL_MAX_IMAGE, -1, "stride width"),
    COLUMN(count, CS3_MODEL_MAX_LAYERS, 1, "count"),
    {.names = {NULL}},
};

static const char *const name_columns[] = {"layer name", "layer", "name", NULL};

typedef struct {
  const char *source;
  guint line;
  const Column *columns;
  const Column *of[MAX_COLUMNS]; /* by place in a line; NULL: not one of them */
  int name;                      /* place of the layer's name; -1: none */
  guint n_named;                 /* places that the header names, or leaves empty before them */
  GArray *layers;                /* of Layer */
  GHashTable *names;
  GPtrArray *notes;
} Table;

static gboolean fail(const Table *t, const char *column, const char *got, const char *expected,
                     GError **error) {
  g_autofree char *shown = cs3_config_clean(got);
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
              "%s:%u: %s: expected %s, got '%s'", t->source, t->line, column, expected, shown);
  return FALSE;
}

/* --- the header ------------------------------------------------------------------------------ */

static gboolean is_called(const char *const *names, guint room, const char *text) {
  for (guint i = 0; i < room && names[i]; i++)
    if (g_ascii_strcasecmp(names[i], text) == 0)
      return TRUE;
  return FALSE;
}

static const Column *find_column(const Column *columns, const char *text) {
  for (const Column *c = columns; c->names[0]; c++)
    if (is_called(c->names, G_N_ELEMENTS(c->names), text))
      return c;
  return NULL;
}

static gboolean has_column(const Table *t, const Column *column) {
  for (guint i = 0; i < t->n_named; i++)
    if (t->of[i] == column)
      return TRUE;
  return FALSE;
}

static gboolean name_place(Table *t, guint i, const char *text, GError **error) {
  t->of[i] = find_column(t->columns, text);
  for (guint k = 0; t->of[i] && k < i; k++)
    if (t->of[k] == t->of[i])
      return fail(t, "header", text, "every column once", error);
  if (t->of[i] || *text == '\0')
    return TRUE;
  if (t->name < 0 && is_called(name_columns, G_N_ELEMENTS(name_columns), text))
    t->name = (int)i;
  else
    g_ptr_array_add(t->notes, g_strdup_printf("column '%s' of the table is not read", text));
  return TRUE;
}

/* Which kind of table it is: products unless a column says otherwise. */
static gboolean read_header(Table *t, char **cells, GError **error) {
  t->columns = products;
  t->n_named = MIN(g_strv_length(cells), MAX_COLUMNS);
  for (guint i = 0; i < t->n_named; i++)
    if (g_ascii_strncasecmp(cells[i], "ifmap", 5) == 0)
      t->columns = convolutions;
  for (guint i = 0; i < t->n_named; i++)
    if (!name_place(t, i, cells[i], error))
      return FALSE;
  for (const Column *c = t->columns; c->names[0]; c++)
    if (c->usual == 0 && !has_column(t, c)) {
      g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
                  "%s:%u: no column '%s'; a table of layers has M, N, K (and name, count), or the"
                  " columns of a SCALE-Sim topology: Layer name, IFMAP Height, IFMAP Width, Filter"
                  " Height, Filter Width, Channels, Num Filter, Strides",
                  t->source, t->line, c->names[0]);
      return FALSE;
    }
  return TRUE;
}

/* --- lines ----------------------------------------------------------------------------------- */

static gboolean read_cell(const Table *t, const Column *column, const char *text, Layer *layer,
                          GError **error) {
  gint64 *member = (gint64 *)(gpointer)((char *)layer + column->offset);
  if (*text == '\0' && column->usual != 0)
    return TRUE;
  g_autofree char *expected =
      g_strdup_printf("an integer from 1 to %" G_GINT64_FORMAT, column->max);
  return g_ascii_string_to_signed(text, 10, 1, column->max, member, NULL) ||
         fail(t, column->names[0], text, expected, error);
}

/* The layer's own name, or "layer"; a number behind it where there is one like it. */
static char *unique_name(Table *t, const char *text) {
  g_autofree char *clean = cs3_config_clean(*text ? text : "layer");
  g_autofree char *name = g_strdup(clean);
  for (int i = 2; g_hash_table_contains(t->names, name); i++) {
    g_free(name);
    name = g_strdup_printf("%s.%d", clean, i);
  }
  g_hash_table_add(t->names, g_strdup(name));
  return g_steal_pointer(&name);
}

static gboolean check_window(const Table *t, Layer *layer, GError **error) {
  if (layer->stride_width < 0)
    layer->stride_width = layer->stride_height;
  if (layer->filter_height <= layer->height && layer->filter_width <= layer->width)
    return TRUE;
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
              "%s:%u: the filter is larger than its IFMAP", t->source, t->line);
  return FALSE;
}

static gboolean read_line(Table *t, char **cells, GError **error) {
  Layer layer = {0};
  for (const Column *c = t->columns; c->names[0]; c++)
    *(gint64 *)(gpointer)((char *)&layer + c->offset) = c->usual;
  guint n = g_strv_length(cells);
  for (guint i = 0; i < n; i++) {
    const Column *column = i < t->n_named ? t->of[i] : NULL;
    if (column && !read_cell(t, column, cells[i], &layer, error))
      return FALSE;
    if (i >= t->n_named && *cells[i] != '\0')
      return fail(t, "line", cells[i], "no more cells than the header has columns", error);
  }
  for (const Column *c = t->columns; c->names[0]; c++)
    if (*(gint64 *)(gpointer)((char *)&layer + c->offset) == 0)
      return fail(t, c->names[0], "", "a number", error);
  if (t->columns == convolutions && !check_window(t, &layer, error))
    return FALSE;
  if (t->layers->len >= MAX_LAYERS)
    return fail(t, "line", cells[0], "at most 4096 layers", error);
  layer.name = unique_name(t, t->name >= 0 && t->name < (int)n ? cells[t->name] : "");
  g_array_append_val(t->layers, layer);
  return TRUE;
}

/* As spreadsheets write a text. */
static void unquote(char *cell) {
  gsize n = strlen(cell);
  if (n < 2 || cell[0] != '"' || cell[n - 1] != '"')
    return;
  memmove(cell, cell + 1, n - 2);
  cell[n - 2] = '\0';
}

/* Cells without blanks and quotes around them; from '#' on there are none. %NULL: there is nothing.
 */
static char **cells_of(const char *line) {
  g_autofree char *text = g_strndup(line, strcspn(line, "#"));
  char **cells = g_strsplit(text, ",", MAX_COLUMNS + 1);
  gboolean empty = TRUE;
  for (char **cell = cells; *cell; cell++) {
    unquote(g_strstrip(*cell));
    empty &= **cell == '\0';
  }
  if (!empty)
    return cells;
  g_strfreev(cells);
  return NULL;
}

static gboolean read_lines(Table *t, const char *text, gsize size, GError **error) {
  g_autofree char *copy = g_strndup(text, size);
  g_auto(GStrv) lines =
      g_strsplit(g_str_has_prefix(copy, "\xef\xbb\xbf") ? copy + 3 : copy, "\n", -1);
  gboolean header = FALSE;
  for (char **line = lines; *line; line++) {
    t->line++;
    g_auto(GStrv) cells = cells_of(*line);
    if (!cells)
      continue;
    if (header ? !read_line(t, cells, error) : !read_header(t, cells, error))
      return FALSE;
    header = TRUE;
  }
  if (t->layers->len > 0)
    return TRUE;
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
              "%s: expected a header and at least one layer, found %s", t->source,
              header ? "a header alone" : "nothing");
  return FALSE;
}

/* --- the graph ------------------------------------------------------------------------------- */

static void open_layer(Cs3Builder *b, const Layer *layer, double rows) {
  g_autofree char *prefix = g_strconcat(layer->name, layer->count > 1 ? ".*." : ".", NULL);
  cs3_build_open(b, &(Cs3SegmentSpec){.name = layer->name,
                                      .prefix = prefix,
                                      .rows = rows,
                                      .repeat = layer->count,
                                      .block = TRUE});
}

static void build_product(Cs3Builder *b, const Layer *layer) {
  open_layer(b, layer, (double)layer->m);
  Cs3Act x = cs3_build_input(b, "input", layer->k);
  Cs3Act y = cs3_build_linear(b, "product", "weight", x, layer->n, FALSE);
  if (layer->count == 1)
    cs3_build_output(b, y);
}

/* Zeros that complete the last window. */
static gint64 behind(gint64 input, gint64 filter, gint64 stride) {
  gint64 windows = (input - filter + 2 * stride - 1) / stride;
  return MAX((windows - 1) * stride + filter - input, 0);
}

static void build_convolution(Cs3Builder *b, const Layer *layer) {
  gboolean depthwise = strstr(layer->name, "DP") != NULL;
  Cs3Filter filter = {.out = layer->filters * (depthwise ? layer->channels : 1),
                      .kernel = {layer->filter_height, layer->filter_width},
                      .stride = {layer->stride_height, layer->stride_width},
                      .groups = depthwise ? layer->channels : 1};
  filter.after[0] = behind(layer->height, layer->filter_height, layer->stride_height);
  filter.after[1] = behind(layer->width, layer->filter_width, layer->stride_width);
  open_layer(b, layer, (double)layer->height * (double)layer->width);
  Cs3Map x = cs3_build_map(b, "input", layer->channels, layer->height, layer->width);
  Cs3Map y = cs3_build_conv(b, "convolution", "weight", x, &filter);
  if (layer->count == 1)
    cs3_build_output(b, y.act);
}

static Cs3Graph *build(const Table *t) {
  Cs3Lengths none = {.capacity = 1};
  Cs3Builder *b = cs3_builder_new(NULL, &none);
  for (guint i = 0; i < t->layers->len; i++) {
    const Layer *layer = &g_array_index(t->layers, Layer, i);
    if (t->columns == convolutions)
      build_convolution(b, layer);
    else
      build_product(b, layer);
  }
  if (t->columns == convolutions)
    cs3_build_tokens(b, 1);
  return cs3_builder_finish(b);
}

static Cs3Model *model_of(const Table *t, const char *name, GError **error) {
  Cs3Graph *graph = build(t);
  g_autoptr(GArray) facts = g_array_new(FALSE, FALSE, sizeof(Cs3Fact));
  Cs3Fact layers = {"layers", t->layers->len};
  g_array_append_val(facts, layers);
  if (!cs3_graph_check(graph, t->source, error)) {
    cs3_graph_free(graph);
    return NULL;
  }
  Cs3GraphNames names = {name, "layers", t->source, facts, t->notes};
  return cs3_model_from_graph(graph, &names, error);
}

static void clear_layer(gpointer data) {
  g_free(((Layer *)data)->name);
}

Cs3Model *cs3_layer_table_parse(const char *text, gsize size, const char *source, const char *name,
                                GError **error) {
  Table t = {.source = source, .name = -1};
  t.layers = g_array_new(FALSE, FALSE, sizeof(Layer));
  g_array_set_clear_func(t.layers, clear_layer);
  t.names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  t.notes = g_ptr_array_new_with_free_func(g_free);
  Cs3Model *model = read_lines(&t, text, size, error) ? model_of(&t, name, error) : NULL;
  g_array_unref(t.layers);
  g_hash_table_unref(t.names);
  g_ptr_array_unref(t.notes);
  return model;
}
