/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The record of a run for people. */
#include "config.h"

#include <math.h>

#include "base/table.h"
#include "results/record.h"
#include "sim/run/result-attention.h"
#include "sim/run/result.h"

/* Layers in the table: the costliest. */
enum { TOP_LAYERS = 8 };

/* What a cause means, in words that a reader of the breakdown can act on. */
static const char *const meanings[CS3_N_STEP_CAUSES] = {
    [CS3_CAUSE_ARITHMETIC] = "MACs at the wafer's dense peak",
    [CS3_CAUSE_MAPPING] = "idle PEs, lanes lost to SRAM ports or vector length",
    [CS3_CAUSE_OVERHEAD] = "issue cycles per weight and per output row",
    [CS3_CAUSE_IMBALANCE] = "waiting for the line with most non-zeros",
    [CS3_CAUSE_REDUCTION] = "adding partial sums along the token lines",
    [CS3_CAUSE_INGRESS] = "weights arriving at the wafer",
    [CS3_CAUSE_EGRESS] = "gradients leaving the wafer",
    [CS3_CAUSE_FILL] = "latency of multicast, reduction and store",
    [CS3_CAUSE_HALO] = "convolutions: neighbouring positions, and sums that go home",
    [CS3_STEP_LAYOUT] = "activations brought to where a pass wants them",
    [CS3_STEP_ATTENTION] = "scores and values beyond their MACs at peak",
    [CS3_STEP_VECTOR] = "norms, softmax, activation functions, loss",
    [CS3_STEP_EMBEDDING] = "embedding rows in, their gradients out",
    [CS3_STEP_RECOMPUTE] = "forward run again to save memory",
    [CS3_STEP_PADDING] = "the last micro-batch is not full",
    [CS3_STEP_STREAM_WAIT] = "waiting for MemoryX and SwarmX",
    [CS3_STEP_BOUNDARY] = "last gradient, update, first weights",
    [CS3_STEP_EDGE] = "fixed time between two steps (step.edge)",
    [CS3_STEP_FAULTS] = "slow systems and links",
};

static const Cs3Column breakdown_columns[] = {
    {.key = "cause", .title = "where the step goes", .type = CS3_COLUMN_TEXT},
    {.key = "share", .title = "share [%]", .type = CS3_COLUMN_REAL, .decimals = 1, .scale = 100},
    {.key = "cycles", .title = "[Mcycles]", .type = CS3_COLUMN_REAL, .decimals = 1, .scale = 1e-6},
    {.key = "dense", .title = "dense run", .type = CS3_COLUMN_REAL, .decimals = 1, .scale = 1e-6},
    {.key = "lost",
     .title = "beyond theory",
     .type = CS3_COLUMN_REAL,
     .decimals = 1,
     .scale = 1e-6},
    {.key = "meaning", .title = "", .type = CS3_COLUMN_TEXT},
};

static double cause_number(const json_t *record, const char *object, int cause) {
  g_autofree char *path = g_strdup_printf("%s.%s", object, cs3_step_cause_name(cause));
  double number = cs3_record_number(record, path);
  return isnan(number) ? 0 : number; /* cs3_cause_shown() */
}

static void add_breakdown_row(Cs3Table *table, const char *name, const double *values,
                              const char *meaning) {
  cs3_table_add_text(table, name);
  for (int i = 0; i < 4; i++)
    cs3_table_add_real(table, values[i]);
  cs3_table_add_text(table, meaning);
}

/* The least that the table's Mcycles with one decimal show. */
#define MCYCLES_SHOWN 0.05e6

static void write_breakdown(const json_t *record, Cs3Output *output) {
  g_autoptr(Cs3Table) table = cs3_table_new(breakdown_columns, G_N_ELEMENTS(breakdown_columns));
  double cycles = cs3_record_number(record, "step.cycles"), sum[4] = {0};
  gboolean below = FALSE;
  for (int cause = 0; cause < CS3_N_STEP_CAUSES; cause++) {
    double step = cause_number(record, "step.causes", cause);
    double dense = cause_number(record, "dense.step.causes", cause);
    double row[4] = {step / cycles, step, dense, cause_number(record, "speedup.gap_cycles", cause)};
    for (int i = 0; i < 4; i++)
      sum[i] += row[i];
    below |= row[3] <= -MCYCLES_SHOWN;
    if (step != 0 || dense != 0)
      add_breakdown_row(table, cs3_step_cause_name(cause), row, meanings[cause]);
  }
  add_breakdown_row(table, "step", sum, "");
  cs3_table_write(table, output, CS3_FORMAT_TEXT);
  if (below)
    cs3_output_prose(output,
                     "beyond theory: cycles above the dense run's divided by the speed-up in "
                     "theory; below 0: that cause shrank by more than theory asks");
}

