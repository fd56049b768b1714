/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PE programs: collectives, kernels and traffic that run on the event fabric, one table of
 * operations each. */
#pragma once

#include "fabric/closed-form.h"
#include "fabric/event/event.h"

typedef struct Cs3ProgramOps Cs3ProgramOps;

/* What a user may ask for; a program reads what it lists in its options. */
typedef struct {
  guint width, height;          /* PEs */
  guint words;                  /* 32-bit words per PE or message */
  guint group;                  /* two-phase: PEs per group; 0: square root of the line */
  guint rounds;                 /* ping-pong: round trips; traffic: see load */
  guint tile_m, tile_k, tile_n; /* GEMM tile of a PE */
  guint products;               /* GEMM: local products per step; 0: communication only */
  gboolean no_communication;
  double load;     /* traffic: share of the bisection limit */
  guint64 horizon; /* traffic: cycles in which wavelets are injected */
  guint64 seed;
} Cs3ProgramParams;

/* A program that is loaded into a fabric. */
typedef struct {
  const Cs3ProgramOps *ops;
  Cs3ProgramParams params;
  Cs3EventTiming timing;
  Cs3GemmCode gemm;
  Cs3Fabric *fabric;
  guint clock_start; /* cycle from which the program counts its time */
  gpointer data;     /* the program's own tables */
  GDestroyNotify data_free;
} Cs3ProgramRun;

struct Cs3ProgramOps {
  const char *name;
  const char *summary; /* one line for `list programs` */
  const char *options; /* which of the options it reads */
  /* Checks sizes; the message names the option and the accepted range. */
  gboolean (*check)(const Cs3ProgramParams *params, GError **error);
  /* Gives roles to the PEs of run->fabric. */
  gboolean (*build)(Cs3ProgramRun *run, GError **error);
  /* Compares the memory of the PEs with a plain loop. */
  gboolean (*verify)(const Cs3ProgramRun *run);
  /* (nullable): the published cost model; FALSE: none for these sizes. */
  gboolean (*model)(const Cs3ProgramRun *run, Cs3ClosedForm *form);
  gboolean network_only; /* tasks start at once: only the network is looked at */
  /* (nullable): time of programs that measure other than the latest end. */
  double (*cycles)(const Cs3ProgramRun *run);
};

/** cs3_program_table: (transfer none): all programs, NULL-terminated. */
const Cs3ProgramOps *const *cs3_program_table(void);

/**
 * cs3_program_find: by name.
 * Returns: (nullable): %NULL with %CS3_FABRIC_ERROR_INVALID naming the nearest program.
 */
const Cs3ProgramOps *cs3_program_find(const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_program_reads: does @ops list option --@name? */
gboolean cs3_program_reads(const Cs3ProgramOps *ops, const char *name);

/** cs3_program_defaults: 8x1 PEs, 64 words, and the other options' defaults. */
Cs3ProgramParams cs3_program_defaults(void);

/**
 * cs3_program_load: a fabric with @ops loaded, ready for cs3_fabric_run().
 * @gemm: what PEs run between the transfers of a mesh GEMM.
 * Returns: (transfer full) (nullable): %NULL with INVALID (sizes) or INFEASIBLE (does not fit).
 */
Cs3ProgramRun *cs3_program_load(const Cs3ProgramOps *ops, const Cs3ProgramParams *params,
                                const Cs3EventTiming *timing, const Cs3GemmCode *gemm,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** cs3_program_cycles: the program's time after cs3_fabric_run(). */
guint64 cs3_program_cycles(const Cs3ProgramRun *run);
void cs3_program_free(Cs3ProgramRun *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3ProgramRun, cs3_program_free)
