/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parts of a sweep: submitted, waited for, submitted again while they grow, put together. */
#include "config.h"

#include "sim/study/submit.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/output.h"
#include "base/plain-text.h"
#include "base/read-file.h"
#include "base/suggest.h"
#include "sim/cli/cli.h"
#include "sim/step/step.h"
#include "sim/study/sweep-file.h"

/* Rounds that add no point before it is given up: a file may still be held by a task that its node
 * has not let go of. */
enum { IDLE_ROUNDS = 2 };

typedef struct {
  const Cs3Sweep *sweep;
  const Cs3Submission *submission;
  Cs3Progress *progress;
  char *folder, *script,
      *job;     /* paths; the latter of a file with the number of the job that runs */
  GArray *left; /* of guint64: tasks that have points to do */
  guint64 done; /* points in all parts */
} Parts;

static gboolean usage(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static gboolean usage(GError **error, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE, "--submit: %s", text);
  return FALSE;
}

/* --- what is asked for ----------------------------------------------------------------------- */

static gboolean parse_option(Cs3Submission *submission, const char *option, GError **error) {
  static const char *const own[] = {"array", "output", "parsable", "open-mode", "requeue",
                                    "chdir", "wait",   "wrap",     NULL};
  g_autofree char *key = g_strndup(option, strcspn(option, "="));
  const char *value = strchr(option, '=');
  if (strcmp(key, "tasks") == 0) {
    if (value != NULL &&
        g_ascii_string_to_unsigned(value + 1, 10, 1, CS3_MAX_TASKS, &submission->tasks, NULL))
      return TRUE;
    return usage(error, "'%s': tasks: a whole number from 1 to %d", CS3_CUT(option), CS3_MAX_TASKS);
  }
  if (*key == '\0' || strspn(key, "abcdefghijklmnopqrstuvwxyz-") != strlen(key) || *key == '-')
    return usage(error, "'%s' is no KEY=VALUE of tasks or a long option of sbatch",
                 CS3_CUT(option));
  if (g_strv_contains(own, key))
    return usage(error, "'%s': the sweep gives --%s itself", CS3_CUT(option), key);
  g_ptr_array_add(submission->options, g_strconcat("--", option, NULL));
  return TRUE;
}

gboolean cs3_submission_parse(Cs3Submission *submission, const char *text, GError **error) {
  submission->options = g_ptr_array_new_with_free_func(g_free);
  g_autofree char *scheduler = g_strndup(text, strcspn(text, ":"));
  const char *rest = strchr(text, ':');
  gboolean ok = strcmp(scheduler, "slurm") == 0 ||
                usage(error, "'%s' is not slurm[:KEY=VALUE,...]", CS3_CUT(text));
  g_auto(GStrv) options = g_strsplit(rest != NULL ? rest + 1 : "", ",", -1);
  for (char **option = options; ok && *option != NULL; option++)
    ok = parse_option(submission, *option, error);
  if (!ok)
    cs3_submission_clear(submission);
  return ok;
}

void cs3_submission_clear(Cs3Submission *submission) {
  g_clear_pointer(&submission->options, g_ptr_array_unref);
}

/* --- the parts ------------------------------------------------------------------------------- */

static char *part_path(const Parts *parts, guint64 task, const char *ending) {
  return g_strdup_printf("%s/%" G_GUINT64_FORMAT ".%s", parts->folder, task, ending);
}

/* What each part holds. A part that another process still writes has points to do. */
static gboolean look(Parts *parts, GError **error) {
  g_array_set_size(parts->left, 0);
  parts->done = 0;
  for (guint64 task = 1; task <= parts->submission->tasks; task++) {
    g_autoptr(GError) problem = NULL;
    g_autofree char *path = part_path(parts, task, "jsonl");
    Cs3Sweep part = *parts->sweep;
    guint64 done = 0;
    cs3_sweep_part(&part, task, parts->submission->tasks);
    g_autoptr(Cs3SweepFile) file = cs3_sweep_file_open(path, &part, TRUE, &done, &problem);
    if (file == NULL && problem->domain != CS3_OUTPUT_ERROR) {
      g_propagate_error(error, g_steal_pointer(&problem));
      return FALSE;
    }
    parts->done += done;
    if (file == NULL || done < part.after - part.first)
      g_array_append_val(parts->left, task);
  }
  return TRUE;
}

