/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a task may do inside a PE: vector operations, activation, memory. */
#pragma once

#include <glib.h>

#include "fabric/event/event.h"

/* An operand streams elements of the operation's type. Memory addresses are in bytes, strides in
 * elements; a fabric operand carries one 32-bit wavelet per element. */
typedef enum {
  CS3_OPERAND_NONE,
  CS3_OPERAND_MEMORY,
  CS3_OPERAND_FABRIC,
  CS3_OPERAND_SCALAR
} Cs3OperandKind;
typedef struct {
  guint8 kind;
  guint8 colour; /* FABRIC */
  gint16 stride; /* MEMORY; 0: one cell (an accumulator) */
  guint32 value; /* MEMORY: byte address; SCALAR: bits */
} Cs3Operand;
#define CS3_MEM(address) ((Cs3Operand){.kind = CS3_OPERAND_MEMORY, .stride = 1, .value = (address)})
#define CS3_CELL(address)                                                                          \
  ((Cs3Operand){.kind = CS3_OPERAND_MEMORY, .stride = 0, .value = (address)})
#define CS3_FAB(c) ((Cs3Operand){.kind = CS3_OPERAND_FABRIC, .colour = (guint8)(c)})
#define CS3_SCALAR(bits) ((Cs3Operand){.kind = CS3_OPERAND_SCALAR, .value = (bits)})

typedef enum { CS3_OP_MOVE, CS3_OP_ADD, CS3_OP_MUL, CS3_OP_FMA, CS3_OP_DOT, CS3_OP_N } Cs3OpCode;
/* F16X2: two FP16 in each 32-bit word (simd_32); an element is the word. */
typedef enum { CS3_TYPE_U32, CS3_TYPE_F32, CS3_TYPE_F16X2, CS3_TYPE_F16 } Cs3Type;
/* After the last element, on the colour of the destination. */
typedef enum { CS3_TAIL_NONE, CS3_TAIL_CONTROL, CS3_TAIL_STEP } Cs3Tail;
typedef enum { CS3_DONE_NOTHING, CS3_DONE_CALL, CS3_DONE_ACTIVATE, CS3_DONE_UNBLOCK } Cs3Done;

/* MOVE dst = a; ADD dst = a + b; MUL dst = a b; FMA dst = dst + a b (dst in memory);
 * DOT dst[0] += sum a b. At most one source is FABRIC; DOT and FMA do not write to the fabric. */
typedef struct {
  guint8 code, type;
  guint8 tail;
  guint8 done;       /* Cs3Done */
  guint8 done_task;  /* CALL: body run at once on the main thread, no task start */
  gboolean wide;     /* 64-bit fabric mode: two wavelets in one issue slot */
  gboolean charged;  /* takes no issue slots of its own: a task was charged for them */
  guint32 n;         /* elements, > 0 unless there is a tail */
  guint32 tail_data; /* CONTROL: low 16 bits commands, high 16 bits free */
  Cs3Operand dst, a, b;
} Cs3VectorOp;

/** cs3_pe_launch: starts @op on @thread (0: main, blocking; 1..: microthreads) at cs3_pe_now().
 * Programmer error: the thread is busy or not declared by the role. */
void cs3_pe_launch(Cs3Pe *pe, guint thread, const Cs3VectorOp *op);
/** cs3_pe_hold: keeps the datapath from vector operations for @cycles from now: scalar or mapped
 * work of a task whose numbers the task computes itself. */
void cs3_pe_hold(Cs3Pe *pe, guint cycles);
/** cs3_pe_after: runs task body @task on the main thread @cycles from now, keeping it meanwhile. */
void cs3_pe_after(Cs3Pe *pe, guint cycles, guint task);
/** cs3_pe_activate_at: activates local task @task at @cycle (in the future). One per PE at a time.
 */
void cs3_pe_activate_at(Cs3Pe *pe, guint64 cycle, guint task);
/** cs3_pe_activate: makes @task run when the main thread is free and it is not blocked. */
void cs3_pe_activate(Cs3Pe *pe, guint task);
/** cs3_pe_block: @task waits until it is unblocked. */
void cs3_pe_block(Cs3Pe *pe, guint task);
/** cs3_pe_unblock: undoes cs3_pe_block(). */
void cs3_pe_unblock(Cs3Pe *pe, guint task);
/** cs3_pe_send: one wavelet straight into the output queue of @colour, one cycle of issue.
 * Returns: %FALSE: the queue is full; @retry_task is activated when there is room. */
gboolean cs3_pe_send(Cs3Pe *pe, guint colour, guint32 data, guint retry_task);
/** cs3_pe_grant: lets @stream of the PE move @rows more rows. */
void cs3_pe_grant(Cs3Pe *pe, guint stream, guint rows);
/** cs3_pe_grant_at: the same for PE (@x, @y); the rows' not_before says when: what a controller
 * outside of the wafer tells its ports on the edge. */
void cs3_pe_grant_at(Cs3Pe *pe, guint x, guint y, guint stream, guint rows);
/** cs3_pe_finish: the PE's part is done now; the latest such time is the program's time. */
void cs3_pe_finish(Cs3Pe *pe);
/** cs3_pe_fail: stops the run with %CS3_FABRIC_ERROR_PROGRAM and @message. */
void cs3_pe_fail(Cs3Pe *pe, const char *message);

/** cs3_pe_x: column of the PE. */
guint cs3_pe_x(const Cs3Pe *pe);
/** cs3_pe_y: row of the PE. */
guint cs3_pe_y(const Cs3Pe *pe);
/** cs3_pe_now: this cycle, from 0. */
guint64 cs3_pe_now(const Cs3Pe *pe);
/** cs3_pe_user: what cs3_fabric_new() was given. */
gpointer cs3_pe_user(const Cs3Pe *pe);
/** cs3_pe_data: the PE's part of cs3_fabric_set_data(). */
gpointer cs3_pe_data(const Cs3Pe *pe);
/** cs3_pe_register: private word @index of the PE. */
guint32 *cs3_pe_register(Cs3Pe *pe, guint index);
/** cs3_pe_memory: the PE's memory for reading and writing, as words. */
guint32 *cs3_pe_memory(Cs3Pe *pe);
/** cs3_pe_word: word @word of the PE's memory. */
guint32 cs3_pe_word(const Cs3Pe *pe, guint word);

/** cs3_pe_fetch: asks for the line of cache of word @word of the PE's memory. */
void cs3_pe_fetch(const Cs3Pe *pe, guint word);

/** cs3_op_compute: one element of @code and @type on 32-bit words (F16: low half). @c: FMA addend.
 */
guint32 cs3_op_compute(guint code, guint type, guint32 a, guint32 b, guint32 c);
/** cs3_op_add_run: @sum[i] += @a[i], @n elements of @type. */
void cs3_op_add_run(guint type, guint32 n, guint32 *sum, const guint32 *a);
/** cs3_op_slots: issue slots of @n elements with all operands in memory. */
guint64 cs3_op_slots(const Cs3EventTiming *timing, guint code, guint type, guint64 n);
