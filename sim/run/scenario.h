/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options that name what is simulated (model, machine, sparsity, batch), shared by every
 * command that simulates, and the objects they stand for. */
#pragma once

#include <glib.h>

#include "base/table.h"
#include "sim/cli/cli-option.h"
#include "sim/run/length-options.h"
#include "sim/run/model-options.h"
#include "sim/run/run.h"
#include "workloads/model.h"

typedef struct {
  char *model, *hardware;
  char **set;
  double sparsity;
  char **sparsity_filter;
  char *pattern;
  char *weights; /* (nullable) a checkpoint or its statistics, instead of the three before */
  int masked;    /* 1: NaN stand for masked weights */
  Cs3WeightSet *weight_set; /* (nullable) borrowed; no option: what `weights` names, opened once for
                               many scenarios */
  const char *model_text;   /* (nullable) borrowed; no option: the config.json of `model`, which is
                               no file */
  gint64 batch, systems;
  Cs3LengthOptions lengths;
  Cs3OnnxOptions onnx;
  char *lora;    /* (nullable) "RANK[:NAME,NAME]" */
  int precision; /* place in cs3_precision_names */
  int transform; /* 0: none; else 1 + place in cs3_transform_registry() */
  char **fault;
  gint64 seed;
  gboolean forward, exact, explicit_wafers;
  int fidelity; /* Cs3PlanFidelity */
  gint64 jobs;
  char **map;
  char *params; /* (nullable) a file that other options come from; spent when they are read */
} Cs3ScenarioOptions;

extern const Cs3Option cs3_scenario_options[];  /* what is simulated */
extern const Cs3Option cs3_execution_options[]; /* how: seed, exactness, workers, forced mappings */
extern const Cs3ScenarioOptions cs3_scenario_defaults;

/* The same, for commands that embed the struct in their own. 1024 sequences of 4096 tokens are the
 * 4 M tokens a step of Llama-2 (arXiv 2307.09288, section 2.2). */
#define CS3_SCENARIO_DEFAULTS                                                                      \
  {                                                                                                \
    .model = (char *)"llama7b", .hardware = (char *)CS3_DEFAULT_HARDWARE,                          \
    .pattern = (char *)"uniform", .batch = 1024, .seed = 1,                                        \
  }

/* What the options stand for. */
typedef struct {
  Cs3Machine *machine;
  Cs3Model *model;          /* as named, or what --transform makes of it */
  Cs3Graph *graph;          /* of it */
  Cs3Model *original_model; /* (nullable) as named, where it was transformed, and its graph */
  Cs3Graph *original;
  Cs3Sparsity *sparsity;
  Cs3WeightSet *weight_set; /* (nullable) opened for this scenario alone */
  Cs3WeightMatch *weights;  /* (nullable) */
  GArray *faults;           /* of Cs3Fault */
  char **map, **filters, **fault_texts, *weights_text,
      *lora;           /* as given: they outlive the options */
  Cs3RunConfig config; /* refers to the members above */
} Cs3Scenario;

/** cs3_scenario_map: the choices that @map ("key=value", nullable) forces. */
gboolean cs3_scenario_map(char **map, Cs3MapForce *force, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_pattern_sparsity: the sparsity that goes with a pattern: the user's, or the one that the
 * pattern imposes (N:M). Fails when both are given and differ.
 */
gboolean cs3_pattern_sparsity(const Cs3Pattern *pattern, double *sparsity,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_scenario_new: load the model and the machine and check everything that belongs together.
 * Returns: (transfer full) (nullable).
 */
Cs3Scenario *cs3_scenario_new(const Cs3ScenarioOptions *options,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_scenario_set_systems: the same scenario on @systems systems with @batch sequences in all and
 * the faults of the options. Fails when the machine has not so many, the batch does not divide or a
 * fault names what is not there.
 */
gboolean cs3_scenario_set_systems(Cs3Scenario *scenario, const Cs3ScenarioOptions *options,
                                  gint64 systems, gint64 batch,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_scenario_open_weights: what @options name with --weights, counted by the scenarios that use
 * it; %NULL without @error: nothing. Give it to options->weight_set; (transfer full).
 * Errors: cs3_weight_set_open().
 */
Cs3WeightSet *cs3_scenario_open_weights(const Cs3ScenarioOptions *options,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_scenario_weights_identity: add to @key which weights are alive in what --weights @path
 * names, whatever the file is called. Errors: cs3_weight_set_open(), cs3_weight_set_count(). */
gboolean cs3_scenario_weights_identity(const char *path, Cs3MemoKey *key,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_scenario_find_weights: for cs3_scenario_new(): the weights of @options matched to the graph
 * and counted, their densities and names in the config. Fails when options contradict them. */
gboolean cs3_scenario_find_weights(Cs3Scenario *scenario, const Cs3ScenarioOptions *options,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_scenario_own_zeros: whether the zeros in the ONNX file of @scenario are its masks: it may
 * have some, and @options ask for no others. */
gboolean cs3_scenario_own_zeros(const Cs3Scenario *scenario, const Cs3ScenarioOptions *options,
                                double sparsity);

/** cs3_scenario_set_sparsity: the same scenario at another sparsity, filters kept. With weights
 * there is no other. */
gboolean cs3_scenario_set_sparsity(Cs3Scenario *scenario, const Cs3ScenarioOptions *options,
                                   double sparsity, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_scenario_transform: make the larger network of --transform for @sparsity and take its graph.
 * Fails when the options contradict it or it cannot be made. */
gboolean cs3_scenario_transform(Cs3Scenario *scenario, const Cs3ScenarioOptions *options,
                                double sparsity, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_scenario_check: for a command's check(): the model's dimensions and the machine's constants
 * with their origins. @options: a #Cs3ScenarioOptions. */
gboolean cs3_scenario_check(const void *options, Cs3Table *settings,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

void cs3_scenario_free(Cs3Scenario *scenario);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Scenario, cs3_scenario_free)
