import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials, status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OrchestrationStatus, type WorkItem } from "../../src/grpc/proto/orchestrator_service_pb.ts";
import { type RunningSidecar, startSidecar } from "../support/sidecar.ts";
import { SidecarPeer } from "../support/sidecar-peer.ts";

/** Comes with the system, not with a package. */
const certificateMaker = "openssl";

let sidecar: RunningSidecar;
let peer: SidecarPeer;

beforeEach(async () => {
  sidecar = await startSidecar({ stopGraceMs: 200 });
  peer = new SidecarPeer(sidecar.address);
});

afterEach(async () => {
  peer.close();
  await sidecar.server.stop();
});

const code = (call: Promise<unknown>) => peer.codeOf(call);
const start = (instanceId = "", fields = {}) => peer.call("startInstance", { name: "x", instanceId, ...fields });

/** A worker that ends each orchestration as its name says, or leaves it waiting. */
function runWorker(): void {
  const stream = peer.work();
  const answered = new Set<string>();
  const look = async () => {
    for (const item of stream.items) {
      if (answered.has(item.completionToken)) continue;
      answered.add(item.completionToken);
      await answer(item);
    }
    if (stream.ended === undefined) setTimeout(() => look().catch(() => {}), 5);
  };
  void look().catch(() => {});
}

async function answer({ request, completionToken }: WorkItem): Promise<void> {
  if (request.case === "entityRequestV2") {
    const { operationRequests } = request.value;
    const results = operationRequests.map(() => ({ resultType: { case: "success" as const, value: {} } }));
    await peer.call("completeEntityTask", { results, entityState: '"state"', completionToken });
    return;
  }
  if (request.case !== "orchestratorRequest") return;
  const { instanceId, newEvents, pastEvents } = request.value;
  const terminated = newEvents.find(({ eventType }) => eventType.case === "executionTerminated");
  const started = [...pastEvents, ...newEvents].find(({ eventType }) => eventType.case === "executionStarted");
  const name = started?.eventType.case === "executionStarted" ? started.eventType.value.name : "";
  const end = (orchestrationStatus: OrchestrationStatus, result: string) => [
    {
      id: 9,
      orchestratorActionType: { case: "completeOrchestration" as const, value: { orchestrationStatus, result } },
    },
  ];
  let actions: ReturnType<typeof end> = [];
  if (terminated?.eventType.case === "executionTerminated") {
    actions = end(OrchestrationStatus.TERMINATED, terminated.eventType.value.input ?? "");
  } else if (name === "x") actions = end(OrchestrationStatus.COMPLETED, '"done"');
  else if (name === "fail") actions = end(OrchestrationStatus.FAILED, "boom");
  await peer.call("completeOrchestratorTask", { instanceId, completionToken, actions });
}

const waitForEnd = (instanceId: string) => peer.call("waitForInstanceCompletion", { instanceId });
const waitForStart = (instanceId: string) => peer.call("waitForInstanceStart", { instanceId });

