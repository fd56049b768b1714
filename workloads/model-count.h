/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parameters of a model, counted over its graph. */
#pragma once

#include "workloads/model.h"

/** cs3_model_count: fill in the parameters, all and active, and the default lengths of @model from
 * its @graph at these lengths. Fails with CS3_WORKLOAD_ERROR_DATA, naming @source, where there are
 * more than 2^62. */
gboolean cs3_model_count(Cs3Model *model, const Cs3Graph *graph, const char *source,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
