/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The machinery behind parameter tables, on a small table of its own, and the rules that every
 * table of the program keeps. */
#include "config.h"

#include <check.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "fabric/hardware.h"
#include "base/config-error.h"
#include "sim/machine/params.h"
#include "sim/machine/system.h"

typedef struct {
  gint64 slots;
  double clock_hz;
  int colour;
  struct {
    gint64 bytes;
  } inner;
} Thing;

static const char *const colours[] = {"red", "green", "blue", NULL};

static const Cs3Param thing_params[] = {
    {"thing", "slots", CS3_PARAM_INT, CS3_UNIT_NONE, offsetof(Thing, slots), 1, 64, 2, 8, NULL,
     CS3_EVIDENCE_UNPUBLISHED, "none", "Slots."},
    {"thing", "clock", CS3_PARAM_REAL, CS3_UNIT_HZ, offsetof(Thing, clock_hz), 1e6, 1e10, 0, 0,
     NULL, CS3_EVIDENCE_VENDOR, "none", "Clock."},
    {"thing", "colour", CS3_PARAM_ENUM, CS3_UNIT_NONE, offsetof(Thing, colour), 0, 2, 0, 0, colours,
     CS3_EVIDENCE_VENDOR, "none", "Colour."},
    {"inner", "size", CS3_PARAM_INT, CS3_UNIT_BYTES, offsetof(Thing, inner.bytes), 0, 1e12, 0, 0,
     NULL, CS3_EVIDENCE_VENDOR, "none", "Size."},
};
static const Cs3ParamTable thing_table = {thing_params, G_N_ELEMENTS(thing_params)};
enum { SLOTS, CLOCK, COLOUR, SIZE };

START_TEST(members) {
  Thing thing = {0};
  ck_assert(cs3_param_set(&thing_params[SLOTS], &thing, 5, NULL));
  ck_assert(cs3_param_set(&thing_params[CLOCK], &thing, 1.1e9, NULL));
  ck_assert(cs3_param_set(&thing_params[COLOUR], &thing, 2, NULL));
  ck_assert(cs3_param_set(&thing_params[SIZE], &thing, 49152, NULL));
  ck_assert_int_eq(thing.slots, 5);
  ck_assert_double_eq(thing.clock_hz, 1.1e9);
  ck_assert_int_eq(thing.colour, 2);
  ck_assert_int_eq(thing.inner.bytes, 49152);
  static const char *const texts[] = {"5", "1.1 GHz", "blue", "48 KiB"};
  for (guint i = 0; i < thing_table.n_params; i++) {
    g_autofree char *text =
        cs3_param_format(&thing_params[i], cs3_param_get(&thing_params[i], &thing));
    ck_assert_str_eq(text, texts[i]);
    double value = NAN;
    ck_assert(cs3_param_read(&thing_params[i], text, &value, NULL));
    ck_assert_double_eq(value, cs3_param_get(&thing_params[i], &thing));
  }
  ck_assert(cs3_param_uncertain(&thing_params[SLOTS]));
  ck_assert(!cs3_param_uncertain(&thing_params[CLOCK]));
}
END_TEST

static const struct {
  int row;
  const char *text;
  Cs3ConfigError code;
  const char *message;
} bad[] = {
    {SLOTS, "0", CS3_CONFIG_ERROR_RANGE, "0 is out of range; accepted: 1 .. 64"},
    {SLOTS, "65", CS3_CONFIG_ERROR_RANGE, "65 is out of range; accepted: 1 .. 64"},
    {SLOTS, "2.5", CS3_CONFIG_ERROR_VALUE, "2.5 is not a whole number"},
    {SLOTS, "2 GHz", CS3_CONFIG_ERROR_VALUE, "'2 GHz' is not a bare number"},
    {CLOCK, "1 Hz", CS3_CONFIG_ERROR_RANGE, "1 Hz is out of range; accepted: 1 MHz .. 10 GHz"},
    {CLOCK, "1.1", CS3_CONFIG_ERROR_VALUE, "'1.1' is not a frequency: the unit is missing"},
    {SIZE, "1.5 B", CS3_CONFIG_ERROR_VALUE, "1.5 B is not a whole number of B"},
    {COLOUR, "gren", CS3_CONFIG_ERROR_UNKNOWN,
     "'gren' is not one of red, green, blue; did you mean green?"},
    {COLOUR, "Red", CS3_CONFIG_ERROR_UNKNOWN, "'Red' is not one of red, green, blue"},
    {COLOUR, "1", CS3_CONFIG_ERROR_UNKNOWN, "'1' is not one of red, green, blue"},
};

