/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cs3sim-hardware(5): how a machine is described, from the parameter tables. */
#include "config.h"

#include "sim/cli/cli-man.h"
#include "sim/cs3sim.h"
#include "sim/machine/machine.h"

const char *cs3_hardware_file_text(void) {
  return "A machine is an .ini file. 'cs3sim list hardware' names those that come with the "
         "program; "
         "--hardware also takes the path of a file of your own. A complete one:\n\n"
         "  [machine]\n"
         "  base = cs3\n"
         "  description = a CS-3 with twice the ingress\n"
         "\n"
         "  [io]\n"
         "  # Assumption: two network blocks instead of one.\n"
         "  rate = 2.4 Tb/s\n\n"
         "base names the preset or the file that this one changes; what is not given here is taken "
         "from there. Every value carries its unit ('cs3sim help units'). The comment above a "
         "value "
         "is its source, which 'cs3sim explain' shows. A key that does not exist, a value out of "
         "range and a key given twice are errors.\n\n"
         "A group [range] says within which bounds a value of this file is plausible, for "
         "--uncertainty:\n\n"
         "  [range]\n"
         "  io.rate = 1.2 Tb/s .. 2.4 Tb/s\n\n"
         "--set GROUP.KEY=VALUE changes one value on the command line.";
}

static void write_param(Cs3Output *output, const Cs3Param *param) {
  g_autofree char *range = cs3_param_format_range(param, param->min, param->max);
  g_autofree char *text = g_strdup_printf("%s %s: %s. %s: %s.", param->help,
                                          param->choices != NULL ? "One of" : "Accepted", range,
                                          cs3_evidence_name(param->evidence), param->source);
  g_autofree char *roff = cs3_man_text(text), *key = cs3_man_text(param->key);
  cs3_output_printf(output, ".TP\n.B %s%s", key, roff);
}

static void write_table(Cs3Output *output, const Cs3ParamTable *table) {
  const char *group = "";
  for (guint i = 0; i < table->n_params; i++) {
    const Cs3Param *param = &table->params[i];
    if (!g_str_equal(group, param->group))
      cs3_output_printf(output, ".SS [%s]\n", param->group);
    group = param->group;
    write_param(output, param);
  }
}

void cs3_man_hardware(Cs3Output *output) {
  g_autofree char *text = cs3_man_text(cs3_hardware_file_text());
  cs3_output_printf(output,
                    ".TH CS3SIM\\-HARDWARE 5 \"\" \"cs3sim %s\" \"File Formats\"\n"
                    ".SH NAME\ncs3sim\\-hardware \\- description of a machine for cs3sim\n"
                    ".SH DESCRIPTION\n%s.SH PARAMETERS\n",
                    cs3sim_version(), text);
  cs3_output_puts(output, "How well a value is known: vendor (stated by the vendor), measured (by "
                          "others), derived (by arithmetic), disputed (several values in "
                          "circulation) or unpublished (a proposal of ours).\n");
  Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1];
  cs3_machine_bind(NULL, bindings);
  for (const Cs3ParamBinding *b = bindings; b->table != NULL; b++)
    write_table(output, b->table);
  cs3_output_puts(output, ".SH SEE ALSO\n.BR cs3sim (1),\n.BR cs3sim\\-explain (1)\n");
}
