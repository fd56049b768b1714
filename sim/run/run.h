/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The main job: one training step of a model on a cluster, sparse and dense. */
#pragma once

#include <glib.h>

#include "sim/machine/machine.h"
#include "sim/map/plan.h"
#include "sim/step/step.h"
#include "workloads/graph.h"
#include "workloads/pattern.h"
#include "workloads/sparsity.h"
#include "workloads/transform.h"

/* What runs share: masks, and the passes that were run. Threads and later forked processes may use
 * it at once; no result depends on it. */
typedef struct Cs3RunCache Cs3RunCache;

/** cs3_run_cache_new: room for @passes remembered passes and @mask_bytes of masks and counts. */
Cs3RunCache *cs3_run_cache_new(gsize passes, gsize mask_bytes);
/** cs3_run_cache_memo: (transfer none) (nullable): answers that runs share. */
Cs3Memo *cs3_run_cache_memo(Cs3RunCache *cache);
void cs3_run_cache_free(Cs3RunCache *cache);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3RunCache, cs3_run_cache_free)

typedef struct {
  Cs3RunCache *cache;               /* (nullable) borrowed: %NULL: the run has one of its own */
  const Cs3Machine *machine;        /* borrowed */
  const Cs3Graph *graph;            /* borrowed */
  const Cs3TransformOps *transform; /* (nullable): what has made it of `original` */
  const Cs3Graph *original;         /* (nullable) borrowed */
  const Cs3Sparsity *sparsity;      /* borrowed: which weights of the graph are sparse */
  double sparsity_asked;            /* of the blocks' linear weights that no filter names */
  gint64 batch;                     /* samples a step, on all systems; a multiple of them */
  gint64 systems;                   /* data parallel; 0: one */
  gboolean each;                    /* simulate every wafer, not classes of equal ones */
  const GArray *faults;             /* (nullable) borrowed, of Cs3Fault, checked against the tree */
  Cs3Pattern pattern;
  guint64 seed;
  const Cs3WeightMatch *weights; /* (nullable) borrowed: whose zeros they are, instead of drawn */
  const char *lora;              /* (nullable) borrowed: --lora as given */
  const char *precision;         /* (nullable) what --precision names */
  const char *weights_text;      /* (nullable) borrowed: --weights as given */
  gboolean forward;              /* evaluation: forward alone, nothing is updated */
  gboolean exact;                /* every layer with its own mask */
  Cs3PlanFidelity fidelity;      /* of the passes */
  guint workers;                 /* threads; no influence on the result */
  Cs3MapForce force;
  /* (nullable) borrowed: --map, --sparsity-filter and --fault as given */
  char **map_texts, **filter_texts, **fault_texts;
} Cs3RunConfig;

/* Where the cycles of a step went: the causes of the linear layers, then the rest of the step. */
enum {
  CS3_STEP_LAYOUT = CS3_N_CAUSES, /* activations that are brought to the layout of a pass */
  CS3_STEP_ATTENTION,             /* scores and values beyond their MACs at peak */
  CS3_STEP_VECTOR,                /* norms, softmax, activation functions, residuals, loss */
  CS3_STEP_EMBEDDING,             /* table rows in, their gradients out */
  CS3_STEP_RECOMPUTE,             /* blocks run again in backward to save memory */
  CS3_STEP_PADDING,               /* the last micro-batch is not full */
  CS3_STEP_STREAM_WAIT,           /* waiting for MemoryX and SwarmX within the iteration */
  CS3_STEP_BOUNDARY, /* last gradient, tree, update, first weights: between iterations */
  CS3_STEP_EDGE,     /* step.edge */
  CS3_STEP_FAULTS,   /* slow systems and links */
  CS3_N_STEP_CAUSES
};

/** cs3_step_cause_name: (transfer none): as in result files; covers the layer causes too. */
const char *cs3_step_cause_name(int cause);

