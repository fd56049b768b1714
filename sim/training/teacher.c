/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a teacher costs a step. */
#include "config.h"

#include "sim/training/teacher.h"

#include <string.h>

#include "base/config-error.h"
#include "sim/run/schedule.h"

enum { ELEMENT_BYTES = 2, LOSS_OPERATIONS = 6 };

static gboolean check_alike(const Cs3Scenario *student, const Cs3Scenario *teacher,
                            GError **error) {
  static const char *const facts[] = {"layers", "encoder_layers", "hidden"};
  for (guint i = 0; i < G_N_ELEMENTS(facts); i++) {
    gint64 own = cs3_model_fact(student->model, facts[i]);
    gint64 other = cs3_model_fact(teacher->model, facts[i]);
    if (own == other)
      continue;
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_CONFLICT,
                "teacher = %s: has %s %" G_GINT64_FORMAT ", the student %s %" G_GINT64_FORMAT
                "; a loss on every layer needs equal ones",
                teacher->model->name, facts[i], other, student->model->name, own);
    return FALSE;
  }
  return TRUE;
}

/* Elements that the block of @stage hands on, of a micro-batch; 0: it is no block. */
static double feature_elements(const Cs3Graph *graph, guint stage, gint64 micro_batch) {
  const Cs3Segment *segment =
      cs3_graph_segment(graph, g_array_index(graph->order, Cs3Stage, stage).segment);
  if (!segment->block || segment->output < 0)
    return 0;
  const Cs3Tensor *tensor = cs3_graph_tensor(graph, segment->output);
  return (double)tensor->elements * tensor->rows * (double)micro_batch;
}

/* (transfer none) (nullable): the use of @stage in @direction; stages without work have none. */
static Cs3Use *find_use(const Cs3Graph *graph, GArray *uses, const GPtrArray *labels, guint stage,
                        const char *direction) {
  g_autofree char *label = cs3_schedule_label(graph, stage, direction);
  for (guint i = 0; i < labels->len; i++)
    if (strcmp(labels->pdata[i], label) == 0)
      return &g_array_index(uses, Cs3Use, i);
  return NULL;
}

/* What a block hands on leaves with its forward; it comes back before the student's block goes
 * backward, which is when the loss on it is needed: the last first, as they were sent. */
static void send_features(const Cs3Graph *graph, gint64 micro_batch, GArray *uses,
                          const GPtrArray *labels) {
  for (guint stage = 0; stage < graph->order->len; stage++) {
    Cs3Use *use = find_use(graph, uses, labels, stage, "forward");
    if (use != NULL)
      use->activation_out_bytes += ELEMENT_BYTES * feature_elements(graph, stage, micro_batch);
  }
}

static void take_features(const Cs3Scenario *student, gint64 micro_batch, GArray *uses,
                          const GPtrArray *labels) {
  const Cs3Hardware *hw = &student->machine->hw;
  double rate = (double)hw->wafer.pe_x * (double)hw->wafer.pe_y * hw->pe.vector_rate;
  for (guint stage = 0; stage < student->graph->order->len; stage++) {
    double elements = feature_elements(student->graph, stage, micro_batch);
    Cs3Use *use = find_use(student->graph, uses, labels, stage, "backward");
    if (use == NULL)
      continue;
    use->activation_in_bytes += ELEMENT_BYTES * elements;
    use->compute_cycles += LOSS_OPERATIONS * elements / rate;
  }
}

/* Forward of the teacher in front of the student's uses, micro-batch by micro-batch. */
static GArray *both_uses(const Cs3Scenario *student, const Cs3Plan *plan,
                         const Cs3Scenario *teacher, GError **error) {
  Cs3PlanInput input = cs3_run_input(&student->config), other = cs3_run_input(&teacher->config);
  g_autoptr(GPtrArray) labels = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GPtrArray) other_labels = g_ptr_array_new_with_free_func(g_free);
  other.force.micro_batch = plan->micro_batch;
  g_autoptr(Cs3Plan) other_plan = cs3_plan_new(&other, error);
  if (other_plan == NULL)
    return NULL;
  GArray *uses = cs3_schedule_uses(&other, other_plan, NULL, other_labels);
  g_autoptr(GArray) own = cs3_schedule_uses(&input, plan, NULL, labels);
  send_features(teacher->graph, plan->micro_batch, uses, other_labels);
  take_features(student, plan->micro_batch, own, labels);
  for (guint i = 0; i < uses->len; i++) /* never updated */
    g_array_index(uses, Cs3Use, i).weight_group = -1;
  g_array_append_vals(uses, own->data, own->len);
  return uses;
}

static gboolean run_both(const Cs3Scenario *student, const Cs3Run *run, const Cs3Scenario *teacher,
                         Cs3Teacher *cost, GError **error) {
  const Cs3StepRun *alone = &run->sparse;
  g_autoptr(GArray) uses = both_uses(student, alone->plan, teacher, error);
  if (uses == NULL)
    return FALSE;
  Cs3Schedule schedule = cs3_run_schedule(&student->config, alone->plan, uses);
  Cs3StepTime time;
  if (!cs3_step_simulate(&schedule, &student->machine->system, &time, error))
    return FALSE;
  *cost = (Cs3Teacher){
      .time_s = time.step_s - alone->time.step_s,
      .joules = cs3_run_joules(&student->config, &time) - alone->joules,
      .flops = 2 * cs3_graph_macs(teacher->graph) * (double)teacher->config.batch,
      .sent_bytes = time.activation_bytes - alone->time.activation_bytes,
  };
  return TRUE;
}

gboolean cs3_teacher_cost(const Cs3ScenarioOptions *options, const Cs3Scenario *student,
                          const Cs3Run *run, const char *teacher, Cs3Teacher *cost,
                          GError **error) {
  Cs3ScenarioOptions dense = *options; /* borrows */
  dense.sparsity = 0;
  dense.weights = NULL;
  dense.weight_set = NULL;
  dense.sparsity_filter = NULL;
  dense.pattern = (char *)"uniform";
  dense.lora = NULL;
  dense.forward = TRUE;
  dense.map = NULL; /* the student's; its micro-batch is taken over */
  if (strcmp(teacher, "dense") != 0)
    dense.model = (char *)teacher;
  GError *problem = NULL;
  g_autoptr(Cs3Scenario) scenario = cs3_scenario_new(&dense, &problem);
  if (scenario == NULL) { /* the recipe's author named the file, not its user */
    cs3_config_hide(&problem, dense.model, "a network that can be read", "cs3sim inspect");
    g_propagate_error(error, problem);
    return FALSE;
  }
  return check_alike(student, scenario, error) && run_both(student, run, scenario, cost, error);
}
