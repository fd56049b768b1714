/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What holds in every layer graph, whoever made it. */
#include "config.h"

#include "workloads/graph-check.h"

#include <math.h>

#include "workloads/config-reader.h"
#include "workloads/lifetimes.h"
#include "workloads/workload-error.h"

/* Rows are shares of tokens times experts: rounded. */
#define SAME_ROWS 1e-9

typedef struct {
  const Cs3Graph *graph;
  const char *source;
  const Cs3Segment *segment;
  guint index;   /* of the segment */
  guint owned;   /* activations that it has to do with */
  guint *owner;  /* by tensor: 1 + segment */
  guint *writer; /* by tensor: 1 + node */
  guint *reader; /* by tensor: 1 + the first node that reads it */
  GError **error;
} Check;

static gboolean refuse(const Check *c, const Cs3Node *node, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
static gboolean refuse(const Check *c, const Cs3Node *node, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_autofree char *what = g_strdup_vprintf(format, args);
  va_end(args);
  const Cs3Node *first = &g_array_index(c->graph->nodes, Cs3Node, c->segment->first);
  g_autofree char *label = node ? cs3_config_clean(node->label) : NULL;
  g_autofree char *place =
      node ? g_strdup_printf(".operators[%u] (%s)", (guint)(node - first), label) : g_strdup("");
  g_set_error(c->error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA, "%s: segments[%u]%s: %s",
              c->source, c->index, place, what);
  return FALSE;
}

static const char *name_of(const Check *c, int tensor) {
  return cs3_graph_tensor(c->graph, tensor)->name;
}

static gboolean lists(const int *list, guint room, int tensor) {
  for (guint i = 0; i < room && list[i] >= 0; i++)
    if (list[i] == tensor)
      return TRUE;
  return FALSE;
}

/* --- who reads and writes what --------------------------------------------------------------- */

static gboolean owns(Check *c, const Cs3Node *node, int tensor) {
  guint mine = c->index + 1;
  c->owned += c->owner[tensor] == 0;
  if (c->owner[tensor] == 0)
    c->owner[tensor] = mine;
  return c->owner[tensor] == mine || refuse(c, node, "'%s' is an activation of segments[%u]",
                                            name_of(c, tensor), c->owner[tensor] - 1);
}

static gboolean check_reads(Check *c, const Cs3Node *node, guint index) {
  for (guint i = 0; i < CS3_NODE_MAX_READS && node->reads[i] >= 0; i++) {
    int tensor = node->reads[i];
    if (!owns(c, node, tensor))
      return FALSE;
    if (c->reader[tensor] == 0)
      c->reader[tensor] = index + 1;
  }
  return TRUE;
}

static gboolean check_writes(Check *c, const Cs3Node *node, guint index) {
  for (guint i = 0; i < CS3_NODE_MAX_WRITES && node->writes[i] >= 0; i++) {
    int tensor = node->writes[i];
    if (!owns(c, node, tensor))
      return FALSE;
    if (c->writer[tensor] > 0)
      return refuse(c, node, "writes '%s', which %s has written", name_of(c, tensor),
                    cs3_graph_node(c->graph, c->writer[tensor] - 1)->label);
    if (c->reader[tensor] > 0)
      return refuse(c, node, "writes '%s' after %s has read it", name_of(c, tensor),
                    cs3_graph_node(c->graph, c->reader[tensor] - 1)->label);
    if (tensor == c->segment->input)
      return refuse(c, node, "writes '%s', the input of its segment", name_of(c, tensor));
    c->writer[tensor] = index + 1;
  }
  return TRUE;
}

static gboolean check_keeps(Check *c, const Cs3Node *node) {
  for (guint i = 0; i < CS3_NODE_MAX_KEEPS && node->keeps[i] >= 0; i++)
    if (!lists(node->reads, CS3_NODE_MAX_READS, node->keeps[i]) &&
        !lists(node->writes, CS3_NODE_MAX_WRITES, node->keeps[i]))
      return refuse(c, node, "keeps '%s', which it neither reads nor writes",
                    name_of(c, node->keeps[i]));
  return TRUE;
}

static gboolean check_label(Check *c, const Cs3Node *node, guint index) {
  for (guint i = c->segment->first; i < index; i++)
    if (g_str_equal(cs3_graph_node(c->graph, i)->label, node->label))
      return refuse(c, node, "has the name of operators[%u]", i - c->segment->first);
  return TRUE;
}

/* --- whether it fits ------------------------------------------------------------------------- */

static gboolean same_rows(double a, double b) {
  return fabs(a - b) <= SAME_ROWS * MAX(a, b);
}

/* Element by element: what is read first is as wide as what is written first; gates of an
 * activation may lie side by side. */
static gboolean check_elements(Check *c, const Cs3Node *node) {
  if (node->reads[0] < 0 || node->writes[0] < 0)
    return TRUE;
  const Cs3Tensor *x = cs3_graph_tensor(c->graph, node->reads[0]);
  const Cs3Tensor *y = cs3_graph_tensor(c->graph, node->writes[0]);
  gboolean gates = node->kind == CS3_NODE_ACTIVATION && x->elements % y->elements == 0;
  return x->elements == y->elements || gates ||
         refuse(c, node,
                "'%s' of %" G_GINT64_FORMAT " elements does not fit '%s' of %" G_GINT64_FORMAT,
                x->name, x->elements, y->name, y->elements);
}

/* Rows that several weights work through, or one by one those of which @rows are given. */
static gboolean fits_copies(const Cs3Node *node, double rows) {
  double times = cs3_node_rows(node) / rows;
  return same_rows(times, floor(times + 0.5)) &&
         fmod((double)node->copies, floor(times + 0.5)) == 0;
}

/* The first @room that it writes have as many rows as go through it. */
static gboolean check_rows(Check *c, const Cs3Node *node, guint room) {
  for (guint i = 0; i < room && node->writes[i] >= 0; i++) {
    const Cs3Tensor *tensor = cs3_graph_tensor(c->graph, node->writes[i]);
    if (!fits_copies(node, tensor->rows))
      return refuse(c, node, "%g rows do not fit '%s' of %g", cs3_node_rows(node), tensor->name,
                    tensor->rows);
  }
  return TRUE;
}

/* @copies: (of what parallel ones write) times as many rows, if not added up. */
static gboolean is_map(const Cs3Tensor *x, gint64 channels, const gint64 *positions,
                       gint64 copies) {
  double rows = (double)positions[0] * (double)positions[1];
  return x->elements == channels &&
         (same_rows(x->rows, rows) || same_rows(x->rows, rows * (double)copies));
}

/* Positions that a filter reaches along one side, one more where the last one may hang over. */
static gboolean reaches(const Cs3Convolution *v, int side) {
  gint64 span = v->dilation[side] * (v->kernel[side] - 1) + 1;
  gint64 small = v->transposed ? v->input[side] : v->output[side];
  gint64 large = v->transposed ? v->output[side] : v->input[side];
  gint64 most = (large + v->before[side] + v->after[side] - span) / v->stride[side] + 1;
  return small >= most - 1 && small <= most + 1;
}

/* Feature maps on both sides, as its geometry says. */
static gboolean check_convolution(Check *c, const Cs3Node *node, const Cs3Convolution *conv) {
  const Cs3Tensor *x = cs3_graph_tensor(c->graph, node->reads[0]);
  const Cs3Tensor *y = cs3_graph_tensor(c->graph, node->writes[0]);
  gint64 kernel = conv->kernel[0] * conv->kernel[1];
  const gint64 *positions = conv->transposed ? conv->input : conv->output;
  for (int side = 0; side < 2; side++)
    if (!reaches(conv, side))
      return refuse(c, node,
                    "convolution: %" G_GINT64_FORMAT
                    " positions of the input do not give %" G_GINT64_FORMAT
                    " with a kernel of %" G_GINT64_FORMAT " and a stride of %" G_GINT64_FORMAT,
                    conv->input[side], conv->output[side], conv->kernel[side], conv->stride[side]);
  if (!is_map(x, conv->in_channels, conv->input, 1))
    return refuse(c, node, "convolution: its input does not fit '%s' (%" G_GINT64_FORMAT " x %g)",
                  x->name, x->elements, x->rows);
  if (!is_map(y, conv->out_channels, conv->output, node->copies) || node->writes[1] >= 0)
    return refuse(c, node, "convolution: its output does not fit '%s' (%" G_GINT64_FORMAT " x %g)",
                  y->name, y->elements, y->rows);
  if (node->in_features != conv->in_channels * (conv->transposed ? 1 : kernel) ||
      node->out_features != conv->out_channels * (conv->transposed ? kernel : 1))
    return refuse(c, node,
                  "convolution: %" G_GINT64_FORMAT " x %" G_GINT64_FORMAT
                  " features are not its channels and kernel",
                  node->out_features, node->in_features);
  return same_rows(node->rows, (double)positions[0] * (double)positions[1]) ||
         refuse(c, node, "convolution: %g rows are not its positions", node->rows);
}

/* Without a geometry: a layer of every row, or a filter that moves along the rows. */
static gboolean check_product(Check *c, const Cs3Node *node) {
  const Cs3Tensor *x = cs3_graph_tensor(c->graph, node->reads[0]);
  gint64 out = 0;
  for (guint i = 0; i < CS3_NODE_MAX_WRITES && node->writes[i] >= 0; i++)
    out += cs3_graph_tensor(c->graph, node->writes[i])->elements;
  if (node->out_features != out)
    return refuse(c, node,
                  "%" G_GINT64_FORMAT " out_features do not fit the %" G_GINT64_FORMAT
                  " elements that it writes",
                  node->out_features, out);
  if (node->in_features < 1 || node->in_features % x->elements != 0)
    return refuse(c, node,
                  "%" G_GINT64_FORMAT " in_features do not fit '%s' of %" G_GINT64_FORMAT
                  " elements",
                  node->in_features, x->name, x->elements);
  if (node->in_features == x->elements && !fits_copies(node, x->rows))
    return refuse(c, node, "%g rows do not fit '%s' of %g", cs3_node_rows(node), x->name, x->rows);
  return check_rows(c, node, CS3_NODE_MAX_WRITES);
}

static gboolean check_linear(Check *c, const Cs3Node *node) {
  const Cs3Convolution *conv = cs3_graph_convolution(c->graph, node);
  if (node->reads[0] < 0 || node->reads[1] >= 0 || node->writes[0] < 0)
    return refuse(c, node, "a linear layer reads one activation and writes what it makes of it");
  if (node->groups < 1 || node->out_features % node->groups != 0 ||
      node->in_features % node->groups != 0)
    return refuse(c, node,
                  "groups: expected a divisor of out_features and in_features, got"
                  " %" G_GINT64_FORMAT,
                  node->groups);
  return conv ? check_convolution(c, node, conv) : check_product(c, node);
}

static gboolean check_width(Check *c, const Cs3Node *node, int tensor, const char *what,
                            gint64 heads, gint64 width) {
  gint64 elements = tensor >= 0 ? cs3_graph_tensor(c->graph, tensor)->elements : 0;
  return elements == heads * width ||
         refuse(c, node,
                "%s: expected %" G_GINT64_FORMAT " heads of %" G_GINT64_FORMAT
                ", got %" G_GINT64_FORMAT " elements",
                what, heads, width, elements);
}

/* Heads may share a part of their keys, which is stored once. */
static gboolean check_keys(Check *c, const Cs3Node *node, const Cs3AttentionSize *size) {
  const Cs3Tensor *k = node->reads[1] >= 0 ? cs3_graph_tensor(c->graph, node->reads[1]) : NULL;
  gint64 elements = k ? k->elements : 0;
  return (elements >= size->head_dim && elements <= size->kv_heads * size->head_dim) ||
         check_width(c, node, node->reads[1], "keys", size->kv_heads, size->head_dim);
}

/* Scores, softmax and values of one attention, one after the other. */
static gboolean check_attention(Check *c, const Cs3Node *node, guint index) {
  static const Cs3NodeKind before[] = {
      [CS3_NODE_SOFTMAX] = CS3_NODE_SCORES, [CS3_NODE_VALUES] = CS3_NODE_SOFTMAX};
  const Cs3AttentionSize *size = cs3_graph_attention(c->graph, node);
  if (!size)
    return refuse(c, node, "attention: expected the one that it is part of");
  if (node->kind == CS3_NODE_SCORES)
    return check_width(c, node, node->reads[0], "queries", size->heads, size->head_dim) &&
           check_keys(c, node, size) &&
           (size->heads % size->kv_heads == 0 ||
            refuse(c, node, "kv_heads: expected a divisor of heads"));
  const Cs3Node *last = index > c->segment->first ? cs3_graph_node(c->graph, index - 1) : NULL;
  if (!last || last->kind != before[node->kind] || last->attention != node->attention)
    return refuse(c, node, "has to follow the %s of its attention",
                  cs3_node_kind_name(before[node->kind]));
  if (node->kind == CS3_NODE_SOFTMAX)
    return TRUE;
  return check_width(c, node, node->reads[0] < 0 ? -1 : node->reads[1], "values", size->kv_heads,
                     size->value_dim) &&
         check_width(c, node, node->writes[0], "output", size->heads, size->value_dim);
}

/* Members that nothing would read. */
static gboolean check_foreign(Check *c, const Cs3Node *node) {
  gboolean linear = node->kind == CS3_NODE_LINEAR;
  if (!linear && (node->in_features > 0 || node->groups > 0 || node->bias || node->sparsifiable))
    return refuse(c, node,
                  "in_features, groups, bias and sparsifiable are a linear layer's, not"
                  " of %s",
                  cs3_node_kind_name(node->kind));
  if (!linear && node->kind != CS3_NODE_EMBEDDING && node->out_features > 0)
    return refuse(c, node, "out_features are a linear layer's or a table's, not of %s",
                  cs3_node_kind_name(node->kind));
  if (node->frozen && !linear && node->parameters == 0)
    return refuse(c, node, "has no parameters: nothing can be frozen");
  if (node->kind != CS3_NODE_EMBEDDING && node->table_rows > 0)
    return refuse(c, node, "table_rows are an embedding's, not of %s",
                  cs3_node_kind_name(node->kind));
  return TRUE;
}

static gboolean check_kind(Check *c, const Cs3Node *node, guint index) {
  switch (node->kind) {
  case CS3_NODE_LINEAR:
    return check_linear(c, node);
  case CS3_NODE_SCORES:
  case CS3_NODE_SOFTMAX:
  case CS3_NODE_VALUES:
    return check_attention(c, node, index);
  case CS3_NODE_RESIDUAL:
    if (node->reads[0] < 0 || node->writes[0] < 0)
      return refuse(c, node, "reads what it adds up and writes the sum");
    return check_elements(c, node) && check_rows(c, node, 1);
  case CS3_NODE_ROTARY:
    return check_rows(c, node, CS3_NODE_MAX_WRITES);
  case CS3_NODE_NORM: /* its statistics may be those of a whole sample */
  case CS3_NODE_ACTIVATION:
    return check_elements(c, node) && check_rows(c, node, 1);
  case CS3_NODE_EMBEDDING:
    if (node->table_rows < 1 || node->out_features < 1)
      return refuse(c, node, "a table has table_rows and out_features, each at least 1");
    return TRUE;
  case CS3_NODE_ROUTING:
  case CS3_NODE_POOLING:
  case CS3_NODE_RESIZE:
  case CS3_NODE_VIEW:
  case CS3_NODE_LOSS:
  default:
    return TRUE;
  }
}

static gboolean check_node(Check *c, guint index) {
  const Cs3Node *node = cs3_graph_node(c->graph, index);
  if (!(node->rows > 0))
    return refuse(c, node, "rows: expected at least one, got %g", node->rows);
  if (node->attention > 0 && node->kind != CS3_NODE_SCORES && node->kind != CS3_NODE_SOFTMAX &&
      node->kind != CS3_NODE_VALUES)
    return refuse(c, node, "attention: is of scores, softmax and values alone");
  if (node->convolution > 0 && node->kind != CS3_NODE_LINEAR)
    return refuse(c, node, "convolution: is of a linear layer alone");
  return check_label(c, node, index) && check_reads(c, node, index) &&
         check_writes(c, node, index) && check_keeps(c, node) && check_foreign(c, node) &&
         check_kind(c, node, index);
}

/* --- segments -------------------------------------------------------------------------------- */

static gboolean check_ends(Check *c) {
  const Cs3Segment *segment = c->segment;
  if ((segment->input >= 0 && !owns(c, NULL, segment->input)) ||
      (segment->output >= 0 && !owns(c, NULL, segment->output)))
    return FALSE;
  if (segment->output >= 0 && segment->output != segment->input && c->writer[segment->output] == 0)
    return refuse(c, NULL, "output: no operator writes '%s'", name_of(c, segment->output));
  if (segment->repeat == 1 || segment->input < 0 || segment->output < 0)
    return TRUE;
  const Cs3Tensor *x = cs3_graph_tensor(c->graph, segment->input);
  const Cs3Tensor *y = cs3_graph_tensor(c->graph, segment->output);
  return (x->elements == y->elements && same_rows(x->rows, y->rows)) ||
         refuse(c, NULL,
                "is repeated, but its output '%s' (%" G_GINT64_FORMAT " x %g) is not its input '%s'"
                " (%" G_GINT64_FORMAT " x %g)",
                y->name, y->elements, y->rows, x->name, x->elements, x->rows);
}

static gboolean check_size(Check *c) {
  if (c->owned <= CS3_LIFETIMES_MAX_TENSORS)
    return TRUE;
  return refuse(c, NULL, "expected at most %d activations in a segment, got %u; split it",
                CS3_LIFETIMES_MAX_TENSORS, c->owned);
}

static gboolean check_segment(Check *c) {
  if (c->segment->count < 1 || c->segment->count > CS3_LIFETIMES_MAX_TENSORS)
    return refuse(c, NULL, "expected 1 to %d operators in a segment, got %u; split it",
                  CS3_LIFETIMES_MAX_TENSORS, c->segment->count);
  for (guint s = 0; s < c->index; s++)
    if (g_str_equal(cs3_graph_segment(c->graph, s)->name, c->segment->name))
      return refuse(c, NULL, "has the name of segments[%u]", s);
  for (guint i = 0; i < c->segment->count; i++)
    if (!check_node(c, c->segment->first + i))
      return FALSE;
  return check_ends(c) && check_size(c);
}

gboolean cs3_graph_check(const Cs3Graph *graph, const char *source, GError **error) {
  Check c = {.graph = graph,
             .source = source,
             .owner = g_new0(guint, graph->tensors->len + 1),
             .writer = g_new0(guint, graph->tensors->len + 1),
             .reader = g_new0(guint, graph->tensors->len + 1),
             .error = error};
  gboolean ok = TRUE;
  for (; ok && c.index < graph->segments->len; c.index++) {
    c.segment = cs3_graph_segment(graph, c.index);
    c.owned = 0;
    ok = check_segment(&c);
  }
  g_free(c.owner);
  g_free(c.writer);
  g_free(c.reader);
  return ok;
}

static double size_of(const Cs3Graph *graph, int tensor) {
  const Cs3Tensor *t = cs3_graph_tensor(graph, tensor);
  return (double)t->elements * t->rows;
}

char *cs3_graph_breaks(const Cs3Graph *graph) {
  const Cs3Segment *first = NULL;
  guint n = 0;
  for (guint s = 1; s < graph->segments->len; s++) {
    const Cs3Segment *before = cs3_graph_segment(graph, s - 1), *segment = before + 1;
    if (before->output < 0 || segment->input < 0 ||
        same_rows(size_of(graph, before->output), size_of(graph, segment->input)))
      continue;
    first = first ? first : segment;
    n++;
  }
  if (!first)
    return NULL;
  const Cs3Tensor *x = cs3_graph_tensor(graph, first->input);
  const Cs3Tensor *y = cs3_graph_tensor(graph, (first - 1)->output);
  return g_strdup_printf(
      "%u segment%s in something else than the one before hands on: %s begins with "
      "'%s' of %" G_GINT64_FORMAT " x %g, %s ends with '%s' of %" G_GINT64_FORMAT " x %g",
      n, n == 1 ? " takes" : "s take", first->name, x->name, x->elements, x->rows,
      (first - 1)->name, y->name, y->elements, y->rows);
}
