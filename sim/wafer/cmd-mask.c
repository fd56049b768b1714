/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cs3sim mask: live weights to a file. */
#include "config.h"

#include "sim/cli/common-options.h"
#include "sim/commands.h"
#include "sim/wafer/wafer-calls.h"
#include "workloads/mask-file.h"
#include "workloads/pattern.h"

typedef struct {
  char *shape, *pattern, *tensor, *name;
  gint64 seed, jobs;
  double sparsity;
  gboolean transpose;
} MaskOptions;

#define AT(member) G_STRUCT_OFFSET(MaskOptions, member)

static const Cs3Option options[] = {
    CS3_OPTION_SHAPE(AT(shape)),
    CS3_OPTION_SPARSITY(AT(sparsity), .default_text = "0.5, or the pattern's",
                        .help = "share of zero weights"),
    CS3_OPTION_PATTERN(AT(pattern)),
    {.name = "tensor",
     .type = CS3_OPTION_TEXT,
     .offset = AT(tensor),
     .metavar = "NAME",
     .help = "which matrix of FILE"},
    {.name = "name",
     .type = CS3_OPTION_TEXT,
     .offset = AT(name),
     .metavar = "NAME",
     .help = "what the matrix is called in a .safetensors file"},
    {.name = "transpose",
     .type = CS3_OPTION_FLAG,
     .offset = AT(transpose),
     .help = "write input x output features"},
    CS3_OPTION_SEED(AT(seed), "seed of the random mask"),
    CS3_OPTION_JOBS(AT(jobs)),
    {NULL},
};

static const MaskOptions defaults = {
    .shape = (char *)"4096x4096",
    .pattern = (char *)"uniform",
    .name = (char *)"weight",
    .seed = 1,
};

static gboolean usage(GError **error, const char *text) {
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE, "%s", text);
  return FALSE;
}

static gboolean check(const Cs3Context *context, gboolean read, GError **error) {
  static const char *const drawn[] = {"shape", "sparsity", "pattern", "seed"};
  if (cs3_output_path(context->output) == NULL)
    return usage(error, "where to? Name a file with -O that ends in .smtx, .mtx, .npz or "
                        ".safetensors");
  if (!read && cs3_cli_given(context, "tensor"))
    return usage(error, "--tensor: needs a FILE to look in");
  for (guint i = 0; read && i < G_N_ELEMENTS(drawn); i++)
    if (cs3_cli_given(context, drawn[i])) {
      g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                  "--%s: shapes a mask that is drawn; FILE holds one", drawn[i]);
      return FALSE;
    }
  return TRUE;
}

static Cs3Mask *draw(const Cs3Context *context, const MaskOptions *o, GError **error) {
  Cs3Pattern pattern;
  gint64 rows, cols;
  double sparsity = cs3_cli_given(context, "sparsity") ? o->sparsity : 0.5;
  if (!cs3_wafer_pair("shape", o->shape, 1 << 22, &rows, &cols, error) ||
      !cs3_pattern_parse(&pattern, o->pattern, error))
    return NULL;
  double imposed = pattern.ops->density(&pattern);
  if (imposed >= 0 && cs3_cli_given(context, "sparsity") && sparsity != 1 - imposed) {
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "--sparsity %.12g: pattern %s has %.12g; leave --sparsity out", sparsity,
                pattern.text, 1 - imposed);
    return NULL;
  }
  guint workers = o->jobs > 0 ? (guint)o->jobs : 0;
  return cs3_pattern_mask(&pattern, rows, cols, imposed >= 0 ? imposed : 1 - sparsity,
                          (guint64)o->seed, cs3_pattern_stream(o->name), workers, error);
}

static Cs3ExitStatus run(const Cs3Context *context, const void *values, char **args,
                         GError **error) {
  const MaskOptions *o = values;
  if (!check(context, args[0] != NULL, error))
    return CS3_EXIT_USAGE;
  g_autoptr(Cs3Mask) mask =
      args[0] != NULL ? cs3_wafer_read_mask(args[0], &(Cs3MaskChoice){.tensor = o->tensor}, error)
                      : draw(context, o, error);
  g_autoptr(Cs3Mask) turned = mask != NULL && o->transpose ? cs3_mask_transpose(mask, error) : NULL;
  if (mask == NULL || (o->transpose && turned == NULL))
    return CS3_EXIT_DATA;
  return cs3_mask_write(turned != NULL ? turned : mask, cs3_output_path(context->output), o->name,
                        context->output, error)
             ? CS3_EXIT_OK
             : CS3_EXIT_DATA;
}

static const Cs3Example examples[] = {
    {"a mask as uneven as a pruned one, as DLMC stores it",
     "cs3sim mask --shape 512x512 --sparsity 0.7 --pattern uneven:45:7:68 -O mask.smtx"},
    {"the same matrix in another format", "cs3sim mask mlp-80.smtx -O mlp.safetensors"},
    {NULL, NULL},
};

const Cs3Command cs3_cmd_mask = {
    .name = "mask",
    .arguments = "[FILE]",
    .summary = "Write a mask of live weights to a file, drawn or from another file",
    .description =
        "Draws a mask as 'cs3sim layer' does, or reads one from FILE, and writes it in the format "
        "that the name of -O ends in: .smtx (Deep Learning Matrix Collection), .mtx (Matrix "
        "Market), "
        ".npz (SciPy, compressed rows) or .safetensors (a byte for each weight). Rows are output "
        "features. 'cs3sim layer --mask' and --weights read it back.",
    .options_size = sizeof(MaskOptions),
    .defaults = &defaults,
    .groups = {{"Options", options, 0}},
    .formats = CS3_FORMAT_BIT(CS3_FORMAT_TEXT),
    .endings = {"smtx", "mtx", "npz", "safetensors"},
    .max_args = 1,
    .completes = "files",
    .examples = examples,
    .run = run,
};
