import { lookup } from "node:dns/promises";
import { connect } from "node:net";
import type { StorageConnection } from "../backends/azure-storage/storage/storage-connection.ts";
import { StorageTokens } from "../backends/azure-storage/storage/storage-tokens.ts";
import { DurableError, isDurableError, messageOf } from "../core/errors.ts";
import { systemClock } from "../core/system-ports.ts";

/**
 * Makes sure that something listens at each endpoint of a storage account, so that a wrong account or a missing
 * emulator is reported at once and not after many retries.
 *
 * @param setting that names the account, for the error
 * @throws DurableError `StorageUnavailable` that names the first endpoint out of reach
 */
export async function assertReachable(
  connection: StorageConnection,
  setting: string,
  timeoutMs: number,
): Promise<void> {
  const endpoints = [
    { service: "blob", url: new URL(connection.blobEndpoint) },
    { service: "queue", url: new URL(connection.queueEndpoint) },
    { service: "table", url: new URL(connection.tableEndpoint) },
  ];
  const problems = await Promise.all(endpoints.map((endpoint) => findProblem(endpoint.url, timeoutMs)));
  const index = problems.findIndex((problem) => problem !== undefined);
  const endpoint = endpoints[index];
  if (endpoint === undefined) return;
  const remedy = setting === "AzureWebJobsStorage" ? ", or remove it to use the local store" : "";
  throw new DurableError(
    "StorageUnavailable",
    `The ${endpoint.service} service of the storage account cannot be reached at ${endpoint.url.host} (${problems[index]}). Check ${setting}${remedy}.`,
  );
}

/** Whether something listens at one endpoint of an account at least, or is too slow to say so. */
export async function listensAnywhere(connection: StorageConnection): Promise<boolean> {
  const endpoints = [connection.blobEndpoint, connection.queueEndpoint, connection.tableEndpoint];
  const problems = await Promise.all(endpoints.map((endpoint) => findProblem(new URL(endpoint), 2_000)));
  return problems.some((problem) => problem !== "ECONNREFUSED");
}

/**
 * Makes sure that the identity which opens an account has a token for it. Says nothing of its roles.
 *
 * @throws DurableError `StorageRejected` that names the setting, `NotSupported` without `@azure/identity`
 */
export async function assertToken(connection: StorageConnection, setting: string, timeoutMs: number): Promise<void> {
  const { credential } = connection;
  if (credential.kind !== "token") return;
  const over = new AbortController();
  const timeout = systemClock.sleep(timeoutMs, over.signal).then(() => {
    throw new Error(`no token within ${timeoutMs / 1000} s`);
  });
  timeout.catch(() => {});
  try {
    await Promise.race([new StorageTokens(credential.tokens, systemClock).getToken(""), timeout]);
  } catch (error) {
    if (isDurableError(error)) throw error;
    throw new DurableError("StorageRejected", `${messageOf(error)}. Check ${setting}.`, { cause: error });
  } finally {
    over.abort();
  }
}

async function findProblem(url: URL, timeoutMs: number): Promise<string | undefined> {
  const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
  const host = url.hostname.replace(/^\[|\]$/g, "");
  // A name that does not resolve can keep the resolver busy for longer than anybody wants to wait.
  const timeout = new Promise<string>((resolve) => {
    setTimeout(resolve, timeoutMs, `no answer within ${timeoutMs / 1000} s`).unref();
  });
  return Promise.race([timeout, tryConnect(host, port)]);
}

async function tryConnect(host: string, port: number): Promise<string | undefined> {
  try {
    await lookup(host);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "the name does not resolve";
  }
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}
