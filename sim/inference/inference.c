/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inference: the wafer as it streams, the wafer as it might hold its weights, machines beside. */
#include "config.h"

#include "sim/inference/inference.h"

#include <math.h>
#include <string.h>

#include "base/config-error.h"
#include "base/json.h"
#include "fabric/fabric-error.h"
#include "results/schema.h"
#include "sim/gpu/gpu-step.h"
#include "sim/inference/wafer-decode.h"

enum { PASSES = 1 << 10, MASK_BYTES = 16 << 20 };

/* What is run, and the list of what comes out. */
typedef struct {
  const Cs3InferenceOptions *options;
  Cs3Scenario *prefill, *token; /* sequences of the prompt, and of one token */
  Cs3DecodeWork work;
  double batch, cache, end; /* tokens in a cache: mean of the decoding, at its end */
  json_t *machines;
} Inference;

/* One row. @prefill_s: NaN: not known. */
typedef struct {
  const char *machine, *weights, *bound, *source;
  double bytes_per_weight, prefill_s, token_s, memory_s, compute_s, fixed_s;
  gboolean hypothetical;
} Row;

static void add(Inference *in, const Row *row) {
  json_t *object =
      cs3_json_pack("{s:s, s:s, s:f, s:f, s:f, s:s, s:b, s:f, s:f, s:f}", "machine", row->machine,
                    "weights", row->weights, "bytes_per_weight", row->bytes_per_weight, "token_s",
                    row->token_s, "tokens_per_s", in->batch / row->token_s, "bound", row->bound,
                    "hypothetical", row->hypothetical, "memory_s", row->memory_s, "compute_s",
                    row->compute_s, "fixed_s", row->fixed_s);
  if (isfinite(row->prefill_s)) {
    double decode_s = (double)in->options->generate * row->token_s;
    json_object_set_new(object, "prefill_s", json_real(row->prefill_s));
    json_object_set_new(object, "request_s", json_real(row->prefill_s + decode_s));
  }
  if (row->source != NULL)
    json_object_set_new(object, "source", json_string(row->source));
  json_array_append_new(in->machines, object);
}

/* --- the wafer ------------------------------------------------------------------------------- */

static Cs3Scenario *scenario(const Cs3InferenceOptions *o, gint64 seq, GError **error) {
  Cs3ScenarioOptions options = o->scenario; /* borrows */
  options.forward = TRUE;
  options.lengths.seq = seq;
  return cs3_scenario_new(&options, error);
}

static gboolean times(Cs3Scenario *s, Cs3RunTimes *times, GError **error) {
  g_autoptr(Cs3RunCache) cache = cs3_run_cache_new(PASSES, MASK_BYTES);
  s->config.cache = cache;
  gboolean ok = cs3_run_times(&s->config, 0, times, error);
  s->config.cache = NULL;
  return ok;
}

static gboolean check_cache(const Inference *in, GError **error) {
  double needed = in->batch * cs3_decode_kv_bytes(in->token->graph, in->end);
  double memory = cs3_wafer_memory(&in->token->machine->hw);
  if (in->options->kv == CS3_KV_AWAY || needed <= memory)
    return TRUE;
  g_set_error(
      error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
      "keys and values of %.0f sequences of %.0f tokens take %.4g GB, the wafer's memory is "
      "%.4g GB; take fewer, or --kv away",
      in->batch, in->end, needed / 1e9, memory / 1e9);
  return FALSE;
}

/* Weights and, where they are kept away, keys and values come through the port. */
static void add_streaming(Inference *in, const char *weights, double prefill_s, double stream_s,
                          double bytes) {
  const Cs3Machine *machine = in->token->machine;
  double kv_bits = 8 * in->batch * cs3_decode_kv_bytes(in->token->graph, in->cache);
  double port = cs3_hardware_io_wavelets(&machine->hw) * 32 * machine->hw.wafer.clock_hz;
  double kv_s = in->options->kv == CS3_KV_AWAY ? kv_bits / port : 0;
  double attention_s = cs3_wafer_attention_s(&machine->hw, in->token->graph, in->batch, in->cache);
  double edge_s = machine->system.step.edge_s;
  Row row = {.machine = machine->name,
             .weights = weights,
             .bytes_per_weight = bytes,
             .prefill_s = prefill_s,
             .token_s = stream_s + kv_s + attention_s,
             .memory_s = stream_s - edge_s + kv_s,
             .compute_s = attention_s,
             .fixed_s = edge_s,
             .bound = "weights through the port"};
  add(in, &row);
}

/* Of a weight of @node on the wire, or, in sparse form, of a live one. */
static double value_bytes(const Cs3Hardware *hw, const Cs3Node *node, gboolean sparse) {
  gboolean narrow = hw->kernel.weight_precision == CS3_FACTOR_FP8 && cs3_node_may_be_narrow(node);
  double value = narrow ? 1 : 2;
  if (!sparse)
    return (double)hw->kernel.dense_weight_bits / 16 * value;
  return hw->kernel.weight_format == CS3_WEIGHTS_INDEX16  ? 4
         : hw->kernel.weight_format == CS3_WEIGHTS_DELTA8 ? 1 + value
                                                          : value;
}

