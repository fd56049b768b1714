/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Chains of stages that were found before: other rates of the links, other formats that nobody
 * chooses, other systems around the wafer ask for the same again. */
#pragma once

#include "base/memo.h"

/* Those used last, up to a number of bytes. Threads of one process may share it. */
typedef struct Cs3KeepChains Cs3KeepChains;

/** cs3_keep_chains_new: an empty memory of @bytes. */
Cs3KeepChains *cs3_keep_chains_new(gsize bytes);
void cs3_keep_chains_free(Cs3KeepChains *chains);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3KeepChains, cs3_keep_chains_free)

/**
 * cs3_keep_chains_find: whether the shortest chain of the question @key is known, or that none is
 * within @enough cycles.
 * @cycles: (out): of the shortest chain, however long, or INFINITY.
 * @chosen: (out) (array): its ways, of @stages.
 */
gboolean cs3_keep_chains_find(Cs3KeepChains *chains, const Cs3MemoKey *key, double enough,
                              guint stages, double *cycles, guint *chosen);

/** cs3_keep_chains_keep: remember the answer: @cycles INFINITY: none is within @enough. */
void cs3_keep_chains_keep(Cs3KeepChains *chains, const Cs3MemoKey *key, double enough, guint stages,
                          double cycles, const guint *chosen);
