/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Layer graphs as documents: every preset comes back as it went, what does not fit is refused, and
 * the manual says what the tables say. */
#include "config.h"

#include "tests/unit/workload-fixture.h"

#include "base/datadir.h"
#include "workloads/graph-fields.h"
#include "workloads/graph-memory.h"
#include "workloads/graph-write.h"
#include "workloads/lifetimes.h"

static char *text_of(const Cs3Graph *graph) {
  json_t *document = cs3_graph_document(graph);
  char *text = cs3_graph_text(document);
  json_decref(document);
  return text;
}

static Cs3Model *read_text(const char *text, GError **error) {
  return cs3_model_parse(text, strlen(text), "g.json", "g", error);
}

#define SAME(MEMBER) ck_assert_msg(a->MEMBER == b->MEMBER, "%s: " #MEMBER, where)
#define SAME_TEXT(MEMBER) ck_assert_msg(g_strcmp0(a->MEMBER, b->MEMBER) == 0, "%s: " #MEMBER, where)

static void same_node(const char *where, const Cs3Node *a, const Cs3Node *b) {
  SAME_TEXT(tensor);
  SAME_TEXT(label);
  SAME(kind);
  SAME(segment);
  SAME(rows);
  SAME(copies);
  SAME(shared);
  SAME(out_features);
  SAME(in_features);
  SAME(groups);
  SAME(bias);
  SAME(sparsifiable);
  SAME(parameters);
  SAME(macs);
  SAME(vector_elements);
  SAME(special_elements);
  SAME(attention);
  SAME(convolution);
  SAME(table_rows);
  SAME(in_place);
  ck_assert_msg(memcmp(a->reads, b->reads, sizeof a->reads) == 0, "%s: reads", where);
  ck_assert_msg(memcmp(a->writes, b->writes, sizeof a->writes) == 0, "%s: writes", where);
  ck_assert_msg(memcmp(a->keeps, b->keeps, sizeof a->keeps) == 0, "%s: keeps", where);
}

static void same_segment(const char *where, const Cs3Segment *a, const Cs3Segment *b) {
  SAME_TEXT(name);
  SAME_TEXT(stack);
  SAME(repeat);
  SAME(rows);
  SAME(block);
  SAME(reversible);
  SAME(first);
  SAME(count);
  SAME(input);
  SAME(output);
  gsize bytes = (gsize)a->repeat * sizeof *a->number;
  ck_assert_msg(memcmp(a->number, b->number, bytes) == 0, "%s: number", where);
}

/* Arrays of structs without holes and texts. */
static void same_bytes(const char *where, const GArray *a, const GArray *b) {
  ck_assert_msg(a->len == b->len, "%s: %u, not %u", where, b->len, a->len);
  gsize bytes = (gsize)a->len * g_array_get_element_size((GArray *)a);
  ck_assert_msg(bytes == 0 || memcmp(a->data, b->data, bytes) == 0, "%s", where);
}

static void same_graph(const char *where, const Cs3Graph *a, const Cs3Graph *b) {
  SAME(segments->len);
  SAME(nodes->len);
  SAME(tensors->len);
  SAME(attentions->len);
  SAME(convolutions->len);
  SAME(tokens);
  SAME(lengths.seq);
  SAME(lengths.encoder_seq);
  SAME(lengths.image);
  SAME(lengths.capacity);
  SAME(lengths.attention);
  SAME(lengths.tiles);
  for (guint i = 0; i < a->segments->len; i++)
    same_segment(where, cs3_graph_segment(a, i), cs3_graph_segment(b, i));
  for (guint i = 0; i < a->nodes->len; i++) {
    g_autofree char *node = g_strdup_printf("%s: %s", where, cs3_graph_node(a, i)->label);
    same_node(node, cs3_graph_node(a, i), cs3_graph_node(b, i));
  }
  for (int i = 0; i < (int)a->tensors->len; i++) {
    ck_assert_str_eq(cs3_graph_tensor(a, i)->name, cs3_graph_tensor(b, i)->name);
    ck_assert_int_eq(cs3_graph_tensor(a, i)->elements, cs3_graph_tensor(b, i)->elements);
    ck_assert(cs3_graph_tensor(a, i)->rows == cs3_graph_tensor(b, i)->rows);
  }
  same_bytes(where, a->attentions, b->attentions);
  same_bytes(where, a->order, b->order);
  for (guint i = 0; i < a->convolutions->len; i++) {
    const Cs3Convolution *x = &g_array_index(a->convolutions, Cs3Convolution, i);
    const Cs3Convolution *y = &g_array_index(b->convolutions, Cs3Convolution, i);
    gsize pairs = offsetof(Cs3Convolution, transposed);
    ck_assert_msg(memcmp(x, y, pairs) == 0 && x->transposed == y->transposed, "%s", where);
  }
}

