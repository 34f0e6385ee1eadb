import inspector, { Session } from "node:inspector";
import type { InspectOption } from "./inspect-option.ts";

/** How long an app may take to load in milliseconds: whoever looks at the code step by step takes his time. */
export const debuggedLoadTimeoutMs: number = 24 * 60 * 60_000;

/**
 * Lets a debugger connect. One that was there before, such as the terminal of an editor opens it by itself, stays as it
 * is, and is not waited for: it has said already that the process may go on.
 *
 * @param options.waits stand still until a debugger has connected and lets the process go on
 * @returns `false` when none can connect, because the port is taken for example; Node has said so on stderr
 */
export function openInspector({ host, port }: InspectOption, { waits }: { readonly waits: boolean }): boolean {
  if (inspector.url() !== undefined) return true;
  inspector.open(port, host, false);
  if (inspector.url() === undefined) return false;
  if (waits) inspector.waitForDebugger();
  return true;
}

/**
 * Has the debugger that is connected stop where a function begins, whenever it is called. Needs no line of its own in the
 * code, which editors leave out if it is in a package.
 *
 * @returns takes it back
 */
export function stopAtBeginOf(code: object): () => void {
  const session = new Session();
  session.connect();
  const place = Symbol.for("durable-functions-ts.debugged-function");
  const globals = globalThis as { [place]?: object };
  globals[place] = code;
  session.post("Debugger.enable");
  const expression = `globalThis[Symbol.for(${JSON.stringify(place.description)})]`;
  session.post("Runtime.evaluate", { expression }, (_, evaluated) => {
    const { objectId } = evaluated.result;
    // An experimental part of the protocol, which the types do not know.
    if (objectId !== undefined) postUntyped(session, "Debugger.setBreakpointOnFunctionCall", { objectId });
  });
  delete globals[place];
  return () => session.disconnect();
}

function postUntyped(session: Session, method: string, parameters: object): void {
  session.post(method, parameters);
}
