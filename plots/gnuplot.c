/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Running gnuplot. */
#include "config.h"

#include "plots/gnuplot.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#define SCRIPT_NAME "script.gp"

/* Where gnuplot works: the files of one picture under the names that the script uses. */
typedef struct {
  char *folder, *script, *data, *picture;
} Workplace;

static void workplace_clear(Workplace *place) {
  char *const files[] = {place->script, place->data, place->picture};
  for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
    if (files[i] != NULL)
      g_unlink(files[i]);
    g_free(files[i]);
  }
  if (place->folder != NULL)
    g_rmdir(place->folder);
  g_free(place->folder);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Workplace, workplace_clear)

static gboolean no_place(const char *reason, GError **error) {
  g_set_error(error, CS3_PLOT_ERROR, CS3_PLOT_ERROR_TEMPORARY,
              "gnuplot needs a temporary directory in %s (choose another with TMPDIR): %s",
              g_get_tmp_dir(), reason);
  return FALSE;
}

static gboolean make_workplace(Workplace *place, const Cs3PlotTarget *target, const char *script,
                               const char *data, GError **error) {
  g_autofree char *folder = g_build_filename(g_get_tmp_dir(), "cs3sim-plot-XXXXXX", NULL);
  if (g_mkdtemp(folder) == NULL)
    return no_place(g_strerror(errno), error);
  place->folder = g_steal_pointer(&folder);
  place->script = g_build_filename(place->folder, SCRIPT_NAME, NULL);
  place->data = g_build_filename(place->folder, target->data_name, NULL);
  place->picture = g_build_filename(place->folder, target->picture_name, NULL);
  g_autoptr(GError) problem = NULL;
  return (g_file_set_contents(place->script, script, -1, &problem) &&
          g_file_set_contents(place->data, data, -1, &problem)) ||
         no_place(problem->message, error);
}

static GSubprocess *start(const Workplace *place, GError **error) {
  g_autoptr(GSubprocessLauncher) launcher =
      g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_subprocess_launcher_set_cwd(launcher, place->folder);
  g_subprocess_launcher_setenv(launcher, "LC_ALL", "C", TRUE);
  g_subprocess_launcher_unsetenv(launcher, "GNUTERM");
  g_autoptr(GError) problem = NULL;
  GSubprocess *process = g_subprocess_launcher_spawn(launcher, &problem, "gnuplot",
                                                     "--default-settings", SCRIPT_NAME, NULL);
  if (process != NULL)
    return process;
  if (g_error_matches(problem, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT))
    g_set_error(error, CS3_PLOT_ERROR, CS3_PLOT_ERROR_NO_GNUPLOT,
                "the picture needs gnuplot, which is not installed (Debian: package gnuplot-nox)");
  else
    g_set_error(error, CS3_PLOT_ERROR, CS3_PLOT_ERROR_NO_GNUPLOT, "cannot start gnuplot: %s",
                problem->message);
  return NULL;
}

/* gnuplot shows the line, points at the place, and says what is wrong in the last line. */
static char *last_line(const char *text) {
  g_autofree char *copy = g_strchomp(g_strdup(text));
  const char *newline = strrchr(copy, '\n');
  return g_strdup(newline != NULL ? newline + 1 : copy);
}

static gboolean finished_well(GSubprocess *process, const char *complaints, GError **error) {
  if (g_subprocess_get_successful(process))
    return TRUE;
  g_autofree char *reason = last_line(complaints);
  gboolean format = strstr(reason, "terminal type") != NULL;
  if (format)
    g_set_error(error, CS3_PLOT_ERROR, CS3_PLOT_ERROR_NO_GNUPLOT,
                "the gnuplot that is installed cannot draw this format; choose another (%s)",
                reason);
  else if (g_subprocess_get_if_signaled(process))
    g_set_error(error, CS3_PLOT_ERROR, CS3_PLOT_ERROR_GNUPLOT, "gnuplot was ended by signal %d",
                g_subprocess_get_term_sig(process));
  else
    g_set_error(error, CS3_PLOT_ERROR, CS3_PLOT_ERROR_GNUPLOT, "gnuplot failed (status %d): %s",
                g_subprocess_get_exit_status(process), reason);
  return FALSE;
}

/* The terminal "dumb" begins with a form feed and leaves its last line open. */
static GBytes *as_lines(char *text) {
  const char *start = *text == '\f' ? text + 1 : text;
  char *lines = g_strconcat(start, g_str_has_suffix(start, "\n") ? "" : "\n", NULL);
  g_free(text);
  return g_bytes_new_take(lines, strlen(lines));
}

static GBytes *read_picture(const Workplace *place, Cs3PlotFormat format, GError **error) {
  char *bytes = NULL;
  gsize n = 0;
  if (g_file_get_contents(place->picture, &bytes, &n, NULL) && n > 0)
    return format == CS3_PLOT_TEXT ? as_lines(bytes) : g_bytes_new_take(bytes, n);
  g_free(bytes);
  g_set_error(error, CS3_PLOT_ERROR, CS3_PLOT_ERROR_GNUPLOT, "gnuplot drew nothing (is %s full?)",
              g_get_tmp_dir());
  return NULL;
}

/* Wait for the end. Returns: (transfer full): what was said on standard error. */
static char *wait_for(GSubprocess *process, GError **error) {
  g_autoptr(GBytes) complaints = NULL;
  g_autoptr(GError) problem = NULL;
  if (!g_subprocess_communicate(process, NULL, NULL, NULL, &complaints, &problem)) {
    g_set_error(error, CS3_PLOT_ERROR, CS3_PLOT_ERROR_GNUPLOT, "lost gnuplot: %s",
                problem->message);
    return NULL;
  }
  gsize n;
  const char *bytes = g_bytes_get_data(complaints, &n);
  return n > 0 ? g_utf8_make_valid(bytes, (gssize)n) : g_strdup("");
}

GBytes *cs3_gnuplot_draw(const Cs3PlotTarget *target, const char *script, const char *data,
                         GError **error) {
  g_auto(Workplace) place = {NULL};
  if (!make_workplace(&place, target, script, data, error))
    return NULL;
  g_autoptr(GSubprocess) process = start(&place, error);
  if (process == NULL)
    return NULL;
  g_autofree char *complaints = wait_for(process, error);
  if (complaints == NULL || !finished_well(process, complaints, error))
    return NULL;
  return read_picture(&place, target->format, error);
}