static void same_facts(const Cs3Model *a, const Cs3Model *b) {
  g_autoptr(GArray) x = cs3_model_facts(a), y = cs3_model_facts(b);
  for (guint i = 0; i < x->len; i++) {
    const Cs3Fact *fact = &g_array_index(x, Cs3Fact, i);
    ck_assert_int_eq(fact->value, cs3_model_fact(b, fact->key));
  }
  ck_assert_uint_le(y->len, x->len);
}

static void round_trip(const char *name, const Cs3Lengths *lengths) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Model) model = fixture_preset(name);
  g_autoptr(Cs3Graph) graph = cs3_graph_new(model, lengths, &error);
  ck_assert_msg(graph != NULL, "%s", error ? error->message : "");
  g_autofree char *text = text_of(graph);
  g_autoptr(Cs3Model) again = read_text(text, &error);
  ck_assert_msg(again != NULL, "%s: %s", name, error ? error->message : "");
  g_autoptr(Cs3Graph) copy = cs3_graph_new(again, NULL, &error);
  same_graph(name, graph, copy);
  same_facts(model, again);
  ck_assert_str_eq(again->name, model->name);
  ck_assert_str_eq(again->family, model->family);
  ck_assert_int_eq(again->parameters, model->parameters);
  ck_assert_int_eq(again->active_parameters, model->active_parameters);
  g_autofree char *second = text_of(copy);
  ck_assert_str_eq(text, second);
}

START_TEST(test_presets) {
  g_auto(GStrv) names = cs3_datadir_list(CS3_DATA_MODELS);
  ck_assert_uint_gt(g_strv_length(names), 30);
  for (char **name = names; *name; name++)
    round_trip(*name, NULL);
}
END_TEST

START_TEST(test_lengths) {
  round_trip("gemma2-9b", &(Cs3Lengths){.seq = 512, .attention = CS3_MASK_FULL});
  round_trip("mixtral-8x7b", &(Cs3Lengths){.seq = 512, .capacity = 1.25, .tiles = 16});
  round_trip("gpt2-small", &(Cs3Lengths){.seq = 512, .attention = CS3_MASK_PACKED, .reach = 100});
}
END_TEST

/* A network of one's own: what is left out has its usual value. */
#define TENSORS "'tensors': {'x': {'elements': 8}, 'y': {'elements': 24}}"
#define FC "{'name': 'fc', 'kind': 'linear', 'reads': ['x'], 'writes': ['y']"
#define ENDS "'input': 'x', 'output': 'y'"
#define SMALL(SEGMENT, OPERATOR)                                                                   \
  "{'schema': 'cs3sim.graph/1', 'segments': [{'name': 'net', 'rows': 64, " SEGMENT                 \
  ", 'operators': [" OPERATOR "]}]}"

static char *quoted(const char *text) {
  return g_strdelimit(g_strdup(text), "'", '"');
}

