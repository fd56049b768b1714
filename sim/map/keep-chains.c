/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Chains of stages, remembered. */
#include "config.h"

#include "sim/map/keep-chains.h"

#include <math.h>
#include <string.h>

typedef struct {
  Cs3MemoKey key;
  double cycles, enough; /* INFINITY: no chain is within `enough` */
  gsize size;
  GList *use; /* its place in the order of use */
  guint chosen[];
} Chain;

struct Cs3KeepChains {
  GMutex lock;
  GHashTable *known; /* of Chain, which begin with their key */
  GQueue used;       /* of Chain, the last used first */
  gsize budget, size;
};

static guint key_hash(gconstpointer key) {
  return (guint)((const Cs3MemoKey *)key)->word[0];
}

static gboolean key_equal(gconstpointer a, gconstpointer b) {
  return memcmp(a, b, sizeof(Cs3MemoKey)) == 0;
}

Cs3KeepChains *cs3_keep_chains_new(gsize bytes) {
  Cs3KeepChains *chains = g_new0(Cs3KeepChains, 1);
  g_mutex_init(&chains->lock);
  chains->known = g_hash_table_new_full(key_hash, key_equal, g_free, NULL);
  g_queue_init(&chains->used);
  chains->budget = bytes;
  return chains;
}

void cs3_keep_chains_free(Cs3KeepChains *chains) {
  if (chains == NULL)
    return;
  g_queue_clear(&chains->used);
  g_hash_table_unref(chains->known);
  g_mutex_clear(&chains->lock);
  g_free(chains);
}

static void drop(Cs3KeepChains *chains, Chain *chain) {
  chains->size -= chain->size;
  g_queue_delete_link(&chains->used, chain->use);
  g_hash_table_remove(chains->known, chain);
}

gboolean cs3_keep_chains_find(Cs3KeepChains *chains, const Cs3MemoKey *key, double enough,
                              guint stages, double *cycles, guint *chosen) {
  g_mutex_lock(&chains->lock);
  Chain *chain = g_hash_table_lookup(chains->known, key);
  gboolean found = chain != NULL && (isfinite(chain->cycles) || enough <= chain->enough);
  if (found) {
    g_queue_unlink(&chains->used, chain->use);
    g_queue_push_head_link(&chains->used, chain->use);
    *cycles = chain->cycles;
    if (isfinite(chain->cycles))
      memcpy(chosen, chain->chosen, stages * sizeof *chosen);
  }
  g_mutex_unlock(&chains->lock);
  return found;
}

void cs3_keep_chains_keep(Cs3KeepChains *chains, const Cs3MemoKey *key, double enough, guint stages,
                          double cycles, const guint *chosen) {
  gsize size = sizeof(Chain) + stages * sizeof *chosen;
  Chain *chain = g_malloc(size);
  *chain = (Chain){.key = *key, .cycles = cycles, .enough = enough, .size = size};
  memcpy(chain->chosen, chosen, stages * sizeof *chosen);
  g_mutex_lock(&chains->lock);
  Chain *old = g_hash_table_lookup(chains->known, key);
  if (old != NULL)
    drop(chains, old);
  g_queue_push_head(&chains->used, chain);
  chain->use = chains->used.head;
  g_hash_table_add(chains->known, chain);
  chains->size += size;
  while (chains->size > chains->budget)
    drop(chains, g_queue_peek_tail(&chains->used));
  g_mutex_unlock(&chains->lock);
}
