/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prefill and decoding of a prompt, on the wafer and on machines beside it. */
#pragma once

#include <jansson.h>

#include "base/output.h"
#include "sim/run/scenario.h"

typedef enum { CS3_KV_SRAM, CS3_KV_AWAY } Cs3KvPlace;

typedef struct {
  Cs3ScenarioOptions scenario; /* batch: sequences at a time */
  gint64 prompt, generate;     /* tokens of each sequence; a prompt of 0: the default of its kind */
  int kv;                      /* Cs3KvPlace of the streaming wafer */
  char *beside;                /* "h100,h200,cpu-32"; "none": nothing */
} Cs3InferenceOptions;

/* Tokens of a prompt where nothing is asked for; a decoder behind an encoder begins with one. */
#define CS3_DEFAULT_PROMPT 512
#define CS3_DEFAULT_DECODER_PROMPT 1

/**
 * cs3_inference: prefill of the prompts and decoding, at the mean length of the cache.
 * An encoder-decoder runs its encoder with the prompt, once; its decoder alone goes on, with the
 * keys and values of the encoder's states kept.
 * The wafer streams its weights for every token: forward passes of `cs3sim run --forward` with
 * sequences of @prompt tokens and of one, attention over the cache beside. Systems of a cluster
 * share the sequences, each holds all else. Kept in SRAM as a
 * hypothesis (sim/inference/wafer-decode.h) where they fit. Machines beside:
 * sim/inference/decoder.h; what does not hold the network stands there without rates and with a
 * reason. Returns: (transfer full) (nullable): the record, schema cs3sim.infer/1
 * (doc/result.md). Errors: those of cs3_scenario_new(), cs3_run_times(), cs3_decoder_load();
 * CS3_FABRIC_ERROR_INFEASIBLE: the cache does not fit; CS3_CONFIG_ERROR_CONFLICT: the model does
 * not decode.
 */
json_t *cs3_inference(const Cs3InferenceOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_inference_text: the record for people. */
void cs3_inference_text(const json_t *record, Cs3Output *output);

/** cs3_inference_csv: a row a machine and format. */
void cs3_inference_csv(const json_t *record, Cs3Output *output);
