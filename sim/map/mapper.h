/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mapper: which layout of a layer on the wafer is fastest. Closed forms rank and bound every
 * mapping; the recurrence decides among those that may win, on the layer's own mask. */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "fabric/attention/attention.h"
#include "fabric/layer/layer.h"
#include "sim/map/weights.h"

/* What `--map key=value` forces; a negative value leaves the choice to the mapper. */
typedef struct {
  gint64 fold;
  int axis;           /* Cs3FeatureAxis */
  int placement;      /* Cs3AccPlacement */
  int reduction;      /* Cs3Reduction */
  int overlap;        /* 0, 1 */
  int dense;          /* weight format: 1 dense, 0 sparse */
  int dw;             /* Cs3DwAlgorithm */
  int lowering;       /* Cs3Lowering, of convolutions */
  int recompute;      /* Cs3Recompute */
  int send;           /* activations that are kept: 1 to the servers, 0 on the wafer */
  gint64 micro_batch; /* samples */
  Cs3AttentionForce attention;
} Cs3MapForce;

#define CS3_MAP_FREE ((Cs3MapForce){-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, CS3_ATTENTION_FREE})

/** cs3_map_force_parse: add one "key=value" to @force. Unknown keys and values name the known ones.
 */
gboolean cs3_map_force_parse(Cs3MapForce *force, const char *text,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_map_force_of_step: whether @text, "micro-batch=8", chooses for a whole step and nothing for
 * a layer. */
gboolean cs3_map_force_of_step(const char *text);

/** cs3_map_force_words: (transfer full): everything that --map takes, "axis=y"; "fold=" where a
 * number follows. */
char **cs3_map_force_words(void);

typedef struct {
  Cs3LayerShape shape; /* with the weight format chosen */
  Cs3Mapping mapping;
  double estimate; /* cycles by the closed form */
  gint64 bound;    /* cycles it cannot be faster than */
  gint64 cycles;   /* by the recurrence; 0 until run */
} Cs3MapCandidate;

typedef struct {
  Cs3MapCandidate best, runner_up; /* runner_up.cycles is 0 when there was only one mapping */
  guint considered;                /* mappings that fit */
  guint run;                       /* of which the recurrence was run */
} Cs3MapChoice;

/**
 * cs3_map_candidates: every mapping of @shape that fits, fastest estimate first.
 * @density: live share of the weights; 1 allows only the dense weight format.
 * Returns: (transfer full) (nullable) (element-type Cs3MapCandidate): never empty; %NULL with
 *   CS3_FABRIC_ERROR_INFEASIBLE and what the best attempt lacks.
 */
GArray *cs3_map_candidates(const Cs3Hardware *hw, const Cs3LayerShape *shape, double density,
                           const Cs3MapForce *force, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A wafer with what the closed forms of a pass read of it, and the name of that: asked for once,
 * not in each of some hundred questions. */
typedef struct {
  Cs3Hardware hw;
  struct {
    Cs3Hardware read, unlimited; /* the latter with links off the wafer that are never waited for */
    Cs3MemoKey key, unlimited_key;
  } of[2]; /* of a pass without and with gradients */
} Cs3MapWafer;

/* The best mappings of a pass on other numbers of tokens, sparse and dense; fold 0: not known.
 * Looked at first they spare looking at most others; no influence on the result. */
typedef struct {
  Cs3Mapping best[2];
} Cs3MapHints;

/** cs3_map_wafer: of @hw. */
Cs3MapWafer cs3_map_wafer(const Cs3Hardware *hw);

/**
 * cs3_map_best: the first of cs3_map_candidates(), without bound, and found faster. Errors: the
 * same.
 * @memo: (nullable): of such questions. A weight format is one of its own, so that searches with
 * and without a forced format share what they find.
 * @hints: (nullable) (inout): of the same wafer, rows, features, pass and @force.
 */
gboolean cs3_map_best(const Cs3MapWafer *wafer, const Cs3LayerShape *shape, double density,
                      const Cs3MapForce *force, Cs3Memo *memo, Cs3MapHints *hints,
                      Cs3MapCandidate *best, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What of a choice is asked for. */
typedef struct {
  gboolean best_only;  /* no runner-up: what is no better than the best is not run to its end */
  gboolean links_vary; /* machines that differ in links share the memory: first, what is too slow
                          on links that are never waited for is found out, once for all of them */
} Cs3MapWant;

/**
 * cs3_map_choose: the fastest mapping by the recurrence, or one at most 1 % slower; mappings that
 * their bound excludes are not run, the first two of the ranking always are. Of a convolution, of
 * the mappings that hold no more around its tensors (cs3_layer_around_bytes()) than the first.
 * @weights: (nullable): shape->rows x shape->features live weights; %NULL: all alive.
 * @memo: (nullable): of passes that were run.
 * @want: the best is the same whatever it says.
 */
gboolean cs3_map_choose(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                        const Cs3WeightsLoan *weights, Cs3Memo *memo, const Cs3MapForce *force,
                        Cs3MapWant want, Cs3MapChoice *choice,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_map_weights: what a pass in the weight format of @shape is run on: @weights, or, in the dense
 * format, where every weight travels and is multiplied, none.
 */
Cs3LayerWeights cs3_map_weights(const Cs3LayerShape *shape, const Cs3WeightsLoan *weights,
                                Cs3Memo *memo);

/** cs3_map_describe: (transfer full): "fold 4 on y, cache, chain, sparse". */
char *cs3_map_describe(const Cs3MapCandidate *candidate);

/** cs3_map_json: (transfer full): the same as a record. */
json_t *cs3_map_json(const Cs3MapCandidate *candidate);
