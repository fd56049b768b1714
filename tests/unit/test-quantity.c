/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers with units: what is read, what is refused and why, what is written. */
#include "config.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/config-error.h"
#include "base/quantity.h"

static const struct {
  const char *text;
  Cs3Unit unit;
  double value;
} good[] = {
    {"16", CS3_UNIT_NONE, 16},
    {"-0.5", CS3_UNIT_NONE, -0.5},
    {"+1.5e3", CS3_UNIT_NONE, 1500},
    {"  7\t", CS3_UNIT_NONE, 7},
    {"0", CS3_UNIT_NONE, 0},
    {"0.35", CS3_UNIT_NONE, 0.35},
    {"9007199254740993", CS3_UNIT_NONE, 9007199254740992.0},
    {"1.1 GHz", CS3_UNIT_HZ, 1.1e9},
    {"1.1GHz", CS3_UNIT_HZ, 1.1e9},
    {"850 MHz", CS3_UNIT_HZ, 850e6},
    {"1.085e9 Hz", CS3_UNIT_HZ, 1.085e9},
    {"1.085e-3 THz", CS3_UNIT_HZ, 1.085e9},
    {"48 KiB", CS3_UNIT_BYTES, 49152},
    {"48 kB", CS3_UNIT_BYTES, 48000},
    {"1.5 MiB", CS3_UNIT_BYTES, 1572864},
    {"2 EiB", CS3_UNIT_BYTES, 2305843009213693952.0},
    {"5EB", CS3_UNIT_BYTES, 5e18},
    {"1.2 Tb/s", CS3_UNIT_BITS_PER_S, 1.2e12},
    {"100 Gb/s", CS3_UNIT_BITS_PER_S, 100e9},
    {"150 GB/s", CS3_UNIT_BYTES_PER_S, 150e9},
    {"21 PB/s", CS3_UNIT_BYTES_PER_S, 21e15},
    {"5 us", CS3_UNIT_SECONDS, 5e-6},
    {"5 \u00b5s", CS3_UNIT_SECONDS, 5e-6},
    {"5 \u03bcs", CS3_UNIT_SECONDS, 5e-6},
    {"12 ns", CS3_UNIT_SECONDS, 12e-9},
    {"3 ms", CS3_UNIT_SECONDS, 3e-3},
    {"0.25 s", CS3_UNIT_SECONDS, 0.25},
    {"23 kW", CS3_UNIT_WATTS, 23e3},
    {"30 mW", CS3_UNIT_WATTS, 30e-3},
    {"3 cycles", CS3_UNIT_CYCLES, 3},
    {"1 cycle", CS3_UNIT_CYCLES, 1},
    {"1.125", CS3_UNIT_CYCLES, 1.125},
    {"75 Gparam/s", CS3_UNIT_PARAMS_PER_S, 75e9},
};

START_TEST(reads) {
  g_autoptr(GError) error = NULL;
  double value = NAN;
  ck_assert_msg(cs3_quantity_parse(good[_i].text, good[_i].unit, &value, &error), "%s",
                error != NULL ? error->message : "");
  /* Exactly: a decimal prefix costs no rounding of its own. */
  ck_assert_msg(value == good[_i].value, "'%s' read as %.17g", good[_i].text, value);
}
END_TEST

