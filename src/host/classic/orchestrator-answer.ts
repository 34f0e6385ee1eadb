import { messageOf } from "../../core/errors.ts";

/** What one run of a classic orchestrator says: all it has asked for since its execution began, and where it stands. */
export interface OrchestratorAnswer {
  /** In the order in which the code waited for them. */
  readonly actions: readonly ClassicAction[];
  /**
   * `true` when one action that is listed twice is one object: the code has waited for one task twice. An answer that
   * comes as text cannot say so.
   */
  readonly keepsIdentity: boolean;
  readonly end: OrchestratorEnd | undefined;
  /** Absent when the code has set none, or one that counts as none. */
  readonly customStatus: unknown;
}

export type OrchestratorEnd =
  | { readonly kind: "returned"; readonly output: unknown }
  | { readonly kind: "threw"; readonly message: string };

export interface ClassicAction {
  /** As a number, or by its name. */
  readonly actionType: unknown;
  readonly [member: string]: unknown;
}

const failureMark = "\n\n$OutOfProcData$:";
/** Protocol versions whose actions are one list, with compounds in it. */
const schemaVersions: ReadonlySet<unknown> = new Set([1, 2, 3]);

/** Reads what the function returned. @throws Error in the extension's words */
export function readReturned(returned: unknown): OrchestratorAnswer {
  // The extension takes nothing for a function that has ended without a result.
  if (returned === undefined || returned === null) return endedWith({ kind: "returned", output: undefined });
  const state = typeof returned === "string" ? parseState(returned) : returned;
  if (typeof state !== "object" || state === null || Array.isArray(state)) throw new Error(notJson);
  const { isDone, output } = state as Record<string, unknown>;
  return readState(
    state as Record<string, unknown>,
    typeof returned !== "string",
    isDone === true ? { kind: "returned", output } : undefined,
  );
}

/** Reads what the function threw: an error that carries a state, or any other, which is a failure without actions. */
export function readThrown(thrown: unknown): OrchestratorAnswer {
  const message = messageOf(thrown);
  const at = message.indexOf(failureMark);
  if (at < 0) return endedWith({ kind: "threw", message });
  const state = parseState(message.slice(at + failureMark.length)) as Record<string, unknown>;
  const { error } = state;
  // A state that was thrown is a failure, whatever it says: an error without a message says nothing.
  return readState(state, false, { kind: "threw", message: typeof error === "string" ? error : "" });
}

function readState(
  state: Record<string, unknown>,
  keepsIdentity: boolean,
  end: OrchestratorEnd | undefined,
): OrchestratorAnswer {
  const { actions, schemaVersion, customStatus } = state;
  if (!schemaVersions.has(schemaVersion)) {
    throw new Error(
      `The OOProc schema of of version "${String(schemaVersion)}" is unsupported by this durable-extension version.`,
    );
  }
  const outer: readonly unknown[] = Array.isArray(actions) ? actions : [];
  if (outer.length !== 1 || !Array.isArray(outer[0])) {
    throw new Error(
      `With OOProc schema ${String(schemaVersion)}, expected actions array to be of length 1 in outer layer but got size: ${outer.length}`,
    );
  }
  return { actions: outer[0] as readonly ClassicAction[], keepsIdentity, end, customStatus: customStatus ?? undefined };
}

function endedWith(end: OrchestratorEnd): OrchestratorAnswer {
  return { actions: [], keepsIdentity: false, end, customStatus: undefined };
}

const notJson = "The data returned by the out-of-process function execution was not valid json.";

function parseState(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(notJson);
  }
}
