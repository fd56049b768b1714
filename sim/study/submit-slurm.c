/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The two things that are asked of Slurm. Neither an exit status nor accounting, which many
 * clusters do not have, says what became of a task; that squeue no longer lists it says that it is
 * over. */
#include "config.h"

#include "sim/study/submit.h"

#include <string.h>
#include <sys/wait.h>

#include "base/plain-text.h"
#include "sim/cli/cli.h"

/* How long a controller may be away: it is restarted, or has a standby. */
enum { PATIENCE_S = 300 };

static gboolean fail(const char *program, const char *complaint, GError **error) {
  g_autofree char *line = g_strndup(complaint, strcspn(complaint, "\n"));
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_UNAVAILABLE, "--submit slurm: %s: %s", program,
              *line != '\0' ? CS3_CUT(line) : "failed without a message");
  return FALSE;
}

/* @output, @complaint: (out) (transfer full). Returns: whether @argv was run; @status: of it. */
static gboolean ask(const char *const *argv, char **output, char **complaint, int *status,
                    GError **error) {
  g_autoptr(GError) problem = NULL;
  if (g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, output, complaint,
                   status, &problem))
    return TRUE;
  if (g_error_matches(problem, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT))
    return fail(argv[0], "is not installed (Debian: slurm-client)", error);
  return fail(argv[0], problem->message, error);
}

char *cs3_slurm_submit(const char *script, const char *tasks, const char *log,
                       const GPtrArray *options, GError **error) {
  g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
  static const char *const fixed[] = {"sbatch", "--parsable", "--requeue", "--open-mode=append"};
  for (guint i = 0; i < G_N_ELEMENTS(fixed); i++)
    g_ptr_array_add(argv, g_strdup(fixed[i]));
  g_ptr_array_add(argv, g_strconcat("--array=", tasks, NULL));
  g_ptr_array_add(argv, g_strconcat("--output=", log, NULL));
  for (guint i = 0; i < options->len; i++)
    g_ptr_array_add(argv, g_strdup(options->pdata[i]));
  g_ptr_array_add(argv, g_strdup(script));
  g_ptr_array_add(argv, NULL);
  g_autofree char *output = NULL, *complaint = NULL;
  int status = 0;
  if (!ask((const char *const *)argv->pdata, &output, &complaint, &status, error))
    return NULL;
  gsize digits = strspn(output, "0123456789");
  if (status == 0 && digits > 0)
    return g_strndup(output, digits);
  fail("sbatch", complaint, error);
  return NULL;
}

static gint64 count_lines(const char *text) {
  gint64 n = 0;
  for (; (text = strchr(text, '\n')) != NULL; text++)
    n++;
  return n;
}

gint64 cs3_slurm_active(const char *job, GError **error) {
  const char *argv[] = {"squeue", "--noheader", "--array", "--format=%i", "--jobs", job, NULL};
  for (int waited_s = 0;; waited_s += 5) {
    g_autofree char *output = NULL, *complaint = NULL;
    int status = 0;
    if (!ask(argv, &output, &complaint, &status, error))
      return -1;
    if (status == 0)
      return count_lines(output);
    /* Forgotten: it has been over for a while. */
    if (strstr(complaint, "Invalid job id") != NULL)
      return 0;
    if (waited_s >= PATIENCE_S) {
      fail("squeue", complaint, error);
      return -1;
    }
    g_usleep(5 * G_USEC_PER_SEC);
  }
}
