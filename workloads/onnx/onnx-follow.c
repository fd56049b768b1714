/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Following an ONNX graph node by node: names in scopes, branches, operators that are not known. */
#include "config.h"

#include "workloads/onnx/onnx-follow.h"

#include <string.h>

#include "workloads/config-reader.h"
#include "workloads/onnx/onnx-input.h"
#include "workloads/onnx/onnx-op.h"
#include "workloads/workload-error.h"

/* Names of one graph; a subgraph sees those around it. */
typedef struct Scope {
  GHashTable *values; /* name -> Cs3OnnxValue */
  GHashTable *infos;  /* name -> Onnx__ValueInfoProto: what the file says of its values */
  const struct Scope *outer;
} Scope;

/* --- scopes ----------------------------------------------------------------------------------- */

static void scope_open(Scope *scope, const Scope *outer) {
  *scope = (Scope){.values = g_hash_table_new(g_str_hash, g_str_equal),
                   .infos = g_hash_table_new(g_str_hash, g_str_equal),
                   .outer = outer};
}

static void scope_close(Scope *scope) {
  g_hash_table_unref(scope->values);
  g_hash_table_unref(scope->infos);
}

static Cs3OnnxValue *lookup(const Scope *scope, const char *name) {
  Cs3OnnxValue *value = NULL;
  for (; scope != NULL && value == NULL; scope = scope->outer)
    value = g_hash_table_lookup(scope->values, name);
  return value;
}

static void define(Scope *scope, const char *name, Cs3OnnxValue *value) {
  g_hash_table_insert(scope->values, (gpointer)name, value);
}

static gboolean add_initialisers(Cs3OnnxNet *net, const Onnx__GraphProto *graph, Scope *scope,
                                 GError **error) {
  for (gsize i = 0; i < graph->n_initializer; i++) {
    Cs3OnnxTensor *tensor = cs3_onnx_keep(net, g_new0(Cs3OnnxTensor, 1));
    if (!cs3_onnx_tensor_open(net->file, graph->initializer[i], tensor, error))
      return FALSE;
    define(scope, tensor->name, cs3_onnx_value_of_tensor(net, tensor->name, tensor));
  }
  for (gsize i = 0; i < graph->n_sparse_initializer; i++) {
    Cs3OnnxTensor *tensor = cs3_onnx_keep(net, g_new0(Cs3OnnxTensor, 1));
    gboolean ok =
        cs3_onnx_tensor_open_sparse(net->file, graph->sparse_initializer[i], tensor, error);
    if (tensor->live != NULL)
      cs3_onnx_keep(net, (gpointer)tensor->live);
    if (!ok)
      return FALSE;
    define(scope, tensor->name, cs3_onnx_value_of_tensor(net, tensor->name, tensor));
  }
  return TRUE;
}

static void add_infos(const Onnx__GraphProto *graph, Scope *scope) {
  for (gsize i = 0; i < graph->n_value_info; i++)
    if (graph->value_info[i]->name != NULL)
      g_hash_table_insert(scope->infos, graph->value_info[i]->name, graph->value_info[i]);
  for (gsize i = 0; i < graph->n_output; i++)
    if (graph->output[i]->name != NULL)
      g_hash_table_insert(scope->infos, graph->output[i]->name, graph->output[i]);
}

/* --- nodes ------------------------------------------------------------------------------------ */

static gboolean run_graph(Cs3OnnxNet *net, const Onnx__GraphProto *graph, Scope *scope,
                          GError **error);
static gboolean run_node(Cs3OnnxNet *net, const Onnx__NodeProto *node, Scope *scope,
                         GError **error);

/* (transfer full): "node '/conv1/Conv' (Conv)". */
static char *node_text(const Onnx__NodeProto *node) {
  const char *name = node->name != NULL && *node->name != '\0'        ? node->name
                     : node->n_output > 0 && *node->output[0] != '\0' ? node->output[0]
                                                                      : "without a name";
  return g_strdup_printf("node '%s' (%s)", name, node->op_type != NULL ? node->op_type : "nothing");
}

