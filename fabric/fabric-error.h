/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Error domain of fabric/. */
#pragma once

#include <glib.h>

#define CS3_FABRIC_ERROR (cs3_fabric_error_quark())
GQuark cs3_fabric_error_quark(void);

typedef enum {
  CS3_FABRIC_ERROR_INVALID,    /* an argument is out of range */
  CS3_FABRIC_ERROR_INFEASIBLE, /* the request is well formed but does not fit the wafer */
  CS3_FABRIC_ERROR_PROGRAM,  /* a PE program broke a rule of the machine (bad route, two inputs on a
                                colour) */
  CS3_FABRIC_ERROR_DEADLOCK, /* wavelets in flight, nothing can move */
  CS3_FABRIC_ERROR_MISTAKE,  /* the model contradicts itself */
} Cs3FabricError;