START_TEST(test_usual) {
  g_autofree char *text = quoted(SMALL(TENSORS ", " ENDS ", 'block': true", FC ", 'bias': true}"));
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Model) model = read_text(text, &error);
  ck_assert_msg(model != NULL, "%s", error ? error->message : "");
  g_autoptr(Cs3Graph) graph = cs3_graph_new(model, NULL, &error);
  const Cs3Node *node = cs3_graph_node(graph, 0);
  ck_assert_str_eq(node->tensor, "net.fc");
  ck_assert_int_eq(node->out_features, 24);
  ck_assert_int_eq(node->in_features, 8);
  ck_assert_int_eq(node->parameters, 24 * 8 + 24);
  ck_assert(node->macs == 24 * 8 && node->vector_elements == 24 && node->rows == 64);
  ck_assert(node->sparsifiable && node->keeps[0] == node->reads[0] && node->keeps[1] == -1);
  ck_assert(graph->tokens == 64);
  ck_assert_str_eq(model->name, "g");
  ck_assert_str_eq(model->family, "graph");
  ck_assert_int_eq(cs3_model_fact(model, "layers"), 0);
}
END_TEST

static const struct {
  const char *text, *why;
} refused[] = {
    {"{'schema': 'cs3sim.graph/2', 'segments': []}", "g.json: schema: expected cs3sim.graph/1"},
    {"{'schema': 'cs3sim.graph/1', 'segments': []}", "segments: expected a list of 1 to 4096"},
    {"{'schema': 'cs3sim.graph/1', 'segment': []}", "segment: no such key; did you mean segments?"},
    {SMALL(TENSORS, FC ", 'outfeatures': 3}"),
     "segments[0].operators[0].outfeatures: no such key; did you mean out_features?"},
    {SMALL(TENSORS, FC ", 'out_features': 25}"),
     "segments[0].operators[0] (fc): 25 out_features do not fit the 24 elements that it writes"},
    {SMALL(TENSORS, FC ", 'in_features': 9}"), "9 in_features do not fit 'x' of 8 elements"},
    {SMALL(TENSORS, FC ", 'rows': 65}"), "65 rows do not fit 'x' of 64"},
    {SMALL(TENSORS, FC ", 'groups': 3}"), "groups: expected a divisor"},
    {SMALL(TENSORS, FC ", 'rows': -1}"), "operators[0].rows: expected a number from"},
    {SMALL(TENSORS, FC ", 'copies': 1.5}"), "operators[0].copies: expected an integer from 1"},
    {SMALL(TENSORS, FC ", 'keeps': ['z']}"),
     "operators[0].keeps: expected an activation of the segment's tensors, got \"z\""},
    {SMALL(TENSORS ", 'input': 'q'", FC "}"), "segments[0].input: expected an activation"},
    {SMALL(TENSORS ", 'input': 'y'", FC "}"), "writes 'y', the input of its segment"},
    {SMALL(TENSORS, FC "}, " FC "}"), "operators[1] (fc): has the name of operators[0]"},
    {SMALL(TENSORS, FC "}, {'name': 'b', 'kind': 'activation', 'reads': ['x'], 'writes': ['y']}"),
     "operators[1] (b): writes 'y', which fc has written"},
    {SMALL(TENSORS, "{'name': 'a', 'kind': 'pooling', 'reads': ['y']}, " FC "}"),
     "operators[1] (fc): writes 'y' after a has read it"},
    {SMALL(TENSORS, "{'name': 'a', 'kind': 'pooling', 'reads': ['x'], 'keeps': ['y']}"),
     "keeps 'y', which it neither reads nor writes"},
    {SMALL(TENSORS ", " ENDS ", 'repeat': 2", FC "}"), "is repeated, but its output 'y' (24 x 64)"},
    {SMALL(TENSORS ", 'repeat': 2, 'numbers': [1, 1]", FC "}"), "2 rising integers from 0"},
    {SMALL(TENSORS, "{'name': 'a', 'kind': 'softmax', 'reads': ['x']}"), "attention: expected"},
    {SMALL(TENSORS, "{'name': 'a', 'kind': 'norm', 'bias': true, 'writes': ['y']}"),
     "are a linear layer's, not of norm"},
    {SMALL(TENSORS, "{'name': 'a', 'kind': 'conv'}"), "kind: expected one of linear, scores"},
    {SMALL(TENSORS, FC ", 'convolution': {'kernel': [3, 3], 'input': [2, 2], 'in_channels': 8, "
                       "'out_channels': 24}}"),
     "convolution.output: would be [0, 0] by what stands before it"},
    {SMALL(TENSORS, FC ", 'convolution': {'kernel': [3, 3], 'before': [1, 1], 'input': [8, 7], "
                       "'in_channels': 8, 'out_channels': 24}}"),
     "convolution: its input does not fit 'x' (8 x 64)"},
    {SMALL("'tensors': {'x': {'elements': 16777216}, 'y': {'elements': 16777216}}, 'repeat': 10000",
           FC ", 'copies': 4096, 'rows': 0.015625}"),
     "more than 2^62 parameters"},
    {SMALL("'tensors': {'x': {'elements': 0}}", FC "}"), "tensors.x.elements: expected an integer"},
};

