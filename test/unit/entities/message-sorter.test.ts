import { describe, expect, it } from "vitest";
import { createRequest, type EntityRequest } from "../../../src/entities/entity-message.ts";
import { MessageSorter } from "../../../src/entities/message-sorter.ts";
import { formatTime, noTime, ticksOf } from "../../../src/entities/wire-time.ts";
import { forSeeds, SeededRandom } from "../../support/seeded-random.ts";

const start = Date.UTC(2026, 0, 1);
const minute = 60_000;
const receiver = "@counter@k";

const guidOf = (name: string) => `${Buffer.from(name).toString("hex").padEnd(13, "0")}-0000-4000-8000-000000000000`;

/** What one execution sends to one entity. */
class TestSender {
  readonly sorter = new MessageSorter();
  readonly name: string;
  readonly executionId: string;
  constructor(name: string, executionId = "e") {
    this.name = name;
    this.executionId = executionId;
  }

  send(operation: string, ms = 0): EntityRequest {
    const request = createRequest({
      id: guidOf(`${this.name.slice(0, 3)}${operation}`),
      operation,
      parentInstanceId: this.name,
      parentExecutionId: this.executionId,
    });
    return this.sorter.label(request, receiver, new Date(start + ms));
  }

  /** At one time. */
  sendAll(...operations: readonly string[]): EntityRequest[] {
    return operations.map((operation) => this.send(operation));
  }
}

/** As after a checkpoint and a cold start. */
const stored = (sorter: MessageSorter) => MessageSorter.parse(JSON.parse(JSON.stringify(sorter)));

/** What .NET makes of it: members that it does not know are gone. */
function rewrittenByDotnet(sorter: MessageSorter): MessageSorter {
  const text = JSON.stringify(sorter, (key, value) => (key === "Recent" ? undefined : value));
  return MessageSorter.parse(JSON.parse(text));
}

const late = new Date(start + 1e9);

function receiveAll(sorter: MessageSorter, requests: readonly EntityRequest[], now = late): (string | undefined)[] {
  return requests.flatMap((request) => sorter.receive(request, now)).map(({ operation }) => operation);
}

describe("sending", () => {
  it("gives messages to one receiver ascending times, each behind the one before it", () => {
    const sender = new TestSender("s");
    const [a, b] = sender.sendAll("a", "b");
    expect(a).toMatchObject({ timestamp: "2026-01-01T00:00:00Z", predecessor: noTime });
    expect(b).toMatchObject({ timestamp: "2026-01-01T00:00:00.0000001Z", predecessor: "2026-01-01T00:00:00Z" });
    expect(sender.sorter.label(a!, "@other@k", new Date(start))).toMatchObject({ predecessor: noTime });
  });

  it("goes on ascending when the clock jumps back", () => {
    const sender = new TestSender("s");
    const late = sender.send("a", 10 * minute);
    const early = sender.send("b", 0);
    expect(ticksOf(early.timestamp)).toBe(ticksOf(late.timestamp) + 1n);
    expect(early.predecessor).toBe(late.timestamp);
  });

  it("forgets receivers after the window", () => {
    const sender = new TestSender("s");
    sender.send("a", 0);
    sender.sorter.label(sender.send("b", 0), "@other@k", new Date(start + 32 * minute));
    expect(JSON.parse(JSON.stringify(sender.sorter))).toEqual({
      LastSentToInstance: { "@other@k": "2026-01-01T00:32:00Z" },
      SendHorizon: "2026-01-01T00:02:00Z",
    });
    expect(sender.send("c", 33 * minute)).toMatchObject({ predecessor: noTime });
  });

  it("ends at the last time that there is", () => {
    const sorter = MessageSorter.parse({ LastSentToInstance: { [receiver]: "9999-12-31T23:59:59.9999999Z" } });
    const request = sorter.label(createRequest({ id: "x" }), receiver, new Date(start));
    expect(request.timestamp).toBe("9999-12-31T23:59:59.9999999Z");
  });
});

