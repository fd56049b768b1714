/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The process in which a call of libcs3sim runs: a request in, a result and events out. */
#include "config.h"

#include "sim/library/library.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/json.h"
#include "base/plain-text.h"
#include "sim/cli/cli-request.h"

/* One write, so that lines of two processes do not mix. */
static void send(json_t *event) {
  g_autofree char *text = json_dumps(event, JSON_COMPACT);
  g_autofree char *line = g_strconcat(text, "\n", NULL);
  json_decref(event);
  (void)!write(CS3_EVENTS, line, strlen(line));
}

static void send_failure(gpointer data, Cs3ExitStatus status, const char *message,
                         const char *key) {
  send(cs3_json_pack("{s:i, s:s, s:s?}", "end", (int)status, "message", message, "key", key));
}

static void send_note(gpointer data, const char *text) {
  send(cs3_json_pack("{s:s}", "note", text));
}

static void send_progress(gpointer data, const char *label, guint64 done, guint64 total) {
  send(cs3_json_pack("{s:[s, I, I]}", "progress", label, (json_int_t)done, (json_int_t)total));
}

/* The whole of standard input, which is then closed to the command: the "-" of a request stands for
 * nothing. */
static json_t *read_request(GError **error) {
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  guint8 part[1 << 14];
  for (gssize n; (n = read(STDIN_FILENO, part, sizeof part)) > 0;)
    g_byte_array_append(bytes, part, (guint)n);
  close(STDIN_FILENO);
  (void)!open("/dev/null", O_WRONLY);
  return cs3_request_parse((const char *)bytes->data, bytes->len, error);
}

/* @words, @key: (out). */
static const Cs3Command *prepare(const char *name, char ***words, char **key, GError **error) {
  const Cs3Command *command = cs3_command_find(name, error);
  json_auto_t *request = command != NULL ? read_request(error) : NULL;
  if (request == NULL)
    return NULL;
  *words = cs3_request_words(command, request, key, error);
  return *words != NULL ? command : NULL;
}

static void run(const char *name) {
  static const Cs3Listener listener = {
      .failed = send_failure, .note = send_note, .progress = send_progress};
  g_autoptr(GError) error = NULL;
  g_autofree char *key = NULL;
  char **words = NULL;
  const Cs3Command *command = prepare(name, &words, &key, &error);
  if (command == NULL) {
    g_autofree char *line = g_strchomp(cs3_plain_text(error->message));
    send_failure(NULL, cs3_exit_status(error), line, key);
    return;
  }
  /* A failure has been sent as such; 1 without one is an answer. */
  Cs3ExitStatus status = cs3_cli_execute(command, words, &listener);
  if (status == CS3_EXIT_OK || status == CS3_EXIT_NO)
    send(cs3_json_pack("{s:i}", "end", (int)status));
}

/* Whoever asked is no longer there to hear the answer. */
static gboolean outlives(const char *caller) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  return getppid() != (pid_t)g_ascii_strtoll(caller, NULL, 10);
}

int cs3sim_worker_main(int argc, char **argv) {
  if (argc != 4 || outlives(argv[2]))
    return CS3_EXIT_USAGE;
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  setlocale(LC_CTYPE, "");
  if (strcmp(argv[1], cs3sim_version()) == 0) {
    run(argv[3]);
    return CS3_EXIT_OK;
  }
  g_autofree char *text =
      g_strdup_printf("libcs3sim %s is given the worker of version %s", argv[1], cs3sim_version());
  send_failure(NULL, CS3_EXIT_UNAVAILABLE, text, NULL);
  return CS3_EXIT_OK;
}
