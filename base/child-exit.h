/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a forked child ends. */
#pragma once

#include "config.h"

#include <glib.h>
#include <unistd.h>

#ifdef CS3_COVERAGE
void __gcov_dump(void);
#endif

/** cs3_child_exit: ends the process as _exit() does, without what exit() would do a second time for
 * the parent; a coverage build counts what the child ran. */
static inline G_GNUC_NORETURN void cs3_child_exit(int status) {
#ifdef CS3_COVERAGE
  __gcov_dump();
#endif
  _exit(status);
}
