import { DurableError } from "../../core/errors.ts";

/** What the extension hands over for a `durableClient` input. */
export interface ClientBinding {
  readonly taskHubName: string;
  /** Of the storage account, when it is not the default one. */
  readonly connectionName: string | undefined;
  /** Where the gRPC service of the task hub listens: `http://127.0.0.1:4001`. */
  readonly rpcBaseUrl: string;
  /** Where the management API answers: `http://localhost:7071/runtime/webhooks/durabletask`. */
  readonly httpBaseUrl: string | undefined;
  /** What links to it must carry: `code=...`. */
  readonly requiredQuery: string;
  readonly maxMessageBytes: number | undefined;
}

/**
 * @param value the JSON text, or what `@azure/functions` has read of it
 * @throws DurableError `NotSupported` when it is no binding, or one of an extension that speaks another protocol
 */
export function readClientBinding(value: unknown): ClientBinding {
  const binding = typeof value === "string" ? parse(value) : value;
  if (typeof binding !== "object" || binding === null) {
    throw new DurableError("NotSupported", "the Durable extension has handed over no client; is it loaded?");
  }
  const fields = binding as Readonly<Record<string, unknown>>;
  const rpcBaseUrl = textOf(fields["rpcBaseUrl"]);
  if (rpcBaseUrl === undefined) {
    throw new DurableError(
      "NotSupported",
      "the Durable extension has opened no local endpoint: 'localRpcEndpointEnabled' in host.json must not be false",
    );
  }
  // The classic protocol has HTTP there, under a path.
  if (/^https?:\/\/[^/]+\/[^/]/.test(rpcBaseUrl)) {
    throw new DurableError(
      "NotSupported",
      "the Durable extension speaks its classic protocol in this app: functions of 'durable-functions' 3.x and of a DFApp " +
        "cannot be in one app, or the extension is too old",
    );
  }
  const maxBytes = Number(fields["maxGrpcMessageSizeInBytes"]);
  return {
    rpcBaseUrl,
    taskHubName: textOf(fields["taskHubName"]) ?? "default",
    connectionName: textOf(fields["connectionName"]),
    httpBaseUrl: (textOf(fields["httpBaseUrl"]) ?? textOf(fields["baseUrl"]))?.replace(/\/+$/, ""),
    requiredQuery: textOf(fields["requiredQueryStringParameters"]) ?? "",
    maxMessageBytes: Number.isSafeInteger(maxBytes) && maxBytes > 0 ? maxBytes : undefined,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
