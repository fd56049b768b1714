/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sparse Wide: all widths times sqrt(1 / (1 - s)), so that a mask of s leaves every layer its
 * FLOPs. What the network is given and what it answers (pixels, logits) keep their widths, as do
 * numbers of heads; the head is wider instead. */
#include "config.h"

#include <math.h>

#include "workloads/transform.h"

/* Channels that are multiples of a narrowest width of at least so many stay multiples of it, as
 * ResNet's that double from stage to stage (Sparse-IFT: int(64 sqrt(k)) and its doubles). */
enum { MIN_BASE = 64 };

typedef struct {
  Cs3Rewrite *r;
  const Cs3Graph *graph;
  double factor;
  gint64 base;      /* widths that it divides are rounded as it is; 1: each by itself */
  gboolean heads;   /* the base is that of heads: to the nearest; else rounded down */
  int *same;        /* by activation: another of the same width by what links them, or itself */
  gboolean *scaled; /* by root of these classes */
  gint64 *width;    /* by root: the new width */
} Wide;

/* --- activations of one width ---------------------------------------------------------------- */

static int root(const Wide *w, int t) {
  while (w->same[t] != t)
    t = w->same[t];
  return t;
}

static gint64 old_width(const Wide *w, int t) {
  return cs3_graph_tensor(w->graph, t)->elements;
}

static void link_acts(Wide *w, int a, int b) {
  if (a >= 0 && b >= 0 && old_width(w, a) == old_width(w, b))
    w->same[root(w, a)] = root(w, b);
}

static void link_node(Wide *w, const Cs3Node *node) {
  gboolean norm = node->kind == CS3_NODE_NORM;
  if (node->groups > 1) /* channel by channel */
    link_acts(w, node->reads[0], node->writes[0]);
  if (node->kind == CS3_NODE_LINEAR || node->kind == CS3_NODE_SCORES ||
      node->kind == CS3_NODE_SOFTMAX || node->kind == CS3_NODE_VALUES ||
      node->kind == CS3_NODE_LOSS)
    return;
  for (int i = 0; i < CS3_NODE_MAX_READS && node->reads[i] >= 0; i++) {
    for (int k = 0; k < (norm ? 1 : CS3_NODE_MAX_WRITES) && node->writes[k] >= 0; k++)
      link_acts(w, node->reads[i], node->writes[k]);
    if (node->kind == CS3_NODE_RESIDUAL || node->kind == CS3_NODE_ACTIVATION)
      link_acts(w, node->reads[i], node->reads[0]);
  }
}

static gboolean is_written(const Wide *w, int t) {
  for (guint i = 0; i < w->graph->nodes->len; i++)
    for (int k = 0; k < CS3_NODE_MAX_WRITES; k++)
      if (cs3_graph_node(w->graph, i)->writes[k] == t)
        return TRUE;
  return FALSE;
}

/* What nobody in @segment writes is the last output before it that is as wide. */
static void link_outside(Wide *w, const Cs3Segment *segment, guint s) {
  for (guint i = 0; i < segment->count; i++) {
    const Cs3Node *node = cs3_graph_node(w->graph, segment->first + i);
    for (int k = 0; k < CS3_NODE_MAX_READS && node->reads[k] >= 0; k++) {
      int t = node->reads[k];
      if (t == segment->input || node->kind == CS3_NODE_LOSS || is_written(w, t))
        continue;
      for (guint before = s; before-- > 0;) {
        int output = cs3_graph_segment(w->graph, before)->output;
        if (output >= 0 && old_width(w, output) == old_width(w, t)) {
          link_acts(w, t, output);
          break;
        }
      }
    }
  }
}

/* Whether @view makes one activation of what it reads, or parts of the one that it reads. */
static gboolean is_view(const Cs3Node *view, gboolean packs) {
  return view->kind == CS3_NODE_VIEW && view->reads[0] >= 0 && view->writes[0] >= 0 &&
         (packs ? view->writes[1] : view->reads[1]) < 0;
}

