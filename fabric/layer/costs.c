/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Geometry and per-row costs of a mapped layer. Equations: doc/model.md, "Costs". */
#include "config.h"

#include "fabric/layer/costs.h"

#include <math.h>

#include "fabric/conv/moves.h"
#include "fabric/fabric-error.h"
#include "fabric/layer/lines.h"
#include "fabric/layer/recurrence.h"

/* The queues that the programs of fabric/layer-event/ bind to their colours. */
enum { PARTIAL_SUM_QUEUE = 2, LOWER_SUM_QUEUE = 3 };

static gint64 div_up(gint64 a, gint64 b) {
  return (a + b - 1) / b;
}

/* Cycles and counts beyond 32 bits stay at their end, where cs3_mapping_check() refuses them. */
static gint32 within(double cycles) {
  return (gint32)CLAMP(cycles, 0, G_MAXINT32);
}

static gint64 accumulator_bytes(const Cs3Hardware *hw) {
  return hw->kernel.acc_precision == CS3_ACC_FP32 ? 4 : 2;
}

/* --- factors ---------------------------------------------------------------------------------- */

/* What a pass multiplies. */
typedef enum { WEIGHTS, ACTIVATIONS, GRADIENTS } Factor;

static gboolean is_narrow(const Cs3Hardware *hw, const Cs3LayerShape *shape, Factor factor) {
  const int precisions[] = {[WEIGHTS] = hw->kernel.weight_precision,
                            [ACTIVATIONS] = hw->kernel.activation_precision,
                            [GRADIENTS] = hw->kernel.gradient_precision};
  return precisions[factor] == CS3_FACTOR_FP8 && !shape->wide && !cs3_conv_is_one(&shape->conv);
}

gboolean cs3_layer_is_narrow(const Cs3Hardware *hw, const Cs3LayerShape *shape) {
  return is_narrow(hw, shape, WEIGHTS) || is_narrow(hw, shape, ACTIVATIONS) ||
         is_narrow(hw, shape, GRADIENTS);
}

static gint64 bytes_of(const Cs3Hardware *hw, const Cs3LayerShape *shape, Factor factor) {
  return is_narrow(hw, shape, factor) ? 1 : 2;
}

/* Two factors of 8 bits; one of 16 asks for the lanes of 16. */
static double lanes_of(const Cs3Hardware *hw, gboolean narrow) {
  gboolean mixed = hw->kernel.acc_precision == CS3_ACC_FP32;
  double share = mixed ? (double)hw->pe.lanes_mixed / (double)hw->pe.lanes_fp16 : 1;
  if (narrow)
    return (double)hw->pe.lanes_fp8 * share;
  return mixed ? hw->pe.lanes_mixed : hw->pe.lanes_fp16;
}

static double lanes(const Cs3Hardware *hw, const Cs3LayerShape *shape, Factor a, Factor b) {
  return lanes_of(hw, is_narrow(hw, shape, a) && is_narrow(hw, shape, b));
}

gint64 cs3_layer_lanes(const Cs3Hardware *hw, const Cs3LayerShape *shape) {
  return cs3_layer_is_narrow(hw, shape) ? MAX(hw->pe.lanes_fp8, hw->pe.lanes_fp16)
                                        : hw->pe.lanes_fp16;
}

/* Of acc += w * x, @bytes an element of x. */
static double axpy_rate(const Cs3Hardware *hw, double most, double bytes, gboolean cached) {
  double acc = accumulator_bytes(hw);
  double read = hw->pe.read_bytes * hw->pe.sram_efficiency;
  double write = hw->pe.write_bytes * hw->pe.sram_efficiency;
  double ports = cached ? read / bytes : MIN(read / (bytes + acc), write / acc);
  return MIN(most, ports);
}

/* Of a pass whose vectors are @vector and whose scalars are @scalar. */
static double pass_rate(const Cs3Hardware *hw, const Cs3LayerShape *shape, Factor vector,
                        Factor scalar, gboolean cached) {
  return axpy_rate(hw, lanes(hw, shape, vector, scalar), bytes_of(hw, shape, vector), cached);
}

