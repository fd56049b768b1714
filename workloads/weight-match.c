/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Weights of a graph in a checkpoint, by name and shape. */
#include "config.h"

#include "workloads/weight-match.h"

#include <string.h>

#include "workloads/family.h"
#include "workloads/pattern.h"
#include "workloads/weight-names.h"
#include "workloads/workload-error.h"

/* One search: names of the set and of the graph. */
typedef struct {
  Cs3WeightMatch *match;
  GHashTable *stored; /* canonical name -> index of the entry + 1; 0: two are called so */
  GHashTable *sizes;  /* canonical name of a weight of the graph -> its output features */
  const Cs3Node *node;
  Cs3WeightFound *found;
  char *name; /* of the weight, canonical */
} Search;

static void found_clear(gpointer data) {
  Cs3WeightFound *found = data;
  g_free(found->how);
  g_free(found->reason);
}

void cs3_weight_match_free(Cs3WeightMatch *match) {
  if (match == NULL)
    return;
  g_array_unref(match->found);
  g_array_unref(match->pieces);
  g_free(match->first);
  g_free(match->used);
  g_free(match);
}

static GHashTable *stored_names(const Cs3WeightSet *set) {
  GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < set->entries->len; i++) {
    char *name = cs3_weight_name_canonical(cs3_weight_set_entry(set, i)->name);
    gboolean twice = g_hash_table_contains(names, name);
    g_hash_table_replace(names, name, GUINT_TO_POINTER(twice ? 0 : i + 1));
  }
  return names;
}

char *cs3_weight_match_name(const Cs3Graph *graph, const Cs3Node *node, gint64 instance,
                            gint64 copy) {
  g_autofree char *tensor = cs3_node_tensor(graph, node, instance, copy);
  g_autofree char *other = cs3_node_tensor(graph, node, instance, copy == 0 ? 1 : 0);
  return node->copies > 1 && strcmp(tensor, other) == 0 ? cs3_weight_name_of_expert(tensor, copy)
                                                        : g_steal_pointer(&tensor);
}

/* For offsets within fused weights. */
static GHashTable *graph_sizes(const Cs3Graph *graph) {
  GHashTable *sizes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    gint64 repeat = node->kind == CS3_NODE_LINEAR ? cs3_node_segment(graph, node)->repeat : 0;
    for (gint64 k = 0; k < repeat; k++)
      for (gint64 copy = 0; copy < node->copies; copy++) {
        g_autofree char *name = cs3_weight_match_name(graph, node, k, copy);
        g_hash_table_insert(sizes, cs3_weight_name_canonical(name),
                            GSIZE_TO_POINTER((gsize)node->out_features));
      }
  }
  return sizes;
}

G_GNUC_PRINTF(2, 3) static void give_reason(Search *s, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_free(s->found->reason);
  s->found->reason = g_strdup_vprintf(format, args);
  va_end(args);
}

/* Index of the entry called @name, or -1, with a reason where two are. */
static int find_entry(Search *s, const char *name) {
  gpointer value;
  if (!g_hash_table_lookup_extended(s->stored, name, NULL, &value))
    return -1;
  if (value == NULL)
    give_reason(s, "several tensors are called %s but for what comes before it", name);
  return (int)GPOINTER_TO_UINT(value) - 1;
}

static void add_piece(Search *s, guint entry, gint64 first, gint64 n, gint64 to) {
  Cs3WeightPiece piece = {entry, first, n, to};
  if (s->found->n_pieces++ == 0)
    s->found->piece = s->match->pieces->len;
  g_array_append_val(s->match->pieces, piece);
}

/* Whether matrix @entry is @rows x the weight's columns; @copies of them may be stacked. A kernel
 * of a convolution has its extent among the columns. */
