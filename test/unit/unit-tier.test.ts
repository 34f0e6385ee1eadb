import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { setTimeout as sleep, setInterval as ticks } from "node:timers/promises";
import { expect, it } from "vitest";
import { takeBreaches } from "../support/unit-tier.ts";

const stopped = AbortSignal.abort();

it.each<[string, () => unknown]>([
  ["a timer", () => clearTimeout(setTimeout(() => {}, 5))],
  ["an interval", () => clearInterval(setInterval(() => {}, 5))],
  ["a promise of a timer", () => sleep(5, undefined, { signal: stopped }).catch(() => {})],
  ["a promise of ticks", () => ticks(5, undefined, { signal: stopped })],
  ["a signal with a timeout", () => AbortSignal.timeout(5)],
])("%s counts as waiting for real time", (_, wait) => {
  void wait();

  expect(takeBreaches()).toMatchObject([{ message: expect.stringContaining("never waits for real time") as string }]);
});

it.each<[string, () => unknown]>([
  [
    "a connection",
    () =>
      connect({ host: "127.0.0.1", port: 1 })
        .on("error", () => {})
        .destroy(),
  ],
  ["a request", () => fetch("http://127.0.0.1:65535").catch(() => {})],
  ["a server", () => createServer().listen(0, "127.0.0.1").close()],
  ["a process", () => spawn("true").on("error", () => {})],
])("%s counts as leaving the process", async (_, leave) => {
  await leave();

  const [first] = takeBreaches();
  expect(first?.message).toContain("opens no socket and starts no process");
});

it("a turn of the event loop is no waiting", async () => {
  await new Promise((turn) => setTimeout(turn, 0));
  await new Promise((turn) => setImmediate(turn));

  expect(takeBreaches()).toEqual([]);
});

/** Who may do what the others may not, and why. */
const exceptions: Readonly<Record<string, string>> = {
  "unit-tier.test.ts": "names what is forbidden, and reads the tests",
  "layers.test.ts": "reads the sources",
  "pasted-commands.test.ts": "reads the pages",
  "portable-sources.test.ts": "reads the sources",
  "core/log-events.test.ts": "reads the sources",
  "core/system-ports.test.ts": "tests the machine's clock, on fake timers",
  "backends/azure-storage/codec/message-data.test.ts": "reads messages of .NET that stand beside it",
  "backends/azure-storage/codec/message-forms.test.ts": "reads messages of .NET that were recorded",
  "cli/pack-findings.test.ts": "has texts that import them",
  "functions/compat/exports.test.ts": "reads the types of the package that it is compared with",
  "host/app/function-json.test.ts": "loads folders with a function.json, which are files",
  "host/app/load-app.test.ts": "loads apps, which are files",
  "host/classic/recorded-invocations.ts": "reads recordings",
  "functions/extension/recordings-fixture.ts": "reads what the genuine extension has sent",
  "functions/hosting/import-cost.test.ts": "reads what @azure/functions is made of",
};

it("no test waits by polling, takes the machine's clock or touches files, but for those with a reason", () => {
  const forbidden = /\bexpect\s*\.poll\(|\bvi\s*\.wait(?:For|Until)\(|\bsystemClock\b|from "node:fs/;
  const files = readdirSync("test/unit", { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".ts"));

  const breaking = files.filter((path) => forbidden.test(readFileSync(`test/unit/${path}`, "utf8")));

  expect(breaking.sort()).toEqual(Object.keys(exceptions).sort());
});
