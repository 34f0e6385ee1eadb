import { expect, it } from "vitest";
import type { EmbeddedHost } from "../../../../src/functions/embedded-host.ts";
import {
  FunctionApp,
  type FunctionAppPorts,
  type HostedApp,
  type HostingRequest,
} from "../../../../src/functions/hosting/function-app.ts";
import { Registry } from "../../../../src/worker/registry.ts";

const bundled = { version: "2.0", extensionBundle: { id: "x", version: "[4.*, 5.0.0)" } };
const input = { type: "durableClient", name: "client" };

function openApp(ports: Partial<FunctionAppPorts> = {}, hostJson: Record<string, unknown> = bundled) {
  const steps: string[] = [];
  const lines: string[] = [];
  const requests: HostingRequest[] = [];
  const hosted = (name: string) => async (request: HostingRequest) => {
    steps.push(name);
    requests.push(request);
    const connect = async () => ({ client: name }) as never;
    return {
      host: { attach() {}, connect },
      clientInputs: name === "extension" ? [input] : [],
      stop: async () => void steps.push("stop"),
    };
  };
  const app = new FunctionApp({
    env: () => ({}),
    appFolder: () => "/app",
    readFiles: async () => ({ hostJson, extensionsJson: undefined }),
    log: ({ level, message }) => lines.push(`${level} ${message}`),
    runExtension: hosted("extension"),
    runOwnEngine: hosted("own engine"),
    ...ports,
  });
  return { app, steps, lines, requests };
}

function part(steps: string[], more: Partial<HostedApp> = {}) {
  const hosts: EmbeddedHost[] = [];
  const app: HostedApp = {
    registry: new Registry(),
    hosting: undefined,
    clientFunctions: [{ name: "start", triggerType: "httpTrigger" }],
    attachTo(host) {
      steps.push("attach");
      hosts.push(host);
      return () => {};
    },
    registerClientFunctions: (inputs) => void steps.push(`http with ${inputs.length} inputs`),
    ...more,
  };
  return { app, hosts };
}

it("registers durable functions first and HTTP functions then, with the input of the extension, once", async () => {
  const { app, steps, lines, requests } = openApp();
  for (const each of [part(steps), part(steps)]) app.add(each.app);

  await Promise.all([app.start(), app.start()]);

  expect(steps).toEqual(["extension", "attach", "http with 1 inputs", "attach", "http with 1 inputs"]);
  expect(requests[0]).toMatchObject({ appFolder: "/app", clientFunctionNames: ["start", "start"] });
  expect(requests[0]!.registries).toHaveLength(2);
  expect(lines).toEqual([
    expect.stringMatching(/^info HostingChosen: .*extension.*because host.json names.*otherwise/),
  ]);
});

it("runs on its own engine where there is no extension, and stops it in the end", async () => {
  const { app, steps, lines } = openApp({}, { version: "2.0" });
  app.add(part(steps).app);

  await app.start();
  await app.stop();

  expect(steps).toEqual(["own engine", "attach", "http with 0 inputs", "stop"]);
  expect(lines[0]).toContain("on the engine of this package");
});

it.each([
  ["host.json cannot be read", { readFiles: () => Promise.reject(new Error("no host.json")) }, "no host.json"],
  ["the setting is nonsense", { env: () => ({ DURABLE_HOSTING: "x" }) }, "DURABLE_HOSTING must be"],
  ["the extension cannot be used", { runExtension: () => Promise.reject(new Error("name taken")) }, "name taken"],
  [
    "even the folder cannot be told",
    {
      appFolder: () => {
        throw new Error("no folder");
      },
    },
    "no folder",
  ],
] as const)("throws nothing at the host when %s: it is logged, and clients are told", async (_, ports, text) => {
  const { app, steps, lines } = openApp(ports as Partial<FunctionAppPorts>);
  const { app: hosted, hosts } = part(steps);
  app.add(hosted);

  await app.start();

  expect(steps).toEqual(["attach", "http with 0 inputs"]);
  expect(lines.at(-1)).toMatch(/^error HostingFailed: the orchestrations of this app cannot run: /);
  expect(lines.at(-1)).toContain(text);
  const refused = { code: "HostStartFailed", message: expect.stringContaining(text) };
  await expect(hosts[0]!.connect()).rejects.toMatchObject(refused);
  await expect(app.stop()).resolves.toBeUndefined();
});

it("goes on with the other apps when one has a worker of its own, or a function that is refused", async () => {
  const { app, steps, lines } = openApp();
  const attachTo = () => {
    throw new Error("has a host already");
  };
  const registerClientFunctions = () => {
    throw new Error("a function of that name");
  };
  app.add(part(steps, { attachTo }).app);
  app.add(part(steps, { registerClientFunctions }).app);
  app.add(part(steps).app);

  await app.start();

  expect(steps).toEqual(["extension", "http with 1 inputs", "attach", "attach", "http with 1 inputs"]);
  expect(lines.at(-1)).toContain("a function of that name");
});

it("gives an app that is made late its clients", async () => {
  const { app, steps } = openApp();
  await app.start();
  const late = part(steps);
  app.add(late.app);

  await expect(late.hosts[0]!.connect()).resolves.toEqual({ client: "extension" });
});

it("logs what goes wrong at the end, and throws it not", async () => {
  const stop = () => Promise.reject(new Error("stuck"));
  const host = { attach() {}, connect: async () => ({}) as never };
  const { app, lines } = openApp({ runExtension: async () => ({ host, clientInputs: [], stop }) });
  await app.start();

  await app.stop();

  expect(lines.at(-1)).toBe("error HostStopFailed: stuck");
});
