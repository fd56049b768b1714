/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cs3sim list: the names that options accept. Adding a registry is adding a row to `lists`. */
#include "config.h"

#include "sim/cmd-list.h"

#include <jansson.h>
#include <string.h>

#include "fabric/programs/program.h"
#include "plots/plot.h"
#include "base/datadir.h"
#include "base/suggest.h"
#include "base/table.h"
#include "sim/commands.h"
#include "sim/inference/decoder.h"
#include "sim/law/law.h"
#include "sim/machine/baseline.h"
#include "sim/machine/machine.h"
#include "sim/training/recipe.h"
#include "sim/validation/validate.h"
#include "workloads/model.h"
#include "workloads/pattern.h"
#include "workloads/transform.h"

typedef void (*Each)(const char *name, const char *what, gpointer data);

static gboolean visit_commands(Each each, gpointer data, GError **error) {
  for (const Cs3Command *const *c = cs3_commands(); *c != NULL; c++)
    if (!(*c)->hidden)
      each((*c)->name, (*c)->summary, data);
  return TRUE;
}

/* (transfer full): of a mixture, those that a token meets; else "". */
static char *active_text(const Cs3Model *model) {
  gint64 active = cs3_model_active_parameters(model);
  if (active == cs3_model_parameters(model))
    return g_strdup("");
  return g_strdup_printf(", %.4g B active", (double)active / 1e9);
}

/* (transfer full): the count that the authors publish, as the file at @path has it; else "". */
static char *published_text(const char *path) {
  json_auto_t *file = json_load_file(path, 0, NULL);
  const char *published = json_string_value(json_object_get(file, "_parameters"));
  return published ? g_strdup_printf(" (published: %s)", published) : g_strdup("");
}

static char *model_text(const char *name) {
  g_autoptr(GError) error = NULL;
  g_autofree char *path = cs3_datadir_find(CS3_DATA_MODELS, name, &error);
  g_autoptr(Cs3Model) model = path != NULL ? cs3_model_load(path, name, &error) : NULL;
  if (model == NULL)
    return g_strdup(error->message);
  g_autofree char *active = active_text(model);
  g_autofree char *published = published_text(path);
  return g_strdup_printf("%s, %.4g B parameters%s%s: %" G_GINT64_FORMAT
                         " layers of width %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT " heads",
                         model->family, (double)cs3_model_parameters(model) / 1e9, active,
                         published, cs3_model_fact(model, "layers"),
                         cs3_model_fact(model, "hidden"), cs3_model_fact(model, "heads"));
}

/* A preset that cannot be read is listed with the reason: it must not hide the others. */
static gboolean visit_models(Each each, gpointer data, GError **error) {
  g_auto(GStrv) names = cs3_datadir_list(CS3_DATA_MODELS);
  for (char **name = names; *name != NULL; name++) {
    g_autofree char *what = model_text(*name);
    each(*name, what, data);
  }
  return TRUE;
}

static gboolean visit_hardware(Each each, gpointer data, GError **error) {
  g_autoptr(GArray) machines = cs3_machine_list();
  for (guint i = 0; i < machines->len; i++) {
    const Cs3MachineInfo *info = &g_array_index(machines, Cs3MachineInfo, i);
    each(info->name, info->description, data);
  }
  return TRUE;
}

/* As with models, one that cannot be read is listed with the reason. */
static gboolean visit_baselines(Each each, gpointer data, GError **error) {
  g_auto(GStrv) names = cs3_baseline_names();
  for (char **name = names; *name != NULL; name++) {
    g_autoptr(GError) problem = NULL;
    g_autoptr(Cs3Baseline) baseline = cs3_baseline_load(*name, &problem);
    each(*name, baseline != NULL ? baseline->description : problem->message, data);
  }
  return TRUE;
}

static gboolean visit_patterns(Each each, gpointer data, GError **error) {
  for (const Cs3PatternOps *const *p = cs3_pattern_registry(); *p != NULL; p++)
    each((*p)->syntax, (*p)->summary, data);
  return TRUE;
}

