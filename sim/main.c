/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The cs3sim program. */
#include "config.h"

int main(void) {
  return 0;
}