/* One simulated step. */
typedef struct {
  Cs3Plan *plan;
  Cs3StepTime time; /* step_s with the faults that last, the rest as it would be without them */
  double fault_s;   /* the part of time.step_s that these faults cost */
  double single_s;  /* the step of one system with its share of the batch, for itself */
  gint64 cycles;    /* sum of causes */
  gint64 causes[CS3_N_STEP_CAUSES];
  double flops;  /* of live weights and attention, all systems, no recompute; forward and, unless it
                    is alone, backward */
  double joules; /* of all systems */
  double
      linear_cycles_per_token; /* forward, again, dX and dW of the linear weights of the blocks */
} Cs3StepRun;

typedef struct {
  Cs3RunConfig config;
  Cs3StepRun sparse, dense;
  Cs3StepRun uniform; /* with weights: the sparse step with as many zeros anywhere; else empty */
  double speedup, theoretical;               /* step times; MACs */
  double linear_speedup, linear_theoretical; /* linear weights of the blocks alone */
  double lost_s;                             /* by faults with a time, once, sparse */
  guint64 retries;                           /* of transfers, then */
} Cs3Run;

/** cs3_run_systems: how many systems, at least 1. */
static inline gint64 cs3_run_systems(const Cs3RunConfig *config) {
  return MAX(config->systems, 1);
}

/** cs3_run_state_bytes: MemoryX's memory for the network: trained parameters with their optimizer
 * state, frozen ones in 16 bits. */
double cs3_run_state_bytes(const Cs3RunConfig *config);

/** cs3_run_input: what the planner gets for one system's share of the sparse step. */
Cs3PlanInput cs3_run_input(const Cs3RunConfig *config);

/** cs3_run_schedule: one step of the cluster with its faults; @uses is borrowed. */
Cs3Schedule cs3_run_schedule(const Cs3RunConfig *config, const Cs3Plan *plan, const GArray *uses);

/**
 * cs3_run_joules: energy of all systems for a step: each draws idle power, and the rest up to
 * wafer.power while its wafer computes, stragglers for longer.
 */
double cs3_run_joules(const Cs3RunConfig *config, const Cs3StepTime *time);

/**
 * cs3_run: simulate the step sparse and, as its baseline, dense: the same model, batch and machine
 * with dense weights, their own best mapping and micro-batch. Without sparsity both are the same
 * run. The calling process must be single-threaded (SimGrid runs in a forked child). Errors:
 * CS3_WORKLOAD_ERROR, CS3_FABRIC_ERROR_INFEASIBLE (does not fit), CS3_STEP_ERROR.
 */
Cs3Run *cs3_run(const Cs3RunConfig *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_run_against: as cs3_run(), with the dense side of @baseline instead of simulating it again.
 * @baseline: (nullable): a run whose configuration differs from @config in nothing but the sparsity
 *   (another model, machine, batch or forced mapping would be compared with the wrong step).
 *   It may be freed before the result.
 */
Cs3Run *cs3_run_against(const Cs3RunConfig *config, const Cs3Run *baseline,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Step times and energy alone. */
typedef struct {
  double dense_s, sparse_s;
  double dense_joules, sparse_joules; /* cs3_run_joules() of them */
} Cs3RunTimes;

/**
 * cs3_run_times: the step times of cs3_run() for analyses of very many machines: every layer on the
 * mapping that closed forms rank first, no causes, the system by its recurrence.
 * @sample_rows: output rows of a layer that are run, the others follow at their pace; 0: all.
 * config->cache must be set. Several threads may call it at once. Errors: as cs3_run().
 */
gboolean cs3_run_times(const Cs3RunConfig *config, gint64 sample_rows, Cs3RunTimes *times,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_run_dense_gradient: the sparse step of @run with dW of every weight, live or not, as RigL
 * needs it: same micro-batch, forward and dX unchanged.
 */
gboolean cs3_run_dense_gradient(const Cs3Run *run, Cs3StepTime *time,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cs3_run_free(Cs3Run *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Run, cs3_run_free)