describe("starting", () => {
  it("makes an id when there is none, and refuses those that no hub accepts", async () => {
    expect((await start()).instanceId).toMatch(/^[0-9a-f]{32}$/);
    for (const id of ["@c@k", "a/b", "x".repeat(300)]) expect(await code(start(id))).toBe(status.INVALID_ARGUMENT);
    expect(await code(start("", { name: "BuiltIn__CallEntity" }))).toBe(status.INVALID_ARGUMENT);
    expect((await start("x".repeat(200))).instanceId).toBe("x".repeat(200));
  });

  it("uses an id once without a policy, whatever has become of it", async () => {
    runWorker();
    await start("i");
    expect(await code(start("i"))).toBe(status.ALREADY_EXISTS);
    await waitForEnd("i");
    expect(await code(start("i"))).toBe(status.ALREADY_EXISTS);
  });

  it("replaces what the policy lists, and ends it first if it runs", async () => {
    runWorker();
    const policy = (...replaceableStatus: OrchestrationStatus[]) => ({
      orchestrationIdReusePolicy: { replaceableStatus },
    });
    const { COMPLETED, RUNNING, TERMINATED, FAILED } = OrchestrationStatus;
    await start("i");
    await waitForEnd("i");
    expect(await code(start("i", policy()))).toBe(status.ALREADY_EXISTS);
    expect(await code(start("i", policy(FAILED)))).toBe(status.ALREADY_EXISTS);
    expect(await code(start("i", policy(RUNNING)))).toBe(status.INVALID_ARGUMENT);
    expect(await code(start("i", { name: "wait", ...policy(COMPLETED) }))).toBe(0);
    await waitForStart("i");
    expect(await code(start("i", policy(COMPLETED)))).toBe(status.ALREADY_EXISTS);
    expect(await code(start("i", policy(RUNNING, TERMINATED)))).toBe(0);
    expect((await waitForEnd("i")).orchestrationState?.orchestrationStatus).toBe(COMPLETED);
  });

  it("takes a start in the past for one at once, and waits for one to come", async () => {
    runWorker();
    await start("past", { scheduledStartTimestamp: { seconds: 0n } });
    expect((await waitForEnd("past")).orchestrationState?.orchestrationStatus).toBe(OrchestrationStatus.COMPLETED);
    const soon = { seconds: BigInt(Math.floor(Date.now() / 1000) + 3600) };
    await start("later", { scheduledStartTimestamp: soon });
    const { orchestrationState } = await peer.call("getInstance", { instanceId: "later" });
    expect(orchestrationState?.orchestrationStatus).toBe(OrchestrationStatus.PENDING);
    expect(orchestrationState?.scheduledStartTimestamp?.seconds).toBe(soon.seconds);
  });
});

describe("what is not there", () => {
  it("is told as the other servers tell it", async () => {
    const instanceId = "nobody";
    expect(await peer.call("getInstance", { instanceId })).toMatchObject({ exists: false });
    expect(await waitForStart(instanceId)).toMatchObject({ exists: false });
    expect(await waitForEnd(instanceId)).toMatchObject({ exists: false });
    expect(await code(peer.call("raiseEvent", { instanceId, name: "e" }))).toBe(status.NOT_FOUND);
    expect(await code(peer.call("terminateInstance", { instanceId }))).toBe(0);
    expect(await code(peer.call("suspendInstance", { instanceId }))).toBe(status.NOT_FOUND);
    expect(await code(peer.call("resumeInstance", { instanceId }))).toBe(status.NOT_FOUND);
    expect(await code(peer.call("rewindInstance", { instanceId }))).toBe(status.NOT_FOUND);
    expect(await code(peer.call("restartInstance", { instanceId }))).toBe(status.NOT_FOUND);
    const request = { case: "instanceId" as const, value: instanceId };
    expect(await peer.call("purgeInstances", { request })).toMatchObject({ deletedInstanceCount: 0, isComplete: true });
    expect(await peer.call("getEntity", { instanceId: "@c@k" })).toMatchObject({ exists: false });
  });
});

