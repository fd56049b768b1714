/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One linear layer on one wafer. */
#include "config.h"

#include "sim/wafer/layer-run.h"

#include <math.h>

#include "base/json.h"
#include "base/table.h"
#include "results/record.h"
#include "results/schema.h"
#include "sim/run/result.h"
#include "sim/wafer/layer-fidelity.h"
#include "workloads/mask-order.h"
#include "workloads/workload-error.h"

/* Live weights (%NULL: all) as forward streams them, and as a dX pass does. */
typedef struct {
  Cs3Mask *drawn, *transposed;
  const Cs3Mask *mask;
} Live;

static void live_clear(Live *live) {
  g_clear_pointer(&live->drawn, cs3_mask_free);
  g_clear_pointer(&live->transposed, cs3_mask_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Live, live_clear)

static const Cs3Mask *streamed(const Live *live, Cs3Pass pass) {
  return pass == CS3_PASS_DX ? live->transposed : live->mask;
}

/* What is asked for, on this machine: passes over the weights one after the other, each with the
 * mapping chosen for it; result and bound are those of all of them. */
typedef struct {
  guint n;
  Cs3Pass pass[2];
  Cs3MapChoice choice[2];
  Cs3LayerResult result;
  gint64 bound;
} Side;

static Side side_of(const Cs3LayerConfig *config) {
  gboolean separate = config->machine->hw.kernel.backward == CS3_BACKWARD_SEPARATE;
  if (config->pass == CS3_PASS_BACKWARD && separate)
    return (Side){.n = 2, .pass = {CS3_PASS_DX, CS3_PASS_DW}};
  return (Side){.n = 1, .pass = {config->pass}};
}

static void add_result(Cs3LayerResult *sum, const Cs3LayerResult *result) {
  sum->cycles += result->cycles;
  for (int cause = 0; cause < CS3_N_CAUSES; cause++)
    sum->causes[cause] += result->causes[cause];
  sum->nonzeros = result->nonzeros;
  sum->ingress_wavelets += result->ingress_wavelets;
  sum->egress_wavelets += result->egress_wavelets;
  sum->imbalance = MAX(sum->imbalance, result->imbalance);
}

static gint64 groups_of(const Cs3LayerConfig *config) {
  return MAX(config->conv.groups, 1);
}

/* Of one group of channels, which all are alike. */
static gint64 group_rows(const Cs3LayerConfig *config) {
  return config->out_features / groups_of(config);
}

static gboolean run_pass(const Cs3LayerConfig *config, guint i, const Cs3Mask *mask, Side *side,
                         GError **error) {
  const Cs3Hardware *hw = &config->machine->hw;
  gboolean transposed = side->pass[i] == CS3_PASS_DX;
  Cs3LayerShape shape = {
      .pass = side->pass[i],
      .rows = transposed ? config->in_features : group_rows(config),
      .features = transposed ? group_rows(config) : config->in_features,
      .tokens = config->tokens,
      .groups = config->conv.groups,
      .conv = config->conv.shape,
  };
  g_auto(Cs3WeightsLoan) loan = {0};
  if (mask != NULL)
    cs3_weights_lend_mask(mask, &loan);
  const Cs3WeightsLoan *live = mask != NULL ? &loan : NULL;
  if (!cs3_map_choose(hw, &shape, live, NULL, &config->force, (Cs3MapWant){0}, &side->choice[i],
                      error))
    return FALSE;
  const Cs3MapCandidate *best = &side->choice[i].best;
  Cs3LayerWeights weights = cs3_map_weights(&best->shape, live, NULL);
  Cs3LayerResult result;
  if (!cs3_layer_pass(hw, &best->shape, &best->mapping, &weights, (Cs3LayerWant){CS3_LAYER_CAUSES},
                      &result, error))
    return FALSE;
  side->bound += cs3_layer_bound(hw, &best->shape, &best->mapping, result.nonzeros);
  /* The dense format multiplies the zeros too; the work that counts is the live weights. */
  if (live != NULL)
    result.nonzeros = live->nonzeros * groups_of(config);
  add_result(&side->result, &result);
  return TRUE;
}

/* @live: %NULL: dense. */
static gboolean run_side(const Cs3LayerConfig *config, const Live *live, Side *side,
                         GError **error) {
  *side = side_of(config);
  for (guint i = 0; i < side->n; i++)
    if (!run_pass(config, i, live != NULL ? streamed(live, side->pass[i]) : NULL, side, error))
      return FALSE;
  return TRUE;
}

/* Largest cause besides the arithmetic. */
static const char *bottleneck(const Cs3LayerResult *result) {
  int worst = CS3_CAUSE_MAPPING;
  for (int cause = 0; cause < CS3_N_CAUSES; cause++)
    if (cause != CS3_CAUSE_ARITHMETIC && result->causes[cause] > result->causes[worst])
      worst = cause;
  return cs3_cause_name(worst);
}

/* One mapping, or one a pass. */
static json_t *mapping_json(const Side *side) {
  if (side->n == 1)
    return cs3_map_json(&side->choice[0].best);
  json_t *object = json_object();
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = 0; i < side->n; i++) {
    g_autofree char *words = cs3_map_describe(&side->choice[i].best);
    const char *name = cs3_pass_name(side->pass[i]);
    g_string_append_printf(text, "%s%s: %s", i > 0 ? "; " : "", name, words);
    json_object_set_new(object, name, cs3_map_json(&side->choice[i].best));
  }
  json_object_set_new(object, "text", json_string(text->str));
  return object;
}

