/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of the recurrences' loops compiled once more, without vector instructions, beside those of
 * the library: test-layer.c compares the two. Included before every file of that copy. */
#pragma once

#define CS3_PLAIN_LOOPS 1

#define cs3_axpy_pass plain_cs3_axpy_pass
#define cs3_chain_scan plain_cs3_chain_scan
#define cs3_chain_scan_plain plain_cs3_chain_scan_plain
#define cs3_dot_pass plain_cs3_dot_pass
#define cs3_layer_row_totals plain_cs3_layer_row_totals
#define cs3_lines_earliest plain_cs3_lines_earliest
#define cs3_lines_full plain_cs3_lines_full
#define cs3_lines_latest plain_cs3_lines_latest
#define cs3_lines_mean plain_cs3_lines_mean
#define cs3_lines_narrow plain_cs3_lines_narrow
#define cs3_lines_shift plain_cs3_lines_shift
#define cs3_lines_rebase_rows plain_cs3_lines_rebase_rows
#define cs3_recurrence_take_in plain_cs3_recurrence_take_in
#define cs3_reduction_chain plain_cs3_reduction_chain
#define cs3_reduction_in_order plain_cs3_reduction_in_order
#define cs3_reduction_name plain_cs3_reduction_name
#define cs3_reduction_one_row plain_cs3_reduction_one_row
#define cs3_reduction_ops plain_cs3_reduction_ops
#define cs3_reduction_overlaps plain_cs3_reduction_overlaps
#define cs3_reduction_ring plain_cs3_reduction_ring
#define cs3_reduction_row_block plain_cs3_reduction_row_block
#define cs3_reduction_steps plain_cs3_reduction_steps
#define cs3_reduction_two_way plain_cs3_reduction_two_way
#define cs3_ring_row plain_cs3_ring_row
#define cs3_ring_tail_free plain_cs3_ring_tail_free
#define cs3_ring_tail_new plain_cs3_ring_tail_new
#define cs3_ring_tail_step plain_cs3_ring_tail_step
#define cs3_ring_turns plain_cs3_ring_turns
#define cs3_rotating_row plain_cs3_rotating_row
#define cs3_send_times plain_cs3_send_times
#define cs3_stream_arrival plain_cs3_stream_arrival
#define cs3_stream_begin plain_cs3_stream_begin
#define cs3_stream_rate plain_cs3_stream_rate
#define cs3_stream_consumed plain_cs3_stream_consumed
#define cs3_stream_free plain_cs3_stream_free
#define cs3_stream_least plain_cs3_stream_least
#define cs3_stream_new plain_cs3_stream_new
#define cs3_stream_total plain_cs3_stream_total
