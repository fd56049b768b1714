/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The exchange along the token axis and the way along lines, on the event fabric. PEs of a line are
 * numbered in the direction from which positions are needed; rows are positions, along lines all
 * that is held. A row that only passes is sent on while it comes in. */
#include "config.h"

#include "fabric/conv-event/conv-event.h"

#include "fabric/conv/moves.h"
#include "fabric/event/half.h"
#include "fabric/event/pe.h"
#include "fabric/event/values.h"

#define AT(port) CS3_PORT_BIT(port)

enum { TASK_BEGIN, TASK_ARRIVED, TASK_SENT };
enum { QUEUE = 3 }; /* number + 1, in and out, as the reduction's */

typedef struct {
  gint64 arrived, arrivals, sent, sends;
} Place;

struct Cs3ConvEvent {
  Cs3ConvEventConfig config;
  gint64 pes;
  Cs3ExchangeLine *line; /* along lines: own and need of a single row, that of PE 0 */
  Cs3Fabric *fabric;
  Place *place; /* by column */
  Cs3EventTiming timing;
};

guint16 cs3_conv_event_value(guint64 seed, gint64 position, gint64 element) {
  return cs3_uniform_half(cs3_mix(cs3_mix(seed + (guint64)position) + (guint64)element));
}

/* What PE @pe adds to @position: small whole numbers, whose sums are exact. */
static guint16 addend(const Cs3ConvEvent *e, gint64 pe, gint64 position, gint64 element) {
  guint64 z = cs3_mix(cs3_mix(e->config.seed + (guint64)position) + (guint64)element);
  return cs3_half_of_float((float)(cs3_mix(z + (guint64)pe) & 3));
}

static gboolean along_lines(const Cs3ConvEvent *e) {
  return e->config.span > 0;
}

/* Position of the first row in the memory of PE @pe. */
static gint64 lowest(const Cs3ConvEvent *e, gint64 pe) {
  return MIN(e->line->need[pe], e->line->own[pe]);
}

static gint64 column_of(const Cs3ConvEvent *e, gint64 pe) {
  return e->config.mirrored ? e->pes - 1 - pe : pe;
}

/* Rows into @pe from the PE before it. */
static gint64 rows_into(const Cs3ConvEvent *e, gint64 pe) {
  return pe < 1 || pe >= e->pes ? 0 : cs3_exchange_rows(e->line, pe);
}

static gint64 pe_of(const Cs3Pe *pe) {
  const Cs3ConvEvent *e = cs3_pe_user(pe);
  return column_of(e, cs3_pe_x(pe));
}

static void describe(const Cs3ConvEvent *e, gint64 pe, gint64 position, Cs3StreamRow *out) {
  out->n = (guint32)e->config.words;
  out->address = (guint32)(4 * (position - lowest(e, pe)) * e->config.words);
  out->after = CS3_STREAM_FREE;
}

/* Gathering: the nearest positions first. */
static void gather_in(Cs3Pe *at, guint32 row, Cs3StreamRow *out) {
  const Cs3ConvEvent *e = cs3_pe_user(at);
  gint64 pe = pe_of(at);
  describe(e, pe, e->line->own[pe] - 1 - row, out);
}

static void gather_out(Cs3Pe *at, guint32 row, Cs3StreamRow *out) {
  const Cs3ConvEvent *e = cs3_pe_user(at);
  gint64 pe = pe_of(at), position = e->line->own[pe + 1] - 1 - row;
  describe(e, pe, position, out);
  if (position < e->line->own[pe])
    out->after = (guint32)((e->line->own[pe] - 1 - position) * e->config.words);
}

/* Sums: the farthest positions first, towards lower PEs. */
static void sum_in(Cs3Pe *at, guint32 row, Cs3StreamRow *out) {
  const Cs3ConvEvent *e = cs3_pe_user(at);
  gint64 pe = pe_of(at);
  describe(e, pe, e->line->need[pe + 1] + row, out);
}

static void sum_out(Cs3Pe *at, guint32 row, Cs3StreamRow *out) {
  const Cs3ConvEvent *e = cs3_pe_user(at);
  gint64 pe = pe_of(at), position = e->line->need[pe] + row;
  describe(e, pe, position, out);
  if (rows_into(e, pe + 1) > 0 && position >= e->line->need[pe + 1])
    out->after = (guint32)((position - e->line->need[pe + 1]) * e->config.words);
}

