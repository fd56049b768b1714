/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of the documents that cs3sim writes and reads back. What is in them: doc/result.md. */
#pragma once

#define CS3_RESULT_SCHEMA "cs3sim.result/1"
#define CS3_MASKS_SCHEMA "cs3sim.masks/1"
#define CS3_LAYER_SCHEMA "cs3sim.layer/1"
#define CS3_ATTENTION_SCHEMA "cs3sim.attention/1"
#define CS3_INFER_SCHEMA "cs3sim.infer/1"
#define CS3_LAW_SCHEMA "cs3sim.law/1"
#define CS3_COMPARE_SCHEMA "cs3sim.compare/1"
#define CS3_SWEEP_SCHEMA "cs3sim.sweep/1"
#define CS3_OPTIMIZE_SCHEMA "cs3sim.optimize/1"
#define CS3_TRAINING_SCHEMA "cs3sim.training/1"
#define CS3_VALIDATE_SCHEMA "cs3sim.validate/1"
#define CS3_POSTERIOR_SCHEMA "cs3sim.posterior/1"
#define CS3_COLUMNS_SCHEMA "cs3sim.columns/1"
#define CS3_POINTS_SCHEMA "cs3sim.points/1"

/* Raised whenever the same input gives other numbers; NEWS.md says what moved. */
#define CS3_MODEL_VERSION 6
