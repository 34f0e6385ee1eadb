import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mapConcurrently } from "../../src/core/map-concurrently.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";
import { maxBodyBytes } from "../support/http-bodies.ts";
import { fixedCases, type HttpCase } from "../support/http-corpus.ts";
import { mutate } from "../support/http-mutations.ts";
import { type LocalHostProcess, startLocalHost } from "../support/local-host.ts";
import { type RawAnswer, sendRaw } from "../support/raw-http.ts";
import { SeededRandom } from "../support/seeded-random.ts";

/**
 * Sends all that is odd, broken, half or too much to each door of a host, and asks afterwards whether it is as it was.
 *
 * `DURABLE_HTTP_CORPUS=all` (`npm run test:http`) sends all cases and 10,000 changed ones, to an app whose functions
 * stream too; without it a part is sent. `DURABLE_SEED` repeats what is changed.
 */
const isWhole = process.env["DURABLE_HTTP_CORPUS"] === "all";
const seed = Number(process.env["DURABLE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const changedCount = isWhole ? 5000 : 200;
const concurrency = 16;
/** Without an answer for so long a request hangs; those that many others were in the way of are tried once more alone. */
const hangMs = 5000;
const crowdedMs = 60_000;
const maxGrowthBytes = 50 * 1024 * 1024;
/** What is documented for requests. All else is a fault of the host. */
const documented = new Set([200, 201, 202, 204, 400, 403, 404, 405, 408, 409, 410, 412, 413, 415, 417, 431]);
const limits = {
  FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: String(maxBodyBytes),
  DURABLE_HTTP_HEADERS_TIMEOUT: "1.2",
  DURABLE_HTTP_REQUEST_TIMEOUT: "2.4",
  DURABLE_HTTP_KEEP_ALIVE_TIMEOUT: "2",
};

const fixed = fixedCases();

/** Lines of the log that say so. */
const ownFaults = /HttpRequestFailed|ManagementRequestFailed|Unhandled/;

/** What is wrong with an answer; `undefined` when nothing is. */
function problemOf({ expects, status }: HttpCase, answer: RawAnswer): string | undefined {
  const [first] = answer.statuses;
  const undocumented = answer.statuses.filter((each) => !documented.has(each));
  if (answer.end === "hung") return `no answer for ${Math.round(answer.ms)} ms`;
  if (undocumented.length > 0) return `answered ${undocumented}`;
  if (/\n\s+at .+:\d+|node:internal|node_modules/.test(answer.text)) return "answered with a stack";
  if (expects === "broken") return undefined;
  if (first === undefined) return "closed without an answer";
  if (expects === "refused" && first < 400) return `served with ${first}`;
  if (expects === "served" && first >= 400) return `refused with ${first}`;
  if (status !== undefined && first !== status) return `answered ${first} in place of ${status}`;
  if ([405, 408, 413, 431].includes(first) && !answer.text.includes('{"Message":"'))
    return `says nothing with ${first}`;
  return undefined;
}

describe.each(["buffered", "streamed"])("with %s functions", (kind) => {
  let azurite: Azurite;
  let host: LocalHostProcess;
  let port: number;

  beforeAll(async () => {
    azurite = await startAzurite();
    const STREAMS = kind === "streamed" ? "1" : "";
    const env = { ...limits, STREAMS, AzureWebJobsStorage: azurite.connectionString };
    host = await startLocalHost({ appFolder: "test/e2e/apps/hostile", env });
    port = Number(new URL(host.url).port);
  });
  afterAll(async () => {
    await host.stop();
    await azurite.stop();
  });

  const memory = async () => {
    const answer = await fetch(`${host.url}/api/memory`);
    return (await answer.json()) as { readonly rss: number; readonly live: number };
  };

  async function sendAll(cases: readonly HttpCase[]): Promise<void> {
    const problems: string[] = [];
    const slow: HttpCase[] = [];
    const judge = async (each: HttpCase, timeoutMs: number) => {
      const answer = await sendRaw(port, each, timeoutMs);
      const problem = problemOf(each, answer);
      if (problem !== undefined) problems.push(`${problem}: ${each.label}\n${describeBytes(each.bytes)}`);
      else if (answer.ms > hangMs) slow.push(each);
    };
    await mapConcurrently(cases, concurrency, (each) => judge(each, crowdedMs));
    for (const each of slow.splice(0)) await judge(each, hangMs);
    expect(problems, `DURABLE_SEED=${seed}`).toEqual([]);
    // A function that streams sees the end of a caller who goes away.
    const faults = kind === "streamed" ? ownFaults : /\(Failed/;
    expect(
      host
        .output()
        .split("\n")
        .filter((line) => faults.test(line) || ownFaults.test(line)),
    ).toEqual([]);
  }

  it("answers each as documented, keeps no memory, and serves on", async () => {
    const known = await fetch(`${host.url}/runtime/webhooks/durabletask/orchestrators/waits/known`, { method: "POST" });
    expect([202, 409]).toContain(known.status);
    const random = new SeededRandom(seed);
    const cases = isWhole ? fixed : random.shuffle(fixed).slice(0, 300);
    const changed = Array.from({ length: changedCount }, () => mutate(random.pick(fixed), random.pick(fixed), random));
    // What is loaded, compiled and reserved once is no growth.
    await sendAll(cases);
    const before = await memory();

    await sendAll(changed);

    const after = await memory();
    const grown = { live: after.live - before.live, rss: after.rss - before.rss };
    const told = `${cases.length} fixed and ${changedCount} changed requests, functions ${kind}, DURABLE_SEED=${seed}`;
    if (isWhole) process.stdout.write(`${told}: ${JSON.stringify({ after, grown })}\n`);
    expect(grown.live).toBeLessThan(maxGrowthBytes);
    expect(grown.rss).toBeLessThan(maxGrowthBytes);
    const links = await fetch(`${host.url}/api/begin/after${Date.now()}`, { method: "POST", body: "1" });
    expect(links.status).toBe(202);
    const status = async () => (await fetch(links.headers.get("location")!)).text();
    await expect.poll(status).toContain('"runtimeStatus":"Completed"');
  }, 900_000);
});

it("has 2,000 cases and more", () => {
  const distinct = new Set(fixed.map(({ bytes }) => Buffer.from(bytes).toString("latin1")));
  expect(distinct.size).toBeGreaterThan(2000);
});

function describeBytes(bytes: Uint8Array): string {
  return JSON.stringify(Buffer.from(bytes.subarray(0, 300)).toString("latin1"));
}