static guint begin(Cs3Pe *pe, guint32 wavelet) {
  const Place *place = cs3_pe_data(pe);
  guint stream = 0;
  if (place->arrivals > 0)
    cs3_pe_grant(pe, stream++, (guint)place->arrivals);
  if (place->sends > 0)
    cs3_pe_grant(pe, stream, (guint)place->sends);
  return 0;
}

static guint arrived(Cs3Pe *pe, guint32 row) {
  Place *place = cs3_pe_data(pe);
  if (++place->arrived == place->arrivals)
    cs3_pe_finish(pe);
  return 0;
}

static guint sent(Cs3Pe *pe, guint32 row) {
  Place *place = cs3_pe_data(pe);
  place->sent++;
  return 0;
}

/* Neighbours must differ in the colour on which they send. */
static guint colour(gint64 pe) {
  return (guint)(pe % 2);
}

static Cs3StreamUse stream_in(const Cs3ConvEvent *e, gint64 from) {
  gboolean sums = e->config.sums;
  return (Cs3StreamUse){.kind = sums ? CS3_STREAM_ADD : CS3_STREAM_STORE,
                        .type = CS3_TYPE_F16X2,
                        .colour = (guint8)colour(from),
                        .task = TASK_ARRIVED,
                        .row = sums ? sum_in : gather_in};
}

static void wire(const Cs3ConvEvent *e, gint64 pe, Cs3Role *role) {
  gboolean sums = e->config.sums;
  gint64 from = sums ? pe + 1 : pe - 1;
  guint up = e->config.mirrored ? AT(CS3_W) : AT(CS3_E);
  guint down = e->config.mirrored ? AT(CS3_E) : AT(CS3_W);
  const Place *place = &e->place[column_of(e, pe)];
  if (place->arrivals > 0) {
    cs3_role_route(role, colour(from), 0, sums ? up : down, AT(CS3_RAMP));
    role->colour[colour(from)].in_queue = QUEUE;
    role->stream[role->n_streams++] = stream_in(e, from);
  }
  if (place->sends > 0) {
    cs3_role_route(role, colour(pe), 0, AT(CS3_RAMP), sums ? down : up);
    role->colour[colour(pe)].out_queue = QUEUE;
    role->stream[role->n_streams] =
        (Cs3StreamUse){.kind = CS3_STREAM_SEND,
                       .colour = (guint8)colour(pe),
                       .follows = (guint8)role->n_streams, /* the way in, if there is one */
                       .task = TASK_SENT,
                       .row = sums ? sum_out : gather_out};
    role->n_streams++;
  }
}

/* Along lines: PE 0 has what all others get, through the routers between. */
static void wire_multicast(const Cs3ConvEvent *e, gint64 pe, Cs3Role *role) {
  guint onward = pe + 1 < e->pes ? AT(CS3_E) : 0;
  role->n_streams = 1;
  if (pe == 0) {
    cs3_role_route(role, 0, 0, AT(CS3_RAMP), AT(CS3_E));
    role->colour[0].out_queue = QUEUE;
    role->stream[0] =
        (Cs3StreamUse){.kind = CS3_STREAM_SEND, .colour = 0, .task = TASK_SENT, .row = gather_out};
    return;
  }
  cs3_role_route(role, 0, 0, AT(CS3_W), AT(CS3_RAMP) | onward);
  role->colour[0].in_queue = QUEUE;
  role->stream[0] =
      (Cs3StreamUse){.kind = CS3_STREAM_STORE, .colour = 0, .task = TASK_ARRIVED, .row = gather_in};
}

static guint begin_multicast(Cs3Pe *pe, guint32 wavelet) {
  cs3_pe_grant(pe, 0, 1);
  return 0;
}

static gboolean reads(const Cs3ConvEvent *e, gint64 pe, gint64 position) {
  const Cs3ConvLayout *l = e->config.layout;
  gint64 from, to, x = column_of(e, pe);
  if (along_lines(e))
    return TRUE;
  gint64 tokens = l->samples * cs3_conv_tokens(&l->shape);
  gint64 positions = l->samples * cs3_conv_positions(&l->shape);
  gint64 at = e->config.mirrored ? positions - 1 - position : position;
  return cs3_conv_reach(&l->shape, x * tokens / e->pes, (x + 1) * tokens / e->pes, &from, &to) &&
         at >= from && at < to;
}