static gboolean fits(Search *s, guint entry, gint64 rows, gboolean stacked) {
  g_autoptr(GError) error = NULL;
  gint64 cols = s->node->in_features / s->node->groups, have_rows, have_cols;
  gint64 expected = rows * (stacked ? s->node->copies : 1);
  if (!cs3_weight_set_shape(s->match->set, entry, &have_rows, &have_cols, &error)) {
    give_reason(s, "%s", error->message);
    return FALSE;
  }
  if (have_rows == expected && have_cols == cols)
    return TRUE;
  give_reason(s,
              "%s is %" G_GINT64_FORMAT " x %" G_GINT64_FORMAT ", the model needs %" G_GINT64_FORMAT
              " x %" G_GINT64_FORMAT " (output x input features)",
              cs3_weight_set_entry(s->match->set, entry)->name, have_rows, have_cols, expected,
              cols);
  return FALSE;
}

static void take_whole(Search *s, guint entry) {
  if (fits(s, entry, s->node->out_features, FALSE))
    add_piece(s, entry, 0, s->node->out_features, 0);
}

/* --- rules ------------------------------------------------------------------------------------ */

/* @part behind the first @length bytes of the weight's name, @number for its '*'. */
static char *beside(const Search *s, gsize length, const char *part, gint64 number) {
  g_autoptr(GString) name = g_string_new_len(s->name, (gssize)length);
  for (; *part != '\0'; part++)
    if (*part == '*')
      g_string_append_printf(name, "%" G_GINT64_FORMAT, number);
    else
      g_string_append_c(name, *part);
  return g_strdup(name->str);
}

/* The weight is part @k of @parts, which one matrix holds. */
static void take_part(Search *s, guint entry, char **parts, guint k, gsize length, gint64 number,
                      gboolean stacked, gboolean by_head) {
  gint64 total = 0, before = 0, out = s->node->out_features;
  for (guint i = 0; parts[i] != NULL; i++) {
    g_autofree char *name = beside(s, length, parts[i], number);
    gint64 size = (gint64)GPOINTER_TO_SIZE(g_hash_table_lookup(s->sizes, name));
    before += i < k ? size : 0;
    total += size;
  }
  if (!fits(s, entry, total, stacked))
    return;
  gint64 heads = by_head ? cs3_model_fact(s->match->graph->model, "heads") : 1;
  if (by_head && (heads < 1 || out % heads != 0 || total != out * g_strv_length(parts))) {
    give_reason(s, "its heads cannot be told apart in %s",
                cs3_weight_set_entry(s->match->set, entry)->name);
    return;
  }
  gint64 base = (stacked ? number * total : 0) + before / heads, share = out / heads;
  for (gint64 head = 0; head < heads; head++)
    add_piece(s, entry, base + head * (total / heads), share, head * share);
  s->found->how = g_strdup_printf(
      "rows %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT "%s of %s", base,
      base + (heads > 1 ? (heads - 1) * (total / heads) : 0) + share - 1,
      heads > 1 ? ", head by head," : "", cs3_weight_set_entry(s->match->set, entry)->name);
}

/* The weight is made of several matrices, one above the other, or head by head. */
static void take_parts(Search *s, char **parts, gsize length, gint64 number, gboolean by_head) {
  guint n = g_strv_length(parts);
  g_autofree int *entries = g_new(int, n);
  gint64 total = 0, heads = by_head ? cs3_model_fact(s->match->graph->model, "heads") : 1;
  g_autofree gint64 *sizes = g_new0(gint64, n);
  g_autoptr(GString) how = g_string_new(NULL);
  for (guint i = 0; i < n; i++) {
    g_autofree char *name = beside(s, length, parts[i], number);
    gint64 cols;
    if ((entries[i] = find_entry(s, name)) < 0 ||
        !cs3_weight_set_shape(s->match->set, (guint)entries[i], &sizes[i], &cols, NULL) ||
        !fits(s, (guint)entries[i], sizes[i], FALSE) || sizes[i] % heads != 0)
      return;
    total += sizes[i];
    g_string_append_printf(how, "%s%s", i > 0 ? " + " : "",
                           cs3_weight_set_entry(s->match->set, (guint)entries[i])->name);
  }
  if (total != s->node->out_features) {
    give_reason(s, "%s have %" G_GINT64_FORMAT " rows, the model needs %" G_GINT64_FORMAT, how->str,
                total, s->node->out_features);
    return;
  }
  for (gint64 head = 0, to = 0; head < heads; head++)
    for (guint i = 0; i < n; to += sizes[i] / heads, i++)
      add_piece(s, (guint)entries[i], head * (sizes[i] / heads), sizes[i] / heads, to);
  s->found->how = g_strdup(how->str);
}

