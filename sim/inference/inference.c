/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inference: the wafer as it streams, the wafer as it might hold its weights, machines beside. */
#include "config.h"

#include "sim/inference/inference.h"

#include <math.h>
#include <string.h>

#include "base/config-error.h"
#include "base/json.h"
#include "base/plain-text.h"
#include "fabric/fabric-error.h"
#include "results/schema.h"
#include "sim/cli/cli.h"
#include "sim/gpu/gpu-step.h"
#include "sim/inference/wafer-decode.h"
#include "sim/run/schedule.h"
#include "sim/step/step.h"

enum {
  PASSES = 1 << 10,
  MASK_BYTES = 16 << 20,
  ELEMENT_BYTES = 2, /* on the wafer */
  PIECE = 32         /* tokens that GPUs were measured to decode at once, at most */
};

/* What is run, and the list of what comes out. */
typedef struct {
  const Cs3InferenceOptions *options;
  Cs3Scenario *prefill, *token; /* sequences of the prompt, and of one token */
  Cs3DecodeWork work;
  double prompt, batch, cache, end; /* tokens in a cache: mean of the decoding, at its end */
  double systems, share;            /* wafers, each with its share of the sequences */
  json_t *machines;
} Inference;

/* One row. @prefill_s: NaN: not known. @needed_bytes, @memory_bytes: what has to lie in a memory,
 * and that memory; 0: nothing does. */
typedef struct {
  const char *machine, *weights, *bound, *source;
  double bytes_per_weight, prefill_s, token_s, memory_s, compute_s, fixed_s;
  double needed_bytes, memory_bytes;
  gboolean hypothetical;
} Row;

static json_t *number(gboolean known, double value) {
  return known && isfinite(value) ? json_real(value) : json_null();
}

static json_t *text(gboolean known, const char *value) {
  return known ? json_string(value) : json_null();
}

static void set_memory(json_t *object, const Row *row) {
  json_object_set_new(object, "memory_bytes", json_real(row->memory_bytes));
  json_object_set_new(object, "needed_bytes", json_real(row->needed_bytes));
  if (row->needed_bytes <= row->memory_bytes)
    return;
  g_autofree char *reason = g_strdup_printf("does not fit: needs %.4g GB of %.4g",
                                            row->needed_bytes / 1e9, row->memory_bytes / 1e9);
  json_object_set_new(object, "reason", json_string(reason));
}

/* What does not fit its memory has no rates. */
static void add(Inference *in, const Row *row) {
  gboolean fits = row->needed_bytes <= row->memory_bytes;
  json_t *object = cs3_json_pack(
      "{s:s, s:s, s:f, s:o, s:o, s:o, s:b, s:o, s:o, s:o}", "machine", row->machine, "weights",
      row->weights, "bytes_per_weight", row->bytes_per_weight, "token_s",
      number(fits, row->token_s), "tokens_per_s", number(fits, in->batch / row->token_s), "bound",
      text(fits, row->bound), "hypothetical", row->hypothetical, "memory_s",
      number(fits, row->memory_s), "compute_s", number(fits, row->compute_s), "fixed_s",
      number(fits, row->fixed_s));
  if (isfinite(row->prefill_s)) {
    double decode_s = (double)in->options->generate * row->token_s;
    json_object_set_new(object, "prefill_s", number(fits, row->prefill_s));
    json_object_set_new(object, "request_s", number(fits, row->prefill_s + decode_s));
  }
  if (row->memory_bytes > 0)
    set_memory(object, row);
  if (row->source != NULL)
    json_object_set_new(object, "source", json_string(row->source));
  json_array_append_new(in->machines, object);
}

/* --- the wafer ------------------------------------------------------------------------------- */

static Cs3Scenario *prompts(const Cs3InferenceOptions *o, gint64 seq, GError **error) {
  Cs3ScenarioOptions options = o->scenario; /* borrows */
  options.forward = TRUE;
  options.lengths.seq = seq;
  return cs3_scenario_new(&options, error);
}

/* One token of a decoder alone: what lies in caches is added for itself, and no expert is run for
 * rows that nobody sends. */
static Cs3Scenario *one_token(const Cs3InferenceOptions *o, const Cs3Scenario *prefill,
                              GError **error) {
  Cs3ScenarioOptions options = o->scenario; /* borrows */
  options.forward = TRUE;
  options.lengths.seq = 1;
  options.lengths.decoding = TRUE;
  options.lengths.encoder_seq = prefill->graph->lengths.encoder_seq > 0 ? 1 : 0;
  options.lengths.expert_capacity = cs3_model_fact(prefill->model, "experts") > 0 ? 1 : 0;
  return cs3_scenario_new(&options, error);
}

