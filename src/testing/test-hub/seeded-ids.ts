import type { Random } from "../../core/ports.ts";
import { SeededRandom } from "../seeded-random.ts";

/** Randomness of a test hub: the same seed gives the same ids. */
export function createSeededIds(seed: number): Random {
  const random = new SeededRandom(seed);
  const digits = () =>
    Math.floor(random.next() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, "0");
  return {
    guid: () => `${digits()}${digits()}${digits()}${digits()}`.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"),
    number: () => random.next(),
  };
}
