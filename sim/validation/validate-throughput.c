/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Suites "throughput" and "throughput-silicon": dense training rates of language models, with
 * nothing fitted, on the machines as their vendor describes them and as they were measured. */
#include "config.h"

#include "base/config-error.h"
#include "sim/validation/validate-fit.h"

/* Method "ratio": arguments "A : B", each options of `cs3sim run`; the number of A over that of B.
 */
static gboolean ratio(Cs3ValidationSession *session, const Cs3ValidationRow *row, double *value,
                      GError **error) {
  g_auto(GStrv) sides = g_strsplit(row->arguments, " : ", -1);
  if (g_strv_length(sides) != 2) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_VALUE,
                "%s: arguments: expected the options of two runs with ' : ' between them",
                row->where);
    return FALSE;
  }
  double values[2];
  for (int side = 0; side < 2; side++) {
    Cs3ValidationRow one = *row;
    one.method = (char *)"run";
    one.arguments = sides[side];
    if (!cs3_validation_run(session, &one, &values[side], error))
      return FALSE;
  }
  *value = values[0] / values[1];
  return TRUE;
}

static const Cs3ValidationMethod methods[] = {
    {"ratio", ratio},
    {"run", cs3_validation_run},
    {NULL, NULL},
};

const Cs3ValidationSuite cs3_suite_throughput = {
    .name = "throughput",
    .summary = "dense training rates of language models; nothing is fitted",
    .methods = methods,
    .conclude = cs3_validation_fit,
};

const Cs3ValidationSuite cs3_suite_throughput_silicon = {
    .name = "throughput-silicon",
    .rows_of = "throughput",
    .adapt = cs3_validation_on_silicon,
    .summary = "the same on machines as measured; step.edge is fitted (suite steps)",
    .methods = methods,
};