describe("receiving", () => {
  it("delivers in order what comes in order", () => {
    const sorter = new MessageSorter();
    expect(receiveAll(sorter, new TestSender("s").sendAll("a", "b", "c"))).toEqual(["a", "b", "c"]);
  });

  it("S2: what comes too early waits, also over a checkpoint", () => {
    const [a, b, c, d] = new TestSender("s").sendAll("a", "b", "c", "d");
    const sorter = new MessageSorter();
    expect(receiveAll(sorter, [d!, b!, c!])).toEqual([]);
    expect(receiveAll(stored(sorter), [a!])).toEqual(["a", "b", "c", "d"]);
  });

  it("S1: repeats have no effect, delivered or waiting", () => {
    const [a, b, c] = new TestSender("s").sendAll("a", "b", "c");
    const sorter = new MessageSorter();
    expect(receiveAll(sorter, [a!, a!, c!, c!, b!, a!, b!, c!])).toEqual(["a", "b", "c"]);
    expect(receiveAll(stored(sorter), [c!, b!, a!])).toEqual([]);
  });

  it("S1: a repeat is known by its id, whatever its time is by now", () => {
    const sorter = new MessageSorter();
    receiveAll(sorter, new TestSender("s").sendAll("a", "b"));
    const later = new TestSender("s");
    expect(receiveAll(stored(sorter), [later.send("a", 1000), later.send("b", 1000), later.send("c", 1000)])).toEqual([
      "c",
    ]);
  });

  it("S1: what waits and comes again with another time is delivered once, and holds nothing up", () => {
    const [, b] = new TestSender("s").sendAll("a", "b");
    const later = new TestSender("s");
    const [a2, b2, c2] = [later.send("a", 1000), later.send("b", 1000), later.send("c", 1000)];
    const sorter = new MessageSorter();
    expect(receiveAll(sorter, [b!, b2])).toEqual([]);
    expect(receiveAll(stored(sorter), [a2, c2])).toEqual(["a", "b", "c"]);
    expect(receiveAll(sorter, [c2, a2, b!, b2])).toEqual(["a", "b", "c"]);
  });

  it("S1: a message between repeats with other times keeps its place", () => {
    const sorter = new MessageSorter();
    receiveAll(sorter, new TestSender("s").sendAll("a", "b"));
    const later = new TestSender("s");
    const [a, x, b, c] = [later.send("a", 9), later.send("x", 9), later.send("b", 9), later.send("c", 9)];
    expect(receiveAll(sorter, [c, b, x, a])).toEqual(["x", "c"]);
  });

  it("S1: an episode that is repeated may give the same time to another message, which counts", () => {
    const sorter = new MessageSorter();
    receiveAll(sorter, new TestSender("s").sendAll("a"));
    expect(receiveAll(sorter, new TestSender("s").sendAll("other", "next"))).toEqual(["other", "next"]);
  });

  it("S1: two messages of one time that wait are both kept over a checkpoint", () => {
    const first = new TestSender("s").sendAll("a", "b");
    const second = new TestSender("s").sendAll("a", "other");
    const sorter = new MessageSorter();
    expect(receiveAll(sorter, [first[1]!, second[1]!])).toEqual([]);
    expect(receiveAll(stored(sorter), [first[0]!])).toEqual(["a", "b", "other"]);
  });

  it("S1: what is older than all ids that are known is a repeat", () => {
    const sent = new TestSender("s").sendAll(..."abcdefghijkl");
    const sorter = new MessageSorter();
    receiveAll(sorter, sent);
    expect(receiveAll(stored(sorter), sent)).toEqual([]);
  });

  it("S1: of what .NET has delivered only the time is known", () => {
    const [a, b, c, d] = new TestSender("s").sendAll("a", "b", "c", "d");
    const sorter = new MessageSorter();
    receiveAll(sorter, [a!, b!]);
    const taken = rewrittenByDotnet(sorter);
    expect(receiveAll(taken, [b!, a!, d!, c!, a!, b!, c!])).toEqual(["c", "d"]);
    expect(receiveAll(stored(taken), [a!, b!, c!, d!])).toEqual([]);
  });

  it("S2: a message whose predecessor is older than the window waits for nothing, and that is no repeat when it comes", () => {
    const sender = new TestSender("s");
    const [a, b] = sender.sendAll("a", "b");
    const sorter = new MessageSorter();
    expect(receiveAll(sorter, [b!])).toEqual([]);
    const other = new TestSender("o").send("other", 32 * minute);
    expect(receiveAll(sorter, [other])).toEqual(["b", "other"]);
    expect(receiveAll(stored(sorter), [a!])).toEqual(["a"]);
  });

  it("another execution of a sender starts over, after what has waited of the one before", () => {
    const before = new TestSender("s", "e1");
    const [a, , c] = before.sendAll("a", "b", "c");
    const after = new TestSender("s", "e2");
    const sorter = new MessageSorter();
    expect(receiveAll(sorter, [a!, c!])).toEqual(["a"]);
    const d = after.send("d", 1000);
    const e = after.send("e", 1000);
    expect(receiveAll(stored(sorter), [e, d])).toEqual(["c", "d", "e"]);
  });

  it("a late message of an execution before is delivered once, and disturbs the present one in nothing", () => {
    const before = new TestSender("s", "e1");
    const [a, b] = before.sendAll("a", "b");
    const after = new TestSender("s", "e2");
    const [c, d, e] = [after.send("c", 1000), after.send("d", 1000), after.send("e", 1000)];
    const sorter = new MessageSorter();
    expect(receiveAll(sorter, [a!, c, e, a!, b!, b!, c, d])).toEqual(["a", "c", "b", "d", "e"]);
    expect(receiveAll(stored(sorter), [a!, b!, c, d, e])).toEqual([]);
  });

  it("another execution whose clock is behind takes the place of the one before all the same", () => {
    const sorter = new MessageSorter();
    const now = new Date(start + 1000);
    const before = new TestSender("s", "e1");
    const ahead = Array.from("123456789", (operation) => before.send(operation, 60 * minute));
    expect(receiveAll(sorter, ahead, now)).toHaveLength(9);
    const [b, c] = new TestSender("s", "e2").sendAll("b", "c");
    expect(receiveAll(stored(sorter), [c!, b!], now)).toEqual(["b", "c"]);
  });

  it("an execution whose place was taken by a late message of an unknown one goes on where it was", () => {
    const sorter = new MessageSorter();
    const before = new TestSender("s", "e1").send("old");
    const present = new TestSender("s", "e2");
    const [a, b, c] = [present.send("a", 1000), present.send("b", 2000), present.send("c", 3000)];
    expect(receiveAll(sorter, [a, before, c, b])).toEqual(["a", "old", "b", "c"]);
    const [d, e] = [present.send("d", 4000), present.send("e", 4000)];
    expect(receiveAll(stored(sorter), [e, d])).toEqual(["d", "e"]);
  });

  it("a sender whose clock is ahead moves the window of nobody else", () => {
    const now = new Date(start + 1000);
    const sorter = new MessageSorter();
    const [a, b] = new TestSender("s").sendAll("a", "b");
    expect(receiveAll(sorter, [new TestSender("ahead").send("x", 1000 * minute), b!], now)).toEqual(["x"]);
    expect(receiveAll(sorter, [a!], now)).toEqual(["a", "b"]);
  });

  it("delayed messages have no order, and are known by their id", () => {
    const sender = new TestSender("s");
    const [a, , c] = sender.sendAll("a", "b", "c");
    const delayed = createRequest({
      id: guidOf("delayed"),
      operation: "delayed",
      parentInstanceId: "s",
      parentExecutionId: "before",
    });
    const sorter = new MessageSorter();
    expect(receiveAll(sorter, [a!, c!])).toEqual(["a"]);
    expect(sorter.receiveDelayed(delayed)).toEqual([delayed]);
    expect(stored(sorter).receiveDelayed(delayed)).toEqual([]);
    // It is of another execution, and yet ends no waiting.
    expect(receiveAll(sorter, [c!, sender.send("d")])).toEqual([]);
  });

  it("messages of clients and forwarded lock requests take no part", () => {
    const ofClient = createRequest({ id: guidOf("c"), operation: "client" });
    const lockSet = [
      { name: "a", key: "1" },
      { name: "a", key: "2" },
    ];
    const [, second] = new TestSender("s").sendAll("a", "b");
    const forwarded = { ...second!, operation: undefined, lockSet, lockPosition: 1 };
    const sorter = new MessageSorter();
    expect(receiveAll(sorter, [ofClient, ofClient])).toEqual(["client", "client"]);
    expect(sorter.receive(forwarded, late)).toEqual([forwarded]);
    expect(sorter.receiveDelayed(ofClient)).toEqual([ofClient]);
    expect(JSON.stringify(sorter)).toBe("{}");
  });

  it("S3: senders are remembered beyond the window while they are few, the last ones while they are many", () => {
    const sorter = new MessageSorter();
    const first = Array.from({ length: 300 }, (_, index) => new TestSender(`${index}s`).send("a"));
    receiveAll(sorter, first);
    expect(receiveAll(sorter, [new TestSender("late").send("b", 60 * minute)])).toEqual(["b"]);
    const known = stored(sorter);
    expect(receiveAll(known, [first.at(-1)!])).toEqual([]);
    expect(Object.keys(JSON.parse(JSON.stringify(known)).ReceivedFromInstance)).toHaveLength(201);
  });

  it("a copy changes by itself", () => {
    const [a, b, c] = new TestSender("s").sendAll("a", "b", "c");
    const sorter = new MessageSorter();
    receiveAll(sorter, [a!, c!]);
    const before = JSON.stringify(sorter);
    const copy = sorter.clone();
    expect(receiveAll(copy, [b!])).toEqual(["b", "c"]);
    expect(JSON.stringify(sorter)).toBe(before);
    const changed = JSON.stringify(copy);
    expect(receiveAll(sorter, [b!])).toEqual(["b", "c"]);
    expect(JSON.stringify(copy)).toBe(changed);
    expect(receiveAll(stored(copy), [a!, b!, c!])).toEqual([]);
  });

  it("a name like those of a prototype is a name", () => {
    const sorter = new MessageSorter();
    const names = ["__proto__", "constructor", "toString"];
    const sent = names.map((name) => new TestSender(name).send("a"));
    expect(receiveAll(sorter, sent)).toHaveLength(3);
    expect(receiveAll(stored(sorter), sent)).toEqual([]);
  });

  it.each([
    null,
    5,
    "x",
    [],
    [1],
    {
      LastSentToInstance: 5,
      ReceivedFromInstance: [1],
      ReceiveHorizon: {},
      SendHorizon: "x",
    },
    { LastSentToInstance: { a: 5, b: "x" }, ReceivedFromInstance: { a: 5, b: null, c: [] } },
  ])("of a form like %j is an empty one", (value) => {
    expect(JSON.stringify(MessageSorter.parse(value))).toBe("{}");
  });

  it("members of a wrong type within a sender are left out", () => {
    const sorter = MessageSorter.parse({
      ReceivedFromInstance: {
        s: { Last: 5, ExecutionId: 7, Buffered: { x: 5, y: null, z: { id: "z" } }, Recent: [5, "", "a", "a b", null] },
      },
    });
    expect(JSON.stringify(sorter)).toBe('{"ReceivedFromInstance":{"s":{}}}');
  });

  it("10,000 shuffled messages take no time that grows with their square", () => {
    const sender = new TestSender("s");
    const sent = Array.from({ length: 10_000 }, (_, index) => ({
      ...sender.send(String(index)),
      id: guidOf(index.toString(36)),
    }));
    const shuffled = new SeededRandom(7).shuffle(sent);
    const sorter = new MessageSorter();
    const begun = process.cpuUsage();
    const delivered = receiveAll(sorter, shuffled);
    const { user, system } = process.cpuUsage(begun);
    expect(delivered).toEqual(sent.map(({ operation }) => operation));
    expect((user + system) / 1000).toBeLessThan(3000);
  });
});

