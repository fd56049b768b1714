/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A mesh of datagrams, run by several threads: a stripe of columns each, with a calendar and lists
 * of flights of its own; cells, channels and PEs are those of the mesh. All stripes are in the same
 * cycle. What passes an edge is a hop on its way, which is a cycle at least, and that there is room
 * again is seen a cycle later: both are handed over at the end of a cycle. Only what has landed
 * must be known in the cycle itself, before routers are visited: two barriers a cycle.
 *
 * The result is that of one thread: a flight's place in a list means nothing, as each is in another
 * cell; and a sender that learns after its visit that there will be room does what one does that
 * has learned it before: it is visited in the next cycle. */
#include "config.h"

#include "fabric/event/inline.h"

#include <stdatomic.h>

enum { WEST, EAST, SIDES };
/* While it waits a thread first keeps its processor, some ten microseconds, then offers it to
 * others, a millisecond or more, then sleeps: one that sleeps at every barrier is woken on the
 * processor of the one that it waited for, and stays there. */
enum { SPINS = 1000, YIELDS = 1000 };

typedef struct {
  guint n; /* threads */
  _Atomic guint arrived, round, sleepers;
  GMutex lock;
  GCond next;
} Barrier;

/* What all know of a stripe when a cycle is over. */
typedef struct {
  _Alignas(64) Cs3Fabric mesh;
  guint32 next; /* cycle in which something may happen, there or by what it hands over */
  gboolean failed;
} Stripe;

typedef struct {
  Cs3Fabric *whole;
  Stripe *stripe; /* of barrier.n, from west to east */
  Barrier barrier;
  GCond begin; /* how many threads there are is known */
  _Atomic gboolean begun;
} Crew;

typedef struct {
  Crew *crew;
  guint number;
} Member;

