/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Running gnuplot: everything goes through pipes, so that nothing is left behind whatever ends it.
 */
#include "config.h"

#include "plots/gnuplot.h"

#include <gio/gio.h>
#include <signal.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

/* gnuplot ends with the program that started it, also when that is killed. */
static void end_with_parent(gpointer data) {
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
}

static GSubprocess *start(GError **error) {
  g_autoptr(GSubprocessLauncher) launcher =
      g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_subprocess_launcher_set_child_setup(launcher, end_with_parent, NULL, NULL);
  g_subprocess_launcher_setenv(launcher, "LC_ALL", "C", TRUE);
  g_subprocess_launcher_unsetenv(launcher, "GNUTERM");
  g_autoptr(GError) problem = NULL;
  /* Of a script it stops at the first mistake; of "-" it would not. */
  GSubprocess *process = g_subprocess_launcher_spawn(launcher, &problem, "gnuplot",
                                                     "--default-settings", "/dev/stdin", NULL);
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

/* A run of gnuplot: what it gave. */
typedef struct {
  GCancellable *late;
  GBytes *picture, *complaints;
  GError *problem;
  gboolean over;
} Run;

static void run_clear(Run *run) {
  g_clear_object(&run->late);
  g_clear_pointer(&run->picture, g_bytes_unref);
  g_clear_pointer(&run->complaints, g_bytes_unref);
  g_clear_error(&run->problem);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

static void ended(GObject *process, GAsyncResult *result, gpointer data) {
  Run *run = data;
  g_subprocess_communicate_finish(G_SUBPROCESS(process), result, &run->picture, &run->complaints,
                                  &run->problem);
  run->over = TRUE;
}

static gboolean is_late(gpointer data) {
  g_cancellable_cancel(((Run *)data)->late);
  return G_SOURCE_REMOVE;
}

/* Feed @input and read until the end, or until @limit_s seconds have passed. */
static void communicate(Run *run, GSubprocess *process, GBytes *input, guint limit_s) {
  g_autoptr(GMainContext) context = g_main_context_new();
  g_autoptr(GSource) clock = g_timeout_source_new_seconds(limit_s);
  run->late = g_cancellable_new();
  g_source_set_callback(clock, is_late, run, NULL);
  g_source_attach(clock, context);
  g_main_context_push_thread_default(context);
  g_subprocess_communicate_async(process, input, run->late, ended, run);
  while (!run->over)
    g_main_context_iteration(context, TRUE);
  g_main_context_pop_thread_default(context);
  g_source_destroy(clock);
  if (g_cancellable_is_cancelled(run->late))
    g_subprocess_force_exit(process);
}

/* gnuplot shows the line, points at the place, and says what is wrong in the last line. */
static char *last_line(GBytes *complaints) {
  gsize n;
  const char *bytes = g_bytes_get_data(complaints, &n);
  g_autofree char *text = n > 0 ? g_utf8_make_valid(bytes, (gssize)n) : g_strdup("");
  const char *newline = strrchr(g_strchomp(text), '\n');
  return g_strdup(newline != NULL ? newline + 1 : text);
}

static gboolean finished_well(GSubprocess *process, const Run *run, guint limit_s, GError **error) {
  if (g_cancellable_is_cancelled(run->late)) {
    g_set_error(error, CS3_PLOT_ERROR, CS3_PLOT_ERROR_BROKEN,
                "gnuplot did not finish within %u seconds and was ended", limit_s);
    return FALSE;
  }
  /* Script and data may stay unread: then the status says why. */
  if (!g_subprocess_wait(process, NULL, error))
    return FALSE;
  if (g_subprocess_get_successful(process) && run->problem == NULL)
    return TRUE;
  g_autofree char *reason = run->complaints != NULL ? last_line(run->complaints) : g_strdup("");
  if (strstr(reason, "terminal type") != NULL)
    g_set_error(error, CS3_PLOT_ERROR, CS3_PLOT_ERROR_NO_GNUPLOT,
                "the gnuplot that is installed cannot draw this format; choose another (%s)",
                reason);
  else if (g_subprocess_get_if_signaled(process))
    g_set_error(error, CS3_PLOT_ERROR, CS3_PLOT_ERROR_BROKEN, "gnuplot was ended by signal %d",
                g_subprocess_get_term_sig(process));
  else if (g_subprocess_get_exit_status(process) != 0) /* it says more than its unread script */
    g_set_error(error, CS3_PLOT_ERROR, CS3_PLOT_ERROR_GNUPLOT, "gnuplot failed (status %d): %s",
                g_subprocess_get_exit_status(process), reason);
  else
    g_set_error(error, CS3_PLOT_ERROR, CS3_PLOT_ERROR_BROKEN, "lost gnuplot: %s",
                run->problem->message);
  return FALSE;
}

/* What a whole picture ends with, line ends aside. */
static gboolean is_whole(GBytes *picture, Cs3PlotFormat format) {
  static const char *const ends[] = {[CS3_PLOT_TEXT] = "",
                                     [CS3_PLOT_SVG] = "</svg>",
                                     [CS3_PLOT_PNG] = "IEND\xae\x42\x60\x82",
                                     [CS3_PLOT_PDF] = "%%EOF"};
  gsize n, tail = strlen(ends[format]);
  const char *bytes = g_bytes_get_data(picture, &n);
  while (format != CS3_PLOT_PNG && n > 0 && g_ascii_isspace(bytes[n - 1]))
    n--;
  return n > 0 && n >= tail && memcmp(bytes + n - tail, ends[format], tail) == 0;
}

/* The terminal "dumb" begins with a form feed and leaves its last line open. */
static GBytes *as_lines(GBytes *picture) {
  gsize n;
  const char *bytes = g_bytes_get_data(picture, &n);
  GString *lines =
      g_string_new_len(*bytes == '\f' ? bytes + 1 : bytes, (gssize)(*bytes == '\f' ? n - 1 : n));
  if (!g_str_has_suffix(lines->str, "\n"))
    g_string_append_c(lines, '\n');
  return g_string_free_to_bytes(lines);
}

GBytes *cs3_gnuplot_draw(const Cs3PlotTarget *target, const Cs3Script *script, const char *data,
                         guint limit_s, GError **error) {
  g_auto(Run) run = {NULL};
  g_autoptr(GSubprocess) process = start(error);
  if (process == NULL)
    return NULL;
  char *text = cs3_script_inline(script, data);
  g_autoptr(GBytes) input = g_bytes_new_take(text, strlen(text));
  communicate(&run, process, input, limit_s);
  if (!finished_well(process, &run, limit_s, error))
    return NULL;
  if (is_whole(run.picture, target->format))
    return target->format == CS3_PLOT_TEXT ? as_lines(run.picture) : g_bytes_ref(run.picture);
  g_set_error(error, CS3_PLOT_ERROR, CS3_PLOT_ERROR_BROKEN,
              "gnuplot drew %s (%" G_GSIZE_FORMAT " bytes)",
              g_bytes_get_size(run.picture) == 0 ? "nothing" : "a picture without its end",
              g_bytes_get_size(run.picture));
  return NULL;
}
