/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes the SimGrid platform of MemoryX, SwarmX, the wafers and their activation servers. */
#include "config.h"

#include "sim/step/simgrid-platform.h"

#include <math.h>

/* SimGrid's parser wants a decimal point in every locale, and all digits. */
typedef char Number[G_ASCII_DTOSTR_BUF_SIZE];

static const char *print_number(Number text, double value) {
  return g_ascii_dtostr(text, sizeof(Number), value);
}

typedef struct {
  const Cs3StepPlan *plan;
  const GPtrArray *profiles;
  GString *xml;
  GString *tree[2]; /* links of the tree on the routes down and up, MemoryX's end first */
} Writer;

static const char *const directions[] = {"dn", "up"};

static void write_host(GString *xml, const char *name, guint number, double speed) {
  Number text;
  g_string_append_printf(xml, "    <host id=\"%s%u\" speed=\"%sf\"/>\n", name, number,
                         print_number(text, speed));
}

static void write_named_host(GString *xml, const char *id, double speed) {
  Number text;
  g_string_append_printf(xml, "    <host id=\"%s\" speed=\"%sf\"/>\n", id,
                         print_number(text, speed));
}

static void write_profile_names(Writer *w, const char *id) {
  for (guint i = 0; i < w->profiles->len; i++) {
    const Cs3Profile *profile = w->profiles->pdata[i];
    if (g_str_equal(profile->link, id))
      g_string_append_printf(w->xml, " %s=\"%s\"", profile->kind, profile->path);
  }
}

/* Both directions of a link called @name, with its profiles. */
static void write_links(Writer *w, const char *name, double bytes_per_s) {
  Number text;
  for (guint d = 0; d < G_N_ELEMENTS(directions); d++) {
    g_autofree char *id = g_strdup_printf("%s_%s", name, directions[d]);
    g_string_append_printf(w->xml, "    <link id=\"%s\" bandwidth=\"%sBps\" latency=\"0s\"", id,
                           print_number(text, bytes_per_s));
    write_profile_names(w, id);
    g_string_append(w->xml, "/>\n");
  }
}

static void append_link(GString *route, const char *name, const char *direction) {
  g_string_append_printf(route, "      <link_ctn id=\"%s_%s\"/>\n", name, direction);
}

/* --- the tree ------------------------------------------------------------------------------- */

static const Cs3PlanLink *find_link(const Cs3StepPlan *plan, guint tier, gint64 index) {
  for (guint i = 0; i < plan->links->len; i++) {
    const Cs3PlanLink *link = &g_array_index(plan->links, Cs3PlanLink, i);
    if (link->tier == tier && link->index == index)
      return link;
  }
  return NULL;
}

static char *link_name(guint tier, gint64 index) {
  return g_strdup_printf("swarmx_%u_%" G_GINT64_FORMAT, tier, index);
}

static void write_tree_link(Writer *w, const char *name, double bytes_per_s) {
  write_links(w, name, bytes_per_s);
  for (guint d = 0; d < G_N_ELEMENTS(directions); d++)
    append_link(w->tree[d], name, directions[d]);
}

static void write_faulty_link(Writer *w, const Cs3PlanLink *link) {
  g_autofree char *name = link_name(link->tier, link->index);
  write_tree_link(w, name, link->share * w->plan->tier_bytes_per_s[link->tier]);
}

static void write_sound_links(Writer *w, guint tier, gint64 links) {
  for (gint64 index = 0; index < links; index++) {
    if (find_link(w->plan, tier, index) != NULL)
      continue;
    g_autofree char *name =
        w->plan->every_link ? link_name(tier, index) : g_strdup_printf("swarmx_%u", tier);
    write_tree_link(w, name, w->plan->tier_bytes_per_s[tier]);
    if (!w->plan->every_link)
      return;
  }
}

static void write_tree(Writer *w) {
  for (guint tier = w->plan->tiers; tier >= 1; tier--) {
    write_sound_links(w, tier, cs3_tree_links(&w->plan->tree, tier));
    for (guint i = 0; i < w->plan->links->len; i++) {
      const Cs3PlanLink *link = &g_array_index(w->plan->links, Cs3PlanLink, i);
      if (link->tier == tier)
        write_faulty_link(w, link);
    }
  }
}