START_TEST(test_refused) {
  g_autofree char *text = quoted(refused[_i].text);
  g_autoptr(GError) error = NULL;
  ck_assert_msg(read_text(text, &error) == NULL, "%s", refused[_i].why);
  fixture_error(error, CS3_WORKLOAD_ERROR_DATA, refused[_i].why);
}
END_TEST

/* A block of @n operators, each of which keeps what it reads. */
static char *chain(guint n) {
  GString *tensors = g_string_new("'t0': {'elements': 8}"), *operators = g_string_new(NULL);
  for (guint i = 0; i < n; i++) {
    g_string_append_printf(tensors, ", 't%u': {'elements': 8}", i + 1);
    g_string_append_printf(operators,
                           "%s{'name': 'f%u', 'kind': 'activation', 'reads': ['t%u'], "
                           "'writes': ['t%u'], 'keeps': ['t%u']}",
                           i > 0 ? ", " : "", i, i, i + 1, i);
  }
  char *text =
      g_strdup_printf("{'schema': 'cs3sim.graph/1', 'segments': [{'name': 's', 'rows': 64, "
                      "'block': true, 'input': 't0', 'output': 't%u', 'tensors': {%s}, "
                      "'operators': [%s]}]}",
                      n, tensors->str, operators->str);
  g_string_free(tensors, TRUE);
  g_string_free(operators, TRUE);
  return g_strdelimit(text, "'", '"');
}

/* Every activation of the largest segment counts; one more is refused. */
START_TEST(test_largest) {
  g_autoptr(GError) error = NULL;
  g_autofree char *text = chain(CS3_LIFETIMES_MAX_TENSORS - 1);
  g_autoptr(Cs3Model) model = read_text(text, &error);
  ck_assert_msg(model != NULL, "%s", error ? error->message : "");
  Cs3Memory memory = cs3_graph_memory(model->graph, CS3_RECOMPUTE_NONE, NULL);
  ck_assert(memory.resident_bytes == 2.0 * 8 * 64 * (CS3_LIFETIMES_MAX_TENSORS - 1));
  g_autofree char *larger = chain(CS3_LIFETIMES_MAX_TENSORS);
  ck_assert_ptr_null(read_text(larger, &error));
  fixture_error(error, CS3_WORKLOAD_ERROR_DATA,
                "segments[0]: expected at most 128 activations in a segment, got 129; split it");
}
END_TEST

/* What a graph was made for is all that it can be asked for. */
START_TEST(test_fixed) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Model) model = fixture_preset("gpt2-small");
  g_autoptr(Cs3Graph) graph = cs3_graph_new(model, &(Cs3Lengths){.seq = 128}, NULL);
  g_autofree char *text = text_of(graph);
  g_autoptr(Cs3Model) fixed = read_text(text, &error);
  g_autoptr(Cs3Graph) own = cs3_graph_new(fixed, &(Cs3Lengths){.seq = 128}, &error);
  ck_assert(own != NULL);
  ck_assert_ptr_null(cs3_graph_new(fixed, &(Cs3Lengths){.seq = 256}, &error));
  fixture_error(error, CS3_WORKLOAD_ERROR_INVALID, "sequence length: gpt2-small is a graph made");
  g_clear_error(&error);
  ck_assert_ptr_null(cs3_graph_new(fixed, &(Cs3Lengths){.attention = CS3_MASK_FULL}, &error));
  fixture_error(error, CS3_WORKLOAD_ERROR_INVALID, "attention is counted already");
}
END_TEST

