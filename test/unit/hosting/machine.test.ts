import { expect, it } from "vitest";
import {
  createMachineWorkerId,
  forgetMachineWorkerId,
  isDeadOnMachine,
  machineIdOf,
} from "../../../src/hosting/machine.ts";

const traits = { name: "instance", app: "shop/production", boot: "1", processIds: "pid:[1]" };
const machineId = machineIdOf(traits);

it.each(["name", "app", "boot", "processIds"] as const)("another %s is another machine", (trait) => {
  expect(machineIdOf({ ...traits })).toBe(machineId);
  expect(machineIdOf({ ...traits, [trait]: "other" })).not.toBe(machineId);
});

it("a process of this machine that is gone is dead", () => {
  const workerId = `${machineId}-4711-0123abcd`;

  expect(isDeadOnMachine(workerId, machineId, () => false)).toBe(true);
  expect(isDeadOnMachine(workerId, machineId, () => true)).toBe(false);
});

it("nothing is known of other machines, and of workers with other names", () => {
  const isDead = (workerId: string) => isDeadOnMachine(workerId, machineId, () => false);

  expect(isDead(`${machineIdOf({ ...traits, name: "other" })}-4711-0123abcd`)).toBe(false);
  expect(isDead("local-4711-0123abcd")).toBe(false);
  expect(isDead(`${machineId}-4711-0123abcd-more`)).toBe(false);
  expect(isDead(`${machineId}--0123abcd`)).toBe(false);
  expect(isDead("")).toBe(false);
});

it("a worker of this process is alive until it is forgotten, and one from before it is dead", () => {
  const workerId = createMachineWorkerId(machineId);
  const before = workerId.replace(/.{8}$/, "00000000");

  expect(isDeadOnMachine(workerId, machineId)).toBe(false);
  expect(isDeadOnMachine(before, machineId, () => true)).toBe(true);
  forgetMachineWorkerId(workerId);
  expect(isDeadOnMachine(workerId, machineId)).toBe(true);
});
