import { DurableError } from "../../core/errors.ts";

/** What an app may ask for. */
export type HostingOption = "extension" | "ownEngine";

export const hostingOptions: readonly HostingOption[] = ["extension", "ownEngine"];

/** @throws DurableError `InvalidOption` */
export function assertHostingOption(value: unknown): asserts value is HostingOption {
  if (!hostingOptions.includes(value as HostingOption)) throw invalidHosting("'hosting'", String(value));
}

export function invalidHosting(what: string, seen: string): DurableError {
  return new DurableError("InvalidOption", `${what} must be ${hostingOptions.join(" or ")}, but got '${seen}'`);
}
