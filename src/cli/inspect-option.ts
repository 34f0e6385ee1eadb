import { readInteger } from "./read-integer.ts";

/** Where a debugger may connect. */
export interface InspectOption {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** Wait for the debugger, and stop before the first line of what it is for. */
  readonly stops: boolean;
}

/** The option of a command line, and the arguments without it; or one line that says what was not understood. */
export type InspectArguments =
  | { readonly kind: "read"; readonly inspect: InspectOption | undefined; readonly rest: readonly string[] }
  | { readonly kind: "mistake"; readonly message: string };

/** Reads `--inspect[=[host:]port]` and `--inspect-brk[=...]`, of which the last one counts. */
export function readInspect(args: readonly string[]): InspectArguments {
  const given = args.findLast((arg) => isInspect(arg));
  const inspect = given === undefined ? undefined : parseInspect(given);
  if (inspect === null) {
    return {
      kind: "mistake",
      message: "--inspect takes a port from 0 to 65535, perhaps after a host: --inspect=127.0.0.1:9229",
    };
  }
  return { kind: "read", inspect, rest: args.filter((arg) => !isInspect(arg)) };
}

/** As Node spells it: the value stands behind an equals sign, or is missing. */
function isInspect(arg: string): boolean {
  return /^--inspect(?:-brk)?(?:=|$)/.test(arg);
}

/** `null` when it is wrong. */
function parseInspect(arg: string): InspectOption | null {
  const [, stops, value = ""] = /^--inspect(-brk)?(?:=(.*))?$/s.exec(arg)!;
  const [, host, port] = /^(?:(.*):)?(\d+)$/s.exec(value) ?? [undefined, value, "9229"];
  const number = readInteger(port!, 0, 65_535);
  const address = (host ?? "").replace(/^\[|\]$/g, "");
  if (number === null || /[\s/=]/.test(address)) return null;
  return { host: address || "127.0.0.1", port: number, stops: stops !== undefined };
}