gboolean cs3_onnx_call_fail(Cs3OnnxCall *call, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  g_autofree char *node = node_text(call->node);
  return cs3_onnx_file_fail(call->net->file, call->error, "%s: %s", node, text);
}

static const char *domain_of(const Onnx__NodeProto *node) {
  gboolean standard = node->domain == NULL || g_str_equal(node->domain, "ai.onnx");
  return standard ? "" : node->domain;
}

static gboolean find_inputs(Cs3OnnxCall *call, const Scope *scope) {
  const Onnx__NodeProto *node = call->node;
  call->n_in = (guint)node->n_input;
  call->in = cs3_onnx_keep(call->net, g_new0(Cs3OnnxValue *, node->n_input + 1));
  for (gsize i = 0; i < node->n_input; i++) {
    if (*node->input[i] == '\0')
      continue;
    call->in[i] = lookup(scope, node->input[i]);
    if (call->in[i] == NULL)
      return cs3_onnx_call_fail(call,
                                "reads '%s', which no node before it makes: a cycle, or a value "
                                "that is missing",
                                node->input[i]);
  }
  for (guint i = 0; call->op != NULL && i < call->op->inputs; i++)
    if (i >= call->n_in || call->in[i] == NULL)
      return cs3_onnx_call_fail(call, "lacks input %u of at least %u", i + 1, call->op->inputs);
  return TRUE;
}

static void make_outputs(Cs3OnnxCall *call) {
  const Onnx__NodeProto *node = call->node;
  call->n_out = (guint)node->n_output;
  call->out = cs3_onnx_keep(call->net, g_new0(Cs3OnnxValue *, node->n_output + 1));
  gboolean constant = call->op != NULL;
  for (guint i = 0; i < call->n_in; i++)
    constant = constant && (call->in[i] == NULL || call->in[i]->constant);
  for (gsize i = 0; i < node->n_output; i++) {
    if (*node->output[i] == '\0')
      continue;
    Cs3OnnxValue *out = call->out[i] = cs3_onnx_value_new(call->net, node->output[i]);
    out->constant = constant;
    if (!constant || i > 0)
      continue;
    out->maker = node;
    out->maker_op = call->op;
    out->maker_in = call->in;
    out->n_maker_in = call->n_in;
  }
}

/* Numbers of an element-wise operator whose inputs are known. */
static void compute(Cs3OnnxCall *call) {
  Cs3OnnxValue *out = call->n_out > 0 ? call->out[0] : NULL;
  gboolean known = call->op->compute != NULL && out != NULL && call->n_in <= CS3_ONNX_MAX_RANK;
  for (guint i = 0; known && i < call->n_in; i++)
    known = call->in[i] != NULL && call->in[i]->numbers != NULL && call->in[i]->rank >= 0;
  double *numbers = known ? cs3_onnx_set_numbers(call, out) : NULL;
  gboolean whole = numbers != NULL && cs3_onnx_class(out->type) == CS3_ONNX_INTEGER;
  for (gint64 i = 0; numbers != NULL && i < out->n_numbers; i++) {
    double x[CS3_ONNX_MAX_RANK];
    for (guint k = 0; k < call->n_in; k++) {
      const Cs3OnnxValue *in = call->in[k];
      gint64 at = 0, rest = i, step = 1;
      for (int d = out->rank - 1, e = in->rank - 1; e >= 0; d--, e--) {
        at += in->dims[e] == 1 ? 0 : rest % out->dims[d] * step;
        rest /= out->dims[d];
        step *= in->dims[e];
      }
      x[k] = at < in->n_numbers ? in->numbers[at] : 0;
    }
    numbers[i] = call->op->compute(x, call->n_in);
    if (whole)
      numbers[i] = numbers[i] < 0 ? -(double)(gint64)MIN(-numbers[i], 9e18)
                                  : (double)(gint64)MIN(numbers[i], 9e18);
  }
}

static void finish_outputs(Cs3OnnxCall *call, Scope *scope) {
  for (guint i = 0; i < call->n_out; i++) {
    Cs3OnnxValue *out = call->out[i];
    if (out == NULL)
      continue;
    const Onnx__ValueInfoProto *info = g_hash_table_lookup(scope->infos, out->name);
    if (info != NULL)
      cs3_onnx_declared(out, info);
    cs3_onnx_apply_given(call->net, out);
    define(scope, out->name, out);
  }
}