/* What @unpack takes out is what @pack has put in. Returns: whether that was news. */
static gboolean link_parts(Wide *w, const Cs3Node *pack, const Cs3Node *unpack) {
  gboolean news = FALSE;
  if (root(w, pack->writes[0]) != root(w, unpack->reads[0]))
    return FALSE;
  for (int k = 0; k < MIN(CS3_NODE_MAX_READS, CS3_NODE_MAX_WRITES); k++) {
    int x = pack->reads[k], y = unpack->writes[k];
    if (x < 0 || y < 0)
      break;
    gboolean apart = root(w, x) != root(w, y);
    link_acts(w, x, y);
    news |= apart && root(w, x) == root(w, y);
  }
  return news;
}

/* Packs lie in packs: a skip connection goes through one after the other. */
static void link_packs(Wide *w) {
  const GArray *nodes = w->graph->nodes;
  for (gboolean more = TRUE; more;) {
    more = FALSE;
    for (guint i = 0; i < nodes->len; i++)
      for (guint k = 0; is_view(cs3_graph_node(w->graph, i), TRUE) && k < nodes->len; k++)
        if (k != i && is_view(cs3_graph_node(w->graph, k), FALSE))
          more |= link_parts(w, cs3_graph_node(w->graph, i), cs3_graph_node(w->graph, k));
  }
}

static void link_all(Wide *w) {
  for (guint i = 0; i < w->graph->nodes->len; i++)
    link_node(w, cs3_graph_node(w->graph, i));
  for (guint s = 0; s < w->graph->segments->len; s++) {
    const Cs3Segment *segment = cs3_graph_segment(w->graph, s);
    if (s > 0)
      link_acts(w, segment->input, cs3_graph_segment(w->graph, s - 1)->output);
    if (segment->repeat > 1)
      link_acts(w, segment->input, segment->output);
    link_outside(w, segment, s);
  }
  link_packs(w);
}

/* --- which widths grow ----------------------------------------------------------------------- */

static void scale(Wide *w, int t) {
  if (t >= 0)
    w->scaled[root(w, t)] = TRUE;
}

/* Attention's parts grow together. */
static gboolean scale_attention(Wide *w, const Cs3Node *scores, const Cs3Node *values) {
  int parts[] = {scores->reads[0], scores->reads[1], values->reads[1], values->writes[0]};
  gboolean any = FALSE, all = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
    any |= w->scaled[root(w, parts[i])];
    all &= w->scaled[root(w, parts[i])];
  }
  for (guint i = 0; any && i < G_N_ELEMENTS(parts); i++)
    scale(w, parts[i]);
  return any && !all;
}

/* What the network is given: its first input, and states that no segment makes or hands on. */
static void keep_given(Wide *w) {
  g_autofree gboolean *made = g_new0(gboolean, w->graph->tensors->len + 1);
  for (guint i = 0; i < w->graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(w->graph, i);
    for (int k = 0; k < CS3_NODE_MAX_WRITES && node->writes[k] >= 0; k++)
      made[root(w, node->writes[k])] = TRUE;
  }
  for (guint s = w->graph->segments->len; s-- > 0;) {
    int input = cs3_graph_segment(w->graph, s)->input;
    if (input >= 0)
      made[root(w, input)] = s > 0;
  }
  for (int t = 0; t < (int)w->graph->tensors->len; t++)
    w->scaled[root(w, t)] &= made[root(w, t)];
}

static void find_scaled(Wide *w) {
  for (guint i = 0; i < w->graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(w->graph, i);
    if (!cs3_rewrite_is_target(node))
      continue;
    scale(w, node->reads[0]);
    for (int k = 0; k < CS3_NODE_MAX_WRITES; k++)
      scale(w, node->writes[k]);
  }
  for (gboolean more = TRUE; more;) {
    more = FALSE;
    for (guint i = 2; i < w->graph->nodes->len; i++)
      if (cs3_graph_node(w->graph, i)->kind == CS3_NODE_VALUES)
        more |= scale_attention(w, cs3_graph_node(w->graph, i - 2), cs3_graph_node(w->graph, i));
  }
  keep_given(w);
}

static gint64 divisor(gint64 a, gint64 b) {
  return b == 0 ? a : divisor(b, a % b);
}

static gboolean is_scaled(const Wide *w, int t) {
  return w->scaled[root(w, t)];
}

