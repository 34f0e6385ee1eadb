import { systemClock } from "../../src/core/system-ports.ts";
import {
  type StrictAnswers,
  StrictService,
  type StrictServiceOptions,
} from "../../src/testing/azure-storage-strict.ts";

/** A strict storage account for the tests of one file. Prints its seed, and takes it from `DURABLE_SEED`. */
export function openStrictService(options: Omit<StrictServiceOptions, "seed" | "clock"> = {}): StrictService {
  const given = process.env["DURABLE_SEED"];
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  console.log(`a strict storage account answers: run again with DURABLE_SEED=${seed}`);
  return new StrictService({ ...options, seed, clock: systemClock });
}

/** For real workers and clients. */
export const allAnswers: Partial<StrictAnswers> = {};
/** For tests that play the worker by hand: they take what comes, and do not tell repeats apart as the engine does. */
export const eachMessageOnce: Partial<StrictAnswers> = { redeliveries: 0, repeatedSends: 0, lostReceipts: 0 };
