import { expect, it } from "vitest";
import { WorkLine } from "../../../../src/grpc/worker/work-line.ts";
import { settle } from "./scripted-server.ts";

function createLine(maxConcurrent: number) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const line = new WorkLine<string>({
    maxConcurrent,
    run: (item) => {
      begun.push(item);
      return new Promise((resolve) => ends.set(item, resolve));
    },
  });
  const end = async (item: string) => {
    ends.get(item)!();
    await settle();
  };
  return { line, begun, end };
}

it("so many run at a time, and the others follow in order", async () => {
  const { line, begun, end } = createLine(2);
  for (const item of ["a", "b", "c", "d"]) line.add(item);

  expect(begun).toEqual(["a", "b"]);
  await end("b");
  expect(begun).toEqual(["a", "b", "c"]);
  await end("a");
  expect(begun).toEqual(["a", "b", "c", "d"]);
  expect(line.waiting).toBe(0);
});

it("what waits can be taken away", async () => {
  const { line, begun, end } = createLine(1);
  for (const item of ["a", "b", "c"]) line.add(item);

  expect(line.takeWaiting()).toEqual(["b", "c"]);
  await end("a");
  expect(begun).toEqual(["a"]);
});

it("tells when there is room, and when nothing is left", async () => {
  const { line, end } = createLine(1);
  for (const item of ["a", "b", "c"]) line.add(item);
  const told: string[] = [];
  void line.hasRoom(1).then(() => told.push("room"));
  void line.isIdle().then(() => told.push("idle"));

  await settle();
  expect(told).toEqual([]);
  await end("a");
  expect(told).toEqual(["room"]);
  await end("b");
  await end("c");
  expect(told).toEqual(["room", "idle"]);
});