/* --- ports and activation servers ------------------------------------------------------------ */

static guint n_ports(const Cs3StepPlan *plan) {
  return plan->n_outs > 0 ? plan->classes->len : 1;
}

static char *port_name(const Cs3StepPlan *plan, guint class) {
  return plan->n_outs > 0 ? g_strdup_printf("port_%u", class) : g_strdup("port");
}

static void write_ports(Writer *w) {
  for (guint i = 0; i < n_ports(w->plan); i++) {
    g_autofree char *port = port_name(w->plan, i);
    write_links(w, port, w->plan->port_bytes_per_s);
    if (w->plan->n_outs == 0)
      continue;
    g_autofree char *servers = g_strdup_printf("servers_%u", i);
    write_links(w, servers, w->plan->servers_bytes_per_s);
    write_host(w->xml, CS3_HOST_PORT, i, 1);
    write_host(w->xml, CS3_HOST_SERVERS, i, 1);
  }
}

static void append_ports(GString *route, const Cs3StepPlan *plan, const char *direction) {
  for (guint i = 0; i < n_ports(plan); i++) {
    g_autofree char *port = port_name(plan, i);
    append_link(route, port, direction);
  }
}

/* --- zones ---------------------------------------------------------------------------------- */

static void write_route(GString *xml, const char *from, const char *to, const char *links) {
  g_string_append_printf(xml,
                         "    <route src=\"%s\" dst=\"%s\" symmetrical=\"NO\">\n%s    </route>\n",
                         from, to, links);
}

static void write_tensor_routes(Writer *w) {
  g_autoptr(GString) down = g_string_new(NULL), up = g_string_new(NULL);
  append_link(down, "memoryx", "dn");
  g_string_append(down, w->tree[0]->str);
  append_ports(down, w->plan, "dn");
  append_ports(up, w->plan, "up");
  g_string_append(up, w->tree[1]->str);
  append_link(up, "memoryx", "up");
  write_route(w->xml, CS3_HOST_MEMORYX, CS3_HOST_BROADCAST, down->str);
  write_route(w->xml, CS3_HOST_REDUCE, CS3_HOST_MEMORYX, up->str);
}

static void write_traffic_route(Writer *w, guint number, const Cs3Fault *traffic) {
  g_autofree char *source = g_strdup_printf(CS3_HOST_SOURCE "%u", number);
  g_autofree char *target = g_strdup_printf(CS3_HOST_TARGET "%u", number);
  g_autofree char *name = link_name(traffic->tier, traffic->index);
  g_autoptr(GString) route = g_string_new(NULL);
  append_link(route, name, "dn");
  write_route(w->xml, source, target, route->str);
}

static void write_activation_routes(Writer *w, guint class) {
  g_autofree char *port = g_strdup_printf(CS3_HOST_PORT "%u", class);
  g_autofree char *servers = g_strdup_printf(CS3_HOST_SERVERS "%u", class);
  for (guint d = 0; d < G_N_ELEMENTS(directions); d++) {
    g_autoptr(GString) route = g_string_new(NULL);
    g_autofree char *port_link = port_name(w->plan, class);
    g_autofree char *servers_link = g_strdup_printf("servers_%u", class);
    append_link(route, port_link, directions[d]);
    append_link(route, servers_link, directions[d]);
    gboolean up = d == 1;
    write_route(w->xml, up ? port : servers, up ? servers : port, route->str);
  }
}