static json_t *side_json(const Side *side) {
  json_t *causes = json_object();
  for (int cause = 0; cause < CS3_N_CAUSES; cause++)
    if (cs3_cause_shown(cause, (double)side->result.causes[cause]))
      json_object_set_new(causes, cs3_cause_name(cause), json_integer(side->result.causes[cause]));
  json_t *object = cs3_json_pack(
      "{s:I, s:I, s:I, s:f, s:I, s:I, s:o, s:s, s:o}", "cycles", (json_int_t)side->result.cycles,
      "bound_cycles", (json_int_t)side->bound, "nonzeros", (json_int_t)side->result.nonzeros,
      "imbalance", side->result.imbalance, "ingress_wavelets",
      (json_int_t)side->result.ingress_wavelets, "egress_wavelets",
      (json_int_t)side->result.egress_wavelets, "causes", causes, "bottleneck",
      bottleneck(&side->result), "mapping", mapping_json(side));
  if (side->n == 1 && side->choice[0].runner_up.cycles > 0)
    json_object_set_new(object, "runner_up", cs3_map_json(&side->choice[0].runner_up));
  return object;
}

/* @config's mask, or one that is drawn. */
static gboolean find_weights(const Cs3LayerConfig *config, Live *live, GError **error) {
  live->mask = config->mask;
  if (config->mask == NULL && config->sparsity > 0) {
    live->drawn = cs3_pattern_mask(&config->pattern, group_rows(config), config->in_features,
                                   1 - config->sparsity, config->seed, cs3_pattern_stream("layer"),
                                   config->workers, error);
    if (live->drawn == NULL)
      return FALSE;
    live->mask = live->drawn;
  }
  if (live->mask != NULL && cs3_mask_nnz(live->mask) == 0) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                "no weight of the %" G_GINT64_FORMAT " x %" G_GINT64_FORMAT
                " mask is alive, so that there is nothing to compute; use a lower --sparsity or "
                "another --seed",
                group_rows(config), config->in_features);
    return FALSE;
  }
  if (live->mask == NULL || side_of(config).pass[0] != CS3_PASS_DX)
    return TRUE;
  live->transposed = cs3_mask_transpose(live->mask, error);
  return live->transposed != NULL;
}

/* The wavelets of all passes. */
static json_t *run_events(const Cs3LayerConfig *config, const Live *live, const Side *side,
                          GError **error) {
  json_t *sum = NULL;
  for (guint i = 0; i < side->n; i++) {
    json_t *event =
        cs3_layer_run_event(config, streamed(live, side->pass[i]), &side->choice[i].best, error);
    if (event != NULL && sum != NULL)
      cs3_layer_add_event(event, sum);
    json_decref(sum);
    sum = event;
    if (sum == NULL)
      return NULL;
  }
  return sum;
}

/* The passes with the features on their lines in the order that evens the lines of their mapping,
 * each pass its own. */
