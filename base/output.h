/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where results go: standard output, or a file that appears whole or not at all. */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdio.h>

#define CS3_OUTPUT_ERROR (cs3_output_error_quark())
GQuark cs3_output_error_quark(void);

typedef enum {
  CS3_OUTPUT_ERROR_CREATE, /* the file cannot be created or replaced */
  CS3_OUTPUT_ERROR_WRITE,  /* disk full, reader gone, I/O error */
} Cs3OutputError;

typedef enum {
  CS3_FORMAT_TEXT,
  CS3_FORMAT_JSON,  /* one indented document */
  CS3_FORMAT_JSONL, /* one document a line */
  CS3_FORMAT_CSV,
  CS3_FORMAT_SVG,
  CS3_FORMAT_PNG,
  CS3_FORMAT_PDF,
  CS3_FORMAT_HTML,
  CS3_FORMAT_GRAPH, /* a layer graph that --model reads */
} Cs3Format;
#define CS3_FORMAT_BIT(format) (1u << (format))

/** cs3_format_names: (transfer none): NULL-terminated, indexed by #Cs3Format. */
const char *const *cs3_format_names(void);

/** cs3_format_from_path: by extension ("out.json"), or -1 when the extension says nothing. */
int cs3_format_from_path(const char *path);

typedef struct Cs3Output Cs3Output;

/**
 * cs3_output_new: an output to @path, or to standard output when @path is %NULL or "-".
 * Checks at once that the place can be written, so that a long run does not fail at its end. A
 * regular file is written without a name, begun by the first write, and put in its place by
 * cs3_output_finish(): a program that is killed leaves nothing behind. Devices and pipes are
 * written directly; links are followed. Fails with %CS3_OUTPUT_ERROR_CREATE.
 */
Cs3Output *cs3_output_new(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_output_reader_gone: whether a write to standard output found its reader gone (EPIPE). */
gboolean cs3_output_reader_gone(const Cs3Output *output);

/**
 * cs3_output_width: columns that a line of text may take: COLUMNS, if it is set to a number, else
 * the terminal's; 0 when the output is no terminal: any.
 */
gint64 cs3_output_width(const Cs3Output *output);

/** cs3_output_path: (transfer none) (nullable): the file's name, %NULL for standard output. */
const char *cs3_output_path(const Cs3Output *output);

/**
 * cs3_output_printf: write formatted text. The first failure is kept and reported by
 * cs3_output_finish(); later writes do nothing.
 */
void cs3_output_printf(Cs3Output *output, const char *format, ...) G_GNUC_PRINTF(2, 3);
void cs3_output_puts(Cs3Output *output, const char *text);
void cs3_output_write(Cs3Output *output, const void *bytes, gsize n);

/** cs3_output_prose_width: columns of prose: cs3_output_width(), at most and else 80. */
guint cs3_output_prose_width(const Cs3Output *output);

/** cs3_output_prose: paragraphs as cs3_text_fill() has them, to cs3_output_prose_width(). */
void cs3_output_prose(Cs3Output *output, const char *text);

/** cs3_output_set_color: whether cs3_output_heading() may use the terminal's bold face. */
void cs3_output_set_color(Cs3Output *output, gboolean color);

/** cs3_output_set_plain: whether what cs3_output_puts() and cs3_output_printf() get is for people
 * to read: then nothing in it may steer their terminal (cs3_plain_lines()). Bytes of
 * cs3_output_write() stay as they are. */
void cs3_output_set_plain(Cs3Output *output, gboolean plain);

/** cs3_output_set_fold: whether lines of such texts are folded to cs3_output_width(), as they are
 * until this says otherwise: not where a program reads them (a completion, a file of settings) nor
 * where cells stand below each other. Returns: whether they were. */
gboolean cs3_output_set_fold(Cs3Output *output, gboolean fold);

/** cs3_output_heading: @text, in bold where colours are on. No line end is added. */
void cs3_output_heading(Cs3Output *output, const char *text);

/**
 * cs3_output_json: write @document and a newline: 15 significant digits, keys in order of
 * insertion. Indented, or on one line when @format is %CS3_FORMAT_JSONL.
 * Failures are kept for cs3_output_finish().
 */
void cs3_output_json(Cs3Output *output, const json_t *document, Cs3Format format);

/** cs3_output_flush: hand everything over to the reader now (a sweep's finished line). */
void cs3_output_flush(Cs3Output *output);

/** cs3_output_bytes: bytes accepted so far. */
gsize cs3_output_bytes(const Cs3Output *output);

/** cs3_output_read: (transfer full) (nullable): what a file holds so far, before it is finished;
 * %NULL with %CS3_OUTPUT_ERROR_WRITE when it cannot be read back (a device). */
char *cs3_output_read(Cs3Output *output, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_output_complete: everything is written and on disk, but not yet in its place: for files that
 * are to appear together, all are completed before the first is finished.
 * Fails as cs3_output_finish() does.
 */
gboolean cs3_output_complete(Cs3Output *output, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_output_finish: flush, sync, and put the file in its place.
 * On failure the target is untouched and @error is set:
 * %CS3_OUTPUT_ERROR_WRITE, or %CS3_OUTPUT_ERROR_CREATE when the rename fails.
 */
gboolean cs3_output_finish(Cs3Output *output, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_output_free: drop it; what was not finished leaves no file behind. */
void cs3_output_free(Cs3Output *output);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Output, cs3_output_free)
