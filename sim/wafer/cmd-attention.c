/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cs3sim attention: scores, softmax and values of some sequences. */
#include "config.h"

#include <string.h>

#include "results/record.h"
#include "sim/cli/common-options.h"
#include "sim/commands.h"
#include "sim/map/attention-map.h"
#include "sim/wafer/attention-run.h"
#include "sim/wafer/wafer-calls.h"

typedef struct {
  char *hardware, *pes;
  char **set, **map;
  gint64 heads, kv_heads, head_dim, value_dim, seq, keys, tokens, window, document, tile, seed;
  gboolean causal;
  int pass, fidelity;
} AttentionOptions;

#define AT(member) G_STRUCT_OFFSET(AttentionOptions, member)

static const char *const passes[] = {"forward", "backward", NULL};

static const char *const fidelities[] = {"recurrence", "event", "bound", "all", NULL};

/* clang-format off */
#define NUMBER(text, member, meta, least, most, ...) \
  {.name = text, .type = CS3_OPTION_INT, .offset = AT(member), .metavar = meta, .min = least, \
   .max = most, __VA_ARGS__}
/* clang-format on */

static const Cs3Option shape_options[] = {
    NUMBER("heads", heads, "N", 1, 65536, .help = "heads of queries"),
    NUMBER("kv-heads", kv_heads, "N", 1, 65536, .default_text = "as many as heads",
           .help = "heads of keys and values, which divide those of queries"),
    NUMBER("head-dim", head_dim, "N", 1, 65536, .help = "features of a query and a key"),
    NUMBER("value-dim", value_dim, "N", 1, 65536, .default_text = "as of a key",
           .help = "features of a value"),
    NUMBER("seq", seq, "N", 1, 1 << 24, .help = "queries of a sequence"),
    NUMBER("keys", keys, "N", 1, 1 << 24, .default_text = "as many as queries",
           .help = "keys of a sequence, of another one when they are not as many"),
    NUMBER("tokens", tokens, "T", 1, 1 << 30, .help = "queries on the wafer: whole sequences"),
    {.name = "causal",
     .type = CS3_OPTION_FLAG,
     .offset = AT(causal),
     .help = "a query sees no key after it"},
    NUMBER("window", window, "N", 1, 1 << 24, .default_text = "all",
           .help = "a query sees so many keys: with --causal the last ones, else half of them on "
                   "each side"),
    NUMBER("document", document, "N", 1, 1 << 24, .default_text = "the sequence",
           .help = "a query sees its own document, all of which have so many tokens"),
    NUMBER("tile", tile, "N", 1, 1 << 24,
           .help = "scores are computed in tiles of so many queries and keys"),
    {NULL},
};

static const Cs3Option options[] = {
    {.name = "pass",
     .type = CS3_OPTION_CHOICE,
     .offset = AT(pass),
     .metavar = "PASS",
     .choices = passes,
     .help = "outputs; or the gradients of queries, keys and values, with scores computed again"},
    {.name = "fidelity",
     .type = CS3_OPTION_CHOICE,
     .offset = AT(fidelity),
     .metavar = "FIDELITY",
     .choices = fidelities,
     .help = "exact recurrence; every wavelet of one rectangle of PEs (small ones: --pes), which "
             "takes the same cycles and checks the numbers; closed-form lower bound; all three"},
    CS3_OPTION_HARDWARE(AT(hardware)),
    CS3_OPTION_PES(AT(pes)),
    CS3_OPTION_SET(AT(set)),
    {.name = "map",
     .type = CS3_OPTION_LIST,
     .offset = AT(map),
     .keyed = TRUE,
     .metavar = "KEY=VALUE",
     .help = "force a choice of the mapper: algorithm, axis, fold, lines (grid), places, order, "
             "chunks, scores, documents"},
    CS3_OPTION_SEED(AT(seed), "seed of the numbers that wavelets carry"),
    {NULL},
};

static const AttentionOptions defaults = {
    .hardware = (char *)CS3_DEFAULT_HARDWARE,
    .heads = 32,
    .head_dim = 128,
    .seq = 4096,
    .tokens = 65536,
    .tile = 1,
    .seed = 1,
};

/* The options' shape. */
static gboolean read_shape(const AttentionOptions *o, Cs3AttentionShape *shape, GError **error) {
  *shape = (Cs3AttentionShape){
      .backward = o->pass == 1,
      .heads = o->heads,
      .kv_heads = o->kv_heads > 0 ? o->kv_heads : o->heads,
      .head_dim = o->head_dim,
      .value_dim = o->value_dim > 0 ? o->value_dim : o->head_dim,
      .sequences = o->tokens / o->seq,
      .queries = o->seq,
      .keys = o->keys > 0 ? o->keys : o->seq,
      .causal = o->causal,
      .window = o->window,
      .document = o->document,
      .tile = o->tile,
  };
  if (o->tokens % o->seq != 0) {
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "--tokens %" G_GINT64_FORMAT ": not whole sequences of --seq %" G_GINT64_FORMAT
                " queries; take %" G_GINT64_FORMAT,
                o->tokens, o->seq, (o->tokens / o->seq + 1) * o->seq);
    return FALSE;
  }
  if (shape->sequences <= CS3_ATTENTION_MOST_SEQUENCES)
    return TRUE;
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
              "--tokens %" G_GINT64_FORMAT ": %" G_GINT64_FORMAT " sequences of --seq "
              "%" G_GINT64_FORMAT " queries (accepted: up to %d sequences)",
              o->tokens, shape->sequences, o->seq, CS3_ATTENTION_MOST_SEQUENCES);
  return FALSE;
}

