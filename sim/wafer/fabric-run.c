/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One PE program on the event fabric, as a result record. */
#include "config.h"

#include "sim/wafer/fabric-run.h"

#include <string.h>

#include "base/json.h"

static void write_name(Cs3FabricTrace *trace, const char *what, guint process, guint lane,
                       const char *name) {
  cs3_output_printf(trace->output,
                    "%s\n{\"name\":\"%s\",\"ph\":\"M\",\"pid\":%u,\"tid\":%u,\"args\":{\"name\":"
                    "\"%s\"}}",
                    trace->named ? "," : "", what, process, lane, name);
  trace->named = TRUE;
}

/* What a PE and its lanes are called, before their first event. */
static void name_lane(Cs3FabricTrace *trace, guint x, guint y, guint lane) {
  guint process = y * 2048 + x;
  guint64 key = (guint64)process << 8 | lane;
  if (!g_hash_table_add(trace->seen, g_memdup2(&key, sizeof key)))
    return;
  key |= 0xff;
  g_autofree char *pe = g_strdup_printf("PE (%u, %u)", x, y);
  if (g_hash_table_add(trace->seen, g_memdup2(&key, sizeof key)))
    write_name(trace, "process_name", process, 0, pe);
  g_autofree char *thread =
      lane == 0 ? g_strdup("main thread") : g_strdup_printf("microthread %u", lane);
  write_name(trace, "thread_name", process, lane, thread);
}

static void trace_event(gpointer data, const char *what, guint x, guint y, guint lane,
                        guint64 begin, guint64 end) {
  Cs3FabricTrace *trace = data;
  if (trace->written >= trace->limit) {
    trace->dropped++;
    return;
  }
  name_lane(trace, x, y, lane);
  cs3_output_printf(
      trace->output,
      ",\n{\"name\":\"%s\",\"ph\":\"X\",\"pid\":%u,\"tid\":%u,\"ts\":%" G_GUINT64_FORMAT
      ",\"dur\":%" G_GUINT64_FORMAT ",\"args\":{\"x\":%u,\"y\":%u}}",
      what, y * 2048 + x, lane, begin - 1, end - begin, x, y);
  trace->written++;
}

void cs3_fabric_trace_start(Cs3FabricTrace *trace, Cs3Fabric *fabric) {
  trace->seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
  cs3_output_puts(trace->output, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
  cs3_fabric_set_trace(fabric, trace_event, trace);
}

void cs3_fabric_trace_end(Cs3FabricTrace *trace) {
  g_clear_pointer(&trace->seen, g_hash_table_unref);
  cs3_output_printf(trace->output,
                    "\n],\"otherData\":{\"unit\":\"1 us = 1 cycle\",\"dropped\":%" G_GUINT64_FORMAT
                    "}}\n",
                    trace->dropped);
}

static guint64 busiest_link(const Cs3Fabric *fabric, guint x, guint y) {
  guint64 link = 0;
  for (guint port = 0; port < CS3_RAMP; port++)
    link = MAX(link, cs3_fabric_link_count(fabric, x, y, port));
  return link;
}

void cs3_fabric_write_heatmap(const Cs3Fabric *fabric, guint width, guint height,
                              double link_cycles, guint64 cycles, Cs3Output *output) {
  cs3_output_puts(output, "x y pe_busy_share busiest_link_share deliveries waiting\n");
  double span = MAX(cycles, 1);
  for (guint y = 0; y < height; y++) {
    for (guint x = 0; x < width; x++)
      cs3_output_printf(output, "%u %u %.6f %.6f %" G_GUINT64_FORMAT " %.6f\n", x, y,
                        (double)cs3_fabric_pe_busy(fabric, x, y) / span,
                        (double)busiest_link(fabric, x, y) * link_cycles / span,
                        cs3_fabric_link_count(fabric, x, y, CS3_RAMP),
                        (double)cs3_fabric_pe_waited(fabric, x, y) / span);
    if (y + 1 < height)
      cs3_output_puts(output, "\n"); /* a scan line, as gnuplot's surfaces want it */
  }
}

static json_t *model_record(const Cs3ProgramRun *run, guint64 cycles) {
  Cs3ClosedForm form;
  if (!run->ops->model || !run->ops->model(run, &form))
    return json_null();
  return cs3_json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "cycles", form.cycles, "energy",
                       form.energy, "contention", form.contention, "distance", form.distance,
                       "depth", form.depth, "links", form.links, "simulated_over_model",
                       form.cycles > 0 ? (double)cycles / form.cycles : 0.0);
}

/* Null for what the program does not read. */
static json_t *option_of(const Cs3ProgramOps *ops, const char *name, guint value) {
  return cs3_program_reads(ops, name) ? json_integer(value) : json_null();
}

