/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Live weights of matrices, drawn and counted on demand. */
#include "config.h"

#include "sim/map/weights.h"

#include <string.h>

#include "base/pages.h"

/* What is kept: a mask, or the counts per line of one. */
typedef struct {
  Cs3MemoKey key;
  GBytes *bytes; /* of a Cs3Mask pointer, or guint16 counts */
  gsize size;
  guint64 used; /* the store's clock at the last use */
} Entry;

struct Cs3WeightStore {
  Cs3Memo *memo;
  gsize budget, size;
  GMutex lock;
  GHashTable *entries; /* Cs3MemoKey in Entry -> Entry */
  guint64 clock;
};

static guint key_hash(gconstpointer key) {
  return (guint)((const Cs3MemoKey *)key)->word[0];
}

static gboolean key_equal(gconstpointer a, gconstpointer b) {
  return memcmp(a, b, sizeof(Cs3MemoKey)) == 0;
}

static void entry_free(gpointer data) {
  Entry *entry = data;
  g_bytes_unref(entry->bytes);
  g_free(entry);
}

Cs3WeightStore *cs3_weight_store_new(Cs3Memo *memo, gsize budget_bytes) {
  Cs3WeightStore *store = g_new0(Cs3WeightStore, 1);
  store->memo = memo;
  store->budget = budget_bytes;
  store->entries = g_hash_table_new_full(key_hash, key_equal, NULL, entry_free);
  g_mutex_init(&store->lock);
  return store;
}

void cs3_weight_store_free(Cs3WeightStore *store) {
  if (store == NULL)
    return;
  g_hash_table_unref(store->entries);
  g_mutex_clear(&store->lock);
  g_free(store);
}

/* (transfer full) (nullable) */
static GBytes *find(Cs3WeightStore *store, const Cs3MemoKey *key) {
  g_mutex_lock(&store->lock);
  Entry *entry = g_hash_table_lookup(store->entries, key);
  GBytes *bytes = NULL;
  if (entry != NULL) {
    entry->used = ++store->clock;
    bytes = g_bytes_ref(entry->bytes);
  }
  g_mutex_unlock(&store->lock);
  return bytes;
}

static void drop_oldest(Cs3WeightStore *store) {
  GHashTableIter iter;
  gpointer value;
  Entry *oldest = NULL;
  g_hash_table_iter_init(&iter, store->entries);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    Entry *entry = value;
    if (oldest == NULL || entry->used < oldest->used)
      oldest = entry;
  }
  store->size -= oldest->size;
  g_hash_table_remove(store->entries, &oldest->key);
}

/* Two threads may have made the same: the later one replaces the earlier. */
static void keep(Cs3WeightStore *store, const Cs3MemoKey *key, GBytes *bytes, gsize size) {
  g_mutex_lock(&store->lock);
  Entry *old = g_hash_table_lookup(store->entries, key);
  if (old != NULL)
    store->size -= old->size;
  Entry *entry = g_new(Entry, 1);
  *entry = (Entry){*key, g_bytes_ref(bytes), size, ++store->clock};
  g_hash_table_replace(store->entries, &entry->key, entry);
  store->size += size;
  while (store->size > store->budget && g_hash_table_size(store->entries) > 1)
    drop_oldest(store);
  g_mutex_unlock(&store->lock);
}

/* Free of padding, so that equal matrices have equal bytes. */
static Cs3MemoKey match_key(const Cs3WeightsSpec *spec) {
  const Cs3WeightFound *found =
      cs3_weight_match_found(spec->match, spec->node, spec->layer, spec->copy);
  gboolean drawn = spec->match->set->statistics;
  const gint64 numbers[] = {(gint64)found->digest, spec->group, spec->rows, spec->cols,
                            drawn ? (gint64)spec->seed : 0};
  Cs3MemoKey key = cs3_memo_key(NULL, "weights", sizeof "weights");
  return cs3_memo_key(&key, numbers, sizeof numbers);
}

