/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cs3sim fabric: a PE program, wavelet by wavelet. */
#include "config.h"

#include "sim/cli/common-options.h"
#include "sim/commands.h"
#include "sim/machine/machine.h"
#include "sim/wafer/fabric-heatmap.h"
#include "sim/wafer/fabric-run.h"
#include "sim/wafer/wafer-calls.h"

typedef struct {
  char *pes, *hardware, *trace, *heatmap;
  char **set;
  gint64 jobs, words, group, rounds, products, seed, horizon, trace_limit, tile_m, tile_k, tile_n;
  double load;
  gboolean singles, silent;
} FabricOptions;

#define AT(member) G_STRUCT_OFFSET(FabricOptions, member)

static const Cs3Option options[] = {
    {.name = "pes",
     .type = CS3_OPTION_TEXT,
     .offset = AT(pes),
     .metavar = "WxH",
     .help = "columns x rows of PEs"},
    {.name = "words",
     .type = CS3_OPTION_INT,
     .offset = AT(words),
     .metavar = "B",
     .min = 1,
     .max = 1 << 24,
     .help = "32-bit words per PE or message"},
    {.name = "group",
     .type = CS3_OPTION_INT,
     .offset = AT(group),
     .metavar = "S",
     .min = 0,
     .max = 2047,
     .default_text = "square root of the line",
     .help = "two-phase: PEs per group"},
    {.name = "rounds",
     .type = CS3_OPTION_INT,
     .offset = AT(rounds),
     .metavar = "N",
     .min = 1,
     .max = 1000000,
     .help = "ping-pong: round trips"},
    CS3_OPTION_HARDWARE(AT(hardware)),
    CS3_OPTION_SET(AT(set)),
    {.name = "singles",
     .type = CS3_OPTION_FLAG,
     .offset = AT(singles),
     .help = "move every wavelet by itself: slower, the same result"},
    {.name = "jobs",
     .letter = 'j',
     .type = CS3_OPTION_INT,
     .offset = AT(jobs),
     .metavar = "N",
     .min = 1,
     .max = 1024,
     .help =
         "uniform, neighbour: threads, one for every column of PEs at most; the result does not "
         "depend on it"},
    {NULL},
};

static const Cs3Option kernel_options[] = {
    {.name = "tile-m",
     .type = CS3_OPTION_INT,
     .offset = AT(tile_m),
     .metavar = "N",
     .min = 1,
     .max = 1024,
     .help = "GEMM: rows of a PE's tile of X"},
    {.name = "tile-k",
     .type = CS3_OPTION_INT,
     .offset = AT(tile_k),
     .metavar = "N",
     .min = 1,
     .max = 1024,
     .help = "GEMM: columns of a PE's tile of X"},
    {.name = "tile-n",
     .type = CS3_OPTION_INT,
     .offset = AT(tile_n),
     .metavar = "N",
     .min = 1,
     .max = 1024,
     .help = "GEMM: columns of a PE's tile of W"},
    {.name = "products",
     .type = CS3_OPTION_INT,
     .offset = AT(products),
     .metavar = "L",
     .min = 0,
     .max = 1000,
     .help = "GEMM: local products per step; 0: communication only"},
    {.name = "silent",
     .type = CS3_OPTION_FLAG,
     .offset = AT(silent),
     .help = "GEMM: products only, the tiles stay where they are"},
    {.name = "load",
     .type = CS3_OPTION_REAL,
     .offset = AT(load),
     .metavar = "SHARE",
     .min = 0,
     .max = 4,
     .help = "traffic: share of the bisection limit"},
    {.name = "horizon",
     .type = CS3_OPTION_INT,
     .offset = AT(horizon),
     .metavar = "CYCLES",
     .min = 1,
     .max = 100000000,
     .help = "traffic: cycles in which wavelets are injected"},
    CS3_OPTION_SEED(AT(seed), "traffic: seed"),
    {NULL},
};

