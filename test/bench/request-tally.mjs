/** Counts storage requests at the transport: every attempt is one, as the service bills them. */
export class RequestTally {
  #counts = new Map();
  #queues = new Set();
  #inFlight = 0;
  #mostInFlight = 0;

  /** For `decorateTransport`. */
  decorate = (transport) => async (request, context) => {
    this.#mostInFlight = Math.max(this.#mostInFlight, ++this.#inFlight);
    try {
      const reply = await transport(request, context);
      this.#add(request, reply);
      return reply;
    } finally {
      this.#inFlight--;
    }
  };

  #add(request, reply) {
    const { kind, queue, table } = request;
    if (kind === "queue.receive") this.#queues.add(queue);
    const isEmptyPoll = kind === "queue.receive" && reply.outcome === "done" && reply.value.length === 0;
    const name = isEmptyPoll ? "empty poll" : table?.endsWith("Partitions") ? "lease" : describe(kind, table);
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  /** How many queues have been polled since the beginning. */
  get polledQueues() {
    return this.#queues.size;
  }

  reset() {
    this.#counts.clear();
    this.#mostInFlight = this.#inFlight;
  }

  /** Requests for each of `instances`: what the work itself takes, what the looking takes, and all by kind. */
  read(instances = 1) {
    const byKind = Object.fromEntries([...this.#counts].map(([kind, count]) => [kind, count / instances]).sort());
    const { "empty poll": emptyPolls = 0, lease: leases = 0, ...kinds } = byKind;
    const work = Object.values(kinds).reduce((sum, count) => sum + count, 0);
    return { work, emptyPolls, leases, total: work + emptyPolls + leases, byKind, mostInFlight: this.#mostInFlight };
  }
}

function describe(kind, table) {
  const [, name] = /(History|Instances)$/.exec(table ?? "") ?? [];
  return name === undefined ? kind : `${kind} ${name}`;
}