static gboolean visit_transforms(Each each, gpointer data, GError **error) {
  for (const Cs3TransformOps *const *t = cs3_transform_registry(); *t != NULL; t++)
    each((*t)->name, (*t)->summary, data);
  return TRUE;
}

static gboolean visit_plots(Each each, gpointer data, GError **error) {
  for (const Cs3Plot *const *p = cs3_plots(); *p != NULL; p++)
    each((*p)->name, (*p)->summary, data);
  return TRUE;
}

static gboolean visit_suites(Each each, gpointer data, GError **error) {
  for (const Cs3ValidationSuite *const *s = cs3_validation_suites(); *s != NULL; s++)
    each((*s)->name, (*s)->summary, data);
  return TRUE;
}

static gboolean visit_parameters(Each each, gpointer data, GError **error) {
  Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1];
  cs3_machine_bind(NULL, bindings);
  for (const Cs3ParamBinding *b = bindings; b->table != NULL; b++)
    for (guint i = 0; i < b->table->n_params; i++) {
      g_autofree char *name = cs3_param_name(&b->table->params[i]);
      each(name, b->table->params[i].help, data);
    }
  return TRUE;
}

static gboolean visit_programs(Each each, gpointer data, GError **error) {
  for (const Cs3ProgramOps *const *p = cs3_program_table(); *p != NULL; p++) {
    g_autofree char *what = g_strdup_printf("%s (%s)", (*p)->summary, (*p)->options);
    each((*p)->name, what, data);
  }
  return TRUE;
}

static gboolean visit_recipes(Each each, gpointer data, GError **error) {
  g_auto(GStrv) names = cs3_datadir_list(CS3_DATA_TRAINING);
  for (char **name = names; *name != NULL; name++) {
    g_autoptr(GError) problem = NULL;
    g_autoptr(Cs3Recipe) recipe = cs3_recipe_load(*name, &problem);
    const char *what = recipe == NULL                ? problem->message
                       : recipe->description != NULL ? recipe->description
                                                     : "";
    each(*name, what, data);
  }
  return TRUE;
}

/* (transfer full): in words, or why it cannot be read. */
static char *law_text(const char *name) {
  g_autoptr(GError) problem = NULL;
  g_autoptr(Cs3Law) law = cs3_law_load(name, &problem);
  return g_strdup(law != NULL ? law->description : problem->message);
}

static char *gpu_text(const char *name) {
  g_autoptr(GError) problem = NULL;
  g_autoptr(Cs3Gpu) gpu = cs3_gpu_load(name, &problem);
  return g_strdup(gpu != NULL ? gpu->description : problem->message);
}

static char *decoder_text(const char *name) {
  g_autoptr(GError) problem = NULL;
  g_autoptr(Cs3Decoder) decoder = cs3_decoder_load(name, &problem);
  return g_strdup(decoder != NULL ? decoder->description : problem->message);
}

static void visit_files(Cs3DataKind kind, char *(*text)(const char *name), Each each,
                        gpointer data) {
  g_auto(GStrv) names = cs3_datadir_list(kind);
  for (char **name = names; *name != NULL; name++) {
    g_autofree char *what = text(*name);
    each(*name, what, data);
  }
}

static gboolean visit_laws(Each each, gpointer data, GError **error) {
  visit_files(CS3_DATA_LAWS, law_text, each, data);
  return TRUE;
}

static gboolean visit_gpus(Each each, gpointer data, GError **error) {
  visit_files(CS3_DATA_GPUS, gpu_text, each, data);
  return TRUE;
}

/* GPUs decode, too. */
static gboolean visit_decoders(Each each, gpointer data, GError **error) {
  visit_files(CS3_DATA_DECODERS, decoder_text, each, data);
  return visit_gpus(each, data, error);
}

