/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Geometry and per-row costs of a mapped layer. Equations: doc/model.md, "Costs". */
#include "config.h"

#include "fabric/layer/costs.h"

#include <math.h>

#include "fabric/fabric-error.h"

/* Queues of the partial-sum colour: the deepest output queue that every generation has is number 2;
 * with input queue 2 and the router buffer it gives the 14 wavelets that the vendor's pipeline
 * example was seen to hold on one hop. */
enum { PARTIAL_SUM_QUEUE = 2 };

/* Landing to execution in the PE (hardware facts: "router to execute 3"). */
enum { LANDING_CYCLES = 3 };

static gint64 div_up(gint64 a, gint64 b) {
  return (a + b - 1) / b;
}

static gint64 accumulator_bytes(const Cs3Hardware *hw) {
  return hw->kernel.acc_precision == CS3_ACC_FP32 ? 4 : 2;
}

double cs3_axpy_rate(const Cs3Hardware *hw, gboolean cached) {
  double acc = accumulator_bytes(hw);
  double lanes = hw->kernel.acc_precision == CS3_ACC_FP32 ? hw->pe.lanes_mixed : hw->pe.lanes_fp16;
  double read = hw->pe.read_bytes, write = hw->pe.write_bytes;
  if (cached)
    return MIN(lanes, read / 2);
  return MIN(lanes, MIN(read / (2 + acc), write / acc));
}

double cs3_dot_rate(const Cs3Hardware *hw, gboolean cached) {
  double lanes = hw->kernel.acc_precision == CS3_ACC_FP32 ? hw->pe.lanes_mixed : hw->pe.lanes_fp16;
  return MIN(lanes, hw->pe.read_bytes / (cached ? 2.0 : 4.0));
}

static void mesh(const Cs3Hardware *hw, const Cs3Mapping *mapping, gint64 *feature_pes,
                 gint64 *token_pes) {
  gboolean rows = mapping->axis != CS3_AXIS_X;
  *feature_pes = rows ? hw->wafer.pe_y : hw->wafer.pe_x;
  *token_pes = rows ? hw->wafer.pe_x : hw->wafer.pe_y;
}

gint64 cs3_mapping_lines(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                         const Cs3Mapping *mapping) {
  gint64 feature_pes, token_pes;
  mesh(hw, mapping, &feature_pes, &token_pes);
  return MIN(feature_pes / mapping->fold, shape->features);
}

gint64 *cs3_mapping_starts(gint64 features, gint64 lines) {
  gint64 *starts = g_new(gint64, lines + 1);
  for (gint64 r = 0; r <= lines; r++)
    starts[r] = r * features / lines;
  return starts;
}

/* The AXPY (forward, dX): acc += w * x over the PE's tokens. */
static void axpy_costs(const Cs3Hardware *hw, const Cs3Mapping *mapping, Cs3LayerCosts *c) {
  gint64 acc = accumulator_bytes(hw);
  gint64 vector_bytes = c->tokens * acc;
  gint64 per_issue = MAX(1, hw->kernel.reduce_lanes * 2 / acc);
  gint32 add = div_up(c->tokens, per_issue);

  c->arithmetic = ceil(c->tokens / cs3_axpy_rate(hw, mapping->acc_cached));
  c->service = c->arithmetic + hw->kernel.weight_overhead;
  if (mapping->acc_cached && c->slots * vector_bytes > hw->pe.acc_cache_bytes)
    c->retire = div_up(vector_bytes, hw->pe.write_bytes);
  c->control = hw->kernel.control_cycles + c->retire;
  if (c->lines > 1)
    c->receive = c->send = add;
  c->store = div_up(c->tokens, hw->kernel.reduce_lanes);
}

/* The dot product (dW): g = dy . x over the PE's tokens, lanes added, then the row chain. */
static void dot_costs(const Cs3Hardware *hw, const Cs3Mapping *mapping, Cs3LayerCosts *c) {
  c->arithmetic = ceil(c->tokens / cs3_dot_rate(hw, mapping->acc_cached));
  c->service = c->arithmetic + hw->kernel.weight_overhead + hw->kernel.dot_tail +
               (c->columns > 1 ? hw->kernel.chain_add : 0);
  c->control = hw->kernel.control_cycles;
  /* The multicast dy lands in memory, or in the cache, through the receive microthread. */
  c->receive = c->lines > 1 ? div_up(c->tokens, hw->kernel.reduce_lanes) : 0;
}

