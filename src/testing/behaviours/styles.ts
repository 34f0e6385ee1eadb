import type { OrchestrationContext } from "../../orchestration/orchestration-context.ts";
import type { Orchestrator } from "../../orchestration/orchestrator.ts";

export const styles = ["generator", "async", "asyncGenerator"] as const;
export type Style = (typeof styles)[number];

/** The same orchestration written in each style. */
export type InEveryStyle = Readonly<Record<Style, Orchestrator>>;

// biome-ignore lint/suspicious/noExplicitAny: inputs and what `yield` hands back are typed by each orchestration.
export type GeneratorCode = (context: OrchestrationContext, input: any) => Generator<unknown, unknown, any>;

/** Every style of an orchestration that is written as a generator: what it yields is awaited, or yielded on. */
export function inEveryStyle(code: GeneratorCode): InEveryStyle {
  return {
    generator: code,
    async: async (context, input) => {
      const running = code(context, input);
      let step = running.next();
      while (!step.done) {
        let value: unknown;
        try {
          value = await step.value;
        } catch (error) {
          step = running.throw(error);
          continue;
        }
        step = running.next(value);
      }
      return step.value;
    },
    asyncGenerator: async function* (context, input): AsyncGenerator<unknown, unknown, unknown> {
      const running = code(context, input);
      let step = running.next();
      while (!step.done) {
        let value: unknown;
        try {
          value = yield step.value;
        } catch (error) {
          step = running.throw(error);
          continue;
        }
        step = running.next(value);
      }
      return step.value;
    },
  };
}
