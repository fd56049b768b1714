/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loads SimGrid, once a process. */
#include "config.h"

#include "sim/step/simgrid-calls.h"

#include <dlfcn.h>

#include "sim/step/step.h"

typedef struct {
  Cs3SimgridCalls calls;
  char *problem; /* %NULL: it is loaded */
} Simgrid;

/* Kept, as the library is, until the process ends. */
static Simgrid *simgrid_open(void) {
  static const struct {
    const char *name;
    gsize offset;
  } wanted[] = {
#define CALL(name) {#name, G_STRUCT_OFFSET(Cs3SimgridCalls, name)},
      CS3_SIMGRID_CALLS(CALL)
#undef CALL
  };
  Simgrid *simgrid = g_new0(Simgrid, 1);
  void *library = dlopen(CS3_SIMGRID_LIBRARY, RTLD_LAZY);
  for (guint i = 0; library != NULL && i < G_N_ELEMENTS(wanted); i++) {
    gpointer call = dlsym(library, wanted[i].name);
    if (call == NULL)
      break;
    G_STRUCT_MEMBER(gpointer, &simgrid->calls, wanted[i].offset) = call;
  }
  simgrid->problem = g_strdup(dlerror());
  return simgrid;
}

static const Simgrid *simgrid_once(void) {
  static gsize place;
  if (g_once_init_enter(&place))
    g_once_init_leave(&place, (gsize)simgrid_open());
  return (const Simgrid *)place;
}

gboolean cs3_simgrid_load(GError **error) {
  const char *problem = simgrid_once()->problem;
  if (problem != NULL)
    g_set_error(error, CS3_STEP_ERROR, CS3_STEP_ERROR_RESOURCE,
                "step simulation: cannot load SimGrid: %s", problem);
  return problem == NULL;
}

const Cs3SimgridCalls *cs3_simgrid(void) {
  return &simgrid_once()->calls;
}
