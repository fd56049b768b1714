/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Typed, range-checked reading of one flat JSON object into a struct, driven by a table. */
#pragma once

#include <glib.h>
#include <jansson.h>

typedef enum {
  CS3_FIELD_INT,   /* gint64 member */
  CS3_FIELD_REAL,  /* double member */
  CS3_FIELD_BOOL,  /* gboolean member */
  CS3_FIELD_LIST,  /* Cs3List member: integers */
  CS3_FIELD_ENUM,  /* int member, looked up in `choices` */
  CS3_FIELD_OTHER, /* no member: the family reads it itself */
  CS3_FIELD_OFF,   /* no member: cannot be expressed, so null, false, 0, 1.0 as a factor, {} and []
                      only */
} Cs3FieldType;

typedef struct {
  const char *name;
  int value;
} Cs3FieldChoice;

/* A few integers, one a stage of a network. */
enum { CS3_LIST_MAX = 16 };
typedef struct {
  int n;
  gint64 value[CS3_LIST_MAX];
} Cs3List;

typedef struct {
  const char *key;
  Cs3FieldType type;
  gsize offset;  /* of the member in the struct */
  gboolean main; /* a dimension of the whole network: where it is left out, the family's own is
                    worth a note */
  /* Integer only: null is accepted and stored as 0 (Hugging Face writes null for "derived"). */
  gboolean nullable;
  gboolean optional;             /* null leaves the default */
  double min, max;               /* accepted range, inclusive; INT, LIST and REAL; integers below
                                    2^53 */
  const Cs3FieldChoice *choices; /* ENUM only, ends with a NULL name */
} Cs3Field;

/**
 * cs3_config_account: check that every key of @object is one of @fields or of the lists @harmless
 * and the table of keys that change nothing in any family (cs3_config_is_harmless()); null, {} and
 * [] change nothing whatever the key. Fails with CS3_WORKLOAD_ERROR_DATA naming the first that is
 * not.
 */
gboolean cs3_config_account(json_t *object, const char *source, const Cs3Field *fields,
                            const char *const *harmless, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_config_is_harmless: whether @key changes no shape, count or work of any family.
 * cs3_config_is_harmless_off: whether it changes none when it is off (false, 0).
 */
gboolean cs3_config_is_harmless(const char *key);
gboolean cs3_config_is_harmless_off(const char *key);

/** cs3_config_matches: whether @key is @pattern, in which '*' stands for any text. */
gboolean cs3_config_matches(const char *pattern, const char *key);

/** cs3_config_fail: set @error (CS3_WORKLOAD_ERROR_DATA): "@source: @key: expected @expected, got
 * ..." Returns: %FALSE. */
gboolean cs3_config_fail(GError **error, const char *source, const char *key, json_t *value,
                         const char *expected);

/**
 * cs3_config_read_object: the JSON object in @size bytes at @text.
 * Refuses duplicate keys, trailing text and anything but an object. A byte-order mark is skipped;
 * NaN, Infinity and -Infinity, which Python's writer makes, are read as the strings of these names,
 * so that a key that needs a number refuses them. Returns: (transfer full) (nullable): %NULL with
 * CS3_WORKLOAD_ERROR_DATA and
 *   "@source:line:column: reason".
 */
json_t *cs3_config_read_object(const char *text, gsize size, const char *source,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_config_read_file: the same of the file @path, unless it has more than @most bytes. Errors:
 * CS3_WORKLOAD_ERROR_NO_INPUT, DATA.
 */
json_t *cs3_config_read_file(const char *path, gsize most,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_config_read_fields: fill the members of @target that @fields (ends with a NULL key) describe.
 * A member whose key is absent keeps its value. Fails with CS3_WORKLOAD_ERROR_DATA on a wrong type
 * or a value out of range.
 */
gboolean cs3_config_read_fields(json_t *object, const char *source, const Cs3Field *fields,
                                gpointer target, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_config_same_length: whether lists @a and @b, the values of @a_key and @b_key, are equally
 * long; sets @error where not. */
gboolean cs3_config_same_length(const char *source, const char *a_key, const Cs3List *a,
                                const char *b_key, const Cs3List *b,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_config_left_out: (transfer full) (nullable): keys of `main` fields that @object lacks, "a,
 * b"; %NULL: none. */
char *cs3_config_left_out(json_t *object, const Cs3Field *fields);

/**
 * cs3_config_show: (transfer full): @value as short one-line printable text for a message.
 */
char *cs3_config_show(json_t *value);

/** cs3_config_clean: (transfer full): @text in valid UTF-8, one line, at most 120 characters. */
char *cs3_config_clean(const char *text);
