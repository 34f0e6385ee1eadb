import { beforeEach, expect, it } from "vitest";
import { createEventLog } from "../../../../src/core/event-log.ts";
import type { TypedData } from "../../../../src/host/app/typed-data.ts";
import { QueueListener } from "../../../../src/host/triggers/queue-listener.ts";
import type { QueueSettings } from "../../../../src/host/triggers/queue-settings.ts";
import type { TriggerMessage, TriggerQueue } from "../../../../src/host/triggers/trigger-storage.ts";
import { SteppedClock } from "../../../../src/testing/stepped-clock.ts";

const defaults: QueueSettings = {
  batchSize: 16,
  newBatchThreshold: 16,
  maxPollingIntervalMs: 2_000,
  visibilityTimeoutMs: 0,
  maxDequeueCount: 5,
  messageEncoding: "base64",
};
const base64 = (text: string) => Buffer.from(text).toString("base64");

let clock: SteppedClock;
let lines: string[];

beforeEach(() => {
  clock = new SteppedClock();
  lines = [];
});

interface Stored {
  readonly id: string;
  readonly text: string;
  visibleAt: number;
  count: number;
  receipt: number;
}

/** A queue by the rules of the service: what is received is hidden, and each receipt is good once. */
class MemoryQueue implements TriggerQueue {
  readonly messages: Stored[] = [];
  readonly name: string;
  exists: boolean;
  isAway = false;
  receives = 0;
  #ids = 0;
  #receipts = 0;

  constructor(name = "inbox", exists = true) {
    this.name = name;
    this.exists = exists;
  }
  put(...texts: string[]) {
    for (const text of texts) {
      this.messages.push({ id: `m${++this.#ids}`, text, visibleAt: clock.now(), count: 0, receipt: 0 });
    }
  }
  async create() {
    this.exists = true;
  }
  async receive(most: number, hiddenMs: number) {
    this.receives++;
    this.#assertThere();
    if (!this.exists) return undefined;
    const visible = this.messages.filter(({ visibleAt }) => visibleAt <= clock.now()).slice(0, most);
    return visible.map((message): TriggerMessage => {
      message.count++;
      message.visibleAt = clock.now() + hiddenMs;
      message.receipt = ++this.#receipts;
      const [insertedOn, nextVisibleOn] = [new Date(0), new Date(message.visibleAt)];
      const { id: messageId, text, count: dequeueCount } = message;
      const popReceipt = String(message.receipt);
      return { messageId, popReceipt, text, dequeueCount, insertedOn, nextVisibleOn, expiresOn: undefined };
    });
  }
  async send(text: string) {
    this.#assertThere();
    this.exists = true;
    this.put(text);
  }
  async hide(message: TriggerMessage, ms: number) {
    this.#assertThere();
    const stored = this.#find(message);
    if (stored === undefined) return undefined;
    stored.visibleAt = clock.now() + ms;
    stored.receipt = ++this.#receipts;
    return String(stored.receipt);
  }
  async delete(message: TriggerMessage) {
    this.#assertThere();
    const stored = this.#find(message);
    if (stored !== undefined) this.messages.splice(this.messages.indexOf(stored), 1);
    return stored !== undefined;
  }
  #find({ messageId, popReceipt }: TriggerMessage) {
    return this.messages.find(({ id, receipt }) => id === messageId && String(receipt) === popReceipt);
  }
  #assertThere() {
    if (this.isAway) throw new Error("storage is away");
  }
}

function listen(
  queue: MemoryQueue,
  call: (text: string, metadata: Readonly<Record<string, TypedData>>) => Promise<void>,
  settings: Partial<QueueSettings> = {},
  poisonQueue: MemoryQueue | undefined = new MemoryQueue("inbox-poison", false),
) {
  const listener = new QueueListener({
    functionName: "onMessage",
    queue,
    poisonQueue,
    settings: { ...defaults, ...settings },
    clock,
    random: { guid: () => "", number: () => 0.5 },
    events: createEventLog({ log: (level, name, text) => lines.push(`${level} ${name} ${text}`) }),
    call: (input, metadata) => call(input.string!, metadata),
  });
  listener.start();
  return { listener, poisonQueue };
}