static Cs3MemoKey pattern_key(const Cs3WeightsSpec *spec) {
  const gint64 numbers[] = {spec->rows, spec->cols, (gint64)spec->seed, (gint64)spec->stream};
  Cs3MemoKey key = cs3_memo_key(NULL, spec->pattern.text, strlen(spec->pattern.text) + 1);
  key = cs3_memo_key(&key, numbers, sizeof numbers);
  return cs3_memo_key(&key, &spec->density, sizeof spec->density);
}

static Cs3MemoKey spec_key(const Cs3WeightsSpec *spec, gboolean transposed) {
  Cs3MemoKey key = spec->match != NULL ? match_key(spec) : pattern_key(spec);
  return transposed ? cs3_memo_key(&key, "transposed", sizeof "transposed") : key;
}

static Cs3MemoKey part_key(const Cs3MemoKey *weights, const char *what, gint64 lines) {
  Cs3MemoKey key = cs3_memo_key(weights, what, strlen(what));
  return cs3_memo_key(&key, &lines, sizeof lines);
}

/* --- masks ---------------------------------------------------------------------------------- */

static const Cs3Mask *mask_in(GBytes *bytes) {
  return g_bytes_get_data(bytes, NULL);
}

static void mask_free(gpointer mask) {
  cs3_mask_free(mask);
}

/* (transfer full) (nullable): bytes around the mask itself. */
static GBytes *mask_bytes(Cs3WeightStore *store, const Cs3WeightsSpec *spec, gboolean transposed,
                          guint workers, GError **error) {
  Cs3MemoKey weights = spec_key(spec, transposed), key = part_key(&weights, "mask", 0);
  GBytes *bytes = find(store, &key);
  if (bytes != NULL)
    return bytes;
  Cs3Mask *mask;
  if (transposed) {
    g_autoptr(GBytes) straight = mask_bytes(store, spec, FALSE, workers, error);
    mask = straight != NULL ? cs3_mask_transpose(mask_in(straight), error) : NULL;
  } else if (spec->match != NULL) {
    mask = cs3_weight_match_mask(spec->match, spec->node, spec->layer, spec->copy, spec->group,
                                 spec->seed, error);
  } else {
    mask = cs3_pattern_mask(&spec->pattern, spec->rows, spec->cols, spec->density, spec->seed,
                            spec->stream, workers, error);
  }
  if (mask == NULL)
    return NULL;
  bytes = g_bytes_new_with_free_func(mask, sizeof *mask, mask_free, mask);
  keep(store, &key, bytes, cs3_pages_size(cs3_mask_bytes(mask)));
  return bytes;
}

/* --- masks that are not kept ----------------------------------------------------------------- */

/* A mask that would take more than a quarter of what is kept is drawn again whenever it is
 * counted. */
static gboolean is_passing(const Cs3WeightStore *store, const Cs3WeightsSpec *spec) {
  gint64 bytes = spec->rows * ((spec->cols + 63) / 64 * 8);
  return spec->match == NULL && cs3_pattern_has_rows(&spec->pattern) &&
         bytes > (gint64)store->budget / 4;
}

static void add_nonzeros(const Cs3Mask *window, gint64 row0, gint64 row1, gpointer total) {
  gint64 live = cs3_bits_count(cs3_mask_row(window, row0), (row1 - row0) * window->stride);
  __atomic_fetch_add((gint64 *)total, live, __ATOMIC_RELAXED);
}

static gboolean visit(const Cs3WeightsSpec *spec, guint workers, Cs3PatternVisit visitor,
                      gpointer data, GError **error) {
  return cs3_pattern_visit(&spec->pattern, spec->rows, spec->cols, spec->density, spec->seed,
                           spec->stream, workers, visitor, data, error);
}

