import type { StandardSchema } from "../../core/payloads/standard-schema.ts";

/** What a document says of an app besides the API that all apps have. */
export interface DescribedApp {
  readonly functions: readonly DescribedFunction[];
  /** `undefined` for an app without durable functions: then there is nothing to manage. */
  readonly durable: DescribedDurable | undefined;
}

/** Schemas that are not there, or do not tell, leave open what they are for. */
export interface DescribedDurable {
  readonly orchestrations: readonly DescribedOrchestration[];
  readonly entities: readonly DescribedEntity[];
  readonly events: readonly DescribedEvent[];
}

/** An orchestration that clients may start. */
export interface DescribedOrchestration {
  readonly name: string;
  readonly inputSchema: StandardSchema | undefined;
  readonly outputSchema: StandardSchema | undefined;
}

export interface DescribedEntity {
  readonly name: string;
  readonly stateSchema: StandardSchema | undefined;
  /** Those that are known by name. */
  readonly operations: readonly { readonly name: string; readonly inputSchema: StandardSchema | undefined }[];
}

export interface DescribedEvent {
  readonly name: string;
  /** The event is as one of them says. */
  readonly schemas: readonly StandardSchema[];
}

/** An HTTP function of an app. */
export interface DescribedFunction {
  readonly name: string;
  /** The parts between the slashes, route prefix included. */
  readonly segments: readonly RouteSegment[];
  /** Upper case; empty for all. */
  readonly methods: readonly string[];
  /** Who may call it. */
  readonly authLevel: "anonymous" | "function" | "admin";
}

/** Texts and parameters in turns: `v`, `{major}`, `.`, `{minor}`. */
export type RouteSegment = readonly (string | RouteParameter)[];

export interface RouteParameter {
  readonly name: string;
  /** `int`, or `range` with the argument `1,9`. */
  readonly rules: readonly { readonly name: string; readonly argument: string | undefined }[];
  readonly optional: boolean;
  readonly defaultValue: string | undefined;
  readonly catchAll: boolean;
}
