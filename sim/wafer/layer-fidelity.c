/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A layer's pass on the wavelet-level machine. */
#include "config.h"

#include "sim/wafer/layer-fidelity.h"

#include "base/json.h"
#include "fabric/conv-event/conv-event.h"
#include "fabric/fabric-error.h"
#include "fabric/layer-event/layer-event.h"
#include "fabric/layer/costs.h"
#include "sim/wafer/fabric-run.h"

/* Some minutes and some gigabytes. */
#define MAX_HOPS 4e9
#define MAX_PES 1e6

static gboolean alive(gconstpointer mask, gint64 row, gint64 feature) {
  return cs3_mask_alive(mask, row, feature);
}

/* Weights along their lines, sums along the token lines. */
static gboolean check_size(const Cs3Hardware *hw, const Cs3MapCandidate *choice, gint64 nonzeros,
                           GError **error) {
  Cs3LayerCosts c;
  cs3_layer_costs(hw, &choice->shape, &choice->mapping, &c);
  double columns = (double)c.columns * choice->mapping.fold;
  double hops = nonzeros * columns + 2.0 * choice->shape.rows * c.pass.lines * columns * c.elements;
  double pes = (columns + 1) * c.pass.lines;
  if (hops <= MAX_HOPS && pes <= MAX_PES)
    return TRUE;
  g_set_error(
      error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
      "fidelity event: about %.2g wavelet hops on %.0f PEs; it moves each one, up to %.2g on "
      "%.0f PEs: use fewer PEs (--pes 64x48), a smaller layer, or the recurrence",
      hops, pes, MAX_HOPS, MAX_PES);
  return FALSE;
}

static json_t *record_of(const Cs3LayerEventResult *r) {
  return cs3_json_pack("{s:I, s:I, s:I, s:f, s:I, s:I, s:I, s:f}", "cycles", (json_int_t)r->cycles,
                       "macs", (json_int_t)r->macs, "wrong_outputs", (json_int_t)r->wrong,
                       "largest_error", r->error, "wavelet_hops", (json_int_t)r->stats.wavelet_hops,
                       "deliveries", (json_int_t)r->stats.deliveries, "busiest_link_wavelets",
                       (json_int_t)r->stats.busiest_link, "pe_busy_cycles",
                       (double)r->stats.datapath_busy);
}

/* Groups are alike and their weights too: the rounds of a band one after the other, and what moves
 * around them. */
static gboolean add_convolution(const Cs3LayerConfig *config, const Cs3MapCandidate *choice,
                                Cs3LayerEventResult *result, GError **error) {
  const Cs3Hardware *hw = &config->machine->hw;
  Cs3LayerCosts costs;
  Cs3ConvEventResult moved = {0};
  cs3_layer_costs(hw, &choice->shape, &choice->mapping, &costs);
  Cs3LayerMoves moves = cs3_layer_moves_of(hw, &choice->shape, &choice->mapping, &costs);
  if ((moves.gathers &&
       !cs3_conv_event_moves(hw, &moves.layout, 2, FALSE, config->seed, &moved, error)) ||
      (moves.sum_bytes > 0 && !cs3_conv_event_moves(hw, &moves.layout, moves.sum_bytes, TRUE,
                                                    config->seed, &moved, error)))
    return FALSE;
  result->cycles = costs.rounds * result->cycles + moved.cycles;
  result->macs *= cs3_shape_groups(&choice->shape);
  result->wrong += moved.wrong;
  result->stats.wavelet_hops += moved.stats.wavelet_hops;
  return TRUE;
}

json_t *cs3_layer_run_event(const Cs3LayerConfig *config, const Cs3Mask *mask,
                            const Cs3MapCandidate *choice, GError **error) {
  const Cs3Hardware *hw = &config->machine->hw;
  gint64 weights = choice->shape.rows * choice->shape.features;
  if (!check_size(hw, choice, mask ? cs3_mask_nnz(mask) : weights, error))
    return NULL;
  Cs3LayerEventConfig event = {.hw = hw,
                               .shape = choice->shape,
                               .mapping = choice->mapping,
                               .alive = mask ? alive : NULL,
                               .mask = mask,
                               .seed = config->seed,
                               .values = CS3_LAYER_VALUES_REAL};
  g_autoptr(Cs3LayerEvent) layer = cs3_layer_event_new(&event, error);
  if (layer == NULL)
    return NULL;
  Cs3FabricTrace trace = {.output = config->trace, .limit = config->trace_limit};
  Cs3LayerEventResult result;
  gint64 sent = choice->shape.dense || mask == NULL ? weights : cs3_mask_nnz(mask);
  sent *= cs3_shape_groups(&choice->shape);
  if (config->trace)
    cs3_fabric_trace_start(&trace, cs3_layer_event_fabric(layer));
  if (!cs3_layer_event_run(layer, &result, error))
    return NULL;
  gint64 cycles = result.cycles;
  cs3_layer_event_compare(layer, &result);
  if (!add_convolution(config, choice, &result, error) ||
      !cs3_layer_above_bound(hw, &choice->shape, &choice->mapping, sent, result.cycles, error))
    return NULL;
  if (config->trace)
    cs3_fabric_trace_end(&trace);
  guint width, height;
  cs3_layer_event_size(layer, &width, &height);
  if (config->heatmap)
    cs3_fabric_write_heatmap(cs3_layer_event_fabric(layer), width, height, hw->fabric.link_cycles,
                             (guint64)cycles, config->heatmap);
  json_t *record = record_of(&result);
  json_object_set_new(record, "width", json_integer(width));
  json_object_set_new(record, "height", json_integer(height));
  return record;
}

/* What is the larger of two; the rest adds up. */
static gboolean is_extent(const char *key) {
  static const char *const extents[] = {"width", "height", "largest_error", "busiest_link_wavelets",
                                        NULL};
  return g_strv_contains(extents, key);
}

void cs3_layer_add_event(json_t *event, const json_t *before) {
  const char *key;
  json_t *value;
  json_object_foreach(event, key, value) {
    const json_t *other = json_object_get(before, key);
    double a = json_number_value(value), b = json_number_value(other);
    double both = is_extent(key) ? MAX(a, b) : a + b;
    if (json_is_integer(value))
      json_integer_set(value, (json_int_t)both);
    else
      json_real_set(value, both);
  }
}
