import { getEventListeners } from "node:events";
import { expect, it } from "vitest";
import { linkSignals } from "../../../src/core/linked-signal.ts";

function listenerCounts(...controllers: readonly AbortController[]): number[] {
  return controllers.map(({ signal }) => getEventListeners(signal, "abort").length);
}

it("aborts with the first of its sources, for that one's reason, and lets go of all", () => {
  const [first, second] = [new AbortController(), new AbortController()];
  const { signal } = linkSignals(first.signal, second.signal);
  expect(listenerCounts(first, second)).toEqual([1, 1]);

  second.abort("lost");
  first.abort("stopped");

  expect(signal).toMatchObject({ aborted: true, reason: "lost" });
  expect(listenerCounts(first, second)).toEqual([0, 0]);
});

it("is aborted from the start when a source is, and listens to none", () => {
  const [first, second, third] = [new AbortController(), new AbortController(), new AbortController()];
  second.abort("lost");

  const { signal } = linkSignals(first.signal, second.signal, third.signal);

  expect(signal).toMatchObject({ aborted: true, reason: "lost" });
  expect(listenerCounts(first, second, third)).toEqual([0, 0, 0]);
});

it("follows nobody once it is unlinked", () => {
  const source = new AbortController();
  const { signal, unlink } = linkSignals(source.signal);

  unlink();
  unlink();
  source.abort();

  expect(signal.aborted).toBe(false);
  expect(listenerCounts(source)).toEqual([0]);
});

it("leaves nothing on a signal that lives long", () => {
  const source = new AbortController();

  for (let work = 0; work < 1000; work++) linkSignals(source.signal).unlink();

  expect(listenerCounts(source)).toEqual([0]);
});
