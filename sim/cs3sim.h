/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Public interface of libcs3sim: what the command line does, for programs. doc/library.md explains
 * it. Only types of the C library appear here.
 *
 * The library neither prints nor exits, and keeps no state outside of its contexts. SimGrid has one
 * engine a process and ends the process when something is wrong, and sweeps fork; so each call runs
 * in a process of its own, which ends with it. Calls may be made from any number of threads, also
 * with one context. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** cs3sim_version: (transfer none): the library's version, "major.minor.patch". */
const char *cs3sim_version(void);

/* What a call returns and an error carries: the exit status of the command line. */
typedef enum {
  CS3SIM_OK = 0,
  CS3SIM_NO = 1,           /* well asked, well computed, and the answer is no: it does not fit */
  CS3SIM_USAGE = 64,       /* the request is wrong */
  CS3SIM_DATA = 65,        /* an input file has wrong content */
  CS3SIM_NO_INPUT = 66,    /* an input file does not exist or cannot be read */
  CS3SIM_UNAVAILABLE = 69, /* a needed program is not installed: gnuplot, the library's worker */
  CS3SIM_INTERNAL = 70,    /* a mistake in cs3sim itself */
  CS3SIM_OS = 71,          /* the system lacks memory, file descriptors or processes */
  CS3SIM_CANT_CREATE = 73, /* an output file cannot be created */
  CS3SIM_IO = 74,          /* writing failed, as on a full disk */
  CS3SIM_CONFIG = 78,      /* a hardware or scenario setting is wrong */
  CS3SIM_CANCELLED = 130,  /* the progress function said so */
} cs3sim_code;

typedef struct {
  int code;      /* cs3sim_code */
  char *message; /* one line of UTF-8, as the command line prints it */
  char *key;     /* the path of the key of the request that it is about ("sparsity",
                  * "sweep[2]", "set.io.rate"), or NULL */
} cs3sim_error;

/** cs3sim_error_free: free an error; NULL is none. */
void cs3sim_error_free(cs3sim_error *error);

/** cs3sim_free: free what a function gave away. */
void cs3sim_free(void *memory);

typedef struct cs3sim_context cs3sim_context;

/**
 * cs3sim_open: a context for calls.
 * @error: (out) (nullable): as in every function here: set on failure, to be freed; NULL: not
 * wanted. Returns: (transfer full): NULL with CS3SIM_UNAVAILABLE when the worker, a program that is
 * installed with the library (CS3SIM_WORKER names another), cannot be run.
 */
cs3sim_context *cs3sim_open(cs3sim_error **error);

/** cs3sim_close: free @context, in which no call may be running. NULL is none. */
void cs3sim_close(cs3sim_context *context);

/**
 * cs3sim_progress_func: called during a call, in the thread that made it, when work has been done
 * and at least five times a second. @label: what is counted ("sweep"), NULL before anything is.
 * Returns: 0 to go on; anything else ends the call with CS3SIM_CANCELLED.
 */
typedef int (*cs3sim_progress_func)(void *data, const char *label, uint64_t done, uint64_t total);

/** cs3sim_note_func: @text, one line, is what the command line says beside its result. */
typedef void (*cs3sim_note_func)(void *data, const char *text);

/** cs3sim_on_progress: call @func during calls of @context that begin from now on; NULL: nobody. */
void cs3sim_on_progress(cs3sim_context *context, cs3sim_progress_func func, void *data);

/** cs3sim_on_note: call @func with notes of calls of @context; NULL: nobody. */
void cs3sim_on_note(cs3sim_context *context, cs3sim_note_func func, void *data);

/**
 * cs3sim_call: do what `cs3sim COMMAND` does.
 * @command: "run", "sweep", ...: any of `cs3sim list commands`.
 * @request: (nullable): a JSON object in UTF-8. Its keys are the long names of the command's
 * options, and "arguments" for positional ones (a text or an array): {"model": "llama7b",
 * "sparsity": 0.7}. cs3sim_schema() has types and ranges. Environment variables count as on the
 * command line.
 * @record: (out): the bytes that the command line prints for the same request, with "-o json" where
 * it would print text, unless "output-format" or "output" is given; a zero follows them, which
 * @bytes does not count. To be freed. NULL on failure, but also CS3SIM_NO may come with a record.
 * @bytes: (out) (nullable): of @record.
 * Returns: a cs3sim_code; @error is set for all but CS3SIM_OK, and CS3SIM_NO with a record.
 */
int cs3sim_call(cs3sim_context *context, const char *command, const char *request, char **record,
                size_t *bytes, cs3sim_error **error);

/**
 * cs3sim_schema: the JSON Schema (2020-12) of the requests of @command, made from the tables that
 * its command line is read by. @schema: (out): to be freed. Returns: a cs3sim_code.
 */
int cs3sim_schema(cs3sim_context *context, const char *command, char **schema,
                  cs3sim_error **error);

/* Numbers of a record of `run`, or of a line of a sweep. "dense": of the same step with dense
 * weights. */
typedef enum {
  CS3SIM_STEP_TIME_S,
  CS3SIM_DENSE_STEP_TIME_S,
  CS3SIM_TOKENS_PER_S,
  CS3SIM_DENSE_TOKENS_PER_S,
  CS3SIM_SPEEDUP,         /* over dense, simulated */
  CS3SIM_THEORY,          /* the same, by MACs alone */
  CS3SIM_SHARE_OF_THEORY, /* of the speed-up: 0.79 */
  CS3SIM_ACHIEVED_FLOPS,  /* FLOP/s */
  CS3SIM_SHARE_OF_PEAK,   /* of the machine's dense peak */
  CS3SIM_JOULES_PER_TOKEN,
} cs3sim_quantity;

/**
 * cs3sim_number: a number of a record. @value: (out).
 * Returns: CS3SIM_OK; CS3SIM_DATA when @record is no JSON or has no such number.
 */
int cs3sim_number(const char *record, cs3sim_quantity quantity, double *value,
                  cs3sim_error **error);

#ifdef __cplusplus
}
#endif
