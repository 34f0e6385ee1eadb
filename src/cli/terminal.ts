import { redactSecrets } from "../core/redact-secrets.ts";
import type { HostLog } from "../host/host-log.ts";
import { type Color, formatJsonLine, formatTextLine, type LogFormat, type Paint } from "./log-line.ts";

/** Writes lines for people, coloured on a terminal, errors on stderr; or all of it for machines, one object a line. */
export interface Terminal {
  readonly log: HostLog;
  /** A line as it is. For machines, text as an entry of the log; empty lines are left out. */
  print(line: string): void;
  /** One clear line on stderr, without the secrets that it quotes. */
  fail(message: string): void;
  readonly paint: Paint;
  /** Waits for a slow reader. Resolves to `false` once nobody reads any more (`| head`). */
  flush(): Promise<boolean>;
}

const codes: Readonly<Record<Color, number>> = { grey: 90, red: 31, yellow: 33, green: 32, cyan: 36 };

/** Colours are for terminals, unless `NO_COLOR` is set; `FORCE_COLOR` asks for them anyway. */
export function wantsColor(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  if (env["NO_COLOR"]) return false;
  const forced = env["FORCE_COLOR"];
  return forced === undefined ? isTerminal : forced !== "0" && forced !== "false";
}

export function createTerminal(format: LogFormat = "text"): Terminal {
  // A reader that has gone away (`| head`) must not take the host down.
  let isGone = false;
  process.stdout.on("error", () => {
    isGone = true;
  });
  if (process.stderr.listenerCount("error", ignore) === 0) process.stderr.on("error", ignore);
  const flush = () => new Promise<boolean>((resolve) => process.stdout.write("", () => resolve(!isGone)));
  if (format === "json") return { ...jsonTerminal, flush };
  const paint = paintFor(process.stdout);
  const paintError = paintFor(process.stderr);
  return {
    log: (entry) => console.log(formatTextLine(entry, new Date(), paint)),
    print: (line) => console.log(line),
    fail(message) {
      const shown = redactSecrets(message);
      console.error(paintError === undefined ? shown : paintError("red", shown));
    },
    paint: paint ?? unpainted,
    flush,
  };
}

const jsonTerminal: Omit<Terminal, "flush"> = {
  log: (entry) => console.log(formatJsonLine(entry, new Date())),
  print(line) {
    const message = line.trim();
    if (message !== "") console.log(formatJsonLine({ level: "info", category: "Host", message }, new Date()));
  },
  fail(text) {
    const message = redactSecrets(text);
    console.error(formatJsonLine({ level: "error", category: "Host", message }, new Date()));
  },
  paint: unpainted,
};

function paintFor(stream: NodeJS.WriteStream): Paint | undefined {
  if (!wantsColor(process.env, stream.isTTY === true)) return undefined;
  return (color, text) => `\u001B[${codes[color]}m${text}\u001B[0m`;
}

function unpainted(_color: Color, text: string): string {
  return text;
}

function ignore(): void {}
