import { hostname } from "node:os";
import type { FunctionApp, ServedFunction } from "../app/function-app.ts";
import { describeFunction } from "../app/function-metadata.ts";

/** Life of a host, by the names of the Functions host. */
export type HostState = "Starting" | "Running" | "Error" | "Stopping" | "Stopped";

export interface HostStatus {
  readonly state: HostState;
  readonly version: string;
  readonly instanceId: string;
  readonly errors: readonly string[];
}

export interface AdminAnswer {
  readonly status: number;
  readonly json?: unknown;
}

export interface AdminRequest {
  readonly method: string;
  /** Decoded segments after `/admin/`. */
  readonly path: readonly string[];
  /** `http://localhost:7071`. */
  readonly origin: string;
  readonly body: Buffer;
}

/**
 * Answers `/admin/*`. Functions that are run by hand run on after the answer; `app` is absent while it loads.
 *
 * @param run calls a function with a text; what it rejects with is logged already
 */
export function answerAdmin(
  request: AdminRequest,
  host: HostStatus,
  app: FunctionApp | undefined,
  run: (served: ServedFunction, input: string) => Promise<void>,
): AdminAnswer {
  const [area, name, detail] = request.path.map((segment) => segment.toLowerCase());
  const { method } = request;
  if (area === "host" && detail === undefined) {
    if (name === "status" && method === "GET") return { status: 200, json: describeHost(host) };
    if (name === "ping" && (method === "GET" || method === "POST")) return { status: 200 };
  }
  if (area !== "functions" || app === undefined) return { status: 404 };
  if (name === undefined) {
    return method === "GET" ? { status: 200, json: app.functions.map((fn) => describe(fn, request)) } : { status: 404 };
  }
  const served = app.find(name);
  if (served === undefined) return { status: 404 };
  if (method === "GET" && detail === undefined) return { status: 200, json: describe(served, request) };
  if (method === "GET" && detail === "status") return { status: 200, json: {} };
  if (method !== "POST" || detail !== undefined) return { status: 404 };

  const input = readInput(request.body);
  if (input === undefined) return { status: 400 };
  run(served, input).catch(() => {});
  return { status: 202 };
}

function describe(fn: FunctionApp["functions"][number], request: AdminRequest): object {
  return describeFunction(fn.fn, request.origin, fn.route === undefined ? undefined : `${request.origin}/${fn.route}`);
}

function describeHost(host: HostStatus): object {
  return {
    id: hostname().toLowerCase(),
    state: host.state,
    version: host.version,
    versionDetails: host.version,
    instanceId: host.instanceId,
    computerName: hostname(),
    processUptime: Math.round(process.uptime() * 1000),
    functionAppContentEditingState: "NotAllowed",
    ...(host.errors.length > 0 ? { errors: host.errors } : {}),
  };
}

function readInput(body: Buffer): string | undefined {
  if (body.byteLength === 0) return undefined;
  try {
    const parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)) as { input?: unknown } | null;
    const input = parsed?.input;
    return input === undefined || input === null ? "" : typeof input === "string" ? input : JSON.stringify(input);
  } catch {
    return undefined;
  }
}
