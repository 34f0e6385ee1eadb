import type { EntityStep } from "./entity-scenario.ts";

/** One operation, as all runs of its caller's code have seen it together. */
export interface RecordedCall extends EntityStep {
  readonly caller: string;
  /** Absent for what has no place among the caller's other operations: it was delayed, or a client asked. */
  readonly order: number | undefined;
  readonly section: string | undefined;
  readonly calledAt: number;
  returned?: { readonly at: number; readonly result: unknown };
}

/** A critical section. */
export interface RecordedSection {
  readonly id: string;
  readonly caller: string;
  readonly entities: readonly string[];
  readonly enteredAt: number;
  leftAt?: number;
}

/**
 * What the callers of entities have seen, by one count for all of them. Code is replayed and repeated: it has asked
 * when it asked for the first time, because that may have been sent, and it has seen a result when it first did.
 */
export class EntityHistory {
  readonly calls = new Map<string, RecordedCall>();
  readonly sections = new Map<string, RecordedSection>();
  /** By caller. */
  readonly terminatedAt = new Map<string, number>();
  /** What two runs of one code have seen differently. */
  readonly contradictions: string[] = [];
  #now = 0;

  ask(id: string, call: Omit<RecordedCall, "calledAt" | "returned">): void {
    if (!this.calls.has(id)) this.calls.set(id, { ...call, calledAt: ++this.#now });
  }

  see(id: string, result: unknown): void {
    const call = this.calls.get(id)!;
    call.returned ??= { at: ++this.#now, result };
    const [first, now] = [JSON.stringify(call.returned.result), JSON.stringify(result)];
    if (first !== now) this.contradictions.push(`${id} (${call.operation}) has returned ${first}, and then ${now}`);
  }

  enter(section: Omit<RecordedSection, "enteredAt" | "leftAt">): void {
    const { id } = section;
    if (!this.sections.has(id)) this.sections.set(id, { ...section, enteredAt: ++this.#now });
  }

  leave(id: string): void {
    this.sections.get(id)!.leftAt ??= ++this.#now;
  }

  /** From now on the caller may be gone, and what it holds with it. */
  terminate(caller: string): void {
    this.terminatedAt.set(caller, ++this.#now);
  }
}