describe("what has ended", () => {
  it("takes events and the like without a word", async () => {
    runWorker();
    await start("i");
    await waitForEnd("i");
    const instanceId = "i";
    expect(await code(peer.call("raiseEvent", { instanceId, name: "e" }))).toBe(0);
    expect(await code(peer.call("terminateInstance", { instanceId }))).toBe(0);
    expect(await code(peer.call("suspendInstance", { instanceId }))).toBe(0);
    expect(await code(peer.call("resumeInstance", { instanceId }))).toBe(0);
    expect(await code(peer.call("rewindInstance", { instanceId }))).toBe(status.FAILED_PRECONDITION);
  });

  it("is restarted, with its id or a new one; what runs only with a new one", async () => {
    runWorker();
    await start("i", { input: "7" });
    await waitForEnd("i");
    expect((await peer.call("restartInstance", { instanceId: "i" })).instanceId).toBe("i");
    await start("w", { name: "wait" });
    await waitForStart("w");
    expect(await code(peer.call("restartInstance", { instanceId: "w" }))).toBe(status.FAILED_PRECONDITION);
    const again = await peer.call("restartInstance", { instanceId: "w", restartWithNewInstanceId: true });
    expect(again.instanceId).not.toBe("w");
  });

  it("tells its failure and payloads to those who ask", async () => {
    runWorker();
    await start("i", { name: "fail", input: "7" });
    await waitForEnd("i");
    const asked = await peer.call("getInstance", { instanceId: "i", getInputsAndOutputs: true });
    expect(asked.orchestrationState).toMatchObject({ input: "7", failureDetails: { errorMessage: "boom" } });
    const { orchestrationState } = await peer.call("getInstance", { instanceId: "i" });
    expect(orchestrationState?.input).toBeUndefined();
    expect(orchestrationState?.createdTimestamp).toBeDefined();
    expect(orchestrationState?.lastUpdatedTimestamp).toBeDefined();
  });

  it("is purged by id, batch and filter; what runs stays", async () => {
    runWorker();
    for (const id of ["a", "b", "c", "d"]) await start(id);
    for (const id of ["a", "b", "c", "d"]) await waitForEnd(id);
    await start("w", { name: "wait" });
    const purge = async (request: NonNullable<Parameters<typeof peer.call<"purgeInstances">>[1]["request"]>) =>
      (await peer.call("purgeInstances", { request })).deletedInstanceCount;
    expect(await purge({ case: "instanceId", value: "w" })).toBe(0);
    expect(await purge({ case: "instanceId", value: "a" })).toBe(1);
    expect(await purge({ case: "instanceBatch", value: { instanceIds: ["b", "nobody", "w"] } })).toBe(1);
    const createdTimeFrom = { seconds: 0n };
    expect(await purge({ case: "purgeInstanceFilter", value: { createdTimeFrom, timeout: { seconds: 60n } } })).toBe(2);
    expect(await purge({ case: "purgeInstanceFilter", value: { createdTimeFrom } })).toBe(0);
    const instanceIds = Array.from({ length: 501 }, String);
    expect(await code(purge({ case: "instanceBatch", value: { instanceIds } }))).toBe(status.INVALID_ARGUMENT);
    expect(await peer.call("getInstance", { instanceId: "w" })).toMatchObject({ exists: true });
  });

  it("is found by queries whose answers any client takes, however large the payloads are", async () => {
    const input = JSON.stringify("x".repeat(1_500_000));
    for (const id of ["l1", "l2", "l3", "l4", "l5"]) await start(id, { input });
    const found: string[] = [];
    const query = { instanceIdPrefix: "l", maxInstanceCount: 100, fetchInputsAndOutputs: true };
    let continuationToken: string | undefined;
    do {
      const page = await peer.call("queryInstances", { query: { ...query, continuationToken } });
      expect(page.orchestrationState.length).toBeLessThanOrEqual(2);
      found.push(...page.orchestrationState.map((state) => state.instanceId));
      continuationToken = page.continuationToken;
    } while (continuationToken);
    expect(found.sort()).toEqual(["l1", "l2", "l3", "l4", "l5"]);
    const foreign = peer.call("queryInstances", { query: { continuationToken: "bmV4dA" } });
    expect(await code(foreign)).toBe(status.INVALID_ARGUMENT);
  });

  it("is found by queries and lists, in pages", async () => {
    runWorker();
    for (const id of ["a1", "a2", "b1"]) await start(id);
    for (const id of ["a1", "a2", "b1"]) await waitForEnd(id);
    const query = { instanceIdPrefix: "a", maxInstanceCount: 1 };
    const first = await peer.call("queryInstances", { query });
    const { continuationToken } = first;
    const second = await peer.call("queryInstances", { query: { ...query, continuationToken } });
    const ids = [...first.orchestrationState, ...second.orchestrationState].map(({ instanceId }) => instanceId);
    expect(ids.sort()).toEqual(["a1", "a2"]);
    const elsewhere = await peer.call("queryInstances", { query: { taskHubNames: [{ value: "Another" }] } });
    expect(elsewhere.orchestrationState).toEqual([]);
    const page = await peer.call("listInstanceIds", { pageSize: 2, lastInstanceKey: "" });
    const rest = await peer.call("listInstanceIds", { pageSize: 2, lastInstanceKey: page.lastInstanceKey });
    expect([...page.instanceIds, ...rest.instanceIds]).toEqual(["a1", "a2", "b1"]);
    const nonsense = peer.call("listInstanceIds", { lastInstanceKey: "?" });
    expect(await code(nonsense)).toBe(status.INVALID_ARGUMENT);
  });
});

