/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cs3sim layer: one linear layer. */
#include "config.h"

#include "base/datadir.h"
#include "base/json.h"
#include "results/record.h"
#include "sim/cli/common-options.h"
#include "sim/commands.h"
#include "sim/run/result.h"
#include "sim/run/scenario.h"
#include "sim/wafer/fabric-heatmap.h"
#include "sim/wafer/layer-run.h"
#include "sim/wafer/wafer-calls.h"
#include "workloads/mask-file.h"
#include "workloads/workload-error.h"

typedef struct {
  char *shape, *conv, *hardware, *pattern, *mask, *tensor, *pes;
  char **set, **map;
  gint64 tokens, seed, jobs;
  double sparsity;
  int pass, fidelity, masked;
  gboolean balance;
  char *trace, *heatmap;
  gint64 trace_limit;
} LayerOptions;

#define AT(member) G_STRUCT_OFFSET(LayerOptions, member)

static const char *const passes[] = {"forward", "dx", "dw", "backward", NULL};

static const char *const fidelities[] = {"recurrence", "event", "bound", "all", NULL};

static const char *const masked[] = {"zero", "nan", NULL};

static const Cs3Option options[] = {
    CS3_OPTION_SHAPE(AT(shape)),
    {.name = "conv",
     .type = CS3_OPTION_TEXT,
     .offset = AT(conv),
     .metavar = "KEY=VALUE,...",
     .help =
         "a convolution instead: in, out (channels), input (HxW), kernel (K or HxW), and perhaps "
         "stride, padding, dilation (1, 0, 1), groups, samples (1), transposed; instead of "
         "--shape and --tokens"},
    {.name = "tokens",
     .type = CS3_OPTION_INT,
     .offset = AT(tokens),
     .metavar = "T",
     .min = 1,
     .max = 1 << 30,
     .help = "tokens on the wafer"},
    CS3_OPTION_SPARSITY(AT(sparsity), .help = "share of zero weights"),
    {.name = "pass",
     .type = CS3_OPTION_CHOICE,
     .offset = AT(pass),
     .metavar = "PASS",
     .choices = passes,
     .help = "which of the three products of a training step; backward: dx and dw, in one pass or "
             "two (kernel.backward)"},
    {.name = "fidelity",
     .type = CS3_OPTION_CHOICE,
     .offset = AT(fidelity),
     .metavar = "FIDELITY",
     .choices = fidelities,
     .help =
         "exact recurrence; every wavelet (small meshes: --pes), which takes the same cycles and "
         "checks the numbers; closed-form lower bound; all three"},
    CS3_OPTION_PATTERN(AT(pattern)),
    {.name = "mask",
     .type = CS3_OPTION_TEXT,
     .offset = AT(mask),
     .metavar = "FILE",
     .completes = "files",
     .help =
         "live weights from a file (.smtx, .mtx, .npz, .safetensors, .safetensors.index.json; a "
         "name without ending, and '-': told by what it holds) or a folder with a checkpoint, "
         "rows = output features; instead of --shape, --sparsity and --pattern"},
    {.name = "tensor",
     .type = CS3_OPTION_TEXT,
     .offset = AT(tensor),
     .metavar = "NAME",
     .help = "which matrix of the --mask file"},
    {.name = "masked",
     .type = CS3_OPTION_CHOICE,
     .offset = AT(masked),
     .metavar = "VALUE",
     .choices = masked,
     .help = "what stands for a masked weight in the --mask file: zero, or NaN, too"},
    {.name = "balance",
     .type = CS3_OPTION_FLAG,
     .offset = AT(balance),
     .help =
         "also with the features on the lines in an order that evens their load (what it takes: "
         "doc/masks.md)"},
    CS3_OPTION_HARDWARE(AT(hardware)),
    CS3_OPTION_PES(AT(pes)),
    CS3_OPTION_SET(AT(set)),
    CS3_OPTION_MAP(AT(map)),
    CS3_OPTION_SEED(AT(seed), "seed of the random mask"),
    CS3_OPTION_JOBS(AT(jobs)),
    {NULL},
};

static const Cs3Option view_options[] = {
    {.name = "trace",
     .type = CS3_OPTION_TEXT,
     .offset = AT(trace),
     .metavar = "FILE",
     .writes = TRUE,
     .completes = "files",
     .help = "fidelity event: write tasks and streams as Chrome trace events (opens in Perfetto)"},
    CS3_OPTION_TRACE_LIMIT(AT(trace_limit)),
    {.name = "heatmap",
     .type = CS3_OPTION_TEXT,
     .offset = AT(heatmap),
     .metavar = "FILE",
     .writes = TRUE,
     .completes = "files",
     .help = "fidelity event: draw how busy PEs and links are: FILE.svg or FILE.png, with FILE.dat "
             "and FILE.gp beside it; any other name: as columns, with the wavelets that wait"},
    {NULL},
};

