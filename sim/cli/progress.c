/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Progress: a line on standard error, or told to a function. */
#include "config.h"

#include "sim/cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#define FIRST_US (1 * G_USEC_PER_SEC)
#define INTERVAL_US (G_USEC_PER_SEC / 10)
#define HEARD_US (G_USEC_PER_SEC / 100)
#define DEFAULT_WIDTH 80

struct Cs3Progress {
  Cs3ProgressStyle style;
  FILE *stream;
  Cs3ProgressHear hear;
  gpointer data;
  char *label;
  guint64 total;
  gint64 (*clock_us)(void);
  gint64 start_us, drawn_us;
  guint64 tenth; /* last tenth written to a log */
  gboolean drawn;
};

Cs3ProgressStyle cs3_progress_style(Cs3When when, gboolean quiet, FILE *stream) {
  if (when == CS3_WHEN_NEVER || (quiet && when != CS3_WHEN_ALWAYS))
    return CS3_PROGRESS_OFF;
  const char *term = g_getenv("TERM");
  gboolean redraws = isatty(fileno(stream)) && g_strcmp0(term, "dumb") != 0;
  if (redraws)
    return CS3_PROGRESS_LINE;
  return when == CS3_WHEN_ALWAYS ? CS3_PROGRESS_LOG : CS3_PROGRESS_OFF;
}

Cs3Progress *cs3_progress_new(Cs3ProgressStyle style, FILE *stream, const char *label,
                              guint64 total, gint64 (*clock_us)(void)) {
  Cs3Progress *progress = g_new0(Cs3Progress, 1);
  progress->style = style;
  progress->stream = stream;
  progress->label = g_strdup(label);
  progress->total = MAX(total, 1);
  progress->clock_us = clock_us != NULL ? clock_us : g_get_monotonic_time;
  progress->start_us = progress->clock_us();
  return progress;
}

Cs3Progress *cs3_progress_new_heard(Cs3ProgressHear hear, gpointer data, const char *label,
                                    guint64 total) {
  Cs3Progress *progress = cs3_progress_new(CS3_PROGRESS_HEARD, NULL, label, total, NULL);
  progress->hear = hear;
  progress->data = data;
  return progress;
}

static int terminal_width(FILE *stream) {
  struct winsize size;
  if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return DEFAULT_WIDTH;
}

static char *duration_text(double seconds) {
  if (seconds < 3600)
    return g_strdup_printf("%d:%02d", (int)seconds / 60, (int)seconds % 60);
  return g_strdup_printf("%d:%02d:%02d", (int)(seconds / 3600), (int)(seconds / 60) % 60,
                         (int)seconds % 60);
}

/* "sweep: 120/1000 (12%), 43.1/s, 0:20 left" */
static char *status_text(const Cs3Progress *progress, guint64 done, gint64 now_us) {
  double elapsed_s = (double)(now_us - progress->start_us) / G_USEC_PER_SEC;
  double rate = elapsed_s > 0 ? (double)done / elapsed_s : 0;
  g_autoptr(GString) text = g_string_new(NULL);
  g_string_printf(text, "%s: %" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT " (%d%%)", progress->label,
                  done, progress->total, (int)(100.0 * (double)done / (double)progress->total));
  if (rate > 0) {
    g_autofree char *left = duration_text((double)(progress->total - done) / rate);
    g_string_append_printf(text, ", %.3g/s, %s left", rate, left);
  }
  return g_strdup(text->str);
}

static void draw_line(Cs3Progress *progress, guint64 done, gint64 now_us) {
  if (now_us - progress->start_us < FIRST_US || now_us - progress->drawn_us < INTERVAL_US)
    return;
  g_autofree char *text = status_text(progress, done, now_us);
  /* The last column stays free: a full line would wrap and could not be redrawn. */
  fprintf(progress->stream, "\r%.*s\033[K", terminal_width(progress->stream) - 1, text);
  fflush(progress->stream);
  progress->drawn_us = now_us;
  progress->drawn = TRUE;
}

static void draw_log(Cs3Progress *progress, guint64 done, gint64 now_us) {
  guint64 tenth = (guint64)(10.0 * (double)done / (double)progress->total);
  if (tenth <= progress->tenth)
    return;
  progress->tenth = tenth;
  g_autofree char *text = status_text(progress, done, now_us);
  fprintf(progress->stream, "%s\n", text);
}

static void tell(Cs3Progress *progress, guint64 done, gint64 now_us) {
  if (done < progress->total && now_us - progress->drawn_us < HEARD_US)
    return;
  progress->drawn_us = now_us;
  progress->hear(progress->data, progress->label, done, progress->total);
}

void cs3_progress_update(Cs3Progress *progress, guint64 done) {
  if (progress->style == CS3_PROGRESS_OFF)
    return;
  gint64 now_us = progress->clock_us();
  done = MIN(done, progress->total);
  if (progress->style == CS3_PROGRESS_LINE)
    draw_line(progress, done, now_us);
  else if (progress->style == CS3_PROGRESS_HEARD)
    tell(progress, done, now_us);
  else
    draw_log(progress, done, now_us);
}

void cs3_progress_free(Cs3Progress *progress) {
  if (progress == NULL)
    return;
  if (progress->drawn) {
    fputs("\r\033[K", progress->stream);
    fflush(progress->stream);
  }
  g_free(progress->label);
  g_free(progress);
}
