/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One cycle of one PE: completions, then tasks, then vector operations. Rules:
 * - The main thread runs one task at a time, to its end and to the end of its blocking operation.
 *   Of the tasks that are activated (or have a wavelet) and not blocked, the lowest number goes.
 * - A task's body starts `task_start` cycles after it is picked; continuations start at once.
 * - A control wavelet at the head of a queue activates the colour's control task or vanishes. */
#include "config.h"

#include "fabric/event/inline.h"

#include "fabric/fabric-error.h"

guint cs3_pe_x(const Cs3Pe *pe) {
  return pe->fabric->cell[pe->id].x;
}

guint cs3_pe_y(const Cs3Pe *pe) {
  return pe->fabric->cell[pe->id].y;
}

guint64 cs3_pe_now(const Cs3Pe *pe) {
  return pe->now - 1;
}

gpointer cs3_pe_user(const Cs3Pe *pe) {
  return pe->fabric->user;
}

gpointer cs3_pe_data(const Cs3Pe *pe) {
  return (char *)pe->fabric->data + pe->id * pe->fabric->data_bytes;
}

guint32 *cs3_pe_register(Cs3Pe *pe, guint index) {
  return &pe->fabric->reg[pe->fabric->pe[pe->id].registers + index];
}

/* A task that looks at memory must see what trains have brought so far. */
static void settle(Cs3Fabric *f, guint32 id) {
  const Cs3PeState *pe = &f->pe[id];
  for (guint m = cs3_threads_running(pe); m; m &= m - 1) {
    guint i = (guint)__builtin_ctz(m);
    if (f->thread[pe->threads + i].flows)
      cs3_thread_break(f, id, i);
  }
}

guint32 *cs3_pe_memory(Cs3Pe *pe) {
  settle(pe->fabric, pe->id);
  return cs3_memory_write(pe->fabric, pe->id);
}

guint32 cs3_pe_word(const Cs3Pe *pe, guint word) {
  settle(pe->fabric, pe->id);
  return cs3_memory_read(pe->fabric, pe->id, word);
}

void cs3_pe_activate(Cs3Pe *pe, guint task) {
  pe->fabric->pe[pe->id].active |= G_GUINT64_CONSTANT(1) << task;
}

void cs3_pe_block(Cs3Pe *pe, guint task) {
  pe->fabric->pe[pe->id].blocked |= G_GUINT64_CONSTANT(1) << task;
}

void cs3_pe_unblock(Cs3Pe *pe, guint task) {
  pe->fabric->pe[pe->id].blocked &= ~(G_GUINT64_CONSTANT(1) << task);
}

static void set_wake(Cs3Fabric *f, guint32 id, guint32 cycle, guint task, gboolean at_once) {
  Cs3PeState *state = &f->pe[id];
  state->wake = MAX(cycle, f->now + 1);
  state->wake_task = (guint8)task;
  state->wake_inline = at_once;
  cs3_schedule(f, 1, id, state->wake);
}

void cs3_pe_after(Cs3Pe *pe, guint cycles, guint task) {
  Cs3PeState *state = &pe->fabric->pe[pe->id];
  set_wake(pe->fabric, pe->id, pe->now + cycles, task, TRUE);
  state->main_free = MAX(state->main_free, state->wake);
}

void cs3_pe_hold(Cs3Pe *pe, guint cycles) {
  Cs3PeState *state = &pe->fabric->pe[pe->id];
  settle(pe->fabric, pe->id);
  state->datapath_free = MAX(state->datapath_free, pe->now + cycles);
  pe->fabric->tally[pe->id].busy += cycles;
}

void cs3_pe_activate_at(Cs3Pe *pe, guint64 cycle, guint task) {
  set_wake(pe->fabric, pe->id, (guint32)MIN(cycle + 1, CS3_EVENT_MAX_CYCLES), task, FALSE);
}

gboolean cs3_pe_send(Cs3Pe *pe, guint colour, guint32 data, guint retry_task) {
  Cs3Fabric *f = pe->fabric;
  Cs3Cell *cell = &f->cell[pe->id];
  const Cs3RoleInfo *info = cs3_role_of(f, cell);
  guint slot = info->slot_of[CS3_RAMP][colour];
  Cs3WaveletChannel *out = cs3_channel(f, cell, &info->slot[slot]);
  if (!cs3_has_room(f, out)) {
    f->pe[pe->id].retry = (guint8)(retry_task + 1);
    cs3_wait_for(f, 1, pe->id, out);
    return FALSE;
  }
  guint32 ready = pe->now + 1 + f->timing.ramp;
  cs3_push(out, data, CS3_WAVELET, ready);
  cell->nonempty |= G_GUINT64_CONSTANT(1) << slot;
  f->injected++;
  cs3_schedule_head(f, slot, pe->id, ready);
  return TRUE;
}

void cs3_pe_finish(Cs3Pe *pe) {
  guint32 *end = &pe->fabric->tally[pe->id].end;
  *end = MAX(*end, pe->now);
}

void cs3_pe_fail(Cs3Pe *pe, const char *message) {
  cs3_program_error(pe->fabric, pe->id, "%s", message);
}

void cs3_call_task(Cs3Fabric *f, guint32 id, guint task, guint32 data, guint32 body) {
  Cs3Pe pe = {f, id, body};
  const Cs3RoleInfo *info = cs3_role_of(f, &f->cell[id]);
  Cs3TaskFunc func = info->role.task[task];
  if (!func) {
    cs3_program_error(f, id, "task %u is activated but has no body", task);
    return;
  }
  guint busy = func(&pe, data);
  f->pe[id].main_free = MAX(f->pe[id].main_free, body + busy);
  if (f->trace && busy)
    f->trace(f->trace_data, "task", f->cell[id].x, f->cell[id].y, 0, body, body + busy);
}