static const struct {
  const char *text;
  Cs3Unit unit;
  const char *why; /* must be part of the message */
} bad[] = {
    {"", CS3_UNIT_NONE, "it is empty"},
    {"   ", CS3_UNIT_HZ, "it is empty"},
    {"GHz", CS3_UNIT_HZ, "a decimal number must come first"},
    {".5", CS3_UNIT_NONE, "a decimal number must come first"},
    {"5.", CS3_UNIT_NONE, "a decimal number must come first"},
    {"- 5", CS3_UNIT_NONE, "a decimal number must come first"},
    {"inf", CS3_UNIT_NONE, "a decimal number must come first"},
    {"-Infinity", CS3_UNIT_HZ, "a decimal number must come first"},
    {"nan", CS3_UNIT_NONE, "a decimal number must come first"},
    {"1.1", CS3_UNIT_HZ, "the unit is missing; write it like '1.1 GHz'"},
    {"48", CS3_UNIT_BYTES, "the unit is missing"},
    {"1.1 G", CS3_UNIT_HZ, "wrong unit"},
    {"1.1 ghz", CS3_UNIT_HZ, "wrong unit"},
    {"1.1 GiHz", CS3_UNIT_HZ, "wrong prefix"},
    {"1.1 PHz", CS3_UNIT_HZ, "wrong prefix"},
    {"1.1 GHz x", CS3_UNIT_HZ, "trailing text"},
    {"1.1 GHz ; fast", CS3_UNIT_HZ, "trailing text"},
    {"1.1 G Hz", CS3_UNIT_HZ, "wrong unit"},
    {"48 KB", CS3_UNIT_BYTES, "k (1000) and Ki (1024)"},
    {"48 b", CS3_UNIT_BYTES, "wrong unit"},
    {"1.2 TB/s", CS3_UNIT_BITS_PER_S, "a rate in bits per second"},
    {"150 Gb/s", CS3_UNIT_BYTES_PER_S, "a rate in bytes per second"},
    {"5 Ms", CS3_UNIT_SECONDS, "wrong prefix"},
    {"5 min", CS3_UNIT_SECONDS, "wrong unit"},
    {"5 KW", CS3_UNIT_WATTS, "wrong unit"},
    {"5 kcycles", CS3_UNIT_CYCLES, "wrong unit"},
    {"5 cycl", CS3_UNIT_CYCLES, "wrong unit"},
    {"5 cycles", CS3_UNIT_NONE, "nothing may follow the number"},
    {"50%", CS3_UNIT_NONE, "nothing may follow the number"},
    {"1 2", CS3_UNIT_NONE, "nothing may follow the number"},
    {"9/8", CS3_UNIT_CYCLES, "wrong unit"},
    {"0x10", CS3_UNIT_NONE, "hexadecimal"},
    {"0x1p3 Hz", CS3_UNIT_HZ, "hexadecimal"},
    {"1,1 GHz", CS3_UNIT_HZ, "a decimal fraction takes a point"},
    {"1e400", CS3_UNIT_NONE, "too large or too small"},
    {"1e-400", CS3_UNIT_NONE, "too large or too small"},
    {"1e300 EB", CS3_UNIT_BYTES, "too large or too small"},
    {"1e308 EiB", CS3_UNIT_BYTES, "too large or too small"},
    {"1e99999999999999999999", CS3_UNIT_NONE, "too large or too small"},
    {"1e-99999999999999999999", CS3_UNIT_NONE, "too large or too small"},
    {"00000000000000000000000000000000000000000000000000000000000000000000000001", CS3_UNIT_NONE,
     "too many digits"},
    {"5 \xff\xfe", CS3_UNIT_NONE, "nothing may follow the number"},
};

START_TEST(refuses) {
  g_autoptr(GError) error = NULL;
  double value = 42;
  ck_assert_msg(!cs3_quantity_parse(bad[_i].text, bad[_i].unit, &value, &error), "'%s' read as %g",
                bad[_i].text, value);
  ck_assert(g_error_matches(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_VALUE));
  ck_assert_msg(strstr(error->message, bad[_i].why) != NULL, "'%s': %s", bad[_i].text,
                error->message);
  ck_assert_msg(strstr(error->message, cs3_quantity_example(bad[_i].unit)) != NULL, "%s",
                error->message);
  ck_assert_msg(g_utf8_validate(error->message, -1, NULL), "message is not UTF-8");
  ck_assert_double_eq(value, 42);
}
END_TEST

static const struct {
  double value;
  Cs3Unit unit;
  const char *text;
} written[] = {
    {0, CS3_UNIT_HZ, "0 Hz"},
    {1.1e9, CS3_UNIT_HZ, "1.1 GHz"},
    {0.85e9, CS3_UNIT_HZ, "850 MHz"},
    {5e15, CS3_UNIT_HZ, "5000 THz"},
    {49152, CS3_UNIT_BYTES, "48 KiB"},
    {48000, CS3_UNIT_BYTES, "48 kB"},
    {512, CS3_UNIT_BYTES, "512 B"},
    {24e12, CS3_UNIT_BYTES, "24 TB"},
    {4e15, CS3_UNIT_BYTES_PER_S, "4 PB/s"},
    {1.2e12, CS3_UNIT_BITS_PER_S, "1.2 Tb/s"},
    {5e-6, CS3_UNIT_SECONDS, "5 us"},
    {2.5e-12, CS3_UNIT_SECONDS, "0.0025 ns"},
    {90, CS3_UNIT_SECONDS, "90 s"},
    {23e3, CS3_UNIT_WATTS, "23 kW"},
    {0.03, CS3_UNIT_WATTS, "30 mW"},
    {1, CS3_UNIT_CYCLES, "1 cycle"},
    {1.125, CS3_UNIT_CYCLES, "1.125 cycles"},
    {75e9, CS3_UNIT_PARAMS_PER_S, "75 Gparam/s"},
    {900000, CS3_UNIT_NONE, "900000"},
    {0.7, CS3_UNIT_NONE, "0.7"},
    {-0.25, CS3_UNIT_NONE, "-0.25"},
    {1e300, CS3_UNIT_NONE, "1e300"},
    {1.25e-300, CS3_UNIT_NONE, "1.25e-300"},
};

