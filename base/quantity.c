/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers with units, as text. */
#include "config.h"

#include "base/quantity.h"

#include "base/config-error.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Longer numbers carry no more information than a double holds. */
#define MAX_NUMBER 64
#define MAX_EXPONENT 9999

typedef struct {
  const char *symbol;
  int exponent10; /* of a decimal prefix */
  int exponent2;  /* of a binary prefix */
} Prefix;

/* Both micro signs of Unicode are read; "u" is written. */
static const Prefix prefixes[] = {
    {"n", -9, 0},  {"u", -6, 0},  {"\u00b5", -6, 0}, {"\u03bc", -6, 0}, {"m", -3, 0},
    {"", 0, 0},    {"k", 3, 0},   {"M", 6, 0},       {"G", 9, 0},       {"T", 12, 0},
    {"P", 15, 0},  {"E", 18, 0},  {"Ki", 0, 10},     {"Mi", 0, 20},     {"Gi", 0, 30},
    {"Ti", 0, 40}, {"Pi", 0, 50}, {"Ei", 0, 60},
};

typedef struct {
  const char *kind; /* for messages */
  const char *symbol;
  const char *example;
  int low10, high10; /* smallest and largest decimal prefix */
  gboolean binary;   /* binary prefixes too */
} Unit;

static const Unit units[] = {
    [CS3_UNIT_NONE] = {"a bare number", "", "16", 0, 0, FALSE},
    [CS3_UNIT_CYCLES] = {"a number of cycles", "cycles", "5 cycles", 0, 0, FALSE},
    [CS3_UNIT_HZ] = {"a frequency", "Hz", "1.1 GHz", 0, 12, FALSE},
    [CS3_UNIT_BYTES] = {"a size in bytes", "B", "48 KiB", 0, 18, TRUE},
    [CS3_UNIT_BITS_PER_S] = {"a rate in bits per second", "b/s", "1.2 Tb/s", 0, 18, FALSE},
    [CS3_UNIT_BYTES_PER_S] = {"a rate in bytes per second", "B/s", "150 GB/s", 0, 18, FALSE},
    [CS3_UNIT_SECONDS] = {"a time", "s", "5 us", -9, 0, FALSE},
    [CS3_UNIT_WATTS] = {"a power", "W", "23 kW", -3, 9, FALSE},
    [CS3_UNIT_PARAMS_PER_S] = {"a rate in parameters per second", "param/s", "75 Gparam/s", 0, 18,
                               FALSE},
};

const char *cs3_quantity_unit(Cs3Unit unit) {
  return units[unit].symbol;
}

const char *cs3_quantity_example(Cs3Unit unit) {
  return units[unit].example;
}

static gboolean refuse(const char *text, const Unit *unit, const char *why, GError **error) {
  g_autofree char *shown = g_utf8_make_valid(text, (gssize)strnlen(text, MAX_NUMBER));
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_VALUE,
              "'%s' is not %s: %s; write it like '%s'", shown, unit->kind, why, unit->example);
  return FALSE;
}

static const char *skip_digits(const char *p) {
  while (g_ascii_isdigit(*p))
    p++;
  return p;
}

/* The end of [+-]digits[.digits]; NULL when @p does not start so. */
static const char *scan_mantissa(const char *p) {
  if (*p == '+' || *p == '-')
    p++;
  const char *end = skip_digits(p);
  if (end == p)
    return NULL;
  if (*end != '.')
    return end;
  const char *fraction = end + 1;
  end = skip_digits(fraction);
  return end == fraction ? NULL : end;
}

/* e[+-]digits at @p, if it is there (the E of "5 EB" is a prefix). */
static const char *scan_exponent(const char *p, long *exponent) {
  *exponent = 0;
  if (*p != 'e' && *p != 'E')
    return p;
  const char *digits = p + 1 + (p[1] == '+' || p[1] == '-');
  if (!g_ascii_isdigit(*digits))
    return p;
  *exponent = CLAMP(strtol(p + 1, NULL, 10), -MAX_EXPONENT, MAX_EXPONENT);
  return skip_digits(digits);
}

static gboolean allowed(const Unit *unit, const Prefix *prefix) {
  if (prefix->exponent2 != 0)
    return unit->binary;
  return prefix->exponent10 >= unit->low10 && prefix->exponent10 <= unit->high10;
}

static const Prefix *no_prefix(void) {
  for (gsize i = 0;; i++)
    if (prefixes[i].symbol[0] == '\0')
      return &prefixes[i];
}

