/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Vector operations: the main thread's and the microthreads'. Rules:
 * - The datapath issues once per cycle. Of the threads that could issue, the one that issued
 *   longest ago does; ties: the lower thread.
 * - An operation with a fabric operand issues one wavelet at a time, when its input has arrived and
 *   its output queue has room. One without holds the datapath from its first to its last element.
 * - A wide operation waits for two wavelets (and room for two) and issues them together; they pass
 *   the ramp one after the other. It issues every `wide_interval` cycles at most.
 * - A charged operation needs no issue slot; its cycles were charged to a task.
 * - The result of an element is complete one cycle after its issue, and so is the operation. */
#include "config.h"

#include "fabric/event/inline.h"

#include "fabric/event/half.h"

guint cs3_threads_running(const Cs3PeState *pe) {
  return pe->running | (guint)pe->running8 << 8;
}

static void set_running(Cs3PeState *pe, guint t, gboolean on) {
  guint8 *mask = t < 8 ? &pe->running : &pe->running8, bit = (guint8)(1u << t % 8);
  *mask = on ? *mask | bit : *mask & (guint8)~bit;
}

static gboolean uses_fabric(const Cs3VectorOp *op) {
  return op->dst.kind == CS3_OPERAND_FABRIC || op->a.kind == CS3_OPERAND_FABRIC ||
         op->b.kind == CS3_OPERAND_FABRIC;
}

static gint input_colour(const Cs3VectorOp *op) {
  return op->a.kind == CS3_OPERAND_FABRIC   ? op->a.colour
         : op->b.kind == CS3_OPERAND_FABRIC ? op->b.colour
                                            : -1;
}

/* Cycles from dispatch to the first element. */
static guint setup_cycles(const Cs3EventTiming *timing, const Cs3VectorOp *op) {
  if (uses_fabric(op))
    return timing->fabric_setup;
  return op->code == CS3_OP_MOVE                            ? timing->copy_setup
         : op->code == CS3_OP_FMA || op->code == CS3_OP_DOT ? timing->fma_setup
                                                            : timing->vector_setup;
}

static guint64 total(const Cs3VectorOp *op) {
  return (guint64)op->n + (op->tail != CS3_TAIL_NONE);
}

/* When an element of @t may be issued: two wavelets at once a while after the last two. */
static guint32 earliest(const Cs3Fabric *f, const Cs3Thread *t) {
  gboolean two = t->begun && cs3_op_of(f, t)->wide && t->position % 2 == 0;
  return two ? t->cycle + f->timing.wide_interval : t->begun ? 0 : t->cycle;
}

static void note_start(const Cs3Fabric *f, const Cs3Thread *t, guint32 cycle) {
  if (f->trace)
    f->traced_start[t - f->thread] = cycle;
}

void cs3_pe_launch(Cs3Pe *pe, guint thread, const Cs3VectorOp *op) {
  Cs3Fabric *f = pe->fabric;
  Cs3PeState *state = &f->pe[pe->id];
  const Cs3RoleInfo *info = cs3_role_of(f, &f->cell[pe->id]);
  g_return_if_fail(thread < info->role.n_threads);
  Cs3Thread *t = &f->thread[state->threads + thread];
  g_return_if_fail(t->state == CS3_THREAD_IDLE);
  gint in = input_colour(op);
  if ((in >= 0 && info->queue_of[in] == CS3_NO_SLOT) ||
      (op->dst.kind == CS3_OPERAND_FABRIC &&
       info->slot_of[CS3_RAMP][op->dst.colour] == CS3_NO_SLOT)) {
    cs3_pe_fail(pe, "a vector operation names a colour that this PE does not send or receive");
    return;
  }
  if (op->tail != CS3_TAIL_NONE && info->by_address[op->dst.colour]) {
    cs3_pe_fail(pe, "a colour routed by address has no switch positions to command");
    return;
  }
  guint most = op->dst.kind == CS3_OPERAND_FABRIC ? info->role.colour[op->dst.colour].most : 0;
  if (most > 0 && total(op) > most) {
    cs3_pe_fail(pe, "a vector operation sends more than its colour was said to carry");
    return;
  }
  guint setup = setup_cycles(&f->timing, op);
  *t = (Cs3Thread){.op = cs3_op_share(f, op) & ((1u << 28) - 1),
                   .state = CS3_THREAD_RUN,
                   .cycle = MAX(pe->now + setup, f->now + 1)};
  note_start(f, t, t->cycle);
  set_running(state, thread, TRUE);
  cs3_schedule(f, 1, pe->id, t->cycle);
}