double cs3_axpy_rate(const Cs3Hardware *hw, gboolean cached) {
  return axpy_rate(hw, lanes_of(hw, FALSE), 2, cached);
}

double cs3_dot_rate(const Cs3Hardware *hw, gboolean cached) {
  return MIN(lanes_of(hw, FALSE), hw->pe.read_bytes * hw->pe.sram_efficiency / (cached ? 2 : 4));
}

/* Of dy . x, dy in the cache or not. */
static double dot_rate(const Cs3Hardware *hw, const Cs3LayerShape *shape, gboolean cached) {
  double bytes = bytes_of(hw, shape, ACTIVATIONS) + (cached ? 0 : bytes_of(hw, shape, GRADIENTS));
  return MIN(lanes(hw, shape, GRADIENTS, ACTIVATIONS),
             hw->pe.read_bytes * hw->pe.sram_efficiency / bytes);
}

/* Backward: cycles of operations that issue an element in @issue cycles in all, and read @reads
 * bytes of SRAM an element, one of them the AXPY of dX: every weight of a row adds dy to another
 * sum, so the sums lie in SRAM; what can be cached is dy. Each resource is as busy as the
 * operations make it. */
static gint32 scatter_cycles(const Cs3Hardware *hw, gint64 tokens, double issue, double reads) {
  double read = hw->pe.read_bytes * hw->pe.sram_efficiency;
  double write = hw->pe.write_bytes * hw->pe.sram_efficiency;
  double ports = MAX(reads / read, accumulator_bytes(hw) / write);
  return within(ceil(tokens * MAX(issue, ports)));
}

/* The vector work of a weight's AXPY and of the dot product, @dot cycles when alone. */
static gint32 pair_cycles(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                          const Cs3Mapping *mapping, gint64 tokens, gint32 dot) {
  gboolean cached = mapping->dw == CS3_DW_DOT && mapping->placement != CS3_ACC_SRAM;
  double dy = cached ? 0 : bytes_of(hw, shape, GRADIENTS), sum = (double)accumulator_bytes(hw);
  double x = bytes_of(hw, shape, ACTIVATIONS);
  double add = 1 / lanes(hw, shape, WEIGHTS, GRADIENTS);
  double multiply = 1 / lanes(hw, shape, GRADIENTS, ACTIVATIONS);
  if (mapping->dw == CS3_DW_DOT && hw->kernel.backward_overlap == CS3_OVERLAP_MICROTHREAD)
    return MAX(dot, scatter_cycles(hw, tokens, add + multiply, sum + dy + x + dy));
  return within((double)dot + scatter_cycles(hw, tokens, add, sum + dy));
}

/* --- geometry --------------------------------------------------------------------------------- */

static void mesh(const Cs3Hardware *hw, const Cs3Mapping *mapping, gint64 *feature_pes,
                 gint64 *token_pes) {
  gboolean rows = mapping->axis != CS3_AXIS_X;
  *feature_pes = rows ? hw->wafer.pe_y : hw->wafer.pe_x;
  *token_pes = rows ? hw->wafer.pe_x : hw->wafer.pe_y;
}

/* As even as rounds go. */
gint64 cs3_mapping_bands(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                         const Cs3Mapping *mapping) {
  gint64 feature_pes, token_pes, groups = cs3_shape_groups(shape);
  if (groups == 1)
    return 1;
  mesh(hw, mapping, &feature_pes, &token_pes);
  return div_up(groups, div_up(groups, feature_pes));
}

gint64 cs3_mapping_most_folds(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                              const Cs3Mapping *mapping) {
  gint64 feature_pes, token_pes;
  mesh(hw, mapping, &feature_pes, &token_pes);
  return feature_pes / cs3_mapping_bands(hw, shape, mapping);
}

gint64 cs3_mapping_lines(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                         const Cs3Mapping *mapping) {
  return MIN(cs3_mapping_most_folds(hw, shape, mapping) / mapping->fold, shape->features);
}

