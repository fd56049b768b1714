/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Subjects of `cs3sim help` that are not commands. */
#include "config.h"

#include "sim/cli/cli-help.h"
#include "sim/cli/cli-man.h"
#include "sim/training/recipe.h"

static char *exit_status_text(void) {
  GString *text = g_string_new("Every command ends with one of these:\n\n");
  for (const Cs3ExitMeaning *m = cs3_exit_meanings(); m->meaning != NULL; m++)
    g_string_append_printf(text, "  %3d  %s\n", (int)m->status, m->meaning);
  g_string_append(text, "\nThe numbers above 63 are those of sysexits.h. An error is one line on "
                        "standard error; nothing is then written to the output file.");
  return g_string_free(text, FALSE);
}

static const char environment_text[] =
    "No variable changes a simulated number.\n\n"
    "  CS3SIM_DATA_DIR  where presets and data are looked for first\n"
    "  CS3SIM_JOBS      workers when -j is not given\n"
    "  NO_COLOR         when set and not empty: no colours\n"
    "  COLUMNS          width of text; else that of the terminal, and any in files\n"
    "  TERM             \"dumb\": no colours, no progress line\n"
    "  LC_CTYPE         character set of the terminal; nothing else of the locale is used";

static const char faults_text[] =
    "What may be wrong with a cluster, for --fault; systems and links count from 0. SwarmX is a "
    "tree: "
    "link 1.i leads from system i to its node in tier 1, link 2.i from node i of tier 1 to tier 2, "
    "and so on to MemoryX (doc/cluster.md).\n\n"
    "  straggler:7=0.9        system 7 works at 0.9 of its clock\n"
    "  link:1.3=0.5           link 3 of tier 1 has half its rate\n"
    "  link:2.0=0@5ms..20ms   link 0 of tier 2 is down for 15 ms\n"
    "  traffic:1.0=10GB@1ms   someone else sends 10 GB down link 0 of tier 1\n"
    "  system:5@50%           system 5 is lost in the middle of the run; also @3d, @2h\n\n"
    "What has no time is there in every step. Times of links and traffic count from the beginning "
    "of "
    "a step; what they cost is said beside the step. A lost system is for 'cs3sim train'.";

static const char files_text[] =
    "A model is a Hugging Face config.json or a graph (cs3sim inspect -o graph); a machine is an "
    ".ini file with a unit in every value. "
    "An option that takes either accepts the name of a preset ('cs3sim list models', 'cs3sim list "
    "hardware') or a file: a word with a '/' or with the extension is a file.\n\n"
    "Results: -o selects the form (text, json, jsonl, csv), -O the file. JSON documents name their "
    "schema in the key \"schema\"; within a version keys are only added. CSV has one header line; "
    "units are in the names of the columns. A file is written to a hidden temporary beside it and "
    "renamed, so that it is there whole or not at all.";

static const char units_text[] =
    "A value with a unit is written with it: \"48 KiB\", \"1.1 GHz\", \"1.2 Tb/s\". Decimal "
    "prefixes "
    "(k, M, G, T, P) are powers of 1000, binary ones (Ki, Mi, Gi, Ti) powers of 1024; B is a byte, "
    "b "
    "a bit. Counts and ratios are bare numbers. The point is the decimal separator in every "
    "locale.\n\n"
    "Results name the unit: time_s is seconds, cycles are clock cycles of the wafer, a share is a "
    "number from 0 to 1.";

static const char reproducibility_text[] =
    "The same command, --seed and version give the same bytes, for any number of workers and in "
    "every locale. A result carries the version, the seed, every option that bears on it and every "
    "constant of its machine.";

static char *hardware_text(void) {
  return g_strconcat(cs3_hardware_file_text(), "\n\n'cs3sim explain' lists the groups and keys.",
                     NULL);
}

static const Cs3Topic topics[] = {
    {"environment", "variables that the program reads", environment_text, NULL},
    {"exit-status", "what the exit status says", NULL, exit_status_text},
    {"faults", "what may be wrong with a cluster", faults_text, NULL},
    {"files", "what is read and written", files_text, NULL},
    {"hardware", "how a machine is described", NULL, hardware_text},
    {"recipes", "how a training run is described", NULL, cs3_recipe_file_text},
    {"reproducibility", "what makes two runs the same", reproducibility_text, NULL},
    {"units", "how values with units are written", units_text, NULL},
    {NULL, NULL, NULL, NULL},
};

const Cs3Topic *cs3_topics(void) {
  return topics;
}
