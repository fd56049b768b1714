/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Error domain of fabric/. */
#include "config.h"

#include "fabric/fabric-error.h"

G_DEFINE_QUARK(cs3 - fabric - error - quark, cs3_fabric_error)