/* On the wire, a mean over all weights; a layer whose dense form is shorter is sent so. */
static double wire_bytes(const Inference *in, gboolean sparse) {
  const Cs3Hardware *hw = &in->token->machine->hw;
  const Cs3Graph *graph = in->token->graph;
  double mask = hw->kernel.weight_format == CS3_WEIGHTS_BITMASK ? 1.0 / 8 : 0, sum = 0;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    double live = in->token->sparsity->node_density[i], bytes = value_bytes(hw, node, FALSE);
    if (sparse)
      bytes = MIN(bytes, live * value_bytes(hw, node, TRUE) + mask);
    sum += cs3_decode_weights_of(graph, node) * bytes;
  }
  return sum / in->work.weights;
}

static gboolean run_wafer(Inference *in, GError **error) {
  Cs3RunTimes prompt, token;
  if (!times(in->prefill, &prompt, error) || !times(in->token, &token, error))
    return FALSE;
  add_streaming(in, "streamed, dense", prompt.dense_s, token.dense_s, wire_bytes(in, FALSE));
  if (in->work.live < in->work.weights)
    add_streaming(in, "streamed, sparse", prompt.sparse_s, token.sparse_s, wire_bytes(in, TRUE));
  return TRUE;
}

static void add_resident(Inference *in, const char *storage_name, Cs3Resident placement) {
  static const char *const places[] = {"spread", "regions"};
  const Cs3Machine *machine = in->token->machine;
  const Cs3WeightStorage *storage = cs3_weight_storage_find(storage_name, NULL);
  double weights = cs3_decode_weight_bytes(&in->work, storage, INFINITY);
  double kv = in->batch * cs3_decode_kv_bytes(in->token->graph, in->end);
  if (weights + kv > cs3_wafer_memory(&machine->hw))
    return;
  Cs3DecodeTime t =
      cs3_wafer_resident(&machine->hw, &in->work, storage, placement, in->batch, in->cache);
  g_autofree char *text = g_strdup_printf("in SRAM, %s, %s", places[placement], storage_name);
  Row row = {.machine = machine->name,
             .weights = text,
             .bytes_per_weight = weights / in->work.weights,
             .prefill_s = NAN,
             .token_s = t.token_s,
             .memory_s = t.memory_s,
             .compute_s = t.compute_s,
             .fixed_s = t.fixed_s,
             .bound = t.fixed_s > MAX(t.memory_s, t.compute_s) ? "ways between PEs"
                      : t.memory_s > t.compute_s               ? "SRAM"
                                                               : "arithmetic",
             .hypothetical = TRUE};
  add(in, &row);
}

/* --- machines beside ------------------------------------------------------------------------- */

static double prefill_of(const Inference *in, const Cs3Decoder *decoder, const Cs3Gpu *gpu,
                         const Cs3WeightStorage *storage) {
  Cs3GpuWay way = {.fused = TRUE};
  if (gpu != NULL)
    return cs3_gpu_forward_s(gpu, in->prefill->graph, &way, in->batch);
  gboolean skips = decoder->skips != 0 && storage->store != CS3_STORE_DENSE;
  double prompt = (double)in->options->prompt;
  double macs = skips ? in->work.live_macs : in->work.macs;
  double attention =
      cs3_decode_attention_macs(in->prefill->graph, prompt) / 2; /* the causal half */
  return 2 * in->batch * prompt * (macs + attention) / decoder->flops;
}

static void add_storage(Inference *in, const Cs3Decoder *decoder, const Cs3Gpu *gpu,
                        const Cs3WeightStorage *storage) {
  Cs3DecodeTime t = cs3_decoder_time(decoder, &in->work, storage, in->batch, in->cache);
  Row row = {.machine = decoder->name,
             .weights = storage->name,
             .bytes_per_weight =
                 cs3_decode_weight_bytes(&in->work, storage, INFINITY) / in->work.weights,
             .prefill_s = prefill_of(in, decoder, gpu, storage),
             .token_s = t.token_s,
             .memory_s = t.memory_s,
             .compute_s = t.compute_s,
             .fixed_s = t.fixed_s,
             .source = decoder->source,
             .bound = t.fixed_s > MAX(t.memory_s, t.compute_s) ? "kernels"
                      : t.memory_s > t.compute_s               ? "memory"
                                                               : "arithmetic"};
  add(in, &row);
}

/* The formats that make a difference: dense ones, and where weights are sparse what leaves out
 * zeros; the wider type where it is the machine's own. */