/* The width of heads; else the narrowest that a layer reads or writes. */
static void find_base(Wide *w) {
  gint64 heads = 0, narrowest = 0;
  for (guint i = 0; i < w->graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(w->graph, i);
    const Cs3AttentionSize *size = cs3_graph_attention(w->graph, node);
    if (node->kind == CS3_NODE_SCORES && is_scaled(w, node->reads[0]))
      heads = divisor(divisor(heads, size->head_dim), size->value_dim);
    if (!cs3_rewrite_is_target(node))
      continue;
    gint64 least = MIN(old_width(w, node->reads[0]), old_width(w, node->writes[0]));
    narrowest = narrowest == 0 ? least : MIN(narrowest, least);
  }
  w->heads = heads > 0;
  w->base = heads > 0 ? heads : narrowest >= MIN_BASE ? narrowest : 1;
}

static gint64 grown(const Wide *w, gint64 old) {
  gint64 base = w->base > 1 && old % w->base == 0 ? w->base : old;
  double wide = (double)base * w->factor;
  gboolean down = !w->heads && base == w->base;
  return old / base * MAX(1, (gint64)(down ? floor(wide + 1e-9) : floor(wide + 0.5)));
}

/* --- widths that are sums of others ---------------------------------------------------------- */

static gint64 new_width(const Wide *w, int t) {
  return w->width[root(w, t)];
}

/* Elements of a row, or of a whole sample, before and behind. */
static void sums(const Wide *w, const int *list, int room, gboolean rows, gint64 *old,
                 gint64 *now) {
  *old = *now = 0;
  for (int i = 0; i < room && list[i] >= 0; i++) {
    gint64 each = rows ? (gint64)cs3_graph_tensor(w->graph, list[i])->rows : 1;
    *old += old_width(w, list[i]) * each;
    *now += new_width(w, list[i]) * each;
  }
}

/* Activations side by side, or packed to one row. */
static void sum_widths(Wide *w, const Cs3Node *node) {
  gint64 old, now;
  gboolean view = node->kind == CS3_NODE_VIEW;
  if ((node->kind != CS3_NODE_POOLING && !view) || node->writes[0] < 0 || node->reads[0] < 0)
    return;
  for (int rows = 0; rows <= view; rows++) {
    sums(w, node->reads, CS3_NODE_MAX_READS, rows, &old, &now);
    if ((node->reads[1] >= 0 || rows) && old == old_width(w, node->writes[0]))
      w->width[root(w, node->writes[0])] = now;
    sums(w, node->writes, CS3_NODE_MAX_WRITES, rows, &old, &now);
    if (view && rows && node->reads[1] < 0 && old == old_width(w, node->reads[0]))
      w->width[root(w, node->reads[0])] = now;
  }
}

static void find_widths(Wide *w) {
  for (int t = 0; t < (int)w->graph->tensors->len; t++)
    w->width[t] = is_scaled(w, t) ? grown(w, old_width(w, t)) : old_width(w, t);
  for (guint i = 0; i < w->graph->nodes->len; i++)
    sum_widths(w, cs3_graph_node(w->graph, i));
}

/* --- operators ------------------------------------------------------------------------------- */

static double ratio_of(const Wide *w, const Cs3Node *node) {
  int t = node->writes[0] >= 0 ? node->writes[0] : node->reads[0];
  return t < 0 ? 1 : (double)new_width(w, t) / (double)old_width(w, t);
}

static gint64 stored(gint64 parameters, double ratio) {
  return (gint64)floor((double)parameters * ratio + 0.5);
}

static void widen_linear(Wide *w, Cs3Node *node) {
  const Cs3Node old = *node;
  Cs3Convolution *c = node->convolution ? &g_array_index(w->r->to->convolutions, Cs3Convolution,
                                                         node->convolution - 1)
                                        : NULL;
  gint64 out_old = 0, out = 0;
  sums(w, node->writes, CS3_NODE_MAX_WRITES, FALSE, &out_old, &out);
  node->out_features = old.out_features / out_old * out;
  node->in_features = old.in_features / old_width(w, node->reads[0]) * new_width(w, node->reads[0]);
  if (c && old.groups == c->in_channels)
    node->groups = new_width(w, node->reads[0]);
  if (c) {
    c->in_channels = new_width(w, node->reads[0]);
    c->out_channels = out;
  }
  double weights = (double)node->out_features * (double)node->in_features / (double)node->groups;
  double before = old.macs, wider = (double)out / (double)out_old;
  gboolean own = (double)old.parameters >= before;
  double rest = (double)old.parameters - (own ? before : 0);
  node->parameters = (gint64)(own ? weights : 0) + stored((gint64)rest, wider);
  node->macs = weights;
  node->vector_elements *= wider;
  w->r->changed++;
}

