/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One training step of the whole cluster: MemoryX streams tensors through SwarmX to all wafers,
 * which compute while they arrive; gradients are added up on their way back; the optimizer updates.
 * Activations may leave each wafer for servers in forward and come back in backward.
 * Simulated with SimGrid (step-simgrid.c) and, as the oracle, as a max-plus recurrence
 * (step-oracle.c). */
#pragma once

#include <glib.h>

#include "sim/machine/system.h"
#include "sim/machine/capacity.h"
#include "sim/step/fault.h"

#define CS3_STEP_ERROR (cs3_step_error_quark())
GQuark cs3_step_error_quark(void);

typedef enum {
  CS3_STEP_ERROR_INVALID,  /* the schedule or the system constants make no sense */
  CS3_STEP_ERROR_RESOURCE, /* no pipe, no process, no memory file */
  CS3_STEP_ERROR_DIED,     /* the simulating process ended by a signal or with a failure status */
  CS3_STEP_ERROR_TIMEOUT,  /* it did not answer in time and was stopped */
  CS3_STEP_ERROR_DEADLOCK  /* the simulation ended although the wafer still had work */
} Cs3StepError;

/* One use of one weight group by one micro-batch, in execution order. */
typedef struct {
  double stream_bytes;   /* weights down to the wafer; 0: nothing is streamed (attention, norms) */
  double compute_cycles; /* wafer time once the stream has begun, its own port limit included */
  double gradient_bytes; /* up to MemoryX when the use ends; 0 in forward */
  double update_params;  /* parameters that MemoryX updates once the last micro-batch's gradient is
                            in; needs a weight_group */
  gint32 weight_group; /* >= 0: identity of the weights; a use in the next iteration may stream only
                          after the group's update; -1: none */
  double activation_out_bytes; /* of each wafer to its activation servers when the use ends; the
                                  wafer keeps them until they have left */
  double activation_in_bytes;  /* back from there, whole, before the use begins: what was sent
                                  last is fetched first; all that leaves in a micro-batch is
                                  fetched in it */
} Cs3Use;

typedef struct {
  const Cs3Use *uses; /* of one micro-batch: forward then backward */
  guint n_uses;
  gint64 micro_batches;    /* per system and step */
  gint64 systems;          /* data parallel, each with its share of the batch; 0: one */
  gboolean each;           /* one actor per wafer instead of one per class of equal ones */
  const GArray *faults;    /* (nullable) borrowed, of Cs3Fault, checked against the tree */
  double clock_hz;         /* wafer clock: cycles to seconds */
  double port_bytes_per_s; /* one wafer's network port, payload, each direction */
  double port_latency_s;   /* network to first PE */
} Cs3Schedule;

/* Sums over one step, as a wafer without a fault sees it (the first such one). */
typedef struct {
  double step_s;            /* steady-state time from one iteration to the next */
  double compute_s;         /* wafer busy */
  double stream_wait_s;     /* wafer waiting for weights, activations or room for what leaves */
  double egress_wait_s;     /* the part of stream_wait_s that waits for room for gradients */
  double activation_wait_s; /* the part of stream_wait_s that waits for activations to come back or
                               for room for those that leave; weights and gradients that they slow
                               down are in the rest */
  double boundary_s; /* exposed at the iteration boundary: last gradient, tree, update, broadcast */
  double edge_s;     /* step.edge */
  double bytes_down, bytes_up; /* per step, through one wafer's port */
  double activation_bytes;     /* the part of bytes_up that are activations; they all come back */
} Cs3StepTime;

