/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How sparse every weight tensor of a model is. */
#include "config.h"

#include "workloads/sparsity.h"

#include "base/plain-text.h"
#include "workloads/workload-error.h"

#include <math.h>
#include <string.h>

/* Tensor names listed when a filter matches none. */
enum { MAX_NAMES = 8 };

static gboolean check_value(double value, const char *what, const char *shown, GError **error) {
  if (value >= 0 && value < 1)
    return TRUE;
  g_autofree char *hint =
      value > 1 && value < 100 ? g_strdup_printf("; %g %% is %g", value, value / 100) : NULL;
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
              "%s: expected a share of zeros from 0 up to but not 1, got %s%s", what,
              CS3_CUT(shown), hint ? hint : "");
  return FALSE;
}

gboolean cs3_sparsity_parse(const char *text, const char *what, double *sparsity, GError **error) {
  char *end = NULL;
  double value = g_ascii_strtod(text, &end);
  gboolean number = end != text && *end == '\0' && !g_ascii_isspace(*text);
  if (!check_value(number ? value : NAN, what, *text ? text : "nothing", error))
    return FALSE;
  *sparsity = fabs(value); /* "-0" */
  return TRUE;
}

void cs3_sparsity_free(Cs3Sparsity *sparsity) {
  if (!sparsity)
    return;
  g_free(sparsity->first);
  g_free(sparsity->density);
  g_free(sparsity->node_density);
  g_free(sparsity);
}

static Cs3Sparsity *new_uniform(const Cs3Graph *graph, double density) {
  guint n_nodes = graph->nodes->len;
  Cs3Sparsity *s = g_new0(Cs3Sparsity, 1);
  s->graph = graph;
  s->first = g_new0(guint, n_nodes + 1);
  for (guint i = 0; i < n_nodes; i++)
    s->first[i + 1] =
        s->first[i] + (guint)cs3_node_segment(graph, cs3_graph_node(graph, i))->repeat;
  s->density = g_new(double, s->first[n_nodes]);
  s->node_density = g_new(double, n_nodes);
  for (guint i = 0; i < n_nodes; i++)
    for (guint j = s->first[i]; j < s->first[i + 1]; j++)
      s->density[j] = cs3_graph_node(graph, i)->sparsifiable ? density : 1;
  return s;
}

static gboolean fail_no_match(const Cs3Graph *graph, const char *filter, const char *glob,
                              GError **error) {
  g_autoptr(GString) names = g_string_new(NULL);
  int n = 0;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    if (node->kind == CS3_NODE_LINEAR && n++ < MAX_NAMES)
      g_string_append_printf(names, "%s%s", names->len ? ", " : "", node->tensor);
  }
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
              "sparsity filter \"%s\": no weight of a linear layer is called %s; names are %s%s",
              CS3_CUT(filter), CS3_CUT(glob), names->str, n > MAX_NAMES ? ", ..." : "");
  return FALSE;
}

/* Copies (experts) in @instance of @node whose name @spec matches. */
static gint64 count_matches(const Cs3Graph *graph, const Cs3Node *node, gint64 instance,
                            GPatternSpec *spec) {
  gint64 matches = 0;
  for (gint64 copy = 0; copy < node->copies; copy++) {
    g_autofree char *name = cs3_node_tensor(graph, node, instance, copy);
    matches += name && g_pattern_spec_match_string(spec, name) ? 1 : 0;
  }
  return matches;
}

static gboolean fail_some_experts(const Cs3Node *node, const char *filter, gint64 matches,
                                  GError **error) {
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
              "sparsity filter \"%s\": expected all experts of a layer, which are equally sparse;"
              " got %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " called %s",
              CS3_CUT(filter), matches, node->copies, node->tensor);
  return FALSE;
}

static gboolean apply_filter(Cs3Sparsity *s, const char *filter, GError **error) {
  const char *equals = strrchr(filter, '=');
  if (!equals || equals == filter) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                "sparsity filter: expected GLOB=SPARSITY, such as \"*.q_proj.weight=0.5\"; got"
                " \"%s\"",
                CS3_CUT(filter));
    return FALSE;
  }
  g_autofree char *glob = g_strndup(filter, (gsize)(equals - filter));
  g_autofree char *what = g_strdup_printf("sparsity filter \"%s\"", CS3_CUT(filter));
  double value;
  if (!cs3_sparsity_parse(equals + 1, what, &value, error))
    return FALSE;
  g_autoptr(GPatternSpec) spec = g_pattern_spec_new(glob);
  gboolean matched = FALSE;
  for (guint i = 0; i < s->graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(s->graph, i);
    gint64 repeat = cs3_node_segment(s->graph, node)->repeat;
    for (gint64 k = 0; node->kind == CS3_NODE_LINEAR && k < repeat; k++) {
      gint64 matches = count_matches(s->graph, node, k, spec);
      if (matches > 0 && matches < node->copies)
        return fail_some_experts(node, filter, matches, error);
      if (matches > 0) {
        s->density[s->first[i] + k] = 1 - value;
        matched = TRUE;
      }
    }
  }
  return matched || fail_no_match(s->graph, filter, glob, error);
}