static guint32 load(Cs3Fabric *f, guint32 id, const Cs3VectorOp *op, const Cs3Operand *o,
                    guint32 i) {
  if (o->kind == CS3_OPERAND_SCALAR)
    return o->value;
  if (o->kind != CS3_OPERAND_MEMORY)
    return 0;
  guint size = op->type == CS3_TYPE_F16 ? 2 : 4;
  guint32 address = o->value + (guint32)((gint32)i * o->stride) * size;
  guint32 word = cs3_memory_read(f, id, address / 4);
  return op->type == CS3_TYPE_F16 ? word >> (address & 2) * 8 & 0xffff : word;
}

static void store(Cs3Fabric *f, guint32 id, const Cs3VectorOp *op, guint32 i, guint32 value) {
  guint size = op->type == CS3_TYPE_F16 ? 2 : 4;
  guint32 address = op->dst.value + (guint32)((gint32)i * op->dst.stride) * size;
  guint32 *w = cs3_memory_write(f, id) + address / 4;
  if (op->type == CS3_TYPE_F16) {
    guint shift = (address & 2) * 8;
    *w = (*w & ~(0xffffu << shift)) | (value & 0xffff) << shift;
  } else {
    *w = value;
  }
}

/* Element @i with @wavelet in place of the fabric source. */
static guint32 element(Cs3Fabric *f, guint32 id, const Cs3VectorOp *op, guint32 i,
                       guint32 wavelet) {
  guint32 a = op->a.kind == CS3_OPERAND_FABRIC ? wavelet : load(f, id, op, &op->a, i);
  guint32 b = op->b.kind == CS3_OPERAND_FABRIC ? wavelet : load(f, id, op, &op->b, i);
  guint32 c = op->code >= CS3_OP_FMA ? load(f, id, op, &op->dst, i) : 0;
  return cs3_op_compute(op->code, op->type, a, b, c);
}

/* All but the last step of an operation: @cycle is when it is complete. */
static void drain(Cs3Fabric *f, guint32 id, Cs3Thread *t, guint32 cycle) {
  t->state = CS3_THREAD_DRAIN;
  t->cycle = cycle;
  if (cycle > f->now)
    cs3_schedule(f, 1, id, cycle);
}

static void complete(Cs3Fabric *f, guint32 id, guint thread) {
  Cs3PeState *pe = &f->pe[id];
  Cs3Thread *t = &f->thread[pe->threads + thread];
  t->state = CS3_THREAD_IDLE;
  set_running(pe, thread, FALSE);
  if (f->trace)
    f->trace(f->trace_data, "vector operation", f->cell[id].x, f->cell[id].y, thread,
             f->traced_start[t - f->thread], f->now);
  if (thread == 0)
    pe->main_free = MAX(pe->main_free, f->now);
  const Cs3VectorOp *op = cs3_op_of(f, t);
  guint done = op->done, task = op->done_task;
  cs3_op_release(f, t->op);
  guint64 bit = G_GUINT64_CONSTANT(1) << task;
  if (done == CS3_DONE_CALL)
    cs3_call_task(f, id, task, 0, f->now);
  else if (done == CS3_DONE_ACTIVATE)
    pe->active |= bit;
  else if (done == CS3_DONE_UNBLOCK)
    pe->blocked &= ~bit;
}

/* Does @t issue two wavelets at once? The last of an odd number goes alone. */
static gboolean pairs(const Cs3VectorOp *op, const Cs3Thread *t) {
  return op->wide && t->position + 2 <= op->n;
}

