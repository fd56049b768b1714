/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The loss of a sparse network over its size, sparsity and data (Frantar et al. 2023, arXiv
 * 2309.08520): L = (aS (1-S)^bS + cS) N^-bN + (aD / D)^bD + c, N weights alive, D data. */
#pragma once

#include <glib.h>

/* Networks whose width changes, the law's size with its square. */
typedef enum { CS3_LAW_T5, CS3_LAW_VIT, CS3_LAW_GPT2, CS3_N_LAW_NETWORKS } Cs3LawNetwork;

typedef struct {
  char *name, *description, *source;
  double a_s, b_s, c_s, b_n, a_d, b_d, c;
  double unit_tokens, unit_samples;                    /* tokens, and samples, of one unit of D */
  int network;                                         /* Cs3LawNetwork: what it was fitted to */
  double fitted_low_n, fitted_high_n, fitted_sparsity; /* what the law was fitted to: weights alive;
                                                          the highest sparsity */
} Cs3Law;

/**
 * cs3_law_load: a preset by name (laws/NAME.ini), or a file (has a '/' or ends in .ini).
 * Returns: (transfer full) (nullable): %NULL with CS3_CONFIG_ERROR: not found, or file:line, the
 * key and what is accepted; a coefficient that is missing is named.
 */
Cs3Law *cs3_law_load(const char *name_or_path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cs3_law_free(Cs3Law *law);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Law, cs3_law_free)

/** cs3_law_loss: of @alive weights of a network of @sparsity after @units of data. */
double cs3_law_loss(const Cs3Law *law, double sparsity, double alive, double units);

/** cs3_law_weights: of the blocks of the network of @width, as the law counts them: 12 width^2 a
 * block. */
double cs3_law_weights(const Cs3Law *law, double width);

/** cs3_law_config: (transfer full): the network of @width, a multiple of 64, as config.json. */
char *cs3_law_config(const Cs3Law *law, gint64 width);

/**
 * cs3_law_flop_sparsity: the sparsity of least loss for @flops of training and @alive weights,
 * where a dense network of as many weights trains on D = @flops / (6 N), a sparse one, which must
 * run all of its N / (1-S) weights, on (1-S) times that. With x = 1-S and D(x) = C x / (6 N) the
 * loss is (aS x^bS + cS) N^-bN + (6 N aD / (C x))^bD + c; its derivative bS aS x^(bS-1) N^-bN - bD
 * (6 N aD / C)^bD x^(-bD-1) is zero at x^(bS+bD) = bD (6 N aD / C)^bD N^bN / (bS aS). Clipped to x
 * <= 1: dense is best.
 */
double cs3_law_flop_sparsity(const Cs3Law *law, double flops, double alive);

/** cs3_law_dense_size: weights of a dense network of equal loss, over @alive weights of a sparse
 * one with as much data: ((aS + cS) / (aS (1-S)^bS + cS))^(1/bN). */
double cs3_law_dense_size(const Cs3Law *law, double sparsity);
