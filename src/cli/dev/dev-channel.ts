import type { StartOptions } from "../start-options.ts";

/** From `durable dev` to a process that runs the host for it. */
export type ToDevHost =
  | {
      readonly durable: "start";
      readonly options: StartOptions;
      /** In place of `main` of package.json. */
      readonly main: string | undefined;
      /** The functions as they were last listed. */
      readonly shown: string | undefined;
    }
  | { readonly durable: "store"; readonly connectionString: string; readonly folder: string }
  | { readonly durable: "noStore"; readonly message: string }
  | { readonly durable: "storeDied"; readonly message: string }
  | { readonly durable: "stop" };

/** From that process. */
export type FromDevHost =
  /** It needs the embedded store. */
  | { readonly durable: "wantsStore" }
  | { readonly durable: "ready"; readonly port: number; readonly shown: string }
  /** It has given back what it had, and ends now. Who ends without it may have left something behind. */
  | { readonly durable: "stopped" };

/** The channel also carries what Node and its loaders have to say to each other; that is `undefined` here. */
export function readDevMessage<Message extends ToDevHost | FromDevHost>(message: unknown): Message | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  return typeof (message as { durable?: unknown }).durable === "string" ? (message as Message) : undefined;
}