static gboolean second_ready(const Cs3Fabric *f, Cs3WaveletChannel *in) {
  return in->count >= 2 && cs3_ready(cs3_entry(in, 1)) <= f->now;
}

/* Can @t issue an element now? Notes that it waits for room in its output queue. */
static gboolean can_issue(Cs3Fabric *f, guint32 id, const Cs3Thread *t) {
  const Cs3VectorOp *op = cs3_op_of(f, t);
  guint slot;
  gint colour = t->position < op->n ? input_colour(op) : -1;
  if (colour >= 0) {
    Cs3WaveletChannel *in = cs3_input(f, id, (guint)colour, &slot);
    if (!in->count || cs3_ready(cs3_head(in)) > f->now || cs3_kind(cs3_head(in)) == CS3_CONTROL)
      return FALSE;
    if (pairs(op, t) && !second_ready(f, in))
      return FALSE;
  }
  if (op->dst.kind != CS3_OPERAND_FABRIC)
    return TRUE;
  Cs3WaveletChannel *out = cs3_output(f, id, op->dst.colour, &slot);
  if (cs3_has_room(f, out) && (!pairs(op, t) || out->count + 2 <= out->capacity))
    return TRUE;
  cs3_wait_for(f, 1, id, out);
  return FALSE;
}

static void push_output(Cs3Fabric *f, guint32 id, guint colour, guint32 data, Cs3Kind kind,
                        guint later) {
  guint slot;
  Cs3WaveletChannel *out = cs3_output(f, id, colour, &slot);
  guint32 ready = f->now + 1 + later + f->timing.ramp;
  cs3_push(out, data, kind, ready);
  f->cell[id].nonempty |= G_GUINT64_CONSTANT(1) << slot;
  f->injected += kind != CS3_STEP;
  cs3_schedule_head(f, slot, id, ready);
}

static guint32 take_input(Cs3Fabric *f, guint32 id, guint colour) {
  guint slot;
  Cs3WaveletChannel *in = cs3_input(f, id, colour, &slot);
  if (cs3_kind(cs3_head(in)) == CS3_TRAIN)
    cs3_train_break_channel(f, id, slot);
  guint32 wavelet = cs3_head(in)->data;
  if (cs3_pop(f, &f->cell[id], in, slot))
    cs3_wake_sender(f, id, NULL, TRUE);
  if (in->count && cs3_ready(cs3_head(in)) <= f->now + 1)
    cs3_schedule(f, 1, id, f->now + 1);
  return wavelet;
}

static void issue_element(Cs3Fabric *f, guint32 id, Cs3Thread *t, guint later) {
  const Cs3VectorOp *op = cs3_op_of(f, t);
  gint colour = input_colour(op);
  guint32 wavelet = colour >= 0 ? take_input(f, id, (guint)colour) : 0;
  guint32 value = element(f, id, op, t->position, wavelet);
  if (op->dst.kind == CS3_OPERAND_FABRIC)
    push_output(f, id, op->dst.colour, value, CS3_WAVELET, later);
  else
    store(f, id, op, t->position, value);
}

/* One element, or the tail, of an operation with a fabric operand. */
static void issue_one(Cs3Fabric *f, guint32 id, Cs3Thread *t) {
  const Cs3VectorOp *op = cs3_op_of(f, t);
  guint32 slots = 1;
  if (t->position == op->n) {
    push_output(f, id, op->dst.colour, op->tail_data,
                op->tail == CS3_TAIL_CONTROL ? CS3_CONTROL : CS3_STEP, 0);
  } else {
    guint both = pairs(op, t);
    issue_element(f, id, t, 0);
    if (both) {
      t->position++;
      issue_element(f, id, t, 1);
      note_start(f, t, f->now + f->timing.wide_interval);
    }
    slots = (guint32)cs3_op_slots(&f->timing, op->code, op->type, 1);
  }
  t->cycle = f->now;
  t->begun = 1;
  f->tally[id].busy += slots;
  if (!op->charged)
    f->pe[id].datapath_free = f->now + slots;
  if (++t->position == total(op))
    drain(f, id, t, f->now + slots);
  else
    cs3_schedule(f, 1, id, MAX(f->now + slots, earliest(f, t)));
}

