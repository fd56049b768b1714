/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the programs of a layer share. Internal to fabric/layer-event/. */
#pragma once

#include "fabric/event/half-run.h"
#include "fabric/event/pe.h"
#include "fabric/layer-event/layer-event.h"
#include "fabric/layer/costs.h"

#define AT(port) CS3_PORT_BIT(port)

/* Colours of both programs, and the queues they are bound to (number + 1). */
enum {
  COLOUR_WEIGHTS,
  COLOUR_DONE,
  COLOUR_GO,
  COLOUR_GRADIENT,
  COLOUR_PROGRAM = COLOUR_GRADIENT + 2
};
enum { QUEUE_FIRST = 1, QUEUE_SUM = 3, QUEUE_LOWER = 4, QUEUE_STORE = 5, QUEUE_LAST = 6 };

/* Tasks of both programs; a program's own begin at TASK_PROGRAM. */
enum { TASK_BEGIN, TASK_WEIGHT, TASK_CONTROL, TASK_DONE, TASK_PROGRAM };
/* Streams of the edges. */
enum { STREAM_SOURCE, STREAM_SINK, STREAM_GO };

/* A line's work on one row. */
typedef struct {
  gint32 row, step;
  gboolean dry;    /* nothing arrives to be added */
  gboolean sends;  /* the sum goes on */
  gboolean stores; /* the line owns the row: the store is charged here */
} Cs3Visit;

/* All visits of a line; send_of[k] is the visit of the k-th sum that goes on. */
typedef struct {
  Cs3Visit *visit;
  guint n, n_sends;
  guint32 *send_of;
  /* dW, backward: */
  GArray *above, *below; /* guint32: steps whose dy comes from above or from here, from below */
  GArray *passing;       /* guint8: of the rows that pass upwards, which are the line's own */
} Cs3LineWork;

/* The controller of the wafer's edges: outside of the fabric, it sees what reaches its ports. */
typedef struct {
  gint64 clock, per_wavelet; /* units of 2^-20 cycle */
  gint64 next;               /* step to hand over next */
  gint64 depth;
  gint64 *handed;   /* per step: cycle of the hand-over */
  guint32 *pending; /* per step: lines that have not taken it */
  gint64 *taken;    /* per step: cycle at which the last one had */
  guint32 *done;    /* per edge PE: rows reported */
  gint64 wavelets;
  /* dW, backward */
  gint64 out_clock, out_per_wavelet, out_next, out_wavelets;
  guint32 *out_pending; /* per step: lines whose gradients are not all there */
  gint64 *left;         /* per step: cycle at which its gradients have left */
} Cs3Edge;

/* The matrices that have values. */
enum { CS3_LAYER_WEIGHT, CS3_LAYER_INPUT, CS3_LAYER_DY, CS3_LAYER_N_MATRICES };

/* A weight as the PE decodes it: local feature and FP16 value. */
typedef struct {
  guint16 feature, value;
} Cs3Weight;
enum { CS3_WIRE_MOST = 32 }; /* weights that end in one wavelet */
/* Decoding of a row's wavelets. */
typedef struct {
  guint64 bits;
  guint n_bits, words, seen;
  gint last; /* index of the last weight */
  guint32 *mask;
} Cs3Decoder;

/* Where a PE is. */
typedef struct {
  guint line, group, column;
} Cs3Seat;

/* What visits look at comes first. */
typedef struct {
  Cs3Seat seat;
  guint tokens;            /* that the PE has; the rest of its vectors is padding */
  guint32 visit;           /* on which the datapath works */
  guint32 complete;        /* visits whose own sum is complete */
  guint32 adding, lowered; /* two-way root: visits granted to the first adder, through both */
  gboolean waits;          /* for a slot (dW: for dy) */
  /* dW, backward */
  gboolean begun, ending;  /* the pass; the row */
  gboolean blocked;        /* the row's local block is computed */
  guint n_todo, next_todo; /* in all; that have begun */
  guint idle;              /* cycles that the wavelet takes for itself: a word of a mask */
  guint32 dots;            /* done in all */
  guint32 landed;          /* rows of dy */
  guint32 sent;            /* 1 + the last row of dy that this line sent */
  guint32 allowed;         /* own rows that the edge has allowed and that are not sent */
  guint8 *busy_slot;
  Cs3Decoder decoder;
  Cs3Weight todo[CS3_WIRE_MOST]; /* dW, backward: of a wavelet */
} Cs3PeData;

typedef struct Cs3LayerProgram Cs3LayerProgram;

struct Cs3LayerEvent {
  Cs3LayerEventConfig config;
  Cs3LayerShape shape;
  Cs3LayerCosts costs;
  Cs3EventTiming timing;
  Cs3Fabric *fabric;
  const Cs3LayerProgram *program;
  gint64 lines, columns, groups, steps;
  guint width, height;
  gint64 *starts;    /* of the lines' features */
  guint32 *offset;   /* [row * lines + line]: first of its live weights in index[] */
  guint16 *index;    /* local feature of each */
  guint *line_of;    /* by place in the group */
  Cs3Seat *seat;     /* by row of the mesh, of column 0 */
  Cs3LineWork *work; /* by line */
  Cs3PeData *pe;     /* by cell of the mesh; those of column 0, the edge, are not used */
  Cs3Edge edge;
  guint vector_words; /* FP16 tokens of a PE, in words */
  const Cs3HalfRun *half;
  guint slot_words, slots_at, scratch_at, output_at, memory_words;
  guint sums_at, sum_words; /* backward: the sums of dX, one vector a feature */
  gint64 macs;
  float *gradient;                   /* dW, backward: by live weight */
  guint64 key[CS3_LAYER_N_MATRICES]; /* of the matrices' values */
};

