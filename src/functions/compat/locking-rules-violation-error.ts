/** An orchestration has done what a critical section forbids: see `lock` of its context. */
export class LockingRulesViolationError extends Error {
  static readonly code = "LOCKING_RULES_VIOLATION";
  override readonly name = "LockingRulesViolationError";
}