static json_t *balanced_json(const Cs3LayerConfig *config, const Live *live, const Side *sparse,
                             GError **error) {
  Side side = side_of(config);
  for (guint i = 0; i < side.n; i++) {
    const Cs3Mask *mask = streamed(live, side.pass[i]);
    const Cs3MapCandidate *best = &sparse->choice[i].best;
    gint64 lines = cs3_mapping_lines(&config->machine->hw, &best->shape, &best->mapping);
    g_autofree gint64 *starts = cs3_mapping_starts(mask->cols, lines);
    g_autofree gint64 *order = cs3_mask_balanced_order(mask, starts, lines);
    g_autoptr(Cs3Mask) ordered = cs3_mask_reorder(mask, order, error);
    if (ordered == NULL || !run_pass(config, i, ordered, &side, error))
      return NULL;
  }
  return cs3_json_pack("{s:I, s:f, s:f, s:o}", "cycles", (json_int_t)side.result.cycles,
                       "imbalance", side.result.imbalance, "speedup",
                       (double)sparse->result.cycles / side.result.cycles, "mapping",
                       mapping_json(&side));
}

/* Cycles beyond dense / theory, by cause; they add up to the gap. A negative entry is time that the
 * dense pass wastes and the sparse one does not. */
static json_t *speedup_json(const Cs3LayerResult *sparse, const Cs3LayerResult *dense,
                            double theoretical) {
  double simulated = (double)dense->cycles / sparse->cycles;
  json_t *gap = json_object();
  for (int cause = 0; cause < CS3_N_CAUSES; cause++) {
    double beyond = sparse->causes[cause] - dense->causes[cause] / theoretical;
    if (cs3_cause_shown(cause, beyond))
      json_object_set_new(gap, cs3_cause_name(cause), json_real(beyond));
  }
  return cs3_json_pack("{s:f, s:f, s:f, s:o}", "simulated", simulated, "theoretical", theoretical,
                       "share_of_theory", simulated / theoretical, "gap_cycles", gap);
}

static const char *fidelity_name(Cs3Fidelity fidelity) {
  static const char *const names[] = {"recurrence", "event", "bound", "all"};
  return names[fidelity];
}

/* The closed form has no causes: only what it says of the time is kept. */
static void keep_bound(Side *side) {
  side->result.cycles = side->bound;
}

static void drop_causes(json_t *head) {
  json_object_del(head, "causes");
  json_object_del(head, "bottleneck");
  json_object_del(json_object_get(head, "speedup"), "gap_cycles");
  json_object_del(json_object_get(head, "dense"), "causes");
  json_object_del(json_object_get(head, "dense"), "bottleneck");
}

json_t *cs3_layer_run(const Cs3LayerConfig *config, GError **error) {
  g_auto(Live) live = {0};
  Side sparse, dense;
  if (!find_weights(config, &live, error) || !run_side(config, NULL, &dense, error) ||
      !run_side(config, &live, &sparse, error))
    return NULL;
  gboolean moves = config->fidelity == CS3_FIDELITY_EVENT || config->fidelity == CS3_FIDELITY_ALL;
  json_t *event = moves ? run_events(config, &live, &sparse, error) : NULL;
  if (moves && event == NULL)
    return NULL;
  json_t *balanced =
      config->balance && live.mask ? balanced_json(config, &live, &sparse, error) : NULL;
  if (config->balance && live.mask != NULL && balanced == NULL) {
    json_decref(event);
    return NULL;
  }
  if (config->fidelity == CS3_FIDELITY_BOUND) {
    keep_bound(&sparse);
    keep_bound(&dense);
  }
  double weights = (double)group_rows(config) * (double)config->in_features;
  double density = live.mask ? (double)cs3_mask_nnz(live.mask) / weights : 1;
  double macs = (double)sparse.result.nonzeros * cs3_pass_products(config->pass) * config->tokens;
  double seconds = sparse.result.cycles / config->machine->hw.wafer.clock_hz;
  json_auto_t *record = side_json(&sparse);
  json_t *head = cs3_json_pack(
      "{s:s, s:s, s:s, s:I, s:I, s:I, s:f, s:s, s:s, s:I}", "schema", CS3_LAYER_SCHEMA, "hardware",
      config->machine->name, "pass", cs3_pass_name(config->pass), "out_features",
      (json_int_t)config->out_features, "in_features", (json_int_t)config->in_features, "tokens",
      (json_int_t)config->tokens, "sparsity", config->sparsity, "pattern", config->pattern.text,
      "fidelity", fidelity_name(config->fidelity), "seed", (json_int_t)config->seed);
  if (cs3_conv_is_one(&config->conv.shape))
    json_object_set_new(head, "convolution", cs3_layer_conv_json(&config->conv));
  if (config->mask_file != NULL)
    json_object_set_new(
        head, "mask",
        cs3_json_pack("{s:s, s:s*}", "file", config->mask_file, "tensor", config->mask_tensor));
  json_object_update(head, record);
  json_object_set_new(head, "speedup", speedup_json(&sparse.result, &dense.result, 1 / density));
  json_object_set_new(head, "time_s", json_real(seconds));
  json_object_set_new(head, "achieved_flops", json_real(2 * macs / seconds));
  json_object_set_new(head, "dense", side_json(&dense));
  if (event != NULL)
    json_object_set_new(head, "event", event);
  if (balanced != NULL)
    json_object_set_new(head, "balanced", balanced);
  if (config->fidelity == CS3_FIDELITY_BOUND)
    drop_causes(head);
  return head;
}