const settle = async () => {
  for (let turn = 0; turn < 40; turn++) await Promise.resolve();
};

async function pass(ms: number) {
  const end = clock.now() + ms;
  await settle();
  while ((clock.nextWakeAt ?? Number.POSITIVE_INFINITY) <= end) {
    clock.advance(clock.nextWakeAt! - clock.now());
    await settle();
  }
  clock.advance(end - clock.now());
  await settle();
}

it("a function is called with the text of each message, which is gone afterwards", async () => {
  const queue = new MemoryQueue();
  queue.put(base64("héllo"), base64('{"a":1}'));
  const calls: unknown[] = [];
  listen(queue, async (text, metadata) => void calls.push([text, metadata]));
  await pass(1);

  expect(calls).toMatchObject([
    ["héllo", { QueueTrigger: { string: "héllo" }, DequeueCount: { json: "1" }, Id: { string: "m1" } }],
    ['{"a":1}', { InsertionTime: { json: '"1970-01-01T00:00:00+00:00"' }, ExpirationTime: { json: "null" } }],
  ]);
  expect(queue.messages).toEqual([]);
});

it("with 'none' texts are taken as they are", async () => {
  const queue = new MemoryQueue();
  queue.put("plain text");
  const calls: string[] = [];
  listen(queue, async (text) => void calls.push(text), { messageEncoding: "none" });
  await pass(1);

  expect(calls).toEqual(["plain text"]);
});

it("a queue that is missing is made", async () => {
  const queue = new MemoryQueue("inbox", false);
  listen(queue, async () => {});
  await pass(1);

  expect(queue.exists).toBe(true);
});

it("an empty queue is asked less and less often, up to the interval, and often again once something has come", async () => {
  const queue = new MemoryQueue();
  listen(queue, async () => {});
  await pass(60_000);
  const idle = queue.receives;
  await pass(60_000);
  expect(queue.receives - idle).toBe(30);
  queue.put(base64("x"));
  const before = queue.receives;
  await pass(4_000);

  expect(queue.receives - before).toBeGreaterThan(3);
});

it("a queue that something was put into is asked at once", async () => {
  const queue = new MemoryQueue();
  const calls: string[] = [];
  const { listener } = listen(queue, async (text) => void calls.push(text));
  await pass(60_001);
  queue.put(base64("x"));
  listener.notify();
  await pass(1);

  expect(calls).toEqual(["x"]);
});

it("a message whose call fails comes again after the time of host.json, and ends in the poison queue", async () => {
  const queue = new MemoryQueue();
  queue.put(base64("bad"));
  const counts: (readonly [string, number])[] = [];
  const { poisonQueue } = listen(
    queue,
    async (_text, metadata) => {
      counts.push([metadata["DequeueCount"]!.json!, clock.now() - Date.UTC(2026, 0, 1)]);
      throw new Error("boom");
    },
    { visibilityTimeoutMs: 10_000, maxDequeueCount: 3 },
  );
  await pass(60_000);

  expect(counts.map(([count]) => count)).toEqual(["1", "2", "3"]);
  const [, second, third] = counts.map(([, at]) => at);
  expect([second! >= 10_000, third! - second! >= 10_000]).toEqual([true, true]);
  expect(queue.messages).toEqual([]);
  expect(poisonQueue.messages.map(({ text }) => text)).toEqual([base64("bad")]);
  expect(lines).toEqual([
    "warn QueueMessagePoisoned a message was moved to the queue 'inbox-poison': its call has failed 3 times",
  ]);
});

it("a message that hosts have died on too often is poison, and not called for again", async () => {
  const queue = new MemoryQueue();
  queue.put(base64("deadly"));
  queue.messages[0]!.count = 5;
  const calls: string[] = [];
  const { poisonQueue } = listen(queue, async (text) => void calls.push(text));
  await pass(1);

  expect([calls, poisonQueue.messages.length]).toEqual([[], 1]);
  expect(lines[0]).toContain("it was received 6 times");
});

