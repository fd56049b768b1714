/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cs3sim version: the program, its libraries, the compiler, the switches. */
#include "config.h"

#include <gsl/gsl_version.h>
#include <jansson.h>
#include <xbt/base.h>

#include <simgrid/version.h>

#include "sim/commands.h"
#include "sim/cs3sim.h"

/* Sanitizers and the like change speed, not results; a bug report should say so all the same. */
static const char *const features[] = {
#ifdef CS3_ASAN
    "asan",
#endif
#ifdef CS3_UBSAN
    "ubsan",
#endif
#ifdef NDEBUG
    "no-assertions",
#endif
    NULL,
};

static Cs3ExitStatus run_version(const Cs3Context *context, const void *options, char **args,
                                 GError **error) {
  Cs3Output *out = context->output;
  cs3_output_printf(out, "cs3sim %s\n", cs3sim_version());
  cs3_output_printf(out, "SimGrid %d.%d, GLib %u.%u.%u, jansson %s, GSL %s\n",
                    SIMGRID_VERSION_MAJOR, SIMGRID_VERSION_MINOR, glib_major_version,
                    glib_minor_version, glib_micro_version, jansson_version_str(), gsl_version);
  cs3_output_printf(out, "compiled by %s %s\n",
#ifdef __clang__
                    "Clang", __clang_version__);
#else
                    "GCC", __VERSION__);
#endif
  g_autofree char *list = g_strjoinv(" ", (char **)features);
  cs3_output_printf(out, "features: %s\n", *list != '\0' ? list : "none");
  cs3_output_puts(out, "Licence GPL-3.0-or-later; there is no warranty.\n");
  return CS3_EXIT_OK;
}

const Cs3Command cs3_cmd_version = {
    .name = "version",
    .summary = "Print the version",
    .description =
        "The first line is 'cs3sim' and the version; then the libraries it runs with, the "
        "compiler and the features it was built with.",
    .run = run_version,
};