/* Whether a node works on activations at each sample. */
static gboolean is_work(const Cs3OnnxCall *call) {
  gboolean works = FALSE;
  for (guint i = 0; i < call->n_out; i++)
    works |= call->out[i] != NULL && !call->out[i]->constant && call->out[i]->numbers == NULL;
  return works;
}

static void add_work(Cs3OnnxCall *call, Cs3OnnxWork *work) {
  call->net->known++;
  work->op = call->op;
  work->node = call->node;
  work->number = call->net->works->len;
  work->in = call->in;
  work->n_in = call->n_in;
  work->out = call->out;
  work->n_out = call->n_out;
  for (; work->n_out > 0 && work->out[0] == NULL; work->n_out--) /* left out, as a GRU's sequence */
    work->out++;
  if (is_work(call))
    g_array_append_val(call->net->works, *work);
}

static void note_unknown(Cs3OnnxNet *net, const Onnx__NodeProto *node) {
  const char *domain = domain_of(node);
  g_autofree char *name = g_strdup_printf("%s%s%s", domain, *domain ? "." : "", node->op_type);
  guint times = GPOINTER_TO_UINT(g_hash_table_lookup(net->unknown, name));
  g_hash_table_replace(net->unknown, g_steal_pointer(&name), GUINT_TO_POINTER(times + 1));
}

/* Limits under which nothing behind can overflow: of a matrix that is read from a file
 * (CS3_MASK_EXTENT), of rows and of matrices at once. */
static gboolean check_products(Cs3OnnxCall *call) {
  for (guint i = 0; i < call->n_in && call->op->kind == CS3_ONNX_PRODUCT; i++)
    if (call->in[i] != NULL && call->in[i]->type != 0 &&
        cs3_onnx_class(call->in[i]->type) == CS3_ONNX_OTHER)
      return cs3_onnx_call_fail(call, "multiplies %s", cs3_onnx_type_name(call->in[i]->type));
  for (guint i = 0; i < call->work->n_products; i++) {
    const Cs3OnnxProduct *p = &call->work->products[i];
    if (p->out < 1 || p->in < 1 || p->out > (gint64)1 << 24 || p->in > (gint64)1 << 24 ||
        p->copies < 1 || p->copies > 1 << 16 || !(p->rows >= 1 && p->rows <= 0x1p40))
      return cs3_onnx_call_fail(call,
                                "%" G_GINT64_FORMAT " products of %g rows with %" G_GINT64_FORMAT
                                " x %" G_GINT64_FORMAT
                                ": expected 1 to 2^16, 1 to 2^40 rows, 1 to 2^24 features",
                                p->copies, p->rows, p->out, p->in);
  }
  return TRUE;
}

static gboolean run_known(Cs3OnnxCall *call, Scope *scope) {
  Cs3OnnxWork work = {0};
  call->work = &work;
  call->opset =
      (gint64)GPOINTER_TO_SIZE(g_hash_table_lookup(call->net->opsets, domain_of(call->node)));
  if (!call->op->infer(call) || !check_products(call))
    return FALSE;
  compute(call);
  finish_outputs(call, scope);
  add_work(call, &work);
  return TRUE;
}

/* --- branches --------------------------------------------------------------------------------- */

/* The outputs of a branch under the names that the node gives them. */
static gboolean run_branch(Cs3OnnxCall *call, const char *which, Scope *scope,
                           Cs3OnnxValue **results) {
  const Onnx__AttributeProto *branch = cs3_onnx_attribute(call->node, which);
  if (branch == NULL || branch->g == NULL || branch->g->n_output < call->n_out)
    return cs3_onnx_call_fail(call, "its %s is missing or makes too little", which);
  Scope inner;
  scope_open(&inner, scope);
  gboolean ok = run_graph(call->net, branch->g, &inner, call->error);
  for (guint i = 0; ok && i < call->n_out; i++) {
    results[i] =
        lookup(&inner, branch->g->output[i]->name != NULL ? branch->g->output[i]->name : "");
    if (results[i] == NULL)
      ok = cs3_onnx_call_fail(call, "its %s does not make '%s'", which, branch->g->output[i]->name);
  }
  scope_close(&inner);
  return ok;
}

