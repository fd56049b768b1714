/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One row per parameter: the single table behind reading, --set, validation, `explain`,
 * the manual and the uncertainty analysis. This header only declares the row; the
 * machinery that reads and prints rows lives in sim/machine/params.h. */
#pragma once

#include <glib.h>

/* Physical unit of a parameter value; the struct member holds the value in this base unit. */
typedef enum {
  CS3_UNIT_NONE,         /* a pure count or ratio: written as a bare number */
  CS3_UNIT_CYCLES,       /* clock cycles: bare number or "5 cycles" */
  CS3_UNIT_HZ,           /* "1.1 GHz" */
  CS3_UNIT_BYTES,        /* "48 KiB", "44 GB" */
  CS3_UNIT_BITS_PER_S,   /* "1.2 Tb/s" */
  CS3_UNIT_BYTES_PER_S,  /* "150 GB/s" */
  CS3_UNIT_SECONDS,      /* "5 us" */
  CS3_UNIT_WATTS,        /* "23 kW" */
  CS3_UNIT_PARAMS_PER_S, /* model parameters per second: "75 Gparam/s" */
} Cs3Unit;

typedef enum {
  CS3_PARAM_INT,  /* gint64 member */
  CS3_PARAM_REAL, /* double member */
  CS3_PARAM_ENUM, /* int member, index into `choices` */
} Cs3ParamType;

/* How well a value is known (what `explain` prints and what may be sampled). */
typedef enum {
  CS3_EVIDENCE_VENDOR,      /* stated by the vendor */
  CS3_EVIDENCE_MEASURED,    /* measured by others on silicon or on the vendor's simulator */
  CS3_EVIDENCE_DERIVED,     /* arithmetic on stated or measured values */
  CS3_EVIDENCE_DISPUTED,    /* several values in circulation */
  CS3_EVIDENCE_UNPUBLISHED, /* no public value: our proposal, with a range */
} Cs3Evidence;

typedef struct {
  const char *group; /* ini group, e.g. "wafer" */
  const char *key;   /* ini key, e.g. "clock" */
  Cs3ParamType type;
  Cs3Unit unit;
  gsize offset;                        /* of the member in the struct that the table describes */
  double min, max;                     /* accepted range, base unit, inclusive */
  double plausible_min, plausible_max; /* range for uncertainty; equal when not sampled */
  const char *const *choices;          /* NULL-terminated, CS3_PARAM_ENUM only */
  Cs3Evidence evidence;
  const char *source;  /* what is known, and who said it; a preset adds the source of its value */
  const char *help;    /* one sentence */
  const char *readers; /* NULL: every simulation; else the commands whose results depend on it,
                          separated by blanks, "layer/event": `layer --fidelity event` alone; "":
                          none, it only describes the machine */
} Cs3Param;

/* A struct described by a parameter table. */
typedef struct {
  const Cs3Param *params;
  guint n_params;
} Cs3ParamTable;
