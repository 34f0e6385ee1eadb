import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A request that was sent to the genuine extension, and what it answered. */
export interface RecordedExchange {
  readonly step: number;
  readonly name: string;
  readonly request: {
    readonly method: string;
    /** Below the base path. */
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
  };
  readonly response: RecordedAnswer;
}

export interface RecordedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const folder = fileURLToPath(new URL("../../fixtures/http-management/", import.meta.url));

/** All of them, in the order in which they were sent. */
export function readExchanges(): readonly RecordedExchange[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  const exchanges = files.flatMap((name) => JSON.parse(readFileSync(folder + name, "utf8")) as RecordedExchange[]);
  return exchanges.toSorted((a, b) => a.step - b.step);
}
