/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where presets are found: the user's, the installed ones, or those of the source tree. */
#pragma once

#include <glib.h>

typedef enum {
  CS3_DATA_HARDWARE,   /* machines, *.ini */
  CS3_DATA_MODELS,     /* models, *.json */
  CS3_DATA_VALIDATION, /* published measurements, *.csv */
  CS3_DATA_BASELINES,  /* machines that were measured, *.json */
  CS3_DATA_TRAINING,   /* recipes of training runs, *.ini */
  CS3_DATA_POSTERIORS, /* what was inferred from measured rates, *.json */
  CS3_DATA_MASKS,      /* example masks, names with their endings */
  CS3_DATA_GPUS,       /* constants of GPUs, *.ini */
  CS3_DATA_DECODERS,   /* of other machines that decode, *.ini */
  CS3_DATA_LAWS,       /* of loss over size, sparsity and data, *.ini */
} Cs3DataKind;

/**
 * cs3_datadir_search: the directories that are searched for presets, first match first:
 * $CS3SIM_DATA_DIR (a source tree or an installed data directory), the user's configuration
 * directory, the tree that the program was built in, the installation.
 * Returns: (transfer full): NULL-terminated; a directory need not exist.
 */
char **cs3_datadir_search(Cs3DataKind kind);

/** cs3_datadir_locate: (transfer full) (nullable): the file of preset @name; %NULL: none. */
char *cs3_datadir_locate(Cs3DataKind kind, const char *name);

/**
 * cs3_datadir_find: like cs3_datadir_locate().
 * Returns: (transfer full): the path, or %NULL with %CS3_CONFIG_ERROR_NOT_FOUND and the nearest
 *   known name.
 */
char *cs3_datadir_find(Cs3DataKind kind, const char *name,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_datadir_list: (transfer full): names of all presets, sorted, each once, NULL-terminated. */
char **cs3_datadir_list(Cs3DataKind kind);
