/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What attention's own layout costs: the way in and out of it. */
#include "config.h"

#include "fabric/attention/attention.h"
#include "fabric/attention/costs.h"

static gint64 div_up(gint64 a, gint64 b) {
  return (a + b - 1) / b;
}

/* An activation: @features for each of @tokens on the wafer, of which the fullest place gets
 * @share. */
typedef struct {
  gint64 features, tokens, share;
} Moved;

/* From the same axis and fold: along the lines of a rectangle, so that heads come together, then
 * along its columns into the order. Else everything may go anywhere: along whole lines of both
 * axes. Words of the fullest PE, at the projections or in the pass, which may use fewer PEs. */
static gint64 move(const Cs3Hardware *hw, const Cs3AttentionCosts *c, gboolean far, Moved a) {
  gboolean rows = c->mapping.axis != CS3_AXIS_X;
  gint64 feature_pes = rows ? hw->wafer.pe_y : hw->wafer.pe_x;
  gint64 token_pes = rows ? hw->wafer.pe_x : hw->wafer.pe_y;
  gint64 lines = MAX(1, feature_pes / c->mapping.fold);
  gint64 held = div_up(a.tokens, token_pes * c->mapping.fold);
  gint64 words = MAX(div_up(a.features, lines) * div_up(held, 2), div_up(a.share, 2));
  if (far)
    return cs3_move_cycles(hw, feature_pes, words) + cs3_move_cycles(hw, token_pes, words);
  gboolean lie_right = c->mapping.order == CS3_TOKENS_BLOCK && c->ahead == 0;
  gint64 ordered = lie_right && c->places * c->parts > (c->columns - 1) * c->lines ? 1 : c->columns;
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
  gint64 of_query = c.jobs * div_up(c.queries.most, c.parts) * c.group;
  gint64 of_key = c.jobs * c.keys.most, d = shape->head_dim, dv = shape->value_dim;
  gint64 q = move(hw, &c, far, (Moved){shape->heads * d, queries, of_query * d});
  gint64 o = move(hw, &c, far, (Moved){shape->heads * dv, queries, of_query * dv});
  gint64 k = move(hw, &c, far, (Moved){shape->kv_heads * d, keys, of_key * d});
  gint64 v = move(hw, &c, far, (Moved){shape->kv_heads * dv, keys, of_key * dv});
  return q + k + v + o + spread(hw, &c, d) + spread(hw, &c, dv);
}
