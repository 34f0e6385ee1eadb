import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, connect as netConnect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServerCredentials, status } from "@grpc/grpc-js";
import { expect, it } from "vitest";
import { systemClock, systemRandom } from "../../src/core/system-ports.ts";
import { GrpcOrchestrationClient } from "../../src/grpc/client/grpc-orchestration-client.ts";
import { connect, freePort, Refusal, serve } from "./grpc-client-fixture.ts";

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => (signal.aborted ? resolve() : signal.addEventListener("abort", () => resolve())));

/** A call that the server never answers, and whether it was called off. */
function hanging() {
  const begun = new AbortController();
  const calledOff = new AbortController();
  const wait = async (_: unknown, { cancelled }: { readonly cancelled: AbortSignal }) => {
    begun.abort();
    await aborted(cancelled);
    calledOff.abort();
    return {};
  };
  return { wait, begun: aborted(begun.signal), calledOff: aborted(calledOff.signal) };
}

it("every call says which hub it is for, who calls, and what else it was told to say", async () => {
  await using server = await serve({ hello: () => ({}) });
  using channel = connect(server, {
    userAgent: "durable-functions-ts/9.9.9 (Worker)",
    workerId: "host,1,g",
    metadata: { "x-tenant": "t" },
  });
  using other = connect(server, { taskHub: undefined });

  await channel.unary("hello", {});
  await other.unary("hello", {});

  expect(server.seen[0]?.headers).toMatchObject({
    taskhub: "hub",
    workerid: "host,1,g",
    "x-user-agent": "durable-functions-ts/9.9.9 (Worker)",
    "x-tenant": "t",
  });
  expect(server.seen[1]?.headers).toMatchObject({
    "x-user-agent": expect.stringMatching(/^durable-functions-ts\/\S+ \(Client\)$/),
  });
  expect(server.seen[1]?.headers).not.toHaveProperty("taskhub");
});

it("a token goes with each call and is asked for once", async () => {
  await using server = await serve({ hello: () => ({}) });
  const scopes: unknown[] = [];
  using channel = connect(server, {
    credential: {
      async getToken(scope) {
        scopes.push(scope);
        return { token: "secret", expiresOnTimestamp: Date.now() + 3_600_000 };
      },
    },
  });

  await Promise.all([channel.unary("hello", {}), channel.unary("hello", {})]);
  await channel.unary("hello", {});

  expect(scopes).toEqual([["https://durabletask.io/.default"]]);
  expect(server.seen.map(({ headers }) => headers["authorization"])).toEqual(Array(3).fill("Bearer secret"));
});

it("a token that cannot be got fails the call, and the next call asks again", async () => {
  await using server = await serve({ hello: () => ({}) });
  let asked = 0;
  using channel = connect(server, {
    credential: {
      async getToken() {
        if (++asked === 1) throw new Error("nobody is signed in");
        return { token: "t", expiresOnTimestamp: Date.now() + 3_600_000 };
      },
    },
  });

  await expect(channel.unary("hello", {})).rejects.toMatchObject({
    code: status.UNAVAILABLE,
    details: expect.stringContaining("nobody is signed in"),
  });
  await channel.unary("hello", {});
  expect(server.seen).toHaveLength(1);
});

it("a call ends at once when its caller calls it off, while it waits for a token and at the server", async () => {
  const { wait, begun, calledOff } = hanging();
  await using server = await serve({ getInstance: wait });
  using channel = connect(server);
  using tokenless = connect(server, { credential: { getToken: () => new Promise(() => {}) } });
  const stop = new AbortController();
  const options = { signal: stop.signal };
  const calls = [channel, tokenless].map((each) => each.unary("getInstance", { instanceId: "a" }, options));
  const failures = Promise.all(calls.map((call) => call.catch((error: unknown) => error)));

  await begun;
  stop.abort();

  const calledOffHere = { code: status.CANCELLED, isLocal: true };
  expect(await failures).toMatchObject([calledOffHere, calledOffHere]);
  await calledOff;
  await expect(channel.unary("hello", {}, options)).rejects.toMatchObject({ code: status.CANCELLED });
  expect(server.seen.map(({ method }) => method)).toEqual(["getInstance"]);
});

it("a call that the server calls off is told from one that its caller calls off", async () => {
  await using server = await serve({
    getInstance: () => {
      throw new Refusal(status.CANCELLED);
    },
  });
  using channel = connect(server);

  const call = channel.unary("getInstance", { instanceId: "a" });

  await expect(call).rejects.toMatchObject({ code: status.CANCELLED, isLocal: false });
});

