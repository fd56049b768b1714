/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Models by name, and the options that go with those in ONNX files. */
#pragma once

#include "sim/cli/cli-option.h"
#include "workloads/model.h"

typedef struct {
  char **shape, **value; /* (nullable) */
  int unknown_ops;       /* 1: ignore */
} Cs3OnnxOptions;

/* "refuse", "ignore"; NULL-terminated. */
extern const char *const cs3_unknown_ops[];

/* clang-format off */
/* Rows of an option table. @place: of a Cs3OnnxOptions in the command's struct. */
#define CS3_OPTIONS_ONNX(place) \
  {.name = "shape", .type = CS3_OPTION_LIST, \
   .offset = (place) + G_STRUCT_OFFSET(Cs3OnnxOptions, shape), .metavar = "INPUT=1x3x640x640", \
   .help = "size of an input that an ONNX file leaves open; its first extent, the batch, is 1 " \
           "unless given"}, \
  {.name = "value", .type = CS3_OPTION_LIST, \
   .offset = (place) + G_STRUCT_OFFSET(Cs3OnnxOptions, value), .metavar = "NAME=NUMBER", \
   .help = "what an input or another value of an ONNX file is, where branches or sizes depend on " \
           "it"}, \
  {.name = "unknown-ops", .type = CS3_OPTION_CHOICE, \
   .offset = (place) + G_STRUCT_OFFSET(Cs3OnnxOptions, unknown_ops), .metavar = "WHAT", \
   .choices = cs3_unknown_ops, \
   .help = "operators of an ONNX file that are not known: refuse the file, or ignore them"}
/* clang-format on */

/** cs3_model_path: (transfer full) (nullable): the file of the preset that @name means. */
char *cs3_model_path(const char *name);

/** cs3_model_find: (transfer full) (nullable): a preset by name (see
 * sim/run/model-name.h), or a file (has a '/' or ends in .json or .onnx, or is a directory). */
Cs3Model *cs3_model_find(const char *name_or_path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_model_find_sized: (transfer full) (nullable): the same; an ONNX file for inputs as @options
 * say. Fails with CS3_CLI_ERROR_USAGE where they go with no ONNX file. */
Cs3Model *cs3_model_find_sized(const char *name_or_path, const Cs3OnnxOptions *options,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
