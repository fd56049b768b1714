/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The broadcast-reduce tree of SwarmX. */
#include "config.h"

#include "sim/step/tree.h"

static gint64 divide_up(gint64 a, gint64 b) {
  return (a + b - 1) / b;
}

guint cs3_tree_tiers(const Cs3Tree *tree) {
  guint tiers = 1;
  for (gint64 nodes = divide_up(tree->systems, tree->fan_out); nodes > 1; tiers++)
    nodes = divide_up(nodes, tree->fan_out);
  return tiers;
}

gint64 cs3_tree_links(const Cs3Tree *tree, guint tier) {
  gint64 links = tree->systems;
  for (guint t = 1; t < tier; t++)
    links = divide_up(links, tree->fan_out);
  return links;
}
