import type { ActivityContext } from "../../worker/activity-context.ts";
import type { ActivityDefinition } from "../../worker/registry.ts";
import type { ActivityCall } from "./activity-call.ts";
import type { Injections } from "./injections.ts";
import { hangs, type Replacement } from "./replacement.ts";
import type { WorkMeter } from "./work-meter.ts";

export interface ActivityRunsOptions {
  readonly now: () => Date;
  readonly meter: WorkMeter;
  readonly injections: Pick<Injections, "beforeActivity">;
}

/** Runs the activities of a test hub, real or replaced, and keeps what they were called with. */
export class ActivityRuns {
  readonly #options: ActivityRunsOptions;
  readonly #replacements = new Map<string, Replacement>();
  readonly #calls = new Map<string, ActivityCall[]>();

  constructor(options: ActivityRunsOptions) {
    this.#options = options;
  }

  replace(replacement: Replacement): void {
    this.#replacements.set(replacement.name.toLowerCase(), replacement);
  }

  callsOf(name: string): readonly ActivityCall[] {
    return [...(this.#calls.get(name.toLowerCase()) ?? [])];
  }

  async run(definition: ActivityDefinition, input: unknown, context: ActivityContext): Promise<unknown> {
    const { injections, meter } = this.#options;
    const { name } = definition;
    const { instanceId, taskId, deliveryCount } = context;
    const fault = injections.beforeActivity(name, instanceId, taskId);
    if (fault.kind === "dies") return hangs(input, context);
    const code = this.#replacements.get(name.toLowerCase())?.code ?? definition.activity;
    if (code === hangs) meter.rest(instanceId, taskId);
    const run = (delivery: number) =>
      this.#record(name, input, context, delivery, () => {
        if (fault.kind === "fails") throw fault.error;
        return code(input, context);
      });
    if (fault.kind !== "runsTwice") return run(deliveryCount);
    const first = await run(deliveryCount).then(
      (result) => () => result,
      (error) => () => {
        throw error;
      },
    );
    await run(deliveryCount + 1).catch(() => {});
    return first();
  }

  async #record(
    name: string,
    input: unknown,
    { instanceId, attempt }: ActivityContext,
    deliveryCount: number,
    run: () => unknown,
  ): Promise<unknown> {
    const call: { -readonly [Member in keyof ActivityCall]: ActivityCall[Member] } = {
      name,
      instanceId,
      input,
      attempt,
      deliveryCount,
      time: this.#options.now(),
      outcome: "running",
    };
    const key = name.toLowerCase();
    const calls = this.#calls.get(key) ?? [];
    this.#calls.set(key, calls);
    calls.push(call);
    try {
      const result = await run();
      Object.assign(call, { outcome: "completed", result });
      return result;
    } catch (error) {
      Object.assign(call, { outcome: "failed", error });
      throw error;
    }
  }
}