it("a message in another encoding is poison, as it is", async () => {
  const queue = new MemoryQueue();
  queue.put("no Base64!");
  const { poisonQueue } = listen(queue, async () => {});
  await pass(1);

  expect(poisonQueue.messages.map(({ text }) => text)).toEqual(["no Base64!"]);
  expect(lines[0]).toContain("it is not Base64, which 'messageEncoding' of host.json asks for");
});

it("without a poison queue a message stays hidden for a while", async () => {
  const queue = new MemoryQueue("inbox-poison");
  queue.put(base64("bad"));
  let calls = 0;
  const listener = listen(queue, async () => {
    calls++;
    throw new Error("boom");
  });
  void listener;
  await pass(1);

  expect(calls).toBe(1);
  expect(queue.messages).toHaveLength(1);
});

it("a message is hidden for as long as its function runs, however long that is", async () => {
  const queue = new MemoryQueue();
  queue.put(base64("slow"));
  let calls = 0;
  listen(queue, async () => {
    calls++;
    await clock.sleep(60 * 60_000);
  });
  await pass(59 * 60_000);
  expect(calls).toBe(1);
  await pass(2 * 60_000);

  expect([calls, queue.messages]).toEqual([1, []]);
  expect(lines).toEqual([]);
});

it("no more messages are asked for than are worked on soon", async () => {
  const queue = new MemoryQueue();
  queue.put(...Array.from({ length: 50 }, (_, index) => base64(String(index))));
  let running = 0;
  let most = 0;
  let started = 0;
  listen(
    queue,
    async () => {
      most = Math.max(most, ++running);
      await clock.sleep(1_000 * (1 + (started++ % 4)));
      running--;
    },
    { batchSize: 4, newBatchThreshold: 2 },
  );
  await pass(60_000);

  expect(queue.messages).toEqual([]);
  expect(most).toBe(4 + 2);
});

it("storage that fails is told once and asked again, less and less often", async () => {
  const queue = new MemoryQueue();
  const calls: string[] = [];
  listen(queue, async (text) => void calls.push(text));
  await pass(1);
  queue.isAway = true;
  await pass(10 * 60_000);
  const asked = queue.receives;
  queue.isAway = false;
  queue.put(base64("after"));
  await pass(60_000);

  expect(asked).toBeLessThan(60);
  expect(calls).toEqual(["after"]);
  expect(lines).toEqual(["warn TriggerWaits the queue 'inbox' cannot be read: storage is away"]);
});

it("a message that could not be deleted is told, and comes again", async () => {
  const queue = new MemoryQueue();
  queue.put(base64("x"));
  let calls = 0;
  listen(queue, async () => {
    if (++calls === 1) queue.isAway = true;
  });
  await pass(1);
  queue.isAway = false;
  await pass(5 * 60_000);

  expect(calls).toBe(2);
  expect(lines.join("\n")).toContain(
    "warn QueueMessageNotSettled the function may be called for a message again: storage is away",
  );
});

it("a stop waits for what is being settled, and gives back what still runs", async () => {
  const queue = new MemoryQueue();
  queue.put(base64("quick"), base64("slow"));
  const { listener } = listen(queue, (text) => clock.sleep(text === "quick" ? 1_000 : 600_000));
  await pass(1_500);
  listener.stop();
  queue.put(base64("late"));
  await pass(10);
  const closed = listener.close();
  await settle();
  await closed;

  expect(queue.messages.map(({ text, visibleAt, count }) => [text, visibleAt <= clock.now(), count])).toEqual([
    [base64("slow"), true, 1],
    [base64("late"), true, 0],
  ]);
});

it("what a stop finds received is given back without a call", async () => {
  const queue = new MemoryQueue();
  queue.put(base64("x"));
  let calls = 0;
  const { listener } = listen(queue, async () => void calls++);
  listener.stop();
  const closed = listener.close();
  await settle();
  await closed;

  expect(calls).toBe(0);
  expect(queue.messages.map(({ visibleAt }) => visibleAt <= clock.now())).toEqual([true]);
});