/* "1-3,7": the tasks that are left. */
static char *left_text(const Parts *parts) {
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = 0, after; i < parts->left->len; i = after) {
    guint64 first = g_array_index(parts->left, guint64, i), last = first;
    for (after = i + 1;
         after < parts->left->len && g_array_index(parts->left, guint64, after) == last + 1;
         after++)
      last++;
    g_string_append_printf(text, "%s%" G_GUINT64_FORMAT, i > 0 ? "," : "", first);
    if (last > first)
      g_string_append_printf(text, "-%" G_GUINT64_FORMAT, last);
  }
  return g_strdup(text->str);
}

/* The program of the command line: this one, or, in the library's worker, the one on the path. */
static char *program(GError **error) {
  g_autofree char *own = g_file_read_link("/proc/self/exe", NULL);
  g_autofree char *name = own != NULL ? g_path_get_basename(own) : NULL;
  if (g_strcmp0(name, "cs3sim") == 0)
    return g_steal_pointer(&own);
  char *found = g_find_program_in_path("cs3sim");
  if (found == NULL)
    g_set_error_literal(error, CS3_CLI_ERROR, CS3_CLI_ERROR_UNAVAILABLE,
                        "--submit slurm: the program cs3sim is not on the path");
  return found;
}

static gboolean write_script(const Parts *parts, GError **error) {
  g_autofree char *own = program(error), *folder = g_shell_quote(parts->folder);
  if (own == NULL)
    return FALSE;
  g_autofree char *quoted = g_shell_quote(own);
  g_autoptr(GString) text = g_string_new("#!/bin/sh\n# A part of a sweep: cs3sim sweep --submit\n");
  g_string_append_printf(text,
                         "exec %s sweep --quiet --shard=$SLURM_ARRAY_TASK_ID/%" G_GUINT64_FORMAT
                         " --jobs=${SLURM_CPUS_PER_TASK:-1} --resume "
                         "--output=%s/$SLURM_ARRAY_TASK_ID.jsonl",
                         quoted, parts->submission->tasks, folder);
  for (char **word = parts->submission->words; *word != NULL; word++) {
    g_autofree char *argument = g_shell_quote(*word);
    g_string_append_printf(text, " %s", argument);
  }
  g_string_append_c(text, '\n');
  return g_file_set_contents(parts->script, text->str, -1, error);
}

/* --- the job --------------------------------------------------------------------------------- */

/* Looks more seldom the longer it takes. */
static gboolean await(const Parts *parts, const char *job, GError **error) {
  enum { FIRST_US = G_USEC_PER_SEC / 2, MOST_US = 10 * G_USEC_PER_SEC };
  guint64 all = parts->submission->tasks;
  for (gulong pause_us = FIRST_US;; pause_us = MIN(pause_us * 3 / 2, (gulong)MOST_US)) {
    gint64 active = cs3_slurm_active(job, error);
    if (active < 0)
      return FALSE;
    cs3_progress_update(parts->progress, all - MIN(all, (guint64)active));
    if (active == 0)
      return g_unlink(parts->job) == 0 || errno == ENOENT;
    g_usleep(pause_us);
  }
}

static gboolean submit(const Parts *parts, GError **error) {
  g_autofree char *tasks = left_text(parts);
  g_autofree char *log = g_strdup_printf("%s/%%a.log", parts->folder);
  g_autofree char *job =
      cs3_slurm_submit(parts->script, tasks, log, parts->submission->options, error);
  if (job == NULL || !g_file_set_contents(parts->job, job, -1, error))
    return FALSE;
  g_message("%s: job %s, tasks %s", parts->submission->path, job, tasks);
  return await(parts, job, error);
}

/* A job that an earlier call left behind is waited for, not doubled. */
static gboolean await_earlier(const Parts *parts, GError **error) {
  g_autofree char *job = cs3_read_file(parts->job, 20, NULL);
  if (job == NULL || *job == '\0' || strspn(job, "0123456789") != strlen(job))
    return TRUE;
  return await(parts, job, error);
}