static gboolean makes_sense(const Inference *in, const Cs3Decoder *decoder,
                            const Cs3WeightStorage *storage) {
  gboolean halves = strcmp(in->token->config.pattern.text, "2:4") == 0;
  if (storage->value_bytes > (double)decoder->bytes || storage->store == CS3_STORE_CSR)
    return FALSE;
  if (storage->value_bytes == 2 && decoder->bytes == 4)
    return FALSE;
  if (storage->store == CS3_STORE_DENSE)
    return TRUE;
  return in->work.live < in->work.weights && (storage->store == CS3_STORE_2_OF_4) == halves;
}

static gboolean run_beside(Inference *in, const char *name, GError **error) {
  g_autoptr(Cs3Decoder) decoder = cs3_decoder_load(name, error);
  if (decoder == NULL)
    return FALSE;
  g_autoptr(Cs3Gpu) gpu = cs3_gpu_exists(name) ? cs3_gpu_load(name, error) : NULL;
  if (gpu == NULL && cs3_gpu_exists(name))
    return FALSE;
  for (const Cs3WeightStorage *s = cs3_weight_storages(); s->name != NULL; s++)
    if (makes_sense(in, decoder, s))
      add_storage(in, decoder, gpu, s);
  return TRUE;
}

static gboolean run_all_beside(Inference *in, GError **error) {
  g_auto(GStrv) names = g_strsplit(in->options->beside, ",", -1);
  if (strcmp(in->options->beside, "none") == 0)
    return TRUE;
  for (char **name = names; *name != NULL; name++)
    if (!run_beside(in, g_strstrip(*name), error)) {
      g_prefix_error(error, "--beside: ");
      return FALSE;
    }
  return TRUE;
}

/* --- all together ---------------------------------------------------------------------------- */

static gboolean check_decodes(const Cs3Graph *graph, GError **error) {
  for (guint i = 0; i < graph->attentions->len; i++)
    if (g_array_index(graph->attentions, Cs3AttentionSize, i).causal && graph->lengths.seq > 0)
      return TRUE;
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_CONFLICT,
              "%s has no causal attention: it does not generate token by token",
              graph->model->name);
  return FALSE;
}

/* Before lengths are set: what has no sequence would say so of an option that nobody gave. */
static gboolean check_model(const Cs3InferenceOptions *options, GError **error) {
  g_autoptr(Cs3Scenario) own = cs3_scenario_new(&options->scenario, error);
  return own != NULL && check_decodes(own->graph, error);
}

/* Positions may be learned for so many tokens alone. */
static gboolean check_length(const Cs3Scenario *scenario, gint64 tokens, GError **error) {
  Cs3Lengths lengths = {.seq = tokens};
  g_autoptr(Cs3Graph) graph = cs3_graph_new(scenario->model, &lengths, error);
  if (graph == NULL)
    g_prefix_error(error, "--prompt and --generate together: ");
  return graph != NULL;
}

static json_t *record_of(const Inference *in) {
  const Cs3InferenceOptions *o = in->options;
  const Cs3Scenario *s = in->token;
  json_t *record =
      cs3_json_pack("{s:s, s:{s:s, s:I}, s:s, s:f, s:s, s:I, s:I, s:I, s:s, s:f, s:f, s:f, s:O}",
                    "schema", CS3_INFER_SCHEMA, "model", "name", s->model->name, "parameters",
                    (json_int_t)cs3_model_parameters(s->model), "hardware", s->machine->name,
                    "sparsity", s->config.sparsity_asked, "pattern", s->config.pattern.text,
                    "prompt", (json_int_t)o->prompt, "generate", (json_int_t)o->generate, "batch",
                    (json_int_t)s->config.batch, "kv", o->kv == CS3_KV_AWAY ? "away" : "sram",
                    "kv_bytes", in->batch * cs3_decode_kv_bytes(s->graph, in->end), "weights",
                    in->work.weights, "live_weights", in->work.live, "machines", in->machines);
  return record;
}

json_t *cs3_inference(const Cs3InferenceOptions *options, GError **error) {
  if (!check_model(options, error))
    return NULL;
  g_autoptr(Cs3Scenario) prefill = scenario(options, options->prompt, error);
  g_autoptr(Cs3Scenario) token = prefill != NULL ? scenario(options, 1, error) : NULL;
  if (token == NULL || !check_length(prefill, options->prompt + options->generate, error))
    return NULL;
  json_auto_t *machines = json_array();
  Inference in = {.options = options,
                  .prefill = prefill,
                  .token = token,
                  .work = cs3_decode_work(token->graph, token->sparsity),
                  .batch = (double)token->config.batch,
                  .cache = (double)options->prompt + 0.5 * (double)options->generate,
                  .end = (double)(options->prompt + options->generate),
                  .machines = machines};
  if (!check_cache(&in, error) || !run_wafer(&in, error))
    return NULL;
  for (int place = 0; place < CS3_N_RESIDENTS; place++) {
    add_resident(&in, "bf16", (Cs3Resident)place);
    if (in.work.live < in.work.weights)
      add_resident(&in, "bf16-bitmask", (Cs3Resident)place);
  }
  return run_all_beside(&in, error) ? record_of(&in) : NULL;
}
