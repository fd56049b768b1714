/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Published measurements replayed through the simulator: `cs3sim validate`. A suite is a data file
 * (sim/validation/NAME.csv, one measurement a row) and a row in the registry with the methods that
 * simulate its rows. */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "base/output.h"

/* What a row claims. */
typedef enum {
  CS3_CHECK_RELATIVE, /* |simulated / published - 1| <= tolerance */
  CS3_CHECK_ABSOLUTE, /* |simulated - published| <= tolerance */
  CS3_CHECK_AT_MOST,  /* simulated <= published + tolerance */
  CS3_CHECK_AT_LEAST, /* simulated >= published - tolerance */
  CS3_CHECK_REPORT,   /* nothing: the difference is shown */
  CS3_CHECK_REJECTED, /* not simulated; the note says why */
} Cs3Check;

typedef enum {
  CS3_VERDICT_OK,
  CS3_VERDICT_MISSED,
  CS3_VERDICT_REPORTED,
  CS3_VERDICT_REJECTED,
  CS3_N_VERDICTS
} Cs3Verdict;

/* One published value. */
typedef struct {
  char *where; /* "throughput.csv:7", for messages */
  char *id;
  char *group; /* rows that stand together in the summary */
  char *source, *evidence, *quantity, *unit;
  double published; /* NaN when rejected without a number */
  Cs3Check check;
  double tolerance;
  char *method;    /* of the suite */
  char *arguments; /* for the method: options of the command it runs, or key=value */
  char *result;    /* which number of the method's record; "" where it has one only */
  double scale;    /* simulated value = scale x that number */
  char *note;
} Cs3ValidationRow;

typedef struct Cs3ValidationSession Cs3ValidationSession;

/* A way to simulate a row. */
typedef struct {
  const char *name; /* %NULL ends an array */
  gboolean (*measure)(Cs3ValidationSession *session, const Cs3ValidationRow *row, double *value,
                      GError **error);
} Cs3ValidationMethod;

/* Called before every row with how many are done. */
typedef void (*Cs3ValidationProgress)(guint done, gpointer data);

typedef struct {
  const char *name;    /* and of the data file, */
  const char *rows_of; /* (nullable): unless it has the rows of that one that are simulated, */
  char *(*adapt)(const char *arguments); /* with arguments of its own; (nullable) */
  const char *summary;                   /* one line, no full stop */
  const Cs3ValidationMethod *methods;
  /* (nullable): simulates ahead, in parallel, what the rows need; tells of rows' worth of it. */
  gboolean (*prepare)(Cs3ValidationSession *session, const GPtrArray *rows,
                      Cs3ValidationProgress progress, gpointer data, GError **error);
  /* (nullable): adds to the suite's record what follows from all rows together. */
  gboolean (*conclude)(Cs3ValidationSession *session, const GPtrArray *rows, json_t *suite,
                       GError **error);
} Cs3ValidationSuite;

extern const Cs3ValidationSuite cs3_suite_fabric, cs3_suite_flops, cs3_suite_gpu,
    cs3_suite_inference, cs3_suite_memory, cs3_suite_pe, cs3_suite_sparse, cs3_suite_steps,
    cs3_suite_throughput, cs3_suite_throughput_silicon;

/** cs3_validation_suites: (transfer none): every suite; ends with %NULL. */
const Cs3ValidationSuite *const *cs3_validation_suites(void);

/** cs3_validation_suite_find: fails (CS3_CLI_ERROR_USAGE) with the nearest name. */
const Cs3ValidationSuite *cs3_validation_suite_find(const char *name,
                                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_validation_load: the rows of @suite from its data file (base/datadir.h).
 * Returns: (transfer full) (nullable) (element-type Cs3ValidationRow): %NULL with
 *   CS3_CONFIG_ERROR: not found, or file:line and what is wrong with it.
 */
GPtrArray *cs3_validation_load(const Cs3ValidationSuite *suite,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_validation_parse: as cs3_validation_load(), from @text; @source names it in messages. */
GPtrArray *cs3_validation_parse(const Cs3ValidationSuite *suite, const char *text,
                                const char *source, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_validation_verdict: what @simulated says about @row; a NaN misses every tolerance. */
Cs3Verdict cs3_validation_verdict(const Cs3ValidationRow *row, double simulated);

/** cs3_validation_accepts: (transfer full): the claim of @row in words: "within 3 %". */
char *cs3_validation_accepts(const Cs3ValidationRow *row);

/**
 * cs3_validate: simulate every row of @suites.
 * @suites: NULL-terminated. @workers: threads; no influence on the result.
 * @missed: (out): rows whose tolerance is missed.
 * Returns: (transfer full) (nullable): the record, schema cs3sim.validate/1; doc/validation.md.
 */
json_t *cs3_validate(const Cs3ValidationSuite *const *suites, guint workers,
                     Cs3ValidationProgress progress, gpointer data, guint *missed,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_validate_write: the record as text or CSV (one table over all suites). */
void cs3_validate_write(const json_t *record, Cs3Output *output, Cs3Format format);