static const LayerOptions defaults = {
    .trace_limit = 1000000,
    .shape = (char *)"4096x4096",
    .hardware = (char *)CS3_DEFAULT_HARDWARE,
    .pattern = (char *)"uniform",
    .tokens = 65536,
    .seed = 1,
};

gboolean cs3_wafer_pair(const char *option, const char *text, gint64 max, gint64 *a, gint64 *b,
                        GError **error) {
  g_auto(GStrv) parts = g_strsplit(text, "x", 2);
  if (parts[0] && parts[1] && g_ascii_string_to_signed(parts[0], 10, 1, max, a, NULL) &&
      g_ascii_string_to_signed(parts[1], 10, 1, max, b, NULL))
    return TRUE;
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
              "--%s '%s': expected two whole numbers from 1 to %" G_GINT64_FORMAT
              " joined by an x, for example 4096x11008",
              option, text, max);
  return FALSE;
}

/* A file of the user's comes first. */
Cs3Mask *cs3_wafer_read_mask(const char *file, const Cs3MaskChoice *choice, GError **error) {
  g_autofree char *example =
      g_file_test(file, G_FILE_TEST_EXISTS) ? NULL : cs3_datadir_locate(CS3_DATA_MASKS, file);
  return cs3_mask_read(example != NULL ? example : file, choice, error);
}

Cs3Machine *cs3_wafer_machine(const char *hardware, const char *pes, char **set, GError **error) {
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_free);
  if (pes) {
    gint64 width, height;
    if (!cs3_wafer_pair("pes", pes, 16384, &width, &height, error))
      return NULL;
    g_ptr_array_add(all, g_strdup_printf("wafer.pe_x=%" G_GINT64_FORMAT, width));
    g_ptr_array_add(all, g_strdup_printf("wafer.pe_y=%" G_GINT64_FORMAT, height));
    /* The peak that causes are counted from is that of these PEs. */
    g_ptr_array_add(all, g_strdup_printf("wafer.cores_peak=%" G_GINT64_FORMAT, width * height));
  }
  for (char **text = set; text != NULL && *text != NULL; text++)
    g_ptr_array_add(all, g_strdup(*text));
  g_ptr_array_add(all, NULL);
  return cs3_machine_load(hardware, (const char *const *)all->pdata, error);
}

/* The mask file says what it holds: nothing that contradicts it is silently passed over. */
static gboolean check_mask_alone(const LayerOptions *o, GError **error) {
  if (g_str_equal(o->shape, defaults.shape) && g_str_equal(o->pattern, defaults.pattern) &&
      o->sparsity == 0)
    return TRUE;
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
              "--mask %s: cannot be combined with --shape, --sparsity or --pattern; the file "
              "determines them",
              o->mask);
  return FALSE;
}

static gboolean read_conv(const LayerOptions *o, Cs3LayerConfig *config, GError **error) {
  if (o->tokens == defaults.tokens && g_str_equal(o->shape, defaults.shape) && !o->balance)
    return cs3_layer_conv_parse(o->conv, &config->conv, error);
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
              "--conv %s: cannot be combined with --shape or --tokens, which it says itself, nor "
              "with --balance, which would tear channels apart",
              o->conv);
  return FALSE;
}

/* Rows of the mask are output channels (transposed: times taps), columns input channels times taps
 * (transposed: channels). */
static gboolean check_conv_mask(const LayerOptions *o, const Cs3LayerConfig *config,
                                const Cs3Mask *mask, GError **error) {
  if (config->conv.groups == 1 && mask->rows == config->out_features &&
      mask->cols == config->in_features)
    return TRUE;
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
              "--mask %s: expected %" G_GINT64_FORMAT " x %" G_GINT64_FORMAT
              " weights of one group for --conv, got %" G_GINT64_FORMAT " x %" G_GINT64_FORMAT
              " for %" G_GINT64_FORMAT,
              o->mask, config->out_features, config->in_features, (gint64)mask->rows,
              (gint64)mask->cols, config->conv.groups);
  return FALSE;
}

