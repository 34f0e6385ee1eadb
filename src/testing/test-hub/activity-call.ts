import type { InputOf, OutputOf } from "../../client/target-types.ts";
import type { ActivityHandle } from "../../orchestration/handles.ts";
import type { ActivityReference } from "../../portable/function-types.ts";

/** One run of an activity. */
export interface ActivityCall<Input = unknown, Output = unknown> {
  /** Name of the activity. */
  readonly name: string;
  /** The orchestration that has called it. */
  readonly instanceId: string;
  /** What it was given. */
  readonly input: Input;
  /** 1 for the first; more when a retry policy tries again. */
  readonly attempt: number;
  /** 1 for the first delivery; more when a host has died under it. */
  readonly deliveryCount: number;
  /** When it began, on the clock of the hub. */
  readonly time: Date;
  /** How it stands, or has ended. */
  readonly outcome: "running" | "completed" | "failed";
  /** Present when it has completed. */
  readonly result?: Output;
  /** What was thrown, present when it has failed. */
  readonly error?: unknown;
}

/** A run of an activity, typed by the activity. */
export type CallOf<Target> =
  Target extends ActivityHandle<infer Input, infer Output>
    ? ActivityCall<Input, Output>
    : Target extends ActivityReference
      ? ActivityCall<InputOf<Target>, OutputOf<Target>>
      : ActivityCall;
