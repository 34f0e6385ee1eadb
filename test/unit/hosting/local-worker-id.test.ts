import { expect, it } from "vitest";
import {
  createDeadWorkerTest,
  createLocalWorkerId,
  forgetLocalWorkerId,
} from "../../../src/hosting/azurite/local-worker-id.ts";

const here = "0123456789ab";
const elsewhere = "ba9876543210";

it("names the machine and the process, and no two workers alike", () => {
  expect(createLocalWorkerId(here)).toMatch(new RegExp(`^local-${here}-${process.pid}-[0-9a-f]{8}$`));
  expect(createLocalWorkerId()).not.toBe(createLocalWorkerId());
});

it("calls a worker dead only when its process is certainly gone", () => {
  const own = `local-${here}-${process.pid}-aaaaaaaa`;
  const isDead = createDeadWorkerTest(own, (pid) => pid === 1000, here);

  expect(isDead(own)).toBe(false);
  expect(isDead(`local-${here}-1000-bbbbbbbb`)).toBe(false);
  expect(isDead(`local-${here}-2000-bbbbbbbb`)).toBe(true);
  expect(isDead(`local-${here}-2000-bbbbbbbb-cccccccc`)).toBe(true);
  expect(isDead(`local-${here}-${process.pid}-bbbbbbbb`)).toBe(true);
  expect(isDead("other-host-2000-bbbbbbbb")).toBe(false);
});

it("takes a process id for that of its own machine only, since a store has one process at a time", () => {
  const isDead = createDeadWorkerTest(`local-${here}-${process.pid}-aaaaaaaa`, () => true, here);

  expect(isDead(`local-${elsewhere}-1000-bbbbbbbb`)).toBe(true);
  expect(isDead(`local-${elsewhere}-${process.pid}-bbbbbbbb`)).toBe(true);
});

it("reads the names of earlier versions, which had no machine", () => {
  const isDead = createDeadWorkerTest(`local-${here}-${process.pid}-aaaaaaaa`, (pid) => pid === 1000, here);

  expect(isDead("local-1000-bbbbbbbb")).toBe(false);
  expect(isDead("local-2000-bbbbbbbb")).toBe(true);
});

it("leaves the other workers of its process alone until they have stopped", () => {
  const isDead = createDeadWorkerTest(createLocalWorkerId(here), () => true, here);
  const other = createLocalWorkerId(here);

  expect(isDead(other)).toBe(false);
  forgetLocalWorkerId(other);
  expect(isDead(other)).toBe(true);
});
