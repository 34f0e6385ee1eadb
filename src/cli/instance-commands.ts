import { readFile } from "node:fs/promises";
import { text as readAll } from "node:stream/consumers";
import { isEntityInstanceId } from "../core/entity-id.ts";
import { DurableError, isDurableError, messageOf } from "../core/errors.ts";
import type { OrchestrationState } from "../core/orchestration-state.ts";
import type { OrchestrationRuntimeStatus } from "../core/orchestration-status.ts";
import type { Clock } from "../core/ports.ts";
import { systemClock } from "../core/system-ports.ts";
import type { OpenTaskHub } from "../hosting/task-hub.ts";
import { describeHistory } from "../management/history-lines.ts";
import { describeWaits } from "../management/instance-waits.ts";
import { formatRecordedHistory } from "../management/recorded-history.ts";
import { openForWriting, readHistories } from "./histories.ts";
import { describeHistoryLines, historyLineJson } from "./history-view.ts";
import { withChosenHub } from "./hub-access.ts";
import {
  type InstanceOptions,
  type InstanceTask,
  type InstanceWaitOption,
  isJson,
  type PayloadSource,
} from "./instance-options.ts";
import {
  describeEntity,
  describeInstance,
  entityJson,
  instanceJson,
  paintStatus,
  type ShownInstance,
  shownInstanceJson,
} from "./instance-view.ts";
import { resolveMoment } from "./moment.ts";
import { Columns, printable, printableJson } from "./printable.ts";
import type { Terminal } from "./terminal.ts";

type Output = Pick<Terminal, "print" | "fail" | "paint" | "flush">;
type HistoryTask = Extract<InstanceTask, { readonly verb: "history"; readonly instanceId: string }>;
type HistoriesTask = Extract<InstanceTask, { readonly verb: "history"; readonly instanceId: undefined }>;
type TaskOf<V extends InstanceTask["verb"]> = Extract<InstanceTask, { readonly verb: V }>;

const pageSize = 100;
/** Of so many sub-orchestrations the status is read. */
const maxChildren = 20;

/** The verbs for instances: `durable ls`, `show`, `history`, `start`, `raise`... Resolves to the exit code. */
export function runInstances(options: InstanceOptions, terminal: Output): Promise<number> {
  return withChosenHub(options, terminal, (hub) => new InstanceCommand(hub, options, terminal).run());
}

/** One verb, on a hub that is open. */
export class InstanceCommand {
  readonly #hub: Pick<OpenTaskHub, "client" | "store" | "isOwnStore">;
  readonly #task: InstanceTask;
  readonly #json: boolean;
  readonly #terminal: Output;
  readonly #clock: Pick<Clock, "now">;

  constructor(
    hub: Pick<OpenTaskHub, "client" | "store" | "isOwnStore">,
    { task, json }: Pick<InstanceOptions, "task" | "json">,
    terminal: Output,
    clock: Pick<Clock, "now"> = systemClock,
  ) {
    this.#hub = hub;
    this.#task = task;
    this.#json = json;
    this.#terminal = terminal;
    this.#clock = clock;
  }

  /** Resolves to the exit code. @throws DurableError for a storage that fails */
  async run(): Promise<number> {
    try {
      return await this.#run(this.#task);
    } catch (error) {
      if (!isDurableError(error, "InstanceNotFound")) throw error;
      this.#terminal.fail(printable(withHint(error)));
      return 1;
    }
  }

