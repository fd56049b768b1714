/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Footprints, remembered. */
#include "config.h"

#include "sim/map/keep-rooms.h"

#include <string.h>

/* Of footprints beyond which the store begins anew; what is in use stays until it is returned. */
enum { MOST_BYTES = 64 << 20, CHAIN_BYTES = 4 << 20 };

struct Cs3KeepStore {
  GMutex lock;
  GHashTable *rooms; /* of Cs3KeepRooms, which begin with their key */
  gsize size;
  Cs3KeepChains *chains;
};

static guint key_hash(gconstpointer data) {
  const Cs3KeepRoomsKey *key = data;
  guint64 mixed = key->segment.word[0] ^ (guint64)key->samples * 0x9e3779b97f4a7c15 ^
                  (guint64)key->tiles * 0xc2b2ae3d27d4eb4f;
  return (guint)(mixed >> 32);
}

static gboolean key_equal(gconstpointer a, gconstpointer b) {
  return memcmp(a, b, sizeof(Cs3KeepRoomsKey)) == 0;
}

static void release(gpointer rooms) {
  g_atomic_rc_box_release(rooms);
}

Cs3KeepStore *cs3_keep_store_new(void) {
  Cs3KeepStore *store = g_new0(Cs3KeepStore, 1);
  g_mutex_init(&store->lock);
  store->rooms = g_hash_table_new_full(key_hash, key_equal, release, NULL);
  store->chains = cs3_keep_chains_new(CHAIN_BYTES);
  return store;
}

void cs3_keep_store_free(Cs3KeepStore *store) {
  if (store == NULL)
    return;
  g_hash_table_unref(store->rooms);
  cs3_keep_chains_free(store->chains);
  g_mutex_clear(&store->lock);
  g_free(store);
}

Cs3KeepChains *cs3_keep_store_chains(Cs3KeepStore *store) {
  return store->chains;
}

static Cs3KeepRooms *find_or_add(Cs3KeepStore *store, const Cs3KeepRoomsKey *key, guint64 masks) {
  Cs3KeepRooms *rooms = g_hash_table_lookup(store->rooms, key);
  if (rooms != NULL)
    return rooms;
  gsize size = sizeof *rooms + 2 * (gsize)masks * sizeof *rooms->room;
  if (store->size + size > MOST_BYTES) {
    g_hash_table_remove_all(store->rooms);
    store->size = 0;
  }
  rooms = g_atomic_rc_box_alloc0(size);
  rooms->key = *key;
  rooms->size = size;
  g_hash_table_add(store->rooms, rooms);
  store->size += size;
  return rooms;
}

/* @room: (array): kept on the wafer; sent away, unless forward alone. */
static void measure(const Cs3KeepRoomsKey *key, const Cs3Lifetimes *l, guint64 mask,
                    const Cs3KeepSizes *sizes, Cs3KeepRoom *room) {
  Cs3Set nodes = cs3_lifetimes_nodes(l, mask);
  for (int away = 0; away <= (key->forward == 0); away++) {
    Cs3Keep keep = {.again = mask,
                    .away = away,
                    .forward = key->forward != 0,
                    .tiles = key->tiles,
                    .sums = key->sums,
                    .narrow = key->narrow,
                    .around = {sizes->around[0], sizes->around[1]}};
    double kept = cs3_lifetimes_kept(l, &keep, sizes->bytes);
    room[away] = (Cs3KeepRoom){.kept = kept, .nodes = nodes, .known = 1};
    cs3_lifetimes_measure(l, &keep, sizes->bytes, &room[away].room);
  }
}

const Cs3KeepRooms *cs3_keep_rooms(Cs3KeepStore *store, const Cs3KeepRoomsKey *key,
                                   const Cs3Lifetimes *l, const GArray *masks,
                                   const Cs3KeepSizes *sizes) {
  g_mutex_lock(&store->lock);
  Cs3KeepRooms *rooms = find_or_add(store, key, cs3_lifetimes_everything(l) + 1);
  for (guint i = 0; i < masks->len; i++) {
    guint64 mask = g_array_index(masks, guint64, i);
    if (rooms->room[2 * mask].known == 0)
      measure(key, l, mask, sizes, &rooms->room[2 * mask]);
  }
  g_atomic_rc_box_acquire(rooms);
  g_mutex_unlock(&store->lock);
  return rooms;
}

void cs3_keep_rooms_return(const Cs3KeepRooms *rooms) {
  release((gpointer)rooms);
}