/* Which one is taken depends on data: the one with more work, and both are told. */
static gboolean run_both(Cs3OnnxCall *call, Scope *scope, Cs3OnnxValue **results) {
  Cs3OnnxNet *net = call->net;
  g_autofree Cs3OnnxValue **other = g_new0(Cs3OnnxValue *, call->n_out + 1);
  guint first = net->works->len;
  if (!run_branch(call, "then_branch", scope, results))
    return FALSE;
  guint middle = net->works->len;
  if (!run_branch(call, "else_branch", scope, other))
    return FALSE;
  double yes = cs3_onnx_range_macs(net, first, middle),
         no = cs3_onnx_range_macs(net, middle, net->works->len);
  if (yes == no && middle == first && net->works->len == middle)
    return TRUE;
  g_autofree char *condition = cs3_config_clean(call->in[0]->name);
  char *note = g_strdup_printf("which branch of If is taken depends on data ('%s'): %.0f MACs in "
                               "the one, %.0f in the other; "
                               "the larger is run (--value %s=1 or =0 decides)",
                               condition, yes, no, condition);
  g_ptr_array_add(net->notes, note);
  if (no > yes) {
    memcpy(results, other, call->n_out * sizeof *other);
    g_array_remove_range(net->works, first, middle - first);
  } else {
    g_array_set_size(net->works, middle);
  }
  return TRUE;
}

static gboolean run_if(Cs3OnnxCall *call, Scope *scope) {
  if (call->n_in < 1 || call->in[0] == NULL)
    return cs3_onnx_call_fail(call, "has no condition");
  g_autofree Cs3OnnxValue **results = g_new0(Cs3OnnxValue *, call->n_out + 1);
  const Cs3OnnxValue *condition = call->in[0];
  const char *which = condition->numbers == NULL || condition->n_numbers < 1 ? NULL
                      : condition->numbers[0] != 0                           ? "then_branch"
                                                                             : "else_branch";
  if (!(which != NULL ? run_branch(call, which, scope, results) : run_both(call, scope, results)))
    return FALSE;
  for (guint i = 0; i < call->n_out; i++)
    if (*call->node->output[i] != '\0')
      define(scope, call->node->output[i], results[i]);
  return TRUE;
}

/* An operator that is ignored does nothing: what it writes first is what it reads first. */
static void hand_on(Cs3OnnxCall *call) {
  Cs3OnnxValue *in = call->n_in > 0 ? call->in[0] : NULL,
               *out = call->n_out > 0 ? call->out[0] : NULL;
  if (in == NULL || out == NULL)
    return;
  cs3_onnx_set_shape(out, in->type, in->rank, in->dims);
  out->same = in;
  out->constant = in->constant;
}

/* --- functions of the model ----------------------------------------------------------------------
 */

static const Onnx__FunctionProto *find_function(const Cs3OnnxNet *net,
                                                const Onnx__NodeProto *node) {
  for (gsize i = 0; i < net->file->proto->n_functions; i++) {
    const Onnx__FunctionProto *f = net->file->proto->functions[i];
    const char *domain = f->domain != NULL ? f->domain : "";
    if (g_strcmp0(f->name, node->op_type) == 0 && g_str_equal(domain, domain_of(node)))
      return f;
  }
  return NULL;
}

/* Attributes that a caller hands over would have to be put in their places. */
static gboolean has_references(const Onnx__FunctionProto *f) {
  for (gsize i = 0; i < f->n_node; i++)
    for (gsize k = 0; k < f->node[i]->n_attribute; k++) {
      const char *name = f->node[i]->attribute[k]->ref_attr_name;
      if (name != NULL && *name != '\0')
        return TRUE;
    }
  return FALSE;
}

