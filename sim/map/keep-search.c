/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a number of samples to what its stages keep: sizes of tensors on the wafer, ways of the
 * segments, the best chain of them. */
#include "config.h"

#include <math.h>

#include "sim/machine/capacity.h"
#include "sim/map/keep-private.h"

enum { ELEMENT_BYTES = 2, FOLDS = 8 };

/* Features over @lines, rows over the PEs that are left for each line. */
static double fullest(double elements, double rows, double lines, double pes) {
  return ceil(elements / lines) * ceil(rows / MAX(floor(pes / lines), 1));
}

double cs3_wafer_capacity(const Cs3Hardware *hw) {
  return (double)hw->wafer.pe_x * hw->wafer.pe_y * hw->pe.sram_data_bytes;
}

double cs3_wafer_bytes(const Cs3Hardware *hw, double elements, double rows) {
  double x = (double)hw->wafer.pe_x, y = (double)hw->wafer.pe_y, pes = x * y;
  double least = fullest(elements, rows, 1, pes);
  for (double fold = 1; fold <= FOLDS; fold++) {
    least = MIN(least, fullest(elements, rows, fold * x, pes));
    least = MIN(least, fullest(elements, rows, fold * y, pes));
    least = MIN(least, fullest(elements, rows, ceil(x / fold), pes));
    least = MIN(least, fullest(elements, rows, ceil(y / fold), pes));
  }
  return ELEMENT_BYTES * pes * least;
}

Cs3Narrow cs3_keep_narrow(const Cs3Hardware *hw) {
  return (Cs3Narrow){
      .inputs = hw->kernel.activation_precision == CS3_FACTOR_FP8 ? 0.5 : 0,
      .gradients = hw->kernel.gradient_precision == CS3_FACTOR_FP8 ? 0.5 : 0,
  };
}

/* Every mask, or the one that a policy means. */
static GArray *masks_of(const Cs3KeepInput *input, const Cs3Segment *segment,
                        const Cs3Lifetimes *lifetimes) {
  GArray *masks = g_array_new(FALSE, FALSE, sizeof(guint64));
  gboolean reversible = input->policy == CS3_RECOMPUTE_REVERSIBLE;
  gboolean free = input->policy < 0 || input->policy == CS3_RECOMPUTE_OPERATION ||
                  (reversible && !segment->reversible);
  guint64 all = cs3_lifetimes_everything(lifetimes), none = 0;
  if (!free || input->forward) {
    gboolean keeps = input->policy == CS3_RECOMPUTE_NONE || !segment->block;
    g_array_append_val(masks, *(keeps && !input->forward ? &none : &all));
    return masks;
  }
  for (guint64 mask = 0; mask <= all; mask++)
    g_array_append_val(masks, mask);
  return masks;
}

gboolean cs3_keep_rebuilds(const Cs3KeepSearch *search, guint s) {
  return search->input.policy == CS3_RECOMPUTE_REVERSIBLE && !search->input.forward &&
         cs3_graph_segment(search->input.graph, s)->reversible;
}

/* With @mask, whatever it costs in time. */
static void measure_leanest(const Cs3KeepSearch *search, guint s, guint64 mask, const double *bytes,
                            Cs3Footprint *room) {
  const Cs3KeepInput *input = &search->input;
  Cs3Keep keep = {.again = mask,
                  .away = input->away != 0 && !input->forward,
                  .forward = input->forward,
                  .tiles = cs3_graph_segment(input->graph, s)->block ? 1 : CS3_KEEP_MAX_TILES,
                  .sums = search->sums,
                  .narrow = search->narrow};
  cs3_lifetimes_measure(search->segments[s].lifetimes, &keep, bytes, room);
}

const Cs3KeepRooms *cs3_keep_rooms_of(Cs3KeepSearch *search, guint s, gint64 samples, gint64 tiles,
                                      const Cs3KeepSizes *sizes) {
  const Cs3KeepSegment *segment = &search->segments[s];
  const Cs3Segment *data = cs3_graph_segment(search->input.graph, s);
  const Cs3Hardware *hw = &search->input.machine->hw;
  Cs3KeepRoomsKey key = {.segment = segment->key,
                         .samples = samples,
                         .tiles = tiles,
                         .pe_x = samples > 0 ? hw->wafer.pe_x : 0,
                         .pe_y = samples > 0 ? hw->wafer.pe_y : 0,
                         .forward = search->input.forward,
                         .sums = search->sums,
                         .narrow = search->narrow};
  for (guint i = 0; i < G_N_ELEMENTS(sizes->around); i++)
    if (sizes->around[i] != NULL)
      key.segment = cs3_memo_key(&key.segment, &sizes->around[i][data->first],
                                 data->count * sizeof *sizes->around[i]);
  return cs3_keep_rooms(search->store, &key, segment->lifetimes, segment->masks, sizes);
}

