/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A layer on the event fabric: geometry, live weights, running. */
#include "config.h"

#include "fabric/layer-event/machine.h"

#include "fabric/fabric-error.h"
#include "fabric/layer/recurrence.h"

/* Samples of a convolution stay in one group. */
static guint sample_tokens(const Cs3LayerEvent *m, guint group, guint column, gint64 *first) {
  gint64 unit = cs3_conv_tokens(&m->shape.conv), samples = (m->shape.tokens + unit - 1) / unit;
  gint64 from = MIN(group * samples / m->groups * unit, m->shape.tokens);
  gint64 tokens = MIN((group + 1) * samples / m->groups * unit, m->shape.tokens) - from;
  *first = from + column * tokens / m->columns;
  return (guint)(from + (column + 1) * tokens / m->columns - *first);
}

guint cs3_layer_tokens(const Cs3LayerEvent *m, guint group, guint column, gint64 *first) {
  gint64 pes = m->groups * m->columns, pe = (gint64)group * m->columns + column;
  if (cs3_conv_is_one(&m->shape.conv))
    return sample_tokens(m, group, column, first);
  *first = pe * m->shape.tokens / pes;
  return (guint)((pe + 1) * m->shape.tokens / pes - *first);
}

gboolean cs3_layer_place(Cs3LayerEvent *m, guint x, guint y, const Cs3Role *role, GError **error) {
  guint id;
  if (!cs3_fabric_add_role(m->fabric, role, &id, error))
    return FALSE;
  cs3_fabric_set_role(m->fabric, x, y, id);
  return TRUE;
}

void cs3_layer_weight_role(const Cs3LayerEvent *m, Cs3Role *role, guint column) {
  guint onward = column + 1 < m->columns ? AT(CS3_E) : 0;
  cs3_role_route(role, COLOUR_WEIGHTS, 0, AT(CS3_W), AT(CS3_RAMP) | onward);
  Cs3ColourUse *weights = &role->colour[COLOUR_WEIGHTS];
  weights->binding = CS3_BIND_TASK;
  weights->task = TASK_WEIGHT;
  weights->control_task = TASK_CONTROL;
  weights->in_queue = QUEUE_FIRST;
  weights->lane = cs3_layer_lane(m);
  if (column == 0)
    cs3_edge_report_role(role);
}

/* Live weights by row and line. A dense stream carries the zeros too. */
static void list_weights(Cs3LayerEvent *m) {
  const Cs3LayerEventConfig *config = &m->config;
  gint64 rows = m->shape.rows, n = m->lines;
  GArray *index = g_array_new(FALSE, FALSE, sizeof(guint16));
  m->starts = cs3_mapping_starts(m->shape.features, n);
  m->offset = g_new(guint32, rows * n + 1);
  for (gint64 row = 0; row < rows; row++)
    for (gint64 line = 0; line < n; line++) {
      m->offset[row * n + line] = index->len;
      for (gint64 k = m->starts[line]; k < m->starts[line + 1]; k++) {
        guint16 local = (guint16)(k - m->starts[line]);
        if (m->shape.dense || !config->alive || config->alive(config->mask, row, k))
          g_array_append_val(index, local);
      }
    }
  m->offset[rows * n] = index->len;
  m->index = (guint16 *)(void *)g_array_free(index, FALSE);
}

/* Place of a line in its group. */
static guint place(const Cs3LayerEvent *m, guint line) {
  if (cs3_pass_has_gradients(m->shape.pass))
    return line;
  return (guint)cs3_reduction_ops(m->config.mapping.reduction)->place(m->lines, line);
}

static void measure(Cs3LayerEvent *m) {
  const Cs3LayerCosts *c = &m->costs;
  m->lines = c->pass.lines;
  m->columns = c->columns;
  m->groups = m->config.mapping.fold;
  m->width = (guint)m->columns + 1;
  m->height = (guint)(m->lines * m->groups);
  m->line_of = g_new(guint, m->lines);
  for (guint line = 0; line < m->lines; line++)
    m->line_of[place(m, line)] = line;
  m->seat = g_new(Cs3Seat, m->height);
  for (guint y = 0; y < m->height; y++)
    m->seat[y] = (Cs3Seat){m->line_of[y % (guint)m->lines], y / (guint)m->lines, 0};
  m->vector_words = (guint)(c->tokens + 1) / 2;
  m->slot_words = (guint)c->elements;
}

static void make_pes(Cs3LayerEvent *m) {
  m->pe = g_new0(Cs3PeData, (gsize)m->width * m->height);
  for (guint x = 1; x < m->width; x++)
    for (guint y = 0; y < m->height; y++) {
      Cs3PeData *pe = &m->pe[x * m->height + y];
      gint64 first;
      pe->seat = cs3_layer_seat(m, x, y);
      pe->tokens = cs3_layer_tokens(m, pe->seat.group, pe->seat.column, &first);
      pe->busy_slot = g_new0(guint8, m->costs.pass.slots);
      pe->decoder.mask = g_new0(guint32, m->costs.pass.features / 32 + 1);
      cs3_wire_begin(&pe->decoder);
    }
}