static void write_net(Writer *w) {
  const Cs3StepPlan *plan = w->plan;
  Number latency;
  g_string_append(w->xml, "  <zone id=\"net\" routing=\"Full\">\n");
  g_string_append_printf(w->xml, "    <prop id=\"latency_s\" value=\"%s\"/>\n",
                         print_number(latency, plan->latency_s));
  write_named_host(w->xml, CS3_HOST_MEMORYX, plan->optimizer_params_per_s);
  write_named_host(w->xml, CS3_HOST_BROADCAST, 1);
  write_named_host(w->xml, CS3_HOST_REDUCE, 1);
  for (guint i = 0; i < plan->traffic->len; i++) {
    write_host(w->xml, CS3_HOST_SOURCE, i, 1);
    write_host(w->xml, CS3_HOST_TARGET, i, 1);
  }
  write_links(w, "memoryx", plan->memoryx_bytes_per_s);
  write_tree(w);
  write_ports(w);
  write_tensor_routes(w);
  for (guint i = 0; plan->n_outs > 0 && i < plan->classes->len; i++)
    write_activation_routes(w, i);
  for (guint i = 0; i < plan->traffic->len; i++)
    write_traffic_route(w, i, &g_array_index(plan->traffic, Cs3Fault, i));
  g_string_append(w->xml, "  </zone>\n");
}

/* Wafers only compute; without routes of their own they cost no n x n table. */
static void write_wafers(Writer *w) {
  g_string_append(w->xml, "  <zone id=\"wafers\" routing=\"None\">\n");
  for (guint i = 0; i < w->plan->classes->len; i++)
    write_host(w->xml, CS3_HOST_WAFER, i,
               w->plan->clock_hz * g_array_index(w->plan->classes, Cs3PlanClass, i).speed);
  g_string_append(w->xml, "  </zone>\n");
}

/* --- profiles ------------------------------------------------------------------------------- */

static void profile_free(gpointer data) {
  Cs3Profile *profile = data;
  g_free(profile->link);
  g_free(profile->text);
  g_free(profile->path);
  g_free(profile);
}

static void add_event(GString *lines, double time_s, double value) {
  Number time, amount;
  g_string_append_printf(lines, "%s %s\n", print_number(time, time_s), print_number(amount, value));
}

/* SimGrid takes a profile for one resource only: each direction has its own. */
static void add_profile(GPtrArray *profiles, const Cs3PlanLink *link, const char *kind,
                        const char *text) {
  if (*text == '\0')
    return;
  g_autofree char *name = link_name(link->tier, link->index);
  for (guint d = 0; d < G_N_ELEMENTS(directions); d++) {
    Cs3Profile *profile = g_new0(Cs3Profile, 1);
    profile->link = g_strdup_printf("%s_%s", name, directions[d]);
    profile->kind = kind;
    profile->text = g_strdup(text);
    profile->fd = -1;
    g_ptr_array_add(profiles, profile);
  }
}

GPtrArray *cs3_platform_profiles(const Cs3StepPlan *plan) {
  GPtrArray *profiles = g_ptr_array_new_with_free_func(profile_free);
  for (guint l = 0; l < plan->links->len; l++) {
    const Cs3PlanLink *link = &g_array_index(plan->links, Cs3PlanLink, l);
    double rate = link->share * plan->tier_bytes_per_s[link->tier];
    g_autoptr(GString) rates = g_string_new(NULL), states = g_string_new(NULL);
    for (guint i = 0; i < link->faults->len; i++) {
      const Cs3Fault *fault = &g_array_index(link->faults, Cs3Fault, i);
      gboolean down = fault->share == 0;
      GString *lines = down ? states : rates;
      add_event(lines, plan->faults_from_s + fault->from_s, down ? 0 : rate * fault->share);
      add_event(lines, plan->faults_from_s + fault->to_s, down ? 1 : rate);
    }
    add_profile(profiles, link, "bandwidth_file", rates->str);
    add_profile(profiles, link, "state_file", states->str);
  }
  return profiles;
}

char *cs3_platform_write(const Cs3StepPlan *plan, const GPtrArray *profiles) {
  g_autoptr(GString) down = g_string_new(NULL), up = g_string_new(NULL);
  Writer w = {.plan = plan,
              .profiles = profiles,
              .xml = g_string_new("<?xml version='1.0'?>\n"
                                  "<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n"
                                  "<platform version=\"4.1\">\n"
                                  "<zone id=\"root\" routing=\"None\">\n"),
              .tree = {down, up}};
  write_net(&w);
  write_wafers(&w);
  g_string_append(w.xml, "</zone>\n</platform>\n");
  return g_string_free(w.xml, FALSE);
}