static gboolean give_up(const Parts *parts, GError **error) {
  guint64 task = g_array_index(parts->left, guint64, 0);
  g_autofree char *path = part_path(parts, task, "log");
  g_autofree char *log = cs3_read_file(path, 1 << 20, NULL);
  g_strchomp(log != NULL ? log : (char[]){""});
  const char *line = log != NULL ? strrchr(log, '\n') : NULL;
  line = line != NULL ? line + 1 : log != NULL && *log != '\0' ? log : "it left no message";
  g_set_error(error, CS3_STEP_ERROR, CS3_STEP_ERROR_DIED,
              "--submit slurm: %u of %" G_GUINT64_FORMAT
              " tasks do not get further, with %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
              " points done; task %" G_GUINT64_FORMAT ": %s (--resume goes on)",
              parts->left->len, parts->submission->tasks, parts->done,
              parts->sweep->after - parts->sweep->first, task, line);
  return FALSE;
}

static gboolean run_rounds(Parts *parts, GError **error) {
  guint idle = 0;
  if (!await_earlier(parts, error) || !look(parts, error))
    return FALSE;
  while (parts->left->len > 0) {
    guint64 before = parts->done;
    if (!submit(parts, error) || !look(parts, error))
      return FALSE;
    idle = parts->done > before ? 0 : idle + 1;
    if (idle == IDLE_ROUNDS)
      return give_up(parts, error);
  }
  return TRUE;
}

/* --- the whole ------------------------------------------------------------------------------- */

static gboolean merge(const Parts *parts, GError **error) {
  g_autoptr(Cs3Output) output = cs3_output_new(parts->submission->path, error);
  for (guint64 task = 1; output != NULL && task <= parts->submission->tasks; task++) {
    g_autofree char *path = part_path(parts, task, "jsonl");
    g_autoptr(GMappedFile) part = g_mapped_file_new(path, FALSE, error);
    if (part == NULL)
      return FALSE;
    cs3_output_write(output, g_mapped_file_get_contents(part), g_mapped_file_get_length(part));
  }
  return output != NULL && cs3_output_finish(output, error);
}

static void remove_parts(const Parts *parts) {
  for (guint64 task = 1; task <= parts->submission->tasks; task++) {
    g_autofree char *part = part_path(parts, task, "jsonl"), *log = part_path(parts, task, "log");
    g_unlink(part);
    g_unlink(log);
  }
  g_unlink(parts->script);
  g_rmdir(parts->folder);
}

/* Nothing is begun that could not be written, or is there already. */
static gboolean check_place(const Parts *parts, GError **error) {
  const char *path = parts->submission->path;
  g_autoptr(Cs3Output) output = cs3_output_new(path, error);
  if (output == NULL)
    return FALSE;
  gboolean there = g_file_test(path, G_FILE_TEST_EXISTS);
  GStatBuf status;
  if (there && (g_stat(path, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > 0))
    return usage(error, "%s exists; give another --output", path);
  if (g_file_test(parts->folder, G_FILE_TEST_EXISTS) && !parts->submission->resume)
    return usage(error, "%s exists; --resume goes on with it", parts->folder);
  if (g_mkdir_with_parents(parts->folder, 0777) == 0)
    return TRUE;
  g_set_error(error, CS3_OUTPUT_ERROR, CS3_OUTPUT_ERROR_CREATE, "cannot write %s: %s",
              parts->folder, g_strerror(errno));
  return FALSE;
}

gboolean cs3_sweep_submit(const Cs3Sweep *sweep, const Cs3Submission *submission,
                          Cs3Progress *progress, GError **error) {
  g_autofree char *place = g_canonicalize_filename(submission->path, NULL);
  g_autofree char *folder = g_strconcat(place, ".parts", NULL);
  g_autofree char *script = g_build_filename(folder, "task.sh", NULL);
  g_autofree char *job = g_build_filename(folder, "job", NULL);
  g_autoptr(GArray) left = g_array_new(FALSE, FALSE, sizeof(guint64));
  Parts parts = {.sweep = sweep,
                 .submission = submission,
                 .progress = progress,
                 .folder = folder,
                 .script = script,
                 .job = job,
                 .left = left};
  if (!check_place(&parts, error))
    return FALSE;
  gboolean ok = write_script(&parts, error) && run_rounds(&parts, error) && merge(&parts, error);
  /* What Slurm has refused leaves nothing to go on with. */
  if (ok || (parts.done == 0 && !submission->resume && !g_file_test(job, G_FILE_TEST_EXISTS)))
    remove_parts(&parts);
  return ok;
}