START_TEST(refuses) {
  g_autoptr(GError) error = NULL;
  double value = NAN;
  ck_assert(!cs3_param_read(&thing_params[bad[_i].row], bad[_i].text, &value, &error));
  ck_assert_msg(g_error_matches(error, CS3_CONFIG_ERROR, bad[_i].code), "%s", error->message);
  ck_assert_msg(g_str_has_prefix(error->message, bad[_i].message), "%s", error->message);
}
END_TEST

START_TEST(refuses_no_number) {
  Thing thing = {.clock_hz = 7};
  static const double values[] = {NAN, INFINITY, -INFINITY};
  for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
    g_autoptr(GError) error = NULL;
    ck_assert(!cs3_param_set(&thing_params[CLOCK], &thing, values[i], &error));
    ck_assert(g_error_matches(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_VALUE));
    ck_assert_double_eq(thing.clock_hz, 7);
  }
}
END_TEST

START_TEST(finds) {
  Thing thing = {0};
  Cs3System system = {0};
  const Cs3ParamBinding bindings[] = {
      {&thing_table, &thing}, {cs3_system_table(), &system}, {NULL, NULL}};
  const Cs3ParamBinding *binding = NULL;
  ck_assert_ptr_eq(cs3_params_find(bindings, "inner", "size", &binding), &thing_params[SIZE]);
  ck_assert_ptr_eq(binding->base, &thing);
  const Cs3Param *fan_out = cs3_params_find_name(bindings, "swarmx.fan_out", &binding, NULL);
  ck_assert_str_eq(fan_out->key, "fan_out");
  ck_assert_ptr_eq(binding->base, &system);
  ck_assert_ptr_null(cs3_params_find(bindings, "thing", "size", NULL));
}
END_TEST

static const struct {
  const char *name, *message;
} unknown[] = {
    {"thing.slot", "unknown key 'slot' in [thing]; did you mean slots?"},
    {"thing.zebra", "unknown key 'zebra' in [thing]; known: slots, clock, colour"},
    {"thing.size", "unknown key 'size' in [thing]; did you mean inner.size?"},
    {"thinq.zebra", "unknown group 'thinq'; did you mean thing?"},
    {"thinq.clock", "unknown group 'thinq'; did you mean thing.clock?"},
    {"clock", "unknown parameter 'clock'; did you mean thing.clock?"},
    {"clok", "unknown parameter 'clok'; did you mean thing.clock?"},
    {"iner", "unknown parameter 'iner'; did you mean inner?"},
    {"zebra", "unknown parameter 'zebra'; known: thing, inner"},
    {"", "unknown parameter ''; known: thing, inner"},
    {".", "unknown group ''; known: thing, inner"},
    {"thing.", "unknown key '' in [thing]; known: slots, clock, colour"},
};

START_TEST(suggests) {
  const Cs3ParamBinding bindings[] = {{&thing_table, NULL}, {NULL, NULL}};
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(cs3_params_find_name(bindings, unknown[_i].name, NULL, &error));
  ck_assert(g_error_matches(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN));
  ck_assert_str_eq(error->message, unknown[_i].message);
}
END_TEST