/* Tokens of the fullest group of lines: whole samples of a convolution. */
static gint64 group_tokens(const Cs3LayerShape *shape, const Cs3Mapping *mapping) {
  gint64 unit = cs3_conv_is_one(&shape->conv) ? cs3_conv_tokens(&shape->conv) : 1;
  return unit * div_up(div_up(shape->tokens, unit), mapping->fold);
}

Cs3ConvLayout cs3_layer_layout(const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                               const Cs3LayerCosts *c) {
  return (Cs3ConvLayout){
      .shape = shape->conv,
      .samples = group_tokens(shape, mapping) / cs3_conv_tokens(&shape->conv),
      .pes = c->columns,
      .lines = c->pass.lines,
      .entries = shape->conv.transposed ? shape->rows : shape->features,
      .tokens = c->tokens,
      .rounds = c->rounds,
      .lowering = mapping->lowering,
  };
}

/* A transposed one adds up in forward, and reads dy on the map in backward. dX has the transposed
 * stream: features are its rows. */
Cs3LayerMoves cs3_layer_moves_of(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                                 const Cs3Mapping *mapping, const Cs3LayerCosts *c) {
  if (!cs3_conv_is_one(&shape->conv) || cs3_conv_in_place(&shape->conv))
    return (Cs3LayerMoves){0};
  gboolean transposed = shape->conv.transposed != 0, dx = shape->pass == CS3_PASS_DX;
  gboolean both = shape->pass == CS3_PASS_BACKWARD && !transposed;
  gboolean sums = dx || shape->pass == CS3_PASS_FORWARD ? dx != transposed : both;
  Cs3LayerMoves moves = {.layout = cs3_layer_layout(shape, mapping, c), .gathers = !sums || both};
  if (sums)
    moves.sum_bytes = both ? accumulator_bytes(hw) : 2;
  if (dx)
    moves.layout.entries = transposed ? shape->features : shape->rows;
  moves.layout.lines = MIN(moves.layout.lines, moves.layout.entries);
  return moves;
}

gint64 cs3_layer_moves(const Cs3Hardware *hw, const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                       const Cs3LayerCosts *c, gboolean closed) {
  Cs3LayerMoves moves = cs3_layer_moves_of(hw, shape, mapping, c);
  gint64 cycles = moves.gathers ? cs3_conv_moves(hw, &moves.layout, 2, FALSE, closed) : 0;
  if (moves.sum_bytes > 0)
    cycles += cs3_conv_moves(hw, &moves.layout, moves.sum_bytes, TRUE, closed);
  return cycles;
}

gint64 *cs3_mapping_starts(gint64 features, gint64 lines) {
  gint64 *starts = g_new(gint64, lines + 1);
  for (gint64 r = 0; r <= lines; r++)
    starts[r] = r * features / lines;
  return starts;
}

/* Slots that the placement leaves, and what copying between cache and SRAM costs a row. */
static void slot_costs(const Cs3Hardware *hw, const Cs3Mapping *mapping, gint64 vector_bytes,
                       Cs3LayerCosts *c) {
  gint64 fit = hw->pe.acc_cache_bytes / vector_bytes;
  c->pass.slots = hw->kernel.accumulator_slots;
  if (mapping->placement == CS3_ACC_CACHE)
    c->pass.slots = MIN(c->pass.slots, fit);
  else if (mapping->placement == CS3_ACC_SPILL && fit < c->pass.slots)
    c->copy = within(div_up(vector_bytes, hw->pe.write_bytes));
  /* A PE cannot act on wavelets faster than its link brings them. */
  c->pass.control =
      within(MAX(hw->kernel.control_cycles, ceil(hw->fabric.link_cycles)) + (double)c->copy);
}

static gint32 service(const Cs3Hardware *hw, gint64 cycles) {
  return within(MAX((double)cycles, ceil(hw->fabric.link_cycles)));
}