static void init_segment(Cs3KeepSearch *search, guint s) {
  const Cs3KeepInput *input = &search->input;
  Cs3KeepSegment *segment = &search->segments[s];
  const Cs3Segment *data = cs3_graph_segment(input->graph, s);
  segment->lifetimes = cs3_lifetimes_new(input->graph, s);
  segment->key = cs3_lifetimes_key(segment->lifetimes);
  segment->masks = masks_of(input, data, segment->lifetimes);
  Cs3KeepSizes sizes = {search->elements_bytes, {NULL, NULL}};
  segment->sample = cs3_keep_rooms_of(search, s, 0, data->block ? 1 : CS3_KEEP_MAX_TILES, &sizes);
  gboolean away = input->away != 0 && !input->forward;
  segment->least = segment->kept = INFINITY;
  for (guint i = 0; i < segment->masks->len; i++) {
    const Cs3Footprint *room =
        &cs3_keep_room(segment->sample, g_array_index(segment->masks, guint64, i), away)->room;
    segment->least = MIN(segment->least, MAX(room->forward, room->backward));
    segment->kept = MIN(segment->kept, cs3_keep_rebuilds(search, s) ? 0 : room->kept);
  }
}

Cs3KeepSearch *cs3_keep_search_new(const Cs3KeepInput *input) {
  const Cs3Graph *graph = input->graph;
  const Cs3Hardware *hw = &input->machine->hw;
  Cs3KeepSearch *search = g_new0(Cs3KeepSearch, 1);
  search->input = *input;
  search->segments = g_new0(Cs3KeepSegment, graph->segments->len);
  search->elements_bytes = cs3_graph_tensor_bytes(graph);
  gboolean in_memory =
      hw->kernel.backward == CS3_BACKWARD_SHARED && hw->kernel.acc_precision == CS3_ACC_FP32;
  search->sums = in_memory ? 2 : 1;
  search->narrow = cs3_keep_narrow(hw);
  search->own = input->store == NULL ? cs3_keep_store_new() : NULL;
  search->store = input->store != NULL ? input->store : search->own;
  for (guint s = 0; s < graph->segments->len; s++)
    init_segment(search, s);
  return search;
}

void cs3_keep_search_free(Cs3KeepSearch *search) {
  if (search == NULL)
    return;
  for (guint s = 0; s < search->input.graph->segments->len; s++) {
    cs3_lifetimes_free(search->segments[s].lifetimes);
    cs3_keep_rooms_return(search->segments[s].sample);
    g_array_unref(search->segments[s].masks);
  }
  cs3_keep_store_free(search->own);
  g_free(search->segments);
  g_free(search->elements_bytes);
  g_free(search);
}

/* Where nothing can be sent away, all that earlier stages keep is there too. */
double cs3_keep_least(const Cs3KeepSearch *search, gint64 samples) {
  const Cs3Graph *graph = search->input.graph;
  double least = 0, kept = 0;
  for (guint k = 0; k < graph->order->len; k++) {
    const Cs3KeepSegment *segment =
        &search->segments[g_array_index(graph->order, Cs3Stage, k).segment];
    least = MAX(least, kept + segment->least);
    kept +=
        search->input.away == 0 && search->input.policy != CS3_RECOMPUTE_FULL ? segment->kept : 0;
  }
  return least * (double)samples;
}

/* Of tensors of @samples on the wafer, rounded to whole PEs. */
static double *wafer_bytes(const Cs3KeepSearch *search, gint64 samples) {
  const Cs3Graph *graph = search->input.graph;
  double *bytes = g_new(double, graph->tensors->len);
  for (guint t = 0; t < graph->tensors->len; t++) {
    const Cs3Tensor *tensor = cs3_graph_tensor(graph, (int)t);
    bytes[t] = cs3_wafer_bytes(&search->input.machine->hw, (double)tensor->elements,
                               ceil(tensor->rows * (double)samples));
  }
  return bytes;
}

double cs3_keep_need(const Cs3KeepSearch *search, gint64 samples) {
  g_autofree double *bytes = wafer_bytes(search, samples);
  double need = 0;
  for (guint s = 0; s < search->input.graph->segments->len; s++) {
    const Cs3KeepSegment *segment = &search->segments[s];
    double least = INFINITY;
    for (guint i = 0; i < segment->masks->len; i++) {
      Cs3Footprint room;
      measure_leanest(search, s, g_array_index(segment->masks, guint64, i), bytes, &room);
      least = MIN(least, MAX(room.forward, room.backward));
    }
    need = MAX(need, least + cs3_lifetimes_outside(segment->lifetimes, bytes));
  }
  return MAX(need, cs3_keep_least(search, samples));
}

