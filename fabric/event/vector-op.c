/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What vector operations compute and how long they take, and the table of those that threads work
 * on: PEs of a program mostly do the same, so what an operation is lies in memory once, held by as
 * many threads as do it, and a thread is three words. */
#include "config.h"

#include "fabric/event/inline.h"

#include "fabric/event/half-run.h"
#include "fabric/event/half.h"

static float apply(guint code, float a, float b, float c) {
  switch (code) {
  case CS3_OP_MOVE:
    return a;
  case CS3_OP_ADD:
    return a + b;
  case CS3_OP_MUL:
    return a * b;
  default: /* FMA, DOT */
    return a * b + c;
  }
}

static guint16 apply_half(guint code, guint32 a, guint32 b, guint32 c) {
  return code == CS3_OP_MOVE ? (guint16)a
                             : cs3_half_of_float(apply(code, cs3_half_to_float((guint16)a),
                                                       cs3_half_to_float((guint16)b),
                                                       cs3_half_to_float((guint16)c)));
}

guint32 cs3_op_compute(guint code, guint type, guint32 a, guint32 b, guint32 c) {
  if (code == CS3_OP_MOVE)
    return a;
  switch (type) {
  case CS3_TYPE_F32:
    return cs3_bits_of_float(
        apply(code, cs3_float_of_bits(a), cs3_float_of_bits(b), cs3_float_of_bits(c)));
  case CS3_TYPE_F16:
    return apply_half(code, a, b, c);
  case CS3_TYPE_F16X2:
    return apply_half(code, a, b, c) | (guint32)apply_half(code, a >> 16, b >> 16, c >> 16) << 16;
  default:
    return code == CS3_OP_ADD ? a + b : code == CS3_OP_MUL ? a * b : a * b + c;
  }
}

void cs3_op_add_run(guint type, guint32 n, guint32 *sum, const guint32 *a) {
  if (type == CS3_TYPE_F16X2) {
    cs3_half_run(FALSE)->add(n, a, sum);
    return;
  }
  if (type == CS3_TYPE_F32) {
    for (guint32 i = 0; i < n; i++)
      sum[i] = cs3_bits_of_float(cs3_float_of_bits(sum[i]) + cs3_float_of_bits(a[i]));
    return;
  }
  for (guint32 i = 0; i < n; i++)
    sum[i] = cs3_op_compute(CS3_OP_ADD, type, sum[i], a[i], 0);
}

guint64 cs3_op_slots(const Cs3EventTiming *timing, guint code, guint type, guint64 n) {
  if (code == CS3_OP_DOT)
    return n * timing->dot_cycles;
  if (code == CS3_OP_FMA && type == CS3_TYPE_F32)
    return n * timing->fma32_cycles;
  if (type == CS3_TYPE_F16X2)
    n *= 2;
  guint lanes = type == CS3_TYPE_U32 || type == CS3_TYPE_F32 ? timing->lanes32
                : code == CS3_OP_MOVE                        ? timing->lanes16
                                                             : timing->fma16_lanes;
  return (n + lanes - 1) / lanes;
}

static guint32 mix(guint32 hash, guint32 word) {
  hash = (hash ^ word) * 0x9e3779b1u; /* 2^32 over the golden ratio (Knuth, TAOCP 3, 6.4) */
  return hash ^ hash >> 15;
}

static guint32 mix_operand(guint32 hash, const Cs3Operand *o) {
  return mix(mix(hash, o->kind | (guint32)o->colour << 8 | (guint32)(guint16)o->stride << 16),
             o->value);
}

static guint32 hash_of(const Cs3VectorOp *op) {
  guint32 hash = mix(op->code | (guint32)op->type << 8 | (guint32)op->tail << 16, op->n);
  hash = mix(hash, op->done | (guint32)op->done_task << 8 | (guint32)(op->wide != 0) << 16 |
                       (guint32)(op->charged != 0) << 17);
  return mix_operand(mix_operand(mix_operand(mix(hash, op->tail_data), &op->dst), &op->a), &op->b);
}

static gboolean same_operand(const Cs3Operand *a, const Cs3Operand *b) {
  return a->kind == b->kind && a->colour == b->colour && a->stride == b->stride &&
         a->value == b->value;
}

static gboolean same(const Cs3VectorOp *a, const Cs3VectorOp *b) {
  return a->code == b->code && a->type == b->type && a->tail == b->tail && a->done == b->done &&
         a->done_task == b->done_task && a->wide == b->wide && a->charged == b->charged &&
         a->n == b->n && a->tail_data == b->tail_data && same_operand(&a->dst, &b->dst) &&
         same_operand(&a->a, &b->a) && same_operand(&a->b, &b->b);
}

static guint32 *bucket_of(const Cs3Fabric *f, const Cs3VectorOp *op) {
  return &f->op_bucket[hash_of(op) & (f->op_buckets - 1)];
}

static void enter(Cs3Fabric *f, guint32 number) {
  Cs3SharedOp *shared = cs3_shared_op(f, number);
  guint32 *bucket = bucket_of(f, &shared->op);
  shared->next = *bucket;
  *bucket = number + 1;
}

/* As many buckets as places; all places are in use. */
static void grow(Cs3Fabric *f) {
  g_ptr_array_add(f->op_block, g_new0(Cs3SharedOp, CS3_OP_BLOCK));
  if (f->ops < f->op_buckets)
    return;
  f->op_buckets = MAX(CS3_OP_BLOCK, f->op_buckets * 2);
  g_free(f->op_bucket);
  f->op_bucket = g_new0(guint32, f->op_buckets);
  for (guint32 i = 0; i < f->ops; i++)
    enter(f, i);
}

guint32 cs3_op_share(Cs3Fabric *f, const Cs3VectorOp *op) {
  for (guint32 at = f->ops ? *bucket_of(f, op) : 0; at; at = cs3_shared_op(f, at - 1)->next) {
    Cs3SharedOp *shared = cs3_shared_op(f, at - 1);
    if (!same(&shared->op, op))
      continue;
    shared->refs++;
    return at - 1;
  }
  if (!f->free_op && f->ops % CS3_OP_BLOCK == 0)
    grow(f);
  guint32 number = f->free_op ? f->free_op - 1 : f->ops++;
  Cs3SharedOp *shared = cs3_shared_op(f, number);
  if (f->free_op)
    f->free_op = shared->next;
  *shared = (Cs3SharedOp){.op = *op, .refs = 1};
  enter(f, number);
  return number;
}

void cs3_op_release(Cs3Fabric *f, guint32 number) {
  Cs3SharedOp *shared = cs3_shared_op(f, number);
  if (--shared->refs)
    return;
  guint32 *at = bucket_of(f, &shared->op);
  while (*at != number + 1)
    at = &cs3_shared_op(f, *at - 1)->next;
  *at = shared->next;
  shared->next = f->free_op;
  f->free_op = number + 1;
}