static void try_rule(Search *s, const Cs3WeightRule *rule) {
  g_auto(GStrv) parts = g_strsplit(rule->graph, "+", -1);
  g_auto(GStrv) stored = g_strsplit(rule->stored, "+", -1);
  for (guint k = 0; parts[k] != NULL; k++) {
    gint64 number;
    const char *at = cs3_weight_name_ends(s->name, parts[k], &number);
    if (at == NULL)
      continue;
    gsize length = (gsize)(at - s->name);
    if (stored[1] != NULL) {
      take_parts(s, stored, length, number, rule->by_head);
      return;
    }
    g_autofree char *name = beside(s, length, stored[0], number);
    int entry = find_entry(s, name);
    gboolean stacked = number >= 0 && strchr(stored[0], '*') == NULL;
    if (entry >= 0)
      take_part(s, (guint)entry, parts, k, length, number, stacked, rule->by_head);
    return;
  }
}

static void try_rules(Search *s, const Cs3WeightRule *rule) {
  for (; rule != NULL && rule->graph != NULL && s->found->n_pieces == 0; rule++)
    try_rule(s, rule);
}

/* The entry called @name, or by the rules for names of one weight. */
static int find_renamed(Search *s, const char *name) {
  int entry = find_entry(s, name);
  for (const Cs3WeightRule *rule = cs3_weight_rules(); entry < 0 && rule->graph != NULL; rule++) {
    gint64 number;
    const char *at = cs3_weight_name_ends(name, rule->graph, &number);
    if (at == NULL || strpbrk(rule->stored, "+*") != NULL)
      continue;
    g_autofree char *other = g_strdup_printf("%.*s%s", (int)(at - name), name, rule->stored);
    entry = find_entry(s, other);
  }
  return entry;
}

/* A head without parameters of its own is the embedding table. */
static void try_tied(Search *s) {
  const Cs3Graph *graph = s->match->graph;
  if (s->node->parameters > s->node->out_features)
    return;
  for (guint i = 0; i < graph->nodes->len && s->found->n_pieces == 0; i++) {
    const Cs3Node *table = cs3_graph_node(graph, i);
    if (table->kind != CS3_NODE_EMBEDDING || table->tensor == NULL ||
        table->table_rows != (double)s->node->out_features ||
        table->out_features != s->node->in_features)
      continue;
    g_autofree char *tensor = cs3_node_tensor(graph, table, 0, 0);
    g_autofree char *name = cs3_weight_name_canonical(tensor);
    int entry = find_renamed(s, name);
    if (entry < 0)
      continue;
    take_whole(s, (guint)entry);
    s->found->how =
        g_strdup_printf("tied to %s", cs3_weight_set_entry(s->match->set, (guint)entry)->name);
  }
}

/* Those of the model's family; a graph may be of none. */
static void try_own_rules(Search *s) {
  const Cs3Family *family = s->match->graph->model->ops;
  if (family)
    try_rules(s, family->weights);
}