static gboolean find_nonzeros(Cs3WeightStore *store, const Cs3WeightsSpec *spec, guint workers,
                              gint64 *nonzeros, GError **error) {
  *nonzeros = 0;
  if (is_passing(store, spec))
    return visit(spec, workers, add_nonzeros, nonzeros, error);
  g_autoptr(GBytes) bytes = mask_bytes(store, spec, FALSE, workers, error);
  if (bytes != NULL)
    *nonzeros = cs3_mask_nnz(mask_in(bytes));
  return bytes != NULL;
}

static gboolean count_nonzeros(Cs3WeightStore *store, const Cs3WeightsSpec *spec, guint workers,
                               gint64 *nonzeros, GError **error) {
  Cs3MemoKey weights = spec_key(spec, FALSE), key = part_key(&weights, "nonzeros", 0);
  gint64 answer[CS3_MEMO_VALUES] = {0};
  if (spec->match != NULL && cs3_graph_node(spec->match->graph, spec->node)->groups == 1) {
    *nonzeros = cs3_weight_match_found(spec->match, spec->node, spec->layer, spec->copy)->live;
    return TRUE;
  }
  if (!cs3_memo_find(store->memo, &key, answer)) {
    if (!find_nonzeros(store, spec, workers, &answer[0], error))
      return FALSE;
    cs3_memo_keep(store->memo, &key, answer);
  }
  *nonzeros = answer[0];
  return TRUE;
}

gboolean cs3_weights_prepare(Cs3WeightStore *store, const Cs3WeightsSpec *spec, guint workers,
                             GError **error) {
  gint64 nonzeros;
  return count_nonzeros(store, spec, workers, &nonzeros, error);
}

/* --- counts --------------------------------------------------------------------------------- */

/* The counts with their row totals behind them. Processes forked later (SimGrid's, one a run) need
 * none. */
typedef struct {
  gsize size;
  gint64 rows, lines;
} CountsHead;

enum { HEAD_BYTES = 64 };

static void counts_free(gpointer data) {
  cs3_pages_free(data, ((const CountsHead *)data)->size);
}

static guint32 *row_totals(const CountsHead *head) {
  gsize counts = (gsize)(head->rows * head->lines) * sizeof(guint16);
  return G_STRUCT_MEMBER_P(head, HEAD_BYTES + (counts + 63) / 64 * 64);
}

static Cs3LayerCounts as_counts(const CountsHead *head) {
  const guint32 *totals = row_totals(head);
  return (Cs3LayerCounts){
      .counts = G_STRUCT_MEMBER_P(head, HEAD_BYTES),
      .stride = head->lines,
      .row_weights = totals,
      .row_pairs = totals + head->rows,
  };
}

static CountsHead *counts_new(gint64 rows, gint64 lines) {
  gsize size = HEAD_BYTES + ((gsize)(rows * lines) * sizeof(guint16) + 63) / 64 * 64 +
               2 * (gsize)rows * sizeof(guint32);
  CountsHead *head = cs3_pages_new(size);
  if (head == NULL)
    g_error("no memory for %" G_GSIZE_FORMAT " bytes of counts", size); /* as g_malloc() ends */
  cs3_pages_keep(head, size);
  *head = (CountsHead){size, rows, lines};
  return head;
}

static GBytes *finish_counts(CountsHead *head) {
  Cs3LayerCounts counts = as_counts(head);
  guint32 *totals = row_totals(head);
  cs3_layer_row_totals(&counts, head->rows, head->lines, totals, totals + head->rows);
  return g_bytes_new_with_free_func(head, head->size, counts_free, head);
}

static GBytes *count(const Cs3Mask *mask, gint64 lines) {
  g_autofree gint64 *starts = cs3_mapping_starts(mask->cols, lines);
  CountsHead *head = counts_new(mask->rows, lines);
  cs3_mask_line_counts(mask, 0, mask->rows, starts, lines, (guint16 *)as_counts(head).counts);
  return finish_counts(head);
}

typedef struct {
  const Cs3LineCounter *counter;
  guint16 *counts;
  gint64 lines;
} Passing;

