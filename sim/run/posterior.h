/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A posterior, as `cs3sim calibrate` writes it, put to use: the step of a scenario on machines that
 * agree with what was measured. */
#pragma once

#include <jansson.h>

#include "base/output.h"
#include "sim/cli/cli-option.h"
#include "sim/run/samples.h"

/* The posterior that is shipped, by this name. */
#define CS3_DEFAULT_POSTERIOR "default"
/* --posterior, with its path at @place. */
#define CS3_OPTION_POSTERIOR(place)                                                                \
  {                                                                                                \
    .name = "posterior", .type = CS3_OPTION_TEXT, .offset = (place), .metavar = "FILE",            \
    .completes = "files", .default_text = "none",                                                  \
    .help =                                                                                        \
        "the same on machines that agree with measured rates: 10 to 90 % band and median; FILE "   \
        "is what 'cs3sim calibrate' writes, or the word default for the one that is shipped"       \
  }

/* Samples that a band is from: of one step, of each of many. */
enum { CS3_POSTERIOR_SAMPLES = 128, CS3_POSTERIOR_FEW = 64 };

/** cs3_posterior_path: (transfer full) (nullable): @name, or where the shipped one lies. */
char *cs3_posterior_path(const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct Cs3PosteriorFile Cs3PosteriorFile;

/**
 * cs3_posterior_load: schema cs3sim.posterior/1 from @path, or the shipped one.
 * Returns: (transfer full) (nullable): G_FILE_ERROR; CS3_RECORD_ERROR_DATA: not such a file, or one
 *   whose samples are not shares of ranges.
 */
Cs3PosteriorFile *cs3_posterior_load(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cs3_posterior_file_free(Cs3PosteriorFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3PosteriorFile, cs3_posterior_file_free)

/** cs3_posterior_document: (transfer none): what it was read from. */
const json_t *cs3_posterior_document(const Cs3PosteriorFile *file);

/* A scenario's steps on machines of a posterior. */
typedef struct {
  guint n;
  Cs3RunTimes *times; /* of number k: on the machine that number k is of every scenario; NaN: it
                         cannot run */
  Cs3RunTimes scale;  /* of evaluations */
  json_t *missing;    /* names of constants that the file does not know: drawn from their ranges */
  guint params;       /* constants, known or not */
} Cs3PosteriorTimes;
void cs3_posterior_times_clear(Cs3PosteriorTimes *times);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Cs3PosteriorTimes, cs3_posterior_times_clear)

/**
 * cs3_posterior_times: as cs3_posterior_band(), machine by machine. @most: so many machines at
 * most. @times: (out): cleared by the caller.
 */
gboolean cs3_posterior_times(const Cs3PosteriorFile *file, const Cs3RunConfig *config,
                             Cs3RunTimes whole, guint most, Cs3SampleProgress progress,
                             gpointer data, Cs3PosteriorTimes *times,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_posterior_name: (transfer none): as it was asked for. */
const char *cs3_posterior_name(const Cs3PosteriorFile *file);

/**
 * cs3_posterior_band: the step of @config on machines of @file. A constant of the machine takes the
 * sample's share of its range where the file knows a constant of that name and range; others are
 * drawn from their ranges, as for cs3_uncertainty().
 * @whole: the nominal machine's step as cs3_run() has it; evaluations are scaled to it.
 * Returns: (transfer full) (nullable): the object "posterior" of a record: cs3_bands_json(), file,
 *   scaled, conditioned (constants that the file knows), drawn (constants that it does not).
 *   Errors: as cs3_run_times(); CS3_RECORD_ERROR_DATA when it knows none of the machine's
 * constants.
 */
json_t *cs3_posterior_band(const Cs3PosteriorFile *file, const Cs3RunConfig *config,
                           Cs3RunTimes whole, Cs3SampleProgress progress, gpointer data,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_posterior_text: the object for people, beside that of cs3_uncertainty() (nullable). */
void cs3_posterior_text(const json_t *posterior, const json_t *uncertainty, Cs3Output *output);