static const Cs3Column layer_columns[] = {
    {.key = "layer", .title = "layer", .type = CS3_COLUMN_TEXT},
    {.key = "shape", .title = "N x K", .type = CS3_COLUMN_TEXT},
    {.key = "repeat", .title = "times", .type = CS3_COLUMN_INT},
    {.key = "sparsity", .title = "sparsity", .type = CS3_COLUMN_REAL, .decimals = 2},
    {.key = "share", .title = "share [%]", .type = CS3_COLUMN_REAL, .decimals = 1, .scale = 100},
    {.key = "forward", .title = "forward", .type = CS3_COLUMN_INT},
    {.key = "backward", .title = "backward [cycles]", .type = CS3_COLUMN_INT},
    {.key = "speedup", .title = "speed-up", .type = CS3_COLUMN_REAL, .decimals = 2},
    {.key = "mapping", .title = "forward mapping", .type = CS3_COLUMN_TEXT},
};

static double layer_weight(const json_t *layer) {
  return cs3_record_number(layer, "repeat") * cs3_record_number(layer, "cycles");
}

static gint by_weight(gconstpointer a, gconstpointer b) {
  double x = layer_weight(*(json_t *const *)a), y = layer_weight(*(json_t *const *)b);
  return (x < y) - (x > y);
}

static GPtrArray *sorted_layers(const json_t *record) {
  GPtrArray *layers = g_ptr_array_new();
  size_t i;
  json_t *layer;
  json_array_foreach(json_object_get(record, "layers"), i, layer) g_ptr_array_add(layers, layer);
  g_ptr_array_sort(layers, by_weight);
  return layers;
}

static void add_layer(Cs3Table *table, const json_t *layer, double micro_batch_cycles) {
  g_autofree char *shape = g_strdup_printf("%.0f x %.0f", cs3_record_number(layer, "out_features"),
                                           cs3_record_number(layer, "in_features"));
  const json_t *instance = json_object_get(layer, "layer");
  g_autofree char *name = instance ? g_strdup_printf("%s %d", cs3_record_string(layer, "name"),
                                                     (int)json_integer_value(instance))
                                   : g_strdup(cs3_record_string(layer, "name"));
  cs3_table_add_text(table, name);
  cs3_table_add_text(table, shape);
  cs3_table_add_int(table, (gint64)cs3_record_number(layer, "repeat"));
  cs3_table_add_real(table, cs3_record_number(layer, "sparsity"));
  cs3_table_add_real(table, layer_weight(layer) / micro_batch_cycles);
  cs3_table_add_int(table, (gint64)cs3_record_number(layer, "passes.forward.cycles"));
  cs3_table_add_int(table, (gint64)(cs3_record_number(layer, "cycles") -
                                    cs3_record_number(layer, "passes.forward.cycles")));
  cs3_table_add_real(table, cs3_record_number(layer, "speedup"));
  cs3_table_add_text(table, cs3_record_string(layer, "passes.forward.mapping.text"));
}

static void write_layers(const json_t *record, Cs3Output *output) {
  g_autoptr(GPtrArray) layers = sorted_layers(record);
  g_autoptr(Cs3Table) table = cs3_table_new(layer_columns, G_N_ELEMENTS(layer_columns));
  double per_micro_batch =
      cs3_record_number(record, "step.cycles") / cs3_record_number(record, "mapping.micro_batches");
  for (guint i = 0; i < layers->len && i < TOP_LAYERS; i++)
    add_layer(table, layers->pdata[i], per_micro_batch);
  if (layers->len > TOP_LAYERS)
    cs3_output_printf(output, "\nThe %d costliest of %u linear layers (all: -o csv)\n", TOP_LAYERS,
                      layers->len);
  else
    cs3_output_printf(output, "\nLinear layers, one micro-batch\n");
  cs3_table_write(table, output, CS3_FORMAT_TEXT);
  cs3_output_prose(
      output, "mapping: fold F on y: the rows of PEs make F groups, each with all features and "
              "an F-th of the tokens; where accumulators live; how partial sums are added; how "
              "weights are sent");
}

/* Tokens that a sample counts for. */
static double tokens_per_sample(const json_t *r) {
  double tokens = cs3_record_number(r, "tokens_per_sample");
  return isnan(tokens) ? cs3_record_number(r, "seq") : tokens;
}

/* Images and tables have no tokens: a sample counts for one. */
static gboolean is_of_samples(const json_t *record) {
  return tokens_per_sample(record) == 1;
}