static Cs3KeepJob *job_new(Cs3KeepSearch *search, gint64 samples, Cs3KeepCost cost, gpointer data) {
  const Cs3Graph *graph = search->input.graph;
  Cs3KeepJob *job = g_new0(Cs3KeepJob, 1);
  *job = (Cs3KeepJob){.search = search, .samples = samples, .cost = cost, .data = data};
  job->capacity = cs3_wafer_capacity(&search->input.machine->hw);
  job->bytes = wafer_bytes(search, samples);
  for (guint i = 0; i < G_N_ELEMENTS(job->around); i++)
    job->around[i] = g_new0(double, graph->nodes->len);
  job->ways = g_new0(GArray *, graph->segments->len);
  job->outside = g_new0(double, graph->segments->len);
  for (guint s = 0; s < graph->segments->len; s++)
    job->outside[s] = cs3_lifetimes_outside(search->segments[s].lifetimes, job->bytes);
  return job;
}

static void job_free(Cs3KeepJob *job) {
  for (guint s = 0; s < job->search->input.graph->segments->len; s++)
    if (job->ways[s] != NULL)
      g_array_unref(job->ways[s]);
  g_free(job->ways);
  g_free(job->outside);
  g_free(job->bytes);
  g_free(job->around[0]);
  g_free(job->around[1]);
  g_free(job);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3KeepJob, job_free)

/* The ways of all segments. Returns: cycles that no chain of them can beat; INFINITY when a segment
 * has none. Stops at @enough. */
static double find_ways(Cs3KeepJob *job, double enough) {
  const Cs3Graph *graph = job->search->input.graph;
  double least = 0;
  for (guint s = 0; s < graph->segments->len && least < enough; s++) {
    job->ways[s] = cs3_keep_ways(job, s);
    double best = INFINITY;
    for (guint w = 0; w < job->ways[s]->len; w++)
      best = MIN(best, g_array_index(job->ways[s], Cs3KeepWay, w).cycles);
    least += best * (double)cs3_graph_segment(graph, s)->repeat;
  }
  return least;
}

static guint option_of(GArray *options, const Cs3StageOption *option) {
  for (guint i = 0; i < options->len; i++) {
    Cs3StageOption *old = &g_array_index(options, Cs3StageOption, i);
    if (old->segment == option->segment && old->keep.again == option->keep.again &&
        old->keep.away == option->keep.away && old->room.kept == option->room.kept) {
      old->stages++;
      return i;
    }
  }
  Cs3StageOption first = *option;
  first.stages = 1;
  g_array_append_val(options, first);
  return options->len - 1;
}

static void note_peak(Cs3PlanMemory *memory, guint stage, double resident, double bytes,
                      gboolean backward) {
  if (resident + bytes <= memory->peak_bytes)
    return;
  memory->peak_bytes = resident + bytes;
  memory->resident_bytes = resident;
  memory->peak_stage = stage;
  memory->peak_backward = backward;
}

/* Bytes far beyond any wafer's, and few enough for sums to be exact. */
#define BEYOND 0x1p50

/* Bytes of @option while @node runs in a direction, less what is around it: the footprint's peaks
 * are that moment when more is around it than can be. */
static double at_work(const Cs3KeepJob *job, const Cs3StageOption *option, guint node,
                      gboolean backward) {
  guint nodes = job->search->input.graph->nodes->len;
  g_autofree double *around = g_memdup2(job->around[backward], nodes * sizeof *around);
  Cs3Keep keep = option->keep;
  Cs3Footprint f;
  around[node] = BEYOND;
  keep.around[backward] = around;
  cs3_lifetimes_measure(job->search->segments[option->segment].lifetimes, &keep, job->bytes, &f);
  return MAX(f.forward, f.backward) - BEYOND;
}

/* What may be around the attentions of @option's segment, with at most @others on the wafer beside
 * it. A reversible segment holds more than was measured: what the peak leaves. */
static void note_rooms(const Cs3KeepJob *job, const Cs3StageOption *option, double others,
                       Cs3PlanMemory *memory) {
  const Cs3Segment *segment = cs3_graph_segment(job->search->input.graph, option->segment);
  gboolean reversible = job->search->input.policy == CS3_RECOMPUTE_REVERSIBLE;
  for (guint i = segment->first; i < segment->first + segment->count; i++)
    for (int d = 0; d < 2; d++) {
      double around = job->around[d][i], *room = &memory->room[d][i];
      if (around == 0 || cs3_graph_node(job->search->input.graph, i)->attention == 0)
        continue;
      double left = reversible ? around + job->capacity - memory->peak_bytes
                               : job->capacity - others - at_work(job, option, i, d);
      *room = *room > 0 ? MIN(*room, left) : left;
    }
}