it("entities are signalled, read, queried, purged and cleaned", async () => {
  runWorker();
  await peer.call("signalEntity", { instanceId: "@Counter@k", name: "add", input: "1", requestId: "no guid" });
  const read = () => peer.call("getEntity", { instanceId: "@counter@k", includeState: true });
  await expect.poll(async () => (await read()).entity?.serializedState).toBe('"state"');
  for (const [instanceIdStartsWith, count] of [
    ["@counter@", 1],
    ["@coun", 1],
    ["coun", 1],
    ["@other@", 0],
  ] as const) {
    const { entities } = await peer.call("queryEntities", { query: { instanceIdStartsWith } });
    expect(entities.length).toBe(count);
  }
  expect(await code(peer.call("signalEntity", { instanceId: "counter", name: "add" }))).toBe(status.INVALID_ARGUMENT);
  await peer.call("cleanEntityStorage", { removeEmptyEntities: true, releaseOrphanedLocks: true });
  const request = { case: "instanceId" as const, value: "@counter@k" };
  expect(await peer.call("purgeInstances", { request })).toMatchObject({ deletedInstanceCount: 1 });
});

it("a wait ends when its caller goes, and when the server stops", async () => {
  await start("i");
  const given = peer.call("waitForInstanceCompletion", { instanceId: "i" }, 300);
  expect(await code(given)).toBe(status.DEADLINE_EXCEEDED);
  const waiting = code(peer.call("waitForInstanceCompletion", { instanceId: "i" }));
  const stream = peer.work();
  await expect.poll(() => stream.items.length).toBe(1);
  await sidecar.server.stop();

  expect(await waiting).toBe(status.UNAVAILABLE);
  await expect.poll(() => stream.ended).toBe(0);
});

it("a hub that was made anew takes work as before", async () => {
  runWorker();
  await start("a");
  await waitForEnd("a");
  await peer.call("createTaskHub", { recreateIfExists: true });
  expect(await peer.call("getInstance", { instanceId: "a" })).toMatchObject({ exists: false });
  await start("b");

  expect((await waitForEnd("b")).orchestrationState?.orchestrationStatus).toBe(OrchestrationStatus.COMPLETED);
});

it("a forced end in storage is not offered", async () => {
  expect(await code(peer.call("skipGracefulOrchestrationTerminations", {}))).toBe(status.UNIMPLEMENTED);
});

it("calls for another hub are refused", async () => {
  const hubOf = async (taskhub: string) => {
    using other = new SidecarPeer(sidecar.address, { headers: { taskhub } });
    return await code(other.call("hello", {}));
  };

  expect(await hubOf("memoryhub")).toBe(0);
  expect(await hubOf("Another")).toBe(status.NOT_FOUND);
});

it("a token is asked of every call", async () => {
  await using guarded = await startSidecar({ token: "secret", stopGraceMs: 200 });
  const codeWith = async (headers: Record<string, string>) => {
    using other = new SidecarPeer(guarded.address, { headers });
    return await code(other.call("hello", {}));
  };

  expect(await codeWith({ authorization: "Bearer secret" })).toBe(0);
  expect(await codeWith({ authorization: "Bearer secrets" })).toBe(status.UNAUTHENTICATED);
  expect(await codeWith({})).toBe(status.UNAUTHENTICATED);
  using stranger = new SidecarPeer(guarded.address);
  const stream = stranger.work();
  await expect.poll(() => stream.ended).toBe(status.UNAUTHENTICATED);
});

it("a certificate makes the connection private", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sidecar-tls-"));
  try {
    const [key, certificate] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    const kind = ["-newkey", "rsa:2048", "-nodes", "-days", "1"];
    execFileSync(certificateMaker, ["req", "-x509", ...kind, ...subject, "-keyout", key, "-out", certificate], {
      stdio: "ignore",
    });
    const tls = { certificate: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8") };
    await using secure = await startSidecar({ tls, stopGraceMs: 200 });
    using client = new SidecarPeer(secure.address, {
      credentials: credentials.createSsl(Buffer.from(tls.certificate)),
    });
    expect(await code(client.call("hello", {}))).toBe(0);
    using plain = new SidecarPeer(secure.address);
    expect(await code(plain.call("hello", {}, 1_000))).not.toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it("an address that is taken is told", async () => {
  const port = Number(sidecar.address.split(":")[1]);

  await expect(startSidecar({ stopGraceMs: 200 }, port)).rejects.toMatchObject({ code: "HostStartFailed" });
});
