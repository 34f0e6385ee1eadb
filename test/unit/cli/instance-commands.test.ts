import { describe, expect, it } from "vitest";
import { parseCommandLine } from "../../../src/cli/command-line.ts";
import { InstanceCommand } from "../../../src/cli/instance-commands.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import { Registry } from "../../../src/worker/registry.ts";

function createRegistry(): Registry {
  const registry = new Registry();
  registry.addActivity({
    name: "charge",
    activity: (card: unknown) => {
      if (card === "bad") throw new TypeError("no such \u001b[31mcard", { cause: new Error("declined") });
      return "x".repeat(2000);
    },
  });
  registry.addOrchestration({
    name: "order",
    *orchestrator(context, card) {
      yield context.callActivity("charge", card);
      context.setCustomStatus("waits");
      const approval: unknown = yield context.waitForExternalEvent("Approval");
      return approval;
    },
  });
  registry.addOrchestration({
    name: "parent",
    *orchestrator(context) {
      yield context.callSubOrchestrator("order", "good", "child");
    },
  });
  return registry;
}

/** Commands on a hub, as they are typed. */
async function openHub({ isIdle = false, hasWorker = true } = {}) {
  const hub = new VirtualHub();
  if (hasWorker) await hub.startWorker({ registries: [createRegistry()] });
  const begin = async (...args: string[]) => {
    const command = parseCommandLine(args, "/srv");
    if (command.kind !== "instances") throw new Error(JSON.stringify(command));
    const printed: string[] = [];
    const failed: string[] = [];
    const terminal = {
      print: (line: string) => void printed.push(line),
      fail: (line: string) => void failed.push(line),
      paint: (_: string, text: string) => text,
      flush: async () => true,
    };
    const { client, backend, clock } = hub;
    const code = await new InstanceCommand(
      { client, store: backend, isOwnStore: isIdle },
      command.options,
      terminal,
      clock,
    ).run();
    return { code, printed, failed, text: printed.join("\n") };
  };
  return {
    hub,
    begin,
    async run(...args: string[]) {
      const outcome = await begin(...args);
      await hub.settle();
      return outcome;
    },
    [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose](),
  };
}

