/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plan: how one micro-batch of a training step runs on one wafer, in cycles. Which micro-batch
 * and recompute policy, which mapping for every pass of every linear layer, and what each costs. */
#pragma once

#include <glib.h>

#include "sim/machine/machine.h"
#include "sim/map/mapper.h"
#include "sim/map/plan-memory.h"
#include "sim/map/weights.h"
#include "fabric/move.h"
#include "workloads/pattern.h"
#include "workloads/sparsity.h"

/* How passes are costed, the masks of sparse ones being what `exact` says. */
typedef enum {
  CS3_PLAN_RECURRENCE, /* run, on the best of the mappings that were run, with causes */
  CS3_PLAN_BOUND,      /* at their lower bounds, on expected numbers of weights: nothing is run */
  CS3_PLAN_RANKED,     /* run on the mapping with the best closed form, times without causes: for
                          analyses of very many machines */
} Cs3PlanFidelity;

/* As people write them, by Cs3PlanFidelity, ended by %NULL; nobody can ask for the last. */
extern const char *const cs3_plan_fidelities[];

typedef struct Cs3PlanInput Cs3PlanInput;
struct Cs3Plan;

/* Time of the step of @plan, in any unit; @enough: a step that is certain not to be shorter may be
 * said to take for ever; @data: the input's judge_data. */
typedef double (*Cs3PlanJudge)(const Cs3PlanInput *input, const struct Cs3Plan *plan, double enough,
                               gconstpointer data);

struct Cs3PlanInput {
  const Cs3Graph *graph;
  const Cs3Machine *machine;
  double feed; /* rate of the slowest link from MemoryX over the port's, at most 1: how fast weights
                  come for the mapper; 0: 1 */
  const Cs3Sparsity *sparsity; /* (nullable): %NULL: all dense */
  const Cs3Pattern *pattern;
  const Cs3WeightMatch *weights; /* (nullable) whose zeros they are; %NULL: drawn by the pattern,
                                    alike at alike densities where these are measured */
  Cs3WeightStore *store;         /* of masks */
  Cs3Memo *memo;                 /* (nullable): of passes */
  gboolean links_vary;           /* plans for wafers that differ in links share the memory */
  Cs3KeepStore *keeps;           /* (nullable): of what activations take */
  gint64 batch;                  /* samples per step */
  guint64 seed;
  gboolean forward; /* forward alone: no backward, no gradients, nothing kept */
  gboolean exact;   /* every layer with its own mask, instead of one per distinct shape */
  Cs3PlanFidelity fidelity;
  gboolean trial;     /* only the step is asked for: no causes and no runners-up, until
                         cs3_plan_complete() */
  gint64 sample_rows; /* if RANKED: output rows that are run, the others follow at their pace; 0:
                         all */
  guint workers;      /* threads; no influence on the result */
  Cs3MapForce force;
  Cs3PlanJudge judge; /* (nullable): says which of several sizes that are close is best; %NULL: the
                         sums of closed forms, which know of no waits between stages */
  gconstpointer judge_data;
};

/* One pass of one linear node. */
typedef struct {
  Cs3MapChoice choice;
  Cs3LayerResult result;
  gint64 bound;
} Cs3PlanPass;

/* One matrix of a linear node, or all of its equally sparse instances when they share one mask. */
typedef struct {
  guint node;     /* index in graph->nodes */
  gint64 layer;   /* the instance; -1: stands for all instances of `density` */
  gint64 repeat;  /* matrices that it stands for: instances x cs3_plan_matrices() */
  gint64 parts;   /* groups of a block-diagonal weight that are told apart by their own masks: the
                     passes are a part of the node's; 1: none are */
  gint64 tiles;   /* parts of the rows, each with the weights streamed again */
  gint64 rows;    /* on the wafer, of one matrix and part */
  double density; /* live share asked for; the mask's own may differ by chance */
  Cs3PlanPass passes[CS3_N_PASS_KINDS]; /* of one part; zero where there is no such pass */
} Cs3PlanLinear;

/* One node without weights, all its instances alike. */
typedef struct {
  guint node;
  gint64 forward, backward; /* cycles of one instance */
  double ideal;             /* MACs of one instance's forward at dense peak, cycles */
  double around[2];         /* bytes beside its tensors (Cs3Keep.around) */
  double stream_bytes;      /* embedding rows in, forward */
  double gradient_bytes;    /* and their gradients out, backward */
} Cs3PlanOther;

typedef struct Cs3Plan {
  gint64 micro_batch; /* samples of a full micro-batch */
  gint64 micro_batches;
  gint64 tokens; /* micro_batch x the tokens of a sample: tokens on the wafer */
  Cs3PlanMemory memory;
  GArray *linears;    /* of Cs3PlanLinear, in graph order */
  GArray *others;     /* of Cs3PlanOther */
  GArray *attentions; /* of Cs3PlanAttention: those that were run as programs */
  GArray *layouts;    /* of Cs3WaferLayout: cs3_plan_layout() */
  GArray *moves;      /* of Cs3PlanOther: activations on their way to the layout of an operator */
  int references;     /* beside the first: cs3_plan_ref() */
} Cs3Plan;

/** cs3_plan_rows: rows on the wafer of one copy of @node with @micro_batch samples: rounded, at
 * least 1. */
gint64 cs3_plan_rows(const Cs3Node *node, gint64 micro_batch);

/** cs3_plan_matrices: passes that one instance of linear @node takes: one for every copy; the
 * groups of a block-diagonal weight share one (cs3_mapping_bands()). */
static inline gint64 cs3_plan_matrices(const Cs3Node *node) {
  return node->copies;
}

/** cs3_plan_forwards: the MACs of a step over those of forward: with dX and dW three times as many.
 */
static inline int cs3_plan_forwards(const Cs3PlanInput *input) {
  return input->forward ? 1 : CS3_N_PASSES;
}

/** cs3_plan_density: live share of the weights of @instance of linear @node; 1: dense. */
double cs3_plan_density(const Cs3PlanInput *input, guint node, gint64 instance);

/** cs3_plan_stands_for: whether @linear is the result of @instance of its node. */
gboolean cs3_plan_stands_for(const Cs3PlanInput *input, const Cs3PlanLinear *linear,
                             gint64 instance);

/**
 * cs3_plan_new: choose micro-batch, recompute policy and mappings, then run the recurrences.
 * Returns: (transfer full) (nullable): %NULL with CS3_FABRIC_ERROR_INFEASIBLE when one sample
 *   does not fit the wafer's memory under any allowed policy (says how much is missing).
 */
Cs3Plan *cs3_plan_new(const Cs3PlanInput *input, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_plan_complete: what the plan of a trial leaves out. @input: as the trial had it, but for
 * that. */
gboolean cs3_plan_complete(const Cs3PlanInput *input, Cs3Plan *plan,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_plan_ref: @plan, which then takes one more cs3_plan_free() to go. Not for several threads.
 */
Cs3Plan *cs3_plan_ref(Cs3Plan *plan);
void cs3_plan_free(Cs3Plan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Plan, cs3_plan_free)