/* The densities that @node asks for against what @pattern can give. */
static gboolean check_pattern(const Cs3Sparsity *s, guint index, const Cs3Pattern *pattern,
                              GError **error) {
  const Cs3Node *node = cs3_graph_node(s->graph, index);
  double imposed = pattern->ops->density(pattern);
  for (gint64 k = 0; k < cs3_node_segment(s->graph, node)->repeat; k++) {
    double density = cs3_sparsity_density(s, index, k);
    if (density == 1)
      continue;
    if (imposed > 0 && fabs(density - imposed) > 1e-9) {
      g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                  "%s: the pattern makes a share of %g zero; expected sparsity %g or 0, got %g",
                  node->tensor, 1 - imposed, 1 - imposed, 1 - density);
      return FALSE;
    }
    gint64 row = node->in_features / node->groups;
    if (pattern->ops->check && !pattern->ops->check(pattern, row, error)) {
      g_prefix_error(error, "%s: ", node->tensor);
      return FALSE;
    }
  }
  return TRUE;
}

static double mean_density(const Cs3Sparsity *s, guint node) {
  double first = s->density[s->first[node]], sum = 0;
  gboolean same = TRUE;
  for (guint j = s->first[node]; j < s->first[node + 1]; j++) {
    same = same && s->density[j] == first;
    sum += s->density[j];
  }
  /* Without rounding where there is nothing to average. */
  return same ? first : sum / (s->first[node + 1] - s->first[node]);
}

Cs3Sparsity *cs3_sparsity_new(const Cs3Graph *graph, double sparsity, const char *const *filters,
                              const Cs3Pattern *pattern, GError **error) {
  g_autofree char *shown = g_strdup_printf("%g", sparsity);
  if (!check_value(sparsity, "sparsity", shown, error))
    return NULL;
  g_autoptr(Cs3Sparsity) s = new_uniform(graph, 1 - sparsity);
  for (; filters && *filters; filters++)
    if (!apply_filter(s, *filters, error))
      return NULL;
  for (guint i = 0; i < graph->nodes->len; i++) {
    s->node_density[i] = mean_density(s, i);
    if (pattern && !check_pattern(s, i, pattern, error))
      return NULL;
  }
  return g_steal_pointer(&s);
}

/* Live weights of all copies of @instance of linear @node over their number. */
static double instance_density(const Cs3WeightMatch *match, guint node, gint64 instance) {
  const Cs3Node *n = cs3_graph_node(match->graph, node);
  gint64 live = 0;
  for (gint64 copy = 0; copy < n->copies; copy++)
    live += cs3_weight_match_found(match, node, instance, copy)->live;
  double each = (double)n->out_features * (double)n->in_features / (double)n->groups;
  return (double)live / (each * (double)n->copies);
}

Cs3Sparsity *cs3_sparsity_measured(const Cs3Graph *graph, const Cs3WeightMatch *match) {
  Cs3Sparsity *s = new_uniform(graph, 1);
  s->measured = TRUE;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    for (gint64 k = 0; node->kind == CS3_NODE_LINEAR && k < cs3_node_segment(graph, node)->repeat;
         k++)
      s->density[s->first[i] + k] = instance_density(match, i, k);
    s->node_density[i] = mean_density(s, i);
  }
  return s;
}

double cs3_sparsity_class(const Cs3Sparsity *sparsity, double density) {
  enum { PER_OCTAVE = 16 };
  if (!sparsity->measured || density >= 1)
    return density;
  double step = MAX(round(-log2(density) * PER_OCTAVE), 0.4); /* nothing but 1 is dense */
  return exp2(-step / PER_OCTAVE);
}

GArray *cs3_sparsity_groups(const Cs3Sparsity *sparsity, guint node) {
  GArray *groups = g_array_new(FALSE, FALSE, sizeof(Cs3SparsityGroup));
  const Cs3Graph *graph = sparsity->graph;
  gint64 repeat = cs3_node_segment(graph, cs3_graph_node(graph, node))->repeat;
  for (gint64 k = 0; k < repeat; k++) {
    double density = cs3_sparsity_class(sparsity, cs3_sparsity_density(sparsity, node, k));
    guint g = 0;
    while (g < groups->len && g_array_index(groups, Cs3SparsityGroup, g).density != density)
      g++;
    if (g < groups->len) {
      g_array_index(groups, Cs3SparsityGroup, g).count++;
    } else {
      Cs3SparsityGroup group = {.density = density, .count = 1, .first = k};
      g_array_append_val(groups, group);
    }
  }
  return groups;
}