/* Shape, live weights and the pattern they are drawn from, or the mask that was read. */
static gboolean read_weights(const LayerOptions *o, Cs3LayerConfig *config, Cs3Mask **mask,
                             GError **error) {
  if (o->conv != NULL) {
    if (!read_conv(o, config, error))
      return FALSE;
    cs3_layer_conv_matrix(&config->conv, &config->out_features, &config->in_features,
                          &config->tokens);
  }
  if (o->mask == NULL) {
    if (o->tensor != NULL || o->masked) {
      g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                  "--%s %s: needs a --mask FILE to look in", o->tensor ? "tensor" : "masked",
                  o->tensor ? o->tensor : masked[o->masked]);
      return FALSE;
    }
    config->sparsity = o->sparsity;
    return (o->conv != NULL || cs3_wafer_pair("shape", o->shape, 1 << 22, &config->out_features,
                                              &config->in_features, error)) &&
           cs3_pattern_parse(&config->pattern, o->pattern, error) &&
           cs3_pattern_sparsity(&config->pattern, &config->sparsity, error);
  }
  if (!check_mask_alone(o, error))
    return FALSE;
  Cs3MaskChoice choice = {.tensor = o->tensor, .nan_masked = o->masked};
  Cs3Mask *read = *mask = cs3_wafer_read_mask(o->mask, &choice, error);
  if (read == NULL || (o->conv != NULL && !check_conv_mask(o, config, read, error)))
    return FALSE;
  config->mask = read;
  config->mask_file = o->mask;
  config->mask_tensor = o->tensor;
  config->pattern = (Cs3Pattern){.text = "file"};
  config->out_features = read->rows;
  config->in_features = read->cols;
  config->sparsity = 1 - (double)cs3_mask_nnz(read) / ((double)read->rows * read->cols);
  return TRUE;
}

/* Files that are written beside the record. */
typedef struct {
  Cs3Output *trace;
  Cs3FabricHeatmap *heatmap;
} Views;

static void views_clear(Views *views) {
  g_clear_pointer(&views->trace, cs3_output_free);
  g_clear_pointer(&views->heatmap, cs3_fabric_heatmap_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Views, views_clear)

static gboolean open_views(const LayerOptions *o, Views *views, GError **error) {
  gboolean moves = o->fidelity == CS3_FIDELITY_EVENT || o->fidelity == CS3_FIDELITY_ALL;
  if ((o->trace || o->heatmap) && !moves) {
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "--%s: shows wavelets, which move only with --fidelity event (or all)",
                o->trace ? "trace" : "heatmap");
    return FALSE;
  }
  return (!o->trace || (views->trace = cs3_output_new(o->trace, error))) &&
         (!o->heatmap || (views->heatmap = cs3_fabric_heatmap_open(o->heatmap, error)));
}

/* What the heatmap says of the program. */
static gboolean close_views(Views *views, const json_t *record, GError **error) {
  g_autofree char *program = g_strdup_printf("layer %s", cs3_record_string(record, "pass"));
  json_auto_t *words =
      cs3_json_pack("{s:s, s:s, s:I, s:I, s:I}", "program", program, "hardware",
                    cs3_record_string(record, "hardware"), "width",
                    (json_int_t)cs3_record_number(record, "event.width"), "height",
                    (json_int_t)cs3_record_number(record, "event.height"), "cycles",
                    (json_int_t)cs3_record_number(record, "event.cycles"));
  gboolean ok = (!views->trace || cs3_output_finish(views->trace, error)) &&
                (!views->heatmap || cs3_fabric_heatmap_finish(views->heatmap, words, error));
  return ok;
}

/* A view shows one pass. */
static gboolean check_views(const LayerOptions *o, const Cs3Hardware *hw, GError **error) {
  gboolean two = o->pass == CS3_PASS_BACKWARD && hw->kernel.backward == CS3_BACKWARD_SEPARATE;
  if (!two || (!o->trace && !o->heatmap))
    return TRUE;
  g_set_error(
      error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
      "--%s: shows one pass, and backward is two (kernel.backward = separate): use --pass dx "
      "or --pass dw, or --set kernel.backward=shared",
      o->trace ? "trace" : "heatmap");
  return FALSE;
}

/* What forces a choice of a step would change nothing. */
static gboolean read_map(char **map, Cs3MapForce *force, GError **error) {
  for (char **text = map; text != NULL && *text != NULL; text++)
    if (cs3_map_force_of_step(*text)) {
      g_set_error(
          error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
          "--map %s: a choice of a training step, of which a layer has none; use 'cs3sim run'",
          *text);
      return FALSE;
    }
  return cs3_scenario_map(map, force, error);
}

/* Nor would what another pass, or no layer of this kind, has a choice of. */
static gboolean check_map(const Cs3LayerConfig *config, GError **error) {
  const Cs3MapForce *force = &config->force;
  const Cs3ConvShape *conv = &config->conv.shape;
  gboolean taps = config->conv.shape.kernel[0] > 0 && !cs3_conv_in_place(conv);
  const char *what = NULL;
  if (force->lowering >= 0 && !taps)
    what = "lowering: only a convolution that is more than one position large has it (--conv)";
  else if (force->dw >= 0 && (config->pass == CS3_PASS_FORWARD || config->pass == CS3_PASS_DX))
    what = "dw: only --pass dw and backward have it";
  else if ((force->reduction >= 0 || force->overlap >= 0) && config->pass == CS3_PASS_DW)
    what = "reduction and overlap: --pass dw has dw instead";
  if (what != NULL)
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE, "--map %s; leave it out", what);
  return what == NULL;
}

