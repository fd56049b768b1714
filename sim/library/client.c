/* SPDX-License-Identifier: GPL-3.0-or-later */
/* libcs3sim as its caller sees it: a context, calls in workers. */
#include "config.h"

#include "sim/library/library.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct cs3sim_context {
  char *worker;
  cs3sim_progress_func progress;
  void *progress_data;
  cs3sim_note_func note;
  void *note_data;
};

/* A call that runs. */
typedef struct {
  const cs3sim_context *context;
  Cs3Worker worker;
  GByteArray *result;
  GString *events; /* of which the last line has not ended */
  json_t *end;     /* (nullable): the last event */
  char *complaint; /* (nullable): the last line that is no event */
  gboolean cancelled;
} Call;

int cs3_library_fail(cs3sim_error **error, int code, const char *key, const char *message) {
  if (error != NULL) {
    *error = g_new0(cs3sim_error, 1);
    (*error)->code = code;
    (*error)->message = g_strdup(message);
    (*error)->key = g_strdup(key);
  }
  return code;
}

void cs3sim_error_free(cs3sim_error *error) {
  if (error == NULL)
    return;
  g_free(error->message);
  g_free(error->key);
  g_free(error);
}

void cs3sim_free(void *memory) {
  g_free(memory);
}

cs3sim_context *cs3sim_open(cs3sim_error **error) {
  const char *given = g_getenv("CS3SIM_WORKER");
  const char *worker = given != NULL && *given != '\0' ? given : CS3_WORKER;
  if (!g_file_test(worker, G_FILE_TEST_IS_EXECUTABLE) || g_file_test(worker, G_FILE_TEST_IS_DIR)) {
    g_autofree char *text = g_strdup_printf(
        "the worker of libcs3sim, %s, is no program that can be run; set CS3SIM_WORKER", worker);
    cs3_library_fail(error, CS3SIM_UNAVAILABLE, NULL, text);
    return NULL;
  }
  cs3sim_context *context = g_new0(cs3sim_context, 1);
  context->worker = g_strdup(worker);
  return context;
}

void cs3sim_close(cs3sim_context *context) {
  if (context == NULL)
    return;
  g_free(context->worker);
  g_free(context);
}

void cs3sim_on_progress(cs3sim_context *context, cs3sim_progress_func func, void *data) {
  context->progress = func;
  context->progress_data = data;
}

void cs3sim_on_note(cs3sim_context *context, cs3sim_note_func func, void *data) {
  context->note = func;
  context->note_data = data;
}

static void tell(Call *call, const char *label, guint64 done, guint64 total) {
  const cs3sim_context *context = call->context;
  if (context->progress != NULL && !call->cancelled)
    call->cancelled = context->progress(context->progress_data, label, done, total) != 0;
}

static void take_event(Call *call, const char *line) {
  json_t *event = json_loads(line, 0, NULL), *progress = json_object_get(event, "progress");
  const char *label, *note = json_string_value(json_object_get(event, "note"));
  json_int_t done, total;
  if (event == NULL) {
    g_free(call->complaint);
    call->complaint = g_utf8_make_valid(line, -1);
  } else if (note != NULL && call->context->note != NULL) {
    call->context->note(call->context->note_data, note);
  } else if (json_unpack(progress, "[s, I, I]", &label, &done, &total) == 0) {
    tell(call, label, (guint64)done, (guint64)total);
  } else if (json_object_get(event, "end") != NULL) {
    json_decref(call->end);
    call->end = json_incref(event);
  }
  json_decref(event);
}

static void take_events(Call *call, const char *bytes, gsize n) {
  g_string_append_len(call->events, bytes, (gssize)n);
  for (char *end; (end = strchr(call->events->str, '\n')) != NULL;) {
    *end = '\0';
    take_event(call, call->events->str);
    g_string_erase(call->events, 0, end + 1 - call->events->str);
  }
}

/* Returns: whether more may come. */
static gboolean receive(Call *call, int fd) {
  char part[1 << 16];
  gssize n = read(fd, part, sizeof part);
  if (n > 0 && fd == call->worker.events)
    take_events(call, part, (gsize)n);
  else if (n > 0)
    g_byte_array_append(call->result, (const guint8 *)part, (guint)n);
  return n > 0 || (n < 0 && errno == EINTR);
}

