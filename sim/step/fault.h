/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What may be wrong with a cluster: slow systems, slow or failing links, foreign traffic, lost
 * systems. */
#pragma once

#include <glib.h>

#include "sim/step/tree.h"

typedef enum {
  CS3_FAULT_STRAGGLER, /* a system with a slower clock */
  CS3_FAULT_LINK,      /* a link of SwarmX, both directions, slow or down */
  CS3_FAULT_TRAFFIC,   /* a transfer of someone else down a link */
  CS3_FAULT_SYSTEM,    /* a system is lost and replaced */
} Cs3FaultKind;

typedef struct {
  Cs3FaultKind kind;
  guint tier;          /* LINK, TRAFFIC: link tier.index (sim/step/tree.h) */
  gint64 index;        /* of the link or the system, from 0 */
  double share;        /* STRAGGLER, LINK: of clock or rate that is left; 0: the link is down */
  double bytes;        /* TRAFFIC */
  gboolean timed;      /* LINK, TRAFFIC: begins at from_s, not with the simulation */
  double from_s, to_s; /* LINK: to_s is INFINITY when it is for good; SYSTEM: from_s only */
  double from_share;   /* SYSTEM: of the whole run's time; negative: from_s counts */
} Cs3Fault;

/**
 * cs3_fault_parse: one fault as users write it:
 *   straggler:SYSTEM=SPEED        straggler:7=0.9      system 7 works at 0.9 of its clock
 *   link:TIER.INDEX=RATE[@T[..T]] link:1.3=0.5         link 3 of tier 1 at half its rate
 *                                 link:2.0=0@5ms..20ms down from 5 ms on for 15 ms
 *   traffic:TIER.INDEX=BYTES[@T]  traffic:1.0=10GB@1ms
 *   system:SYSTEM@T               system:5@50%         lost in the middle of the run; also 3d, 2h
 * Times count from the beginning of a step (link, traffic) or of the run (system).
 * Fails in CS3_CONFIG_ERROR.
 */
gboolean cs3_fault_parse(const char *text, Cs3Fault *fault,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_fault_check: that what @fault names exists in @tree. @text: as the user wrote it. */
gboolean cs3_fault_check(const Cs3Fault *fault, const char *text, const Cs3Tree *tree,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_faults_parse: all of @texts (nullable, NULL-terminated), checked against @tree and one
 * another: no two of the same system or link at the same time.
 * @prefix: what stands before a message: "--fault".
 * Returns: (transfer full) (nullable) (element-type Cs3Fault): empty when there are none.
 */
GArray *cs3_faults_parse(const char *const *texts, const Cs3Tree *tree, const char *prefix,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
