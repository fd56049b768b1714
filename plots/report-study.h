/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The HTML report of records that are about no step of training: decoding, a budget under a scaling
 * law, a whole training. */
#pragma once

#include <glib.h>
#include <jansson.h>

/** cs3_report_is_study: whether @record is one of those. */
gboolean cs3_report_is_study(const json_t *record);

/**
 * cs3_report_study_html: the page: for each of @records that is one its rows and its other members.
 * @pictures: (element-type Cs3ReportPicture): inserted as they are.
 * Returns: (transfer full): the same bytes for the same input.
 */
char *cs3_report_study_html(const json_t *records, const GArray *pictures);
