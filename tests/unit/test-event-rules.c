/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rules of routers and PEs, one by one, on lines of a few PEs: switches and their commands,
 * filters, tasks, vector operations. */
#include "config.h"

#include "fabric/event/pe.h"
#include "tests/unit/event-fixture.h"

#define LINE 4
#define WORDS 12u
#define TO(port) CS3_PORT_BIT(CS3_##port)

/* A line whose PE 0 runs START; what the tasks see is noted here. */
typedef struct {
  Cs3EventTiming timing;
  Cs3Role role[LINE];
  guint32 commands;      /* command list of the control wavelet */
  guint step;            /* of the sender's programme */
  guint runs[64], order; /* how often, and in which order, tasks ran */
  guint64 at[64];        /* when last */
  guint32 seen;          /* sum of the wavelets that data tasks got */
  Cs3VectorOp op[2];     /* launched on microthreads 1 and 2 */
  guint n_ops;
} Line;

static Line line_new(const char *machine) {
  Line line = {.timing = fixture_timing(machine)};
  for (guint x = 0; x < LINE; x++) {
    cs3_role_clear(&line.role[x]);
    guint rx = x ? TO(W) : TO(RAMP), tx = x + 1 < LINE ? TO(E) : TO(RAMP);
    cs3_role_route(&line.role[x], 0, 0, rx, tx);
    line.role[x].colour[0].binding = CS3_BIND_SINK;
  }
  line.role[0].start_task = 0;
  return line;
}

static Cs3Fabric *line_load(Line *line) {
  g_autoptr(GError) error = NULL;
  Cs3Fabric *fabric = cs3_fabric_new(LINE, 1, &line->timing, line, &error);
  g_assert_no_error(error);
  for (guint x = 0; x < LINE; x++) {
    guint id;
    ck_assert_msg(cs3_fabric_add_role(fabric, &line->role[x], &id, &error), "%s",
                  error ? error->message : "");
    cs3_fabric_set_role(fabric, x, 0, id);
  }
  return fabric;
}

static Cs3Fabric *line_run(Line *line) {
  g_autoptr(GError) error = NULL;
  Cs3Fabric *fabric = line_load(line);
  ck_assert_msg(cs3_fabric_run(fabric, &error), "%s", error ? error->message : "");
  return fabric;
}

static guint64 delivered(const Cs3Fabric *fabric, guint x) {
  return cs3_fabric_link_count(fabric, x, 0, CS3_RAMP);
}

/* Sends a word and a control wavelet, three times over. */
static guint word_and_control(Cs3Pe *pe, guint32 wavelet) {
  Line *line = cs3_pe_user(pe);
  if (line->step++ == 3)
    return 0;
  Cs3VectorOp op = {.code = CS3_OP_MOVE,
                    .n = 1,
                    .dst = CS3_FAB(0),
                    .a = CS3_SCALAR(7),
                    .tail = CS3_TAIL_CONTROL,
                    .tail_data = line->commands,
                    .done = CS3_DONE_CALL,
                    .done_task = 0};
  cs3_pe_launch(pe, 0, &op);
  return 0;
}

/* PE 1 takes in position 0 and passes on in position 1. A control wavelet is routed first: the
 * first ends in PE 1 with the first word, the second goes on with the second word. Then a ring is
 * back at the beginning, and what is no ring stays where it is. */
START_TEST(ring_mode) {
  for (guint ring = 0; ring < 2; ring++) {
    Line line = line_new("cs2");
    line.role[0].task[0] = word_and_control;
    line.commands = CS3_CMD_ADVANCE;
    line.role[1].colour[0].route[0].tx = TO(RAMP);
    cs3_role_route(&line.role[1], 0, 1, TO(W), TO(E));
    line.role[1].colour[0].ring = ring != 0;
    g_autoptr(Cs3Fabric) fabric = line_run(&line);
    ck_assert_uint_eq(delivered(fabric, 1), ring ? 4 : 2);
    ck_assert_uint_eq(delivered(fabric, 3), ring ? 2 : 4);
  }
}
END_TEST

