/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Suite "inference": decoding as it was measured or published, against bytes over bandwidth, and
 * the wafer that holds its weights against what its vendor states. */
#include "config.h"

#include <string.h>

#include "base/config-error.h"
#include "sim/inference/wafer-decode.h"
#include "sim/validation/validate-measure.h"

static void decoder_free(gpointer decoder) {
  cs3_decoder_free(decoder);
}

static const Cs3Decoder *find_decoder(Cs3ValidationSession *session, const char *name,
                                      GError **error) {
  g_autofree char *key = g_strconcat("decoder ", name, NULL);
  gpointer *kept = cs3_validation_keep(session, key, decoder_free);
  if (*kept == NULL)
    *kept = cs3_decoder_load(name, error);
  return *kept;
}

/* A token in one format. */
static gboolean token(const Cs3Decoder *decoder, const Cs3Scenario *scenario, const char *storage,
                      const double *v, double *time_s, GError **error) {
  const Cs3WeightStorage *found = cs3_weight_storage_find(storage, error);
  if (found == NULL)
    return FALSE;
  Cs3DecodeWork work = cs3_decode_work(scenario->graph, scenario->sparsity, 0);
  Cs3DecodeTime time = cs3_decoder_time(decoder, &work, found, v[0], v[1]);
  *time_s = time.token_s;
  return TRUE;
}

static Cs3Scenario *read_row(Cs3ValidationSession *session, const Cs3ValidationRow *row, double *v,
                             GError **error) {
  static const char *const keys[] = {"tokens", "cache", NULL};
  g_auto(GStrv) words = NULL;
  if (!cs3_validation_values(row, keys, v, &words, error))
    return NULL;
  return cs3_validation_scenario(session, row, (const char *const *)words, error);
}

/* Method "decode": tokens= at once, cache=, options of `cs3sim run`; result: a machine and a
 * format: seconds of a token. Method "gain": a machine and two: the first's time over the second's.
 */
static gboolean decode(Cs3ValidationSession *session, const Cs3ValidationRow *row, double *value,
                       GError **error) {
  double v[2], other_s;
  g_auto(GStrv) words = g_strsplit(row->result, " ", -1);
  gboolean gain = strcmp(row->method, "gain") == 0;
  if (g_strv_length(words) != (gain ? 3 : 2)) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_VALUE,
                "%s: result: expected a machine and %s", row->where,
                gain ? "two weight formats" : "a weight format");
    return FALSE;
  }
  g_autoptr(Cs3Scenario) scenario = read_row(session, row, v, error);
  const Cs3Decoder *decoder = scenario != NULL ? find_decoder(session, words[0], error) : NULL;
  if (decoder == NULL || !token(decoder, scenario, words[1], v, value, error))
    return FALSE;
  if (!gain)
    return TRUE;
  if (!token(decoder, scenario, words[2], v, &other_s, error))
    return FALSE;
  *value /= other_s;
  return TRUE;
}

/* Method "resident": tokens= at once, cache=, options of `cs3sim run`; result: spread or regions:
 * tokens/s of one sequence, 16-bit weights. */
static gboolean resident(Cs3ValidationSession *session, const Cs3ValidationRow *row, double *value,
                         GError **error) {
  double v[2];
  g_autoptr(Cs3Scenario) scenario = read_row(session, row, v, error);
  if (scenario == NULL)
    return FALSE;
  Cs3Resident placement =
      strcmp(row->result, "spread") == 0 ? CS3_RESIDENT_SPREAD : CS3_RESIDENT_REGIONS;
  Cs3DecodeWork work = cs3_decode_work(scenario->graph, scenario->sparsity, 0);
  const Cs3WeightStorage *storage = cs3_weight_storage_find("bf16", error);
  *value =
      1 / cs3_wafer_resident(&scenario->machine->hw, &work, storage, placement, v[0], v[1]).token_s;
  return TRUE;
}

static const Cs3ValidationMethod methods[] = {
    {"decode", decode}, {"gain", decode}, {"resident", resident}, {NULL, NULL}};

const Cs3ValidationSuite cs3_suite_inference = {
    .name = "inference",
    .summary = "decoding as measured or published, against bytes over bandwidth",
    .methods = methods,
};