static const Cs3Option view_options[] = {
    {.name = "trace",
     .type = CS3_OPTION_TEXT,
     .offset = AT(trace),
     .metavar = "FILE",
     .writes = TRUE,
     .completes = "files",
     .help = "write tasks and vector operations as Chrome trace events (opens in Perfetto)"},
    CS3_OPTION_TRACE_LIMIT(AT(trace_limit)),
    {.name = "heatmap",
     .type = CS3_OPTION_TEXT,
     .offset = AT(heatmap),
     .metavar = "FILE",
     .writes = TRUE,
     .completes = "files",
     .help = "draw how busy PEs and links are: FILE.svg or FILE.png, with FILE.dat and FILE.gp "
             "beside it; "
             "any other name: as columns, one block per row of PEs"},
    {NULL},
};

static const FabricOptions defaults = {
    .pes = (char *)"8x1",
    .hardware = (char *)"cs3",
    .jobs = 1,
    .words = 64,
    .rounds = 1,
    .seed = 1,
    .horizon = 1000,
    .load = 0.2,
    .tile_m = 4,
    .tile_k = 8,
    .tile_n = 8,
    .trace_limit = 1000000,
};

/* An option that the program does not read says something that the result would not. */
static gboolean check_read(const FabricOptions *o, const Cs3ProgramOps *ops, GError **error) {
  const struct {
    const char *name;
    gboolean given;
  } used[] = {{"words", o->words != defaults.words},    {"group", o->group != defaults.group},
              {"rounds", o->rounds != defaults.rounds}, {"tile-m", o->tile_m != defaults.tile_m},
              {"tile-k", o->tile_k != defaults.tile_k}, {"tile-n", o->tile_n != defaults.tile_n},
              {"products", o->products != 0},           {"silent", o->silent},
              {"load", o->load != defaults.load},       {"horizon", o->horizon != defaults.horizon},
              {"seed", o->seed != defaults.seed},       {"jobs", o->jobs != defaults.jobs}};
  for (guint i = 0; i < G_N_ELEMENTS(used); i++)
    if (used[i].given && !cs3_program_reads(ops, used[i].name)) {
      g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                  "--%s means nothing to program \"%s\", which reads %s", used[i].name, ops->name,
                  ops->options);
      return FALSE;
    }
  return TRUE;
}

/* Wavelets that are moved one by one are moved by one thread. */
static gboolean check_jobs(const FabricOptions *o, const Cs3EventTiming *timing, GError **error) {
  if (o->jobs == 1 || (!o->singles && cs3_event_flies(timing)))
    return TRUE;
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
              "--jobs %" G_GINT64_FORMAT ": one thread runs what moves every wavelet by itself: "
              "--singles, links of less than a wavelet a cycle, hops of more than %u cycles",
              o->jobs, CS3_EVENT_FLIGHT_CYCLES);
  return FALSE;
}

/* "WxH"; zero is let through: the program says what it needs. */
static gboolean read_mesh(const char *text, Cs3ProgramParams *params, GError **error) {
  g_auto(GStrv) parts = g_strsplit(text, "x", 2);
  guint64 width, height;
  if (!parts[0] || !parts[1] || !g_ascii_string_to_unsigned(parts[0], 10, 0, 65535, &width, NULL) ||
      !g_ascii_string_to_unsigned(parts[1], 10, 0, 65535, &height, NULL)) {
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "--pes '%s': expected columns x rows, for example 512x1 or 762x1172", text);
    return FALSE;
  }
  params->width = (guint)width;
  params->height = (guint)height;
  return TRUE;
}