static const Cs3List lists[] = {
    {"models", "neural networks, for --model", visit_models},
    {"hardware", "machines, for --hardware", visit_hardware},
    {"baselines", "machines that were measured, to compare with", visit_baselines},
    {"gpus", "GPUs with a model, for --hardware of compare", visit_gpus},
    {"decoders", "machines beside the wafer, for infer --beside", visit_decoders},
    {"laws", "scaling laws, for optimize --law", visit_laws},
    {"recipes", "training runs, for train", visit_recipes},
    {"patterns", "ways to place the zeros of a weight, for --pattern", visit_patterns},
    {"transforms", "ways to make a layer larger and sparse, for --transform", visit_transforms},
    {"programs", "collectives and kernels, for `fabric`", visit_programs},
    {"plots", "pictures, for plot", visit_plots},
    {"parameters", "constants of a machine, for --set and explain", visit_parameters},
    {"suites", "published measurements, for validate", visit_suites},
    {"commands", "what the program can do", visit_commands},
    {NULL, NULL, NULL},
};

const Cs3List *cs3_lists(void) {
  return lists;
}

static const Cs3List *find_list(const char *name, GError **error) {
  const char *names[G_N_ELEMENTS(lists)] = {NULL};
  for (guint i = 0; lists[i].name != NULL; i++) {
    if (strcmp(lists[i].name, name) == 0)
      return &lists[i];
    names[i] = lists[i].name;
  }
  g_autofree char *hint = cs3_suggestion(name, names);
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE, "nothing to list is called '%s'%s", name,
              hint);
  return NULL;
}

typedef struct {
  gboolean names;
} ListOptions;

static const Cs3Option options[] = {
    {.name = "names",
     .type = CS3_OPTION_FLAG,
     .offset = G_STRUCT_OFFSET(ListOptions, names),
     .help = "names only, one a line"},
    {NULL},
};

static const Cs3Column columns[] = {
    {.key = "name", .title = "name", .type = CS3_COLUMN_TEXT},
    {.key = "description", .title = "description", .type = CS3_COLUMN_TEXT},
};

static void add_row(const char *name, const char *what, gpointer table) {
  cs3_table_add_text(table, name);
  cs3_table_add_text(table, what);
}

static void print_name(const char *name, const char *what, gpointer output) {
  cs3_output_printf(output, "%s\n", name);
}

static gboolean print_lists(const Cs3Context *context) {
  g_autoptr(Cs3Table) table = cs3_table_new(columns, G_N_ELEMENTS(columns));
  for (const Cs3List *l = lists; l->name != NULL; l++)
    add_row(l->name, l->summary, table);
  cs3_table_write(table, context->output, context->format);
  return TRUE;
}

static gboolean print_list(const Cs3Context *context, const Cs3List *list, GError **error) {
  g_autoptr(Cs3Table) table = cs3_table_new(columns, G_N_ELEMENTS(columns));
  if (!list->visit(add_row, table, error))
    return FALSE;
  cs3_table_write(table, context->output, context->format);
  return TRUE;
}

static Cs3ExitStatus run_list(const Cs3Context *context, const void *values, char **args,
                              GError **error) {
  const ListOptions *how = values;
  if (args[0] == NULL) {
    print_lists(context);
    return CS3_EXIT_OK;
  }
  const Cs3List *list = find_list(args[0], error);
  if (list == NULL)
    return CS3_EXIT_USAGE;
  gboolean ok = how->names ? list->visit(print_name, context->output, error)
                           : print_list(context, list, error);
  return ok ? CS3_EXIT_OK : CS3_EXIT_INTERNAL;
}

static const Cs3Example examples[] = {
    {"what can be listed", "cs3sim list"},
    {"the models that come with the program", "cs3sim list models"},
    {"names of the machines, for a script", "cs3sim list hardware --names"},
    {NULL, NULL},
};

const Cs3Command cs3_cmd_list = {
    .name = "list",
    .arguments = "[WHAT]",
    .summary = "Print the names that options accept",
    .description = "Without an argument: what can be listed.",
    .options_size = sizeof(ListOptions),
    .groups = {{"Options", options, 0}},
    .formats = CS3_FORMAT_BIT(CS3_FORMAT_TEXT) | CS3_FORMAT_BIT(CS3_FORMAT_JSON) |
               CS3_FORMAT_BIT(CS3_FORMAT_CSV) | CS3_FORMAT_BIT(CS3_FORMAT_JSONL),
    .max_args = 1,
    .completes = "lists",
    .examples = examples,
    .run = run_list,
};
