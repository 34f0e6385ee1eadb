import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import { DurableError, messageOf } from "../../core/errors.ts";
import type { FunctionAppEngine } from "../../hosting/function-app-engine.ts";
import { az } from "../azure-functions.ts";
import type { HttpAuthLevel } from "../http-function.ts";
import type { Hosted, HostingRequest } from "./function-app.ts";
import { assertEntriesLoaded } from "./loaded-entries.ts";

/** They sort before the functions of most apps. */
const functionNames = {
  management: "a_durabletask_management",
  links: "a_durabletask_links",
  heartbeat: "a_durabletask_heartbeat",
  wake: "a_durabletask_wake",
} as const;

/**
 * Runs the orchestrations of the apps on the engine of this package, in the worker of a Functions host.
 *
 * @throws DurableError for settings that are missing or wrong
 */
export async function runOwnEngine(request: HostingRequest): Promise<Hosted> {
  await assertEntriesLoaded(request.appFolder);
  // Lazy, so that an app starts without an engine.
  const { createFunctionAppEngine } = await import("../../hosting/function-app-engine.ts");
  return hostOn(await createFunctionAppEngine(request), request);
}

/**
 * The engine starts in the background, so that storage that cannot be reached does not keep the host from listening.
 * Clients work meanwhile as far as storage lets them.
 */
export function hostOn(engine: FunctionAppEngine, { events }: Pick<HostingRequest, "events">): Hosted {
  registerFunctions(engine);
  let failure: DurableError | undefined;
  let isStopping = false;
  const fail = (text: string, cause?: unknown) => {
    if (isStopping) return;
    failure = new DurableError("HostStartFailed", text, { cause });
    events.write("HostingFailed", text, {});
  };
  engine.start().catch((error) => fail(`the engine cannot start: ${messageOf(error)}`, error));
  engine.failed.then(
    (text) => fail(text),
    () => {},
  );
  return {
    host: {
      attach() {},
      async connect() {
        if (failure !== undefined) throw failure;
        return engine.connection;
      },
    },
    clientInputs: [],
    stop() {
      isStopping = true;
      return engine.stop();
    },
  };
}

function registerFunctions(engine: FunctionAppEngine): void {
  const { management } = engine;
  const { heartbeat, wakeQueue } = engine.settings;
  if (management !== undefined) {
    const { route, linkRoute, authLevel } = management;
    registerHttp(functionNames.management, route, authLevel, (request) => engine.handleManagement(request));
    registerHttp(functionNames.links, linkRoute, "anonymous", (request) => engine.handleSignedLink(request));
  }
  if (heartbeat !== undefined) {
    az.app.timer(functionNames.heartbeat, { schedule: heartbeat.schedule, handler: () => engine.heartbeat() });
  }
  // A message that fails would end in a poison queue; but what it is for it has done by coming.
  if (wakeQueue !== undefined) {
    az.app.storageQueue(functionNames.wake, { ...wakeQueue, handler: () => engine.heartbeat().catch(() => {}) });
  }
}

function registerHttp(
  name: string,
  route: string,
  authLevel: HttpAuthLevel,
  answer: (request: Request) => Promise<Response>,
): void {
  az.app.http(name, {
    route: `${route}/{*path}`,
    authLevel,
    methods: ["GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "PATCH"],
    handler: async (request) => toResponseInit(await answer(toWebRequest(request))),
  });
}

function toWebRequest({ method, url, headers, body }: HttpRequest): Request {
  const hasBody = method !== "GET" && method !== "HEAD" && body !== null;
  const init = { method, headers: [...headers.entries()], ...(hasBody && { body, duplex: "half" }) };
  return new Request(url, init as RequestInit);
}

async function toResponseInit(response: Response): Promise<HttpResponseInit> {
  const headers = Object.fromEntries(response.headers.entries());
  const body = response.body === null ? undefined : new Uint8Array(await response.arrayBuffer());
  return { status: response.status, headers, ...(body !== undefined && { body }) };
}
