import { DurableError } from "../../core/errors.ts";

/** Where a service listens. */
export interface ServiceAddress {
  /** As `@grpc/grpc-js` wants it: `host:port`. */
  readonly target: string;
  readonly isSecure: boolean;
  /** The service is on this machine. */
  readonly isLoopback: boolean;
}

const schemes: Readonly<Record<string, boolean>> = { http: false, grpc: false, https: true, grpcs: true };

/**
 * Reads `host:port`, with or without a scheme: `http://` and `grpc://` are plaintext, `https://` and `grpcs://` are TLS.
 * Without a scheme `secure` decides, and without that a service on this machine is spoken to in plaintext, every other
 * one by TLS. The port may be left out with a scheme (80, 443) and with TLS (443).
 *
 * @throws DurableError `InvalidOption` for another form, and when scheme and `secure` contradict each other
 */
export function parseServiceAddress(address: unknown, secure?: boolean): ServiceAddress {
  const refuse = (problem: string) => new DurableError("InvalidOption", `the address of the service ${problem}`);
  if (typeof address !== "string" || address.trim() === "") {
    throw refuse("must be a text, for example 'localhost:4001' or 'https://my-scheduler.westus2.durabletask.io'");
  }
  const [, scheme, rest = ""] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(address.trim())!;
  const byScheme = scheme === undefined ? undefined : schemes[scheme.toLowerCase()];
  if (scheme !== undefined && byScheme === undefined) {
    throw refuse(`begins with '${scheme}://'; it takes http, grpc (plaintext), https, grpcs (TLS)`);
  }
  if (rest.includes("@")) throw refuse("must not hold a user name or password");
  const authority = /^(\[[0-9a-f:.]+\]|[^:/?#[\]\s]+)(?::(\d{1,5}))?\/?$/i.exec(rest);
  if (authority === null) throw refuse("must be a host and a port, without a path, for example 'localhost:4001'");
  const [, host = "", port] = authority;
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) throw refuse("has a port that cannot be");
  if (byScheme !== undefined && secure !== undefined && secure !== byScheme) {
    throw refuse(`begins with '${scheme}://', but 'secure' is ${secure}: leave one of them out`);
  }
  const isLoopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i.test(host);
  const isSecure = byScheme ?? secure ?? !isLoopback;
  if (port === undefined && byScheme === undefined && !isSecure) {
    throw refuse("names no port, for example 'localhost:4001'");
  }
  return { target: `${host}:${port ?? (isSecure ? 443 : 80)}`, isSecure, isLoopback };
}
