/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The broadcast-reduce tree of SwarmX. Tier 0 are the systems; node i of tier t stands below node
 * i / fan_out of tier t + 1; the single node of the last tier is connected to MemoryX. Link t.i
 * (t >= 1) leads from node i of tier t - 1 up to its node in tier t, so 1.i is the link of system
 * i.
 */
#pragma once

#include <glib.h>

#define CS3_TREE_MAX_TIERS 24

typedef struct {
  gint64 systems, fan_out;
} Cs3Tree;

/** cs3_tree_tiers: tiers of nodes between MemoryX and a system: ceil(log(systems) / log(fan_out)),
 * at least 1. */
guint cs3_tree_tiers(const Cs3Tree *tree);

/** cs3_tree_links: links of tier @tier, 1 <= @tier <= cs3_tree_tiers(): ceil(systems /
 * fan_out^(tier - 1)). */
gint64 cs3_tree_links(const Cs3Tree *tree, guint tier);
