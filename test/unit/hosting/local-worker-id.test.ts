import { expect, it } from "vitest";
import { createDeadWorkerTest, createLocalWorkerId } from "../../../src/hosting/azurite/local-worker-id.ts";

it("names the process, and no two workers alike", () => {
  expect(createLocalWorkerId()).toMatch(new RegExp(`^local-${process.pid}-[0-9a-f]{8}$`));
  expect(createLocalWorkerId()).not.toBe(createLocalWorkerId());
});

it("calls a worker dead only when its process is certainly gone", () => {
  const own = `local-${process.pid}-aaaaaaaa`;
  const isDead = createDeadWorkerTest(own, (pid) => pid === 1000);

  expect(isDead(own)).toBe(false);
  expect(isDead("local-1000-bbbbbbbb")).toBe(false);
  expect(isDead("local-2000-bbbbbbbb")).toBe(true);
  expect(isDead(`local-${process.pid}-bbbbbbbb`)).toBe(true);
  expect(isDead("other-host-2000-bbbbbbbb")).toBe(false);
});