/* The prefix of the unit text @rest, which must be exactly PREFIX SYMBOL; NULL otherwise. */
static const Prefix *scan_unit(const char *rest, Cs3Unit unit) {
  if (unit == CS3_UNIT_CYCLES && (rest[0] == '\0' || g_str_equal(rest, "cycle")))
    return no_prefix();
  gsize symbol = strlen(units[unit].symbol), length = strlen(rest);
  if (length < symbol || !g_str_equal(rest + length - symbol, units[unit].symbol))
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++)
    if (strlen(prefixes[i].symbol) == length - symbol && allowed(&units[unit], &prefixes[i]) &&
        strncmp(rest, prefixes[i].symbol, length - symbol) == 0)
      return &prefixes[i];
  return NULL;
}

static const char *unit_complaint(const char *rest, Cs3Unit unit) {
  if (rest[0] == '\0')
    return "the unit is missing";
  if (rest[0] == ',')
    return "a decimal fraction takes a point";
  if (rest[0] == 'x' || rest[0] == 'X')
    return "hexadecimal numbers are not read";
  if (unit == CS3_UNIT_NONE)
    return "nothing may follow the number";
  if (units[unit].binary && rest[0] == 'K')
    return "the prefixes are k (1000) and Ki (1024)";
  return "wrong unit, wrong prefix or trailing text";
}

gboolean cs3_quantity_parse(const char *text, Cs3Unit unit, double *value, GError **error) {
  const Unit *u = &units[unit];
  g_autofree char *copy = g_strstrip(g_strdup(text));
  const char *mantissa_end = scan_mantissa(copy);
  if (mantissa_end == NULL)
    return refuse(text, u, copy[0] == '\0' ? "it is empty" : "a decimal number must come first",
                  error);
  if (mantissa_end - copy > MAX_NUMBER)
    return refuse(text, u, "too many digits", error);
  long exponent = 0;
  const char *rest = scan_exponent(mantissa_end, &exponent);
  while (g_ascii_isspace(*rest))
    rest++;
  const Prefix *prefix = scan_unit(rest, unit);
  if (prefix == NULL)
    return refuse(text, u, unit_complaint(rest, unit), error);

  /* A decimal prefix joins the exponent before the one rounding to double, so that "1.1 GHz" is
   * the same number as 1.1e9; a binary prefix scales without rounding. */
  g_autofree char *decimal =
      g_strdup_printf("%.*se%ld", (int)(mantissa_end - copy), copy, exponent + prefix->exponent10);
  errno = 0;
  double parsed = g_ascii_strtod(decimal, NULL);
  int range = errno;
  parsed = ldexp(parsed, prefix->exponent2);
  if (range == ERANGE || !isfinite(parsed))
    return refuse(text, u, "too large or too small for a number", error);
  *value = parsed;
  return TRUE;
}

/* @value = 0.DIGITS x 10^point, with the fewest digits that give the same double. */
static char *shortest_digits(double value, int *point) {
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];
  for (int precision = 0; precision < 17; precision++) {
    char format[8];
    g_snprintf(format, sizeof format, "%%.%de", precision);
    g_ascii_formatd(buffer, sizeof buffer, format, value);
    if (g_ascii_strtod(buffer, NULL) == value)
      break;
  }
  char *e = strchr(buffer, 'e');
  *point = (int)strtol(e + 1, NULL, 10) + 1;
  GString *digits = g_string_new(NULL);
  for (const char *p = buffer; p < e; p++)
    if (g_ascii_isdigit(*p))
      g_string_append_c(digits, *p);
  while (digits->len > 1 && digits->str[digits->len - 1] == '0')
    g_string_truncate(digits, digits->len - 1);
  return g_string_free(digits, FALSE);
}

/* 0.DIGITS x 10^point in plain notation, or with an exponent when that would be long. */
static char *place_point(const char *digits, int point) {
  int n = (int)strlen(digits);
  if (point > 21 || point < -5)
    return g_strdup_printf("%c%s%se%d", digits[0], n > 1 ? "." : "", digits + 1, point - 1);
  if (point <= 0)
    return g_strdup_printf("0.%.*s%s", -point, "00000", digits);
  if (n > point)
    return g_strdup_printf("%.*s.%s", point, digits, digits + point);
  g_autofree char *zeros = g_strnfill((gsize)(point - n), '0');
  return g_strconcat(digits, zeros, NULL);
}