static void issue_memory(Cs3Fabric *f, guint32 id, Cs3Thread *t) {
  const Cs3VectorOp *op = cs3_op_of(f, t);
  for (guint32 i = 0; i < op->n; i++)
    store(f, id, op, i, element(f, id, op, i, 0));
  guint32 slots = (guint32)cs3_op_slots(&f->timing, op->code, op->type, op->n);
  f->tally[id].busy += slots;
  if (!op->charged)
    f->pe[id].datapath_free = f->now + slots;
  drain(f, id, t, f->now + slots);
}

/* A source or destination that a train can serve: consecutive words. */
static gboolean plain(const Cs3Operand *o) {
  return o->kind != CS3_OPERAND_MEMORY || (o->stride == 1 && o->value % 4 == 0);
}

static gboolean train_shape(const Cs3Fabric *f, guint32 id, const Cs3VectorOp *op) {
  if (op->wide || op->type == CS3_TYPE_F16 || op->code > CS3_OP_MUL || !uses_fabric(op) ||
      !plain(&op->dst) || !plain(&op->a) || !plain(&op->b) ||
      cs3_op_slots(&f->timing, op->code, op->type, 1) != 1)
    return FALSE;
  const Cs3RoleInfo *info = cs3_role_of(f, &f->cell[id]);
  return op->dst.kind != CS3_OPERAND_FABRIC || !info->by_address[op->dst.colour];
}

static void values(Cs3Fabric *f, guint32 id, const Cs3VectorOp *op, guint32 from, guint32 n,
                   const guint32 *wavelets, guint32 *out) {
  const Cs3Operand *memory = op->a.kind == CS3_OPERAND_MEMORY   ? &op->a
                             : op->b.kind == CS3_OPERAND_MEMORY ? &op->b
                                                                : NULL;
  if (op->code == CS3_OP_MOVE && op->a.kind == CS3_OPERAND_MEMORY) {
    cs3_memory_read_run(f, id, memory->value / 4 + from, n, out);
    return;
  }
  if (op->code == CS3_OP_ADD && op->type == CS3_TYPE_F32 && memory && wavelets) {
    guint32 words[CS3_TRAIN_MAX];
    cs3_memory_read_run(f, id, memory->value / 4 + from, n, words);
    for (guint32 i = 0; i < n; i++)
      out[i] = cs3_bits_of_float(cs3_float_of_bits(words[i]) + cs3_float_of_bits(wavelets[i]));
    return;
  }
  for (guint32 i = 0; i < n; i++)
    out[i] = element(f, id, op, from + i, wavelets ? wavelets[i] : 0);
}

static Cs3Flow *flow_of(const Cs3Fabric *f, const Cs3Thread *t) {
  return &f->thread_flow[t - f->thread];
}

