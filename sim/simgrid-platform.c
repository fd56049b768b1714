/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes the SimGrid platform of MemoryX, SwarmX and the wafers. */
#include "config.h"

#include "sim/simgrid-platform.h"

/* SimGrid's parser wants a decimal point in every locale, and all digits. */
typedef char Number[G_ASCII_DTOSTR_BUF_SIZE];

static const char *print_number(Number text, double value) {
  return g_ascii_dtostr(text, sizeof(Number), value);
}

static void write_host(GString *xml, const char *id, double speed) {
  Number text;
  g_string_append_printf(xml, "    <host id=\"%s\" speed=\"%sf\"/>\n", id,
                         print_number(text, speed));
}

static void write_link(GString *xml, const char *id, double bytes_per_s) {
  Number text;
  g_string_append_printf(xml, "    <link id=\"%s\" bandwidth=\"%sBps\" latency=\"0s\"/>\n", id,
                         print_number(text, bytes_per_s));
}

static void write_links(GString *xml, const char *name, double bytes_per_s) {
  g_autofree char *down = g_strconcat(name, "_dn", NULL);
  g_autofree char *up = g_strconcat(name, "_up", NULL);
  write_link(xml, down, bytes_per_s);
  write_link(xml, up, bytes_per_s);
}

static void write_route(GString *xml, const char *from, const char *to, const char *const *links) {
  g_string_append_printf(xml, "    <route src=\"%s\" dst=\"%s\" symmetrical=\"NO\">\n", from, to);
  for (; *links != NULL; links++)
    g_string_append_printf(xml, "      <link_ctn id=\"%s\"/>\n", *links);
  g_string_append(xml, "    </route>\n");
}

static void write_net(GString *xml, const Cs3Platform *platform) {
  static const char *const down[] = {"memoryx_dn", "swarmx_dn", "port_dn", NULL};
  static const char *const up[] = {"port_up", "swarmx_up", "memoryx_up", NULL};
  Number latency;
  g_string_append(xml, "  <zone id=\"net\" routing=\"Full\">\n");
  g_string_append_printf(xml, "    <prop id=\"latency_s\" value=\"%s\"/>\n",
                         print_number(latency, platform->latency_s));
  write_host(xml, CS3_HOST_MEMORYX, platform->optimizer_params_per_s);
  write_host(xml, CS3_HOST_BROADCAST, 1);
  write_host(xml, CS3_HOST_REDUCE, 1);
  write_links(xml, "memoryx", platform->memoryx_bytes_per_s);
  write_links(xml, "swarmx", platform->link_bytes_per_s);
  write_links(xml, "port", platform->port_bytes_per_s);
  write_route(xml, CS3_HOST_MEMORYX, CS3_HOST_BROADCAST, down);
  write_route(xml, CS3_HOST_REDUCE, CS3_HOST_MEMORYX, up);
  g_string_append(xml, "  </zone>\n");
}

/* Wafers only compute; without routes of their own they cost no n x n table. */
static void write_wafers(GString *xml, const Cs3Platform *platform) {
  g_string_append(xml, "  <zone id=\"wafers\" routing=\"None\">\n");
  write_host(xml, CS3_HOST_WAFER, platform->clock_hz);
  g_string_append(xml, "  </zone>\n");
}

char *cs3_platform_write(const Cs3Platform *platform) {
  GString *xml = g_string_new("<?xml version='1.0'?>\n"
                              "<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n"
                              "<platform version=\"4.1\">\n"
                              "<zone id=\"root\" routing=\"None\">\n");
  write_net(xml, platform);
  write_wafers(xml, platform);
  g_string_append(xml, "</zone>\n</platform>\n");
  return g_string_free(xml, FALSE);
}