/* Control wavelets at queue heads, and which data tasks have a wavelet. */
static guint64 scan_queues(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info) {
  Cs3Cell *cell = &f->cell[id];
  guint64 tasks = 0;
  for (guint64 m = cell->nonempty & info->task_queues; m; m &= m - 1) {
    guint index = (guint)__builtin_ctzll(m);
    const Cs3Slot *slot = &info->slot[index];
    Cs3WaveletChannel *ch = cs3_channel(f, cell, slot);
    Cs3Entry *e = cs3_head(ch);
    const Cs3ColourUse *use = &info->role.colour[slot->colour];
    if (cs3_ready(e) > f->now)
      continue;
    if (cs3_kind(e) == CS3_TRAIN && use->binding == CS3_BIND_TASK) {
      cs3_train_break_channel(f, id, index);
      e = cs3_head(ch);
    }
    if (cs3_kind(e) == CS3_CONTROL && use->control_task >= 0)
      tasks |= G_GUINT64_CONSTANT(1) << use->control_task;
    else if (cs3_kind(e) == CS3_CONTROL && ch->last_pop != f->now + 1) {
      if (cs3_pop(f, cell, ch, index))
        cs3_wake_sender(f, id, slot, TRUE);
      if (ch->count)
        cs3_schedule(f, 1, id, f->now + 1);
    } else if (use->binding == CS3_BIND_TASK && cs3_kind(e) == CS3_WAVELET) {
      tasks |= G_GUINT64_CONSTANT(1) << use->task;
    }
  }
  return tasks;
}

/* Takes the wavelet that starts @task from its queue. */
static guint32 take_wavelet(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info, guint task) {
  Cs3Cell *cell = &f->cell[id];
  for (guint64 m = cell->nonempty & info->task_queues; m; m &= m - 1) {
    guint index = (guint)__builtin_ctzll(m);
    const Cs3Slot *slot = &info->slot[index];
    Cs3WaveletChannel *ch = cs3_channel(f, cell, slot);
    const Cs3ColourUse *use = &info->role.colour[slot->colour];
    Cs3Kind kind = cs3_kind(cs3_head(ch));
    gboolean fits = kind == CS3_CONTROL ? use->control_task == (gint)task
                                        : use->binding == CS3_BIND_TASK && use->task == task;
    if (!fits || cs3_ready(cs3_head(ch)) > f->now)
      continue;
    guint32 data = cs3_head(ch)->data;
    if (cs3_pop(f, cell, ch, index))
      cs3_wake_sender(f, id, slot, TRUE);
    return data;
  }
  return 0;
}

static void pick_tasks(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info) {
  Cs3PeState *pe = &f->pe[id];
  if (pe->main_free > f->now && !info->drops_controls) {
    /* What there is then, is looked at when the thread is free. */
    if (pe->active & ~pe->blocked || f->cell[id].nonempty & info->task_queues)
      cs3_schedule(f, 1, id, pe->main_free);
    return;
  }
  guint64 data_ready = scan_queues(f, id, info);
  guint64 ready = (pe->active | data_ready) & ~pe->blocked;
  if (!ready || pe->running & 1)
    return;
  if (pe->main_free > f->now) {
    cs3_schedule(f, 1, id, pe->main_free);
    return;
  }
  guint task = (guint)__builtin_ctzll(ready);
  guint64 bit = G_GUINT64_CONSTANT(1) << task;
  guint32 data = 0;
  if (pe->active & bit)
    pe->active &= ~bit;
  else
    data = take_wavelet(f, id, info, task);
  pe->main_free = f->now + f->timing.task_start;
  cs3_call_task(f, id, task, data, f->now + f->timing.task_start);
  gboolean more = pe->active & ~pe->blocked || f->cell[id].nonempty & info->task_queues;
  if (more && !(pe->running & 1)) /* whatever is ready by then */
    cs3_schedule(f, 1, id, MAX(pe->main_free, f->now + 1));
}

/* Heads that nobody took in this cycle hold up the trains that follow. */
static void note_stalls(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info) {
  Cs3Cell *cell = &f->cell[id];
  for (guint m = f->pe[id].trains_in; m; m &= m - 1) {
    guint index = info->n_router + (guint)__builtin_ctz(m);
    Cs3WaveletChannel *ch = cs3_channel(f, cell, &info->slot[index]);
    const Cs3Entry *e = cs3_head(ch);
    if (ch->last_pop == f->now + 1 || cs3_ready(e) > f->now ||
        (cs3_kind(e) == CS3_TRAIN && cs3_train(f, e->data)->taken))
      continue;
    ch->flags |= CS3_CHANNEL_STALLED;
    cs3_train_break_channel(f, id, index);
  }
}

void cs3_pe_tick(Cs3Fabric *f, guint32 id) {
  Cs3PeState *pe = &f->pe[id];
  const Cs3RoleInfo *info = cs3_role_of(f, &f->cell[id]);
  if (pe->running | pe->running8)
    cs3_thread_finish_trains(f, id);
  if (pe->wake && pe->wake <= f->now) {
    pe->wake = 0;
    if (pe->wake_inline)
      cs3_call_task(f, id, pe->wake_task, 0, f->now);
    else
      pe->active |= G_GUINT64_CONSTANT(1) << pe->wake_task;
  }
  if (pe->retry) {
    guint task = pe->retry - 1u;
    pe->retry = 0;
    pe->active |= G_GUINT64_CONSTANT(1) << task;
  }
  if (pe->set.armed | pe->set.over)
    cs3_streams_tick(f, id, info);
  if (pe->running | pe->running8)
    cs3_threads_tick(f, id);
  pick_tasks(f, id, info);
  if (pe->trains_in)
    note_stalls(f, id, info);
}
