import { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { expect, it } from "vitest";
import { silentLog } from "../../../src/core/ports.ts";
import { HealthMonitor, type HostHealth } from "../../../src/hosting/health.ts";
import { createHealthHandler } from "../../../src/hosting/health-handler.ts";
import { FakeClock } from "../http/fake-orchestration-client.ts";

it("is ready from the start to the stop", () => {
  const monitor = new HealthMonitor(new FakeClock(), "Hub");
  expect(monitor.read()).toMatchObject({ status: "unhealthy", isReady: false, state: "starting", taskHub: "Hub" });
  monitor.hasStarted("memory");
  expect(monitor.read()).toMatchObject({ status: "healthy", isReady: true, state: "running", storage: "memory" });
  monitor.isStopping();
  expect(monitor.read()).toMatchObject({ status: "unhealthy", isReady: false, state: "stopping" });
  monitor.hasStopped();
  expect(monitor.read().state).toBe("stopped");
});

it("is degraded for a minute after storage has failed", async () => {
  const clock = new FakeClock();
  const monitor = new HealthMonitor(clock, "Hub");
  const log = monitor.watch(silentLog);
  monitor.hasStarted("memory");
  log.log("error", "OrchestrationFailed", "an orchestration's own fault");
  expect(monitor.read().status).toBe("healthy");
  log.log("error", "OrchestrationFetchFailed", "no answer");
  expect(monitor.read()).toMatchObject({
    status: "degraded",
    isReady: true,
    lastError: { event: "OrchestrationFetchFailed" },
  });
  await clock.sleep(60_000);
  expect(monitor.read()).toMatchObject({ status: "healthy", lastError: undefined });
});

it("stays failed", () => {
  const monitor = new HealthMonitor(new FakeClock(), "Hub");
  monitor.hasStarted("memory");
  monitor.hasFailed();
  expect(monitor.read()).toMatchObject({ status: "unhealthy", state: "failed", isReady: false });
});

function healthOf(state: HostHealth["state"]): HostHealth {
  const isReady = state === "running";
  const status = isReady ? "healthy" : "unhealthy";
  return { status, isReady, state, taskHub: "Hub", storage: "memory", startedAt: undefined, lastError: undefined };
}

function ask(handler: ReturnType<typeof createHealthHandler>, request: Partial<IncomingMessage>, next?: () => void) {
  const answer = { status: 0, body: "" };
  const response = Object.assign(new EventEmitter(), {
    writeHead(status: number) {
      answer.status = status;
    },
    end(body = "") {
      answer.body = body;
    },
  });
  handler({ method: "GET", ...request } as IncomingMessage, response as unknown as ServerResponse, next);
  return answer;
}

it("answers probes of node:http, and hands on what is not for it", () => {
  let state: HostHealth["state"] = "running";
  const handler = createHealthHandler(() => healthOf(state));

  expect(ask(handler, { url: "/health/ready?x=1" })).toMatchObject({ status: 200 });
  expect(JSON.parse(ask(handler, { url: "/health" }).body)).toMatchObject({ status: "healthy", taskHub: "Hub" });
  expect(ask(handler, { url: "/health/live", method: "HEAD" })).toEqual({ status: 200, body: "" });
  state = "stopping";
  expect(ask(handler, { url: "/health/ready" }).status).toBe(503);
  expect(ask(handler, { url: "/health/live/" }).status).toBe(200);
  state = "failed";
  expect(ask(handler, { url: "/health/live" }).status).toBe(503);

  let handedOn = 0;
  for (const request of [{ url: "/orders" }, { url: "/healthy" }, { url: "/health", method: "POST" }]) {
    expect(ask(handler, request).status).toBe(404);
    expect(ask(handler, request, () => handedOn++)).toEqual({ status: 0, body: "" });
  }
  expect(handedOn).toBe(3);
});

it("may be mounted below a path, as Express does it", () => {
  const handler = createHealthHandler(() => healthOf("running"));
  const request = { url: "/live", originalUrl: "/health/live" } as Partial<IncomingMessage>;
  expect(ask(handler, request).status).toBe(200);
});

it("answers web requests, below the path that it is given", async () => {
  const handler = createHealthHandler(() => healthOf("running"), { prefix: "/internal/healthz" });
  const response = handler.fetch(new Request("http://localhost/internal/healthz/ready"));

  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ isReady: true });
  expect(handler.fetch(new Request("http://localhost/health/ready")).status).toBe(404);
  expect(() => createHealthHandler(() => healthOf("running"), { prefix: "health" })).toThrow(/'prefix'/);
});