  async #run(task: InstanceTask): Promise<number> {
    switch (task.verb) {
      case "ls":
        return this.#list(task);
      case "show":
        return isEntityInstanceId(task.instanceId) ? this.#showEntity(task) : this.#show(task.instanceId, task.full);
      case "history":
        return task.instanceId === undefined ? this.#printHistories(task) : this.#showHistory(task);
      case "start":
        return this.#start(task);
      case "raise":
      case "signal":
        return this.#send(task);
      case "restart":
        return this.#restart(task);
      default:
        return this.#manage(task);
    }
  }

  /** Page by page, so that a list may be of any length. */
  async #list(task: TaskOf<"ls">): Promise<number> {
    const now = this.#clock.now();
    const columns = new Columns();
    let { continuationToken } = task;
    let left = task.limit ?? Number.POSITIVE_INFINITY;
    let hasHeader = this.#json;
    do {
      const page = await this.#hub.client.queryInstances({
        runtimeStatus: task.statuses,
        name: task.name,
        instanceIdPrefix: task.prefix,
        createdTimeFrom: resolveMoment(task.createdAfter, now),
        createdTimeTo: resolveMoment(task.createdBefore, now),
        includeEntities: task.includeEntities,
        pageSize: Math.min(pageSize, left),
        fetchInput: false,
        fetchOutput: false,
        timesMove: true,
        continuationToken,
      });
      left -= page.instances.length;
      continuationToken = page.continuationToken;
      if (this.#json) for (const state of page.instances) this.#printJson(instanceJson(state));
      else {
        this.#printPage(page.instances, columns, !hasHeader);
        hasHeader ||= page.instances.length > 0;
      }
    } while (continuationToken !== undefined && left > 0 && (await this.#terminal.flush()));
    if (!hasHeader) this.#terminal.fail("No instance meets the conditions.");
    if (continuationToken !== undefined && left === 0) {
      this.#terminal.fail(`There may be more; go on with: --after "${continuationToken}"`);
    }
    return 0;
  }

  #printPage(instances: readonly OrchestrationState[], columns: Columns, withHeader: boolean): void {
    if (instances.length === 0) return;
    const header = ["STATUS", "CREATED", "CHANGED", "NAME", "ID"];
    const rows = instances.map((state) => [
      state.runtimeStatus,
      seconds(state.createdTime),
      seconds(state.lastUpdatedTime),
      printable(state.name),
      printable(state.instanceId),
    ]);
    const [first, ...lines] = columns.format([header, ...rows]);
    if (withHeader) this.#terminal.print(this.#terminal.paint("grey", first!));
    for (const [index, line] of lines.entries()) {
      const { runtimeStatus } = instances[index]!;
      const painted = paintStatus(runtimeStatus, runtimeStatus, this.#terminal);
      this.#terminal.print(`${painted}${line.slice(runtimeStatus.length)}`);
    }
  }

  async #show(instanceId: string, full: boolean): Promise<number> {
    const shown = await this.#look(instanceId);
    if (shown === undefined) return this.#failUnknown(instanceId);
    if (this.#json) this.#printJson(shownInstanceJson(shown));
    else this.#printLines(describeInstance(shown, { full, now: this.#clock.now(), terminal: this.#terminal }));
    return 0;
  }

  async #look(instanceId: string): Promise<ShownInstance | undefined> {
    const { client } = this.#hub;
    const state = await client.getInstance(instanceId, { fetchFailure: true });
    if (state === undefined) return undefined;
    const isOver = state.completedTime !== undefined;
    const waits = describeWaits(state, isOver ? undefined : await client.getHistory(instanceId));
    const children = new Map<string, OrchestrationRuntimeStatus>();
    for (const wait of waits.waits) {
      if (wait.kind !== "sub-orchestration" || children.size >= maxChildren) continue;
      const child = await client.getInstance(wait.instanceId, { fetchInput: false, fetchOutput: false });
      if (child !== undefined) children.set(wait.instanceId, child.runtimeStatus);
    }
    return { state, waits, children };
  }

  async #showEntity({ instanceId, full }: TaskOf<"show">): Promise<number> {
    const entity = await this.#hub.client.entities.get(instanceId);
    if (entity === undefined) {
      this.#terminal.fail(`There is no entity '${printable(instanceId)}'. Try: durable ls --entities --prefix @`);
      return 1;
    }
    if (this.#json) this.#printJson(entityJson(entity));
    else this.#printLines(describeEntity(entity, { full, now: this.#clock.now(), terminal: this.#terminal }));
    return 0;
  }

  /** A line for each instance that has a history. */
  async #printHistories({ statuses, name, prefix, out }: HistoriesTask): Promise<number> {
    const conditions = { runtimeStatus: statuses, name, instanceIdPrefix: prefix };
    const file = out === undefined ? undefined : await openForWriting(out);
    let count = 0;
    try {
      for await (const recorded of readHistories(this.#hub.client, conditions)) {
        count++;
        const line = printable(formatRecordedHistory(recorded));
        if (file !== undefined) await file.write(`${line}\n`);
        else this.#terminal.print(line);
        if (!(await this.#terminal.flush())) break;
      }
    } finally {
      await file?.close();
    }
    if (count === 0) this.#terminal.fail("No instance meets the conditions.");
    else if (file !== undefined) this.#terminal.print(`${count} histories are in ${out}.`);
    return 0;
  }

  async #showHistory({ instanceId, full }: HistoryTask): Promise<number> {
    const history = await this.#hub.client.getHistory(instanceId);
    if (history === undefined) {
      const state = await this.#hub.client.getInstance(instanceId, { fetchInput: false, fetchOutput: false });
      if (state === undefined) return this.#failUnknown(instanceId);
    }
    const lines = describeHistory(history ?? []);
    if (this.#json) {
      this.#printJson({ id: instanceId, events: lines.map((line) => historyLineJson(line, full)) });
    } else if (lines.length === 0) {
      this.#terminal.print("It has no history yet: no worker has taken it up.");
    } else this.#printLines(describeHistoryLines(lines, { full, terminal: this.#terminal }));
    return 0;
  }

  async #start(task: TaskOf<"start">): Promise<number> {
    if (task.wait !== undefined && this.#failIdle()) return 1;
    const { name, version, instanceId } = task;
    const input = await readSource(task.input);
    const id = await this.#hub.client.startInstance({ name, version, instanceId, input });
    return this.#reportStart(id, task.wait);
  }

  async #restart({ instanceId, sameId, wait }: TaskOf<"restart">): Promise<number> {
    if (wait !== undefined && this.#failIdle()) return 1;
    const id = await this.#hub.client.restart(instanceId, { restartWithNewInstanceId: !sameId });
    return this.#reportStart(id, wait);
  }

  async #reportStart(id: string, wait: InstanceWaitOption | undefined): Promise<number> {
    if (wait === undefined) {
      if (this.#json) this.#printJson({ id });
      else this.#terminal.print(printable(id));
      await this.#noteIdle();
      return 0;
    }
    if (!this.#json) this.#terminal.fail(`Started ${printable(id)}, and waiting for its end`);
    try {
      await this.#hub.client.waitForInstance(id, "ended", { ...wait, fetchInput: false, fetchOutput: false });
    } catch (error) {
      if (!isDurableError(error, "TaskTimeout")) throw error;
      this.#terminal.fail("It has not ended in that time, and goes on:");
    }
    await this.#show(id, false);
    const state = await this.#hub.client.getInstance(id, { fetchInput: false, fetchOutput: false });
    return state?.runtimeStatus === "Completed" ? 0 : 1;
  }

  async #send(task: TaskOf<"raise" | "signal">): Promise<number> {
    const data = await readSource(task.data);
    const { client } = this.#hub;
    if (task.verb === "raise") {
      const { instanceId, event } = task;
      await client.raiseEvent(instanceId, event, data);
      this.#report({ id: instanceId, event }, `Sent event '${event}' to ${instanceId}`);
    } else {
      const { entity, operation } = task;
      await client.entities.signal(entity, { operation, input: data });
      this.#report({ id: entity, operation }, `Sent operation '${operation}' to ${entity}`);
    }
    await this.#noteIdle();
    return 0;
  }

  /** An instance that refuses does not keep the others. */
  async #manage(task: TaskOf<"terminate" | "suspend" | "resume" | "rewind">): Promise<number> {
    const { verb, instanceIds, reason, recursive } = task;
    const { client } = this.#hub;
    const done: string[] = [];
    const failed: { id: string; message: string }[] = [];
    for (const id of instanceIds) {
      try {
        if (verb === "terminate") await client.terminate(id, reason, { recursive });
        else await client[verb](id, reason);
        done.push(id);
      } catch (error) {
        if (!isDurableError(error)) throw error;
        failed.push({ id, message: withHint(error) });
      }
    }
    if (this.#json) this.#printJson({ [pastOf[verb]]: done, failed });
    else for (const id of done) this.#terminal.print(printable(`Asked ${id} to ${verbOf[verb]}`));
    for (const { message } of failed) this.#terminal.fail(printable(message));
    if (done.length > 0) await this.#noteIdle();
    return failed.length === 0 ? 0 : 1;
  }

  /** To wait in a store that no host can have meanwhile would be for ever. */
  #failIdle(): boolean {
    if (!this.#hub.isOwnStore) return false;
    this.#terminal.fail(
      "Nobody would run it: no host runs in this folder. Run 'durable start' first, or leave out --wait",
    );
    return true;
  }

  async #noteIdle(): Promise<void> {
    const workers = this.#hub.isOwnStore ? [] : ((await this.#hub.store.readWorkers()) ?? []);
    const now = this.#clock.now();
    if (workers.some(({ until }) => until === undefined || until.getTime() > now)) return;
    this.#terminal.fail("No worker has this hub at the moment; one that comes will take it up (durable start).");
  }

  #failUnknown(instanceId: string): number {
    const { taskHub } = this.#hub.client;
    this.#terminal.fail(`There is no instance '${printable(instanceId)}' in task hub ${taskHub}. Try: durable ls`);
    return 1;
  }

  #report(json: Readonly<Record<string, unknown>>, line: string): void {
    if (this.#json) this.#printJson(json);
    else this.#terminal.print(printable(line));
  }

  #printJson(value: Readonly<Record<string, unknown>>): void {
    this.#terminal.print(printableJson(value));
  }

  #printLines(lines: readonly string[]): void {
    for (const line of lines) this.#terminal.print(line);
  }
}

const pastOf = { terminate: "terminated", suspend: "suspended", resume: "resumed", rewind: "rewound" } as const;
const verbOf = { terminate: "end", suspend: "rest", resume: "go on", rewind: "go on from its failure" } as const;

function withHint(error: DurableError): string {
  return error.code === "InstanceNotFound" ? `${error.message}. Try: durable ls` : error.message;
}

function seconds(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

/** @throws DurableError `InvalidPayload` for what is no JSON, `InvalidOption` for a file that cannot be read */
async function readSource(source: PayloadSource | undefined): Promise<string | undefined> {
  if (source === undefined) return undefined;
  if (source.kind === "json") return source.json;
  const name = source.kind === "file" ? `the file ${source.path}` : "standard input";
  let read: string;
  try {
    read = source.kind === "file" ? await readFile(source.path, "utf8") : await readAll(process.stdin);
  } catch (error) {
    throw new DurableError("InvalidOption", `${name} cannot be read: ${messageOf(error)}`);
  }
  // Editors and shells on Windows begin files with a byte order mark.
  const json = read.replace(/^\uFEFF/, "").trim();
  if (isJson(json)) return json;
  throw new DurableError("InvalidPayload", `${name} holds no JSON; give a plain text as an argument with --text`);
}