static const Cs3Column cause_columns[] = {
    {.key = "cause", .title = "cause", .type = CS3_COLUMN_TEXT},
    {.key = "cycles", .title = "cycles", .type = CS3_COLUMN_INT},
    {.key = "share", .title = "share [%]", .type = CS3_COLUMN_REAL, .decimals = 1, .scale = 100},
    {.key = "dense", .title = "dense cycles", .type = CS3_COLUMN_INT},
    {.key = "gap", .title = "beyond theory", .type = CS3_COLUMN_REAL, .decimals = 0},
};

/* 0 where it is not shown. */
static double cause_number(const json_t *record, const char *object, int cause) {
  g_autofree char *path = g_strdup_printf("%s.%s", object, cs3_cause_name(cause));
  double number = cs3_record_number(record, path);
  return isnan(number) ? 0 : number;
}

static double gap_number(const json_t *record, int cause) {
  return cause_number(record, "speedup.gap_cycles", cause);
}

/* What holds the speed-up below theory most, if anything does. */
static const char *departure(const json_t *record) {
  int most = 0;
  for (int cause = 1; cause < CS3_N_CAUSES; cause++)
    if (gap_number(record, cause) > gap_number(record, most))
      most = cause;
  return gap_number(record, most) > 0 ? cs3_cause_name(most) : "nothing";
}

static void write_causes(const json_t *record, Cs3Output *output) {
  g_autoptr(Cs3Table) table = cs3_table_new(cause_columns, G_N_ELEMENTS(cause_columns));
  double cycles = cs3_record_number(record, "cycles");
  for (int cause = 0; cause < CS3_N_CAUSES; cause++) {
    double own = cause_number(record, "causes", cause);
    double dense = cause_number(record, "dense.causes", cause);
    if (!cs3_cause_shown(cause, own + dense))
      continue;
    cs3_table_add_text(table, cs3_cause_name(cause));
    cs3_table_add_int(table, (gint64)own);
    cs3_table_add_real(table, own / cycles);
    cs3_table_add_int(table, (gint64)dense);
    cs3_table_add_real(table, gap_number(record, cause));
  }
  cs3_table_add_text(table, "pass");
  cs3_table_add_int(table, (gint64)cycles);
  cs3_table_add_real(table, 1);
  double dense_cycles = cs3_record_number(record, "dense.cycles");
  cs3_table_add_int(table, (gint64)dense_cycles);
  cs3_table_add_real(table,
                     cycles - dense_cycles / cs3_record_number(record, "speedup.theoretical"));
  cs3_table_write(table, output, CS3_FORMAT_TEXT);
}

/* What moved, and what the other two fidelities say. */
static void write_event(const json_t *r, Cs3Output *output) {
  if (json_object_get(r, "event") == NULL)
    return;
  cs3_output_printf(output, "fidelities   event %.0f, recurrence %.0f, bound %.0f cycles\n",
                    cs3_record_number(r, "event.cycles"), cs3_record_number(r, "cycles"),
                    cs3_record_number(r, "bound_cycles"));
  cs3_output_printf(output,
                    "event        %.0f wavelet hops on %.0fx%.0f PEs, edge included; %.0f "
                    "multiply-adds; %.0f wrong outputs, largest error %.3g\n",
                    cs3_record_number(r, "event.wavelet_hops"), cs3_record_number(r, "event.width"),
                    cs3_record_number(r, "event.height"), cs3_record_number(r, "event.macs"),
                    cs3_record_number(r, "event.wrong_outputs"),
                    cs3_record_number(r, "event.largest_error"));
}

