/**
 * Orchestrations on storage accounts that serve only so much a second, in virtual time: nothing is measured, and the same
 * seed gives the same numbers. What is above a limit waits in line, which is what retries after "server busy" come to at
 * best.
 */

/** The documented targets of a standard account. */
export const limits = {
  /** Messages of 1 KiB a second. Every request about a message counts, which is the stricter way to read it. */
  queue: 2000,
  /** Requests a second, of all services together. */
  account: 20_000,
  /** Entities of 1 KiB a second. */
  tablePartition: 2000,
};

/** Serves `rate` a second, in the order of arrival. Times are seconds. */
class Server {
  #freeAt = 0;
  served = 0;

  constructor(rate) {
    this.rate = rate;
  }

  /** @returns when it is done */
  serve(now, cost) {
    this.served += cost;
    this.#freeAt = Math.max(this.#freeAt, now) + cost / this.rate;
    return this.#freeAt;
  }
}

/** By time, those of the same time in the order in which they came. */
class Agenda {
  #heap = [];
  #order = 0;

  get isEmpty() {
    return this.#heap.length === 0;
  }

  add(at, run) {
    const heap = this.#heap;
    heap.push({ at, order: this.#order++, run });
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!isBefore(heap[i], heap[parent])) break;
      [heap[i], heap[parent]] = [heap[parent], heap[i]];
      i = parent;
    }
  }

  next() {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (heap.length === 0) return first;
    heap[0] = last;
    for (let i = 0; ; ) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < heap.length && isBefore(heap[child], heap[least])) least = child;
      }
      if (least === i) return first;
      [heap[i], heap[least]] = [heap[least], heap[i]];
      i = least;
    }
  }
}

const isBefore = (a, b) => a.at < b.at || (a.at === b.at && a.order < b.order);

/** Numbers from 0 to 1: mulberry32. */
function randomOf(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * Starts `perSecond` orchestrations a second at random times, for `seconds`.
 *
 * @param setup how many accounts, task hubs on each, and partitions of each hub
 * @returns how many ended within the time, how long those took in milliseconds, and how busy what is busiest of each kind
 * was: more than 1 is more than it can do
 */
export function simulate({ profile, perSecond, seconds = 5, accounts = 1, hubs = 1, partitions = 4, seed = 1 }) {
  const random = randomOf(seed);
  const agenda = new Agenda();
  const makeHub = () => ({
    activities: new Server(limits.queue),
    control: Array.from({ length: partitions }, () => new Server(limits.queue)),
  });
  const all = Array.from({ length: accounts }, () => ({
    server: new Server(limits.account),
    hubs: Array.from({ length: hubs }, makeHub),
  }));
  const oneOf = (list) => list[Math.floor(random() * list.length)];
  const durations = [];

  const begin = (at) => {
    const account = oneOf(all);
    const hub = oneOf(account.hubs);
    const servers = {
      control: oneOf(hub.control),
      activities: hub.activities,
      history: new Server(limits.tablePartition),
      instances: new Server(limits.tablePartition),
    };
    const request = (now, { to, entities = 1, ms }) =>
      Math.max(account.server.serve(now, 1), servers[to].serve(now, entities)) + ms / 1000;
    const run = (step, now) => {
      if (step === profile.phases.length) {
        if (now <= seconds) durations.push((now - at) * 1000);
        return;
      }
      const { requests, beside } = profile.phases[step];
      const done = Math.max(...requests.map((one) => request(now, one)));
      for (const one of beside) request(now, one);
      agenda.add(done, () => run(step + 1, done));
    };
    run(0, at);
  };

  for (let at = 0; ; ) {
    at -= Math.log(1 - random()) / perSecond;
    if (at > seconds) break;
    const start = at;
    agenda.add(start, () => begin(start));
  }
  while (!agenda.isEmpty) agenda.next().run();

  const busiest = (servers) => Math.max(...servers.map(({ served, rate }) => served / rate / seconds));
  const everyHub = all.flatMap((account) => account.hubs);
  return {
    perSecond: durations.length / seconds,
    durations,
    load: {
      "queue of activities": busiest(everyHub.map(({ activities }) => activities)),
      "control queue": busiest(everyHub.flatMap(({ control }) => control)),
      account: busiest(all.map(({ server }) => server)),
    },
  };
}