/* Its nodes, which see its inputs alone. */
static gboolean run_function(Cs3OnnxCall *call, const Onnx__FunctionProto *f, Scope *scope) {
  enum { MAX_DEPTH = 16 };
  Scope inner;
  if (has_references(f) || call->net->depth >= MAX_DEPTH || call->node->n_output > f->n_output ||
      call->n_in > f->n_input)
    return cs3_onnx_call_fail(call,
                              "a function of the model that hands on attributes, calls itself or "
                              "is given more than it has: that is not read");
  scope_open(&inner, NULL);
  for (gsize i = 0; i < call->n_in; i++)
    if (call->in[i] != NULL)
      define(&inner, f->input[i], call->in[i]);
  call->net->depth++;
  gboolean ok = TRUE;
  for (gsize i = 0; ok && i < f->n_node; i++)
    ok = run_node(call->net, f->node[i], &inner, call->error);
  call->net->depth--;
  for (gsize i = 0; ok && i < call->node->n_output; i++) {
    Cs3OnnxValue *result = lookup(&inner, f->output[i]);
    if (result == NULL)
      ok = cs3_onnx_call_fail(call, "its function does not make '%s'", f->output[i]);
    else
      define(scope, call->node->output[i], result);
  }
  scope_close(&inner);
  return ok;
}

static gboolean run_node(Cs3OnnxNet *net, const Onnx__NodeProto *node, Scope *scope,
                         GError **error) {
  const char *name = node->op_type != NULL ? node->op_type : "";
  Cs3OnnxCall call = {
      .net = net, .node = node, .op = cs3_onnx_op_find(domain_of(node), name), .error = error};
  if (!find_inputs(&call, scope))
    return FALSE;
  if (g_str_equal(name, "If") && *domain_of(node) == '\0') {
    call.n_out = (guint)node->n_output;
    return run_if(&call, scope);
  }
  const Onnx__FunctionProto *function = call.op == NULL ? find_function(net, node) : NULL;
  if (function != NULL)
    return run_function(&call, function, scope);
  make_outputs(&call);
  if (call.op != NULL)
    return run_known(&call, scope);
  note_unknown(net, node);
  if (net->given.ignore_unknown)
    hand_on(&call);
  finish_outputs(&call, scope);
  return TRUE;
}

static gboolean run_graph(Cs3OnnxNet *net, const Onnx__GraphProto *graph, Scope *scope,
                          GError **error) {
  if (!add_initialisers(net, graph, scope, error))
    return FALSE;
  add_infos(graph, scope);
  for (gsize i = 0; i < graph->n_node; i++)
    if (!run_node(net, graph->node[i], scope, error))
      return FALSE;
  return TRUE;
}

/* --- the whole -------------------------------------------------------------------------------- */

static int by_text(gconstpointer a, gconstpointer b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* (transfer full): "Loop (1), com.acme.Swish (12)". */
static char *unknown_text(const Cs3OnnxNet *net) {
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  g_autoptr(GString) text = g_string_new(NULL);
  GHashTableIter iter;
  gpointer name;
  g_hash_table_iter_init(&iter, net->unknown);
  while (g_hash_table_iter_next(&iter, &name, NULL))
    g_ptr_array_add(names, name);
  g_ptr_array_sort(names, by_text);
  for (guint i = 0; i < names->len; i++)
    g_string_append_printf(text, "%s%s (%u)", i > 0 ? ", " : "", (char *)names->pdata[i],
                           GPOINTER_TO_UINT(g_hash_table_lookup(net->unknown, names->pdata[i])));
  return g_strdup(text->str);
}

static guint unknown_nodes(const Cs3OnnxNet *net) {
  guint n = 0;
  GHashTableIter iter;
  gpointer times;
  g_hash_table_iter_init(&iter, net->unknown);
  while (g_hash_table_iter_next(&iter, NULL, &times))
    n += GPOINTER_TO_UINT(times);
  return n;
}

/* Whatever went wrong behind them, operators that are not known are the cause. */
static gboolean check_unknown(Cs3OnnxNet *net, gboolean ok, GError **error) {
  guint unknown = unknown_nodes(net);
  if (unknown == 0)
    return ok;
  g_autofree char *text = unknown_text(net);
  if (net->given.ignore_unknown && ok) {
    g_ptr_array_add(
        net->notes,
        g_strdup_printf("%u of %u nodes (%.1f %%) are ignored, of operators that are not "
                        "known: %s; how many multiply-adds they have is not known",
                        unknown, unknown + net->known, 100.0 * unknown / (unknown + net->known),
                        text));
    return TRUE;
  }
  g_autofree char *why = error != NULL && *error != NULL
                             ? g_strdup_printf("; and behind them: %s", (*error)->message)
                             : g_strdup("");
  if (!net->given.ignore_unknown)
    g_clear_error(error);
  else
    return FALSE;
  return cs3_onnx_file_fail(
      net->file, error,
      "operators that are not known: %s; --unknown-ops ignore leaves them out "
      "(%" G_GINT64_FORMAT " parameters in the file)",
      text, net->counts.floats + net->counts.quantised);
}

/* A --value of nothing changes nothing. */
static gboolean check_given(const Cs3OnnxNet *net, GError **error) {
  GHashTableIter iter;
  gpointer name;
  g_hash_table_iter_init(&iter, net->given_values);
  while (g_hash_table_iter_next(&iter, &name, NULL)) {
    if (g_hash_table_contains(net->given_used, name))
      continue;
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                "--value %s: no value of at most %" G_GINT64_FORMAT
                " elements is called so in the graph that is run",
                (char *)name, CS3_ONNX_NUMBERS);
    return FALSE;
  }
  return TRUE;
}

