import type { RegisteredFunction } from "../app/function-metadata.ts";
import type { InvocationResponse } from "../app/functions-core.ts";
import { bodyBytes, type TypedData } from "../app/typed-data.ts";
import type { Environment } from "../settings/host-json.ts";
import { readQueue } from "./local-trigger.ts";
import { encodeMessage } from "./queue-message.ts";
import type { QueueSettings } from "./queue-settings.ts";
import type { TriggerStorages } from "./trigger-storage.ts";

export interface QueueOutputsOptions {
  readonly storages: TriggerStorages;
  readonly messageEncoding: QueueSettings["messageEncoding"];
  readonly env: Environment;
  /** Told of each queue that was sent to. */
  readonly onSent: (connectionName: string, queueName: string) => void;
}

export function isQueueOutput(binding: { readonly type: string; readonly direction?: string }): boolean {
  return binding.type.toLowerCase() === "queue" && binding.direction?.toLowerCase() === "out";
}

/**
 * Sends what a function has given to its queue outputs: a text as it is, other values as JSON, of a list each item.
 *
 * @throws DurableError for an output that names no queue, and when storage fails
 */
export async function writeQueueOutputs(
  { metadata }: RegisteredFunction,
  response: InvocationResponse,
  { storages, messageEncoding, env, onSent }: QueueOutputsOptions,
): Promise<void> {
  for (const [name, binding] of Object.entries(metadata.bindings)) {
    if (!isQueueOutput(binding)) continue;
    const given =
      name === "$return" ? response.returnValue : response.outputData?.find((each) => each.name === name)?.data;
    const contents = contentsOf(given as TypedData | null | undefined);
    if (contents.length === 0) continue;
    const { queueName, connectionName } = readQueue(binding, env);
    const queue = (await storages.open(connectionName)).queue(queueName);
    for (const content of contents) await queue.send(encodeMessage(content, messageEncoding));
    onSent(connectionName, queueName);
  }
}

function contentsOf(data: TypedData | null | undefined): readonly (string | Uint8Array)[] {
  if (data === null || data === undefined) return [];
  if (data.json !== undefined) {
    const value = JSON.parse(data.json) as unknown;
    if (!Array.isArray(value)) return value === null ? [] : [data.json];
    return value.map((item) => (typeof item === "string" ? item : JSON.stringify(item)));
  }
  if (data.string !== undefined) return [data.string];
  return data.http === undefined && Object.values(data).some((value) => value !== undefined) ? [bodyBytes(data)] : [];
}
