/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One self-contained HTML page from records: tables that sort, pictures inside, nothing fetched. */
#pragma once

#include <glib.h>
#include <jansson.h>

/* A picture of the report; both texts are owned by the report's maker. */
typedef struct {
  const char *title;
  char *svg;     /* (nullable) */
  char *problem; /* (nullable): why there is none */
} Cs3ReportPicture;

/** cs3_report_pictures: the section of @pictures (element-type Cs3ReportPicture). */
void cs3_report_pictures(GString *page, const GArray *pictures);

/**
 * cs3_report_html: the page.
 * @runs: records of runs (cs3sim.result/1), one or more.
 * @validation: (nullable): what `cs3sim validate -o json` wrote.
 * @pictures: (element-type Cs3ReportPicture): inserted as they are.
 * Returns: (transfer full): the same bytes for the same input.
 */
char *cs3_report_html(const json_t *runs, const json_t *validation, const GArray *pictures);
