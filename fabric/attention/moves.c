/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What attention's own layout costs: the way in and out of it. */
#include "config.h"

#include "fabric/attention/attention.h"
#include "fabric/attention/costs.h"

static gint64 div_up(gint64 a, gint64 b) {
  return (a + b - 1) / b;
}

/* One activation of @features for each of @tokens on the wafer. From the same axis and fold: along
 * the lines of a rectangle, so that heads come together, then along its columns into the order.
 * Else everything may go anywhere: along whole lines of both axes. */
static gint64 move(const Cs3Hardware *hw, const Cs3AttentionCosts *c, gboolean far, gint64 features,
                   gint64 tokens) {
  gboolean rows = c->mapping.axis != CS3_AXIS_X;
  gint64 feature_pes = rows ? hw->wafer.pe_y : hw->wafer.pe_x;
  gint64 token_pes = rows ? hw->wafer.pe_x : hw->wafer.pe_y;
  gint64 lines = MAX(1, feature_pes / c->mapping.fold);
  gint64 held = div_up(tokens, token_pes * c->mapping.fold);
  gint64 words = div_up(features, lines) * div_up(held, 2);
  if (far)
    return cs3_move_cycles(hw, feature_pes, words) + cs3_move_cycles(hw, token_pes, words);
  gint64 ordered = c->mapping.order == CS3_TOKENS_BLOCK ? 1 : c->columns;
  return cs3_move_cycles(hw, c->lines, words) + cs3_move_cycles(hw, ordered, words);
}

/* Grid: every line of a rectangle takes in all queries of its columns, dO too, or has all of o, dQ
 * to give away, where else it has a share of them: rows of the other lines pass one link. */
static gint64 spread(const Cs3Hardware *hw, const Cs3AttentionCosts *c, gint64 width) {
  Cs3Link link;
  cs3_hardware_link_ratio(hw, &link.num, &link.den);
  gint64 words = c->jobs * c->queries.most * c->group * div_up(width, 2);
  return c->parts > 1 ? cs3_link_cycles(link, words - words / c->parts) : 0;
}

gint64 cs3_attention_moves(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                           const Cs3AttentionMapping *mapping, Cs3WaferLayout from) {
  Cs3AttentionCosts c;
  cs3_attention_costs(hw, shape, mapping, &c);
  const Cs3WaferLayout own = {mapping->axis, mapping->fold};
  gboolean far = from.fold > 0 && !cs3_layout_equal(from, own);
  gint64 queries = shape->sequences * shape->queries, keys = shape->sequences * shape->keys;
  gint64 q =
      move(hw, &c, far, shape->heads * shape->head_dim, queries) + spread(hw, &c, shape->head_dim);
  gint64 o = move(hw, &c, far, shape->heads * shape->value_dim, queries) +
             spread(hw, &c, shape->value_dim);
  gint64 k = move(hw, &c, far, shape->kv_heads * shape->head_dim, keys);
  gint64 v = move(hw, &c, far, shape->kv_heads * shape->value_dim, keys);
  return q + k + v + o;
}
