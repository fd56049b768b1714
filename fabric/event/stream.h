/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Streams of a role; the rules are in stream.c. */
#pragma once

#include <glib.h>

typedef struct Cs3Pe Cs3Pe;

/* Streams: persistent microthreads over descriptors of rows (an SRAM FIFO with callbacks). They are
 * armed from the start, take no issue slots (their cycles are charged to tasks) and move elements
 * at the rate of a link. */
typedef enum {
  CS3_STREAM_SEND,   /* fabric = memory */
  CS3_STREAM_ADD,    /* memory += fabric */
  CS3_STREAM_STORE,  /* memory = fabric */
  CS3_STREAM_RELAY,  /* fabric (to_colour) = fabric + memory */
  CS3_STREAM_SOURCE, /* fabric = what arrives from outside of the wafer */
  CS3_STREAM_SINK    /* wavelets leave the wafer */
} Cs3StreamKind;
typedef struct {
  guint32 n;          /* wavelets of the row, at least 1 */
  guint32 address;    /* of the first element in memory, bytes */
  guint32 after;      /* elements of the followed stream that precede the row; CS3_STREAM_FREE */
  guint64 not_before; /* cycle */
  gboolean dry;       /* ADD: nothing arrives for this row, its elements only pass */
} Cs3StreamRow;
#define CS3_STREAM_FREE G_MAXUINT32 /* the row follows nothing */
/* Describes row @row of a stream when its first element may move. */
typedef void (*Cs3StreamRowFunc)(Cs3Pe *pe, guint32 row, Cs3StreamRow *out);
/* SOURCE: wavelet @element of row @row. */
typedef guint32 (*Cs3StreamSource)(Cs3Pe *pe, guint32 row, guint32 element, gboolean *control);
/* SINK: takes it. */
typedef void (*Cs3StreamSink)(Cs3Pe *pe, guint32 row, guint32 element, guint32 wavelet);
typedef struct {
  guint8 kind;      /* Cs3StreamKind */
  guint8 type;      /* Cs3Type of additions */
  guint8 colour;    /* of the wavelets taken or sent */
  guint8 to_colour; /* RELAY */
  guint8 follows;   /* 1 + an earlier stream: element e moves no earlier than the followed one's
                       (after + e)-th, in the same cycle at best (a fused add and forward) */
  guint8 task;      /* called with the row's number when the row is over; CS3_EVENT_TASKS: none */
  Cs3StreamRowFunc row;
  Cs3StreamSource source;
  Cs3StreamSink sink;
} Cs3StreamUse;
