/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every plot, one per file. */
#pragma once

#include "plots/plot.h"

extern const Cs3Plot cs3_plot_breakdown;
extern const Cs3Plot cs3_plot_compare;
extern const Cs3Plot cs3_plot_decode;
extern const Cs3Plot cs3_plot_heatmap;
extern const Cs3Plot cs3_plot_isoloss;
extern const Cs3Plot cs3_plot_layers;
extern const Cs3Plot cs3_plot_lines;
extern const Cs3Plot cs3_plot_pareto;
extern const Cs3Plot cs3_plot_roofline;
extern const Cs3Plot cs3_plot_layer_speedup;
extern const Cs3Plot cs3_plot_posterior;
extern const Cs3Plot cs3_plot_scaling;
extern const Cs3Plot cs3_plot_speedup;
extern const Cs3Plot cs3_plot_sparsity_hardware;
extern const Cs3Plot cs3_plot_validation;
extern const Cs3Plot cs3_plot_timeline;
extern const Cs3Plot cs3_plot_tornado;
extern const Cs3Plot cs3_plot_memory;
extern const Cs3Plot cs3_plot_transforms;