it("many calls share a channel, and its close ends them all", async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on("warning", onWarning);
  let begun = 0;
  await using server = await serve({
    getInstance: async (_, { cancelled }) => {
      begun++;
      await aborted(cancelled);
      return {};
    },
  });
  const channel = connect(server);
  const calls = Array.from({ length: 50 }, () => channel.unary("getInstance", { instanceId: "a" }));
  const outcomes = Promise.allSettled(calls);
  await expect.poll(() => begun).toBe(50);

  channel.close();
  channel.close();

  const codes = (await outcomes).map((each) => each.status === "rejected" && each.reason.code);
  expect(codes).toEqual(Array(50).fill(status.CANCELLED));
  process.off("warning", onWarning);
  expect(warnings).toEqual([]);
});

it("a call ends after its time", async () => {
  const { wait } = hanging();
  await using server = await serve({ getInstance: wait });
  using channel = connect(server);

  const call = channel.unary("getInstance", { instanceId: "a" }, { timeoutMs: 50 });

  await expect(call).rejects.toMatchObject({ name: "CallFailure", code: status.DEADLINE_EXCEEDED });
});

it("a stream ends with its loop, with its signal, with its channel, and with the server", async () => {
  const calledOff: Promise<void>[] = [];
  await using server = await serve({
    async *getWorkItems({ maxConcurrentActivityWorkItems: answers }, { cancelled }) {
      calledOff.push(aborted(cancelled));
      for (let n = 0; n < answers; n++) yield { completionToken: `${n}` };
      if (answers === 3) return;
      await aborted(cancelled);
    },
  });
  const read = async (
    channel: ReturnType<typeof connect>,
    answers: number,
    onItem: () => boolean,
    signal?: AbortSignal,
  ) => {
    const items: string[] = [];
    const stream = channel.stream("getWorkItems", { maxConcurrentActivityWorkItems: answers }, { signal });
    for await (const { completionToken } of stream) {
      items.push(completionToken);
      if (onItem()) break;
    }
    return items;
  };
  using channel = connect(server);
  using closed = connect(server);
  const stop = new AbortController();
  const stopNow = () => {
    stop.abort();
    return false;
  };
  const closeNow = () => {
    closed.close();
    return false;
  };

  expect(await read(channel, 2, () => true)).toEqual(["0"]);
  await expect(read(channel, 1, stopNow, stop.signal)).rejects.toMatchObject({ code: status.CANCELLED });
  await expect(read(closed, 1, closeNow)).rejects.toMatchObject({ code: status.CANCELLED });
  expect(await read(channel, 3, () => false)).toEqual(["0", "1", "2"]);
  await Promise.all(calledOff.slice(0, 3));
  await expect(closed.unary("hello", {})).rejects.toMatchObject({ code: status.CANCELLED });
});

it("a server that is not there is named, soon", async () => {
  const address = `127.0.0.1:${await freePort()}`;
  using channel = connect({ address });
  const client = new GrpcOrchestrationClient({ channel, clock: systemClock, random: systemRandom });

  const failures = await Promise.all(
    [client.getInstance("a"), client.waitForInstance("a", "ended"), client.getHistory("a")].map((call) =>
      call.catch((error: unknown) => error),
    ),
  );

  const told = { code: "ServiceUnavailable", message: expect.stringContaining(address) };
  expect(failures).toMatchObject([told, told, told]);
});

it("whoever listens without a word is told as a server that is not there", async () => {
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const address = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
  using channel = connect({ address });

  const call = channel.unary("hello", {}, { timeoutMs: 300 });

  await expect(call).rejects.toMatchObject({ code: status.UNAVAILABLE });
  silent.close();
});

it("a server that restarts is found again by the call that misses it, and by those after", async () => {
  const script = { getInstance: () => ({ exists: false }) };
  const first = await serve(script);
  using channel = connect(first);
  const client = new GrpcOrchestrationClient({ channel, clock: systemClock, random: systemRandom });
  await client.getInstance("a");

  await first.stop();
  const missing = client.getInstance("a");
  await using second = await serve(script, { port: first.port });

  expect(await missing).toBeUndefined();
  expect(await client.getInstance("a")).toBeUndefined();
  expect(second.seen).toHaveLength(2);
});

