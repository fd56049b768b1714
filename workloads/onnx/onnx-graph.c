/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From ONNX nodes to operators of a layer graph. */
#include "config.h"

#include "workloads/onnx/onnx-graph.h"

#include <math.h>
#include <string.h>

#include "workloads/builder-conv.h"
#include "workloads/config-reader.h"
#include "workloads/onnx/onnx-build.h"

/* --- names ------------------------------------------------------------------------------------ */

GPtrArray *cs3_onnx_names(const Cs3OnnxNet *net) {
  GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < net->works->len; i++) {
    const Onnx__NodeProto *node = g_array_index(net->works, Cs3OnnxWork, i).node;
    gboolean named = node->name != NULL && *node->name != '\0';
    char *name = cs3_config_clean(named ? node->name : node->op_type);
    g_strdelimit(name, "*", '_');
    g_autofree char *canonical = g_strdelimit(g_strdup(name), "/.", '.');
    if (!named || !g_hash_table_add(seen, g_strdup(canonical))) {
      char *numbered = g_strdup_printf("%s#%u", name, i);
      g_free(name);
      name = numbered;
    }
    g_ptr_array_add(names, name);
  }
  return names;
}

char *cs3_onnx_weight_name(const char *name, const Cs3OnnxProduct *product) {
  return g_strdup_printf("%s%s", name, product->part);
}

/* --- the rest --------------------------------------------------------------------------------- */

static void keep_inputs(Cs3OnnxBuild *build, const Cs3OnnxWork *work, Cs3Node *node) {
  guint activations = 0;
  for (guint i = 0; i < work->n_in; i++)
    activations += cs3_onnx_is_activation(cs3_onnx_root(work->in[i]));
  if (work->op->keep == CS3_ONNX_KEEP_INPUT ||
      (work->op->keep == CS3_ONNX_KEEP_BOTH &&
       (activations > 1 || work->op->kind == CS3_ONNX_REDUCE)))
    for (int i = 0; i < CS3_NODE_MAX_READS && node->reads[i] >= 0; i++)
      cs3_onnx_keep_once(node, node->reads[i]);
}

static gint64 largest_input(const Cs3OnnxWork *work) {
  gint64 most = 0;
  for (guint i = 0; i < work->n_in; i++)
    if (cs3_onnx_is_activation(cs3_onnx_root(work->in[i])))
      most = MAX(most, cs3_onnx_value_elements(cs3_onnx_root(work->in[i])));
  return most;
}

static Cs3NodeKind kind_of(const Cs3OnnxBuild *build, const Cs3OnnxWork *work) {
  static const Cs3NodeKind kinds[] = {
      [CS3_ONNX_VIEW] = CS3_NODE_VIEW,
      [CS3_ONNX_MOVE] = CS3_NODE_POOLING,
      [CS3_ONNX_POINTWISE] = CS3_NODE_ACTIVATION,
      [CS3_ONNX_NORM] = CS3_NODE_NORM,
      [CS3_ONNX_SOFTMAX] = CS3_NODE_ACTIVATION,
      [CS3_ONNX_REDUCE] = CS3_NODE_POOLING,
      [CS3_ONNX_TABLE] = CS3_NODE_EMBEDDING,
      [CS3_ONNX_PRODUCT] = CS3_NODE_LINEAR,
  };
  guint alike = 0;
  for (guint i = 0; i < work->n_in; i++)
    alike += cs3_onnx_is_activation(cs3_onnx_root(work->in[i])) &&
             cs3_onnx_value_elements(work->in[i]) == cs3_onnx_value_elements(work->out[0]);
  gboolean sum = g_str_equal(work->op->name, "Add") || g_str_equal(work->op->name, "Sum");
  gboolean twice = work->n_in == 2 && cs3_onnx_root(work->in[0]) == cs3_onnx_root(work->in[1]);
  return sum && alike == work->n_in && alike > 1 && !twice ? CS3_NODE_RESIDUAL
                                                           : kinds[work->op->kind];
}

