/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is common to both ways of timing a step: checks. */
#include "config.h"

#include "sim/step/step.h"

#include <math.h>

#include "fabric/fabric-error.h"
#include "sim/step/step-plan.h"

G_DEFINE_QUARK(cs3 - step - error - quark, cs3_step_error)

/* Beyond these a double no longer resolves single cycles of a step, or a slot table is absurd. */
#define MAX_AMOUNT 1e18
#define MAX_MICRO_BATCHES 1000000000
#define MAX_PREFETCH 65536
/* One actor each, with a stack; beyond this the kernel refuses more mappings. */
#define MAX_EACH 16384
#define MAX_SYSTEMS 1048576

static gboolean check_rate(const char *key, double value, GError **error) {
  if (isfinite(value) && value > 0 && value <= MAX_AMOUNT)
    return TRUE;
  g_set_error(error, CS3_STEP_ERROR, CS3_STEP_ERROR_INVALID,
              "%s: %g is not a rate between 0 (excluded) and %g per second", key, value,
              MAX_AMOUNT);
  return FALSE;
}

static gboolean check_latency(const char *key, double value, GError **error) {
  if (isfinite(value) && value >= 0 && value <= 1e6)
    return TRUE;
  g_set_error(error, CS3_STEP_ERROR, CS3_STEP_ERROR_INVALID,
              "%s: %g is not a latency between 0 and 1e6 seconds", key, value);
  return FALSE;
}

static gboolean check_count(const char *key, gint64 value, gint64 max, GError **error) {
  if (value >= 1 && value <= max)
    return TRUE;
  g_set_error(error, CS3_STEP_ERROR, CS3_STEP_ERROR_INVALID,
              "%s: %" G_GINT64_FORMAT " is outside 1..%" G_GINT64_FORMAT, key, value, max);
  return FALSE;
}

static gboolean check_use(guint k, const Cs3Use *use, GError **error) {
  const struct {
    const char *name;
    double value;
  } amounts[] = {
      {"stream_bytes", use->stream_bytes},
      {"compute_cycles", use->compute_cycles},
      {"gradient_bytes", use->gradient_bytes},
      {"update_params", use->update_params},
      {"activation_out_bytes", use->activation_out_bytes},
      {"activation_in_bytes", use->activation_in_bytes},
  };
  for (guint i = 0; i < G_N_ELEMENTS(amounts); i++) {
    if (isfinite(amounts[i].value) && amounts[i].value >= 0 && amounts[i].value <= MAX_AMOUNT)
      continue;
    g_set_error(error, CS3_STEP_ERROR, CS3_STEP_ERROR_INVALID,
                "schedule use %u: %s is %g, expected 0..%g", k, amounts[i].name, amounts[i].value,
                MAX_AMOUNT);
    return FALSE;
  }
  if (use->weight_group >= -1 && (use->update_params == 0 || use->weight_group >= 0))
    return TRUE;
  g_set_error(
      error, CS3_STEP_ERROR, CS3_STEP_ERROR_INVALID,
      "schedule use %u: weight group %d with %g parameters to update, expected a group >= 0 "
      "(-1 only when nothing is updated)",
      k, use->weight_group, use->update_params);
  return FALSE;
}

static gboolean fetched_too_much(guint k, double out, double in, GError **error) {
  g_set_error(error, CS3_STEP_ERROR, CS3_STEP_ERROR_INVALID,
              "schedule use %u: %g bytes of activations fetched up to here, but %g sent", k, in,
              out);
  return FALSE;
}