static void write_notes(const json_t *r, Cs3Output *output) {
  size_t i;
  json_t *note;
  json_array_foreach(json_object_get(r, "notes"), i, note)
      cs3_output_printf(output, "note: %s\n", json_string_value(note));
}

static void write_head(const json_t *r, Cs3Output *output) {
  double systems = cs3_record_number(r, "cluster.systems");
  g_autofree char *many = systems > 1 ? g_strdup_printf(" (%.0f systems)", systems) : g_strdup("");
  g_autofree char *share =
      systems > 1
          ? g_strdup_printf(", %.0f a system", cs3_record_number(r, "cluster.batch_per_system"))
          : g_strdup("");
  cs3_output_printf(output, "%s (%.2f B parameters) on %s%s, %.4g %% %s sparsity\n",
                    cs3_record_string(r, "model.name"),
                    cs3_record_number(r, "model.parameters") / 1e9,
                    cs3_record_string(r, "hardware.name"), many,
                    100 * cs3_record_number(r, "sparsity"), cs3_record_string(r, "pattern"));
  write_notes(r, output);
  gboolean forward = json_is_true(json_object_get(r, "forward"));
  g_autofree char *what = is_of_samples(r)
                              ? g_strdup("samples")
                              : g_strdup_printf("sequences of %.0f tokens", tokens_per_sample(r));
  g_autofree char *tokens = is_of_samples(r)
                                ? g_strdup("")
                                : g_strdup_printf(" (%.0f tokens on the wafer)",
                                                  cs3_record_number(r, "mapping.tokens_on_wafer"));
  cs3_output_printf(output, "%.0f %s a %sstep%s: %.0f micro-batch%s of %.0f%s, %s%s\n\n",
                    cs3_record_number(r, "batch"), what, forward ? "forward " : "", share,
                    cs3_record_number(r, "mapping.micro_batches"),
                    cs3_record_number(r, "mapping.micro_batches") == 1 ? "" : "es",
                    cs3_record_number(r, "mapping.micro_batch"), tokens,
                    forward ? "nothing kept" : "recompute ",
                    forward ? "" : cs3_record_string(r, "mapping.recompute"));
}

static void write_memory(const json_t *r, Cs3Output *output) {
  double sent = cs3_record_number(r, "mapping.sent_bytes");
  cs3_output_printf(output, "memory           %.3g of %.3g GB at the peak",
                    cs3_record_number(r, "mapping.activation_bytes") / 1e9,
                    cs3_record_number(r, "mapping.memory_bytes") / 1e9);
  if (sent > 0)
    cs3_output_printf(output, "; %.3g GB of activations sent away and back a micro-batch",
                      sent / 1e9);
  cs3_output_puts(output, "\n");
}

static void write_summary(const json_t *r, Cs3Output *output) {
  cs3_output_printf(output, "step time        %.4g s  (dense %.4g s)\n",
                    cs3_record_number(r, "step.time_s"), cs3_record_number(r, "dense.step.time_s"));
  cs3_output_printf(output, "throughput       %.4g %s/s  (dense %.4g)\n",
                    cs3_record_number(r, "throughput.tokens_per_s"),
                    is_of_samples(r) ? "samples" : "tokens",
                    cs3_record_number(r, "dense.throughput.tokens_per_s"));
  cs3_output_printf(
      output,
      "achieved         %.3g PFLOP/s, %.1f %% of the %.1f PFLOP/s dense peak  (dense %.1f %%)\n",
      cs3_record_number(r, "flops.achieved") / 1e15,
      100 * cs3_record_number(r, "flops.dense_peak_fraction"),
      cs3_record_number(r, "flops.dense_peak") / 1e15,
      100 * cs3_record_number(r, "dense.flops.dense_peak_fraction"));
  cs3_output_printf(output,
                    "energy           %.3g J a token, %.1f kW a system  (dense %.3g J a token)\n",
                    cs3_record_number(r, "energy.joules_per_token"),
                    cs3_record_number(r, "energy.watts_per_system") / 1e3,
                    cs3_record_number(r, "dense.energy.joules_per_token"));
  write_memory(r, output);
  cs3_output_printf(output, "speed-up         %.3f simulated, %.3f in theory (%.1f %%)\n",
                    cs3_record_number(r, "speedup.simulated"),
                    cs3_record_number(r, "speedup.theoretical"),
                    100 * cs3_record_number(r, "speedup.share_of_theory"));
  cs3_output_printf(output, "  linear layers  %.3f simulated, %.3f in theory\n",
                    cs3_record_number(r, "speedup.linear.simulated"),
                    cs3_record_number(r, "speedup.linear.theoretical"));
  cs3_output_printf(output, "bottleneck       %s\n", cs3_record_string(r, "bottleneck"));
  if (json_object_get(r, "uncertainty") == NULL && json_object_get(r, "posterior") == NULL)
    cs3_output_puts(output, "band             " CS3_RESULT_BAND "\n");
}