/* Lets @t handle its next wavelets as a train. */
static gboolean start_train(Cs3Fabric *f, guint32 id, guint thread) {
  Cs3Thread *t = &f->thread[f->pe[id].threads + thread];
  const Cs3VectorOp *op = cs3_op_of(f, t);
  guint32 left = op->n - t->position, n = MIN(left, CS3_TRAIN_MAX);
  guint32 in = CS3_NO_TRAIN, out = CS3_NO_TRAIN;
  guint slot;
  if (!f->trains || left < CS3_TRAIN_MIN || !train_shape(f, id, op))
    return FALSE;
  gint colour = input_colour(op);
  if (colour >= 0) {
    const Cs3Entry *e = cs3_head(cs3_input(f, id, (guint)colour, &slot));
    if (cs3_kind(e) != CS3_TRAIN)
      return FALSE;
    in = e->data;
    const Cs3Train *train = cs3_train(f, in);
    n = train->n;
    if (train->ready > f->now || train->base || n > left || train->payload->known < n)
      return FALSE;
  }
  if (op->dst.kind == CS3_OPERAND_FABRIC) {
    Cs3WaveletChannel *ch = cs3_output(f, id, op->dst.colour, &slot);
    if (!cs3_train_can_enter(f, ch, n))
      return FALSE;
    Cs3Payload *from = in == CS3_NO_TRAIN ? NULL : cs3_train(f, in)->payload, *payload = from;
    if (op->code == CS3_OP_MOVE && from)
      from->refs++;
    else {
      payload = cs3_payload_new(n);
      values(f, id, op, t->position, n, from ? from->w : NULL, payload->w);
    }
    guint lat = 1 + f->timing.ramp;
    out = cs3_train_new(f, id, slot, payload, n, f->now + lat, lat);
    cs3_payload_unref(payload);
    cs3_train(f, out)->from_cell = id;
    cs3_train(f, out)->flow = (guint16)thread;
    cs3_schedule(f, 0, id, f->now + lat);
  }
  if (in != CS3_NO_TRAIN) {
    cs3_train(f, in)->taken = 1;
    cs3_train(f, in)->start = f->now;
    cs3_flow_begins(f, id, cs3_train(f, in)->slot);
    cs3_train(f, in)->flow = (guint16)thread;
  }
  *flow_of(f, t) = (Cs3Flow){.in = in, .out = out, .start = f->now, .n = n & 0x7fffffff};
  t->flows = 1;
  cs3_schedule(f, 1, id, f->now + n);
  return TRUE;
}

/* Books the first @k elements of the running train of @t and detaches what it sends. */
static void close_train(Cs3Fabric *f, guint32 id, Cs3Thread *t, guint32 k, gboolean cut) {
  Cs3Flow *flow = flow_of(f, t);
  const Cs3VectorOp *op = cs3_op_of(f, t);
  if (op->dst.kind == CS3_OPERAND_MEMORY && flow->in != CS3_NO_TRAIN) {
    Cs3Payload *payload = cs3_train(f, flow->in)->payload;
    if (op->code == CS3_OP_MOVE) {
      cs3_memory_store_run(f, id, op->dst.value / 4 + t->position, k, payload);
    } else {
      guint32 result[CS3_TRAIN_MAX];
      values(f, id, op, t->position, k, payload->w, result);
      guint32 *w = cs3_memory_write(f, id) + op->dst.value / 4 + t->position;
      for (guint32 i = 0; i < k; i++)
        w[i] = result[i];
    }
  } else if (op->dst.kind == CS3_OPERAND_FABRIC) {
    f->injected += k;
    if (flow->out != CS3_NO_TRAIN) {
      guint32 out = flow->out;
      cs3_train(f, out)->from_cell = G_MAXUINT32;
      if (cut)
        cs3_train_cut(f, out, k);
    }
  }
  t->position += k;
  t->cycle = flow->start + k - 1;
  t->begun = 1;
  flow->n = 0;
  t->flows = 0;
  flow->out = CS3_NO_TRAIN;
  f->tally[id].busy += k;
  if (!op->charged)
    f->pe[id].datapath_free = MAX(f->pe[id].datapath_free, flow->start + k);
  if (t->position == total(op))
    drain(f, id, t, flow->start + k);
}

void cs3_thread_break(Cs3Fabric *f, guint32 id, guint thread) {
  Cs3Thread *t = &f->thread[f->pe[id].threads + thread];
  Cs3Flow *flow = flow_of(f, t);
  guint32 in = flow->in;
  close_train(f, id, t, MIN(f->now - flow->start, flow->n), TRUE);
  flow->in = CS3_NO_TRAIN;
  flow->stop = 0;
  if (in != CS3_NO_TRAIN)
    cs3_train_break_channel(f, id, cs3_train(f, in)->slot);
  if (t->state == CS3_THREAD_RUN)
    cs3_schedule(f, 1, id, f->now + 1);
}

void cs3_thread_cut(Cs3Fabric *f, guint32 id, guint thread, guint32 n) {
  Cs3Thread *t = &f->thread[f->pe[id].threads + thread];
  Cs3Flow *flow = flow_of(f, t);
  flow->n = n;
  cs3_schedule(f, 1, id, MAX(f->now + 1, flow->start + n));
  if (flow->out != CS3_NO_TRAIN)
    cs3_train_cut(f, flow->out, n);
}

