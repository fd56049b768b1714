/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long a sample is, as a user asks for it. */
#include "config.h"

#include "sim/run/length-options.h"

#include "workloads/workload-error.h"

/* Switch Transformer trains with it (Fedus et al. 2021, arXiv 2101.03961). */
#define DEFAULT_EXPERT_CAPACITY 1.25

static gboolean has_experts(const Cs3Model *model) {
  return cs3_model_fact(model, "experts") > 0;
}

static gboolean refuse(const Cs3Model *model, const char *option, const char *what,
                       GError **error) {
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
              "--%s: %s (%s) has no %s; leave the option out", option, model->name, model->family,
              what);
  return FALSE;
}

/* An option that changes nothing is a mistake. */
static gboolean check(const Cs3LengthOptions *o, const Cs3Model *model, GError **error) {
  const Cs3Lengths *own = cs3_model_lengths(model);
  if (o->seq > 0 && own->seq == 0)
    return refuse(model, "seq",
                  own->image > 0 ? "sequence of tokens; its rows follow from the image"
                                 : "sequence of tokens",
                  error);
  if (o->encoder_seq > 0 && own->encoder_seq == 0)
    return refuse(model, "encoder-seq", "encoder beside a decoder", error);
  if (o->image > 0 && own->image == 0)
    return refuse(model, "image", "image", error);
  if (o->expert_capacity > 0 && !has_experts(model))
    return refuse(model, "expert-capacity", "experts", error);
  return TRUE;
}

Cs3Graph *cs3_length_options_graph(const Cs3LengthOptions *o, const Cs3Model *model,
                                   GError **error) {
  if (!check(o, model, error))
    return NULL;
  /* A graph has its own. */
  double capacity = has_experts(model) && !model->graph ? DEFAULT_EXPERT_CAPACITY : 0;
  Cs3Lengths lengths = {
      .seq = o->seq,
      .encoder_seq = o->encoder_seq,
      .image = o->image,
      .capacity = o->expert_capacity > 0 ? o->expert_capacity : capacity,
      .tiles = o->attention_tiles,
      .decoding = o->decoding,
  };
  const char *attention = o->attention != NULL ? o->attention : CS3_DEFAULT_ATTENTION;
  if (!cs3_attention_parse(attention, &lengths, error))
    return NULL;
  if (o->attention_tiles > 0 && lengths.attention == CS3_MASK_FULL) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                "--attention-tiles: --attention full leaves nothing out; take another or leave the "
                "tiles out");
    return NULL;
  }
  g_autoptr(Cs3Graph) graph = cs3_graph_new(model, &lengths, error);
  gboolean asked = o->attention != NULL || o->attention_tiles > 0;
  if (graph != NULL && asked && graph->attentions->len == 0) {
    refuse(model, o->attention != NULL ? "attention" : "attention-tiles", "attention", error);
    return NULL;
  }
  return g_steal_pointer(&graph);
}