static guint16 before(const Cs3ConvEvent *e, gint64 pe, gint64 position, gint64 element) {
  if (e->config.sums)
    return reads(e, pe, position) ? addend(e, pe, position, element) : 0;
  gboolean own = position >= e->line->own[pe] && position < e->line->own[pe + 1];
  gint64 positions = e->line->own[e->pes];
  gint64 at = e->config.mirrored ? positions - 1 - position : position;
  return own ? cs3_conv_event_value(e->config.seed, at, element) : 0;
}

static guint32 memory(gpointer user, guint x, guint y, guint word) {
  const Cs3ConvEvent *e = user;
  gint64 pe = column_of(e, x), words = e->config.words;
  gint64 position = lowest(e, pe) + word / words, element = 2 * (word % words);
  if (position >= MAX(e->line->own[pe + 1], 1))
    return 0;
  return before(e, pe, position, element) | (guint32)before(e, pe, position, element + 1) << 16;
}

static gboolean place_pe(Cs3ConvEvent *e, gint64 pe, GError **error) {
  Cs3Role role;
  guint id, x = (guint)column_of(e, pe);
  gint64 rows = MAX(MAX(e->line->own[pe + 1], along_lines(e)) - lowest(e, pe), 1);
  cs3_role_clear(&role);
  role.memory_bytes = (guint)(4 * rows * e->config.words);
  role.init = memory;
  gboolean multicast = along_lines(e) && !e->config.sums;
  role.task[TASK_BEGIN] = multicast ? begin_multicast : begin;
  role.task[TASK_ARRIVED] = arrived;
  role.task[TASK_SENT] = sent;
  role.start_task = TASK_BEGIN;
  if (multicast)
    wire_multicast(e, pe, &role);
  else
    wire(e, pe, &role);
  if (!cs3_fabric_add_role(e->fabric, &role, &id, error))
    return FALSE;
  cs3_fabric_set_role(e->fabric, x, 0, id);
  return TRUE;
}

/* A single row, that of PE 0, which all others read. */
static Cs3ExchangeLine *shared_row(gint64 pes) {
  Cs3ExchangeLine *line = g_new0(Cs3ExchangeLine, 1);
  line->pes = pes;
  line->own = g_new(gint64, pes + 1);
  line->need = g_new0(gint64, pes);
  for (gint64 p = 0; p <= pes; p++)
    line->own[p] = p > 0;
  return line;
}

static void count_rows(Cs3ConvEvent *e) {
  e->place = g_new0(Place, e->pes);
  for (gint64 pe = 0; pe < e->pes; pe++) {
    Place *place = &e->place[column_of(e, pe)];
    gint64 below = rows_into(e, pe), above = rows_into(e, pe + 1);
    place->arrivals = e->config.sums ? above : below;
    place->sends = e->config.sums ? below : above;
  }
}

Cs3ConvEvent *cs3_conv_event_new(const Cs3ConvEventConfig *config, GError **error) {
  g_autoptr(Cs3ConvEvent) e = g_new0(Cs3ConvEvent, 1);
  e->config = *config;
  e->pes = config->span > 0 ? config->span : config->layout->pes;
  e->line =
      config->span > 0 ? shared_row(e->pes) : cs3_exchange_line(config->layout, config->mirrored);
  count_rows(e);
  if (!cs3_event_timing_init(&e->timing, config->hw, error))
    return NULL;
  e->timing.task_start = 0; /* the streams stand ready */
  e->fabric = cs3_fabric_new((guint)e->pes, 1, &e->timing, e, error);
  if (!e->fabric)
    return NULL;
  if (config->singles)
    cs3_fabric_set_trains(e->fabric, FALSE);
  cs3_fabric_set_data(e->fabric, e->place, sizeof *e->place);
  for (gint64 pe = 0; pe < e->pes; pe++)
    if (!place_pe(e, pe, error))
      return NULL;
  cs3_fabric_load(e->fabric);
  return g_steal_pointer(&e);
}

