/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a document cs3sim.graph/1 says of each part of a layer graph. */
#include "config.h"

#include "workloads/graph-fields.h"

#include "workloads/attention-mask.h"
#include "workloads/graph-usual.h"
#include "workloads/model.h"

/* Limits: with them every product and sum stays below 2^62, as with those of a config.json. */
#define MAX_ELEMENTS 2147483648.0
#define MAX_ROWS 68719476736.0
#define MAX_WORK 1e15
#define MAX_SIDE ((double)CS3_MODEL_MAX_IMAGE)
#define MAX_TOKENS ((double)CS3_MODEL_MAX_SEQ)
#define MAX_WIDTH ((double)CS3_MODEL_MAX_VOCAB)

#define FIELD(STRUCT, KEY, MEMBER) .key = KEY, .offset = offsetof(STRUCT, MEMBER)

const Cs3GraphField cs3_graph_length_fields[] = {
    {FIELD(Cs3Lengths, "seq", seq), .type = CS3_GRAPH_INT, .max = MAX_TOKENS,
     .help = "tokens of a sample's sequence; 0: it has none"},
    {FIELD(Cs3Lengths, "encoder_seq", encoder_seq), .type = CS3_GRAPH_INT, .max = MAX_TOKENS,
     .help = "tokens of the encoder beside a decoder"},
    {FIELD(Cs3Lengths, "image", image), .type = CS3_GRAPH_INT, .max = 1 << 16,
     .help = "pixels on a side"},
    {FIELD(Cs3Lengths, "capacity", capacity), .type = CS3_GRAPH_REAL, .min = 1, .max = 1e6,
     .usual = 1, .help = "rows that experts are run for over their mean share"},
    {FIELD(Cs3Lengths, "attention", attention), .type = CS3_GRAPH_CHOICE,
     .choices = cs3_attention_mask_names,
     .help = "what attention's sizes were counted with (--attention)"},
    {FIELD(Cs3Lengths, "reach", reach), .type = CS3_GRAPH_INT, .max = MAX_TOKENS,
     .help = "tokens of that window or document"},
    {FIELD(Cs3Lengths, "tiles", tiles), .type = CS3_GRAPH_INT,
     .max = (double)CS3_ATTENTION_MAX_TILES, .help = "tiles a side (--attention-tiles)"},
    {.key = NULL},
};

const Cs3GraphField cs3_graph_segment_fields[] = {
    {FIELD(Cs3Segment, "name", name), .type = CS3_GRAPH_TEXT, .needed = TRUE,
     .help = "unique in the document"},
    {FIELD(Cs3Segment, "repeat", repeat), .type = CS3_GRAPH_INT, .min = 1,
     .max = (double)CS3_MODEL_MAX_LAYERS, .usual = 1,
     .help = "instances, each with weights of its own"},
    {FIELD(Cs3Segment, "numbers", number), .type = CS3_GRAPH_NUMBERS,
     .max = (double)CS3_MODEL_MAX_LAYERS, .usual_words = "0, 1, 2, ...",
     .help = "what * in names of weights stands for, an instance; rising"},
    {FIELD(Cs3Segment, "rows", rows), .type = CS3_GRAPH_REAL, .needed = TRUE, .min = 1,
     .max = MAX_ROWS, .help = "rows (tokens, patches, positions) of a sample"},
    {FIELD(Cs3Segment, "block", block), .type = CS3_GRAPH_FLAG,
     .help = "one of a stack of repeated blocks: the unit of recomputation, its linear layers what "
             "--sparsity reaches"},
    {FIELD(Cs3Segment, "reversible", reversible), .type = CS3_GRAPH_FLAG,
     .help = "its input can be computed from its output"},
    {FIELD(Cs3Segment, "stack", stack), .type = CS3_GRAPH_TEXT, .usual_words = "none",
     .help = "neighbouring segments of one stack take turns, by their numbers"},
    {FIELD(Cs3Segment, "input", input), .type = CS3_GRAPH_ACT, .usual_words = "none",
     .help = "activation that an instance gets from the one before"},
    {FIELD(Cs3Segment, "output", output), .type = CS3_GRAPH_ACT, .usual_words = "none",
     .help = "activation that it hands on"},
    {.key = NULL},
};

