/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can be run, and one line on what cannot. */
#include "config.h"

#include "fabric/attention/machine.h"
#include "fabric/fabric-error.h"

/* Numbers of a shape stay within these, so that products of a few fit 64 bits. */
enum { MOST_TOKENS = 1 << 24, MOST_HEADS = 1 << 16, MOST_WIDTH = 1 << 16 };

/* Places times visits of a pass that is run visit by visit: some seconds a run. */
#define MOST_STEPS 5e9

static gboolean invalid(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static gboolean invalid(GError **error, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error_literal(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INVALID, text);
  return FALSE;
}

static gboolean infeasible(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static gboolean infeasible(GError **error, const char *format, ...) {
  va_list args;
  if (error == NULL) /* of thousands of mappings nobody asks why */
    return FALSE;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error_literal(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE, text);
  return FALSE;
}

static gboolean check_numbers(const Cs3AttentionShape *s, GError **error) {
  const struct {
    const char *what;
    gint64 value, least, most;
  } numbers[] = {{"heads", s->heads, 1, MOST_HEADS},
                 {"heads of keys", s->kv_heads, 1, MOST_HEADS},
                 {"head width", s->head_dim, 1, MOST_WIDTH},
                 {"width of values", s->value_dim, 1, MOST_WIDTH},
                 {"sequences", s->sequences, 1, CS3_ATTENTION_MOST_SEQUENCES},
                 {"queries", s->queries, 1, MOST_TOKENS},
                 {"keys", s->keys, 1, MOST_TOKENS},
                 {"window", s->window, 0, MOST_TOKENS},
                 {"document", s->document, 0, MOST_TOKENS},
                 {"tile", s->tile, 1, MOST_TOKENS}};
  for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
    if (numbers[i].value < numbers[i].least || numbers[i].value > numbers[i].most)
      return invalid(
          error, "%s %" G_GINT64_FORMAT " (accepted: %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT ")",
          numbers[i].what, numbers[i].value, numbers[i].least, numbers[i].most);
  return TRUE;
}

gboolean cs3_attention_shape_check(const Cs3AttentionShape *s, GError **error) {
  if (!check_numbers(s, error))
    return FALSE;
  if (s->heads % s->kv_heads != 0)
    return invalid(error,
                   "%" G_GINT64_FORMAT " heads do not divide among %" G_GINT64_FORMAT
                   " heads of keys; each head of keys is read by as many",
                   s->heads, s->kv_heads);
  gboolean masked = s->causal || s->window > 0 || s->document > 0;
  if (s->queries != s->keys && masked)
    return invalid(error,
                   "a mask (causal, window, document) needs as many queries as keys, not "
                   "%" G_GINT64_FORMAT " and %" G_GINT64_FORMAT "; cross-attention sees all keys",
                   s->queries, s->keys);
  gint64 longest = s->causal ? s->keys : 2 * s->keys; /* to both sides */
  if (s->window > longest || s->document > s->keys || s->tile > MAX(s->queries, s->keys))
    return invalid(error,
                   "a %s of %" G_GINT64_FORMAT " is longer than the sequence of "
                   "%" G_GINT64_FORMAT " tokens",
                   s->window > longest     ? "window"
                   : s->document > s->keys ? "document"
                                           : "tile",
                   s->window > longest     ? s->window
                   : s->document > s->keys ? s->document
                                           : s->tile,
                   s->keys);
  return TRUE;
}

gboolean cs3_attention_fold_check(const Cs3Hardware *hw, const Cs3AttentionShape *s, int axis,
                                  gint64 fold, GError **error) {
  gint64 lines = axis != CS3_AXIS_X ? hw->wafer.pe_y : hw->wafer.pe_x;
  gint64 most = MIN(lines, s->sequences);
  if (fold >= 1 && fold <= most)
    return TRUE;
  return infeasible(error,
                    "fold %" G_GINT64_FORMAT " does not fit %" G_GINT64_FORMAT
                    " lines and %" G_GINT64_FORMAT " sequences (accepted: 1 to %" G_GINT64_FORMAT
                    ")",
                    fold, lines, s->sequences, most);
}

static gboolean check_queues(const Cs3Hardware *hw, const Cs3AttentionCosts *c, GError **error) {
  guint first = CS3_ATTENTION_QUEUE;
  guint n = c->mapping.algorithm == CS3_ATTENTION_GATHER ? CS3_GATHER_QUEUES
            : c->parts > 1                               ? CS3_GRID_QUEUES
                                                         : CS3_RING_QUEUES;
  for (guint queue = first; cs3_attention_all_places(c) > 1 && queue < first + n; queue++)
    if (hw->fabric.out_queue[queue] < 1 || hw->fabric.in_queue[queue] < 1)
      return infeasible(error,
                        "tiles travel through queues %u, which do not exist (fabric.in_queue_%u, "
                        "fabric.out_queue_%u)",
                        queue, queue, queue);
  return TRUE;
}

/* Lines, places and chunks that a rectangle and its places do not have. */
static gboolean check_asked(const Cs3AttentionCosts *c, const Cs3AttentionMapping *asked,
                            GError **error) {
  gboolean grid = asked->algorithm == CS3_ATTENTION_GRID;
  gint64 lines = grid ? MIN(c->lines, c->shape.keys) : 1;
  if (asked->lines > lines)
    return infeasible(error,
                      "%" G_GINT64_FORMAT
                      " lines that share the keys (accepted: 1 to %" G_GINT64_FORMAT ")%s",
                      asked->lines, lines, grid ? "" : "; algorithm grid alone has more than one");
  if (asked->places > c->room)
    return infeasible(error,
                      "%" G_GINT64_FORMAT " places in a %s of %" G_GINT64_FORMAT
                      " PEs (accepted: 1 to %" G_GINT64_FORMAT ")",
                      asked->places, grid ? "line" : "rectangle", c->room, c->room);
  if (asked->chunks > c->keys.most)
    return infeasible(error,
                      "%" G_GINT64_FORMAT " chunks of a place with %" G_GINT64_FORMAT
                      " keys (accepted: 1 to %" G_GINT64_FORMAT ")",
                      asked->chunks, c->keys.most, c->keys.most);
  return TRUE;
}

/* What there may be less of, or more, where a PE is too small. */
static const char *way_out(const Cs3AttentionCosts *c) {
  if (c->shape.sequences > 1)
    return "use fewer sequences, more PEs or more chunks";
  return c->keys.most > 1 ? "use shorter sequences, more PEs or more chunks" : "use more PEs";
}

static gboolean check_sram(const Cs3Hardware *hw, const Cs3AttentionCosts *c, GError **error) {
  gboolean wide = c->queries.most <= 1 && c->keys.most <= 1 && c->jobs == 1;
  if (c->sram_bytes <= hw->pe.sram_data_bytes)
    return TRUE;
  return infeasible(error,
                    "%s of %" G_GINT64_FORMAT " + %" G_GINT64_FORMAT
                    " features takes %" G_GINT64_FORMAT
                    " bytes of the fullest PE, pe.sram_data is %" G_GINT64_FORMAT "; %s",
                    wide ? "a token's head" : "a share of a head", c->shape.head_dim,
                    c->shape.value_dim, c->sram_bytes, hw->pe.sram_data_bytes,
                    wide ? "the head is wider than a PE's memory" : way_out(c));
}

gboolean cs3_attention_costs_check(const Cs3Hardware *hw, const Cs3AttentionCosts *c,
                                   const Cs3AttentionMapping *asked, GError **error) {
  if (!check_asked(c, asked, error))
    return FALSE;
  if (c->shape.backward && c->mapping.algorithm == CS3_ATTENTION_GATHER)
    return infeasible(error, "algorithm gather: has no backward; use ring or grid");
  if (!check_queues(hw, c, error) || !check_sram(hw, c, error))
    return FALSE;
  gint64 places = cs3_attention_all_places(c);
  double steps = (double)places * (double)c->visits * (double)c->jobs;
  if (steps > MOST_STEPS)
    return infeasible(
        error,
        "%" G_GINT64_FORMAT " places with %" G_GINT64_FORMAT
        " visits each, %.2g in all, are more than are run one by one (%.2g); use fewer "
        "PEs or chunks",
        places, c->visits, steps, MOST_STEPS);
  return TRUE;
}

gboolean cs3_attention_check(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                             const Cs3AttentionMapping *mapping, GError **error) {
  if (!cs3_attention_shape_check(shape, error) ||
      !cs3_attention_fold_check(hw, shape, mapping->axis, mapping->fold, error))
    return FALSE;
  if (mapping->chunks < 1)
    return infeasible(error, "%" G_GINT64_FORMAT " chunks (accepted: 1 or more)", mapping->chunks);
  Cs3AttentionCosts c;
  cs3_attention_costs(hw, shape, mapping, &c);
  return cs3_attention_costs_check(hw, &c, mapping, error);
}
