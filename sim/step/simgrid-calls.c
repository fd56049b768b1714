/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loads SimGrid, once a process. */
#include "config.h"

#include "sim/step/simgrid-calls.h"

#include "base/library.h"
#include "sim/step/step.h"

typedef struct {
  Cs3SimgridCalls calls;
  char *problem; /* %NULL: it is loaded */
} Simgrid;

/* Kept, as the library is, until the process ends. */
static Simgrid *simgrid_open(void) {
  static const Cs3LibraryCall wanted[] = {
#define CALL(name) {#name, G_STRUCT_OFFSET(Cs3SimgridCalls, name)},
      CS3_SIMGRID_CALLS(CALL)
#undef CALL
  };
  Simgrid *simgrid = g_new0(Simgrid, 1);
  simgrid->problem =
      cs3_library_load(CS3_SIMGRID_LIBRARY, wanted, G_N_ELEMENTS(wanted), &simgrid->calls);
  return simgrid;
}

static gsize *simgrid_place(void) {
  static gsize place;
  return &place;
}

static const Simgrid *simgrid_once(void) {
  gsize *place = simgrid_place();
  if (g_once_init_enter(place))
    g_once_init_leave(place, (gsize)simgrid_open());
  return (const Simgrid *)*place;
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

static gpointer load(gpointer unused) {
  (void)simgrid_once();
  return NULL;
}

GThread *cs3_step_load_ahead(void) {
  gboolean loaded = g_atomic_pointer_get(simgrid_place()) != 0;
  return loaded ? NULL : g_thread_try_new("cs3-simgrid", load, NULL, NULL);
}
