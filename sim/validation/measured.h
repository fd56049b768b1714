/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Measured rates of training or evaluation, from a file of the user's or the one that is shipped.
 */
#pragma once

#include <glib.h>

/* One rate. */
typedef struct {
  char *where; /* "file.csv:7", for messages */
  char *name;  /* "llama7b on cs3-silicon, batch 32 of 2048 tokens" */
  char *model; /* rows of one model stand together */
  char *machine;
  char *arguments; /* of `cs3sim run` */
  double rate;     /* sequences (images, ...) a second; 0: not measured yet */
  double error;    /* of the measurement, relative */
} Cs3Measured;

/* Two kinds of files. */
typedef enum {
  CS3_ROWS_MEASURED, /* shipped: calibration.csv */
  CS3_ROWS_TO_COME,  /* what could be measured: no column rate; shipped: candidates.csv */
} Cs3RowKind;

/**
 * cs3_measured_load: the rows of @path: comma-separated without quotes, a header that names the
 * columns model, machine, batch, rate, error and, if wanted, seq, options (of `cs3sim run`),
 * source; lines that begin with '#' are comments. %NULL: those that are shipped. Returns: (transfer
 * full) (nullable) (element-type Cs3Measured): CS3_CLI_ERROR_DATA with file:line and what is wrong;
 * G_FILE_ERROR.
 */
GPtrArray *cs3_measured_load(const char *path, Cs3RowKind kind,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_measured_parse: the same from @text; @source names it in messages. */
GPtrArray *cs3_measured_parse(const char *text, const char *source, Cs3RowKind kind,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