/* A control wavelet alone, then a word. */
static guint control_then_word(Cs3Pe *pe, guint32 wavelet) {
  Line *line = cs3_pe_user(pe);
  Cs3VectorOp op = {.code = CS3_OP_MOVE, .dst = CS3_FAB(0), .a = CS3_SCALAR(7)};
  if (line->step++ == 0) {
    op.tail = CS3_TAIL_CONTROL;
    op.tail_data = line->commands;
    op.done = CS3_DONE_CALL;
  } else {
    op.n = 1;
  }
  cs3_pe_launch(pe, 0, &op);
  return 0;
}

/* Routers 1 and 2 copy to their PEs in position 1: which of them the commands moved is seen from
 * where the word is delivered. */
START_TEST(pop_modes) {
  enum { NOP = CS3_CMD_NOP, ADVANCE = CS3_CMD_ADVANCE, RESET = CS3_CMD_RESET };
  static const struct {
    guint8 pop, first, second, moved[2];
  } cases[] = {
      {CS3_POP_NONE, ADVANCE, NOP, {1, 1}},
      {CS3_POP_ALWAYS, ADVANCE, NOP, {1, 0}},
      {CS3_POP_ALWAYS, NOP, ADVANCE, {0, 1}},
      {CS3_POP_ON_ADVANCE, ADVANCE, NOP, {1, 0}},
      {CS3_POP_ON_ADVANCE, NOP, ADVANCE, {0, 0}},
      {CS3_POP_ON_ADVANCE_NOP, NOP, ADVANCE, {0, 1}},
      {CS3_POP_ON_ADVANCE_NOP, RESET, ADVANCE, {0, 0}},
      {CS3_POP_ALWAYS, RESET, ADVANCE, {0, 1}},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    Line line = line_new("cs3");
    line.role[0].task[0] = control_then_word;
    line.commands = (guint32)cases[i].first | (guint32)cases[i].second << 2;
    for (guint x = 1; x <= 2; x++) {
      cs3_role_route(&line.role[x], 0, 1, TO(W), TO(RAMP) | TO(E));
      line.role[x].colour[0].pop = cases[i].pop;
    }
    g_autoptr(Cs3Fabric) fabric = line_run(&line);
    for (guint x = 1; x <= 2; x++)
      ck_assert_msg(delivered(fabric, x) == cases[i].moved[x - 1], "case %u, router %u", i, x);
    ck_assert_uint_eq(delivered(fabric, 3), 2);
  }
}
END_TEST

static guint32 indexed(gpointer user, guint x, guint y, guint word) {
  return word << 16 | word;
}

static guint send_all(Cs3Pe *pe, guint32 wavelet) {
  Cs3VectorOp op = {.code = CS3_OP_MOVE, .n = WORDS, .dst = CS3_FAB(0), .a = CS3_MEM(0)};
  cs3_pe_launch(pe, 0, &op);
  return 0;
}

static Line multicast_line(void) {
  Line line = line_new("cs3");
  line.role[0].task[0] = send_all;
  line.role[0].memory_bytes = 4 * WORDS;
  line.role[0].init = indexed;
  for (guint x = 1; x < LINE; x++)
    line.role[x].colour[0].route[0].tx |= TO(RAMP);
  return line;
}

/* A range that moves with the column splits a multicast among the PEs; a counter takes a share of
 * every period. What is filtered out is no delivery. */
START_TEST(filters) {
  Line line = multicast_line();
  for (guint x = 1; x < LINE; x++)
    line.role[x].colour[0].filter =
        (Cs3Filter){.kind = CS3_FILTER_RANGE, .first = 0, .last = 2, .per_x = 2};
  g_autoptr(Cs3Fabric) range = line_run(&line);
  for (guint x = 1; x < LINE; x++)
    ck_assert_uint_eq(delivered(range, x), 3); /* 2x .. 2x + 2 */
  for (guint x = 1; x < LINE; x++)
    line.role[x].colour[0].filter =
        (Cs3Filter){.kind = CS3_FILTER_COUNTER, .first = 1, .last = x, .period = 4};
  line.step = 0;
  g_autoptr(Cs3Fabric) counter = line_run(&line);
  for (guint x = 1; x < LINE; x++)
    ck_assert_uint_eq(delivered(counter, x), WORDS / 4 * x);
}
END_TEST