static gboolean times(Cs3Scenario *s, Cs3RunTimes *times, GError **error) {
  g_autoptr(Cs3RunCache) cache = cs3_run_cache_new(PASSES, MASK_BYTES);
  s->config.cache = cache;
  gboolean ok = cs3_run_times(&s->config, 0, times, error);
  s->config.cache = NULL;
  return ok;
}

/* Activations of one sequence's prompt or of a token of @batch sequences, whichever are more. */
static double activation_bytes(const Inference *in, double batch, double each) {
  return MAX(cs3_decode_activation_bytes(in->prefill->graph, each),
             batch * cs3_decode_activation_bytes(in->token->graph, each));
}

/* Keys and values at the end. */
static double kv_bytes(const Inference *in, double batch) {
  return batch * cs3_decode_kv_bytes(&in->work, in->end);
}

/* All that has to lie in the memory of a machine that decodes @batch sequences: weights,
 * embeddings, keys and values, activations. */
static double needed_bytes(const Inference *in, double batch, double each,
                           const Cs3WeightStorage *storage) {
  return cs3_decode_held_bytes(in->prefill->graph, in->prefill->sparsity, storage, each) +
         kv_bytes(in, batch) + activation_bytes(in, batch, each);
}

static gboolean check_cache(const Inference *in, GError **error) {
  double kv = kv_bytes(in, in->share);
  double activations = activation_bytes(in, in->share, ELEMENT_BYTES);
  double memory = cs3_wafer_memory(&in->token->machine->hw);
  if (in->options->kv == CS3_KV_AWAY || kv + activations <= memory)
    return TRUE;
  g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
              "keys and values of %.0f sequences of %.0f tokens take %.4g GB%s, activations %.3g "
              "GB, the wafer's memory is %.4g GB; take fewer, or --kv away",
              in->share, in->end, kv / 1e9, in->systems > 1 ? " on each system" : "",
              activations / 1e9, memory / 1e9);
  return FALSE;
}

/* What a token of the streaming wafer takes, one after the other. */
typedef struct {
  double weights_s;   /* on the way to the wafer */
  double layers_s;    /* what the pass takes beside that */
  double kv_s;        /* kept away: on the way */
  double attention_s; /* over keys and values */
  double edge_s;
} Streaming;

static const char *longest(const Streaming *t) {
  const struct {
    double time_s;
    const char *name;
  } parts[] = {{t->weights_s, "weights through the port"},
               {t->layers_s, "layers"},
               {t->kv_s, "keys and values through the port"},
               {t->attention_s, "attention over keys and values"},
               {t->edge_s, "fixed edge of a step"}};
  guint most = 0;
  for (guint i = 1; i < G_N_ELEMENTS(parts); i++)
    most = parts[i].time_s > parts[most].time_s ? i : most;
  return parts[most].name;
}

/* @stream_s: of the pass of a token, its edge included; @bytes: of a weight on the wire. */
static Streaming streaming(const Inference *in, double stream_s, double bytes) {
  const Cs3Machine *machine = in->token->machine;
  double port = cs3_schedule_port_rate(&machine->hw);
  double path = cs3_step_path_rate(&machine->system, (gint64)in->systems);
  double kv = in->share * cs3_decode_kv_bytes(&in->work, in->cache);
  double edge_s = MIN(machine->system.step.edge_s, stream_s);
  double weights_s = MIN(bytes * in->work.weights / MIN(port, path), stream_s - edge_s);
  return (Streaming){
      .weights_s = weights_s,
      .layers_s = stream_s - edge_s - weights_s,
      .kv_s = in->options->kv == CS3_KV_AWAY ? kv / port : 0,
      .attention_s = cs3_wafer_attention_s(&machine->hw, &in->work, in->share, in->cache),
      .edge_s = edge_s,
  };
}

/* Weights and, where they are kept away, keys and values come through the port. */
static void add_streaming(Inference *in, const char *weights, double prefill_s, double stream_s,
                          double bytes) {
  Streaming t = streaming(in, stream_s, bytes);
  Row row = {.machine = in->token->machine->name,
             .weights = weights,
             .bytes_per_weight = bytes,
             .prefill_s = prefill_s,
             .token_s = stream_s + t.kv_s + t.attention_s,
             .memory_s = t.weights_s + t.kv_s,
             .compute_s = t.layers_s + t.attention_s,
             .fixed_s = t.edge_s,
             .bound = longest(&t)};
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
  Cs3DecodeTime t =
      cs3_wafer_resident(&machine->hw, &in->work, storage, placement, in->share, in->cache);
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
             .needed_bytes = needed_bytes(in, in->share, ELEMENT_BYTES, storage),
             .memory_bytes = cs3_wafer_memory(&machine->hw),
             .hypothetical = TRUE};
  add(in, &row);
}

