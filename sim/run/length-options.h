/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options that say how long a sample is, shared by commands that build a graph. */
#pragma once

#include "sim/cli/cli-option.h"
#include "sim/run/lengths.h"

/* 0: what the model has by itself. */
typedef struct {
  gint64 seq, encoder_seq, image;
  double expert_capacity;
  char *attention; /* (nullable): as CS3_DEFAULT_ATTENTION */
  gint64 attention_tiles;
  gboolean decoding; /* no option: as in Cs3Lengths */
} Cs3LengthOptions;

#define CS3_DEFAULT_ATTENTION "model"

/* clang-format off */
/* Rows of an option table. @place: of a Cs3LengthOptions in the command's struct. */
#define CS3_OPTIONS_LENGTHS(place) \
  {.name = "seq", .type = CS3_OPTION_INT, \
   .offset = (place) + G_STRUCT_OFFSET(Cs3LengthOptions, seq), .metavar = "TOKENS", .min = 1, \
   .max = 1 << 24, .default_text = "the model's longest, at most 8192", \
   .help = "tokens per sequence"}, \
  {.name = "encoder-seq", .type = CS3_OPTION_INT, \
   .offset = (place) + G_STRUCT_OFFSET(Cs3LengthOptions, encoder_seq), .metavar = "TOKENS", \
   .min = 1, .max = 1 << 24, .default_text = "the model's", \
   .help = "tokens or frames that the encoder of an encoder-decoder reads"}, \
  {.name = "image", .type = CS3_OPTION_INT, \
   .offset = (place) + G_STRUCT_OFFSET(Cs3LengthOptions, image), .metavar = "PIXELS", .min = 1, \
   .max = 1 << 16, .default_text = "the model's", \
   .help = "side of an image; of a diffusion transformer, positions of the latent image"}, \
  {.name = "expert-capacity", .type = CS3_OPTION_REAL, \
   .offset = (place) + G_STRUCT_OFFSET(Cs3LengthOptions, expert_capacity), .metavar = "FACTOR", \
   .min = 1, .max = 1 << 12, .default_text = "1.25", \
   .help = "rows that an expert is run for over the mean number that it gets: imbalance of the " \
           "routing (Fedus et al. 2021, arXiv 2101.03961, train with 1.25)"}, \
  {.name = "attention", .type = CS3_OPTION_TEXT, \
   .offset = (place) + G_STRUCT_OFFSET(Cs3LengthOptions, attention), .metavar = "KIND", \
   .default_text = CS3_DEFAULT_ATTENTION, \
   .help = "attention's work: model (its own mask), causal, full (the square), window:TOKENS, " \
           "packed:TOKENS (documents of that length)"}, \
  {.name = "attention-tiles", .type = CS3_OPTION_INT, \
   .offset = (place) + G_STRUCT_OFFSET(Cs3LengthOptions, attention_tiles), .metavar = "N", \
   .min = 1, .max = (double)CS3_ATTENTION_MAX_TILES, .default_text = "none", \
   .help = "tiles a side in which masked attention is left out. Without it programs follow the " \
           "mask score by score; closed forms count 256 (the vendor's compiler: ranges of " \
           "sequence/256)"}
/* clang-format on */

/**
 * cs3_length_options_graph: (transfer full) (nullable): the graph of @model at these lengths. Fails
 * with CS3_WORKLOAD_ERROR_INVALID as cs3_graph_new() does, and where a length changes nothing in
 * @model.
 */
Cs3Graph *cs3_length_options_graph(const Cs3LengthOptions *options, const Cs3Model *model,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
