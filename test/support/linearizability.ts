/** One operation as its caller has seen it. Times are counts of one clock for all callers. */
export interface ObservedOperation {
  readonly operation: string;
  readonly input: unknown;
  readonly calledAt: number;
  /** Absent for a signal, and for a call whose caller is gone. */
  readonly returned?: { readonly at: number; readonly result: unknown } | undefined;
  /** Whether it must have had its effect by the end: a call whose caller is gone need not. */
  readonly mustHappen: boolean;
}

/** Operations of one caller, each called after the one before: they take effect in that order. */
export type CallerHistory = readonly ObservedOperation[];

/** What an entity should do. States and results are JSON values. */
export interface EntityModel<State> {
  readonly initial: State;
  apply(state: State, operation: string, input: unknown): { readonly state: State; readonly result: unknown };
  /** `false` when no operations lead from a state to the last one: the search is shorter then. @defaultValue not known */
  leadsTo?(state: State, finalState: State): boolean;
}

export interface Linearization {
  /** What had been put into an order when the search could go no further; the whole of it if there is one. */
  readonly longest: readonly ObservedOperation[];
  readonly isLinearizable: boolean;
}

/**
 * Looks for one order of all operations that explains everything the callers have seen: each takes effect between its
 * call and its return, with the result that the model gives, and the last state is as it was found (Wing and Gong's
 * search, with the states visited remembered).
 */
export function findLinearization<State>(
  model: EntityModel<State>,
  callers: readonly CallerHistory[],
  finalState: State,
): Linearization {
  const wanted = JSON.stringify(finalState);
  const visited = new Set<string>();
  const order: ObservedOperation[] = [];
  let longest: readonly ObservedOperation[] = [];

  const search = (places: readonly number[], state: State): boolean => {
    const text = JSON.stringify(state);
    const place = `${places.join()} ${text}`;
    if (visited.has(place)) return false;
    visited.add(place);
    if (order.length > longest.length) longest = [...order];
    if (text === wanted && isAllDone(callers, places)) return true;
    // Nothing takes effect after an operation that had returned before it was called.
    const soonest = Math.min(
      ...callers.map((operations, index) => operations[places[index]!]?.returned?.at ?? Number.POSITIVE_INFINITY),
    );
    for (const [index, operations] of callers.entries()) {
      const next = operations[places[index]!];
      if (next === undefined || next.calledAt > soonest) continue;
      const applied = model.apply(state, next.operation, next.input);
      const isSeen =
        next.returned === undefined || JSON.stringify(next.returned.result) === JSON.stringify(applied.result);
      if (isSeen && model.leadsTo?.(applied.state, finalState) !== false) {
        order.push(next);
        if (search(moved(places, index), applied.state)) return true;
        order.pop();
      }
      // Or it never happens, and nothing of its caller after it.
      if (!next.mustHappen && search(moved(places, index, operations.length), state)) return true;
    }
    return false;
  };

  const isLinearizable = search(
    callers.map(() => 0),
    model.initial,
  );
  return { longest: isLinearizable ? [...order] : longest, isLinearizable };
}

function moved(places: readonly number[], index: number, to = places[index]! + 1): readonly number[] {
  return places.map((place, each) => (each === index ? to : place));
}

function isAllDone(callers: readonly CallerHistory[], places: readonly number[]): boolean {
  return callers.every((operations, index) => operations.slice(places[index]!).every(({ mustHappen }) => !mustHappen));
}
