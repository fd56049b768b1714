/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The programs, one file or family each. */
#pragma once

#include "fabric/programs/program.h"

extern const Cs3ProgramOps cs3_program_message, cs3_program_stream, cs3_program_ping_pong;
extern const Cs3ProgramOps cs3_program_relay, cs3_program_two_senders;
extern const Cs3ProgramOps cs3_program_broadcast, cs3_program_broadcast_2d;
extern const Cs3ProgramOps cs3_program_star, cs3_program_chain, cs3_program_tree;
extern const Cs3ProgramOps cs3_program_two_phase, cs3_program_two_phase_v1, cs3_program_auto_gen;
extern const Cs3ProgramOps cs3_program_reduce_broadcast, cs3_program_xy, cs3_program_snake;
extern const Cs3ProgramOps cs3_program_halo, cs3_program_ring, cs3_program_centre,
    cs3_program_mesh_gemm;
extern const Cs3ProgramOps cs3_program_transpose, cs3_program_uniform, cs3_program_neighbour;