static json_t *record_of(const Cs3FabricConfig *config, const Cs3ProgramRun *run) {
  Cs3FabricStats s;
  cs3_fabric_stats(run->fabric, &s);
  guint64 cycles = cs3_program_cycles(run);
  double pes = (double)config->params.width * config->params.height, span = MAX(cycles, 1);
  double link_cycles = (double)run->timing.link_num / run->timing.link_den;
  double links = MAX(s.links_used, 1);
  json_t *record = cs3_json_pack(
      "{s:s, s:s, s:s, s:I, s:I, s:o, s:o, s:I, s:f, s:b}", "schema", "cs3sim.fabric/1", "program",
      config->ops->name, "hardware", config->hardware, "width", (json_int_t)config->params.width,
      "height", (json_int_t)config->params.height, "words",
      option_of(config->ops, "words", config->params.words), "group",
      option_of(config->ops, "group", config->params.group), "cycles", (json_int_t)cycles, "time_s",
      (double)cycles / config->clock_hz, "result_ok", run->ops->verify(run));
  json_t *counts =
      cs3_json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:f}", "wavelet_hops",
                    (json_int_t)s.wavelet_hops, "injected", (json_int_t)s.injected, "link_hops",
                    (json_int_t)s.link_hops, "deliveries", (json_int_t)s.deliveries, "contention",
                    (json_int_t)s.contention, "busiest_link_wavelets", (json_int_t)s.busiest_link,
                    "busiest_link_utilisation", (double)s.busiest_link * link_cycles / span,
                    "mean_link_utilisation", (double)s.link_hops * link_cycles / links / span,
                    "mean_pe_utilisation", (double)s.datapath_busy / pes / span, "mean_distance",
                    (double)s.link_hops / MAX(s.injected, 1));
  json_object_update(record, counts);
  json_decref(counts);
  json_object_set_new(record, "state_bytes_per_pe", json_real((double)s.state_bytes / pes));
  json_object_set_new(record, "model", model_record(run, cycles));
  return record;
}

json_t *cs3_fabric_execute(const Cs3FabricConfig *config, GError **error) {
  g_autoptr(Cs3ProgramRun) run =
      cs3_program_load(config->ops, &config->params, &config->timing, &config->gemm, error);
  if (run == NULL)
    return NULL;
  Cs3FabricTrace trace = {.output = config->trace, .limit = config->trace_limit};
  if (!config->trains)
    cs3_fabric_set_trains(run->fabric, FALSE);
  cs3_fabric_set_jobs(run->fabric, config->jobs);
  if (config->trace)
    cs3_fabric_trace_start(&trace, run->fabric);
  if (!cs3_fabric_run(run->fabric, error))
    return NULL;
  if (config->trace)
    cs3_fabric_trace_end(&trace);
  if (config->heatmap)
    cs3_fabric_write_heatmap(run->fabric, run->params.width, run->params.height,
                             (double)run->timing.link_num / run->timing.link_den,
                             cs3_program_cycles(run), config->heatmap);
  return record_of(config, run);
}

static double number(const json_t *record, const char *key) {
  return json_number_value(json_object_get(record, key));
}

void cs3_fabric_text(const json_t *record, Cs3Output *output) {
  const json_t *model = json_object_get(record, "model");
  cs3_output_printf(output, "%s on %.0fx%.0f PEs",
                    json_string_value(json_object_get(record, "program")), number(record, "width"),
                    number(record, "height"));
  if (json_is_integer(json_object_get(record, "words")))
    cs3_output_printf(output, ", %.0f words", number(record, "words"));
  cs3_output_printf(output, " (%s)\n", json_string_value(json_object_get(record, "hardware")));
  cs3_output_printf(output, "  cycles             %14.0f   (%.4g us)\n", number(record, "cycles"),
                    number(record, "time_s") * 1e6);
  if (json_is_object(model))
    cs3_output_printf(output, "  closed form        %14.0f   (simulated / form %.3f)\n",
                      number(model, "cycles"), number(model, "simulated_over_model"));
  cs3_output_printf(output, "  result             %14s\n",
                    json_is_true(json_object_get(record, "result_ok")) ? "ok" : "WRONG");
  cs3_output_printf(output, "  wavelet hops       %14.0f   (%.0f injected, %.0f over links)\n",
                    number(record, "wavelet_hops"), number(record, "injected"),
                    number(record, "link_hops"));
  cs3_output_printf(output, "  deliveries         %14.0f\n", number(record, "deliveries"));
  cs3_output_printf(output, "  contention         %14.0f   wavelets into the busiest PE\n",
                    number(record, "contention"));
  cs3_output_printf(output, "  link utilisation   %13.1f %%   (busiest %.1f %%)\n",
                    100 * number(record, "mean_link_utilisation"),
                    100 * number(record, "busiest_link_utilisation"));
  cs3_output_printf(output, "  PE utilisation     %13.1f %%\n",
                    100 * number(record, "mean_pe_utilisation"));
  if (!json_is_object(model))
    return;
  cs3_output_printf(
      output, "  closed form terms: energy %.6g, contention %.6g, distance %.6g, depth %.6g\n",
      number(model, "energy"), number(model, "contention"), number(model, "distance"),
      number(model, "depth"));
}
