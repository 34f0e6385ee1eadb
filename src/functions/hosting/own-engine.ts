import az, { type HttpRequest, type HttpResponseInit } from "@azure/functions";
import { DurableError, messageOf } from "../../core/errors.ts";
import type { ClientConnection } from "../embedded-host.ts";
import type { Hosted, HostingRequest } from "./function-app.ts";

/** Sorts before the functions of most apps. */
const managementFunctionName = "a_durabletask_management";

/** As much of the engine in a worker as is used here. */
export interface WorkerEngine {
  readonly connection: ClientConnection;
  readonly management: { readonly route: string; readonly authLevel: "function" | "anonymous" | "admin" } | undefined;
  start(): Promise<void>;
  stop(): Promise<void>;
  handleManagement(request: Request): Promise<Response>;
}

/** Runs the orchestrations of the apps on the engine of this package, in the worker of a Functions host. */
export async function runOwnEngine(request: HostingRequest): Promise<Hosted> {
  // Lazy, so that an app starts without an engine.
  const { createFunctionAppEngine } = await import("../../hosting/function-app-engine.ts");
  const { registries, appFolder, env, events } = request;
  const engine = await createFunctionAppEngine({
    registries,
    appFolder,
    env: { ...env },
    log: (line) => events.write("HostingChosen", line, {}),
  });
  return hostOn(engine, request);
}

/**
 * The engine starts in the background, so that storage that cannot be reached does not keep the host from listening.
 * Whoever needs it meanwhile waits.
 */
export function hostOn(engine: WorkerEngine, { events }: Pick<HostingRequest, "events">): Hosted {
  if (engine.management !== undefined) registerManagement(engine, engine.management);
  const started = engine.start().then(
    () => engine.connection,
    (cause) => {
      const text = `the engine has not started: ${messageOf(cause)}`;
      events.write("HostingFailed", text, {});
      throw new DurableError("HostStartFailed", text, { cause });
    },
  );
  started.catch(() => {});
  return { host: { attach() {}, connect: () => started }, httpInputs: [], stop: () => engine.stop() };
}

function registerManagement(engine: WorkerEngine, { route, authLevel }: NonNullable<WorkerEngine["management"]>): void {
  az.app.http(managementFunctionName, {
    route: `${route}/{*path}`,
    authLevel,
    methods: ["GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "PATCH"],
    handler: async (request) => toResponseInit(await engine.handleManagement(toWebRequest(request))),
  });
}

function toWebRequest(request: HttpRequest): Request {
  const { method, url, headers, body } = request;
  const hasBody = method !== "GET" && method !== "HEAD" && body !== null;
  return new Request(url, {
    method,
    headers: [...headers.entries()],
    ...(hasBody && { body: body as ReadableStream, duplex: "half" }),
  } as RequestInit);
}

async function toResponseInit(response: Response): Promise<HttpResponseInit> {
  const headers = Object.fromEntries(response.headers.entries());
  const body = response.body === null ? undefined : new Uint8Array(await response.arrayBuffer());
  return { status: response.status, headers, ...(body !== undefined && { body }) };
}
