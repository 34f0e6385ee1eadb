import type { Registry } from "../../worker/registry.ts";

/** Names from outside that are traps for code that keeps them as properties. */
export const trapNames: readonly string[] = ["constructor", "__proto__", "toString", "hasOwnProperty"];
/** Legal names of every kind. */
export const oddNames: readonly string[] = [
  ...trapNames,
  "n".repeat(1000),
  "🌍 günstig",
  "مرحبا بالعالم",
  "a b;c&d=e%f'g",
];

class CardDeclined extends Error {
  override readonly name = "CardDeclined";
  readonly card = "1234";
}

function thrownValue(kind: string): unknown {
  const circular = Object.assign(new Error("in circles"), { self: undefined as unknown });
  circular.self = circular;
  switch (kind) {
    case "text":
      return "just text";
    case "null":
      return null;
    case "undefined":
      return undefined;
    case "frozen":
      return Object.freeze(new RangeError("frozen"));
    case "circular":
      return circular;
    case "cause":
      return new CardDeclined("no money", { cause: new TypeError("bank says no") });
    default:
      return Object.assign(new Error("final"), { isNonRetriable: true });
  }
}

/** Most calls of `counted` that were under way at once, by instance. A call that is delivered again counts no more. */
const underWay = new Map<string, { now: number; most: number; readonly items: Set<unknown> }>();

/** What the behaviours call. */
export function registerActivities(registry: Registry): void {
  registry.addActivity({ name: "hello", activity: (city: string) => `Hello ${city}!` });
  registry.addActivity({ name: "double", activity: async (value: number) => value * 2 });
  registry.addActivity({ name: "echo", activity: (value: unknown) => value });
  registry.addActivity({ name: "nothing", activity: () => {} });
  registry.addActivity({
    name: "fail",
    activity: (message: string) => {
      throw new RangeError(message);
    },
  });
  registry.addActivity({
    name: "throw",
    activity: (kind: string) => {
      throw thrownValue(kind);
    },
  });
  registry.addActivity({
    name: "succeedAtAttempt",
    activity: (needed: number, { attempt }) => {
      if (attempt < needed) throw new Error(`attempt ${attempt}`);
      return attempt;
    },
  });
  registry.addActivity({
    name: "waitForAbort",
    activity: (_input: unknown, { signal }) =>
      new Promise((resolve) => {
        signal.addEventListener("abort", () => resolve("too late"), { once: true });
      }),
  });
  registry.addActivity({
    name: "counted",
    activity: async (item: unknown, { instanceId }) => {
      const count = underWay.get(instanceId) ?? { now: 0, most: 0, items: new Set() };
      underWay.set(instanceId, count);
      if (count.items.has(item)) return;
      count.items.add(item);
      count.most = Math.max(count.most, ++count.now);
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
      count.now--;
    },
  });
  registry.addActivity({ name: "mostAtOnce", activity: (_, { instanceId }) => underWay.get(instanceId)?.most });
  registry.addActivity({ name: "whoAmI", activity: (_, { name, taskId, attempt }) => [name, taskId, attempt] });
  for (const name of oddNames) registry.addActivity({ name, activity: (value: unknown) => value });
}