static guint note(Cs3Pe *pe, guint32 wavelet, guint task) {
  Line *line = cs3_pe_user(pe);
  line->runs[task]++;
  line->at[task] = cs3_pe_now(pe);
  line->order = line->order * 10 + task;
  line->seen += wavelet;
  return 0;
}
static guint task_3(Cs3Pe *pe, guint32 wavelet) {
  return note(pe, wavelet, 3);
}
static guint task_5(Cs3Pe *pe, guint32 wavelet) {
  return note(pe, wavelet, 5);
}

static guint send_with_control(Cs3Pe *pe, guint32 wavelet) {
  Cs3VectorOp op = {.code = CS3_OP_MOVE,
                    .n = WORDS,
                    .dst = CS3_FAB(0),
                    .a = CS3_MEM(0),
                    .tail = CS3_TAIL_CONTROL,
                    .tail_data = 0xabc0000};
  cs3_pe_launch(pe, 0, &op);
  return 0;
}

/* Every data wavelet starts the data task, the control wavelet behind them the control task. */
START_TEST(data_and_control_tasks) {
  Line line = line_new("cs3");
  line.role[0].task[0] = send_with_control;
  line.role[0].memory_bytes = 4 * WORDS;
  line.role[0].init = indexed;
  Cs3Role *last = &line.role[LINE - 1];
  last->colour[0].binding = CS3_BIND_TASK;
  last->colour[0].task = 5;
  last->colour[0].control_task = 3; /* a lower number, and yet not before the words ahead of it */
  last->task[3] = task_3;
  last->task[5] = task_5;
  cs3_fabric_free(line_run(&line));
  ck_assert_uint_eq(line.runs[5], WORDS);
  ck_assert_uint_eq(line.runs[3], 1);
  ck_assert_uint_gt(line.at[3], line.at[5]);
  ck_assert_uint_eq(line.seen, (WORDS * (WORDS - 1) / 2) * 0x10001 + 0xabc0000);
}
END_TEST

static guint activate_two(Cs3Pe *pe, guint32 wavelet) {
  cs3_pe_activate(pe, 5);
  cs3_pe_activate(pe, 3);
  cs3_pe_activate(pe, 3); /* a task is active or not: once */
  return 6;
}

/* The lowest number goes first, each task_start after the main thread is free. */
START_TEST(local_activation) {
  Line line = line_new("cs3");
  line.role[0].task[0] = activate_two;
  line.role[0].task[3] = task_3;
  line.role[0].task[5] = task_5;
  cs3_fabric_free(line_run(&line));
  ck_assert_uint_eq(line.order, 35);
  guint start = line.timing.task_start;
  ck_assert_uint_eq(line.at[3], start + 6 + start);
  ck_assert_uint_eq(line.at[5], start + 6 + 2 * start);
}
END_TEST

static guint activate_blocked(Cs3Pe *pe, guint32 wavelet) {
  cs3_pe_block(pe, 3);
  cs3_pe_activate(pe, 3);
  cs3_pe_activate(pe, 5);
  Cs3VectorOp op = {.code = CS3_OP_MOVE,
                    .n = 200,
                    .dst = CS3_MEM(0),
                    .a = CS3_SCALAR(1),
                    .done = CS3_DONE_UNBLOCK,
                    .done_task = 3};
  cs3_pe_launch(pe, 1, &op);
  return 0;
}

/* A blocked task waits for the end of the operation that unblocks it, others go on meanwhile. */
START_TEST(block_and_unblock) {
  Line line = line_new("cs3");
  line.role[0].task[0] = activate_blocked;
  line.role[0].task[3] = task_3;
  line.role[0].task[5] = task_5;
  line.role[0].n_threads = 2;
  line.role[0].memory_bytes = 800;
  cs3_fabric_free(line_run(&line));
  ck_assert_uint_eq(line.order, 53);
  guint64 slots = cs3_op_slots(&line.timing, CS3_OP_MOVE, CS3_TYPE_U32, 200);
  ck_assert_uint_eq(line.at[3], 2 * line.timing.task_start + line.timing.copy_setup + slots);
}
END_TEST

