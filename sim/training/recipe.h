/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A training recipe: phases of a run, read from an .ini file.
 *
 *   [training]                      [phase sparse]
 *   description = text              tokens = 50e9
 *   model = llama7b                 sparsity = 0.5
 *   hardware = cs3                  mask = rigl
 *   systems = 16                    mask_every = 100
 *   batch = 1024
 *   seq = 4096
 *   checkpoint_every = 1000
 */
#pragma once

#include <glib.h>

typedef enum {
  CS3_MASK_STATIC,  /* never changes */
  CS3_MASK_GRADUAL, /* magnitude pruning, sparsity grows with the cube of what is left of the time
                       (Zhu and Gupta 2017, arXiv 1710.01878) */
  CS3_MASK_SET,     /* the smallest live weights give way to random others (Mocanu et al. 2018,
                       arXiv 1707.04780) */
  CS3_MASK_RIGL,    /* to those with the largest dense gradient (Evci et al. 2020,
                       arXiv 1911.11134) */
} Cs3MaskSchedule;

/* NULL-terminated, indexed by #Cs3MaskSchedule. */
extern const char *const cs3_mask_schedule_names[];

/* A phase; 0 and %NULL stand for what the whole run has. */
typedef struct {
  char *name;
  double tokens;
  double sparsity;      /* at the end of the phase */
  double sparsity_from; /* GRADUAL: at its beginning */
  gint64 batch, seq;
  char *pattern;
  char *weights;     /* (nullable) as --weights, instead of sparsity and pattern */
  char *teacher;     /* (nullable) "dense": the model without zeros, or another model of as many
                        layers, whose forward pass every step runs, too */
  int mask;          /* Cs3MaskSchedule */
  gint64 mask_every; /* steps between two changes of the mask */
  double mask_until; /* share of the phase after which it stays */
} Cs3Phase;

typedef struct {
  char *name, *description; /* file stem; (nullable) one line */
  char *model, *hardware;   /* (nullable) */
  gint64 systems, batch, seq;
  gint64 checkpoint_every; /* steps; 0: not given */
  GPtrArray *phases;       /* of Cs3Phase, at least one */
} Cs3Recipe;

/** cs3_recipe_new: (transfer full): no phases yet. */
Cs3Recipe *cs3_recipe_new(const char *name);

/** cs3_recipe_add: (transfer none): a new phase called @name: dense, static. */
Cs3Phase *cs3_recipe_add(Cs3Recipe *recipe, const char *name);

/**
 * cs3_recipe_load: a preset by name, or a file (has a '/' or ends in .ini).
 * Fails in CS3_CONFIG_ERROR: file:line, the key, what is accepted.
 */
Cs3Recipe *cs3_recipe_load(const char *name_or_path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_recipe_file_text: (transfer full): how a recipe is written, for people. */
char *cs3_recipe_file_text(void);

void cs3_recipe_free(Cs3Recipe *recipe);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Recipe, cs3_recipe_free)

/** cs3_phase_sparsity: sparsity at share @t of the phase, 0 <= @t <= 1. */
double cs3_phase_sparsity(const Cs3Phase *phase, double t);
