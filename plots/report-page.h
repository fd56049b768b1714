/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands before and behind the content of every report: style, and the script that sorts. */
#pragma once

extern const char cs3_report_head[], cs3_report_foot[];