void cs3_layer_costs(const Cs3Hardware *hw, const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                     Cs3LayerCosts *c) {
  gint64 feature_pes, token_pes;
  mesh(hw, mapping, &feature_pes, &token_pes);
  gboolean dw = shape->pass == CS3_PASS_DW;
  gint64 element_bytes = dw ? 2 : accumulator_bytes(hw);

  *c = (Cs3LayerCosts){0};
  c->lines = cs3_mapping_lines(hw, shape, mapping);
  c->columns = MIN(token_pes, div_up(shape->tokens, mapping->fold));
  c->tokens = div_up(shape->tokens, token_pes * mapping->fold);
  c->features = div_up(shape->features, c->lines);
  c->vector = ceil(div_up(c->tokens * element_bytes, 4) * hw->fabric.link_cycles);
  c->slots = hw->kernel.accumulator_slots;
  c->hop = hw->fabric.hop_cycles;
  c->stage = c->hop * (mapping->reduction == CS3_REDUCE_RING ? 2 : 1) + 2 * hw->fabric.ramp_cycles + 1;
  c->back = c->stage - 1;
  c->buffer = hw->fabric.out_queue[PARTIAL_SUM_QUEUE] + hw->fabric.router_buffer +
              hw->fabric.in_queue[PARTIAL_SUM_QUEUE];
  if (dw)
    dot_costs(hw, mapping, c);
  else
    axpy_costs(hw, mapping, c);
  /* Fewer credits than the round trip: the chain runs at B wavelets per round trip. */
  if (c->buffer < c->stage + c->back)
    c->vector = div_up(c->vector * (c->stage + c->back), c->buffer);

  gint64 row_bytes = 4 * (c->features + 1);
  c->edge_rows = MAX(2, hw->io.edge_buffer_bytes / row_bytes);
  c->lead = (c->columns - 1) * c->hop + hw->fabric.ramp_cycles + LANDING_CYCLES;
  c->gradient_bits = hw->kernel.gradient_bits;
  c->ingress_cycles = c->egress_cycles = 1 / cs3_hardware_io_wavelets(hw);
}

gint64 cs3_layer_row_wavelets(const Cs3LayerShape *shape, const Cs3LayerCosts *c, gint64 nonzeros) {
  if (shape->pass == CS3_PASS_DW) /* 16-bit indices, two a wavelet; a dense dW needs none */
    return shape->dense ? 0 : div_up(nonzeros, 2) + c->lines;
  if (shape->dense) { /* weights packed in pairs; a line with an odd count pads */
    gint64 low = shape->features / c->lines, high_lines = shape->features % c->lines;
    return (c->lines - high_lines) * div_up(low, 2) + high_lines * div_up(low + 1, 2) + c->lines;
  }
  return nonzeros + c->lines;
}

/* SRAM of the fullest PE: its input features, its share of the output, J accumulators (dW: dy). */
static gint64 sram_needed(const Cs3Hardware *hw, const Cs3LayerShape *shape, const Cs3LayerCosts *c) {
  gint64 output = div_up(shape->rows, c->lines);
  return c->tokens * (2 * c->features + 2 * output + accumulator_bytes(hw) * c->slots);
}

gboolean cs3_mapping_check(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                           const Cs3Mapping *mapping, GError **error) {
  gint64 feature_pes, token_pes;
  mesh(hw, mapping, &feature_pes, &token_pes);
  if (mapping->fold < 1 || mapping->fold > feature_pes) {
    g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
                "fold %" G_GINT64_FORMAT " does not fit %" G_GINT64_FORMAT
                " lines along the feature axis (accepted: 1 to %" G_GINT64_FORMAT ")",
                mapping->fold, feature_pes, feature_pes);
    return FALSE;
  }
  if (mapping->reduction == CS3_REDUCE_RING && shape->pass != CS3_PASS_DW &&
      (!mapping->overlap || hw->kernel.accumulator_slots < 2)) {
    g_set_error_literal(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
                        "a ring reduction needs overlap and kernel.accumulator_slots >= 2: every PE "
                        "would wait for its neighbour");
    return FALSE;
  }
  Cs3LayerCosts c;
  cs3_layer_costs(hw, shape, mapping, &c);
  gint64 needed = sram_needed(hw, shape, &c);
  if (needed > hw->pe.sram_data_bytes) {
    g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
                "the fullest PE needs %" G_GINT64_FORMAT " bytes of SRAM for activations and "
                "accumulators, pe.sram_data is %" G_GINT64_FORMAT " (%" G_GINT64_FORMAT
                " too many); use fewer tokens",
                needed, hw->pe.sram_data_bytes, needed - hw->pe.sram_data_bytes);
    return FALSE;
  }
  return TRUE;
}

/* Mean cycles that one line is busy with the pass. */
static double line_work(const Cs3LayerShape *shape, const Cs3Mapping *mapping, const Cs3LayerCosts *c,
                        double nonzeros) {
  double share = (double)(c->lines - 1) / c->lines; /* an end of the chain does not receive, or send */
  double per_row = c->control + (double)c->store / c->lines;
  if (shape->pass != CS3_PASS_DW && !mapping->overlap)
    per_row += c->vector; /* the PE stands while the vector passes */
  else
    per_row += share * (c->receive + c->send);
  return nonzeros / c->lines * c->service + shape->rows * per_row;
}

gint64 cs3_layer_bound(const Cs3Hardware *hw, const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                       gint64 nonzeros) {
  Cs3LayerCosts c;
  cs3_layer_costs(hw, shape, mapping, &c);
  gboolean dw = shape->pass == CS3_PASS_DW;
  double rows = shape->rows;

  double link = c.lines > 1 ? rows * c.vector : 0;
  double wavelets = shape->dense ? rows * cs3_layer_row_wavelets(shape, &c, 0)
                                 : (dw ? nonzeros / 2 : nonzeros) + rows * c.lines;
  double gradients = dw ? (double)nonzeros * hw->kernel.gradient_bits / 32 : 0;
  double longest = MAX(MAX(line_work(shape, mapping, &c, nonzeros), link),
                       MAX(wavelets * c.ingress_cycles, gradients * c.egress_cycles));
  return (gint64)longest + c.lead;
}