static void find_outputs(Cs3OnnxNet *net, const Scope *scope) {
  const Onnx__GraphProto *graph = net->file->proto->graph;
  for (gsize i = 0; i < graph->n_output; i++) {
    const char *name = graph->output[i]->name;
    Cs3OnnxValue *value = name != NULL ? lookup(scope, name) : NULL;
    if (value != NULL)
      g_ptr_array_add(net->outputs, value);
  }
}

static gboolean run_model(Cs3OnnxNet *net, GError **error) {
  const Onnx__GraphProto *graph = net->file->proto->graph;
  if (!cs3_onnx_count(net, error))
    return FALSE;
  if (graph->n_node == 0)
    return cs3_onnx_file_fail(net->file, error,
                              "its graph has no nodes: nothing to run (%" G_GINT64_FORMAT
                              " parameters in initialisers)",
                              net->counts.floats + net->counts.quantised);
  if (!cs3_onnx_read_given(net, error) || !cs3_onnx_add_inputs(net, error))
    return FALSE;
  Scope scope;
  scope_open(&scope, NULL);
  for (guint i = 0; i < net->inputs->len; i++) {
    Cs3OnnxValue *input = net->inputs->pdata[i];
    define(&scope, input->name, input);
  }
  gboolean ok = check_unknown(net, run_graph(net, graph, &scope, error), error);
  find_outputs(net, &scope);
  scope_close(&scope);
  return ok && check_given(net, error);
}

Cs3OnnxNet *cs3_onnx_net_new(Cs3OnnxFile *file, const Cs3OnnxGiven *given, GError **error) {
  g_autoptr(Cs3OnnxNet) net = g_new0(Cs3OnnxNet, 1);
  net->file = file;
  net->given = *given;
  net->works = g_array_new(FALSE, FALSE, sizeof(Cs3OnnxWork));
  net->inputs = g_ptr_array_new();
  net->outputs = g_ptr_array_new();
  net->notes = g_ptr_array_new_with_free_func(g_free);
  net->memory = g_ptr_array_new_with_free_func(g_free);
  net->unknown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  net->opsets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  net->given_used = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  net->given_values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  for (gsize i = 0; i < file->proto->n_opset_import; i++) {
    const Onnx__OperatorSetIdProto *set = file->proto->opset_import[i];
    gboolean standard = set->domain == NULL || g_str_equal(set->domain, "ai.onnx");
    g_hash_table_replace(net->opsets, g_strdup(standard ? "" : set->domain),
                         GSIZE_TO_POINTER((gsize)set->version));
  }
  return run_model(net, error) ? g_steal_pointer(&net) : NULL;
}