static json_t *make_record(const AttentionOptions *o, char **set, Cs3Fidelity fidelity,
                           GError **error) {
  g_autoptr(Cs3Machine) machine = cs3_wafer_machine(o->hardware, o->pes, set, error);
  Cs3AttentionConfig config = {.machine = machine,
                               .force = CS3_ATTENTION_FREE,
                               .fidelity = fidelity,
                               .seed = (guint64)o->seed};
  if (machine == NULL)
    return NULL;
  for (char **text = o->map; text != NULL && *text != NULL; text++)
    if (!cs3_attention_map_parse(&config.force, "", *text, error))
      return NULL;
  if (!read_shape(o, &config.shape, error))
    return NULL;
  if (config.force.documents > CS3_DOCUMENTS_FREE && config.shape.document == 0) {
    g_set_error_literal(
        error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
        "--map documents: changes nothing without documents; add --document TOKENS");
    return NULL;
  }
  return cs3_attention_run(&config, error);
}

/* The fidelity that needs no wavelets. */
static Cs3Fidelity still(const AttentionOptions *o) {
  return o->fidelity == CS3_FIDELITY_BOUND ? CS3_FIDELITY_BOUND : CS3_FIDELITY_RECURRENCE;
}

/* A --set without which the result is the same: said, so that nobody takes it for the reason of
 * what he sees. */
static void note_idle_sets(const AttentionOptions *o) {
  guint n = o->set != NULL ? g_strv_length(o->set) : 0;
  json_auto_t *with = n > 0 ? make_record(o, o->set, still(o), NULL) : NULL;
  for (guint i = 0; i < n; i++) {
    g_autoptr(GPtrArray) others = g_ptr_array_new();
    for (guint k = 0; k < n; k++)
      if (k != i)
        g_ptr_array_add(others, o->set[k]);
    g_ptr_array_add(others, NULL);
    json_auto_t *without = make_record(o, (char **)others->pdata, still(o), NULL);
    if (without != NULL && json_equal(with, without))
      g_message("--set %s: changes nothing of this result", o->set[i]);
  }
}

/* Numbers are drawn for wavelets alone. */
static void note_idle_seed(const AttentionOptions *o) {
  if (o->seed != defaults.seed && still(o) == (Cs3Fidelity)o->fidelity)
    g_message("--seed: changes nothing at fidelity %s, in which no wavelet carries numbers",
              fidelities[o->fidelity]);
}

static Cs3ExitStatus run(const Cs3Context *context, const void *values, char **args,
                         GError **error) {
  const AttentionOptions *o = values;
  json_auto_t *record = make_record(o, o->set, (Cs3Fidelity)o->fidelity, error);
  if (record == NULL)
    return CS3_EXIT_INTERNAL;
  note_idle_sets(o);
  note_idle_seed(o);
  if (context->format == CS3_FORMAT_TEXT)
    cs3_attention_record_text(record, context->output);
  else if (context->format == CS3_FORMAT_CSV)
    cs3_attention_record_csv(record, context->output);
  else
    cs3_output_json(context->output, record, context->format);
  gboolean right = json_object_get(record, "event") == NULL ||
                   cs3_record_number(record, "event.wrong_outputs") == 0;
  return right ? CS3_EXIT_OK : CS3_EXIT_NO;
}

static const Cs3Example examples[] = {
    {"the attention of a Llama-2 7B layer, 16 sequences at a time",
     "cs3sim attention --heads 32 --head-dim 128 --seq 4096 --tokens 65536 --causal"},
    {"grouped queries in a window, backward, as JSON",
     "cs3sim attention --heads 32 --kv-heads 8 --seq 8192 --tokens 65536 --causal --window 4096 "
     "--pass backward -o json"},
    {"every wavelet of a small one, beside the recurrence and the bound",
     "cs3sim attention --heads 4 --kv-heads 2 --head-dim 16 --seq 96 --tokens 192 --causal "
     "--pes 12x8 --fidelity all"},
    {NULL, NULL},
};

const Cs3Command cs3_cmd_attention = {
    .name = "attention",
    .summary = "Simulate attention on one wafer",
    .description =
        "Simulates attention of some sequences, forward or backward: keys and values travel past "
        "queries that stay, round one ring, round a ring in every line of a grid, or by multicast. "
        "Prints cycles, the share of the peak "
        "that comes out, where the cycles "
        "went, the mapping chosen and the runner-up.",
    .options_size = sizeof(AttentionOptions),
    .defaults = &defaults,
    .groups = {{"What is computed", shape_options, 0}, {"Options", options, 0}},
    .formats = CS3_FORMAT_BIT(CS3_FORMAT_TEXT) | CS3_FORMAT_BIT(CS3_FORMAT_CSV) |
               CS3_FORMAT_BIT(CS3_FORMAT_JSON) | CS3_FORMAT_BIT(CS3_FORMAT_JSONL),
    .answer_no = "it does not fit the wafer, or an output of the wavelets is wrong",
    .examples = examples,
    .run = run,
};