const Cs3GraphField cs3_graph_tensor_fields[] = {
    {FIELD(Cs3Tensor, "elements", elements), .type = CS3_GRAPH_INT, .needed = TRUE, .min = 1,
     .max = MAX_ELEMENTS, .help = "16-bit elements of a row; a 32-bit number counts for two"},
    {FIELD(Cs3Tensor, "rows", rows), .type = CS3_GRAPH_REAL, .min = 0x1p-20, .max = MAX_ROWS,
     .number = cs3_usual_tensor_rows, .usual_words = "the segment's", .help = "rows of a sample"},
    {.key = NULL},
};

const Cs3GraphField cs3_graph_attention_fields[] = {
    {FIELD(Cs3AttentionSize, "heads", heads), .type = CS3_GRAPH_INT, .needed = TRUE, .min = 1,
     .max = (double)CS3_MODEL_MAX_WIDTH, .help = "heads of queries"},
    {FIELD(Cs3AttentionSize, "kv_heads", kv_heads), .type = CS3_GRAPH_INT, .min = 1,
     .max = (double)CS3_MODEL_MAX_WIDTH, .number = cs3_usual_kv_heads, .usual_words = "heads",
     .help = "heads of keys and values"},
    {FIELD(Cs3AttentionSize, "head_dim", head_dim), .type = CS3_GRAPH_INT, .needed = TRUE, .min = 1,
     .max = (double)CS3_MODEL_MAX_WIDTH, .help = "width of a head of queries and keys"},
    {FIELD(Cs3AttentionSize, "value_dim", value_dim), .type = CS3_GRAPH_INT, .min = 1,
     .max = (double)CS3_MODEL_MAX_WIDTH, .number = cs3_usual_value_dim, .usual_words = "head_dim",
     .help = "width of a head of values"},
    {FIELD(Cs3AttentionSize, "queries", queries), .type = CS3_GRAPH_INT, .needed = TRUE, .min = 1,
     .max = MAX_TOKENS, .help = "tokens that ask"},
    {FIELD(Cs3AttentionSize, "keys", keys), .type = CS3_GRAPH_INT, .min = 1, .max = MAX_TOKENS,
     .number = cs3_usual_keys, .usual_words = "queries", .help = "tokens that answer"},
    {FIELD(Cs3AttentionSize, "causal", causal), .type = CS3_GRAPH_FLAG,
     .help = "no key that comes later"},
    {FIELD(Cs3AttentionSize, "window", window), .type = CS3_GRAPH_INT, .max = MAX_TOKENS,
     .help = "the last so many keys alone (causal), or so many around; 0: all"},
    {FIELD(Cs3AttentionSize, "document", document), .type = CS3_GRAPH_INT, .max = MAX_TOKENS,
     .help = "no key of another document of so many tokens; 0: one document"},
    {FIELD(Cs3AttentionSize, "tile", tile), .type = CS3_GRAPH_INT, .min = 1, .max = MAX_TOKENS,
     .usual = 1,
     .help = "scores are computed in squares of so many tokens; 1: those that are seen"},
    {FIELD(Cs3AttentionSize, "score_elements", score_elements), .type = CS3_GRAPH_REAL, .max = 1e6,
     .help = "element-wise operations a score beside softmax' own (biases, caps)"},
    {FIELD(Cs3AttentionSize, "score_specials", score_specials), .type = CS3_GRAPH_REAL, .max = 1e6,
     .help = "exponentials, divisions a score beside softmax' own"},
    {.key = NULL},
};