static void search(Search *s) {
  int entry = find_entry(s, s->name);
  if (entry >= 0)
    take_whole(s, (guint)entry);
  else if (s->found->reason == NULL)
    try_own_rules(s);
  if (s->found->n_pieces == 0 && s->found->reason == NULL)
    try_rules(s, cs3_weight_rules());
  if (s->found->n_pieces == 0 && s->found->reason == NULL)
    try_tied(s);
  if (s->found->n_pieces == 0 && s->found->reason == NULL)
    give_reason(s, "no tensor of that name, fused, split or tied");
  for (guint i = 0; i < s->found->n_pieces; i++)
    s->match->used[g_array_index(s->match->pieces, Cs3WeightPiece, s->found->piece + i).entry] =
        TRUE;
  if (s->found->n_pieces > 0)
    g_clear_pointer(&s->found->reason, g_free);
}

static void search_node(Search *s, guint index) {
  const Cs3Graph *graph = s->match->graph;
  s->node = cs3_graph_node(graph, index);
  gint64 repeat = s->node->kind == CS3_NODE_LINEAR ? cs3_node_segment(graph, s->node)->repeat : 0;
  for (gint64 k = 0; k < repeat; k++)
    for (gint64 copy = 0; copy < s->node->copies; copy++) {
      Cs3WeightFound found = {.node = index, .instance = k, .copy = copy};
      g_autofree char *tensor = cs3_weight_match_name(graph, s->node, k, copy);
      g_autofree char *name = cs3_weight_name_canonical(tensor);
      s->name = name;
      s->found = &found;
      search(s);
      g_array_append_val(s->match->found, found);
    }
}

Cs3WeightMatch *cs3_weight_match_new(const Cs3Graph *graph, Cs3WeightSet *set) {
  Cs3WeightMatch *match = g_new0(Cs3WeightMatch, 1);
  match->graph = graph;
  match->set = set;
  match->found = g_array_new(FALSE, FALSE, sizeof(Cs3WeightFound));
  g_array_set_clear_func(match->found, found_clear);
  match->pieces = g_array_new(FALSE, FALSE, sizeof(Cs3WeightPiece));
  match->first = g_new0(guint, graph->nodes->len + 1);
  match->used = g_new0(gboolean, set->entries->len);
  g_autoptr(GHashTable) stored = stored_names(set), sizes = graph_sizes(graph);
  Search s = {.match = match, .stored = stored, .sizes = sizes};
  for (guint i = 0; i < graph->nodes->len; i++) {
    match->first[i] = match->found->len;
    search_node(&s, i);
  }
  match->first[graph->nodes->len] = match->found->len;
  return match;
}

/* --- counts and masks ------------------------------------------------------------------------- */

static gboolean all_found(const Cs3WeightMatch *match, GError **error) {
  const Cs3WeightFound *missing = NULL;
  guint n = 0;
  for (guint i = 0; i < match->found->len; i++) {
    const Cs3WeightFound *found = &g_array_index(match->found, Cs3WeightFound, i);
    if (found->n_pieces > 0)
      continue;
    missing = missing != NULL ? missing : found;
    n++;
  }
  if (missing == NULL)
    return TRUE;
  const Cs3Node *node = cs3_graph_node(match->graph, missing->node);
  g_autofree char *name =
      cs3_weight_match_name(match->graph, node, missing->instance, missing->copy);
  g_autofree char *more = n > 1 ? g_strdup_printf(", and %u more", n - 1) : g_strdup("");
  return cs3_checkpoint_fail(match->set->path, error,
                             "%s: %s%s; %u of %u weights of %s are missing ('cs3sim inspect %s "
                             "--weights PATH' lists them)",
                             name, missing->reason, more, n, match->found->len,
                             match->graph->model->name, match->graph->model->name);
}

static guint64 digest_of(const Cs3WeightMatch *match, const Cs3WeightFound *found) {
  g_autoptr(GString) text = g_string_new(match->set->statistics ? "statistics" : "weights");
  for (guint i = 0; i < found->n_pieces; i++) {
    const Cs3WeightPiece *p = &g_array_index(match->pieces, Cs3WeightPiece, found->piece + i);
    const Cs3WeightCounts *c = &cs3_weight_set_entry(match->set, p->entry)->counts;
    g_string_append_printf(text,
                           " %" G_GINT64_MODIFIER "x %" G_GINT64_FORMAT " %" G_GINT64_FORMAT
                           " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT,
                           c->digest, c->rows, c->cols, p->first, p->n, p->to);
  }
  return cs3_pattern_stream(text->str);
}