/* A table whose rows ids select. */
static gboolean is_table(const Cs3OnnxWork *work) {
  return work->op->kind == CS3_ONNX_TABLE && work->in[0]->constant && work->in[0]->rank == 2;
}

/* A fused norm of table rows reads ids: it is no norm of what it reads. */
static Cs3NodeKind kind_written(Cs3OnnxBuild *build, const Cs3OnnxWork *work, gint64 width) {
  Cs3NodeKind kind = kind_of(build, work);
  Cs3OnnxValue *first = cs3_onnx_root(work->in[0]);
  gboolean other = kind == CS3_NODE_NORM && cs3_onnx_is_activation(first) &&
                   cs3_onnx_width(build, first) != width;
  return other ? CS3_NODE_POOLING : kind;
}

static Cs3Node *add_node(Cs3OnnxBuild *build, const Cs3OnnxWork *work, const char *label) {
  Cs3OnnxValue *out = work->out[0];
  gint64 elements = cs3_onnx_value_elements(out), width = cs3_onnx_width(build, cs3_onnx_root(out));
  double rows = (double)elements / (double)width;
  double each = (double)MAX(elements, largest_input(work)) / rows;
  gboolean table = is_table(work);
  Cs3Node node = {.label = label,
                  .kind = work->op->kind == CS3_ONNX_TABLE && !table
                              ? CS3_NODE_POOLING
                              : kind_written(build, work, width),
                  .vector_elements = work->op->vector * each,
                  .special_elements = work->op->special * each};
  if (work->op->kind == CS3_ONNX_NORM)
    node.special_elements = 2; /* square root and reciprocal */
  if (table) {
    node.out_features = width;
    node.table_rows = (double)work->in[0]->dims[0];
    node.vector_elements = (double)width;
  }
  node.parameters = cs3_onnx_claim_all(build, work);
  node.in_place = work->op->kind == CS3_ONNX_POINTWISE && largest_input(work) == elements;
  return cs3_builder_add(build->b, node, rows, node.parameters > 0 ? label : NULL);
}

/* Activations that @work reads, each once; more than an operator of the graph reads are joined some
 * at a time. Returns: how many. */
static guint find_reads(Cs3OnnxBuild *build, const Cs3OnnxWork *work, const char *label,
                        Cs3Act reads[CS3_NODE_MAX_READS]) {
  g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Cs3Act));
  for (guint i = 0; i < work->n_in; i++) {
    Cs3Act act = cs3_onnx_act(build, work->in[i]);
    gboolean there = act == CS3_NO_ACT;
    for (guint k = 0; k < all->len && !there; k++)
      there = g_array_index(all, Cs3Act, k) == act;
    if (!there)
      g_array_append_val(all, act);
  }
  for (guint part = 0; all->len > CS3_NODE_MAX_READS; part++) {
    g_autofree char *name = g_strdup_printf("%s:%u", label, part);
    Cs3Act joined =
        cs3_build_pack(build->b, name, (Cs3Act *)(gpointer)all->data, CS3_NODE_MAX_READS);
    g_array_remove_range(all, 0, CS3_NODE_MAX_READS);
    g_array_prepend_val(all, joined);
  }
  for (guint i = 0; i < all->len; i++)
    reads[i] = g_array_index(all, Cs3Act, i);
  return all->len;
}

/* Statistics of a norm; the sum that a fused one makes, too. */
static void add_statistics(Cs3OnnxBuild *build, const Cs3OnnxWork *work) {
  double rows = cs3_build_last(build->b)->rows;
  Cs3Act statistics = cs3_builder_act(build->b, "statistics", 2 * CS3_WORD_ELEMENTS, rows);
  cs3_node_write(cs3_build_last(build->b), statistics);
  cs3_node_keep(cs3_build_last(build->b), statistics);
  Cs3Act sum = work->n_out > 3 ? cs3_onnx_make_act(build, work->out[3]) : CS3_NO_ACT;
  cs3_node_write(cs3_build_last(build->b), sum);
}

