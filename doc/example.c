/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asks libcs3sim what its arguments say and prints the answer:
 *
 *   cc example.c $(pkg-config --cflags --libs cs3sim) -o example
 *   ./example run '{"model": "llama7b", "sparsity": 0.7}' */
#include <cs3sim/cs3sim.h>
#include <inttypes.h>
#include <stdio.h>

/* Non-zero would end the call. */
static int on_progress(void *data, const char *label, uint64_t done, uint64_t total) {
  if (label != NULL)
    fprintf(stderr, "\r%s: %" PRIu64 "/%" PRIu64, label, done, total);
  return 0;
}

static void on_note(void *data, const char *text) {
  fprintf(stderr, "%s\n", text);
}

static int complain(cs3sim_error *error) {
  int code = error->code;
  fprintf(stderr, "%s%s%s\n", error->key != NULL ? error->key : "", error->key != NULL ? " > " : "",
          error->message);
  cs3sim_error_free(error);
  return code;
}

int main(int argc, char **argv) {
  cs3sim_error *error = NULL;
  cs3sim_context *context = cs3sim_open(&error);
  if (context == NULL)
    return complain(error);
  cs3sim_on_progress(context, on_progress, NULL);
  cs3sim_on_note(context, on_note, NULL);
  char *record;
  size_t bytes;
  int code = cs3sim_call(context, argc > 1 ? argv[1] : "version", argc > 2 ? argv[2] : NULL,
                         &record, &bytes, &error);
  if (error != NULL)
    code = complain(error);
  if (record != NULL)
    fwrite(record, 1, bytes, stdout);
  double speedup;
  if (record != NULL && cs3sim_number(record, CS3SIM_SPEEDUP, &speedup, NULL) == CS3SIM_OK)
    fprintf(stderr, "speed-up over dense: %.3f\n", speedup);
  cs3sim_free(record);
  cs3sim_close(context);
  return code;
}
