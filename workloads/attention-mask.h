/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How much of attention's square a mask leaves, counted in the tiles in which it is computed. */
#pragma once

#include "workloads/graph.h"

/* Masks as users and documents name them: indexed by Cs3AttentionMask, ends with NULL. */
extern const char *const cs3_attention_mask_names[];

/* What a query sees. */
typedef struct {
  double seq;      /* queries, and as many keys */
  gboolean causal; /* none that comes later */
  gint64 window;   /* causal: the last so many, itself included; else so many around it; 0: all */
  gint64 document; /* none of another document, where documents of so many tokens follow each other;
                      0: one */
  gint64 tiles;    /* the square is computed in tiles x tiles, at most one a token; 0: by the score,
                      exactly */
} Cs3AttentionSpan;

/**
 * cs3_attention_keys: keys that a query is multiplied with, on average: of every tile with a score
 * that the mask leaves alive, all. A causal mask in t tiles leaves (1 + 1/t) / 2 of the square.
 * Without tiles the live scores alone; documents then need none.
 */
double cs3_attention_keys(const Cs3AttentionSpan *span);