static void widen_norm(Wide *w, Cs3Node *node, double ratio) {
  gint64 channel = 4 * old_width(w, node->writes[0]);
  node->vector_elements *= ratio;
  node->parameters = stored(node->parameters, ratio);
  /* Statistics of channels, not of rows. */
  if (node->writes[1] >= 0 && old_width(w, node->writes[1]) == channel) {
    w->width[root(w, node->writes[1])] = 4 * new_width(w, node->writes[0]);
    node->special_elements *= ratio;
  }
}

/* The heads of the attention, once, and what is counted over them. */
static void widen_attention(Wide *w, Cs3Node *node, double ratio) {
  Cs3AttentionSize *size =
      &g_array_index(w->r->to->attentions, Cs3AttentionSize, node->attention - 1);
  const Cs3AttentionSize *old = cs3_graph_attention(w->graph, node);
  if (node->kind == CS3_NODE_SCORES) {
    double q = (double)new_width(w, node->reads[0]) / (double)old_width(w, node->reads[0]);
    size->head_dim = (gint64)((double)old->head_dim * q + 0.5);
    node->macs *= (double)size->head_dim / (double)old->head_dim;
  } else if (node->kind == CS3_NODE_VALUES) {
    size->value_dim = (gint64)((double)old->value_dim * ratio + 0.5);
    node->macs *= ratio;
  }
}

/* The division is applied to what the heads put out. */
static void widen_softmax(Wide *w, guint index) {
  Cs3Node *softmax = &g_array_index(w->r->to->nodes, Cs3Node, index);
  int y = cs3_graph_node(w->graph, index + 1)->writes[0];
  softmax->vector_elements += (double)(new_width(w, y) - old_width(w, y));
}

static void widen(Wide *w, guint index) {
  Cs3Node *node = &g_array_index(w->r->to->nodes, Cs3Node, index);
  double ratio = ratio_of(w, node);
  node->sparsifiable &= !cs3_rewrite_is_grouped(node);
  switch (node->kind) {
  case CS3_NODE_LINEAR:
    widen_linear(w, node);
    break;
  case CS3_NODE_NORM:
    widen_norm(w, node, ratio);
    break;
  case CS3_NODE_SCORES:
  case CS3_NODE_VALUES:
    widen_attention(w, node, ratio);
    break;
  case CS3_NODE_SOFTMAX:
    widen_softmax(w, index);
    break;
  case CS3_NODE_EMBEDDING:
    node->out_features = stored(node->out_features, ratio);
    node->parameters = stored(node->parameters, ratio);
    node->vector_elements *= ratio;
    break;
  case CS3_NODE_LOSS:
    break;
  case CS3_NODE_ROTARY:
  case CS3_NODE_ACTIVATION:
  case CS3_NODE_RESIDUAL:
  case CS3_NODE_ROUTING:
  case CS3_NODE_POOLING:
  case CS3_NODE_RESIZE:
  case CS3_NODE_VIEW:
  default:
    node->parameters = stored(node->parameters, ratio);
    node->vector_elements *= ratio;
    node->special_elements *= ratio;
  }
}

static gboolean apply(Cs3Rewrite *r, GError **error) {
  guint n = r->from->tensors->len;
  Wide w = {.r = r, .graph = r->from, .factor = sqrt(1 / (1 - r->sparsity))};
  w.same = g_new(int, n + 1);
  w.scaled = g_new0(gboolean, n + 1);
  w.width = g_new0(gint64, n + 1);
  for (guint t = 0; t < n; t++)
    w.same[t] = (int)t;
  link_all(&w);
  find_scaled(&w);
  find_base(&w);
  find_widths(&w);
  for (guint i = 0; i < r->from->nodes->len; i++)
    widen(&w, i);
  for (int t = 0; t < (int)n; t++)
    cs3_rewrite_tensor(r, t)->elements = new_width(&w, t);
  g_free(w.same);
  g_free(w.scaled);
  g_free(w.width);
  return TRUE;
}

const Cs3TransformOps cs3_transform_wide = {
    .name = "sparse-wide",
    .summary = "widths times the root of 1 / (1 - sparsity)",
    .apply = apply,
};
