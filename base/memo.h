/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A memory of answers that cost much and are small: a table of fixed size that a process shares
 * with the workers it forks. Forgetting is harmless, so a slot is simply overwritten. */
#pragma once

#include <glib.h>

enum { CS3_MEMO_VALUES = 4 };

/* Names a question: XXH3's 128 bits of everything that the answer depends on. */
typedef struct {
  guint64 word[2];
} Cs3MemoKey;

typedef struct Cs3Memo Cs3Memo;

/**
 * cs3_memo_new: an empty memory of @slots answers (rounded up to a power of two), 48 bytes each,
 * touched only where used. Shared with processes forked later; usable by any number of threads and
 * processes at once. Returns: (transfer full) (nullable): %NULL when there is no memory for it.
 */
Cs3Memo *cs3_memo_new(gsize slots);
void cs3_memo_free(Cs3Memo *memo);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Memo, cs3_memo_free)

/** cs3_memo_key: the name of @n bytes that follow on @parent (nullable). */
Cs3MemoKey cs3_memo_key(const Cs3MemoKey *parent, gconstpointer bytes, gsize n);

/** cs3_memo_key_text, cs3_memo_key_number: more of what @key names; %NULL is no text. */
void cs3_memo_key_text(Cs3MemoKey *key, const char *text);
void cs3_memo_key_number(Cs3MemoKey *key, double number);

/** cs3_memo_find: whether the answer to @key is known; fills @values. @memo: (nullable). */
gboolean cs3_memo_find(Cs3Memo *memo, const Cs3MemoKey *key, gint64 values[CS3_MEMO_VALUES]);

/** cs3_memo_keep: remember it. @memo: (nullable). */
void cs3_memo_keep(Cs3Memo *memo, const Cs3MemoKey *key, const gint64 values[CS3_MEMO_VALUES]);