/* The AXPY (forward, dX): acc += w * x over the PE's tokens. */
static void axpy_costs(const Cs3Hardware *hw, const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                       Cs3LayerCosts *c) {
  Factor vector = shape->pass == CS3_PASS_DX ? GRADIENTS : ACTIVATIONS;
  gboolean cached = mapping->placement != CS3_ACC_SRAM;
  gint64 acc = accumulator_bytes(hw);
  gint64 per_issue = MAX(1, hw->kernel.reduce_lanes * 2 / acc);
  gint64 add = div_up(c->tokens, per_issue);

  slot_costs(hw, mapping, c->tokens * acc, c);
  c->arithmetic = within(ceil(c->tokens / pass_rate(hw, shape, vector, WEIGHTS, cached)));
  c->pass.service = service(hw, c->arithmetic + hw->kernel.weight_overhead);
  if (c->pass.lines > 1) {
    c->pass.send = within(add);
    c->pass.receive = within((hw->kernel.reduce_issues - 1) * add);
  }
  c->pass.store = within(div_up(c->tokens, hw->kernel.reduce_lanes));
}

/* dW by dot products: g = dy . x over the PE's tokens, lanes added, then the row chain. */
static void dot_costs(const Cs3Hardware *hw, const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                      Cs3LayerCosts *c) {
  slot_costs(hw, mapping, c->tokens * bytes_of(hw, shape, GRADIENTS), c);
  c->arithmetic = within(ceil(c->tokens / dot_rate(hw, shape, mapping->placement != CS3_ACC_SRAM)));
  c->pass.service = service(hw, c->arithmetic + hw->kernel.weight_overhead + hw->kernel.dot_tail +
                                    (c->columns > 1 ? hw->kernel.chain_add : 0));
}

/* dW by a local block: for every token g += dy x over all of the line's features, whose gradients
 * are the accumulators; then the row chain takes the live ones. A dense row of them is a vector
 * that the chain adds at the rate of the link. */
static void block_costs(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                        const Cs3Mapping *mapping, Cs3LayerCosts *c) {
  gint64 dy_bytes = c->tokens * bytes_of(hw, shape, GRADIENTS);
  slot_costs(hw, &(Cs3Mapping){.placement = CS3_ACC_SRAM}, dy_bytes, c);
  double vector = ceil(c->pass.features / pass_rate(hw, shape, ACTIVATIONS, GRADIENTS,
                                                    mapping->placement == CS3_ACC_CACHE));
  c->block_vector = within(c->tokens * vector);
  c->pass.block = within(c->tokens * (vector + hw->kernel.weight_overhead));
  c->pass.service = service(hw, c->columns > 1 && !shape->dense ? hw->kernel.chain_add : 0);
}

/* Whether taps are shifts of one vector. */
static gboolean slides(const Cs3LayerShape *shape, const Cs3Mapping *mapping) {
  return cs3_conv_is_one(&shape->conv) && !shape->conv.transposed &&
         mapping->lowering == CS3_LOWERING_HALO && !cs3_conv_in_place(&shape->conv);
}

/* The sums of dX take their share of every weight; the first and the last use of them are once a
 * pass. A mask comes before the weights. */
static void scatter_costs(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                          const Cs3Mapping *mapping, Cs3LayerCosts *c) {
  gint64 acc = accumulator_bytes(hw), vectors = c->pass.features, elements = c->tokens;
  if (slides(shape, mapping)) { /* the sums of a channel lie once */
    Cs3ConvLayout layout = cs3_layer_layout(shape, mapping, c);
    Cs3ConvHold hold = cs3_conv_hold(&layout);
    vectors = hold.touched;
    elements = hold.held;
  }
  gint32 both = pair_cycles(hw, shape, mapping, c->tokens, c->arithmetic);
  c->pass.service =
      within((double)c->pass.service - c->arithmetic + both + (double)hw->kernel.weight_overhead);
  c->arithmetic = both;
  c->pass.clear = within((double)vectors * (double)div_up(elements * acc, hw->pe.write_bytes));
  if (acc > 2)
    c->pass.finish = within((double)vectors * (double)div_up(elements, hw->kernel.reduce_lanes));
}