START_TEST(percentages) {
  double value = -1;
  ck_assert(cs3_percent("70%", &value) && value == 0.7);
  ck_assert(cs3_percent(" 33.3 % ", &value) && value == 0.333);
  ck_assert(!cs3_percent("70", &value) && !cs3_percent("%", &value) && !cs3_percent("7%%", &value));
}
END_TEST

static const struct {
  const char *text;
  gboolean share;
  const char *hint;
} hints[] = {
    {"70", TRUE, "; for 70 % write 0.7"},
    {"4k", FALSE, "; write 4000 or 4096"},
    {"1.5K", FALSE, "; write 1500 or 1536"},
    {"80B", FALSE, "; write 8e10"},
    {"1.3M", FALSE, "; write 1.3e6"},
    {"2T", FALSE, "; write 2e12"},
    {"4kk", FALSE, ""},
    {"0.5", TRUE, ""},
    {"700", TRUE, ""},
    {"-4k", FALSE, ""},
    {"x", FALSE, ""},
};

START_TEST(number_hints) {
  g_autofree char *hint = cs3_number_hint(hints[_i].text, hints[_i].share);
  ck_assert_str_eq(hint, hints[_i].hint);
}
END_TEST

START_TEST(writes) {
  g_autofree char *text = cs3_quantity_format(written[_i].value, written[_i].unit);
  ck_assert_str_eq(text, written[_i].text);
}
END_TEST

/* Any double of a magnitude that the unit can meet comes back as the same double. */
START_TEST(round_trip) {
  guint32 seed = g_random_int();
  g_autoptr(GRand) random = g_rand_new_with_seed(seed);
  for (int i = 0; i < 5000; i++) {
    Cs3Unit unit = (Cs3Unit)g_rand_int_range(random, CS3_UNIT_NONE, CS3_UNIT_PARAMS_PER_S + 1);
    double value = ldexp(g_rand_double_range(random, -1, 1), g_rand_int_range(random, -60, 90));
    if (g_rand_int_range(random, 0, 3) == 0)
      value = floor(value); /* as most configured values are */
    g_autofree char *text = cs3_quantity_format(value, unit);
    g_autoptr(GError) error = NULL;
    double back = NAN;
    ck_assert_msg(cs3_quantity_parse(text, unit, &back, &error), "seed %u: %.17g as '%s': %s", seed,
                  value, text, error != NULL ? error->message : "");
    ck_assert_msg(back == value, "seed %u: %.17g as '%s' is %.17g", seed, value, text, back);
  }
}
END_TEST

/* Random strings over the characters that matter: never a crash, never a value beside an error. */
START_TEST(random_text) {
  static const char alphabet[] = "0123456789+-.eEkKMGTPiBbHzs/cyleuWparm \t,xn";
  guint32 seed = g_random_int();
  g_autoptr(GRand) random = g_rand_new_with_seed(seed);
  for (int i = 0; i < 20000; i++) {
    char text[13] = "";
    int length = g_rand_int_range(random, 0, sizeof text);
    for (int c = 0; c < length; c++)
      text[c] = alphabet[g_rand_int_range(random, 0, sizeof alphabet - 1)];
    Cs3Unit unit = (Cs3Unit)g_rand_int_range(random, CS3_UNIT_NONE, CS3_UNIT_PARAMS_PER_S + 1);
    g_autoptr(GError) error = NULL;
    double value = NAN;
    gboolean ok = cs3_quantity_parse(text, unit, &value, &error);
    ck_assert_msg(ok ? isfinite(value) && error == NULL : error != NULL, "seed %u: '%s'", seed,
                  text);
  }
}
END_TEST

static Suite *quantity_suite(void) {
  Suite *suite = suite_create("quantity");
  TCase *read = tcase_create("read");
  tcase_add_loop_test(read, reads, 0, G_N_ELEMENTS(good));
  tcase_add_loop_test(read, refuses, 0, G_N_ELEMENTS(bad));
  tcase_add_test(read, random_text);
  tcase_add_test(read, percentages);
  tcase_add_loop_test(read, number_hints, 0, G_N_ELEMENTS(hints));
  suite_add_tcase(suite, read);
  TCase *write = tcase_create("write");
  tcase_add_loop_test(write, writes, 0, G_N_ELEMENTS(written));
  tcase_add_test(write, round_trip);
  suite_add_tcase(suite, write);
  return suite;
}

int main(void) {
  SRunner *runner = srunner_create(quantity_suite());
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
