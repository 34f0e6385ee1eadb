import type { EntityMetadata } from "../../../src/core/entity-client.ts";
import { type CallerHistory, type EntityModel, findLinearization, type ObservedOperation } from "../linearizability.ts";
import type { EntityHistory, RecordedCall, RecordedSection } from "./entity-history.ts";
import { type EntityScenario, firstBalance, toldList } from "./entity-scenario.ts";
import { failedResult } from "./scenario-functions.ts";

const numbers = (initial: number): EntityModel<number> => ({
  initial,
  apply(state, operation, input) {
    if (operation === "fail") return { state, result: failedResult };
    const next = operation === "add" ? state + Number(input) : state;
    return { state: next, result: next };
  },
});

const lists: EntityModel<readonly string[]> = {
  initial: [],
  apply(state, operation, input) {
    if (operation === "fail") return { state, result: failedResult };
    if (operation === "read") return { state, result: state };
    const next = [...state, String(input)];
    return { state: next, result: next.length };
  },
  leadsTo: (state, finalState) => state.every((item, index) => item === finalState[index]),
};

/** An entity as it is found once nothing happens any more. */
export type EntityAtRest = Pick<EntityMetadata, "state" | "queueSize" | "lockedBy">;

/** Reads an entity; `undefined` for one that was never spoken to. */
export type ReadEntity = (entity: string) => Promise<EntityAtRest | undefined>;

/** What the callers of a scenario have seen and no correct entities would show. */
export async function judgeScenario(
  { kind, entities }: EntityScenario,
  history: EntityHistory,
  read: ReadEntity,
): Promise<string[]> {
  const violations = [...history.contradictions];
  const states = new Map<string, unknown>();
  for (const entity of kind === "list" ? [...entities, toldList] : entities) {
    const found = await read(entity);
    states.set(entity, found?.state === undefined ? undefined : JSON.parse(found.state));
    if (found !== undefined && found.queueSize > 0) violations.push(`${found.queueSize} requests wait in ${entity}`);
    if (found?.lockedBy !== undefined) violations.push(`${entity} is still locked by ${found.lockedBy}`);
  }
  for (const entity of entities) violations.push(...judgeEntity(entity, history, states.get(entity)));
  if (kind === "list") violations.push(...judgeTold(history, states));
  violations.push(...judgeExclusion(history));
  if (kind === "lock") violations.push(...judgeContiguity(history, states));
  if (kind === "transfer") violations.push(...judgeSums(entities, history, states));
  return violations;
}

function judgeEntity(entity: string, history: EntityHistory, state: unknown): string[] {
  const callers = callersOf(
    [...history.calls.values()].filter((call) => call.entity === entity),
    history,
  );
  if (entity.startsWith("@list@")) return describe(entity, lists, callers, (state ?? []) as readonly string[]);
  if (entity.startsWith("@account@")) return describe(entity, numbers(firstBalance), callers, state ?? firstBalance);
  return describe(entity, numbers(0), callers, (state as { value: number } | undefined)?.value ?? 0);
}

function describe<State>(
  entity: string,
  model: EntityModel<State>,
  callers: readonly CallerHistory[],
  state: unknown,
): string[] {
  const { isLinearizable, longest } = findLinearization(model, callers, state as State);
  if (isLinearizable) return [];
  return [
    [
      `${entity} is not linearizable, and ends as ${JSON.stringify(state)}; what was seen:`,
      ...callers.map((operations) => `  ${operations.map(brief).join(", ")}`),
      `the longest order: ${longest.map(brief).join(", ")}`,
    ].join("\n    "),
  ];
}

function brief({ operation, input, calledAt, returned, mustHappen }: ObservedOperation): string {
  const end = returned === undefined ? (mustHappen ? "" : "?") : `..${returned.at}=${JSON.stringify(returned.result)}`;
  return `${operation}(${input ?? ""})@${calledAt}${end}`;
}

