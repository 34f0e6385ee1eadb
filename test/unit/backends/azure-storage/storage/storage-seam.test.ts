import { describe, expect, it } from "vitest";
import { RequestCounter, withRequestCount } from "../../../../../src/backends/azure-storage/storage/request-counter.ts";
import { StorageClient } from "../../../../../src/backends/azure-storage/storage/storage-client.ts";
import {
  describeForeignError,
  isForeignError,
} from "../../../../../src/backends/azure-storage/storage/storage-failure.ts";
import type {
  StorageReply,
  StorageTransport,
} from "../../../../../src/backends/azure-storage/storage/storage-request.ts";
import { TokenUnavailable } from "../../../../../src/backends/azure-storage/storage/storage-tokens.ts";
import { withRetry } from "../../../../../src/backends/azure-storage/storage/with-retry.ts";
import type { Clock } from "../../../../../src/core/ports.ts";
import { withFaults } from "../../../../../src/testing/azure-storage-faults.ts";

/** Time passes by sleeping only. */
class StepClock implements Clock {
  time = 0;
  readonly sleeps: number[] = [];
  now(): number {
    return this.time;
  }
  async sleep(ms: number): Promise<void> {
    this.sleeps.push(ms);
    this.time += ms;
  }
}

const random = { guid: () => "", number: () => 0.5 };
const send = { kind: "queue.send", queue: "q", text: "t", visibilityDelayMs: 0 } as const;
const failed = (error: unknown) => describeForeignError(error, "host:1");
const http = (statusCode: number, code = "Code", headers: Record<string, string> = {}) => ({
  statusCode,
  code,
  message: `${code} happened\nRequest: {...}`,
  response: { headers: { get: (name: string) => headers[name] } },
});

function scripted(replies: StorageReply[]): { client: StorageClient; clock: StepClock; counter: RequestCounter } {
  const clock = new StepClock();
  const counter = new RequestCounter();
  const transport: StorageTransport = async () => replies.shift() ?? { outcome: "done", value: "ok" };
  const counted = withRequestCount(transport, counter);
  const retried = withRetry(counted, { clock, random, giveUpAfterMs: 10_000 });
  return { client: new StorageClient(retried), clock, counter };
}

describe("foreign errors", () => {
  it.each([
    ["AuthorizationPermissionMismatch", "give the identity the roles Storage Blob, Queue and Table Data Contributor"],
    ["KeyBasedAuthenticationNotPermitted", "the account takes no keys: open it by an identity"],
    ["AuthenticationFailed", "the key or signature is of another account or has ended"],
    ["AuthorizationFailure", "look at the account's firewall"],
  ])("of the refusal %s the error says what to do", async (code, remedy) => {
    const { client } = scripted([failed(http(403, code))]);

    await expect(client.require(send)).rejects.toMatchObject({
      code: "StorageRejected",
      message: expect.stringContaining(`403 ${code}: ${code} happened (${remedy}`),
    });
  });

  it.each([
    [http(404, "TableNotFound"), { outcome: "notFound" }],
    [http(409, "EntityAlreadyExists"), { outcome: "conflict" }],
    [http(412, "UpdateConditionNotSatisfied"), { outcome: "conflict" }],
    [http(400, "PopReceiptMismatch"), { outcome: "conflict" }],
    [http(409, "QueueBeingDeleted"), { outcome: "failed", failure: { transient: false, answerLost: false } }],
    [http(500, "OperationTimedOut"), { outcome: "failed", failure: { transient: true, answerLost: true } }],
    [http(409, "MemoryExtentStoreAtSizeLimit"), { outcome: "failed", failure: { transient: false } }],
    [http(400, "InvalidInput"), { outcome: "failed", failure: { transient: false, answerLost: false } }],
    [http(403, "AuthenticationFailed"), { outcome: "failed", failure: { transient: false } }],
    // Without a token nothing was sent, and a place that gives tokens comes back.
    [new TokenUnavailable("none"), { outcome: "failed", failure: { transient: true, answerLost: false } }],
    [
      http(503, "ServerBusy", { "retry-after": "3" }),
      { outcome: "failed", failure: { transient: true, retryAfterMs: 3000 } },
    ],
    [
      http(503, "ServerBusy", {
        "retry-after": "Wed, 24 Jun 2026 10:00:07 GMT",
        date: "Wed, 24 Jun 2026 10:00:05 GMT",
      }),
      { outcome: "failed", failure: { transient: true, answerLost: false, retryAfterMs: 2000 } },
    ],
    [
      { code: "ECONNREFUSED", message: "connect" },
      { outcome: "failed", failure: { transient: true, answerLost: true } },
    ],
    [undefined, { outcome: "failed", failure: { errorCode: "UnknownError" } }],
  ])("become replies: %j", (error, reply) => {
    expect(failed(error)).toMatchObject(reply);
  });

  it.each(["TableBeingDeleted", "QueueBeingDeleted", "ContainerBeingDeleted"])(
    "of what is being deleted say so at once: %s",
    async (code) => {
      const { client, counter } = scripted([failed(http(409, code))]);
      await expect(client.require(send)).rejects.toMatchObject({
        code: "StorageBeingDeleted",
        message: expect.stringContaining("(queue.send on q) is being deleted"),
      });
      expect(counter.total).toBe(1);
    },
  );

  it.each([new TypeError("undefined is not a function"), new URIError("malformed"), new Error("oops"), "text"])(
    "are no mistakes of this package: %s",
    (mistake) => {
      expect(isForeignError(mistake)).toBe(false);
    },
  );

  it.each([http(500), { name: "RestError" }, { name: "AbortError" }, { code: "ECONNRESET" }])(
    "are what the service and its sockets answer: %j",
    (error) => {
      expect(isForeignError(error)).toBe(true);
    },
  );

  it("keep signatures out of messages", () => {
    const reply = failed({ statusCode: 403, code: "X", message: "GET https://a/b?sv=1&sig=SECRET%3D&x=1 failed" });
    expect(JSON.stringify(reply, (key, value) => (key === "cause" ? undefined : value))).not.toContain("SECRET");
  });
});