static void check_text(const Cs3Param *param, const char *text, const char *what) {
  ck_assert_msg(text != NULL && text[0] != '\0', "%s.%s has no %s", param->group, param->key, what);
  ck_assert_msg(text[strlen(text) - 1] != ' ', "%s.%s: %s ends in a space", param->group,
                param->key, what);
}

static void check_row(const Cs3Param *param) {
  check_text(param, param->group, "group");
  check_text(param, param->key, "key");
  check_text(param, param->source, "source");
  check_text(param, param->help, "help");
  ck_assert_msg(g_str_has_suffix(param->help, "."), "%s.%s: help is not a sentence", param->group,
                param->key);
  ck_assert_msg(param->min < param->max, "%s.%s: empty range", param->group, param->key);
  gboolean sampled = cs3_param_uncertain(param);
  ck_assert_msg(param->plausible_min <= param->plausible_max, "%s.%s", param->group, param->key);
  ck_assert_msg(!sampled ||
                    (param->min <= param->plausible_min && param->plausible_max <= param->max),
                "%s.%s: plausible range beyond the accepted one", param->group, param->key);
  ck_assert_msg((param->type == CS3_PARAM_ENUM) == (param->choices != NULL), "%s.%s: choices",
                param->group, param->key);
  ck_assert_msg(param->choices == NULL ||
                    g_strv_length((char **)param->choices) == (guint)param->max + 1,
                "%s.%s: %g choices", param->group, param->key, param->max + 1);
  /* What nobody has published must be sampled, unless it is a choice of kernel. */
  ck_assert_msg(param->evidence != CS3_EVIDENCE_UNPUBLISHED || sampled || param->choices != NULL,
                "%s.%s is unpublished and has no plausible range", param->group, param->key);
}

static gsize member_size(const Cs3Param *param) {
  return param->type == CS3_PARAM_ENUM ? sizeof(int) : sizeof(gint64);
}

/* Every byte of the struct belongs to one row: a member cannot be forgotten, and two rows cannot
 * share one. Less than a gint64 may be left where an odd number of enums needs padding. */
static void check_table(const Cs3ParamTable *table, gsize struct_size) {
  g_autofree guint8 *owner = g_malloc0(struct_size);
  g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < table->n_params; i++) {
    const Cs3Param *param = &table->params[i];
    check_row(param);
    ck_assert_msg(g_hash_table_add(names, cs3_param_name(param)), "%s.%s: twice", param->group,
                  param->key);
    for (gsize byte = param->offset; byte < param->offset + member_size(param); byte++) {
      ck_assert_uint_lt(byte, struct_size);
      ck_assert_msg(owner[byte]++ == 0, "%s.%s shares its member", param->group, param->key);
    }
  }
  gsize free_bytes = 0;
  for (gsize byte = 0; byte < struct_size; byte++) {
    free_bytes = owner[byte] == 0 ? free_bytes + 1 : 0;
    ck_assert_msg(free_bytes < sizeof(gint64), "the member before byte %zu has no row", byte);
  }
}

START_TEST(tables) {
  check_table(cs3_hardware_table(), sizeof(Cs3Hardware));
  check_table(cs3_system_table(), sizeof(Cs3System));
}
END_TEST

static Suite *params_suite(void) {
  Suite *suite = suite_create("params");
  TCase *machinery = tcase_create("machinery");
  tcase_add_test(machinery, members);
  tcase_add_loop_test(machinery, refuses, 0, G_N_ELEMENTS(bad));
  tcase_add_test(machinery, refuses_no_number);
  tcase_add_test(machinery, finds);
  tcase_add_loop_test(machinery, suggests, 0, G_N_ELEMENTS(unknown));
  suite_add_tcase(suite, machinery);
  TCase *rows = tcase_create("tables");
  tcase_add_test(rows, tables);
  suite_add_tcase(suite, rows);
  return suite;
}

int main(void) {
  SRunner *runner = srunner_create(params_suite());
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