function callersOf(calls: readonly RecordedCall[], history: EntityHistory): readonly CallerHistory[] {
  const byCaller = new Map<string, RecordedCall[]>();
  for (const [index, call] of calls.entries()) {
    const key = call.order === undefined ? `alone ${index}` : call.caller;
    byCaller.set(key, [...(byCaller.get(key) ?? []), call]);
  }
  return [...byCaller.values()].map((own) =>
    own
      .sort((a, b) => (a.order ?? 0) - (b.order ?? 0))
      .map(({ operation, input, calledAt, returned, caller }) => {
        return { operation, input, calledAt, returned, mustHappen: !history.terminatedAt.has(caller) };
      }),
  );
}

/** What lists were told stands in the list of all that was told: once, and in the order of each of them. */
function judgeTold(history: EntityHistory, states: ReadonlyMap<string, unknown>): string[] {
  const all = (states.get(toldList) ?? []) as readonly string[];
  const tells = new Set<unknown>();
  for (const { operation, input } of history.calls.values()) if (operation === "tell") tells.add(input);
  const violations: string[] = [];
  let count = 0;
  for (const [entity, state] of states) {
    if (entity === toldList) continue;
    const wanted = ((state ?? []) as readonly string[]).filter((item) => tells.has(item));
    const found = all.filter((item) => item.startsWith(`${entity} `)).map((item) => item.slice(entity.length + 1));
    count += found.length;
    if (found.join() !== wanted.join()) violations.push(`${entity} has told ${found}, and was told ${wanted}`);
  }
  if (count !== all.length) violations.push(`nobody has told all of ${all}`);
  return violations;
}

function leftAt({ leftAt = Number.POSITIVE_INFINITY, caller }: RecordedSection, history: EntityHistory): number {
  return Math.min(leftAt, history.terminatedAt.get(caller) ?? Number.POSITIVE_INFINITY);
}

/** Never two inside. */
function judgeExclusion(history: EntityHistory): string[] {
  const sections = [...history.sections.values()].sort((a, b) => a.enteredAt - b.enteredAt);
  return sections.flatMap((later, index) =>
    sections.slice(0, index).flatMap((earlier) => {
      const shared = earlier.entities.filter((entity) => later.entities.includes(entity));
      return shared.length > 0 && leftAt(earlier, history) > later.enteredAt
        ? [`${later.id} was entered inside of ${earlier.id}; both have locked ${shared}`]
        : [];
    }),
  );
}

/**
 * What a section has written stands together; but for what its own caller has signalled before, with a delay, for which
 * the lock is no hindrance. A call of a caller that was terminated may come after its release.
 */
function judgeContiguity(history: EntityHistory, states: ReadonlyMap<string, unknown>): string[] {
  const calls = [...history.calls.values()];
  return [...history.sections.values()].flatMap(({ id, caller, entities }) =>
    entities.flatMap((entity) => {
      const signalled = new Set<unknown>();
      for (const call of calls) if (call.caller === caller && call.order === undefined) signalled.add(call.input);
      const items = ((states.get(entity) ?? []) as readonly string[]).filter((item) => !signalled.has(item));
      const own = calls.filter((call) => call.section === id && call.entity === entity);
      const goneAt = history.terminatedAt.get(caller) ?? Number.POSITIVE_INFINITY;
      const places = own.flatMap(({ returned, input }) =>
        returned === undefined || returned.at > goneAt ? [] : items.indexOf(String(input)),
      );
      const isTogether = places.every((place, index) => place === places[0]! + index);
      return isTogether ? [] : [`what ${id} has written stands at ${places} of ${entity}: ${items}`];
    }),
  );
}

/** Whoever has locked all accounts sees all the money. */
function judgeSums(
  entities: readonly string[],
  history: EntityHistory,
  states: ReadonlyMap<string, unknown>,
): string[] {
  const total = firstBalance * entities.length;
  const violations: string[] = [];
  const check = (who: string, balances: readonly number[]) => {
    const sum = balances.reduce((all, balance) => all + balance, 0);
    if (sum !== total) violations.push(`${who} has seen ${balances}, which is not ${total}`);
  };
  check(
    "the end",
    entities.map((entity) => Number(states.get(entity) ?? firstBalance)),
  );
  for (const { id } of history.sections.values()) {
    const own = [...history.calls.values()].filter((call) => call.section === id);
    const isReader = own.length === entities.length && own.every(({ operation }) => operation === "read");
    if (isReader)
      check(
        id,
        own.map(({ returned }) => Number(returned?.result)),
      );
  }
  return violations;
}
