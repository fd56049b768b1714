/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a document cs3sim.graph/1 says of each part of a layer graph: one table a part, which drives
 * its reader, its writer and its description. */
#pragma once

#include <glib.h>

#include "workloads/graph.h"

#define CS3_GRAPH_SCHEMA "cs3sim.graph/1"

typedef enum {
  CS3_GRAPH_TEXT,    /* const char *, owned by the graph; NULL: none */
  CS3_GRAPH_INT,     /* gint64 */
  CS3_GRAPH_REAL,    /* double */
  CS3_GRAPH_FLAG,    /* gboolean */
  CS3_GRAPH_CHOICE,  /* an enum, by its name */
  CS3_GRAPH_PAIR,    /* gint64[2]: height and width */
  CS3_GRAPH_NUMBERS, /* const gint64 *, one an instance of the segment */
  CS3_GRAPH_ACT,     /* int: an activation of the segment, by its name; -1: none */
  CS3_GRAPH_ACTS,    /* int[room] */
  CS3_GRAPH_PART,    /* guint: 1 + index of a part of its own (an object), or the one of an operator
                        named; 0: none */
} Cs3GraphFieldType;

typedef struct Cs3GraphField Cs3GraphField;

/* Parts that operators hold: attentions, convolutions. */
typedef struct {
  const Cs3GraphField *fields;
  gsize place; /* of their GArray in Cs3Graph */
} Cs3GraphPart;

struct Cs3GraphField {
  const char *key;
  Cs3GraphFieldType type;
  gsize offset;    /* of the member in the struct */
  gboolean needed; /* no usual value */
  guint room;      /* ACTS */
  double min, max; /* INT, REAL, PAIR */
  double usual;    /* INT, REAL, FLAG, PAIR where the key is left out */
  const char *const *choices;
  const Cs3GraphPart *part;
  /* What stands for a key that is left out, from the members of the rows before; NULL: `usual`. */
  double (*number)(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer thing);
  char *(*text)(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer thing);
  void (*acts)(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer thing, int *list);
  void (*pair)(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer thing, gint64 *pair);
  const char *usual_words; /* the same for people; NULL: the number */
  const char *help;
};

/* Tables, each ended by a NULL key. */
extern const Cs3GraphField cs3_graph_length_fields[];      /* Cs3Lengths */
extern const Cs3GraphField cs3_graph_segment_fields[];     /* Cs3Segment */
extern const Cs3GraphField cs3_graph_tensor_fields[];      /* Cs3Tensor */
extern const Cs3GraphField cs3_graph_node_fields[];        /* Cs3Node */
extern const Cs3GraphField cs3_graph_attention_fields[];   /* Cs3AttentionSize */
extern const Cs3GraphField cs3_graph_convolution_fields[]; /* Cs3Convolution */

/** cs3_graph_field_usual: what @field is worth in @thing where its key is left out. */
static inline double cs3_graph_field_usual(const Cs3GraphField *field, const Cs3Graph *graph,
                                           const Cs3Segment *segment, gconstpointer thing) {
  return field->number ? field->number(graph, segment, thing) : field->usual;
}

/** cs3_graph_field_text: (transfer full) (nullable): the same of a text. */
static inline char *cs3_graph_field_text(const Cs3GraphField *field, const Cs3Graph *graph,
                                         const Cs3Segment *segment, gconstpointer thing) {
  return field->text ? field->text(graph, segment, thing) : NULL;
}

/** cs3_graph_field_acts: the same of a list of activations: fills @list, which holds -1. */
static inline void cs3_graph_field_acts(const Cs3GraphField *field, const Cs3Graph *graph,
                                        const Cs3Segment *segment, gconstpointer thing, int *list) {
  if (field->acts)
    field->acts(graph, segment, thing, list);
}

/** cs3_graph_field_pair: the same of a pair. */
static inline void cs3_graph_field_pair(const Cs3GraphField *field, const Cs3Graph *graph,
                                        const Cs3Segment *segment, gconstpointer thing,
                                        gint64 *pair) {
  pair[0] = pair[1] = (gint64)field->usual;
  if (field->pair)
    field->pair(graph, segment, thing, pair);
}

/** cs3_graph_part_array: (transfer none): the array of @graph that holds @part. */
static inline GArray *cs3_graph_part_array(const Cs3GraphPart *part, const Cs3Graph *graph) {
  return *(GArray *const *)(gconstpointer)((const char *)graph + part->place);
}