static void record_rooms(const Cs3KeepJob *job, const double *others, Cs3PlanMemory *memory) {
  guint nodes = job->search->input.graph->nodes->len;
  for (guint d = 0; d < G_N_ELEMENTS(memory->room); d++)
    memory->room[d] = g_new0(double, nodes);
  for (guint i = 0; i < memory->options->len; i++)
    note_rooms(job, &g_array_index(memory->options, Cs3StageOption, i), others[i], memory);
}

/* Fills @memory from the way of every stage. @stride: blocks between two checkpoints. */
static void record(const Cs3KeepJob *job, const guint *chosen, double stride,
                   Cs3PlanMemory *memory) {
  const Cs3Graph *graph = job->search->input.graph;
  double resident = 0, blocks = 0;
  g_autofree double *others = g_new0(double, graph->order->len); /* by option: most beside it */
  memory->options = g_array_new(FALSE, TRUE, sizeof(Cs3StageOption));
  memory->chosen = g_new(guint, graph->order->len);
  for (guint i = 0; i < G_N_ELEMENTS(job->around); i++)
    memory->around[i] = g_memdup2(job->around[i], graph->nodes->len * sizeof *job->around[i]);
  for (guint k = 0; k < graph->order->len; k++) {
    guint s = g_array_index(graph->order, Cs3Stage, k).segment;
    Cs3StageOption option = g_array_index(job->ways[s], Cs3KeepWay, chosen[k]).option;
    double here = resident + job->outside[s];
    for (guint i = 0; i < G_N_ELEMENTS(memory->around); i++)
      option.keep.around[i] = memory->around[i];
    if (cs3_graph_segment(graph, s)->block && stride > 0 && fmod(blocks++, stride) != 0) {
      here += (stride - 2) * option.room.kept;
      option.room.kept = 0;
    }
    note_peak(memory, k, here, option.room.forward, FALSE);
    note_peak(memory, k, here, option.room.backward, TRUE);
    resident += option.room.kept;
    memory->sent_bytes += option.sent_bytes;
    memory->chosen[k] = option_of(memory->options, &option);
    others[memory->chosen[k]] = MAX(others[memory->chosen[k]], here);
  }
  record_rooms(job, others, memory);
}

/* What the stages do, as a policy is called. */
static Cs3Recompute policy_of(const Cs3KeepJob *job, const Cs3PlanMemory *memory) {
  const Cs3KeepSearch *search = job->search;
  gboolean none = TRUE, layer = TRUE;
  for (guint i = 0; i < memory->options->len; i++) {
    const Cs3StageOption *option = &g_array_index(memory->options, Cs3StageOption, i);
    const Cs3Lifetimes *l = search->segments[option->segment].lifetimes;
    gboolean block = cs3_graph_segment(search->input.graph, option->segment)->block;
    guint64 all = cs3_lifetimes_everything(l);
    none &= option->nodes == 0;
    layer &= block ? option->keep.again == all : option->nodes == 0;
  }
  return none ? CS3_RECOMPUTE_NONE : layer ? CS3_RECOMPUTE_LAYER : CS3_RECOMPUTE_OPERATION;
}

double cs3_keep_choose(Cs3KeepSearch *search, gint64 samples, Cs3KeepCost cost, gpointer data,
                       double enough, gboolean *fits, Cs3PlanMemory *memory) {
  const Cs3Graph *graph = search->input.graph;
  g_autoptr(Cs3KeepJob) job = job_new(search, samples, cost, data);
  g_autofree guint *chosen = g_new0(guint, graph->order->len);
  gboolean full = search->input.policy == CS3_RECOMPUTE_FULL;
  double least = find_ways(job, enough);
  *fits = isfinite(least);
  if (!*fits || least >= enough)
    return INFINITY;
  double cycles = full ? cs3_keep_full(job) : cs3_keep_chain(job, enough, chosen);
  *fits = isfinite(cycles) || (isfinite(enough) && !full);
  if (cycles >= enough)
    return INFINITY;
  Cs3PlanMemory found = {.capacity_bytes = job->capacity};
  record(job, chosen, full ? cs3_recompute_stride(graph) : 0, &found);
  gboolean reversible = search->input.policy == CS3_RECOMPUTE_REVERSIBLE;
  found.policy = full         ? CS3_RECOMPUTE_FULL
                 : reversible ? CS3_RECOMPUTE_REVERSIBLE
                              : policy_of(job, &found);
  if (!cs3_activations_fit(&search->input.machine->system, found.sent_bytes, NULL)) {
    cs3_plan_memory_clear(&found);
    return INFINITY;
  }
  cs3_plan_memory_clear(memory);
  *memory = found;
  return cycles;
}