/* A pass's program: how it gives roles to the PEs and compares what they computed. */
struct Cs3LayerProgram {
  void (*plan)(Cs3LayerEvent *m);
  gboolean (*build)(Cs3LayerEvent *m, GError **error);
  void (*verify)(const Cs3LayerEvent *m, Cs3LayerEventResult *result);
};
extern const Cs3LayerProgram cs3_layer_axpy, cs3_layer_dot;

/** cs3_layer_of: the machine of a PE. */
static inline Cs3LayerEvent *cs3_layer_of(const Cs3Pe *pe) {
  return cs3_pe_user(pe);
}
/** cs3_layer_seat: place of PE (@x, @y) in the layer. */
static inline Cs3Seat cs3_layer_seat(const Cs3LayerEvent *m, guint x, guint y) {
  return (Cs3Seat){m->seat[y].line, m->seat[y].group, x - 1};
}
/** cs3_layer_seat_of: the same by PE. */
static inline Cs3Seat cs3_layer_seat_of(const Cs3Pe *pe) {
  const Cs3PeData *data = cs3_pe_data(pe);
  return data->seat;
}
/** cs3_layer_weights: live weights of @row on @line. */
static inline guint cs3_layer_weights(const Cs3LayerEvent *m, gint64 row, gint64 line) {
  return m->offset[row * m->lines + line + 1] - m->offset[row * m->lines + line];
}
/** cs3_layer_lane: weights and partial sums do not wait for each other at the ramp, unless asked
 * to. */
static inline Cs3Lane cs3_layer_lane(const Cs3LayerEvent *m) {
  return m->config.shared_ramp ? CS3_LANE_SHARED : CS3_LANE_LINKS;
}
/** cs3_layer_tokens: tokens of a PE and the first of them; the rest of its vector is padding. */
guint cs3_layer_tokens(const Cs3LayerEvent *m, guint group, guint column, gint64 *first);
/** cs3_layer_place: adds @role (shared when known) and gives it to PE (@x, @y). */
gboolean cs3_layer_place(Cs3LayerEvent *m, guint x, guint y, const Cs3Role *role,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_layer_seed_values: keys of the matrices (values.c); W is as in forward, whatever the pass.
 */
void cs3_layer_seed_values(Cs3LayerEvent *m);
/** cs3_layer_weight: W of (@row, @feature) of the pass, FP16 bits; 0 where it is not alive. */
guint16 cs3_layer_weight(const Cs3LayerEvent *m, gint64 row, gint64 feature);
/** cs3_layer_input: x of (@feature, @token), FP16 bits. */
guint16 cs3_layer_input(const Cs3LayerEvent *m, gint64 feature, gint64 token);
/** cs3_layer_dy: dy of (@row, @token), FP16 bits. */
guint16 cs3_layer_dy(const Cs3LayerEvent *m, gint64 row, gint64 token);
/** cs3_layer_input_word: two tokens of a PE's input feature: initial memory. */
guint32 cs3_layer_input_word(gpointer user, guint x, guint y, guint word);
/** cs3_layer_check: counts @got against the plain @want; @single: summed in FP32; @terms and @size:
 * of the sum. */
void cs3_layer_check(const Cs3LayerEvent *m, gboolean single, double got, double want, double terms,
                     double size, Cs3LayerEventResult *result);

/* wire.c */
/** cs3_wire_length: wavelets of a line for a row, control wavelet included. */
guint cs3_wire_length(const Cs3LayerEvent *m, gint64 row, gint64 line);
/** cs3_wire_word: wavelet @element of a line's row; @control: (out): it ends the row. */
guint32 cs3_wire_word(const Cs3LayerEvent *m, gint64 row, gint64 line, guint element,
                      gboolean *control);
/** cs3_wire_begin: @decoder stands before a row. */
void cs3_wire_begin(Cs3Decoder *decoder);
/** cs3_wire_take: weights that @wavelet completes, at most CS3_WIRE_MOST. */
guint cs3_wire_take(const Cs3LayerEvent *m, gint64 line, Cs3Decoder *decoder, guint32 wavelet,
                    Cs3Weight *weights);

/** cs3_edge_init: the edge of the wafer (edge.c), from the costs of the pass. */
void cs3_edge_init(Cs3LayerEvent *m);
void cs3_edge_clear(Cs3LayerEvent *m);
/** cs3_edge_build: roles of column 0, the edge. Errors: cs3_fabric_add_role(). */
gboolean cs3_edge_build(Cs3LayerEvent *m, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** cs3_edge_report_role: route and use of the colour on which column 0 reports a row done. */
void cs3_edge_report_role(Cs3Role *role);
/** cs3_edge_report: column 0 says that its line has done a row. Returns: %FALSE: there was no room,
 * the run has failed. */
gboolean cs3_edge_report(Cs3Pe *pe);
/** cs3_layer_weight_role: routes and tasks of the weight stream for PE @column. */
void cs3_layer_weight_role(const Cs3LayerEvent *m, Cs3Role *role, guint column);