/*
 * What is simulated, for every use k of every micro-batch in order and every wafer w (i, j: number
 * of gradients and of streams before k; P = swarmx.prefetch; L = port latency + tiers x tier
 * latency, from MemoryX to the first PE, one way; R = the least of MemoryX, each tier of the tree
 * and the port):
 *
 *   s_start(j)   = max(s_end(j-1), max_w c_end of the use of stream j-P, update of k's group)
 *   s_end(j)     = s_start(j) + stream_bytes / R
 *   c_start(w,k) = max(c_end(w,k-1), s_start(j) + L, g_end(i-P))
 *   c_end(w,k)   = max(c_start(w,k) + compute_cycles / (clock x speed of w), s_end(j) + L)
 *   g_end(i)     = max(g_end(i-1), max_w c_end(w,k)) + gradient_bytes / R
 *   u_end(i)     = max(u_end(i-1), g_end(i) + L) + update_params / optimizer rate
 *                                                                     (last micro-batch)
 *
 * Bytes are rounded up to whole ones. A tensor is one flow over all links of the tree: SwarmX
 * copies it on the way down, adds gradients on the way up, loses nothing and cuts through, so that
 * arithmetic starts with the first weights and cannot end before the last; a wafer without a free
 * slot holds the tensor up for all. A use without stream_bytes neither waits for a stream nor takes
 * one of the P staging slots, and likewise for gradients: P of them may wait in front of the port,
 * then the wafer stalls. MemoryX updates in the order of arrival; a group is updated when the last
 * of its gradients is.
 *
 * Activations: every wafer w has servers of its own behind its port. With o and m the outs and
 * ins of a micro-batch, S = activations.staged, A = port latency + activations.latency, and the
 * rates below:
 *
 *   a_start(w,o) = max(a_end(w,o-1), c_end of o's use on w)
 *   b_start(w,m) = max(b_end(w,m-1), c_end on w of the use that took m-S, a_end(w,n) + A)
 *   c_start(w,k) also waits for b_end(w,m) + A of what it takes and a_end(w,o-S) before it sends o
 *
 * where n is the last sent of the tensors that m brings back. In each direction of a port one
 * tensor of weights (gradients) and one of activations may be on their way at once, each in its own
 * order; they share it max-min fairly, each at most at its own rate (R; the servers'). Activations
 * of one wafer that slow weights down do so for all. Then an end is when the bytes have gone at
 * these rates.
 *
 * The edge of the step: with E = step.edge > 0 nothing of an iteration begins before everything of
 * the one before has ended and E has passed. For the first stream j and the first use k of an
 * iteration,
 *
 *   x            = max(max_w c_end(w) of the last use before, u_end of the last gradient) + E
 *   s_start(j)  >= x,   c_start(w,k) >= x
 *
 * which adds E to steps whose first weights are the last to be updated; other steps lose besides
 * what iterations overlap when E is 0.
 *
 * The step is the time from the end of the first micro-batch's last compute to the same event one
 * iteration later, once the whole state (slots, links, pending updates, relative to that event)
 * repeats to 1e-12. Where it comes back after q iterations (up to 16), the mean of these; the mean
 * over the second half of 64 iterations if it never does (a queue that fills by parts in 10,000).
 * boundary_s is the wafer's idle time in front of the iteration's first streamed use, and in front
 * of the edge; all other idle time but the edge is stream_wait_s.
 *
 * Faults that last (stragglers, slow links) are part of every step. Faults with a time are left out
 * of the steady state; cs3_step_disturbed() simulates them.
 */

/**
 * cs3_step_path_rate: bytes per second that MemoryX and the tree bring to the port of each of
 * @systems systems, nothing broken: the rate of the slowest of their links.
 */
double cs3_step_path_rate(const Cs3System *system, gint64 systems);

/** cs3_step_check: every number finite and in range; else %FALSE and which use or key is wrong.
 * Activations that the servers cannot hold are %CS3_FABRIC_ERROR_INFEASIBLE. */
gboolean cs3_step_check(const Cs3Schedule *schedule, const Cs3System *system,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_step_load_ahead: a step will be simulated: load what that takes beside what comes before it.
 * Returns: (transfer full) (nullable): to be joined before that; %NULL: it is loaded, or will be
 * when it is needed.
 */
GThread *cs3_step_load_ahead(void);

/**
 * cs3_step_simulate: the step in SimGrid, in a forked child (one engine per process).
 * compute_s + stream_wait_s + boundary_s + edge_s = step_s to rounding.
 * Micro-batches that repeat are simulated a few times and counted: about 4 of any number.
 * The calling process must have no other running thread (joined ones are fine).
 * Fails when cs3_step_check() does or when the child dies, deadlocks, loses an actor or takes more
 * than an hour: one line, never an abort message.
 */
gboolean cs3_step_simulate(const Cs3Schedule *schedule, const Cs3System *system, Cs3StepTime *time,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct Cs3StepSimulation Cs3StepSimulation;

/**
 * cs3_step_begin, cs3_step_end: the same in two calls: other steps may be begun between them, and
 * what @schedule leads to need not last. The second frees @simulation.
 */
Cs3StepSimulation *cs3_step_begin(const Cs3Schedule *schedule, const Cs3System *system,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean cs3_step_end(Cs3StepSimulation *simulation, Cs3StepTime *time,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_step_kill: (nullable) (transfer full): nobody wants its time. */
void cs3_step_kill(Cs3StepSimulation *simulation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3StepSimulation, cs3_step_kill)

/**
 * cs3_step_oracle: the same step as a max-plus recurrence or, with activations, as a sequence of
 * changes of the shares that lanes have of a port; agrees to 1e-9 (tests).
 * The arguments must pass cs3_step_check().
 */
void cs3_step_oracle(const Cs3Schedule *schedule, const Cs3System *system, Cs3StepTime *time);

/** cs3_step_least: seconds that no step of @schedule is shorter than, less a billionth for what is
 * rounded: what is computed, and the edge. */
double cs3_step_least(const Cs3Schedule *schedule, const Cs3System *system);

/**
 * cs3_step_disturbed: what the faults with a time cost: iterations are simulated with and without
 * them, the faults' times counting from the end of the second iteration.
 * @lost_s: (out): how much later the iterations after the last fault end.
 * @retries: (out): transfers that failed and were begun again.
 * Fails like cs3_step_simulate(), and with %CS3_STEP_ERROR_INVALID when the faults last longer than
 * CS3_STEP_MAX_ITERATIONS iterations.
 */
gboolean cs3_step_disturbed(const Cs3Schedule *schedule, const Cs3System *system, double *lost_s,
                            guint64 *retries, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_step_has_timed: whether @faults (nullable) holds one for cs3_step_disturbed(). */
gboolean cs3_step_has_timed(const GArray *faults);