static void dw_costs(const Cs3Hardware *hw, const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                     Cs3LayerCosts *c) {
  if (mapping->dw == CS3_DW_BLOCK)
    block_costs(hw, shape, mapping, c);
  else
    dot_costs(hw, shape, mapping, c);
  if (shape->pass == CS3_PASS_BACKWARD)
    scatter_costs(hw, shape, mapping, c);
  /* The multicast dy lands in its slot through the receive microthread. */
  gint64 halves = div_up(c->tokens * bytes_of(hw, shape, GRADIENTS), 2);
  c->pass.receive = c->pass.lines > 1 ? within(div_up(halves, hw->kernel.reduce_lanes)) : 0;
}

static Cs3Wire wire_format(const Cs3Hardware *hw, const Cs3LayerShape *shape) {
  if (shape->pass == CS3_PASS_DW)
    return shape->dense ? CS3_WIRE_COMMAND : CS3_WIRE_INDICES;
  if (shape->dense)
    return CS3_WIRE_DENSE;
  static const Cs3Wire wires[] = {
      [CS3_WEIGHTS_INDEX16] = CS3_WIRE_INDEX16,
      [CS3_WEIGHTS_DELTA8] = CS3_WIRE_DELTA8,
      [CS3_WEIGHTS_BITMASK] = CS3_WIRE_BITMASK,
  };
  return wires[hw->kernel.weight_format];
}

static gint32 weight_bits(const Cs3Hardware *hw, const Cs3LayerShape *shape, Cs3Wire wire) {
  gint64 value = 8 * bytes_of(hw, shape, WEIGHTS);
  switch (wire) {
  case CS3_WIRE_COMMAND:
    return 0;
  case CS3_WIRE_DENSE:
    return (gint32)div_up(hw->kernel.dense_weight_bits * value, 16);
  case CS3_WIRE_INDEX16: /* a wavelet whatever the value */
    return 32;
  case CS3_WIRE_DELTA8:
    return (gint32)(8 + value);
  case CS3_WIRE_BITMASK:
    return (gint32)value;
  case CS3_WIRE_INDICES:
    return 16;
  }
  g_return_val_if_reached(0);
}

Cs3LayerEdge cs3_layer_edge(const Cs3Hardware *hw, Cs3Link link, gint64 elements, gint64 hops,
                            guint out_queue, guint in_queue) {
  gint64 stage = cs3_feed_cycles(hw) + (hops - 1) * hw->fabric.hop_cycles, back = 2 + hops;
  gint64 places = stage + hw->fabric.out_queue[out_queue] + hw->fabric.in_queue[in_queue] +
                  hops * hw->fabric.router_buffer;
  return (Cs3LayerEdge){
      .stage = (gint32)stage,
      .look_rows = (gint32)(places / elements),
      .look = (gint32)(cs3_link_offset(link, elements - 1 - places % elements) + back),
  };
}

/* Of the reduction's streams. */
static Cs3LayerEdge edge(const Cs3Hardware *hw, Cs3Link link, const Cs3LayerCosts *c, gint64 hops,
                         guint queue) {
  return cs3_layer_edge(hw, link, c->elements, hops, PARTIAL_SUM_QUEUE, queue);
}

static void reduction_edges(const Cs3Hardware *hw, Cs3Link link, const Cs3Mapping *mapping,
                            Cs3LayerCosts *c) {
  c->pass.along = edge(hw, link, c, cs3_reduction_ops(mapping->reduction)->hops, PARTIAL_SUM_QUEUE);
  c->pass.low = edge(hw, link, c, 1, LOWER_SUM_QUEUE);
  c->pass.turn = edge(hw, link, c, 1, PARTIAL_SUM_QUEUE);
}

/* Work of the fullest line, what is done once before and behind it, every vector that may be in its
 * way, and the way along all lines. */