describe("the verbs for instances", () => {
  it("show a reason as a text, also where it reads as JSON", async () => {
    await using it = await openHub();
    await it.run("start", "order", "--id", "o1", "--input", '"good"');
    await it.run("suspend", "o1", "--reason", "123");
    const suspended = JSON.parse((await it.run("show", "o1", "--json")).text) as object;
    await it.run("resume", "o1", "--reason", "null");
    await it.run("terminate", "o1", "--reason", "true");
    const ended = JSON.parse((await it.run("show", "o1", "--json")).text) as object;
    const { events } = JSON.parse((await it.run("history", "o1", "--full", "--json")).text) as {
      readonly events: readonly { readonly kind: string; readonly input?: unknown }[];
    };

    expect(suspended).toMatchObject({ status: "Suspended", output: "123" });
    expect(ended).toMatchObject({ status: "Terminated", output: "true" });
    const reasons = events.filter(({ kind }) => ["suspended", "resumed", "terminated"].includes(kind));
    expect(reasons.map(({ input }) => input)).toEqual(["123", "null", "true"]);
  });

  it("start one, show what it waits for, and send it that", async () => {
    await using it = await openHub();
    const started = await it.run("start", "order", "--id", "o1", "--input", '"good"');
    await it.hub.advance("5m");
    const waiting = await it.run("show", "o1");
    const early = await it.run("raise", "o1", "Other", "yes", "--text");
    const kept = await it.run("show", "o1", "--json");
    await it.run("raise", "o1", "Approval", '{"ok":true}');
    const ended = await it.run("show", "o1", "--json");

    expect(started).toMatchObject({ code: 0, printed: ["o1"], failed: [] });
    expect(waiting.text).toMatch(/^o1 {2}order {2}Running\n/);
    expect(waiting.text).toMatch(/\n\nwaits for:\n {2}event 'Approval' {2}since \S+ \(\d+m\b/);
    expect(early.printed).toEqual(["Sent event 'Other' to o1"]);
    expect(JSON.parse(kept.text)).toMatchObject({
      id: "o1",
      status: "Running",
      input: "good",
      customStatus: "waits",
      waitsFor: [{ kind: "event", name: "Approval", count: 1 }],
      keptEvents: [{ name: "Other", count: 1 }],
    });
    expect(JSON.parse(ended.text)).toMatchObject({ status: "Completed", output: { ok: true }, waitsFor: [] });
  });

  it("show a failure with its causes and stacks, in characters that do no harm", async () => {
    await using it = await openHub();
    await it.run("start", "order", "--id", "o1", "--input", '"bad"');

    const { text, code } = await it.run("show", "o1");
    const { failure } = JSON.parse((await it.run("show", "o1", "--json")).text) as {
      failure: { type: string; cause: { type: string; stack: string; cause: { message: string } } };
    };

    expect(code).toBe(0);
    expect(text).toContain("TypeError: no such \\u001b[31mcard\n");
    expect(text).toMatch(/ {6}Error: declined\n +at /);
    expect(text).not.toContain("\u001b");
    expect(failure).toMatchObject({ type: "TaskFailedError", cause: { type: "TypeError" } });
    expect(failure.cause.stack).toContain("instance-commands.test");
    expect(failure.cause.cause.message).toBe("declined");
  });

  it("shorten long texts unless they are asked for whole", async () => {
    await using it = await openHub();
    await it.run("start", "order", "--id", "o1", "--input", JSON.stringify("y".repeat(1000)));

    const short = await it.run("show", "o1");
    const full = await it.run("show", "o1", "--full");
    const history = await it.run("history", "o1");
    const whole = await it.run("history", "o1", "--full");

    expect(short.text).toContain(`y… (1002 characters)`);
    expect(full.text).toContain("y".repeat(1000));
    expect(history.text).not.toContain("xxx");
    expect(whole.text).toContain(`    result: "${"x".repeat(2000)}"`);
  });

  it("show a history with times, durations and failures", async () => {
    await using it = await openHub();
    await it.run("start", "parent", "--id", "p");
    await it.hub.advance("1m");
    await it.run("suspend", "child", "--reason", "lunch");
    await it.run("resume", "child");
    await it.run("raise", "child", "Approval");

    const parent = await it.run("history", "p");
    const child = await it.run("history", "child");

    expect(parent.printed[0]).toMatch(/^TIME +AFTER +WHAT +NAME +OUTCOME$/);
    expect(parent.printed[2]).toMatch(/sub-orchestration {2}order child {2}completed after \d+m/);
    expect(child.text).toMatch(/activity +charge +completed after/);
    expect(child.text).toMatch(/suspended +lunch\n.*resumed\n.*event raised +Approval\n.*ended +Completed$/);
  });

  it("show the status of children, and rest, end and begin again", async () => {
    await using it = await openHub();
    await it.run("start", "parent", "--id", "p");
    const parent = await it.run("show", "p");
    const rest = await it.run("suspend", "p", "nobody", "--reason", "lunch");
    const resting = await it.run("show", "p");
    await it.run("resume", "p");
    const end = await it.run("terminate", "p", "--reason", "enough", "--json");
    const again = await it.run("restart", "p", "--same-id");

    expect(parent.text).toContain("sub-orchestration 'order' child, Running");
    expect(rest).toMatchObject({ code: 1, printed: ["Asked p to rest"] });
    expect(rest.failed).toEqual(["no instance 'nobody' exists in task hub 'MemoryHub'. Try: durable ls"]);
    expect(resting.text).toMatch(/being resumed: lunch +since/);
    expect(JSON.parse(end.text)).toEqual({ terminated: ["p"], failed: [] });
    expect(again.printed).toEqual(["p"]);
  });

  it("list page by page, and say how to go on", async () => {
    await using it = await openHub();
    for (let index = 0; index < 230; index++)
      await it.hub.client.startInstance({ name: "order", instanceId: `o${index}` });
    await it.hub.settle();

    const all = await it.run("ls", "--json");
    const first = await it.run("ls", "--limit", "120", "--prefix", "o");
    const token = /--after "([^"]+)"/.exec(first.failed[0]!)![1]!;
    const rest = await it.run("ls", "--prefix", "o", "--after", token);
    const none = await it.run("ls", "--name", "nobody");

    expect(all.printed.map((line) => (JSON.parse(line) as { id: string }).id)).toHaveLength(230);
    expect(first.printed).toHaveLength(121);
    expect(rest.printed).toHaveLength(111);
    expect(none).toMatchObject({ code: 0, printed: [], failed: ["No instance meets the conditions."] });
  });

  it("say who is missing", async () => {
    await using it = await openHub({ hasWorker: false });

    const started = await it.run("start", "order", "--id", "o1");
    const shown = await it.run("show", "o1");
    const history = await it.run("history", "o1");
    const unknown = await it.run("history", "nobody");
    const entity = await it.run("show", "@counter@a");

    expect(started.failed[0]).toMatch(/^No worker has this hub at the moment/);
    expect(shown.text).toContain("a worker that takes it up");
    expect(history.text).toBe("It has no history yet: no worker has taken it up.");
    expect(unknown).toMatchObject({
      code: 1,
      failed: ["There is no instance 'nobody' in task hub MemoryHub. Try: durable ls"],
    });
    expect(entity.code).toBe(1);
  });

  it("do not wait in a store that no host can have meanwhile", async () => {
    await using it = await openHub({ isIdle: true });

    const { code, failed } = await it.run("start", "order", "--id", "o1", "--wait");

    expect(code).toBe(1);
    expect(failed[0]).toMatch(/^Nobody would run it/);
    expect(await it.hub.client.getInstance("o1")).toBeUndefined();
  });

  it("wait for an end, and exit with 1 for a bad one", async () => {
    await using it = await openHub();

    const running = it.begin("start", "order", "--id", "o1", "--input", '"bad"', "--wait");
    const late = it.begin("start", "order", "--id", "o2", "--input", '"good"', "--timeout", "5s");
    await it.hub.advance("1m");
    const ended = await running;

    expect(ended.code).toBe(1);
    expect(ended.text).toContain("o1  order  Failed");
    expect(await late).toMatchObject({
      code: 1,
      failed: ["Started o2, and waiting for its end", "It has not ended in that time, and goes on:"],
    });
  });
});
