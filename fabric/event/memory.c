/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SRAM of the PEs: made on first write, shared between PEs that hold the same words. */
#include "config.h"

#include "fabric/event/inline.h"

#include <string.h>

enum { SLAB = 1 << 21 };

guint32 cs3_memory_initial(const Cs3Fabric *f, guint32 id, guint32 word) {
  const Cs3Cell *cell = &f->cell[id];
  const Cs3RoleInfo *info = cs3_role_of(f, cell);
  return info->role.init ? info->role.init(f->user, cell->x, cell->y, word) : 0;
}

void cs3_memory_read_run(const Cs3Fabric *f, guint32 id, guint32 word, guint32 n, guint32 *out) {
  const Cs3PeMemory *m = f->pe[id].memory;
  if (m)
    memcpy(out, m->w + word, n * sizeof *out);
  else
    for (guint32 i = 0; i < n; i++)
      out[i] = cs3_memory_initial(f, id, word + i);
}

void cs3_memory_unref(Cs3PeMemory *memory) {
  if (memory && --memory->refs == 0 && !memory->pooled)
    g_free(memory);
}

static guint32 memory_bytes(const Cs3Fabric *f, guint32 id) {
  return cs3_role_of(f, &f->cell[id])->role.memory_bytes;
}

/* Makes @m the PE's own memory, with what it held so far. */
static void hold(Cs3Fabric *f, guint32 id, Cs3PeMemory *m, gboolean pooled) {
  Cs3PeState *pe = &f->pe[id];
  m->refs = 1;
  m->pooled = pooled != 0;
  cs3_memory_read_run(f, id, 0, memory_bytes(f, id) / 4, m->w);
  cs3_memory_unref(pe->memory);
  pe->memory = m;
  pe->own_memory = TRUE;
}

void cs3_pe_fetch(const Cs3Pe *pe, guint word) {
  const Cs3PeMemory *m = pe->fabric->pe[pe->id].memory;
  cs3_fetch(m ? &m->w[word] : NULL);
}

/* A block for words that no train can bring, since they are too few: PEs never share them, so each
 * makes one at most, and many of these take less place together. */
static Cs3PeMemory *cut_small(Cs3Fabric *f, guint32 bytes) {
  gsize size = (sizeof(Cs3PeMemory) + bytes + 7) / 8 * 8;
  if (f->slab_left < size) {
    f->slab_left = MIN(SLAB, f->n_cells * size);
    f->slab = cs3_large_zeroed(f, f->slab_left);
  }
  Cs3PeMemory *m = (Cs3PeMemory *)(void *)f->slab;
  f->slab += size;
  f->slab_left -= size;
  return m;
}

guint32 *cs3_memory_take(Cs3Fabric *f, guint32 id) {
  Cs3PeState *pe = &f->pe[id];
  guint32 bytes = memory_bytes(f, id);
  gboolean small = bytes < CS3_TRAIN_MIN * sizeof(guint32);
  if (pe->memory && pe->memory->refs == 1)
    pe->own_memory = TRUE;
  else
    hold(f, id, small ? cut_small(f, bytes) : g_malloc(sizeof(Cs3PeMemory) + bytes), small);
  return pe->memory->w;
}

/* Bytes of a PE's block in the pool; blocks begin with a line of cache. */
static gsize pooled_bytes(const Cs3Fabric *f, guint32 id) {
  guint32 bytes = memory_bytes(f, id);
  return bytes ? (sizeof(Cs3PeMemory) + bytes + 63) / 64 * 64 : 0;
}

void cs3_fabric_load(Cs3Fabric *f) {
  g_return_if_fail(!f->memory_pool);
  gsize bytes = 0;
  for (guint32 id = 0; id < f->n_cells; id++)
    bytes += pooled_bytes(f, id);
  f->memory_pool = cs3_large_zeroed(f, bytes);
  guint8 *at = f->memory_pool;
  for (guint32 id = 0; id < f->n_cells; id++) {
    gsize size = pooled_bytes(f, id);
    if (size > 0)
      hold(f, id, (Cs3PeMemory *)(void *)at, TRUE);
    at += size;
  }
}

/* Blocks can only be shared where the content before the store is the same for every PE. */
static gboolean may_share(const Cs3Fabric *f, guint32 id) {
  const Cs3RoleInfo *info = cs3_role_of(f, &f->cell[id]);
  return f->pe[id].memory || !info->role.init;
}

/* Plain store into a private block. */
static void store(Cs3Fabric *f, guint32 id, guint32 word, guint32 n, const Cs3Payload *payload) {
  memcpy(cs3_memory_write(f, id) + word, payload->w, n * sizeof payload->w[0]);
}

void cs3_memory_store_run(Cs3Fabric *f, guint32 id, guint32 word, guint32 n, Cs3Payload *payload) {
  Cs3PeState *pe = &f->pe[id];
  guint32 role = f->cell[id].role;
  cs3_payload_know(payload, n);
  if (n < payload->n || !may_share(f, id)) {
    store(f, id, word, n, payload);
    return;
  }
  if (payload->shared && payload->shared_role == role && payload->shared_word == word &&
      payload->shared_from == pe->memory) {
    payload->shared->refs++;
    cs3_memory_unref(pe->memory);
    pe->memory = payload->shared;
    pe->own_memory = FALSE;
    return;
  }
  Cs3PeMemory *from = pe->memory;
  if (from) {
    from->refs++; /* PEs that still hold the block as it was will look for it */
    pe->own_memory = FALSE;
  }
  store(f, id, word, n, payload);
  cs3_memory_unref(payload->shared);
  cs3_memory_unref(payload->shared_from);
  payload->shared = pe->memory;
  payload->shared->refs++;
  pe->own_memory = FALSE;
  payload->shared_from = from;
  payload->shared_role = role;
  payload->shared_word = word;
}