static gint64 longest_row(const Cs3PassCosts *c) {
  gint64 work = c->features * c->service + c->block + c->control + c->receive + 2 * (gint64)c->send;
  gint64 stage = MAX(c->along.stage, MAX(c->low.stage, c->turn.stage));
  gint64 look = MAX(c->along.look, MAX(c->low.look, c->turn.look));
  return work + c->clear + c->finish + c->store + 3 * (gint64)c->vector +
         c->lines * (stage + c->hop) + look + 2 * (gint64)c->feed + 2;
}

void cs3_layer_work(const Cs3Hardware *hw, const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                    Cs3LayerCosts *c) {
  gint64 feature_pes, token_pes, tokens = group_tokens(shape, mapping);
  mesh(hw, mapping, &feature_pes, &token_pes);
  gboolean gradients = cs3_pass_has_gradients(shape->pass);

  *c = (Cs3LayerCosts){.pass = {.rows = shape->rows,
                                .row_features = shape->features,
                                .gradients = gradients,
                                .reduction = gradients ? 0 : mapping->reduction,
                                .overlap = !gradients && mapping->overlap,
                                .travels = TRUE}};
  c->bands = cs3_mapping_bands(hw, shape, mapping);
  c->rounds = div_up(cs3_shape_groups(shape), c->bands);
  c->pass.lines = MIN(feature_pes / c->bands / mapping->fold, shape->features);
  c->columns = MIN(token_pes, tokens);
  c->tokens = div_up(tokens, token_pes);
  c->pass.features = div_up(shape->features, c->pass.lines);
  if (gradients)
    dw_costs(hw, shape, mapping, c);
  else
    axpy_costs(hw, shape, mapping, c);
}

void cs3_layer_ways(const Cs3Hardware *hw, const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                    Cs3LayerCosts *c) {
  Cs3PassCosts *p = &c->pass;
  gint64 element_bytes = p->gradients ? bytes_of(hw, shape, GRADIENTS) : accumulator_bytes(hw);
  c->elements = within(div_up(c->tokens * element_bytes, 4));
  Cs3Link link = cs3_link_of(hw);
  p->vector = cs3_link_cycles(link, c->elements);
  p->last = cs3_link_offset(link, c->elements - 1);
  p->token = cs3_link_cycles(link, 1);
  p->hop = hw->fabric.hop_cycles;
  p->feed = cs3_feed_cycles(hw);
  reduction_edges(hw, link, mapping, c);
  p->wire = wire_format(hw, shape);
  if (p->wire == CS3_WIRE_BITMASK) /* a word of the mask takes its turn as any wavelet */
    c->masks = within((double)div_up(p->features, 32) * ceil(hw->fabric.link_cycles));
  if (p->gradients)
    p->block = within((double)p->block + c->masks);
  else
    p->control = within((double)p->control + c->masks);
  gint64 row_bytes = 4 * (p->features + 1);
  c->gradients = 3 + c->columns * (p->feed + p->hop) / p->service;
  p->edge_rows = MAX(2, hw->io.edge_buffer_bytes / row_bytes);
  p->lead = p->feed + (c->columns - 1) * p->hop;
  p->reach = c->columns * p->feed + 1;
  p->weight_bits = weight_bits(hw, shape, p->wire);
  p->gradient_bits = hw->kernel.gradient_bits;
  p->ingress_cycles = p->egress_cycles = (double)c->bands / cs3_hardware_io_wavelets(hw);
  p->longest_row = longest_row(p);
}

void cs3_layer_costs(const Cs3Hardware *hw, const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                     Cs3LayerCosts *c) {
  cs3_layer_work(hw, shape, mapping, c);
  cs3_layer_ways(hw, shape, mapping, c);
}

double cs3_layer_row_wavelets(const Cs3PassCosts *c, double nonzeros) {
  double live = c->wire == CS3_WIRE_DENSE ? (double)c->row_features : nonzeros;
  double masks = c->wire == CS3_WIRE_BITMASK ? (double)c->lines * div_up(c->features, 32) : 0;
  return live * c->weight_bits / 32 + masks + c->lines;
}

