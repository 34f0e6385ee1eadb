import type { AddressInfo, Server } from "node:net";
import { DurableError } from "../../core/errors.ts";

/** Whether only this machine can reach what listens on an address. */
export function isLoopback(address: string): boolean {
  return isLocalhost(address) || address === "::1" || /^127(?:\.\d{1,3}){3}$/.test(address);
}

/** How an address that is listened on reads in a URL: those that stand for all of the machine's are `localhost`. */
export function hostInUrl(address: string): string {
  if (isLoopback(address) || address === "0.0.0.0" || address === "::") return "localhost";
  return address.includes(":") ? `[${address}]` : address;
}

/**
 * What is listened on for an address. `localhost` is both of its addresses: which of them a client tries, and whether it
 * tries the other one too, is the client's choice.
 */
export function listenAddresses(address: string): readonly string[] {
  return isLocalhost(address) ? ["127.0.0.1", "::1"] : [address];
}

/** How often a free port of one address may be taken on another. */
const freePortAttempts = 20;

/**
 * Listens on several addresses with one port number. An address that this machine does not have is left out, as long as
 * there is another.
 *
 * @returns the servers that listen, in the order of the addresses
 * @throws DurableError `HostStartFailed`
 */
export async function listenOnAll<S extends Server>(
  addresses: readonly string[],
  port: number,
  createServer: () => S,
): Promise<readonly S[]> {
  for (let attempt = 1; ; attempt++) {
    const servers: S[] = [];
    let missing: NodeJS.ErrnoException | undefined;
    let busy: NodeJS.ErrnoException | undefined;
    for (const address of addresses) {
      const server = createServer();
      const number = servers.length > 0 ? (servers[0]!.address() as AddressInfo).port : port;
      const error = await listen(server, number, address);
      if (error === undefined) {
        servers.push(server);
      } else if (isMissing(error)) {
        missing = error;
      } else {
        for (const each of servers) each.close();
        busy = error;
        if (port === 0 && servers.length > 0 && attempt < freePortAttempts) break;
        throw new DurableError("HostStartFailed", describeFailure(error, number, address, addresses), { cause: error });
      }
    }
    if (busy !== undefined) continue;
    if (servers.length > 0) return servers;
    const address = addresses[0]!;
    const message = describeFailure(missing!, port, address, addresses);
    throw new DurableError("HostStartFailed", message, { cause: missing });
  }
}

function listen(server: Server, port: number, address: string): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    server.once("error", resolve);
    server.listen(port, address, () => {
      server.off("error", resolve);
      resolve(undefined);
    });
  });
}

function isMissing({ code }: NodeJS.ErrnoException): boolean {
  return code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT";
}

function describeFailure(
  { code, message }: NodeJS.ErrnoException,
  port: number,
  address: string,
  addresses: readonly string[],
): string {
  const where = address === addresses[0] ? "" : ` on [${address}]`;
  if (code === "EADDRINUSE") {
    return `Port ${port} is unavailable${where}. Close the process using that port, or specify another port using --port [-p].`;
  }
  if (code === "EACCES") {
    const list = process.platform === "win32" ? " (`netsh int ipv4 show excludedportrange protocol=tcp`)" : "";
    return `Port ${port} is unavailable${where}: it may be reserved or privileged${list}. Specify another port using --port [-p].`;
  }
  return `Cannot listen on ${address}:${port}: ${message}`;
}

function isLocalhost(address: string): boolean {
  return address.toLowerCase() === "localhost";
}
