/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Error domain of what the user configures. */
#include "config.h"

#include "base/config-error.h"

G_DEFINE_QUARK(cs3 - config - error - quark, cs3_config_error)