/* What only this machine cannot do: the recurrence counts wavelets, here they must carry values. */
static gboolean check(const Cs3LayerEvent *m, GError **error) {
  const Cs3LayerCosts *c = &m->costs;
  const char *what = NULL;
  if (cs3_layer_is_narrow(m->config.hw, &m->shape)) {
    g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
                "fidelity event: moves values of 16 bits, not of 8; use the recurrence");
    return FALSE;
  }
  if (c->pass.wire == CS3_WIRE_DELTA8 && c->pass.features > 255)
    what = "8-bit distances reach 255 features";
  else if (c->pass.wire == CS3_WIRE_DENSE && (c->pass.weight_bits < 8 || c->pass.weight_bits > 32))
    what = "kernel.dense_weight_bits from 8 to 32 hold a value";
  else if (c->pass.features > 65535)
    what = "16-bit indices reach 65535 features";
  if (!what)
    return TRUE;
  g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
              "fidelity event: %s a line (here: %" G_GINT64_FORMAT " features, %d bits); use the "
              "recurrence, or more lines",
              what, c->pass.features, c->pass.weight_bits);
  return FALSE;
}

Cs3LayerEvent *cs3_layer_event_new(const Cs3LayerEventConfig *config, GError **error) {
  g_autoptr(Cs3LayerEvent) m = g_new0(Cs3LayerEvent, 1);
  m->config = *config;
  m->shape = config->shape;
  m->half = cs3_half_run(config->plain);
  cs3_layer_seed_values(m);
  cs3_layer_costs(config->hw, &m->shape, &config->mapping, &m->costs);
  if (!cs3_event_timing_init(&m->timing, config->hw, error) || !check(m, error))
    return NULL;
  /* The tasks are index-mode operations that stand ready: kernel.control and kernel.weight_overhead
   * say what a wavelet costs. */
  m->timing.task_start = 0;
  measure(m);
  list_weights(m);
  make_pes(m);
  m->program = cs3_pass_has_gradients(m->shape.pass) ? &cs3_layer_dot : &cs3_layer_axpy;
  m->program->plan(m);
  cs3_edge_init(m);
  m->fabric = cs3_fabric_new(m->width, m->height, &m->timing, m, error);
  if (!m->fabric)
    return NULL;
  if (config->singles)
    cs3_fabric_set_trains(m->fabric, FALSE);
  cs3_fabric_set_data(m->fabric, m->pe, sizeof *m->pe);
  if (!cs3_edge_build(m, error) || !m->program->build(m, error))
    return NULL;
  cs3_fabric_load(m->fabric);
  return g_steal_pointer(&m);
}

void cs3_layer_event_free(Cs3LayerEvent *m) {
  for (gsize i = 0; m->pe && i < (gsize)m->width * m->height; i++) {
    g_free(m->pe[i].busy_slot);
    g_free(m->pe[i].decoder.mask);
  }
  for (gint64 r = 0; m->work && r < m->lines; r++) {
    g_free(m->work[r].visit);
    g_free(m->work[r].send_of);
    g_clear_pointer(&m->work[r].above, g_array_unref);
    g_clear_pointer(&m->work[r].below, g_array_unref);
    g_clear_pointer(&m->work[r].passing, g_array_unref);
  }
  cs3_edge_clear(m);
  g_free(m->starts);
  g_free(m->offset);
  g_free(m->index);
  g_free(m->line_of);
  g_free(m->seat);
  g_free(m->work);
  g_free(m->pe);
  g_free(m->gradient);
  cs3_fabric_free(m->fabric);
  g_free(m);
}

Cs3Fabric *cs3_layer_event_fabric(Cs3LayerEvent *m) {
  return m->fabric;
}

void cs3_layer_event_size(const Cs3LayerEvent *m, guint *width, guint *height) {
  *width = m->width;
  *height = m->height;
}

static gboolean all_done(const Cs3LayerEvent *m, GError **error) {
  if (m->edge.next == m->steps && (m->steps == 0 || m->edge.pending[m->steps - 1] == 0))
    return TRUE;
  g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_DEADLOCK,
              "the layer stands still: %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
              " steps were handed to the lines",
              m->edge.next, m->steps);
  return FALSE;
}

gboolean cs3_layer_event_run(Cs3LayerEvent *m, Cs3LayerEventResult *result, GError **error) {
  *result = (Cs3LayerEventResult){0};
  if (!cs3_fabric_run(m->fabric, error) || !all_done(m, error))
    return FALSE;
  cs3_fabric_stats(m->fabric, &result->stats);
  result->cycles = (gint64)result->stats.cycles;
  if (cs3_pass_has_gradients(m->shape.pass) && m->steps > 0)
    result->cycles = MAX(result->cycles, m->edge.left[m->steps - 1]);
  result->macs = m->macs;
  result->ingress_wavelets = m->edge.wavelets;
  result->egress_wavelets = m->edge.out_wavelets;
  return TRUE;
}

void cs3_layer_event_compare(const Cs3LayerEvent *m, Cs3LayerEventResult *result) {
  m->program->verify(m, result);
}