/* What many systems, or something wrong with them, make of the step. */
static void write_cluster(const json_t *r, Cs3Output *output) {
  double systems = cs3_record_number(r, "cluster.systems");
  double lost_s = cs3_record_number(r, "cluster.disturbance.lost_s");
  if (systems > 1)
    cs3_output_printf(output,
                      "weak scaling     %.2f %% of linear: one system takes %.4g s for %.0f "
                      "sequences; %.0f tier%s of SwarmX\n",
                      100 * cs3_record_number(r, "cluster.weak_efficiency"),
                      cs3_record_number(r, "cluster.single_step_s"),
                      cs3_record_number(r, "cluster.batch_per_system"),
                      cs3_record_number(r, "cluster.tiers"),
                      cs3_record_number(r, "cluster.tiers") == 1 ? "" : "s");
  if (cs3_record_number(r, "step.fault_s") != 0)
    cs3_output_printf(output, "faults           %.4g s of the step\n",
                      cs3_record_number(r, "step.fault_s"));
  if (!isnan(lost_s))
    cs3_output_printf(output, "disturbance      %.4g s lost once, %.0f transfer%s begun again\n",
                      lost_s, cs3_record_number(r, "cluster.disturbance.retries"),
                      cs3_record_number(r, "cluster.disturbance.retries") == 1 ? "" : "s");
}

/* Faster than theory is possible when the dense run wastes more; say what. */
static void write_surplus(const json_t *r, Cs3Output *output) {
  if (cs3_record_number(r, "speedup.simulated") <= cs3_record_number(r, "speedup.theoretical"))
    return;
  int most = 0;
  for (int cause = 1; cause < CS3_N_STEP_CAUSES; cause++)
    if (cause_number(r, "speedup.gap_cycles", cause) < cause_number(r, "speedup.gap_cycles", most))
      most = cause;
  cs3_output_printf(
      output,
      "                 above theory because the dense run wastes more, most of it in "
      "%s (%s)\n",
      cs3_step_cause_name(most), meanings[most]);
}

/* The layer whose zeros lie worst. */
static const json_t *worst_layer(const json_t *r, double *cost) {
  const json_t *worst = NULL;
  size_t i;
  json_t *layer;
  json_array_foreach(json_object_get(r, "layers"), i, layer) {
    double uniform = cs3_record_number(layer, "uniform_cycles");
    double ratio = cs3_record_number(layer, "cycles") / uniform - 1;
    if (isnan(ratio) || (worst != NULL && ratio <= *cost))
      continue;
    worst = layer;
    *cost = ratio;
  }
  return worst;
}

/* What the places of the zeros cost. */
static void write_weights(const json_t *r, Cs3Output *output) {
  double cost = 0;
  const json_t *weights = json_object_get(r, "weights"), *worst = worst_layer(r, &cost);
  if (weights == NULL)
    return;
  cs3_output_printf(output, "weights          %s: %.0f matrices of the model",
                    cs3_record_string(weights, "file"), cs3_record_number(weights, "matched"));
  size_t unused = json_array_size(json_object_get(weights, "unused"));
  if (unused > 0)
    cs3_output_printf(output, "; others that are none of it: %zu", unused);
  if (cs3_record_number(weights, "masked_nan") > 0)
    cs3_output_printf(output, "; %.0f NaN taken as zero", cs3_record_number(weights, "masked_nan"));
  cs3_output_puts(output, "\n");
  if (json_object_get(weights, "uniform") == NULL)
    return;
  cs3_output_printf(output,
                    "  their zeros    %+.2f %% in step time over as many zeros anywhere (%.4g s, "
                    "speed-up %.3f)\n",
                    100 * cs3_record_number(weights, "uniform.cost"),
                    cs3_record_number(weights, "uniform.step_s"),
                    cs3_record_number(weights, "uniform.speedup"));
  if (worst != NULL)
    cs3_output_printf(output, "  worst layer    %s %.0f: %+.1f %%\n",
                      cs3_record_string(worst, "name"), cs3_record_number(worst, "layer"),
                      100 * cost);
}

void cs3_result_text(const json_t *record, Cs3Output *output) {
  write_head(record, output);
  write_summary(record, output);
  write_surplus(record, output);
  write_cluster(record, output);
  write_weights(record, output);
  cs3_output_puts(output, "\n");
  write_breakdown(record, output);
  write_layers(record, output);
  cs3_result_attentions_text(record, output);
}