static guint launch_all(Cs3Pe *pe, guint32 wavelet) {
  const Line *line = cs3_pe_user(pe);
  for (guint i = 0; i < line->n_ops; i++)
    cs3_pe_launch(pe, 1 + i, &line->op[i]);
  return 0;
}

static guint finish_5(Cs3Pe *pe, guint32 wavelet) {
  cs3_pe_finish(pe);
  return note(pe, wavelet, 5);
}

/* A colour that few wavelets pass takes less memory, and nothing else changes; more than these are
 * refused. */
START_TEST(few_wavelets) {
  Cs3FabricStats stats[2];
  for (guint most = 0; most <= 3; most += 3) {
    Line line = line_new("cs3");
    line.role[0].task[0] = launch_all;
    line.role[0].n_threads = 2;
    line.op[line.n_ops++] = (Cs3VectorOp){
        .code = CS3_OP_MOVE, .n = 3, .dst = CS3_FAB(0), .a = CS3_SCALAR(1), .done_task = 5};
    for (guint x = 0; x < LINE; x++)
      line.role[x].colour[0].most = (guint8)most;
    g_autoptr(Cs3Fabric) fabric = line_run(&line);
    cs3_fabric_stats(fabric, &stats[most / 3]);
    line.op[0].n = 4;
    g_autoptr(GError) error = NULL;
    g_autoptr(Cs3Fabric) longer = line_load(&line);
    ck_assert_int_eq(cs3_fabric_run(longer, &error), most == 0);
    ck_assert(!error || (strstr(error->message, "more than its colour was said to carry") &&
                         g_error_matches(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_PROGRAM)));
  }
  ck_assert_uint_lt(stats[1].state_bytes, stats[0].state_bytes);
  stats[1].state_bytes = stats[0].state_bytes;
  ck_assert_mem_eq(&stats[1], &stats[0], sizeof stats[0]);
}
END_TEST

/* A long multiply-add in memory and a stream: they share the datapath, so that the stream waits for
 * the other's end, unless the multiply-add is charged to a task. */
START_TEST(charged_operations) {
  guint64 end[2];
  for (guint charged = 0; charged < 2; charged++) {
    Line line = line_new("cs3");
    line.role[0].task[0] = launch_all;
    line.role[0].task[5] = finish_5;
    line.role[0].n_threads = 3;
    line.role[0].memory_bytes = 4 * 1000;
    line.n_ops = 2;
    line.op[0] = (Cs3VectorOp){.code = CS3_OP_FMA,
                               .type = CS3_TYPE_F32,
                               .n = 500,
                               .dst = CS3_MEM(0),
                               .a = CS3_MEM(2000),
                               .b = CS3_SCALAR(0),
                               .charged = charged != 0};
    line.op[1] = (Cs3VectorOp){.code = CS3_OP_MOVE,
                               .n = 100,
                               .dst = CS3_FAB(0),
                               .a = CS3_MEM(0),
                               .done = CS3_DONE_ACTIVATE,
                               .done_task = 5};
    line.timing.fabric_setup = line.timing.fma_setup + 1; /* the multiply-add begins first */
    g_autoptr(Cs3Fabric) fabric = line_run(&line);
    end[charged] = line.at[5];
    ck_assert_uint_eq(delivered(fabric, LINE - 1), 100);
  }
  ck_assert_uint_eq(end[0] - end[1], 500 * fixture_timing("cs3").fma32_cycles - 1);
}
END_TEST

