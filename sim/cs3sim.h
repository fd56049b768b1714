/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Public interface of libcs3sim. Only types of the C library appear here. */
#pragma once

/** cs3sim_version: (transfer none): the library's version, "major.minor.patch". */
const char *cs3sim_version(void);