static void add_other(Cs3OnnxBuild *build, const Cs3OnnxWork *work, const char *label) {
  Cs3Act reads[CS3_NODE_MAX_READS];
  guint n = find_reads(build, work, label, reads);
  Cs3Node *node = add_node(build, work, label);
  for (guint i = 0; i < n; i++)
    cs3_node_read(node, reads[i]);
  keep_inputs(build, work, node);
  Cs3Act y = cs3_onnx_make_act(build, work->out[0]);
  cs3_node_write(cs3_build_last(build->b), y);
  if (work->op->keep == CS3_ONNX_KEEP_OUTPUT)
    cs3_onnx_keep_once(cs3_build_last(build->b), y);
  if (work->op->kind == CS3_ONNX_NORM)
    add_statistics(build, work);
  for (guint i = 1; i < work->n_out && i < CS3_NODE_MAX_WRITES && work->op->kind != CS3_ONNX_NORM;
       i++) {
    Cs3Act more = cs3_onnx_make_act(build, work->out[i]);
    cs3_node_write(cs3_build_last(build->b), more);
  }
}

static void add_work(Cs3OnnxBuild *build, guint index) {
  const Cs3OnnxWork *work = &g_array_index(build->net->works, Cs3OnnxWork, index);
  const char *label = build->names->pdata[index];
  Cs3OnnxPart part = build->places[index].part;
  gboolean sized = work->n_out > 0 && cs3_onnx_is_activation(work->out[0]);
  gboolean view = work->op->kind == CS3_ONNX_VIEW && sized && work->out[0]->same != NULL;
  if (part == CS3_ONNX_ABSORBED)
    build->absorbed += cs3_onnx_claim_all(build, work);
  if (part == CS3_ONNX_ABSORBED || view || !sized)
    return;
  if (part == CS3_ONNX_ATTENDS)
    cs3_onnx_add_found(build, index, label);
  else if (work->attends)
    cs3_onnx_add_fused(build, work, label);
  else if (work->n_products > 0)
    cs3_onnx_add_products(build, work, label);
  else
    add_other(build, work, label);
}

/* --- segments --------------------------------------------------------------------------------- */

/* What is alive behind work @index - 1: made, and read from there on. */
static void drop_dead(Cs3OnnxBuild *build, guint index) {
  for (guint i = build->alive->len; i-- > 0;)
    if (GPOINTER_TO_UINT(g_hash_table_lookup(build->last, build->alive->pdata[i])) <= index)
      g_ptr_array_remove_index(build->alive, i);
}

/* All that is alive as one activation: the edge to the next segment. */
static Cs3Act pack_alive(Cs3OnnxBuild *build) {
  Cs3Act packed = CS3_NO_ACT;
  for (guint i = 0; i < build->alive->len;) {
    Cs3Act acts[CS3_NODE_MAX_READS];
    int n = 0;
    if (packed != CS3_NO_ACT)
      acts[n++] = packed;
    for (; n < CS3_NODE_MAX_READS && i < build->alive->len; i++)
      acts[n++] = cs3_onnx_act(build, build->alive->pdata[i]);
    packed = n == 1 ? acts[0] : cs3_build_pack(build->b, "pack", acts, n);
  }
  return packed;
}

/* The other way round: pairs of the first and the rest, in the order of pack_alive(). */
static void unpack_alive(Cs3OnnxBuild *build, Cs3Act packed) {
  Cs3Builder *b = build->b;
  for (guint i = 0; i < build->alive->len; i++) {
    Cs3OnnxValue *root = build->alive->pdata[i];
    if (i + 1 == build->alive->len) {
      g_hash_table_insert(build->acts, root, GINT_TO_POINTER(packed + 1));
      return;
    }
    gint64 rest = 0;
    for (guint k = i + 1; k < build->alive->len; k++)
      rest += cs3_onnx_value_elements(build->alive->pdata[k]);
    gboolean last = i + 2 == build->alive->len;
    Cs3Act like = last ? cs3_onnx_new_act(build, build->alive->pdata[i + 1])
                       : cs3_builder_act(b, "rest", rest, 1);
    Cs3Act as[] = {cs3_onnx_new_act(build, root), like}, acts[2];
    cs3_build_unpack(b, "unpack", packed, as, 2, acts);
    g_hash_table_insert(build->acts, root, GINT_TO_POINTER(acts[0] + 1));
    packed = acts[1];
  }
}