/* Two wavelets per issue, an issue every wide_interval cycles; an odd one at the end alone. */
START_TEST(wide_operations) {
  guint64 end[2];
  for (guint i = 0; i < 2; i++) {
    Line line = line_new("cs3");
    line.role[0].task[0] = launch_all;
    line.role[0].task[5] = finish_5;
    line.role[0].n_threads = 2;
    line.role[0].memory_bytes = 4 * 65;
    line.n_ops = 1;
    line.op[0] = (Cs3VectorOp){.code = CS3_OP_MOVE,
                               .n = 65,
                               .wide = TRUE,
                               .dst = CS3_FAB(0),
                               .a = CS3_MEM(0),
                               .done = CS3_DONE_ACTIVATE,
                               .done_task = 5};
    line.timing.wide_interval = i ? 7 : 3;
    g_autoptr(Cs3Fabric) fabric = line_run(&line);
    end[i] = line.at[5];
    ck_assert_uint_eq(end[i], 2 * line.timing.task_start + line.timing.fabric_setup +
                                  32 * line.timing.wide_interval + 1);
    ck_assert_uint_eq(delivered(fabric, LINE - 1), 65);
  }
  ck_assert_uint_eq(end[1] - end[0], 32 * 4);
}
END_TEST

/* What a line holds when its last PE takes nothing: per colour the sender's queue and ramp, in
 * front of every router the parked wavelets and the link's registers, the receiver's ramp and
 * queue. Of the generation, and of the queue that the role names. */
START_TEST(queues_are_finite) {
  static const char *const machines[] = {"cs2", "cs3"};
  for (guint i = 0; i < 2 * 4; i++) {
    Line line = line_new(machines[i / 4]);
    guint in = i % 4 < 2 ? 0 : 4, out = i % 2 ? 2 : 0;
    line.role[0].task[0] = launch_all;
    line.role[0].n_threads = 2;
    line.role[0].memory_bytes = 4 * 100;
    line.role[0].colour[0].out_queue = (guint8)(out + 1);
    line.role[LINE - 1].colour[0].in_queue = (guint8)(in + 1);
    line.role[LINE - 1].colour[0].binding = CS3_BIND_VECTOR;
    line.n_ops = 1;
    line.op[0] = (Cs3VectorOp){.code = CS3_OP_MOVE, .n = 100, .dst = CS3_FAB(0), .a = CS3_MEM(0)};
    const Cs3EventTiming *t = &line.timing;
    guint held = t->out_queue[out] + t->ramp + 1 + (LINE - 1) * (t->router_buffer + t->hop) +
                 t->in_queue[in] + t->ramp;
    g_autoptr(GError) error = NULL;
    g_autoptr(Cs3Fabric) fabric = line_load(&line);
    ck_assert(!cs3_fabric_run(fabric, &error));
    g_autofree char *text = g_strdup_printf("%u wavelets in flight and nothing can move", held);
    fixture_error_in(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_DEADLOCK, text);
    g_autofree char *sender = g_strdup_printf(
        "PE (0,0) has done %u of 100 elements and waits for room on colour 0", held);
    fixture_error_in(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_DEADLOCK, sender);
  }
}
END_TEST

static void assert_role_refused(const Cs3Role *role, Cs3FabricError code, const char *text) {
  g_autoptr(GError) error = NULL;
  Cs3EventTiming timing = fixture_timing("cs2");
  g_autoptr(Cs3Fabric) fabric = cs3_fabric_new(1, 1, &timing, NULL, &error);
  guint id;
  g_assert_no_error(error);
  ck_assert(!cs3_fabric_add_role(fabric, role, &id, &error));
  fixture_error_in(error, CS3_FABRIC_ERROR, (int)code, text);
}

/* A PE has 8 microthreads beside its main thread, 8 input and 6 output queues, 43,000 bytes. */
START_TEST(resources_are_finite) {
  Cs3EventTiming timing = fixture_timing("cs2");
  g_autoptr(Cs3Fabric) fabric = cs3_fabric_new(1, 1, &timing, NULL, NULL);
  Cs3Role most;
  guint id;
  cs3_role_clear(&most);
  most.n_threads = 1 + 8;
  most.memory_bytes = 43000;
  for (guint c = 0; c < 8; c++)
    cs3_role_route(&most, c, 0, TO(RAMP) * (c < 6) | TO(W), TO(RAMP));
  ck_assert(cs3_fabric_add_role(fabric, &most, &id, NULL));
  Cs3Role role = most;
  role.n_threads++;
  assert_role_refused(&role, CS3_FABRIC_ERROR_INFEASIBLE, "9 microthreads; a PE has 8");
  role = most;
  role.n_streams = 1;
  assert_role_refused(&role, CS3_FABRIC_ERROR_INFEASIBLE, "9 microthreads; a PE has 8");
  role = most;
  role.memory_bytes += 4;
  assert_role_refused(&role, CS3_FABRIC_ERROR_INFEASIBLE,
                      "43004 bytes of memory in a PE, which leaves 43000");
  role = most;
  cs3_role_route(&role, 8, 0, TO(W), TO(RAMP));
  assert_role_refused(&role, CS3_FABRIC_ERROR_INFEASIBLE, "receives on more than 8 colours");
  role = most;
  cs3_role_route(&role, 8, 0, TO(RAMP), TO(E));
  assert_role_refused(&role, CS3_FABRIC_ERROR_INFEASIBLE,
                      "sends on 7 colours; it has fewer output queues");
}
END_TEST

