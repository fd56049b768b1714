/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Texts with a grammar of their own: every line is a fault, a pattern, a choice of the mapper and a
 * value of a sweep's axes. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include <math.h>

#include "sim/map/mapper.h"
#include "sim/run/lengths.h"
#include "sim/step/fault.h"
#include "sim/study/sweep-axes.h"
#include "workloads/pattern.h"

static const char *const seeds[] = {"tests/fuzz/seeds/choices", NULL};

static void try_pattern(const char *text) {
  g_autoptr(GError) error = NULL, again_error = NULL;
  Cs3Pattern pattern = {0}, again = {0};
  gboolean ok = cs3_pattern_parse(&pattern, text, &error);
  fuzz_verdict(ok, error);
  /* What is written of it is read as the same. */
  if (ok) {
    g_assert(cs3_pattern_parse(&again, pattern.text, &again_error));
    g_assert_cmpstr(pattern.text, ==, again.text);
  }
}

static void try_fault(const char *text) {
  g_autoptr(GError) error = NULL;
  Cs3Fault fault = {0};
  gboolean ok = cs3_fault_parse(text, &fault, &error);
  fuzz_verdict(ok, error);
}

static void try_map(const char *text) {
  g_autoptr(GError) error = NULL;
  Cs3MapForce force = CS3_MAP_FREE;
  gboolean ok = cs3_map_force_parse(&force, text, &error);
  fuzz_verdict(ok, error);
}

static void try_attention(const char *text) {
  g_autoptr(GError) error = NULL;
  Cs3Lengths lengths = {0};
  gboolean ok = cs3_attention_parse(text, &lengths, &error);
  fuzz_verdict(ok, error);
}

static void try_axis(const char *text) {
  static const char *const keys[] = {"sparsity", "batch", "io.rate", "pattern"};
  for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(Cs3Axes) axes = cs3_axes_new();
    gboolean ok = cs3_axes_add(axes, keys[i], text, "input", &error);
    fuzz_verdict(ok, error);
  }
}

static void try_line(const char *line) {
  /* What is no text the frame of the command line mends in print. */
  g_autofree char *text = g_utf8_make_valid(line, -1);
  try_pattern(text);
  try_fault(text);
  try_map(text);
  try_attention(text);
  try_axis(text);
}

const FuzzTarget fuzz_target = {.seeds = seeds, .line = try_line};
