import { expect, it } from "vitest";
import { findLaunchers } from "../../../src/cli/watch-launcher.ts";

const read = (processes: Record<number, [parent: number, group: number]>) => (pid: number) => {
  const found = processes[pid];
  return found && { parent: found[0], group: found[1] };
};

it("follows the launchers of a job up to the shell that runs it", () => {
  const processes = read({ 50: [40, 30], 40: [30, 30], 30: [20, 30], 20: [10, 20], 10: [1, 10] });

  expect(findLaunchers(50, 40, processes)).toEqual([
    { child: 50, parent: 40 },
    { child: 40, parent: 30 },
  ]);
});

it("takes the parent for a launcher in any group, and alone where the system shows no more", () => {
  expect(findLaunchers(50, 40, read({ 50: [40, 50], 40: [30, 30], 30: [1, 30] }))).toEqual([{ child: 50, parent: 40 }]);
  expect(findLaunchers(50, 40, () => undefined)).toEqual([{ child: 50, parent: 40 }]);
});

it("has no launcher when the first process of a container started it, or when it is that itself", () => {
  expect(findLaunchers(50, 1, read({ 50: [1, 1], 1: [0, 1] }))).toEqual([]);
  expect(findLaunchers(1, 0, read({ 1: [0, 1] }))).toEqual([]);
});