/* What would index beyond a table of the core. */
START_TEST(roles_have_limits) {
  Cs3Role plain, role;
  cs3_role_clear(&plain);
  cs3_role_route(&plain, 3, 0, TO(W), TO(RAMP));
  Cs3ColourUse *use = &role.colour[3];
  Cs3StreamUse *stream = &role.stream[1];
  struct {
    gpointer member;
    gsize size;
    gint64 value;
    const char *message;
  } bad[] = {
      {&role.n_threads, sizeof role.n_threads, 0, "threads is 0 (accepted: 1 to "},
      {&role.n_streams, sizeof role.n_streams, 8, "streams is 8 (accepted: 0 to 7)"},
      {&role.start_task, sizeof role.start_task, 64, "start task is 64 (accepted: -1 to 63)"},
      {&role.registers, sizeof role.registers, 1024, "registers is 1024 (accepted: 0 to 1023)"},
      {&role.memory_bytes, sizeof role.memory_bytes, 6, "whole words, not 6 bytes"},
      {&use->n_positions, 1, 5, "colour 3: the number of switch positions is 5 (accepted: 0 to 4)"},
      {&use->route[0].rx, 1, 32, "the set of inputs is 32 (accepted: 0 to 31)"},
      {&use->route[0].tx, 1, 64, "the set of outputs is 64 (accepted: 0 to 31)"},
      {&use->pop, 1, 4, "the pop mode is 4"},
      {&use->binding, 1, 3, "the binding is 3"},
      {&use->task, 1, 64, "the data task is 64"},
      {&use->control_task, 1, -2, "the control task is -2 (accepted: -1 to 63)"},
      {&use->lane, 1, 3, "the lane is 3"},
      {&use->in_queue, 1, 9, "the input queue is 9 (accepted: 0 to 8)"},
      {&use->out_queue, 1, 9, "the output queue is 9 (accepted: 0 to 8)"},
      {&use->filter.kind, 1, 4, "the filter is 4"},
      {&use->filter.kind, 1, CS3_FILTER_COUNTER, "the filter's period is 0 (accepted: 1 to "},
      {&stream->kind, 1, 6, "stream 1: the kind is 6"},
      {&stream->colour, 1, 24, "the colour is 24 (accepted: 0 to 23)"},
      {&stream->to_colour, 1, 24, "the colour of a relay is 24"},
      {&stream->follows, 1, 2, "the followed stream, from 1, is 2 (accepted: 0 to 1)"},
      {&stream->task, 1, 65, "the task is 65 (accepted: 0 to 64)"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
    role = plain;
    role.n_streams = 2;
    if (bad[i].size == 1)
      *(guint8 *)bad[i].member = (guint8)bad[i].value;
    else
      *(guint32 *)bad[i].member = (guint32)bad[i].value;
    assert_role_refused(&role, CS3_FABRIC_ERROR_INVALID, bad[i].message);
  }
}
END_TEST

/* Issue slots of 800 elements: lanes by type and generation; multiply-adds of three streams in SRAM
 * no faster than its ports (two 64-bit reads, one write); FP32 and sums to a scalar one by one. */
START_TEST(lanes_and_ports) {
  static const struct {
    const char *machine;
    guint code, type, slots;
  } rates[] = {
      {"cs2", CS3_OP_MOVE, CS3_TYPE_F16, 200},  {"cs3", CS3_OP_MOVE, CS3_TYPE_F16, 100},
      {"cs2", CS3_OP_MOVE, CS3_TYPE_F32, 400},  {"cs3", CS3_OP_MOVE, CS3_TYPE_F32, 200},
      {"cs2", CS3_OP_FMA, CS3_TYPE_F16, 200},   {"cs3", CS3_OP_FMA, CS3_TYPE_F16, 200},
      {"cs2", CS3_OP_FMA, CS3_TYPE_F16X2, 400}, {"cs3", CS3_OP_FMA, CS3_TYPE_F16X2, 400},
      {"cs2", CS3_OP_FMA, CS3_TYPE_F32, 800},   {"cs3", CS3_OP_FMA, CS3_TYPE_F32, 1600},
      {"cs2", CS3_OP_DOT, CS3_TYPE_F16, 1600},  {"cs3", CS3_OP_DOT, CS3_TYPE_F16, 1600},
  };
  for (guint i = 0; i < G_N_ELEMENTS(rates); i++) {
    Cs3EventTiming timing = fixture_timing(rates[i].machine);
    g_printerr("# %s: operation %u on type %u\n", rates[i].machine, rates[i].code, rates[i].type);
    ck_assert_uint_eq(cs3_op_slots(&timing, rates[i].code, rates[i].type, 800), rates[i].slots);
  }
}
END_TEST

/* Everything that can be seen of a finished run, as one number. */
static guint digest(const Cs3ProgramRun *run) {
  const Cs3ProgramParams *p = &run->params;
  Cs3FabricStats stats;
  memset(&stats, 0, sizeof stats);
  cs3_fabric_stats(run->fabric, &stats);
  g_autoptr(GByteArray) all = g_byte_array_new();
  g_byte_array_append(all, (const guint8 *)&stats, sizeof stats);
  for (guint y = 0; y < p->height; y++)
    for (guint x = 0; x < p->width; x++) {
      guint64 seen[CS3_N_PORTS + 1];
      for (guint port = 0; port < CS3_N_PORTS; port++)
        seen[port] = cs3_fabric_link_count(run->fabric, x, y, port);
      seen[CS3_N_PORTS] = cs3_fabric_pe_busy(run->fabric, x, y);
      g_byte_array_append(all, (const guint8 *)seen, sizeof seen);
    }
  g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(g_steal_pointer(&all));
  return g_bytes_hash(bytes);
}

/* Two runs of any program are the same to the last counter. */
START_TEST(runs_are_identical) {
  const Cs3ProgramOps *ops = cs3_program_table()[_i];
  Cs3EventTiming timing = fixture_timing("cs3");
  Cs3ProgramParams params = fixture_params(6, 1, 24);
  if (!ops->check(&params, NULL))
    params.width = 3;
  if (!ops->check(&params, NULL))
    params.height = 3;
  params.load = 1.5;
  g_autoptr(Cs3ProgramRun) a = fixture_done(ops->name, &params, &timing, TRUE);
  g_autoptr(Cs3ProgramRun) b = fixture_done(ops->name, &params, &timing, TRUE);
  ck_assert_uint_eq(digest(a), digest(b));
}
END_TEST

int main(void) {
  Suite *suite = suite_create("event-rules");
  TCase *tests = tcase_create("rules");
  guint programs = 0;
  while (cs3_program_table()[programs])
    programs++;
  tcase_add_test(tests, ring_mode);
  tcase_add_test(tests, pop_modes);
  tcase_add_test(tests, filters);
  tcase_add_test(tests, data_and_control_tasks);
  tcase_add_test(tests, local_activation);
  tcase_add_test(tests, block_and_unblock);
  tcase_add_test(tests, charged_operations);
  tcase_add_test(tests, few_wavelets);
  tcase_add_test(tests, wide_operations);
  tcase_add_test(tests, queues_are_finite);
  tcase_add_test(tests, resources_are_finite);
  tcase_add_test(tests, roles_have_limits);
  tcase_add_test(tests, lanes_and_ports);
  tcase_add_loop_test(tests, runs_are_identical, 0, (int)programs);
  suite_add_tcase(suite, tests);
  return fixture_run(suite);
}
