import type { LogLevel } from "../core/ports.ts";
import type { HostLog } from "../host/host-log.ts";

/** Writes lines for people: stamped, coloured on a terminal, errors on stderr. */
export interface Terminal {
  readonly log: HostLog;
  /** A line as it is. */
  print(line: string): void;
  /** One clear line on stderr. */
  fail(message: string): void;
  paint(color: Color, text: string): string;
  /** Waits for a slow reader. Resolves to `false` once nobody reads any more (`| head`). */
  flush(): Promise<boolean>;
}

type Color = "grey" | "red" | "yellow" | "green" | "cyan";

const codes: Readonly<Record<Color, number>> = { grey: 90, red: 31, yellow: 33, green: 32, cyan: 36 };

const levelColors: Readonly<Record<LogLevel, Color>> = {
  error: "red",
  warn: "yellow",
  info: "cyan",
  debug: "green",
  trace: "green",
};

/** Colours are for terminals, unless `NO_COLOR` is set; `FORCE_COLOR` asks for them anyway. */
export function wantsColor(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  if (env["NO_COLOR"]) return false;
  const forced = env["FORCE_COLOR"];
  return forced === undefined ? isTerminal : forced !== "0" && forced !== "false";
}

export function createTerminal(): Terminal {
  // A reader that has gone away (`| head`) must not take the host down.
  let isGone = false;
  process.stdout.on("error", () => {
    isGone = true;
  });
  process.stderr.on("error", () => {});
  const paintFor = (stream: NodeJS.WriteStream) => {
    const enabled = wantsColor(process.env, stream.isTTY === true);
    return (color: Color, text: string) => (enabled ? `\u001B[${codes[color]}m${text}\u001B[0m` : text);
  };
  const paint = paintFor(process.stdout);
  const paintError = paintFor(process.stderr);
  return {
    log({ level, message }) {
      console.log(`${paint("grey", `[${new Date().toISOString()}]`)} ${paint(levelColors[level], message)}`);
    },
    print: (line) => console.log(line),
    fail: (message) => console.error(paintError("red", message)),
    paint,
    flush: () => new Promise((resolve) => process.stdout.write("", () => resolve(!isGone))),
  };
}