const Cs3GraphField cs3_graph_convolution_fields[] = {
    {FIELD(Cs3Convolution, "kernel", kernel), .type = CS3_GRAPH_PAIR, .needed = TRUE, .min = 1,
     .max = MAX_SIDE, .help = "[height, width] of the filter"},
    {FIELD(Cs3Convolution, "input", input), .type = CS3_GRAPH_PAIR, .needed = TRUE, .min = 1,
     .max = MAX_SIDE, .help = "positions of what it slides over"},
    {FIELD(Cs3Convolution, "in_channels", in_channels), .type = CS3_GRAPH_INT, .needed = TRUE,
     .min = 1, .max = MAX_WIDTH, .help = "elements of a position that it reads"},
    {FIELD(Cs3Convolution, "out_channels", out_channels), .type = CS3_GRAPH_INT, .needed = TRUE,
     .min = 1, .max = MAX_WIDTH, .help = "elements of a position that it writes"},
    {FIELD(Cs3Convolution, "stride", stride), .type = CS3_GRAPH_PAIR, .min = 1, .max = MAX_SIDE,
     .usual = 1, .usual_words = "[1, 1]", .help = "positions that it moves by"},
    {FIELD(Cs3Convolution, "dilation", dilation), .type = CS3_GRAPH_PAIR, .min = 1, .max = MAX_SIDE,
     .usual = 1, .usual_words = "[1, 1]",
     .help = "positions from one row of the filter to the next"},
    {FIELD(Cs3Convolution, "before", before), .type = CS3_GRAPH_PAIR, .max = MAX_SIDE,
     .usual_words = "[0, 0]", .help = "zeros above and to the left"},
    {FIELD(Cs3Convolution, "after", after), .type = CS3_GRAPH_PAIR, .max = MAX_SIDE,
     .pair = cs3_usual_after, .usual_words = "before", .help = "zeros below and to the right"},
    {FIELD(Cs3Convolution, "transposed", transposed), .type = CS3_GRAPH_FLAG,
     .help = "it spreads every position over a kernel of the output"},
    {FIELD(Cs3Convolution, "output", output), .type = CS3_GRAPH_PAIR, .min = 1, .max = MAX_SIDE,
     .pair = cs3_usual_positions, .usual_words = "by the members before",
     .help = "positions of what it writes"},
    {.key = NULL},
};

static const Cs3GraphPart convolutions = {cs3_graph_convolution_fields,
                                          offsetof(Cs3Graph, convolutions)};
static const Cs3GraphPart attentions = {cs3_graph_attention_fields, offsetof(Cs3Graph, attentions)};