void cs3_thread_finish_trains(Cs3Fabric *f, guint32 id) {
  Cs3PeState *pe = &f->pe[id];
  for (guint m = cs3_threads_running(pe); m; m &= m - 1) {
    guint i = (guint)__builtin_ctz(m);
    Cs3Thread *t = &f->thread[pe->threads + i];
    Cs3Flow *flow = flow_of(f, t);
    if (!t->flows)
      continue;
    if (f->now >= flow->start + flow->n) {
      guint32 in = flow->in;
      close_train(f, id, t, flow->n, FALSE);
      flow->in = CS3_NO_TRAIN;
      flow->stop = 0;
      if (in != CS3_NO_TRAIN)
        cs3_train_end(f, in);
    } else if (flow->stop) {
      cs3_thread_break(f, id, i);
    }
  }
}

/* Completes what is due; a completion may start other operations. */
static void complete_due(Cs3Fabric *f, guint32 id) {
  Cs3PeState *pe = &f->pe[id];
  for (guint m = cs3_threads_running(pe); m; m &= m - 1) {
    guint i = (guint)__builtin_ctz(m);
    Cs3Thread *t = &f->thread[pe->threads + i];
    if (t->state == CS3_THREAD_DRAIN && t->cycle <= f->now)
      complete(f, id, i);
  }
}

static void issue(Cs3Fabric *f, guint32 id, guint thread, gboolean alone) {
  Cs3Thread *t = &f->thread[f->pe[id].threads + thread];
  if (!uses_fabric(cs3_op_of(f, t)))
    issue_memory(f, id, t);
  else if (!alone || t->position >= cs3_op_of(f, t)->n || !start_train(f, id, thread))
    issue_one(f, id, t);
}

/* The thread that gets the issue slot of this cycle, or -1. @others: threads that also want it. */
static gint arbitrate(Cs3Fabric *f, guint32 id, guint *others, gint *flowing) {
  Cs3PeState *pe = &f->pe[id];
  gint best = -1;
  guint32 oldest = 0; /* its last issue */
  for (guint m = cs3_threads_running(pe); m; m &= m - 1) {
    gint i = __builtin_ctz(m);
    Cs3Thread *t = &f->thread[pe->threads + (guint)i];
    if (t->state != CS3_THREAD_RUN || cs3_op_of(f, t)->charged || earliest(f, t) > f->now)
      continue;
    if (t->flows) {
      *flowing = i;
      continue;
    }
    if (!can_issue(f, id, t))
      continue;
    *others += best >= 0;
    guint32 issued = t->begun ? t->cycle : 0;
    if (best >= 0 && issued >= oldest)
      continue;
    best = i;
    oldest = issued;
  }
  return best;
}

gboolean cs3_threads_tick(Cs3Fabric *f, guint32 id) {
  Cs3PeState *pe = &f->pe[id];
  complete_due(f, id);
  for (guint m = cs3_threads_running(pe); m; m &= m - 1) {
    guint i = (guint)__builtin_ctz(m);
    Cs3Thread *t = &f->thread[pe->threads + i];
    if (t->state == CS3_THREAD_RUN && cs3_op_of(f, t)->charged && !t->flows &&
        earliest(f, t) <= f->now && can_issue(f, id, t))
      issue(f, id, i, TRUE);
  }
  if (pe->datapath_free > f->now) {
    cs3_schedule(f, 1, id, pe->datapath_free);
    return FALSE;
  }
  guint others = 0;
  gint flowing = -1, best = arbitrate(f, id, &others, &flowing);
  if (best >= 0 && flowing >= 0) {
    cs3_thread_break(f, id, (guint)flowing);
    others = 0;
    best = arbitrate(f, id, &others, &flowing);
  }
  if (best < 0)
    return FALSE;
  issue(f, id, (guint)best, others == 0);
  if (others)
    cs3_schedule(f, 1, id, f->now + 1);
  return TRUE;
}
