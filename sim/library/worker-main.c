/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The worker of libcs3sim, a program that is all in the library. */
#include "config.h"

#include "sim/library/library.h"

int main(int argc, char **argv) {
  return cs3sim_worker_main(argc, argv);
}
