/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of option tables that several commands have. @place: of the member in the command's struct.
 */
#pragma once

#include "sim/cli/cli-option.h"

/* clang-format off */
/* More members of the row may follow. */
#define CS3_OPTION_HARDWARE(place, ...) \
  {.name = "hardware", .type = CS3_OPTION_TEXT, .offset = (place), .metavar = "NAME|FILE", \
   .completes = "hardware", \
   .help = "hardware preset, or an .ini file", __VA_ARGS__}

#define CS3_OPTION_SET(place) \
  {.name = "set", .type = CS3_OPTION_LIST, .offset = (place), .keyed = TRUE, \
   .metavar = "GROUP.KEY=VALUE", \
   .completes = "parameters", \
   .help = "override a hardware parameter (see 'cs3sim explain')"}

#define CS3_OPTION_PES(place) \
  {.name = "pes", .type = CS3_OPTION_TEXT, .offset = (place), .metavar = "WxH", \
   .default_text = "the whole wafer", .help = "columns x rows of PEs to use"}

#define CS3_OPTION_MAP(place) \
  {.name = "map", .type = CS3_OPTION_LIST, .offset = (place), .keyed = TRUE, .metavar = "KEY=VALUE", \
   .help = "force a choice of the mapper"}

/* More members of the row follow: what is sparse, at least. */
#define CS3_OPTION_SPARSITY(place, ...) \
  {.name = "sparsity", .letter = 's', .type = CS3_OPTION_REAL, .offset = (place), .metavar = "S", \
   .min = 0, .max = 1, .below_max = TRUE, __VA_ARGS__}

#define CS3_OPTION_SHAPE(place) \
  {.name = "shape", .type = CS3_OPTION_TEXT, .offset = (place), .metavar = "NxK", \
   .help = "output features x input features"}

#define CS3_OPTION_PATTERN(place) \
  {.name = "pattern", .type = CS3_OPTION_TEXT, .offset = (place), .metavar = "PATTERN", \
   .completes = "patterns", .sparse_only = TRUE, \
   .help = "where the zeros lie (see 'cs3sim list patterns')"}

#define CS3_OPTION_SEED(place, what) \
  {.name = "seed", .type = CS3_OPTION_INT, .offset = (place), .metavar = "N", .min = 0, \
   .max = G_MAXINT32, .sparse_only = TRUE, .help = what}

#define CS3_OPTION_JOBS(place) \
  {.name = "jobs", .letter = 'j', .type = CS3_OPTION_INT, .offset = (place), .metavar = "N", \
   .min = 1, .max = 1024, .environment = "CS3SIM_JOBS", .default_text = "number of processors", \
   .no_result = TRUE, \
   .help = "threads; the result does not depend on it"}

#define CS3_OPTION_TRACE_LIMIT(place) \
  {.name = "trace-limit", .type = CS3_OPTION_INT, .offset = (place), .metavar = "N", .min = 1, \
   .max = 100000000, .help = "trace at most this many events"}
/* clang-format on */