/* --- machines beside ------------------------------------------------------------------------- */

/* Few tokens fill no tiles of a product; a few at a time they are decoded as they come. None takes
 * less than a token does, whose launches products alone leave out. */
static double gpu_prefill(const Inference *in, const Cs3Decoder *decoder, const Cs3Gpu *gpu,
                          const Cs3WeightStorage *storage) {
  Cs3GpuWay way = {.fused = TRUE};
  double whole_s = cs3_gpu_forward_s(gpu, in->prefill->graph, &way, in->batch);
  double tokens = in->batch * in->prompt, piece = MIN(tokens, PIECE);
  Cs3DecodeTime t = cs3_decoder_time(decoder, &in->work, storage, piece, in->prompt);
  Cs3DecodeTime one = cs3_decoder_time(decoder, &in->work, storage, 1, in->prompt);
  whole_s = MAX(whole_s, one.token_s);
  return in->work.encoder > 0 ? whole_s : MIN(whole_s, ceil(tokens / PIECE) * t.token_s);
}

/* On a CPU at least what reading the weights once takes. */
static double prefill_of(const Inference *in, const Cs3Decoder *decoder, const Cs3Gpu *gpu,
                         const Cs3WeightStorage *storage) {
  if (gpu != NULL)
    return gpu_prefill(in, decoder, gpu, storage);
  gboolean skips = decoder->skips != 0 && storage->store != CS3_STORE_DENSE;
  const Cs3Sparsity *sparsity = in->prefill->sparsity;
  double macs = cs3_prefill_macs(in->prefill->graph, skips ? sparsity : NULL);
  Cs3DecodeWork work = cs3_decode_work(in->prefill->graph, sparsity, 0);
  double bytes = cs3_decode_weight_bytes(&work, storage, in->batch);
  return MAX(2 * in->batch * macs / decoder->flops, bytes / decoder->bandwidth);
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
                                                               : "arithmetic",
             .needed_bytes = needed_bytes(in, in->batch, (double)decoder->bytes, storage),
             .memory_bytes = decoder->memory_bytes};
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

static gboolean refuse_names(const char *what, GError **error) {
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
              "--beside: %s; name each machine once, as in h200,cpu-32, or none alone", what);
  return FALSE;
}

static gboolean check_name(char **names, guint i, GError **error) {
  if (g_strstrip(names[i])[0] == '\0')
    return refuse_names("a name is empty", error);
  if (strcmp(names[i], "none") == 0 && (i > 0 || names[1] != NULL))
    return refuse_names("none stands beside another name", error);
  for (guint k = 0; k < i; k++)
    if (strcmp(names[k], names[i]) == 0) {
      g_autofree char *twice = g_strdup_printf("'%s' is there twice", CS3_CUT(names[i]));
      return refuse_names(twice, error);
    }
  return TRUE;
}

/* "none" is no machine: it stands alone. */
static gboolean check_names(char **names, GError **error) {
  if (names[0] == NULL)
    return refuse_names("a name is empty", error);
  for (guint i = 0; names[i] != NULL; i++)
    if (!check_name(names, i, error))
      return FALSE;
  return TRUE;
}

static gboolean run_all_beside(Inference *in, char **names, GError **error) {
  if (strcmp(names[0], "none") == 0)
    return TRUE;
  for (char **name = names; *name != NULL; name++)
    if (!run_beside(in, *name, error)) {
      g_prefix_error(error, "--beside: ");
      return FALSE;
    }
  return TRUE;
}

/* --- all together ---------------------------------------------------------------------------- */

/* Self-attention of a decoder is causal, all of it; what an encoder has is not. */
static gboolean check_decodes(const Cs3Graph *graph, GError **error) {
  guint causal = 0, attentions = graph->attentions->len;
  for (guint i = 0; i < attentions; i++)
    causal += g_array_index(graph->attentions, Cs3AttentionSize, i).causal;
  if (graph->lengths.seq > 0 && causal > 0 && (causal == attentions || graph->lengths.encoder_seq))
    return TRUE;
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_CONFLICT,
              "%s has %s: it does not generate token by token", graph->model->name,
              causal == 0 ? "no causal attention" : "attention that is not causal");
  return FALSE;
}

