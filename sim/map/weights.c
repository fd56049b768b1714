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

/* Counts with their row totals behind them. Processes forked later (SimGrid's, one a run) need
 * none. */
typedef struct {
  gsize size; /* of the memory, which may have been made for others */
  gint64 rows, lines;
  Cs3WeightStore *store; /* (nullable): gets the memory back */
} CountsHead;

struct Cs3WeightStore {
  Cs3Memo *memo;
  gsize budget, size;
  GMutex lock;
  GHashTable *entries; /* Cs3MemoKey in Entry -> Entry */
  guint64 clock;
  /* (nullable): memory that counts left: to get a clear page takes longer than to count into it */
  CountsHead *spare;
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
  if (store->spare != NULL)
    cs3_pages_free(store->spare, store->spare->size);
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

/* (transfer full): what the oldest entry holds; to be let go without the lock. */
static GBytes *drop_oldest(Cs3WeightStore *store) {
  GHashTableIter iter;
  gpointer value;
  Entry *oldest = NULL;
  g_hash_table_iter_init(&iter, store->entries);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    Entry *entry = value;
    if (oldest == NULL || entry->used < oldest->used)
      oldest = entry;
  }
  GBytes *bytes = g_bytes_ref(oldest->bytes);
  store->size -= oldest->size;
  g_hash_table_remove(store->entries, &oldest->key);
  return bytes;
}

/* Lets the oldest go until there is room for @size bytes beside the others, or @least are left. */
static void make_room(Cs3WeightStore *store, gsize size, guint least) {
  for (;;) {
    g_autoptr(GBytes) oldest = NULL;
    g_mutex_lock(&store->lock);
    if (store->size + size > store->budget && g_hash_table_size(store->entries) > least)
      oldest = drop_oldest(store);
    g_mutex_unlock(&store->lock);
    if (oldest == NULL)
      return;
  }
}

/* Two threads may have made the same: the later one replaces the earlier. */
static void keep(Cs3WeightStore *store, const Cs3MemoKey *key, GBytes *bytes, gsize size) {
  g_mutex_lock(&store->lock);
  Entry *old = g_hash_table_lookup(store->entries, key);
  g_autoptr(GBytes) replaced = old != NULL ? g_bytes_ref(old->bytes) : NULL;
  if (old != NULL)
    store->size -= old->size;
  Entry *entry = g_new(Entry, 1);
  *entry = (Entry){*key, g_bytes_ref(bytes), size, ++store->clock};
  g_hash_table_replace(store->entries, &entry->key, entry);
  store->size += size;
  g_mutex_unlock(&store->lock);
  make_room(store, 0, 1);
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

/* A large mask is drawn again whenever it is counted: it would push the counts out. */
enum { LARGE_MASK = 16 << 20 };

static gboolean is_passing(const Cs3WeightsSpec *spec) {
  gint64 bytes = spec->rows * ((spec->cols + 63) / 64 * 8);
  return spec->match == NULL && cs3_pattern_has_rows(&spec->pattern) && bytes > LARGE_MASK;
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
  if (is_passing(spec))
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

enum { HEAD_BYTES = 64 };

/* (nullable): the spare memory, were it neither too small nor twice as large. */
static CountsHead *take_spare(Cs3WeightStore *store, gsize size) {
  g_mutex_lock(&store->lock);
  CountsHead *head = store->spare;
  if (head != NULL && (head->size < size || head->size / 2 > size))
    head = NULL;
  if (head != NULL)
    store->spare = NULL;
  g_mutex_unlock(&store->lock);
  return head;
}

static void counts_free(gpointer data) {
  CountsHead *head = data;
  Cs3WeightStore *store = head->store;
  if (store != NULL) {
    g_mutex_lock(&store->lock);
    CountsHead *before = store->spare;
    store->spare = head;
    head = before;
    g_mutex_unlock(&store->lock);
  }
  if (head != NULL)
    cs3_pages_free(head, head->size);
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

static gsize counts_size(gint64 rows, gint64 lines) {
  return HEAD_BYTES + ((gsize)(rows * lines) * sizeof(guint16) + 63) / 64 * 64 +
         2 * (gsize)rows * sizeof(guint32);
}

/* What is in them is any. */
static CountsHead *counts_new(Cs3WeightStore *store, gint64 rows, gint64 lines) {
  gsize size = counts_size(rows, lines);
  CountsHead *head = store != NULL ? take_spare(store, size) : NULL;
  if (head == NULL) {
    head = cs3_pages_new(size);
    if (head == NULL)
      g_error("no memory for %" G_GSIZE_FORMAT " bytes of counts", size); /* as g_malloc() ends */
    cs3_pages_keep(head, size);
    head->size = size;
  }
  *head = (CountsHead){head->size, rows, lines, store};
  return head;
}

static GBytes *finish_counts(CountsHead *head) {
  Cs3LayerCounts counts = as_counts(head);
  guint32 *totals = row_totals(head);
  cs3_layer_row_totals(&counts, head->rows, head->lines, totals, totals + head->rows);
  return g_bytes_new_with_free_func(head, head->size, counts_free, head);
}

static GBytes *count(Cs3WeightStore *store, const Cs3Mask *mask, gint64 lines) {
  g_autofree gint64 *starts = cs3_mapping_starts(mask->cols, lines);
  CountsHead *head = counts_new(store, mask->rows, lines);
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
static GBytes *count_passing(Cs3WeightStore *store, const Cs3WeightsSpec *spec, gint64 lines,
                             GError **error) {
  g_autofree gint64 *starts = cs3_mapping_starts(spec->cols, lines);
  g_autoptr(Cs3LineCounter) counter = cs3_line_counter_new(starts, lines);
  CountsHead *head = counts_new(store, spec->rows, lines);
  Passing passing = {counter, (guint16 *)as_counts(head).counts, lines};
  if (visit(spec, 1, count_window, &passing, error))
    return finish_counts(head);
  counts_free(head);
  return NULL;
}

static gint64 rows_of(const Cs3WeightsLoan *loan) {
  return loan->transposed ? loan->spec->cols : loan->spec->rows;
}

/* No live weight in any line, in place of what cannot be read. */
static GBytes *no_counts(const Cs3WeightsLoan *loan, gint64 lines) {
  CountsHead *head = counts_new(NULL, rows_of(loan), lines);
  return g_bytes_new_with_free_func(head, head->size, counts_free, head);
}

/* (transfer full) (nullable) */
static GBytes *fresh_counts(Cs3WeightsLoan *loan, gint64 lines, GError **error) {
  if (!loan->transposed && is_passing(loan->spec))
    return count_passing(loan->store, loan->spec, lines, error);
  g_autoptr(GBytes) mask = mask_bytes(loan->store, loan->spec, loan->transposed, 1, error);
  return mask != NULL ? count(loan->store, mask_in(mask), lines) : NULL;
}

static GBytes *count_of_store(Cs3WeightsLoan *loan, gint64 lines) {
  Cs3MemoKey key = part_key(&loan->layer.key, "counts", lines);
  GBytes *counts = find(loan->store, &key);
  if (counts != NULL)
    return counts;
  g_autoptr(GError) error = NULL;
  make_room(loan->store, cs3_pages_size(counts_size(rows_of(loan), lines)), 0);
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
  loan->held = loan->mask != NULL ? count(NULL, loan->mask, lines) : count_of_store(loan, lines);
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