static gint64 block_bytes(const Cs3Hardware *hw, const Cs3LayerCosts *c) {
  return c->block_vector > 0 ? 4 * div_up(c->pass.features * accumulator_bytes(hw), 4) : 0;
}

/* Bytes that @vectors of tokens, @element_bytes each, take on a side of the layer, or the map that
 * is this side. */
static gint64 side_bytes(const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                         const Cs3LayerCosts *c, gint64 vectors, gint64 element_bytes,
                         gboolean is_map) {
  if (!is_map || !cs3_conv_is_one(&shape->conv))
    return 4 * div_up(c->tokens * element_bytes, 4) * vectors * c->rounds;
  Cs3ConvLayout layout = cs3_layer_layout(shape, mapping, c);
  layout.entries = vectors * c->pass.lines;
  return cs3_conv_bytes(&layout);
}

/* SRAM of the fullest PE, in words per vector of tokens: its input features, its share of the
 * output, J accumulators (dW: dy), and what a finished row or a waiting gradient needs; backward:
 * the sums of dX too. */
static gint64 sram_needed(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                          const Cs3Mapping *mapping, const Cs3LayerCosts *c) {
  gint64 output = div_up(shape->rows, c->pass.lines), acc = accumulator_bytes(hw);
  gboolean map_in = (shape->conv.transposed != 0) == (shape->pass == CS3_PASS_DX);
  gboolean gradients = cs3_pass_has_gradients(shape->pass), dx = shape->pass == CS3_PASS_DX;
  gint64 in = bytes_of(hw, shape, dx ? GRADIENTS : ACTIVATIONS);
  gint64 out = gradients ? bytes_of(hw, shape, GRADIENTS) : 2; /* else: a result, of 16 bits */
  gint64 input_bytes = side_bytes(shape, mapping, c, c->pass.features, in, map_in);
  gint64 needed = input_bytes + side_bytes(shape, mapping, c, output, out, !map_in) +
                  4 * (gint64)c->elements * c->pass.slots;
  if (shape->pass == CS3_PASS_BACKWARD && slides(shape, mapping))
    needed += input_bytes * acc / 2;
  else if (shape->pass == CS3_PASS_BACKWARD)
    needed += 4 * c->pass.features * div_up(c->tokens * acc, 4) * c->rounds;
  if (gradients)
    return needed + 4 * c->gradients + block_bytes(hw, c);
  return needed + (acc == 4 ? 4 * c->elements : 0);
}

double cs3_layer_around_bytes(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                              const Cs3Mapping *mapping) {
  if (!cs3_conv_is_one(&shape->conv) || cs3_conv_in_place(&shape->conv))
    return 0;
  Cs3LayerCosts c;
  cs3_layer_costs(hw, shape, mapping, &c);
  gboolean map_in = (shape->conv.transposed != 0) == (shape->pass == CS3_PASS_DX);
  gint64 vectors = map_in ? c.pass.features : div_up(shape->rows, c.pass.lines);
  Cs3ConvLayout layout = cs3_layer_layout(shape, mapping, &c);
  layout.entries = vectors * c.pass.lines;
  gint64 positions = div_up(layout.samples * cs3_conv_positions(&shape->conv), layout.pes);
  gint64 own = 4 * div_up(positions, 2) * cs3_conv_hold(&layout).home * c.rounds;
  double more = (double)MAX(cs3_conv_bytes(&layout) - own, 0);
  if (shape->pass == CS3_PASS_BACKWARD && !shape->conv.transposed)
    more *= 1 + (double)accumulator_bytes(hw) / 2;
  return more * (double)hw->wafer.pe_x * (double)hw->wafer.pe_y;
}

/* The limits of the recurrences' own numbers: 16-bit counts, 32-bit times between two rebases, 64
 * bits in all, of which the stream at the edge uses 20 for the fraction. */
#define LONGEST_PASS ((double)(1LL << 42))

