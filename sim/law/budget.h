/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sparsity of least loss for a budget of time, energy or work on a machine. */
#pragma once

#include <jansson.h>

#include "base/output.h"
#include "sim/cli/progress.h"
#include "sim/law/law.h"
#include "sim/run/scenario.h"

typedef enum { CS3_BUDGET_SYSTEM_S, CS3_BUDGET_JOULES, CS3_BUDGET_FLOPS } Cs3BudgetKind;

typedef struct {
  Cs3BudgetKind kind;
  double
      amount; /* seconds of one system, joules of all systems, FLOP of all weights, alive or not */
  double money; /* what was asked for, that buys them; 0: nothing was */
} Cs3Budget;

/** cs3_budget_parse: "30 system-days", "12 system-hours", "50 MWh", "900 kWh", "1e22 FLOP", "1e5
 * money". @price: of a system for an hour, in the currency of the budget; 0: not given. Fails with
 * CS3_CONFIG_ERROR_VALUE, which names the units; CS3_CONFIG_ERROR_CONFLICT: money without a price,
 * a price without money. */
gboolean cs3_budget_parse(const char *text, double price, Cs3Budget *budget,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Simulated widths, for progress. */
enum { CS3_LAW_WIDTHS = 7 };

/**
 * cs3_law_budget: networks of @grid widths and @grid sparsities (at least two), each trained on as
 * much data as @budget pays for on the scenario's machine, and the loss that @law gives them. Steps
 * of 7 widths x 6 sparsities are simulated (cs3_run_times()), those between them interpolated.
 * Energy is that of the simulated step (cs3_run_joules()). A pattern that imposes a sparsity: that
 * and none.
 * @options: machine, pattern, batch, systems; the model is the law's.
 * Returns: (transfer full) (nullable): the record, schema cs3sim.law/1 (doc/result.md), best first.
 * Errors: those of cs3_scenario_new(), cs3_run_times(); CS3_FABRIC_ERROR_INFEASIBLE: nothing fits;
 * CS3_CONFIG_ERROR_RANGE: a loss that is no number.
 */
json_t *cs3_law_budget(const Cs3Law *law, const Cs3Budget *budget,
                       const Cs3ScenarioOptions *options, guint grid, Cs3Progress *progress,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_law_text: the record for people: the best, the best of each sparsity, the law's own answer.
 */
void cs3_law_text(const json_t *record, Cs3Output *output);

/** cs3_law_csv: a row a point. */
void cs3_law_csv(const json_t *record, Cs3Output *output);