/* What is sent in a micro-batch comes back in it. @sent: (out): bytes. */
static gboolean check_balance(const Cs3Schedule *schedule, double *sent, GError **error) {
  double in = 0;
  for (guint k = 0; k < schedule->n_uses; k++) {
    in += schedule->uses[k].activation_in_bytes;
    if (in > *sent * (1 + CS3_STEP_ROUNDING))
      return fetched_too_much(k, *sent, in, error);
    *sent += schedule->uses[k].activation_out_bytes;
  }
  if (in >= *sent * (1 - CS3_STEP_ROUNDING))
    return TRUE;
  g_set_error(error, CS3_STEP_ERROR, CS3_STEP_ERROR_INVALID,
              "schedule: %g bytes of activations are sent away in a micro-batch, but %g fetched; "
              "expected all of them",
              *sent, in);
  return FALSE;
}

static gboolean check_servers(const Cs3System *system, GError **error) {
  return check_count("activations.servers", system->activations.servers, MAX_PREFETCH, error) &&
         check_count("activations.staged", system->activations.staged, MAX_PREFETCH, error) &&
         check_rate("activations link rate", system->activations.link_bits_per_s, error) &&
         check_latency("activations latency", system->activations.latency_s, error);
}

/* A schedule that sends nothing away needs no servers. */
static gboolean check_activations(const Cs3Schedule *schedule, const Cs3System *system,
                                  GError **error) {
  double sent = 0, missing = 0;
  if (!check_balance(schedule, &sent, error))
    return FALSE;
  if (sent == 0)
    return TRUE;
  if (!check_servers(system, error))
    return FALSE;
  if (cs3_activations_fit(system, sent, &missing))
    return TRUE;
  g_set_error(
      error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
      "%.4g GB of activations sent away in a micro-batch do not fit the activation servers: "
      "%.3g GB lack (activations.servers x activations.capacity: %.4g GB); take a smaller "
      "micro-batch or keep more on the wafer",
      sent / 1e9, missing / 1e9, cs3_system_activation_capacity(system) / 1e9);
  return FALSE;
}

gboolean cs3_step_check(const Cs3Schedule *schedule, const Cs3System *system, GError **error) {
  if (!check_count("schedule uses", schedule->n_uses, G_MAXINT32, error) ||
      !check_count("schedule micro-batches", schedule->micro_batches, MAX_MICRO_BATCHES, error) ||
      !check_count("swarmx.prefetch", system->swarmx.prefetch, MAX_PREFETCH, error) ||
      !check_count("swarmx.fan_out", system->swarmx.fan_out - 1, MAX_PREFETCH, error) ||
      !check_count("memoryx.units", system->memoryx.units, MAX_PREFETCH, error) ||
      !check_count("systems", MAX(schedule->systems, 1), schedule->each ? MAX_EACH : MAX_SYSTEMS,
                   error) ||
      !check_rate("schedule clock", schedule->clock_hz, error) ||
      !check_rate("schedule port rate", schedule->port_bytes_per_s, error) ||
      !check_rate("memoryx stream rate", system->memoryx.stream_bits_per_s, error) ||
      !check_rate("memoryx optimizer rate", cs3_system_optimizer_rate(system), error) ||
      !check_rate("swarmx link rate", system->swarmx.link_bits_per_s, error) ||
      !check_rate("swarmx oversubscription", system->swarmx.oversubscription, error) ||
      !check_latency("schedule port latency", schedule->port_latency_s, error) ||
      !check_latency("swarmx tier latency", system->swarmx.tier_latency_s, error) ||
      !check_rate("swarmx retry time", system->swarmx.retry_s, error) ||
      !check_latency("step.edge", system->step.edge_s, error))
    return FALSE;
  for (guint k = 0; k < schedule->n_uses; k++) {
    if (!check_use(k, &schedule->uses[k], error))
      return FALSE;
  }
  return check_activations(schedule, system, error);
}

gboolean cs3_step_has_timed(const GArray *faults) {
  for (guint i = 0; faults != NULL && i < faults->len; i++) {
    const Cs3Fault *fault = &g_array_index(faults, Cs3Fault, i);
    if ((fault->kind == CS3_FAULT_LINK && fault->timed) || fault->kind == CS3_FAULT_TRAFFIC)
      return TRUE;
  }
  return FALSE;
}
