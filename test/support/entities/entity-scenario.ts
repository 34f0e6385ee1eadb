import { SeededRandom } from "../seeded-random.ts";

/** An operation on an entity, named by its id as an instance. */
export interface EntityStep {
  readonly entity: string;
  readonly operation: string;
  readonly input?: number | string;
}

/** What an orchestration does, one after the other. */
export type ScenarioStep =
  | ({ readonly kind: "call" } & EntityStep)
  | ({ readonly kind: "signal"; readonly delayMs?: number } & EntityStep)
  | { readonly kind: "together"; readonly calls: readonly EntityStep[] }
  | { readonly kind: "sleep"; readonly ms: number }
  | {
      readonly kind: "section";
      readonly entities: readonly string[];
      readonly calls: readonly EntityStep[];
      /** Held for so long after the first call. */
      readonly pauseMs: number;
      /** `false` leaves the locks to the end of the orchestration. */
      readonly isReleased: boolean;
    };

/** What happens from outside, in this order. */
export type ScenarioAction =
  | { readonly kind: "start"; readonly instanceId: string; readonly steps: readonly ScenarioStep[] }
  | { readonly kind: "terminate"; readonly instanceId: string }
  | ({ readonly kind: "signal" } & EntityStep);

export type ScenarioKind = "counter" | "list" | "lock" | "transfer";

/** Some callers of a few entities. */
export interface EntityScenario {
  readonly kind: ScenarioKind;
  readonly entities: readonly string[];
  readonly actions: readonly ScenarioAction[];
}

export const scenarioKinds: readonly ScenarioKind[] = ["counter", "list", "lock", "transfer"];

/** What an account holds before anybody has moved any of it. */
export const firstBalance = 100;

/** Signals of clients come in any order, and each of them doubles the orders that a search may have to look at. */
const mostSignals = 6;

export function randomScenario(kind: ScenarioKind, seed: number): EntityScenario {
  return new ScenarioMaker(kind, new SeededRandom(seed)).make();
}

class ScenarioMaker {
  readonly #kind: ScenarioKind;
  readonly #random: SeededRandom;
  readonly #entities: readonly string[];
  #count = 0;

  constructor(kind: ScenarioKind, random: SeededRandom) {
    this.#kind = kind;
    this.#random = random;
    const name = { counter: "counter", list: "list", lock: "list", transfer: "account" }[kind];
    this.#entities = ["a", "b", "c"].slice(0, 2 + random.below(2)).map((key) => `@${name}@${key}`);
  }

  make(): EntityScenario {
    const random = this.#random;
    const names = Array.from({ length: 3 + random.below(3) }, (_, index) => `caller-${index}`);
    const actions = names.map((instanceId): ScenarioAction => ({ kind: "start", instanceId, steps: this.#steps() }));
    const signalCount = this.#kind === "transfer" ? 0 : random.below(mostSignals + 1);
    const signals = Array.from({ length: signalCount }, (): ScenarioAction => ({ kind: "signal", ...this.#write() }));
    const shuffled = random.shuffle([...actions, ...signals]);
    // Half a transfer preserves no sum.
    if (this.#kind !== "transfer" && random.chance(0.3)) {
      shuffled.push({ kind: "terminate", instanceId: random.pick(names) });
    }
    return { kind: this.#kind, entities: this.#entities, actions: shuffled };
  }

  #steps(): ScenarioStep[] {
    const random = this.#random;
    const steps: ScenarioStep[] = [];
    for (let left = 3 + random.below(3); left > 0; left--) {
      if (random.chance(0.2)) steps.push({ kind: "sleep", ms: random.below(4000) });
      steps.push(this.#kind === "transfer" ? this.#transferStep() : this.#step(left === 1));
    }
    return steps;
  }

  #step(isLast: boolean): ScenarioStep {
    const random = this.#random;
    if (this.#kind === "lock" && random.chance(0.6)) return this.#section(isLast);
    const kind = random.pick(["call", "call", "read", "signal", "delayed", "together"] as const);
    switch (kind) {
      case "read":
        return { kind: "call", entity: random.pick(this.#entities), operation: random.pick(["read", "fail"]) };
      case "delayed":
        return { kind: "signal", ...this.#write(), delayMs: random.below(5000) };
      case "together":
        return { kind, calls: [this.#write(), this.#write(), this.#write()] };
      default:
        return { kind, ...this.#write() };
    }
  }

  #section(isLast: boolean): ScenarioStep {
    const random = this.#random;
    const entities = random.shuffle(this.#entities).slice(0, 1 + random.below(2));
    const calls = Array.from({ length: 1 + random.below(3) }, () => this.#write(random.pick(entities)));
    const pauseMs = random.chance(0.3) ? 1 + random.below(3000) : 0;
    return { kind: "section", entities, calls, pauseMs, isReleased: !isLast || random.chance(0.5) };
  }

  /** Moves money, looks at all accounts under their locks, or at one without. */
  #transferStep(): ScenarioStep {
    const random = this.#random;
    if (random.chance(0.2)) return { kind: "call", entity: random.pick(this.#entities), operation: "read" };
    const pauseMs = random.chance(0.3) ? 1 + random.below(2000) : 0;
    if (random.chance(0.4)) {
      const calls = this.#entities.map((entity) => ({ entity, operation: "read" }));
      return { kind: "section", entities: this.#entities, calls, pauseMs, isReleased: true };
    }
    const [from, to] = random.shuffle(this.#entities) as [string, string];
    const input = 1 + random.below(50);
    const calls = [
      { entity: from, operation: "add", input: -input },
      { entity: to, operation: "add", input },
    ];
    return { kind: "section", entities: [from, to], calls, pauseMs, isReleased: true };
  }

  /** No two have the same input, so that results tell which of them have happened. */
  #write(entity = this.#random.pick(this.#entities)): EntityStep {
    const number = ++this.#count;
    if (this.#kind === "counter") return { entity, operation: "add", input: 2 ** (number % 20) + 100 * number };
    const isTold = this.#kind === "list" && this.#random.chance(0.2);
    return { entity, operation: isTold ? "tell" : "append", input: `${number}` };
  }
}

/** Where `tell` of a list sends what it was told. */
export const toldList = "@told@all";