it("a call that does more when it is repeated is made once, also when its answer is lost", async () => {
  const sockets = new Set<Socket>();
  const loseAnswer = () => {
    for (const socket of sockets) socket.destroy();
    throw new Refusal(status.ABORTED);
  };
  await using server = await serve({
    raiseEvent: loseAnswer,
    restartInstance: loseAnswer,
    startInstance: loseAnswer,
    suspendInstance: loseAnswer,
  });
  const proxy = createServer((socket) => {
    const upstream = netConnect(server.port, "127.0.0.1");
    sockets.add(socket);
    socket.on("close", () => upstream.destroy());
    for (const each of [socket, upstream]) each.on("error", () => {});
    socket.pipe(upstream).pipe(socket);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  using channel = connect({ address: `127.0.0.1:${(proxy.address() as AddressInfo).port}` });
  const client = new GrpcOrchestrationClient({ channel, clock: systemClock, random: systemRandom });
  const unavailable = { code: "ServiceUnavailable" };

  await expect(client.raiseEvent("a", "go", "1")).rejects.toMatchObject(unavailable);
  await expect(client.restart("a", { restartWithNewInstanceId: true })).rejects.toMatchObject(unavailable);
  await expect(client.startInstance({ name: "n", instanceId: "mine" })).rejects.toMatchObject(unavailable);
  const made = server.seen.map(({ method }) => method);
  await expect(client.suspend("a", undefined)).rejects.toMatchObject(unavailable);

  expect(made).toEqual(["raiseEvent", "restartInstance", "startInstance"]);
  expect(server.seen.filter(({ method }) => method === "suspendInstance").length).toBeGreaterThan(1);
  proxy.close();
});

it("messages may be larger than gRPC takes by itself", async () => {
  const input = "x".repeat(6 * 1024 * 1024);
  await using server = await serve({
    getInstance: () => ({ exists: true, orchestrationState: { instanceId: "a", name: "n", input } }),
  });
  using channel = connect(server);
  using limited = connect(server, { maxMessageBytes: 1024 });

  const { orchestrationState } = await channel.unary("getInstance", { instanceId: "a" });

  expect(orchestrationState?.input).toHaveLength(input.length);
  await expect(limited.unary("getInstance", { instanceId: "a" })).rejects.toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
  });
});

it("a wait goes on when the server ends it too early, and ends when it is called off", async () => {
  const state = (orchestrationStatus: 0 | 1) => ({
    exists: true,
    orchestrationState: { instanceId: "a", name: "n", orchestrationStatus },
  });
  const { wait, begun } = hanging();
  let calls = 0;
  await using server = await serve({
    waitForInstanceCompletion: () => state(++calls === 1 ? 0 : 1),
    waitForInstanceStart: wait,
  });
  using channel = connect(server);
  const client = new GrpcOrchestrationClient({ channel, clock: systemClock, random: systemRandom });
  const stop = new AbortController();

  expect(await client.waitForInstance("a", "ended")).toMatchObject({ runtimeStatus: "Completed" });
  const waiting = client.waitForInstance("a", "started", { signal: stop.signal });
  await begun;
  stop.abort();

  await expect(waiting).rejects.toMatchObject({ code: "Aborted" });
  await expect(client.waitForInstance("a", "started", { timeoutMs: 50 })).rejects.toMatchObject({
    code: "TaskTimeout",
  });
});

it("TLS checks the server's certificate against the authorities that were given", async ({ skip }) => {
  const certificate = createCertificate();
  if (certificate === undefined) return skip("there is no openssl");
  const { cert, key } = certificate;
  const credentials = ServerCredentials.createSsl(null, [{ private_key: key, cert_chain: cert }]);
  await using server = await serve({ hello: () => ({}) }, { credentials });
  const address = `https://localhost:${server.port}`;
  using trusting = connect({ address }, { rootCertificates: cert });
  using strict = connect({ address });
  using plain = connect(server);

  await trusting.unary("hello", {});
  expect(server.seen).toHaveLength(1);
  for (const channel of [strict, plain]) {
    await expect(channel.unary("hello", {})).rejects.toMatchObject({ code: status.UNAVAILABLE });
  }
});

function createCertificate(): { readonly cert: Buffer; readonly key: Buffer } | undefined {
  const folder = mkdtempSync(join(tmpdir(), "durable-tls-"));
  try {
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const names = "subjectAltName=DNS:localhost,IP:127.0.0.1";
    const options = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    const files = ["-keyout", key, "-out", cert, "-subj", "/CN=localhost", "-addext", names];
    const command = "openssl";
    execFileSync(command, ["req", "-x509", ...options, ...files], { stdio: "ignore" });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } catch {
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