/* Until both ends are closed, or the caller has enough. */
static void attend(Call *call) {
  enum { TICK_MS = 200 };
  struct pollfd ends[] = {{.fd = call->worker.result, .events = POLLIN},
                          {.fd = call->worker.events, .events = POLLIN}};
  tell(call, NULL, 0, 0);
  while (!call->cancelled && (ends[0].fd >= 0 || ends[1].fd >= 0)) {
    int ready = poll(ends, G_N_ELEMENTS(ends), TICK_MS);
    if (ready == 0)
      tell(call, NULL, 0, 0);
    for (guint i = 0; ready > 0 && i < G_N_ELEMENTS(ends); i++)
      if (ends[i].revents != 0 && !receive(call, ends[i].fd))
        ends[i].fd = -1;
  }
}

/* A worker that ended without saying how. */
static int fail_died(const Call *call, int status, cs3sim_error **error) {
  const char *last = call->complaint != NULL ? call->complaint : "it left no message";
  g_autofree char *text = NULL;
  if (status >= 0 && WIFSIGNALED(status))
    text = g_strdup_printf("the worker of libcs3sim was ended by signal %d (%s): %s",
                           WTERMSIG(status), g_strsignal(WTERMSIG(status)), last);
  else
    text = g_strdup_printf("the worker of libcs3sim ended with status %d and no answer: %s",
                           status >= 0 ? WEXITSTATUS(status) : status, last);
  return cs3_library_fail(error, CS3SIM_INTERNAL, NULL, text);
}

static int conclude(const Call *call, int status, char **record, size_t *bytes,
                    cs3sim_error **error) {
  if (call->cancelled)
    return cs3_library_fail(error, CS3SIM_CANCELLED, NULL, "cancelled by the caller");
  const char *message = json_string_value(json_object_get(call->end, "message"));
  int code = (int)json_integer_value(json_object_get(call->end, "end"));
  if (call->end == NULL)
    return fail_died(call, status, error);
  if (message != NULL)
    return cs3_library_fail(error, code, json_string_value(json_object_get(call->end, "key")),
                            message);
  gsize n = call->result->len;
  g_byte_array_append(call->result, (const guint8 *)"", 1);
  *record = g_memdup2(call->result->data, n + 1);
  if (bytes != NULL)
    *bytes = n;
  return code;
}

static int fail_start(const cs3sim_context *context, int problem, cs3sim_error **error) {
  g_autofree char *text =
      g_strdup_printf("cannot run %s: %s", context->worker, g_strerror(problem));
  gboolean absent = problem == ENOENT || problem == EACCES || problem == ENOEXEC;
  return cs3_library_fail(error, absent ? CS3SIM_UNAVAILABLE : CS3SIM_OS, NULL, text);
}

int cs3sim_call(cs3sim_context *context, const char *command, const char *request, char **record,
                size_t *bytes, cs3sim_error **error) {
  Call call = {.context = context};
  *record = NULL;
  if (bytes != NULL)
    *bytes = 0;
  int problem =
      cs3_worker_start(&call.worker, context->worker, command, request != NULL ? request : "{}");
  if (problem != 0)
    return fail_start(context, problem, error);
  call.result = g_byte_array_new();
  call.events = g_string_new(NULL);
  attend(&call);
  int status = cs3_worker_end(&call.worker, call.cancelled);
  int code = conclude(&call, status, record, bytes, error);
  g_byte_array_unref(call.result);
  g_string_free(call.events, TRUE);
  g_free(call.complaint);
  json_decref(call.end);
  return code;
}

int cs3sim_schema(cs3sim_context *context, const char *command, char **schema,
                  cs3sim_error **error) {
  json_t *request = json_object();
  json_object_set_new(request, "schema", json_true());
  json_object_set_new(request, "arguments", json_string(command));
  char *text = json_dumps(request, 0);
  int code = cs3sim_call(context, "help", text, schema, NULL, error);
  free(text);
  json_decref(request);
  return code;
}
