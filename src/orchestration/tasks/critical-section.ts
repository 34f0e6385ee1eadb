import type { EntityId } from "../../core/entity-id.ts";
import { DurableError } from "../../core/errors.ts";

/**
 * The one critical section that an execution may be in, with the rules that keep those who lock from waiting for one
 * another for ever.
 *
 *   outside ──lock called──▶ waiting ──granted──▶ inside ──released──▶ outside
 *
 * L1. No lock is asked for while one is held or waited for.
 * L2. Inside, only locked entities are called, each by one call at a time; while waiting, none.
 * L3. What is locked, or waited for, is not signalled: the signal would overtake calls, or wait for the release.
 * L4. No orchestration is started: it could wait for what is locked.
 */
export class CriticalSection {
  #entities: readonly EntityId[] = [];
  /** As instances. */
  readonly #targets = new Set<string>();
  #isGranted = false;
  /** Calls under way, by entity. Each section has its own. */
  #called = new Set<string>();

  get #isOutside(): boolean {
    return this.#entities.length === 0;
  }

  /** Entities whose locks are held. */
  get ownedLocks(): readonly EntityId[] {
    return this.#isGranted ? this.#entities : [];
  }

  begin(entities: readonly EntityId[]): void {
    if (entities.length === 0) throw misuse("lock() needs at least one entity");
    if (!this.#isOutside) {
      // L1
      const state = this.#isGranted ? "holds" : "waits for";
      throw misuse(
        `lock() was called while the orchestrator ${state} the locks of ${this.#names}; name all entities in one lock(), or release that lock first`,
      );
    }
    this.#entities = entities;
    for (const entity of entities) this.#targets.add(entity.toString());
  }

  grant(): void {
    this.#isGranted = true;
  }

  end(): void {
    this.#entities = [];
    this.#targets.clear();
    this.#isGranted = false;
    this.#called = new Set();
  }

  /** A call begins. Returns what to do when it is over. */
  enterCall(target: string): (() => void) | undefined {
    if (this.#isOutside) return undefined;
    // L2
    if (!this.#isGranted) {
      throw misuse(
        `entity '${target}' was called before the lock of ${this.#names} was granted; wait for lock() first (await, yield* or yield)`,
      );
    }
    if (!this.#targets.has(target)) {
      throw misuse(
        `entity '${target}' was called inside a critical section that has locked ${this.#names} only; name it in lock() too, or call it before the lock or after its release`,
      );
    }
    const called = this.#called;
    if (called.has(target)) {
      throw misuse(
        `entity '${target}' was called inside a critical section while another call of it was under way; wait for that call first`,
      );
    }
    called.add(target);
    return () => called.delete(target);
  }

  assertMaySignal(target: string): void {
    if (!this.#targets.has(target)) return;
    // L3
    throw misuse(
      `entity '${target}' was signalled inside the critical section that has locked it; call it instead, or signal it before the lock or after its release`,
    );
  }

  assertMayStart(api: string): void {
    if (this.#isOutside) return;
    // L4
    throw misuse(
      `${api} was called inside a critical section (${this.#names}), where the other orchestration could wait for ever for what is locked; call it before the lock or after its release`,
    );
  }

  get #names(): string {
    return this.#entities.map((entity) => `'${entity}'`).join(", ");
  }
}

function misuse(message: string): DurableError {
  return new DurableError("OrchestrationMisuse", message);
}