static void count_window(const Cs3Mask *window, gint64 row0, gint64 row1, gpointer data) {
  const Passing *p = data;
  cs3_line_counter_count(p->counter, window, row0, row1 - row0, p->counts + row0 * p->lines);
}

/* The same of a mask that is not kept. */
static GBytes *count_passing(const Cs3WeightsSpec *spec, gint64 lines, GError **error) {
  g_autofree gint64 *starts = cs3_mapping_starts(spec->cols, lines);
  g_autoptr(Cs3LineCounter) counter = cs3_line_counter_new(starts, lines);
  CountsHead *head = counts_new(spec->rows, lines);
  Passing passing = {counter, (guint16 *)as_counts(head).counts, lines};
  if (visit(spec, 1, count_window, &passing, error))
    return finish_counts(head);
  counts_free(head);
  return NULL;
}

/* No live weight in any line, in place of what cannot be read. */
static GBytes *no_counts(const Cs3WeightsLoan *loan, gint64 lines) {
  CountsHead *head = counts_new(loan->transposed ? loan->spec->cols : loan->spec->rows, lines);
  return g_bytes_new_with_free_func(head, head->size, counts_free, head);
}

/* (transfer full) (nullable) */
static GBytes *fresh_counts(Cs3WeightsLoan *loan, gint64 lines, GError **error) {
  if (!loan->transposed && is_passing(loan->store, loan->spec))
    return count_passing(loan->spec, lines, error);
  g_autoptr(GBytes) mask = mask_bytes(loan->store, loan->spec, loan->transposed, 1, error);
  return mask != NULL ? count(mask_in(mask), lines) : NULL;
}

static GBytes *count_of_store(Cs3WeightsLoan *loan, gint64 lines) {
  Cs3MemoKey key = part_key(&loan->layer.key, "counts", lines);
  GBytes *counts = find(loan->store, &key);
  if (counts != NULL)
    return counts;
  g_autoptr(GError) error = NULL;
  counts = fresh_counts(loan, lines, &error);
  if (counts == NULL && loan->spec->match == NULL)
    g_error("%s", error->message); /* drawn before: memory is short, where GLib ends too */
  if (counts == NULL) {
    if (loan->error == NULL)
      loan->error = g_steal_pointer(&error);
    return no_counts(loan, lines);
  }
  keep(loan->store, &key, counts, cs3_pages_size(g_bytes_get_size(counts)));
  return counts;
}

static Cs3LayerCounts counts_for(gpointer source, gint64 lines) {
  Cs3WeightsLoan *loan = source;
  g_clear_pointer(&loan->held, g_bytes_unref);
  loan->held = loan->mask != NULL ? count(loan->mask, lines) : count_of_store(loan, lines);
  return as_counts(g_bytes_get_data(loan->held, NULL));
}

gboolean cs3_weights_lend(Cs3WeightStore *store, const Cs3WeightsSpec *spec, gboolean transposed,
                          Cs3WeightsLoan *loan, GError **error) {
  *loan = (Cs3WeightsLoan){
      .layer = {.counts = counts_for, .memo = store->memo, .key = spec_key(spec, transposed)},
      .store = store,
      .spec = spec,
      .transposed = transposed,
  };
  loan->layer.source = loan;
  return count_nonzeros(store, spec, 1, &loan->nonzeros, error);
}

void cs3_weights_lend_mask(const Cs3Mask *mask, Cs3WeightsLoan *loan) {
  *loan = (Cs3WeightsLoan){
      .layer = {.counts = counts_for, .source = loan},
      .nonzeros = cs3_mask_nnz(mask),
      .mask = mask,
  };
}

gboolean cs3_weights_check(Cs3WeightsLoan *loan, GError **error) {
  if (loan->error == NULL)
    return TRUE;
  g_propagate_error(error, g_steal_pointer(&loan->error));
  return FALSE;
}

void cs3_weights_return(Cs3WeightsLoan *loan) {
  g_clear_error(&loan->error);
  g_clear_pointer(&loan->held, g_bytes_unref);
}
