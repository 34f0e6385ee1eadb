import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Side, StartOptions } from "./sides.ts";
import type { StoredHub } from "./stored-hub.ts";

/** Who takes part in a scenario: a client of one side; which side runs it, the scenario does not know. */
export interface StageOptions {
  readonly hub: StoredHub;
  readonly client: Side;
  /** The client of the worker's side, which has to see the same. */
  readonly other: Side;
  readonly instanceId: string;
  readonly flags: string;
}

/** One instance, and what a scenario does to it. Values are JSON. */
export class Stage {
  readonly id: string;
  readonly hub: StoredHub;
  readonly client: Side;
  readonly #options: StageOptions;

  constructor(options: StageOptions) {
    this.#options = options;
    this.id = options.instanceId;
    this.hub = options.hub;
    this.client = options.client;
  }

  async start(name: string, input?: unknown, options?: StartOptions): Promise<void> {
    await this.client.start(this.id, name, input === undefined ? undefined : JSON.stringify(input), options);
  }

  async raise(event: string, value: unknown, suffix: string = ""): Promise<void> {
    await this.client.raise(this.id + suffix, event, JSON.stringify(value));
  }

  async has(type: string, count: number = 1, suffix: string = ""): Promise<void> {
    await this.hub.hasEvents(this.id + suffix, type, count);
  }

  async completes(output: unknown): Promise<void> {
    await this.#ends("Completed", JSON.stringify(output));
  }

  async fails(): Promise<void> {
    await this.#ends("Failed", expect.stringContaining(""));
  }

  async #ends(runtimeStatus: string, output: unknown): Promise<void> {
    await this.hub.ended(this.id);
    expect(await this.client.status(this.id)).toMatchObject({ runtimeStatus, output });
  }

  /** What both clients have to read of an instance whose output is its input: the same text, as whoever ran it writes it. */
  async echoes(value: unknown): Promise<void> {
    await this.hub.ended(this.id);
    const seen = await Promise.all([this.client, this.#options.other].map((side) => side.status(this.id)));
    for (const status of seen) {
      expect([status?.runtimeStatus, status?.input === JSON.stringify(value)]).toEqual(["Completed", true]);
      expect(status!.output === seen[0]!.output).toBe(true);
    }
    const output: unknown = JSON.parse(seen[0]!.output!);
    expect(typeof output === "string" ? output.length : output).toEqual(
      typeof value === "string" ? value.length : value,
    );
    expect(JSON.stringify(output) === JSON.stringify(value)).toBe(true);
  }

  /** Breaks what the name stands for, until {@link mend}. */
  break(): string {
    writeFileSync(this.#flag, "");
    return this.#flagName;
  }

  mend(): void {
    rmSync(this.#flag);
  }

  get #flagName(): string {
    return `broken-${Buffer.from(this.id).toString("hex")}`;
  }

  get #flag(): string {
    return join(this.#options.flags, this.#flagName);
  }
}
