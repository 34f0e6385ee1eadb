import { DurableError } from "../core/errors.ts";
import { validateSync } from "../core/standard-schema.ts";
import { parseTimeSpan, type TimeSpanInput } from "../core/time-span.ts";
import { assertText } from "./call-options.ts";
import type { DurableTask } from "./durable-task.ts";
import { DurableTimer } from "./durable-timer.ts";
import type { ExternalEvent } from "./external-event.ts";
import type { OrchestrationExecution } from "./orchestration-execution.ts";

/** Waits for the next event of that name, for at most `timeout`. A wait that is over takes no event any more. */
export function waitForEvent<T>(
  execution: OrchestrationExecution,
  event: string | ExternalEvent<T>,
  timeout: TimeSpanInput | undefined,
): DurableTask<T> {
  const { name, schema } = typeof event === "string" ? { name: event, schema: undefined } : event;
  assertText(name, "the name of an external event");
  const timeoutMs = timeout === undefined ? undefined : parseTimeSpan(timeout, `the timeout of event '${name}'`);
  const task = execution.turns.createTask<T>();
  const stopWaiting = execution.events.wait(name, ({ input }) => {
    try {
      const value = execution.dataConverter.deserialize(input, `the event '${name}'`);
      task.complete(validateSync(schema, value, `the event '${name}'`) as T);
    } catch (error) {
      task.fail(error);
    }
  });
  if (timeoutMs === undefined || task.isCompleted) return task;
  const timer = new DurableTimer(execution, new Date(execution.now.getTime() + timeoutMs));
  task.onSettled(() => timer.withdraw());
  timer.onSettled(() => {
    stopWaiting();
    task.fail(new DurableError("TaskTimeout", `no event '${name}' came within ${timeoutMs} ms`));
  });
  return task;
}
