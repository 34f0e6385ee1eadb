import { connect, createServer } from "node:net";

/** What the process behind a record says of itself. */
export interface StoreState {
  readonly token: string;
  /** `false` once the host is gone and the data is being saved. */
  readonly hostConnected: boolean;
  /** Where it can be reached; absent until it is ready. */
  readonly endpoints?: StoreEndpoints | undefined;
}

export interface StoreEndpoints {
  readonly blob: string;
  readonly queue: string;
  readonly table: string;
}

/** Answers on a free loopback port for as long as the process lives. Resolves to the port. */
export function serveStoreState(state: () => StoreState): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.end(JSON.stringify(state()));
    });
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
    server.unref();
  });
}

/**
 * Asks the process behind a record. `"nobody"`: nothing listens on its port, or what does listen does not know the
 * token. `"silent"`: somebody listens and has not answered in time; Azurite's event loop stands still while it saves a
 * large store.
 */
export async function askStoreState(
  record: { readonly token: string; readonly controlPort: number },
  timeoutMs: number,
): Promise<StoreState | "nobody" | "silent"> {
  if (!Number.isInteger(record.controlPort) || record.controlPort < 1 || record.controlPort > 65_535) return "nobody";
  const text = await readAll(record.controlPort, timeoutMs);
  return text === undefined ? "silent" : (readAnswer(text, record.token) ?? "nobody");
}

/** Everything the other side sends; `undefined` when it takes too long. */
function readAll(port: number, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect({ host: "127.0.0.1", port });
    const finish = (result: string | undefined) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    // Whoever keeps talking is no store either.
    const timer = setTimeout(() => finish(undefined), timeoutMs);
    socket.setEncoding("utf8");
    // A server of another kind on a reused port answers or hangs up when it gets this.
    socket.once("connect", () => socket.write("state\r\n\r\n"));
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (text.length > 10_000) finish(text);
    });
    socket.once("end", () => finish(text));
    socket.once("error", () => finish(text));
  });
}

function readAnswer(text: string, token: string): StoreState | undefined {
  try {
    const state = JSON.parse(text) as StoreState;
    return state.token === token ? state : undefined;
  } catch {
    return undefined;
  }
}
