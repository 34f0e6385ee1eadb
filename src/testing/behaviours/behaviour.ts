import type { HistoryEvent } from "../../core/history-event.ts";
import type { OrchestrationClient } from "../../core/orchestration-client.ts";
import type { OrchestrationState } from "../../core/orchestration-state.ts";
import { systemClock } from "../../core/system-ports.ts";
import { type GeneratorCode, type InEveryStyle, inEveryStyle } from "./styles.ts";

/** One thing that orchestrations can do, written in each style. */
export interface Behaviour extends InEveryStyle {
  readonly name: string;
  readonly input?: unknown;
  readonly expected: Partial<OrchestrationState>;
  readonly version?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** What clients do while it runs. */
  readonly drive?: (client: OrchestrationClient, instanceId: string) => Promise<void>;
}

/** A behaviour whose code is written once, as a generator. */
export function behaviour(options: Omit<Behaviour, keyof InEveryStyle>, code: GeneratorCode): Behaviour {
  return { ...options, ...inEveryStyle(code) };
}

/** Drives once history holds such an event, so that the decisions do not depend on how fast messages come. */
export function onceRecorded(
  type: HistoryEvent["type"],
  drive: NonNullable<Behaviour["drive"]>,
): NonNullable<Behaviour["drive"]> {
  return async (client, instanceId) => {
    const isRecorded = async () => ((await client.getHistory(instanceId)) ?? []).some((event) => event.type === type);
    while (!(await isRecorded())) await systemClock.sleep(25);
    await drive(client, instanceId);
  };
}

/** The state of an instance that has ended with that output. */
export function completed(output: unknown): Partial<OrchestrationState> {
  return { runtimeStatus: "Completed", output: JSON.stringify(output) };
}