static inline void pause_thread(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

static void meet(Barrier *b) {
  guint round = atomic_load(&b->round);
  if (atomic_fetch_add(&b->arrived, 1) + 1 == b->n) {
    atomic_store(&b->arrived, 0);
    atomic_fetch_add(&b->round, 1);
    if (atomic_load(&b->sleepers) == 0)
      return;
    g_mutex_lock(&b->lock);
    g_cond_broadcast(&b->next);
    g_mutex_unlock(&b->lock);
    return;
  }
  for (guint i = 0; i < SPINS; i++) {
    if (atomic_load_explicit(&b->round, memory_order_acquire) != round)
      return;
    pause_thread();
  }
  for (guint i = 0; i < YIELDS; i++) {
    if (atomic_load_explicit(&b->round, memory_order_acquire) != round)
      return;
    g_thread_yield();
  }
  g_mutex_lock(&b->lock);
  atomic_fetch_add(&b->sleepers, 1);
  while (atomic_load(&b->round) == round)
    g_cond_wait(&b->next, &b->lock);
  atomic_fetch_sub(&b->sleepers, 1);
  g_mutex_unlock(&b->lock);
}

void cs3_hand_over(Cs3Fabric *f) {
  for (guint side = 0; side < SIDES; side++) {
    guint port = side == EAST ? CS3_E : CS3_W;
    Cs3Flights *air = &f->air[(f->now + f->timing.hop) % CS3_AIR][port];
    Cs3Flights *over = &f->mail[side].flown[f->step_parity];
    for (guint i = 0; i < air->n; i++) {
      if (G_LIKELY(air->flight[i].cell - f->begin < f->own))
        continue;
      cs3_flights_reserve(over, 1);
      over->flight[over->n++] = air->flight[i];
      air->flight[i--] = air->flight[--air->n];
    }
  }
}

/* The mail of the step before to @f, which came from @side and was written in cycle @then. */
static void take_mail(Cs3Fabric *f, const Cs3Fabric *from, guint side, guint32 then) {
  guint parity = !f->step_parity;
  const Cs3Mail *mail = &from->mail[side == WEST ? EAST : WEST];
  const Cs3Flights *over = &mail->flown[parity];
  guint32 due = then + f->timing.hop;
  Cs3Flights *air = &f->air[due % CS3_AIR][side == WEST ? CS3_E : CS3_W];
  cs3_flights_reserve(air, over->n);
  for (guint i = 0; i < over->n; i++)
    air->flight[air->n++] = over->flight[i];
  if (over->n)
    f->wheel_used |= G_GUINT64_CONSTANT(1) << due % CS3_WHEEL;
  for (guint i = 0; i < mail->freed[parity].n; i++) {
    guint32 id = mail->freed[parity].item[i] >> 3, port = mail->freed[parity].item[i] & 7;
    Cs3Datagrams *d = &f->cell[id].datagrams;
    d->parked[port]--;
    if (!(d->asleep >> port & 1))
      continue;
    d->asleep &= (guint8) ~(1u << port);
    cs3_schedule_lane(f, CS3_LANE_ROUTER, id, then + 1);
  }
}

static void take_landings(Cs3Fabric *f, const Cs3Fabric *from, guint side) {
  const Cs3Bucket *landed = &from->mail[side == WEST ? EAST : WEST].landed;
  for (guint i = 0; i < landed->n; i++)
    f->cell[landed->item[i] >> 3].datagrams.parked[landed->item[i] & 7]++;
}

/* When something may happen after @then, here or by the mail that was written in it. */
static guint32 next_of(const Cs3Fabric *f, guint32 then) {
  guint32 next = cs3_next_cycle(f, then + 1), block = (then / CS3_WHEEL + 1) * CS3_WHEEL;
  for (guint side = 0; side < SIDES; side++) {
    const Cs3Mail *mail = &f->mail[side];
    if (mail->freed[f->step_parity].n)
      next = MIN(next, then + 1);
    if (mail->flown[f->step_parity].n)
      next = MIN(next, MIN(then + f->timing.hop, block));
  }
  return next;
}

/* What all stripes do next; CS3_NEVER: nothing any more. */
static guint32 agree(const Crew *crew) {
  guint32 next = CS3_NEVER;
  gboolean failed = FALSE;
  for (guint i = 0; i < crew->barrier.n; i++) {
    next = MIN(next, crew->stripe[i].next);
    failed |= crew->stripe[i].failed;
  }
  return failed ? CS3_NEVER : next;
}

static void begin_step(Cs3Fabric *f) {
  f->step_parity = !f->step_parity;
  for (guint side = 0; side < SIDES; side++)
    f->mail[side].landed.n = f->mail[side].freed[f->step_parity].n =
        f->mail[side].flown[f->step_parity].n = 0;
}

static void run_stripe(Crew *crew, guint number) {
  Stripe *own = &crew->stripe[number];
  Cs3Fabric *f = &own->mesh;
  const Cs3Fabric *beside[SIDES] = {
      [WEST] = number > 0 ? &own[-1].mesh : NULL,
      [EAST] = number + 1 < crew->barrier.n ? &own[1].mesh : NULL,
  };
  cs3_start_tasks(f);
  for (guint32 then = 0, now;; then = now) {
    own->next = next_of(f, then);
    own->failed = f->error != NULL;
    meet(&crew->barrier);
    now = agree(crew);
    if (now == CS3_NEVER)
      return;
    if (now >= CS3_EVENT_MAX_CYCLES) {
      cs3_too_long(&f->error);
      return;
    }
    begin_step(f);
    for (guint side = 0; side < SIDES; side++)
      if (beside[side])
        take_mail(f, beside[side], side, then);
    if (cs3_enter_cycle(f, now))
      f->last = now;
    cs3_fly_all(f);
    meet(&crew->barrier);
    for (guint side = 0; side < SIDES; side++)
      if (beside[side])
        take_landings(f, beside[side], side);
    cs3_visit_due(f);
  }
}

/* A view of columns [@first, @last) of the mesh. */
static void cut(const Cs3Fabric *whole, guint first, guint last, Cs3Fabric *f) {
  *f = *whole;
  f->begin = first * whole->height;
  f->own = (last - first) * whole->height;
  f->pools = cs3_pools_new();
  f->mail = g_new0(Cs3Mail, SIDES);
  cs3_wheel_init(f);
}

static void join(Cs3Fabric *whole, Cs3Fabric *f) {
  whole->last = MAX(whole->last, f->last);
  whole->now = MAX(whole->now, f->now);
  whole->injected += f->injected;
  if (f->error && !whole->error)
    whole->error = g_steal_pointer(&f->error);
  g_clear_error(&f->error);
  for (guint side = 0; side < SIDES; side++) {
    g_free(f->mail[side].landed.item);
    for (guint parity = 0; parity < 2; parity++) {
      g_free(f->mail[side].freed[parity].item);
      g_free(f->mail[side].flown[parity].flight);
    }
  }
  g_free(f->mail);
  cs3_wheel_clear(f);
  g_array_unref(f->pools);
}

static gpointer follow(gpointer data) {
  const Member *member = data;
  Crew *crew = member->crew;
  g_mutex_lock(&crew->barrier.lock);
  while (!atomic_load(&crew->begun))
    g_cond_wait(&crew->begin, &crew->barrier.lock);
  g_mutex_unlock(&crew->barrier.lock);
  run_stripe(crew, member->number);
  return NULL;
}

/* As many stripes as threads that the system gives. */
static void begin(Crew *crew, guint n) {
  Cs3Fabric *whole = crew->whole;
  crew->barrier.n = n;
  crew->stripe = g_aligned_alloc0(n, sizeof *crew->stripe, 64);
  for (guint i = 0; i < n; i++)
    cut(whole, i * whole->width / n, (i + 1) * whole->width / n, &crew->stripe[i].mesh);
  g_mutex_lock(&crew->barrier.lock);
  atomic_store(&crew->begun, TRUE);
  g_cond_broadcast(&crew->begin);
  g_mutex_unlock(&crew->barrier.lock);
}

void cs3_run_stripes(Cs3Fabric *f) {
  Crew crew = {.whole = f};
  guint wanted = MIN(f->jobs, f->width), n = 1;
  g_autofree Member *member = g_new(Member, wanted);
  g_autofree GThread **thread = g_new0(GThread *, wanted);
  g_mutex_init(&crew.barrier.lock);
  g_cond_init(&crew.barrier.next);
  g_cond_init(&crew.begin);
  for (; n < wanted; n++) {
    member[n] = (Member){&crew, n};
    thread[n] = g_thread_try_new("cs3-stripe", follow, &member[n], NULL);
    if (!thread[n])
      break;
  }
  begin(&crew, n);
  run_stripe(&crew, 0);
  for (guint i = 1; i < n; i++)
    g_thread_join(thread[i]);
  for (guint i = 0; i < n; i++)
    join(f, &crew.stripe[i].mesh);
  g_aligned_free(crew.stripe);
  g_cond_clear(&crew.begin);
  g_cond_clear(&crew.barrier.next);
  g_mutex_clear(&crew.barrier.lock);
}