static char *with_prefix(double magnitude, const Prefix *prefix, const Unit *unit) {
  int point = 0;
  g_autofree char *digits = shortest_digits(ldexp(magnitude, -prefix->exponent2), &point);
  g_autofree char *number = place_point(digits, point - prefix->exponent10);
  gboolean one_cycle = unit == &units[CS3_UNIT_CYCLES] && g_str_equal(number, "1");
  const char *symbol = one_cycle ? "cycle" : unit->symbol;
  const char *space = symbol[0] != '\0' ? " " : "";
  return g_strconcat(number, space, prefix->symbol, symbol, NULL);
}

/* Worth trying: the largest decimal prefix that leaves a number >= 1, and every binary prefix that
 * does so. */
static gboolean suits(const Prefix *prefix, const Unit *unit, double magnitude) {
  if (!allowed(unit, prefix) || (guchar)prefix->symbol[0] >= 0x80)
    return FALSE;
  if (prefix->exponent2 != 0)
    return magnitude >= ldexp(1, prefix->exponent2);
  double scale = pow(10, prefix->exponent10);
  gboolean lowest = prefix->exponent10 == unit->low10;
  gboolean highest = prefix->exponent10 == unit->high10;
  return (lowest || magnitude >= scale) && (highest || magnitude < scale * 1000);
}

char *cs3_quantity_format(double value, Cs3Unit unit) {
  const Unit *u = &units[unit];
  double magnitude = fabs(value);
  g_autofree char *best = NULL;
  if (magnitude == 0)
    best = with_prefix(0, no_prefix(), u);
  for (gsize i = 0; magnitude > 0 && i < G_N_ELEMENTS(prefixes); i++) {
    if (!suits(&prefixes[i], u, magnitude))
      continue;
    g_autofree char *text = with_prefix(magnitude, &prefixes[i], u);
    if (best == NULL || strlen(text) < strlen(best)) {
      g_free(best);
      best = g_steal_pointer(&text);
    }
  }
  return g_strconcat(value < 0 ? "-" : "", best, NULL);
}

char *cs3_number_text(double value) {
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  for (int digits = 15; digits <= 17; digits++) {
    char format[8];
    g_snprintf(format, sizeof format, "%%.%dg", digits);
    g_ascii_formatd(text, sizeof text, format, value);
    if (g_ascii_strtod(text, NULL) == value)
      break;
  }
  return g_strdup(text);
}

gboolean cs3_percent(const char *text, double *value) {
  g_autofree char *copy = g_strstrip(g_strdup(text));
  const char *end = scan_mantissa(copy);
  if (end == NULL || end - copy > MAX_NUMBER || strcmp(end + strspn(end, " "), "%") != 0)
    return FALSE;
  /* One rounding: 70% is the same number as 0.7. */
  g_autofree char *decimal = g_strdup_printf("%.*se-2", (int)(end - copy), copy);
  *value = g_ascii_strtod(decimal, NULL);
  return TRUE;
}

static char *write_plain(double value) {
  int point = 0;
  g_autofree char *digits = shortest_digits(value, &point);
  return point > 6 ? g_strdup_printf("%s%s%se%d", (char[]){digits[0], 0}, digits[1] ? "." : "",
                                     digits + 1, point - 1)
                   : place_point(digits, point);
}

char *cs3_number_hint(const char *text, gboolean share) {
  static const struct {
    const char *suffixes;
    double factor, binary;
  } sizes[] = {{"kK", 1e3, 1024}, {"mM", 1e6, 0}, {"bBgG", 1e9, 0}, {"tT", 1e12, 0}};
  g_autofree char *copy = g_strstrip(g_strdup(text));
  const char *end = scan_mantissa(copy);
  double value = end != NULL && end - copy <= MAX_NUMBER ? g_ascii_strtod(copy, NULL) : 0;
  if (!(value > 0 && value < 1e100))
    return g_strdup("");
  if (share) {
    g_autofree char *part = write_plain(value / 100);
    gboolean percent = *end == '\0' && value > 1 && value < 100;
    return percent ? g_strdup_printf("; for %s %% write %s", copy, part) : g_strdup("");
  }
  for (gsize i = 0; i < G_N_ELEMENTS(sizes) && *end != '\0' && end[1] == '\0'; i++) {
    if (strchr(sizes[i].suffixes, *end) == NULL)
      continue;
    g_autofree char *decimal = write_plain(value * sizes[i].factor);
    g_autofree char *binary = sizes[i].binary > 0 ? write_plain(value * sizes[i].binary) : NULL;
    return g_strdup_printf("; write %s%s%s", decimal, binary != NULL ? " or " : "",
                           binary != NULL ? binary : "");
  }
  return g_strdup("");
}