const Cs3GraphField cs3_graph_node_fields[] = {
    {FIELD(Cs3Node, "name", label), .type = CS3_GRAPH_TEXT, .needed = TRUE,
     .help = "unique in its segment"},
    {FIELD(Cs3Node, "kind", kind), .type = CS3_GRAPH_CHOICE, .needed = TRUE,
     .choices = cs3_node_kind_names, .help = "what it does"},
    {FIELD(Cs3Node, "reads", reads), .type = CS3_GRAPH_ACTS, .room = CS3_NODE_MAX_READS,
     .usual_words = "nothing", .help = "activations that it reads"},
    {FIELD(Cs3Node, "writes", writes), .type = CS3_GRAPH_ACTS, .room = CS3_NODE_MAX_WRITES,
     .usual_words = "nothing", .help = "activations that it makes"},
    {FIELD(Cs3Node, "copies", copies), .type = CS3_GRAPH_INT, .min = 1,
     .max = (double)CS3_MODEL_MAX_EXPERTS, .usual = 1,
     .help = "weights of this shape that share its rows: experts"},
    {FIELD(Cs3Node, "attention", attention), .type = CS3_GRAPH_PART, .part = &attentions,
     .usual_words = "none",
     .help = "of scores an object, as below; of softmax and values the name of the scores"},
    {FIELD(Cs3Node, "convolution", convolution), .type = CS3_GRAPH_PART, .part = &convolutions,
     .usual_words = "none",
     .help = "an object, as below: how the weight slides over a feature map (linear)"},
    {FIELD(Cs3Node, "rows", rows), .type = CS3_GRAPH_REAL, .min = 0x1p-20, .max = MAX_ROWS,
     .number = cs3_usual_rows,
     .usual_words = "of what it writes (none, or transposed: reads) over copies",
     .help = "rows that a sample sends through one copy"},
    {FIELD(Cs3Node, "out_features", out_features), .type = CS3_GRAPH_INT, .max = MAX_WIDTH,
     .number = cs3_usual_out_features,
     .usual_words = "elements that it writes (transposed: x kernel)",
     .help = "N of the weight; width of a table (linear, embedding)"},
    {FIELD(Cs3Node, "in_features", in_features), .type = CS3_GRAPH_INT, .max = MAX_WIDTH,
     .number = cs3_usual_in_features, .usual_words = "elements that it reads x kernel",
     .help = "K of the weight (linear)"},
    {FIELD(Cs3Node, "groups", groups), .type = CS3_GRAPH_INT, .max = MAX_WIDTH,
     .number = cs3_usual_groups, .usual_words = "1",
     .help = "blocks on the diagonal of the weight (linear)"},
    {FIELD(Cs3Node, "bias", bias), .type = CS3_GRAPH_FLAG,
     .help = "a number is added to every output (linear)"},
    {FIELD(Cs3Node, "table_rows", table_rows), .type = CS3_GRAPH_REAL, .max = MAX_ELEMENTS,
     .help = "rows of the table (embedding)"},
    {FIELD(Cs3Node, "weight", tensor), .type = CS3_GRAPH_TEXT, .text = cs3_usual_weight,
     .usual_words = "of a linear layer SEGMENT.*.NAME",
     .help = "name in checkpoints and for --sparsity-filter; * for the number of the instance, a "
             "second * for the expert"},
    {FIELD(Cs3Node, "shared", shared), .type = CS3_GRAPH_FLAG,
     .help = "one weight serves all instances"},
    {FIELD(Cs3Node, "sparsifiable", sparsifiable), .type = CS3_GRAPH_FLAG,
     .number = cs3_usual_sparsifiable, .usual_words = "linear layers of blocks",
     .help = "--sparsity reaches it"},
    {FIELD(Cs3Node, "frozen", frozen), .type = CS3_GRAPH_FLAG,
     .help = "its parameters are not trained: no gradients of them, no optimizer state"},
    {FIELD(Cs3Node, "keeps", keeps), .type = CS3_GRAPH_ACTS, .room = CS3_NODE_MAX_KEEPS,
     .acts = cs3_usual_keeps, .usual_words = "of a linear layer what it reads, else nothing",
     .help = "of what it reads or writes: what its backward needs"},
    {FIELD(Cs3Node, "in_place", in_place), .type = CS3_GRAPH_FLAG,
     .help = "what it writes may take the place of what it reads"},
    {FIELD(Cs3Node, "parameters", parameters), .type = CS3_GRAPH_INT, .max = 0x1p53,
     .number = cs3_usual_parameters,
     .usual_words = "out x in / groups + biases; table; norm: 2 an element",
     .help = "stored, of one copy of one instance; 0: another's (tied head)"},
    {FIELD(Cs3Node, "macs", macs), .type = CS3_GRAPH_REAL, .max = MAX_WORK,
     .number = cs3_usual_macs, .usual_words = "out x in / groups; heads x width x keys seen",
     .help = "multiply-accumulates a row, forward, dense"},
    {FIELD(Cs3Node, "vector_elements", vector_elements), .type = CS3_GRAPH_REAL, .max = MAX_WORK,
     .number = cs3_usual_vector,
     .usual_words = "biases; softmax' own; norm: 4 an element; else 1 an element",
     .help = "element-wise operations a row, forward"},
    {FIELD(Cs3Node, "special_elements", special_elements), .type = CS3_GRAPH_REAL, .max = MAX_WORK,
     .number = cs3_usual_special, .usual_words = "softmax' own; norm: 2; else 0",
     .help = "exponentials, logarithms, divisions, roots a row, forward"},
    {.key = NULL},
};