static gboolean check_numbers(const Cs3LayerShape *shape, const Cs3LayerCosts *c, GError **error) {
  if (c->pass.features > G_MAXUINT16) {
    g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
                "the fullest line has %" G_GINT64_FORMAT
                " features (accepted: up to %d); use more PEs along the features",
                c->pass.features, G_MAXUINT16);
    return FALSE;
  }
  if (c->pass.longest_row > CS3_TIMES_HIGH) {
    g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
                "an output row takes up to %" G_GINT64_FORMAT " cycles (accepted: up to %d); use "
                "fewer tokens or features a PE, or lower overheads",
                c->pass.longest_row, CS3_TIMES_HIGH);
    return FALSE;
  }
  double all = (double)shape->rows * (double)shape->features;
  double in = shape->rows * cs3_layer_row_wavelets(&c->pass, (double)shape->features);
  double pass = (double)shape->rows * (double)c->pass.longest_row + in * c->pass.ingress_cycles +
                (all * c->pass.gradient_bits / 32 + (double)shape->rows) * c->pass.egress_cycles;
  if (pass <= LONGEST_PASS)
    return TRUE;
  g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
              "the pass may take up to %.3g cycles (accepted: up to %.3g); use a smaller layer or "
              "faster links",
              pass, LONGEST_PASS);
  return FALSE;
}

gboolean cs3_costs_check(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                         const Cs3Mapping *mapping, const Cs3LayerCosts *c, GError **error) {
  if (c->pass.slots < 1) {
    g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
                "an accumulator of %" G_GINT64_FORMAT
                " tokens does not fit pe.acc_cache (%" G_GINT64_FORMAT " bytes)",
                c->tokens, hw->pe.acc_cache_bytes);
    return FALSE;
  }
  if (mapping->placement == CS3_ACC_CACHE && block_bytes(hw, c) > hw->pe.acc_cache_bytes) {
    g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
                "a local block of %" G_GINT64_FORMAT
                " gradients does not fit pe.acc_cache (%" G_GINT64_FORMAT " bytes)",
                c->pass.features, hw->pe.acc_cache_bytes);
    return FALSE;
  }
  if (mapping->placement == CS3_ACC_SPILL && c->copy == 0) {
    g_set_error_literal(
        error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
        "nothing to spill: every accumulator slot fits the cache (placement cache)");
    return FALSE;
  }
  if (cs3_reduction_overlaps(mapping->reduction) && !cs3_pass_has_gradients(shape->pass) &&
      c->pass.lines > 1 && (!mapping->overlap || c->pass.slots < 2)) {
    g_set_error(
        error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
        "a %s reduction needs overlap and at least 2 accumulator slots: every PE would wait "
        "for its neighbour",
        cs3_reduction_name(mapping->reduction));
    return FALSE;
  }
  gint64 needed = sram_needed(hw, shape, mapping, c);
  if (needed > hw->pe.sram_data_bytes) {
    g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
                "the fullest PE needs %" G_GINT64_FORMAT " bytes of SRAM for activations and "
                "accumulators, pe.sram_data is %" G_GINT64_FORMAT " (%" G_GINT64_FORMAT
                " too many); use fewer tokens",
                needed, hw->pe.sram_data_bytes, needed - hw->pe.sram_data_bytes);
    return FALSE;
  }
  return check_numbers(shape, c, error);
}

gboolean cs3_mapping_check(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                           const Cs3Mapping *mapping, GError **error) {
  gint64 feature_pes = cs3_mapping_most_folds(hw, shape, mapping);
  if (mapping->fold < 1 || mapping->fold > feature_pes) {
    g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
                "fold %" G_GINT64_FORMAT " does not fit %" G_GINT64_FORMAT
                " lines along the feature axis (accepted: 1 to %" G_GINT64_FORMAT ")",
                mapping->fold, feature_pes, feature_pes);
    return FALSE;
  }
  Cs3LayerCosts c;
  cs3_layer_costs(hw, shape, mapping, &c);
  return cs3_costs_check(hw, shape, mapping, &c, error);
}