gint64 cs3_weight_match_live(const Cs3WeightMatch *match, const Cs3WeightFound *found) {
  gint64 live = 0;
  for (guint i = 0; i < found->n_pieces; i++) {
    const Cs3WeightPiece *p = &g_array_index(match->pieces, Cs3WeightPiece, found->piece + i);
    const guint32 *by_row = cs3_weight_set_entry(match->set, p->entry)->counts.by_row;
    for (gint64 row = p->first; row < p->first + p->n; row++)
      live += by_row[row];
  }
  return live;
}

gboolean cs3_weight_match_count(Cs3WeightMatch *match, guint workers, GError **error) {
  if (!all_found(match, error))
    return FALSE;
  for (guint i = 0; i < match->set->entries->len; i++)
    if (match->used[i] && !cs3_weight_set_count(match->set, i, workers, error))
      return FALSE;
  for (guint i = 0; i < match->found->len; i++) {
    Cs3WeightFound *found = &g_array_index(match->found, Cs3WeightFound, i);
    found->live = cs3_weight_match_live(match, found);
    found->digest = digest_of(match, found);
    if (found->live > 0)
      continue;
    const Cs3Node *node = cs3_graph_node(match->graph, found->node);
    g_autofree char *name = cs3_weight_match_name(match->graph, node, found->instance, found->copy);
    return cs3_checkpoint_fail(match->set->path, error, "%s: all of its weights are zero", name);
  }
  return TRUE;
}

/* Rows @first to @first + @n - 1 of the matrix of @p. */
static Cs3Mask *piece_rows(const Cs3WeightMatch *match, const Cs3WeightPiece *p, gint64 first,
                           gint64 n, guint64 seed, GError **error) {
  guint64 stream = cs3_pattern_stream(cs3_weight_set_entry(match->set, p->entry)->name);
  return cs3_weight_set_rows(match->set, p->entry, first, n, seed, stream, error);
}

/* Puts rows [@low, @high) of the weight that @p has into @mask, whose first row is @low. */
static gboolean put(const Cs3WeightMatch *match, const Cs3WeightPiece *p, gint64 low, gint64 high,
                    guint64 seed, Cs3Mask *mask, GError **error) {
  gint64 begin = MAX(low, p->to), end = MIN(high, p->to + p->n);
  if (begin >= end)
    return TRUE;
  g_autoptr(Cs3Mask) part =
      piece_rows(match, p, p->first + begin - p->to, end - begin, seed, error);
  if (part == NULL)
    return FALSE;
  memcpy(cs3_mask_row(mask, begin - low), part->bits,
         (gsize)((end - begin) * mask->stride) * sizeof *mask->bits);
  return TRUE;
}

Cs3Mask *cs3_weight_match_mask(const Cs3WeightMatch *match, guint node, gint64 instance,
                               gint64 copy, gint64 group, guint64 seed, GError **error) {
  const Cs3Node *n = cs3_graph_node(match->graph, node);
  const Cs3WeightFound *found = cs3_weight_match_found(match, node, instance, copy);
  const Cs3WeightPiece *pieces = &g_array_index(match->pieces, Cs3WeightPiece, found->piece);
  gint64 rows = n->out_features / n->groups, low = group * rows;
  if (found->n_pieces == 1)
    return piece_rows(match, pieces, pieces->first + low, rows, seed, error);
  g_autoptr(Cs3Mask) mask = cs3_mask_new(rows, n->in_features / n->groups, error);
  for (guint i = 0; mask != NULL && i < found->n_pieces; i++)
    if (!put(match, &pieces[i], low, low + rows, seed, mask, error))
      return NULL;
  return g_steal_pointer(&mask);
}
