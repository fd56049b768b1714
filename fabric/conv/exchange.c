/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Neighbouring positions on their way along the token axis. */
#include "config.h"

#include "fabric/conv/exchange.h"

#include "fabric/link.h"

static Cs3ExchangeLine *line_new(gint64 pes) {
  Cs3ExchangeLine *line = g_new0(Cs3ExchangeLine, 1);
  line->pes = pes;
  line->own = g_new(gint64, pes + 1);
  line->need = g_new(gint64, pes);
  return line;
}

void cs3_exchange_line_free(Cs3ExchangeLine *line) {
  g_free(line->own);
  g_free(line->need);
  g_free(line);
}

Cs3ExchangeLine *cs3_exchange_line(const Cs3ConvLayout *layout, gboolean mirrored) {
  const Cs3ConvShape *shape = &layout->shape;
  gint64 pes = layout->pes, positions = layout->samples * cs3_conv_positions(shape);
  gint64 tokens = layout->samples * cs3_conv_tokens(shape);
  Cs3ExchangeLine *line = line_new(pes);
  for (gint64 p = 0; p <= pes; p++)
    line->own[p] = mirrored ? positions - (pes - p) * positions / pes : p * positions / pes;
  for (gint64 p = pes - 1; p >= 0; p--) {
    gint64 pe = mirrored ? pes - 1 - p : p, from = 0, to = 0;
    gboolean any = cs3_conv_reach(shape, pe * tokens / pes, (pe + 1) * tokens / pes, &from, &to);
    gint64 first = !any ? G_MAXINT64 : mirrored ? positions - to : from;
    line->need[p] = p + 1 < pes ? MIN(first, line->need[p + 1]) : first;
  }
  return line;
}

gint64 cs3_exchange_most_rows(const Cs3ExchangeLine *line) {
  gint64 rows = 0;
  for (gint64 p = 1; p < line->pes; p++)
    rows = MAX(rows, cs3_exchange_rows(line, p));
  return rows;
}

Cs3ExchangeCosts cs3_exchange_costs(const Cs3Hardware *hw, gint64 words) {
  return (Cs3ExchangeCosts){cs3_link_cycles(cs3_link_of(hw), words), cs3_feed_cycles(hw)};
}

/* The last row into PE @p, of position need[p], has come from the PE that owns it, or waited behind
 * the rows of one on its way: the latest of these, each @vector apart from there. */
static gint64 last_gathered(const Cs3ExchangeLine *line, const Cs3ExchangeCosts *c, gint64 p) {
  gint64 position = line->need[p], latest = 0;
  for (gint64 q = p; line->own[q] > position; q--)
    latest = MAX(latest, (p - q) * c->feed + (line->own[q] - 1 - position) * c->vector);
  return latest;
}

/* The last row that PE @p sends down, of position own[p] - 1, may wait for what comes from PEs
 * behind it that read it too. */
static gint64 last_summed(const Cs3ExchangeLine *line, const Cs3ExchangeCosts *c, gint64 p) {
  gint64 position = line->own[p] - 1, latest = 0;
  for (gint64 q = p; q < line->pes && line->need[q] <= position; q++)
    latest = MAX(latest, (q - p) * c->feed + (position - line->need[q]) * c->vector);
  return latest;
}

gint64 cs3_exchange_cycles(const Cs3ExchangeLine *line, const Cs3ExchangeCosts *c, gboolean sums) {
  gint64 end = 0;
  for (gint64 p = 1; p < line->pes; p++)
    if (cs3_exchange_rows(line, p) > 0) {
      gint64 last = sums ? last_summed(line, c, p) : last_gathered(line, c, p);
      end = MAX(end, 1 + last + c->feed + c->vector);
    }
  return end;
}