gboolean cs3_cmd_fabric_config(const void *options_struct, const char *program,
                               Cs3FabricConfig *config, GError **error) {
  const FabricOptions *o = options_struct;
  *config = (Cs3FabricConfig){.ops = cs3_program_find(program, error)};
  if (config->ops == NULL || !check_read(o, config->ops, error))
    return FALSE;
  g_autoptr(Cs3Machine) machine = cs3_machine_load(o->hardware, (const char *const *)o->set, error);
  if (machine == NULL || !cs3_event_timing_init(&config->timing, &machine->hw, error))
    return FALSE;
  if (!check_jobs(o, &config->timing, error))
    return FALSE;
  config->gemm = machine->hw.gemm;
  config->clock_hz = machine->hw.wafer.clock_hz;
  config->hardware = o->hardware;
  config->trains = !o->singles;
  config->jobs = (guint)o->jobs;
  config->trace_limit = (guint64)o->trace_limit;
  config->params = (Cs3ProgramParams){.words = (guint)o->words,
                                      .group = (guint)o->group,
                                      .rounds = (guint)o->rounds,
                                      .tile_m = (guint)o->tile_m,
                                      .tile_k = (guint)o->tile_k,
                                      .tile_n = (guint)o->tile_n,
                                      .products = (guint)o->products,
                                      .no_communication = o->silent,
                                      .load = o->load,
                                      .horizon = (guint64)o->horizon,
                                      .seed = (guint64)o->seed};
  return read_mesh(o->pes, &config->params, error);
}

static Cs3ExitStatus run(const Cs3Context *context, const void *values, char **args,
                         GError **error) {
  const FabricOptions *o = values;
  Cs3FabricConfig config;
  if (!cs3_cmd_fabric_config(o, args[0], &config, error))
    return CS3_EXIT_USAGE;
  g_autoptr(Cs3Output) trace = NULL;
  g_autoptr(Cs3FabricHeatmap) heatmap = NULL;
  if ((o->trace && !(trace = cs3_output_new(o->trace, error))) ||
      (o->heatmap && !(heatmap = cs3_fabric_heatmap_open(o->heatmap, error))))
    return CS3_EXIT_CANT_CREATE;
  config.trace = trace;
  config.heatmap = heatmap ? heatmap->data : NULL;
  json_auto_t *record = cs3_fabric_execute(&config, error);
  if (record == NULL)
    return CS3_EXIT_INTERNAL;
  gboolean ok = json_is_true(json_object_get(record, "result_ok"));
  if (context->format == CS3_FORMAT_TEXT)
    cs3_fabric_text(record, context->output);
  else
    cs3_output_json(context->output, record, context->format);
  cs3_output_flush(
      context->output); /* the result stands, whatever becomes of the files beside it */
  gboolean written = (!trace || cs3_output_finish(trace, error)) &&
                     (!heatmap || cs3_fabric_heatmap_finish(heatmap, record, error));
  if (!written)
    return CS3_EXIT_CANT_CREATE;
  return ok ? CS3_EXIT_OK : CS3_EXIT_NO;
}

static const Cs3Example examples[] = {
    {"the two-phase reduce of a row of 512 PEs on a CS-2",
     "cs3sim fabric two-phase --pes 512x1 --words 64 --group 32 --hardware cs2"},
    {"a broadcast over a mesh, as JSON",
     "cs3sim fabric broadcast-2d --pes 64x48 --words 100 --hardware cs3-silicon -o json"},
    {NULL, NULL},
};

const Cs3Command cs3_cmd_fabric = {
    .name = "fabric",
    .arguments = "PROGRAM",
    .summary = "Run a collective or kernel on the wafer, wavelet by wavelet",
    .description =
        "Simulates every wavelet, router and PE of a mesh that runs PROGRAM (see `cs3sim list "
        "programs`), with real payloads. Prints cycles, wavelet hops, utilisation and the "
        "published closed form beside them, and checks the result against a plain loop.",
    .options_size = sizeof(FabricOptions),
    .defaults = &defaults,
    .groups = {{"Options", options, 0},
               {"Kernels and traffic", kernel_options, 0},
               {"What else to write", view_options, 0}},
    .formats = CS3_FORMAT_BIT(CS3_FORMAT_TEXT) | CS3_FORMAT_BIT(CS3_FORMAT_JSON) |
               CS3_FORMAT_BIT(CS3_FORMAT_JSONL),
    .min_args = 1,
    .max_args = 1,
    .completes = "programs",
    .answer_no = "the numeric result is wrong",
    .examples = examples,
    .run = run,
};