void cs3_conv_event_free(Cs3ConvEvent *e) {
  g_clear_pointer(&e->fabric, cs3_fabric_free);
  g_clear_pointer(&e->line, cs3_exchange_line_free);
  g_free(e->place);
  g_free(e);
}

guint32 cs3_conv_event_word(const Cs3ConvEvent *e, gint64 pe, gint64 position, gint64 word) {
  gint64 at = (position - lowest(e, pe)) * e->config.words + word;
  return cs3_fabric_word(e->fabric, (guint)column_of(e, pe), 0, (guint)at);
}

/* What PE @pe has of an element of @position when all has come: the owner's number; the sum of all
 * that read it. */
static guint16 after(const Cs3ConvEvent *e, gint64 pe, gint64 position, gint64 element) {
  if (!e->config.sums) {
    gint64 owner = pe;
    while (owner > 0 && e->line->own[owner] > position)
      owner--;
    return before(e, owner, position, element);
  }
  float sum = 0;
  for (gint64 q = pe; q < e->pes && lowest(e, q) <= position; q++)
    sum += cs3_half_to_float(before(e, q, position, element));
  return cs3_half_of_float(sum);
}

static gint64 wrong_words(const Cs3ConvEvent *e) {
  gint64 wrong = 0;
  for (gint64 pe = 0; pe < e->pes; pe++) {
    gint64 end = MAX(e->line->own[pe + 1], along_lines(e));
    gint64 from = e->config.sums ? e->line->own[pe] : lowest(e, pe);
    for (gint64 position = from; position < end; position++)
      for (gint64 word = 0; word < e->config.words; word++) {
        guint32 want =
            after(e, pe, position, 2 * word) | (guint32)after(e, pe, position, 2 * word + 1) << 16;
        wrong += cs3_conv_event_word(e, pe, position, word) != want;
      }
  }
  return wrong;
}

gboolean cs3_conv_event_run(Cs3ConvEvent *e, Cs3ConvEventResult *result, GError **error) {
  *result = (Cs3ConvEventResult){0};
  if (!cs3_fabric_run(e->fabric, error))
    return FALSE;
  cs3_fabric_stats(e->fabric, &result->stats);
  result->wrong = wrong_words(e);
  for (gint64 pe = 0; pe < e->pes; pe++)
    if (e->place[pe].arrivals > 0)
      result->cycles = (gint64)result->stats.cycles;
  return TRUE;
}

static gboolean add_event(const Cs3ConvEventConfig *config, Cs3ConvEventResult *one,
                          Cs3ConvEventResult *sum, GError **error) {
  g_autoptr(Cs3ConvEvent) event = cs3_conv_event_new(config, error);
  if (!event || !cs3_conv_event_run(event, one, error))
    return FALSE;
  sum->wrong += one->wrong;
  sum->stats.wavelet_hops += one->stats.wavelet_hops;
  sum->stats.deliveries += one->stats.deliveries;
  return TRUE;
}

gboolean cs3_conv_event_moves(const Cs3Hardware *hw, const Cs3ConvLayout *layout, gint64 bytes,
                              gboolean sums, guint64 seed, Cs3ConvEventResult *sum,
                              GError **error) {
  Cs3ConvHold hold = cs3_conv_hold(layout);
  Cs3ConvEventConfig config = {.hw = hw, .layout = layout, .sums = sums, .seed = seed};
  Cs3ConvEventResult one;
  config.words = cs3_conv_words(layout, bytes);
  for (int mirrored = 0; mirrored < 2; mirrored++) {
    g_autoptr(Cs3ExchangeLine) line = cs3_exchange_line(layout, mirrored);
    config.mirrored = mirrored;
    if (!add_event(&config, &one, sum, error))
      return FALSE;
    sum->cycles += MAX(one.cycles, cs3_conv_issue(hw, cs3_exchange_most_rows(line), config.words));
  }
  config = (Cs3ConvEventConfig){.hw = hw, .span = hold.span, .sums = sums, .seed = seed};
  config.words = cs3_conv_shared_words(layout, bytes);
  if (hold.span > 1 && !add_event(&config, &one, sum, error))
    return FALSE;
  sum->cycles += (hold.span > 1 ? one.cycles : 0) + cs3_conv_copying(hw, layout);
  return TRUE;
}
