import type { EntityEncoding } from "../codec/history-writer.ts";
import { productPrefix } from "../service/product.ts";

/** What the headers of a worker's stream tell of it. */
export interface WorkerIdentity {
  /** For people; cut, and of printable characters only. */
  readonly description: string;
  /** Workers of .NET without the scheduler's extension know entities only as events between instances. */
  readonly entityEncoding: EntityEncoding;
  /** It is one of this package, and may send and read the marks of changed code. */
  readonly supportsPatches: boolean;
}

/** @param header the text of a header by its name in lower case */
export function identifyWorker(header: (name: string) => string | undefined, peer: string): WorkerIdentity {
  const transport = header("user-agent") ?? "";
  const product = header("x-user-agent");
  const workerId = header("workerid");
  const isPlainDotnet = transport.startsWith("grpc-dotnet") && product === undefined && workerId === undefined;
  const name = printable(product ?? transport) || "unknown worker";
  return {
    description: workerId === undefined ? `${name} at ${printable(peer)}` : `${name} ${printable(workerId)}`,
    entityEncoding: isPlainDotnet ? "events" : "messages",
    supportsPatches: isOwnProduct(header),
  };
}

/** `true` for the workers and clients of this package. */
export function isOwnProduct(header: (name: string) => string | undefined): boolean {
  return header("x-user-agent")?.startsWith(productPrefix) === true;
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, 120);
}