describe("retries", () => {
  it.each([408, 429, 500, 502, 503, 504])("repeat a request that failed with %i", async (status) => {
    const { client, counter } = scripted([failed(http(status))]);
    await expect(client.require(send)).resolves.toBe("ok");
    expect(counter.byKind).toEqual(new Map([["queue.send", 2]]));
  });

  it("wait longer each time, and as long as the service asks", async () => {
    const busy = failed(http(503, "ServerBusy", { "retry-after": "4" }));
    const { client, clock } = scripted([failed(http(500)), failed(http(500)), busy]);
    await client.require(send);
    expect(clock.sleeps).toEqual([100, 200, 4000]);
  });

  it("do not repeat what would fail again", async () => {
    const { client, counter } = scripted([failed(http(400, "InvalidInput"))]);
    await expect(client.require(send)).rejects.toMatchObject({ code: "StorageRejected" });
    expect(counter.total).toBe(1);
  });

  it("end with one line that names the host and the cause", async () => {
    const { client, clock } = scripted(
      Array.from({ length: 99 }, () => failed({ code: "ECONNREFUSED", message: "refused\nmore" })),
    );
    await expect(client.require(send)).rejects.toMatchObject({
      code: "StorageUnavailable",
      message: "storage at host:1 is not available (queue.send on q): ECONNREFUSED: refused",
    });
    expect(clock.time).toBeLessThanOrEqual(10_000);
  });

  it("count from the first failure, not from the question: an attempt that hung is repeated", async () => {
    const clock = new StepClock();
    let attempts = 0;
    const transport: StorageTransport = async () => {
      if (++attempts > 1) return { outcome: "done", value: "ok" };
      clock.time += 60_000;
      return failed({ name: "AbortError", message: "aborted" });
    };
    const retried = withRetry(transport, { clock, random, giveUpAfterMs: 10_000 });
    await expect(new StorageClient(retried).require(send)).resolves.toBe("ok");
  });

  it("say of a refusal that an earlier attempt may have caused it", async () => {
    const conflict: StorageReply = { outcome: "conflict", errorCode: "EntityAlreadyExists" };
    expect(await scripted([failed(http(500)), conflict]).client.perform(send)).toMatchObject({ afterLostAnswer: true });
    for (const certain of [429, 503]) {
      expect(await scripted([failed(http(certain, "ServerBusy")), conflict]).client.perform(send)).toEqual(conflict);
    }
  });

  it("stop when the caller does", async () => {
    const caller = new AbortController();
    const { client } = scripted([failed(http(500))]);
    caller.abort();
    await expect(client.require(send, caller.signal)).rejects.toMatchObject({ code: "Aborted" });
  });
});

describe("faults", () => {
  it("strike before or after the request", async () => {
    const seen: string[] = [];
    const transport: StorageTransport = async ({ kind }) => {
      seen.push(kind);
      return { outcome: "done", value: undefined };
    };
    const matches = ({ kind }: { kind: string }) => kind === "queue.send";
    const faulty = withFaults(transport, [
      { matches, nth: 1, when: "before" },
      { matches, nth: 3, when: "after", transient: false },
    ]);
    const { signal } = new AbortController();
    const outcomes: string[] = [];
    for (let call = 0; call < 4; call++) outcomes.push((await faulty(send, { signal })).outcome);
    expect(outcomes).toEqual(["failed", "done", "failed", "done"]);
    expect(seen).toHaveLength(3);
  });
});

describe("a budget that requests share", () => {
  const busy = failed(http(503, "ServerBusy"));

  it("repeats a request for as long as others are done", async () => {
    const clock = new StepClock();
    const budget = { lastDoneAt: 0 };
    let attempts = 0;
    const transport: StorageTransport = async () => {
      attempts++;
      if (clock.time < 300_000) budget.lastDoneAt = clock.time;
      return clock.time < 300_000 ? busy : { outcome: "done", value: "ok" };
    };
    const client = new StorageClient(withRetry(transport, { clock, random, giveUpAfterMs: 10_000 }));
    expect(await client.perform(send, undefined, budget)).toMatchObject({ outcome: "done" }); // R3
    expect(attempts).toBeGreaterThan(50);
    expect(budget.lastDoneAt).toBe(clock.time);
  });

  it("gives all of them up together when none is done any more", async () => {
    const clock = new StepClock();
    const budget = { lastDoneAt: 0 };
    const client = new StorageClient(withRetry(async () => busy, { clock, random, giveUpAfterMs: 10_000 }));
    await expect(client.perform(send, undefined, budget)).rejects.toMatchObject({ code: "StorageUnavailable" }); // R3
    expect(clock.time).toBeLessThanOrEqual(10_000);
  });
});