static json_t *make_record(const LayerOptions *o, const Views *views, GError **error) {
  Cs3LayerConfig config = {
      .tokens = o->tokens,
      .pass = (Cs3Pass)o->pass,
      .seed = (guint64)o->seed,
      .workers = o->jobs > 0 ? (guint)o->jobs : g_get_num_processors(),
      .fidelity = (Cs3Fidelity)o->fidelity,
      .trace = views->trace,
      .trace_limit = (guint64)o->trace_limit,
      .balance = o->balance,
      .heatmap = views->heatmap ? views->heatmap->data : NULL,
  };
  g_autoptr(Cs3Machine) machine = cs3_wafer_machine(o->hardware, o->pes, o->set, error);
  config.machine = machine;
  g_autoptr(Cs3Mask) mask = NULL;
  if (machine == NULL || !check_views(o, &machine->hw, error) ||
      !read_map(o->map, &config.force, error) || !read_weights(o, &config, &mask, error) ||
      !check_map(&config, error))
    return NULL;
  if (o->balance &&
      (config.fidelity == CS3_FIDELITY_BOUND || (config.mask == NULL && config.sparsity == 0))) {
    g_set_error(
        error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
        "--balance: evens the zeros of lines: needs sparse weights, and not the bound, which "
        "knows no lines");
    return NULL;
  }
  return cs3_layer_run(&config, error);
}

json_t *cs3_cmd_layer_record(const void *options_struct, GError **error) {
  const Views none = {NULL, NULL};
  return make_record(options_struct, &none, error);
}

static Cs3ExitStatus run(const Cs3Context *context, const void *values, char **args,
                         GError **error) {
  g_auto(Views) views = {NULL, NULL};
  if (!open_views(values, &views, error))
    return CS3_EXIT_USAGE;
  json_auto_t *record = make_record(values, &views, error);
  if (record == NULL)
    return CS3_EXIT_INTERNAL;
  gboolean right = json_object_get(record, "event") == NULL ||
                   cs3_record_number(record, "event.wrong_outputs") == 0;
  if (context->format == CS3_FORMAT_TEXT)
    cs3_layer_text(record, context->output);
  else
    cs3_output_json(context->output, record, context->format);
  cs3_output_flush(context->output);
  gboolean written = close_views(&views, record, error);
  if (!written)
    return CS3_EXIT_CANT_CREATE;
  return right ? CS3_EXIT_OK : CS3_EXIT_NO;
}

static const Cs3Example examples[] = {
    {"a GPT-3 sized layer on a CS-2",
     "cs3sim layer --shape 12288x12288 --tokens 131072 --sparsity 0.7 --hardware cs2"},
    {"the weight gradient of a small one, as JSON",
     "cs3sim layer --shape 1024x1024 --tokens 4096 --pass dw --sparsity 0.9 -o json"},
    {"both products of backward in one pass over the weights, every wavelet moved",
     "cs3sim layer --shape 96x64 --tokens 64 --sparsity 0.7 --pes 6x8 --pass backward "
     "--set kernel.backward=shared --fidelity all"},
    {"every wavelet of a small one, beside the recurrence and the bound",
     "cs3sim layer --shape 256x256 --tokens 256 --sparsity 0.7 --pes 16x16 --fidelity all"},
    {"a convolution with stride 2 on four images, every wavelet moved",
     "cs3sim layer --conv in=8,out=16,input=12x12,kernel=3,stride=2,padding=1,samples=4 "
     "--sparsity 0.5 --pes 8x8 --fidelity all"},
    {"pruned weights from a file (this one is an example that comes with cs3sim)",
     "cs3sim layer --mask mlp-80.smtx --tokens 1024 --pes 32x24"},
    {NULL, NULL},
};

const Cs3Command cs3_cmd_layer = {
    .name = "layer",
    .summary = "Simulate one sparse linear layer or convolution on one wafer",
    .description =
        "Simulates one pass of one linear layer, or of one convolution, with streamed sparse "
        "weights, and the same "
        "pass with dense weights. Prints cycles, where they went, the mapping chosen and "
        "the runner-up.",
    .options_size = sizeof(LayerOptions),
    .defaults = &defaults,
    .groups = {{"Options", options, 0}, {"Views", view_options, 0}},
    .formats = CS3_FORMAT_BIT(CS3_FORMAT_TEXT) | CS3_FORMAT_BIT(CS3_FORMAT_JSON) |
               CS3_FORMAT_BIT(CS3_FORMAT_JSONL),
    .answer_no = "the layer does not fit the wafer, or an output of the wavelets is wrong",
    .examples = examples,
    .run = run,
};
