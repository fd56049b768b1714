/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A memory of answers. No locks: a worker may be killed while it writes. A slot holds its key
 * exclusive-ored with its values (as Hyatt and Mann, ICGA Journal 25(1), 2002, do for hash tables
 * of chess programs): one that two writers have mixed, or one has half written, matches no key. */
#include "config.h"

#include "base/memo.h"

#include <string.h>
#include <sys/mman.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

typedef struct {
  guint64 check[2];
  gint64 values[CS3_MEMO_VALUES];
} Slot;

struct Cs3Memo {
  Slot *slots; /* shared */
  gsize n;
};

Cs3Memo *cs3_memo_new(gsize slots) {
  gsize n = 1;
  while (n < slots)
    n *= 2;
  void *memory =
      mmap(NULL, n * sizeof(Slot), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return NULL;
  Cs3Memo *memo = g_new0(Cs3Memo, 1);
  memo->slots = memory;
  memo->n = n;
  return memo;
}

void cs3_memo_free(Cs3Memo *memo) {
  if (memo == NULL)
    return;
  munmap(memo->slots, memo->n * sizeof(Slot));
  g_free(memo);
}

Cs3MemoKey cs3_memo_key(const Cs3MemoKey *parent, gconstpointer bytes, gsize n) {
  XXH3_state_t state;
  XXH3_128bits_reset(&state);
  if (parent != NULL)
    XXH3_128bits_update(&state, parent, sizeof *parent);
  XXH3_128bits_update(&state, bytes, n);
  XXH128_hash_t hash = XXH3_128bits_digest(&state);
  return (Cs3MemoKey){{hash.low64, hash.high64}};
}

void cs3_memo_key_text(Cs3MemoKey *key, const char *text) {
  *key = cs3_memo_key(key, text != NULL ? text : "", text != NULL ? strlen(text) + 1 : 0);
}

void cs3_memo_key_number(Cs3MemoKey *key, double number) {
  *key = cs3_memo_key(key, &number, sizeof number);
}

static guint64 mixed(const gint64 *values, guint first) {
  guint64 a = (guint64)values[first], b = (guint64)values[first + 2];
  return a ^ (b << 17 | b >> 47);
}

gboolean cs3_memo_find(Cs3Memo *memo, const Cs3MemoKey *key, gint64 values[CS3_MEMO_VALUES]) {
  if (memo == NULL)
    return FALSE;
  Slot *slot = &memo->slots[key->word[0] & (memo->n - 1)];
  guint64 check[2];
  for (guint i = 0; i < CS3_MEMO_VALUES; i++)
    values[i] = __atomic_load_n(&slot->values[i], __ATOMIC_RELAXED);
  for (guint i = 0; i < 2; i++)
    check[i] = __atomic_load_n(&slot->check[i], __ATOMIC_RELAXED);
  return (check[0] ^ mixed(values, 0)) == key->word[0] &&
         (check[1] ^ mixed(values, 1)) == key->word[1];
}

void cs3_memo_keep(Cs3Memo *memo, const Cs3MemoKey *key, const gint64 values[CS3_MEMO_VALUES]) {
  if (memo == NULL)
    return;
  Slot *slot = &memo->slots[key->word[0] & (memo->n - 1)];
  for (guint i = 0; i < CS3_MEMO_VALUES; i++)
    __atomic_store_n(&slot->values[i], values[i], __ATOMIC_RELAXED);
  for (guint i = 0; i < 2; i++)
    __atomic_store_n(&slot->check[i], key->word[i] ^ mixed(values, i), __ATOMIC_RELAXED);
}
