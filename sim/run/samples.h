/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Machines that differ from a nominal one in uncertain constants, and the step of a scenario on
 * very many of them. */
#pragma once

#include <glib.h>

#include "sim/run/run.h"

/* Output rows of a layer that an evaluation runs; doc/validation.md. */
enum { CS3_SAMPLE_ROWS = 256 };

/** cs3_sample_params: (transfer full) (element-type Cs3Uncertain): those of
 * cs3_machine_uncertain() that a step depends on. */
GArray *cs3_sample_params(const Cs3Machine *machine);

/** cs3_sample_machine: (transfer full) (nullable): @nominal with @values, by @params (element-type
 * Cs3Uncertain); NaN: as it is. %NULL: values that contradict one another. */
Cs3Machine *cs3_sample_machine(const Cs3Machine *nominal, const GArray *params,
                               const double *values);

/* What evaluations share. */
typedef struct {
  const Cs3RunConfig *config; /* borrowed: the scenario, with the nominal machine */
  Cs3RunCache *cache;         /* borrowed */
  gint64 rows;                /* output rows of a layer that are run */
  Cs3RunTimes scale;          /* of every evaluation */
} Cs3Sampler;

/**
 * cs3_sampler_scale: find the scale with which the nominal machine takes @whole, its step as
 * cs3_run() has it: evaluations run a part of the rows on mappings by closed forms. Errors: as
 * cs3_run_times().
 */
gboolean cs3_sampler_scale(Cs3Sampler *sampler, Cs3RunTimes whole,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* (transfer full) (nullable): machine number @k; from any thread. */
typedef Cs3Machine *(*Cs3SampleMachine)(guint64 k, gpointer data);
/* Told of evaluations that are done, of how many, from the calling thread. */
typedef void (*Cs3SampleProgress)(guint64 done, guint64 total, gpointer data);

/**
 * cs3_sampler_run: step times of @n machines on config->workers threads, which do not change them.
 * @progress: (nullable). @times: (out) (array length=n): NaN: the machine cannot run the model.
 */
void cs3_sampler_run(const Cs3Sampler *sampler, guint64 n, Cs3SampleMachine machine, gpointer data,
                     Cs3SampleProgress progress, gpointer progress_data, Cs3RunTimes *times);
