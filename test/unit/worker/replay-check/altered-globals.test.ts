import { expect, it } from "vitest";
import { alterations, runAltered, type UnrepeatableRead } from "../../../../src/worker/replay-check/altered-globals.ts";

const dayMs = 86_400_000;

function globals(): readonly unknown[] {
  const { Date: dates, Math: math, performance: clock, crypto: random } = globalThis;
  return [
    dates,
    dates.now,
    Object.getOwnPropertyDescriptor(dates.prototype, "constructor"),
    Object.getOwnPropertyDescriptor(math, "random"),
    clock.now,
    random.randomUUID,
    random.getRandomValues,
  ];
}

it.each(["resolves", "rejects"])("everything is as it was when the run %s", async (how) => {
  const before = globals();

  const run = runAltered(alterations[0], [], async () => {
    expect(globals()).not.toEqual(before);
    await Promise.resolve();
    if (how === "rejects") throw new Error("no");
    return "done";
  });

  if (how === "rejects") await expect(run).rejects.toThrow("no");
  else expect(await run).toBe("done");
  for (const [index, value] of globals().entries()) expect(value).toStrictEqual(before[index]);
});

it("clocks go back in every unit of time, and agree with each other", async () => {
  for (const alteration of alterations) {
    const real = Date.now();
    const [now, date, text] = await runAltered(alteration, [], async () => [Date.now(), new Date(), Date()] as const);

    expect(real - now).toBeGreaterThan(400 * dayMs - 60_000);
    expect(date.getTime() - now).toBeLessThan(1000);
    expect(text).toContain(String(date.getFullYear()));
    const shift = alteration.clockOffsetMs;
    for (const unit of [1000, 60_000, 3_600_000, dayMs, 7 * dayMs]) expect(shift % unit).not.toBe(0);
  }
});

it("dates that are made of something are as they always are", async () => {
  await runAltered(alterations[0], [], async () => {
    const date = new Date(Date.UTC(2026, 0, 2));
    expect(date.toISOString()).toBe("2026-01-02T00:00:00.000Z");
    expect([date instanceof Date, date.constructor === Date, Date.parse("2026-01-02T00:00:00Z")]).toEqual([
      true,
      true,
      date.getTime(),
    ]);
    class Day extends Date {}
    expect(new Day(5)).toBeInstanceOf(Day);
    expect(new Day(5).getTime()).toBe(5);
  });
});

it("random numbers are on the other side of every bound in one of the two, and no loop that waits for one is endless", async () => {
  const [low, high] = await Promise.all(alterations.map((each) => runAltered(each, [], async () => Math.random())));
  expect(low).toBeLessThan(0.01);
  expect(high).toBeGreaterThan(0.99);
  expect(high).toBeLessThan(1);

  for (const alteration of alterations) {
    await runAltered(alteration, [], async () => {
      while (Math.random() < 0.5);
      while (Math.random() > 0.5);
    });
  }
});

it("no loop that waits for a time is endless", async () => {
  const due = Date.now() + 5;
  for (const alteration of alterations) {
    await runAltered(alteration, [], async () => {
      while (Date.now() < due);
    });
  }
});

it("the console is silent", async () => {
  const lines: unknown[] = [];
  const { console } = globalThis;
  const { info } = console;
  console.info = (line: unknown) => void lines.push(line);
  try {
    await runAltered(undefined, [], async () => console.info("in the replay"));
    console.info("afterwards");
  } finally {
    console.info = info;
  }

  expect(lines).toEqual(["afterwards"]);
});

it("reads are noted with the place of their code, and nothing else is", async () => {
  const reads: UnrepeatableRead[] = [];
  await runAltered(undefined, reads, async () => {
    new Date(5).toISOString();
    crypto.randomUUID();
    for (let count = 0; count < 10; count++) Math.random();
  });

  expect(new Set(reads.map(({ source }) => source))).toEqual(new Set(["crypto.randomUUID()", "Math.random()"]));
  expect(reads).toHaveLength(4);
  for (const { place } of reads) expect(place).toMatch(/altered-globals\.test\.ts:\d+:\d+/);
});

it("nothing else of the process sees the other clock", async () => {
  const seen: number[] = [];
  const watch = async () => {
    for (let turn = 0; turn < 20; turn++) {
      seen.push(Date.now());
      await new Promise((resolve) => setImmediate(resolve));
      await Promise.resolve();
      seen.push(Date.now());
    }
  };
  const run = async () => {
    for (let turn = 0; turn < 200; turn++) await new Promise<void>((resolve) => process.nextTick(resolve));
    return Date.now();
  };

  const real = Date.now();
  const [, altered] = await Promise.all([watch(), runAltered(alterations[0], [], run)]);

  expect(altered).toBeLessThan(real - dayMs);
  expect(Math.min(...seen)).toBeGreaterThanOrEqual(real);
});