it("any interleaving of doubled and shuffled messages of three senders is delivered once each, in order", async () => {
  await forSeeds(200, (seed) => {
    const random = new SeededRandom(seed);
    const senders = ["x", "y", "z"].map((name) => new TestSender(name));
    const sent = senders.map((sender) => {
      let ms = 0;
      return Array.from({ length: 1 + random.below(12) }, (_, index) => {
        ms += random.chance(0.5) ? 0 : random.below(60_000);
        return sender.send(`${sender.name}${String.fromCharCode(97 + index)}`, ms);
      });
    });
    const doubled = sent.flat().flatMap((request) => (random.chance(0.4) ? [request, request] : [request]));
    let sorter = new MessageSorter();
    const delivered: EntityRequest[] = [];
    for (const request of random.shuffle(doubled)) {
      delivered.push(...sorter.receive(request, late));
      if (random.chance(0.3)) sorter = stored(sorter);
      else if (random.chance(0.2)) sorter = sorter.clone();
    }
    for (const [index, sender] of senders.entries()) {
      const own = delivered.filter(({ parentInstanceId }) => parentInstanceId === sender.name);
      expect(own.map(({ operation }) => operation)).toEqual(sent[index]!.map(({ operation }) => operation));
    }
  });
});

it("the time of a repeat in another form is the same time", () => {
  const request = new TestSender("s").send("a");
  const sorter = MessageSorter.parse({
    ReceivedFromInstance: { s: { Last: formatTime(new Date(start)).slice(0, -1), ExecutionId: "e" } },
  });
  expect(sorter.receive(request, late)).toEqual([]);
});
