/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ARS 4x32 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): rounds of AES
 * whose keys are a Weyl sequence. Seven are what the authors advise; from five on no statistical
 * fault is known. It is no cipher. */
#pragma once

#include <glib.h>

enum { CS3_ARS_ROUNDS = 7 };

/* What each half of the key grows by from round to round: the golden ratio and sqrt(3), less one,
 * in 64 bits. */
#define CS3_ARS_WEYL_LOW G_GUINT64_CONSTANT(0x9e3779b97f4a7c15)
#define CS3_ARS_WEYL_HIGH G_GUINT64_CONSTANT(0xbb67ae8584caa73b)

/**
 * cs3_ars: the 128 bits at @counter under @key after @rounds >= 1, without vector instructions.
 * Low half first, as are the halves of @counter and @key. @out may be @counter.
 */
void cs3_ars(guint rounds, const guint64 counter[2], const guint64 key[2], guint64 out[2]);
