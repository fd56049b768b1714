/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Passes in which nobody waits for the links between wafer and MemoryX: they are the same on faster
 * links, but for the row that the edge begins or ends with, so that points of a study that differ
 * in such a rate share them. Internal to fabric/layer/. */
#pragma once

#include "base/memo.h"
#include "fabric/layer/passes.h"

/** cs3_unhurried_keep: @times that the whole pass of @costs took, if nobody waited in it.
 * @weights: names them. @memo: (nullable), here and below. */
void cs3_unhurried_keep(Cs3Memo *memo, const Cs3MemoKey *weights, const Cs3PassCosts *costs,
                        const Cs3PassTimes *times);

/** cs3_unhurried_find: those of the pass of @costs, from one on links that were no faster. */
gboolean cs3_unhurried_find(Cs3Memo *memo, const Cs3MemoKey *weights, const Cs3PassCosts *costs,
                            Cs3PassTimes *times);

/** cs3_unhurried_keep_least: what the lines of a pass that was given up take at least, if nobody
 * had waited: so they do on any links. */
void cs3_unhurried_keep_least(Cs3Memo *memo, const Cs3MemoKey *weights, const Cs3PassCosts *costs,
                              const Cs3PassTimes *times);

/** cs3_unhurried_least: cycles that the pass takes at least; 0: not known. */
gint64 cs3_unhurried_least(Cs3Memo *memo, const Cs3MemoKey *weights, const Cs3PassCosts *costs);
