/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DeepSeek's layers: latent attention, mixtures of experts beside shared ones. */
#pragma once

#include "workloads/compose-decoder.h"

typedef struct {
  Cs3DecoderConfig c;
  gint64 q_rank,
      kv_rank; /* widths that queries, keys and values are squeezed through; q_rank 0: not */
  gint64 nope, rope, value_dim; /* of a head: without and with rotary positions; of its value */
} Cs3Latent;

/* Of layers before the mixtures begin, "dense", and of mixtures, "experts". */
extern const char *const cs3_latent_kind_names[];

/** cs3_latent_derive: widths of heads, kinds of layers. */
gboolean cs3_latent_derive(gpointer config, json_t *object, const char *source,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_compose_latent_attention: multi-head latent attention (arXiv 2405.04434, section 2.1), as
 * training computes it: keys and values of all heads are made from what a token keeps of them. */
Cs3Act cs3_compose_latent_attention(Cs3Builder *b, const Cs3Latent *c, Cs3Act x);

/**
 * cs3_compose_shared_mixture: of a layer of @kind, a mixture beside the experts that every token
 * meets, or (not CS3_LAYER_EXPERTS) a feed-forward network. @router_extra: as Cs3MixturePart.
 */
Cs3Act cs3_compose_shared_mixture(Cs3Builder *b, const Cs3DecoderConfig *c, int kind,
                                  gint64 router_extra, Cs3Act x);