/* Segments of one stack, whose tensors have their own names. */
static void open_part(Cs3OnnxBuild *build, gint64 number, double rows) {
  GArray *segments = build->b->graph->segments;
  g_autofree char *name = g_strdup_printf("part %" G_GINT64_FORMAT, number);
  const Cs3SegmentSpec spec = {.name = name, .rows = rows, .block = TRUE, .numbers = &number};
  cs3_build_open(build->b, &spec);
  g_array_index(segments, Cs3Segment, segments->len - 1).stack = "parts";
}

static void open_first(Cs3OnnxBuild *build) {
  const Cs3OnnxNet *net = build->net;
  Cs3OnnxValue *input = NULL;
  for (guint i = 0; i < net->inputs->len; i++) {
    Cs3OnnxValue *value = net->inputs->pdata[i];
    gboolean used = g_hash_table_lookup(build->last, value) != NULL;
    if (used && (input == NULL || cs3_onnx_value_elements(value) > cs3_onnx_value_elements(input)))
      input = value;
  }
  double rows = input != NULL
                    ? (double)cs3_onnx_value_elements(input) / (double)cs3_onnx_width(build, input)
                    : 1;
  open_part(build, 0, rows);
  if (input == NULL)
    return;
  g_autofree char *name = cs3_config_clean(input->name);
  Cs3Act act = cs3_build_input(build->b, name, cs3_onnx_width(build, input));
  g_hash_table_insert(build->acts, input, GINT_TO_POINTER(act + 1));
}

/* A segment from work @index on. */
static void open_next(Cs3OnnxBuild *build, guint index, gint64 number) {
  drop_dead(build, index);
  Cs3Act output = pack_alive(build);
  cs3_build_output(build->b, output);
  Cs3Tensor edge =
      output != CS3_NO_ACT ? *cs3_builder_tensor(build->b, output) : (Cs3Tensor){.rows = 1};
  g_hash_table_remove_all(build->acts);
  open_part(build, number, edge.rows);
  if (output != CS3_NO_ACT)
    unpack_alive(build, cs3_build_input(build->b, edge.name, edge.elements));
}

/* The last operator that adds something to a segment may be none: segments without operators are
 * not opened. */
static gboolean has_operators(const Cs3OnnxBuild *build) {
  const GArray *segments = build->b->graph->segments;
  return g_array_index(segments, Cs3Segment, segments->len - 1).count > 0;
}

void cs3_onnx_build(Cs3Builder *b, const Cs3OnnxNet *net) {
  g_autofree Cs3OnnxPlace *places = cs3_onnx_cut(net);
  g_autoptr(GHashTable) acts = g_hash_table_new(NULL, NULL), claimed = g_hash_table_new(NULL, NULL),
                        last = cs3_onnx_last_uses(net), widths = g_hash_table_new(NULL, NULL);
  g_autoptr(GPtrArray) alive = g_ptr_array_new(), names = cs3_onnx_names(net);
  Cs3OnnxBuild build = {.b = b,
                        .net = net,
                        .places = places,
                        .acts = acts,
                        .claimed = claimed,
                        .last = last,
                        .widths = widths,
                        .alive = alive,
                        .names = names};
  gint64 number = 0;
  cs3_onnx_find_widths(&build);
  open_first(&build);
  for (guint i = 0; i < net->works->len; i++) {
    if (places[i].opens && has_operators(&build))
      open_next(&build, i, ++number);
    add_work(&build, i);
  }
  drop_dead(&build, net->works->len);
  cs3_build_output(b, alive->len > 0 ? cs3_onnx_act(&build, alive->pdata[alive->len - 1])
                                     : CS3_NO_ACT);
  cs3_build_tokens(b, 1);
}