static void write_convolution(const json_t *record, Cs3Output *output) {
  const json_t *c = json_object_get(record, "convolution");
  if (c == NULL)
    return;
#define SIDE(KEY, I) (double)json_integer_value(json_array_get(json_object_get(c, KEY), I))
  cs3_output_printf(output,
                    "convolution  %.0fx%.0f%s, %.0f channels of %.0fx%.0f to %.0f of %.0fx%.0f, "
                    "stride %.0fx%.0f, %.0f group%s, "
                    "%.0f sample%s\n",
                    SIDE("kernel", 0), SIDE("kernel", 1),
                    json_is_true(json_object_get(c, "transposed")) ? " transposed" : "",
                    cs3_record_number(c, "in_channels"), SIDE("input", 0), SIDE("input", 1),
                    cs3_record_number(c, "out_channels"), SIDE("output", 0), SIDE("output", 1),
                    SIDE("stride", 0), SIDE("stride", 1), cs3_record_number(c, "groups"),
                    cs3_record_number(c, "groups") == 1 ? "" : "s", cs3_record_number(c, "samples"),
                    cs3_record_number(c, "samples") == 1 ? "" : "s");
#undef SIDE
}

/* Features of lines, as they are called in the weight of forward. */
static void write_balanced(const json_t *r, Cs3Output *output) {
  if (json_object_get(r, "balanced") == NULL)
    return;
  const char *pass = cs3_record_string(r, "pass");
  cs3_output_printf(output,
                    "balanced     %.0f cycles, %.3f times as fast, imbalance %.3f: %s features in "
                    "another order\n",
                    cs3_record_number(r, "balanced.cycles"),
                    cs3_record_number(r, "balanced.speedup"),
                    cs3_record_number(r, "balanced.imbalance"),
                    g_str_equal(pass, "dx")         ? "output"
                    : g_str_equal(pass, "backward") ? "input and output"
                                                    : "input");
}

void cs3_layer_text(const json_t *r, Cs3Output *output) {
  gboolean causes = json_object_get(r, "causes") != NULL;
  gboolean from_file = json_object_get(r, "mask") != NULL;
  cs3_output_printf(output, "%.0f x %.0f %s, %.0f tokens, %.4g %% %s sparsity, on %s\n\n",
                    cs3_record_number(r, "out_features"), cs3_record_number(r, "in_features"),
                    cs3_record_string(r, "pass"), cs3_record_number(r, "tokens"),
                    100 * cs3_record_number(r, "sparsity"),
                    from_file ? "measured" : cs3_record_string(r, "pattern"),
                    cs3_record_string(r, "hardware"));
  write_convolution(r, output);
  cs3_output_printf(output, "cycles       %.0f  (lower bound %.0f)\n",
                    cs3_record_number(r, "cycles"), cs3_record_number(r, "bound_cycles"));
  cs3_output_printf(output, "achieved     %.3g PFLOP/s\n",
                    cs3_record_number(r, "achieved_flops") / 1e15);
  write_event(r, output);
  cs3_output_printf(output, "speed-up     %.3f simulated, %.3f in theory (%.1f %%%s%s)\n",
                    cs3_record_number(r, "speedup.simulated"),
                    cs3_record_number(r, "speedup.theoretical"),
                    100 * cs3_record_number(r, "speedup.share_of_theory"),
                    causes ? "; most beyond theory: " : "", causes ? departure(r) : "");
  if (causes)
    cs3_output_printf(output, "bottleneck   %s\n", cs3_record_string(r, "bottleneck"));
  cs3_output_printf(output, "imbalance    %.3f (busiest line / mean)\n",
                    cs3_record_number(r, "imbalance"));
  write_balanced(r, output);
  cs3_output_printf(output, "mapping      %s\n", cs3_record_string(r, "mapping.text"));
  if (*cs3_record_string(r, "runner_up.text"))
    cs3_output_printf(output, "runner-up    %s: %.0f cycles\n",
                      cs3_record_string(r, "runner_up.text"),
                      cs3_record_number(r, "runner_up.cycles"));
  cs3_output_printf(output, "dense        %s\n\n", cs3_record_string(r, "dense.mapping.text"));
  if (causes)
    write_causes(r, output);
}
