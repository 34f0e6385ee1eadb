import { expect, it } from "vitest";
import type { OrchestrationClient } from "../../../../src/core/orchestration-client.ts";
import { InstanceWaits } from "../../../../src/grpc/sidecar/instance-waits.ts";

/** A client whose waits end when the test says so. */
function openWaits() {
  const begun: { readonly id: string; readonly signal: AbortSignal; readonly end: () => void }[] = [];
  const waitForInstance: OrchestrationClient["waitForInstance"] = (id, _until, { signal } = {}) => {
    return new Promise((resolve, reject) => {
      begun.push({ id, signal: signal!, end: () => resolve(undefined) });
      signal!.addEventListener("abort", () => reject(new Error("stopped")));
    });
  };
  return { waits: new InstanceWaits({ waitForInstance }), begun };
}

const forEver = new AbortController().signal;

it("many who wait for one instance look at it once", async () => {
  const { waits, begun } = openWaits();
  const all = [1, 2, 3].map(() => waits.until("a", "ended", forEver));
  const other = waits.until("a", "started", forEver);

  expect(begun).toHaveLength(2);
  for (const { end } of begun) end();
  await Promise.all([...all, other]);
});

it("who is called off leaves the others waiting, and the last takes the look with it", async () => {
  const { waits, begun } = openWaits();
  const [first, second] = [new AbortController(), new AbortController()];
  const left = waits.until("a", "ended", first.signal);
  const last = waits.until("a", "ended", second.signal);

  first.abort();
  await expect(left).rejects.toMatchObject({ code: "Aborted" });
  expect(begun[0]!.signal.aborted).toBe(false);
  second.abort();
  await expect(last).rejects.toMatchObject({ code: "Aborted" });
  expect(begun[0]!.signal.aborted).toBe(true);
});

it("who comes after the end looks anew", async () => {
  const { waits, begun } = openWaits();
  const first = waits.until("a", "ended", forEver);
  begun[0]!.end();
  await first;

  const second = waits.until("a", "ended", forEver);
  expect(begun).toHaveLength(2);
  begun[1]!.end();
  await second;
});