/* --- the manual ------------------------------------------------------------------------------ */

static const char *type_words(const Cs3GraphField *field) {
  static const char *const words[] = {
      [CS3_GRAPH_TEXT] = "text",    [CS3_GRAPH_INT] = "integer",
      [CS3_GRAPH_REAL] = "number",  [CS3_GRAPH_FLAG] = "true, false",
      [CS3_GRAPH_CHOICE] = "name",  [CS3_GRAPH_PAIR] = "[height, width]",
      [CS3_GRAPH_NUMBERS] = "list", [CS3_GRAPH_ACT] = "activation",
      [CS3_GRAPH_ACTS] = "list",    [CS3_GRAPH_PART] = "object or name"};
  return words[field->type];
}

static char *usual_words(const Cs3GraphField *field) {
  if (field->needed)
    return g_strdup("(needed)");
  if (field->usual_words)
    return g_strdup(field->usual_words);
  if (field->type == CS3_GRAPH_FLAG)
    return g_strdup(field->usual != 0 ? "true" : "false");
  if (field->type == CS3_GRAPH_CHOICE)
    return g_strdup(field->choices[(int)field->usual]);
  return g_strdup_printf("%g", field->usual);
}

static void check_table(const char *manual, const Cs3GraphField *fields) {
  for (const Cs3GraphField *f = fields; f->key; f++) {
    g_autofree char *usual = usual_words(f);
    g_autofree char *choices = f->choices ? g_strjoinv(", ", (char **)f->choices) : NULL;
    g_autofree char *row =
        g_strdup_printf("| `%s` | %s | %s | %s%s%s |\n", f->key, type_words(f), usual, f->help,
                        choices ? ": " : "", choices ? choices : "");
    if (!strstr(manual, row))
      g_printerr("%s", row);
    ck_assert_msg(strstr(manual, row) != NULL || g_getenv("REGEN"), "doc/graph.md lacks %s", row);
  }
}

START_TEST(test_manual) {
  g_autofree char *path = g_build_filename(g_getenv("CS3SIM_SRCDIR"), "doc", "graph.md", NULL);
  g_autofree char *manual = NULL;
  ck_assert(g_file_get_contents(path, &manual, NULL, NULL));
  check_table(manual, cs3_graph_segment_fields);
  check_table(manual, cs3_graph_tensor_fields);
  check_table(manual, cs3_graph_node_fields);
  check_table(manual, cs3_graph_attention_fields);
  check_table(manual, cs3_graph_convolution_fields);
  check_table(manual, cs3_graph_length_fields);
}
END_TEST

/* Its example is a network. */
START_TEST(test_example) {
  g_autofree char *path = g_build_filename(g_getenv("CS3SIM_SRCDIR"), "doc", "graph.md", NULL);
  g_autofree char *manual = NULL;
  g_autoptr(GError) error = NULL;
  ck_assert(g_file_get_contents(path, &manual, NULL, NULL));
  char *begin = strstr(manual, "```json\n") + strlen("```json\n"), *end = strstr(begin, "```");
  g_autofree char *text = g_strndup(begin, (gsize)(end - begin));
  g_autoptr(Cs3Model) model = read_text(text, &error);
  ck_assert_msg(model != NULL, "%s", error ? error->message : "");
  ck_assert_int_eq(model->parameters, 4096 * 1001 + 4 * 4096 * 4097 + 10 * 4097);
  ck_assert_str_eq(model->name, "table-mlp");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("graph-file");
  TCase *tc = tcase_create("graph-file");
  tcase_set_timeout(tc, 60);
  tcase_add_test(tc, test_presets);
  tcase_add_test(tc, test_lengths);
  tcase_add_test(tc, test_usual);
  tcase_add_loop_test(tc, test_refused, 0, G_N_ELEMENTS(refused));
  tcase_add_test(tc, test_largest);
  tcase_add_test(tc, test_fixed);
  tcase_add_test(tc, test_manual);
  tcase_add_test(tc, test_example);
  suite_add_tcase(suite, tc);
  return fixture_run(suite);
}