/* Graphs and ONNX files are made for one length. */
static gboolean check_lengths_free(const char *name, gboolean fixed, GError **error) {
  if (!fixed)
    return TRUE;
  g_set_error(
      error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_CONFLICT,
      "%s is made for sequences of one length, tokens one by one have others; take a preset "
      "or a config.json",
      CS3_CUT(name));
  return FALSE;
}

/* Before lengths are set: what has no sequence would say so of an option that nobody gave.
 * Returns: tokens of a prompt; 0: @error. */
static gint64 prompt_of(const Cs3InferenceOptions *options, GError **error) {
  const char *name = options->scenario.model;
  if (!check_lengths_free(name, g_str_has_suffix(name, ".onnx"), error))
    return 0;
  g_autoptr(Cs3Scenario) own = cs3_scenario_new(&options->scenario, error);
  if (own == NULL || !check_lengths_free(name, own->model->graph != NULL, error) ||
      !check_decodes(own->graph, error))
    return 0;
  gint64 usual =
      own->graph->lengths.encoder_seq > 0 ? CS3_DEFAULT_DECODER_PROMPT : CS3_DEFAULT_PROMPT;
  return options->prompt > 0 ? options->prompt : usual;
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
  json_t *record = cs3_json_pack(
      "{s:s, s:{s:s, s:I}, s:s, s:f, s:s, s:I, s:I, s:I, s:s, s:f, s:f, s:f}", "schema",
      CS3_INFER_SCHEMA, "model", "name", s->model->name, "parameters",
      (json_int_t)cs3_model_parameters(s->model), "hardware", s->machine->name, "sparsity",
      s->config.sparsity_asked, "pattern", s->config.pattern.text, "prompt", (json_int_t)in->prompt,
      "generate", (json_int_t)o->generate, "batch", (json_int_t)s->config.batch, "kv",
      o->kv == CS3_KV_AWAY ? "away" : "sram", "kv_bytes", kv_bytes(in, in->batch), "weights",
      in->work.weights, "live_weights", in->work.live);
  double read = cs3_decode_weights_read(&in->work, in->batch, FALSE);
  double live = cs3_decode_weights_read(&in->work, in->batch, TRUE);
  json_object_set_new(record, "weights_read", json_real(read));
  json_object_set_new(record, "live_weights_read", json_real(live));
  if (in->systems > 1)
    json_object_set_new(record, "systems", json_integer((json_int_t)in->systems));
  if (in->work.encoder > 0)
    json_object_set_new(record, "encoder_seq", json_integer((json_int_t)in->work.encoder));
  json_object_set(record, "machines", in->machines);
  return record;
}

static gboolean run_all(Inference *in, char **names, GError **error) {
  if (!check_cache(in, error) || !run_wafer(in, error))
    return FALSE;
  for (int place = 0; place < CS3_N_RESIDENTS; place++) {
    add_resident(in, "bf16", (Cs3Resident)place);
    if (in->work.live < in->work.weights)
      add_resident(in, "bf16-bitmask", (Cs3Resident)place);
  }
  return run_all_beside(in, names, error);
}

json_t *cs3_inference(const Cs3InferenceOptions *options, GError **error) {
  g_auto(GStrv) names = g_strsplit(options->beside, ",", -1);
  gint64 prompt = check_names(names, error) ? prompt_of(options, error) : 0;
  if (prompt == 0)
    return NULL;
  g_autoptr(Cs3Scenario) prefill = prompts(options, prompt, error);
  g_autoptr(Cs3Scenario) token = prefill != NULL ? one_token(options, prefill, error) : NULL;
  if (token == NULL || !check_length(prefill, prompt + options->generate, error))
    return NULL;
  json_auto_t *machines = json_array();
  double encoder = (double)prefill->graph->lengths.encoder_seq;
  Inference in = {.options = options,
                  .prefill = prefill,
                  .token = token,
                  .work = cs3_decode_work(token->graph, token->sparsity, encoder),
                  .prompt = (double)prompt,
                  .batch = (double)token->config.batch,
                  .cache = (double)prompt + 0.5 * (double)options->generate,
                  .end = (double)(prompt + options->generate),
                  .systems = (double)cs3_run_systems(&token->config),
                  .machines = machines};
  in.share = in.batch / in.systems;
  return run_all(&in, names, error) ? record_of(&in) : NULL;
}
