import { format } from "node:util";
import { DurableError } from "../core/errors.ts";
import type { RecordedHistory } from "../management/recorded-history.ts";
import type { InProcessExecutor } from "../worker/in-process-executor.ts";
import { traceReplay } from "../worker/replay-check/traced-replay.ts";
import { describeFailure, watchExit, watchUserCode } from "./app-process.ts";
import { readHistoryFiles } from "./histories.ts";
import { withChosenHub } from "./hub-access.ts";
import { openCode } from "./open-code.ts";
import { debuggedLoadTimeoutMs, openInspector, stopAtBeginOf } from "./open-inspector.ts";
import { printable } from "./printable.ts";
import type { ReplayOptions } from "./replay-options.ts";
import { describeReplay } from "./replay-view.ts";
import type { Terminal } from "./terminal.ts";

/** So many instances are named when one has to be chosen. */
const maxNamed = 20;

/** `durable replay`: replays one recorded instance and shows what its code did. Resolves to the exit code. */
export async function runReplay(
  options: ReplayOptions,
  product: { readonly version: string },
  terminal: Terminal,
): Promise<number> {
  process.setSourceMapsEnabled(true);
  const { inspect, appFolder, timeoutMs } = options;
  const endLoading = watchExit(terminal);
  watchUserCode(terminal, endLoading);
  try {
    const recorded = await findRecorded(options, terminal);
    if (recorded === undefined) return 1;
    if (inspect !== undefined) {
      terminal.print(printable(`Waits for a debugger, then replays ${recorded.instanceId} (${recorded.name}).`));
      if (!openInspector(inspect, { waits: true })) {
        terminal.fail(
          `No debugger can connect to ${inspect.host}:${inspect.port}; --inspect=0 takes any port that is free.`,
        );
        return 1;
      }
    }
    const loadTimeoutMs = inspect === undefined ? timeoutMs : debuggedLoadTimeoutMs;
    return await openCode({ appFolder, loadTimeoutMs }, product.version, terminal, (executor) => {
      endLoading();
      return replay(executor, recorded, options, terminal);
    });
  } catch (error) {
    terminal.fail(describeFailure(error, false));
    return 1;
  } finally {
    endLoading();
  }
}

async function replay(
  executor: InProcessExecutor,
  recorded: RecordedHistory,
  { inspect }: ReplayOptions,
  terminal: Terminal,
): Promise<number> {
  let goOn: (() => void) | undefined;
  const traced = await traceReplay(executor, recorded.history, {
    onStart: (code) => {
      if (inspect?.stops) goOn = stopAtBeginOf(code);
    },
    onLog: (level, name, args) => terminal.log({ level, category: `Function.${name}.User`, message: format(...args) }),
  });
  goOn?.();
  for (const line of describeReplay(recorded, traced, process.cwd(), terminal)) terminal.print(line);
  return traced.outcome.kind === "fits" ? 0 : 1;
}

/** `undefined` when it was not found; the terminal says why. @throws DurableError for files and hubs that cannot be read */
async function findRecorded(options: ReplayOptions, terminal: Terminal): Promise<RecordedHistory | undefined> {
  const { histories, instanceId } = options;
  if (histories !== undefined) return await findInFiles(histories, instanceId);
  let found: RecordedHistory | undefined;
  await withChosenHub(options, terminal, async ({ client }) => {
    const state = await client.getInstance(instanceId!, { fetchInput: false, fetchOutput: false });
    const history = state && (await client.getHistory(instanceId!));
    if (state === undefined) terminal.fail(`There is no instance '${instanceId}' in this task hub.`);
    else if (history === undefined || history.length === 0) {
      terminal.fail(`'${instanceId}' has no history yet: no worker has taken it up.`);
    } else found = { instanceId: state.instanceId, name: state.name, status: state.runtimeStatus, history };
    return 0;
  });
  return found;
}

/** @throws DurableError `InvalidOption` when none was found, or several and none was chosen */
async function findInFiles(path: string, instanceId: string | undefined): Promise<RecordedHistory> {
  const all: RecordedHistory[] = [];
  let count = 0;
  for await (const recorded of readHistoryFiles(path, path)) {
    if (instanceId !== undefined && recorded.instanceId === instanceId) return recorded;
    count++;
    if (all.length < maxNamed) all.push(recorded);
  }
  const [first] = all;
  if (first === undefined) throw new DurableError("InvalidOption", `${path} holds no history.`);
  if (instanceId === undefined && count === 1) return first;
  const names = all.map((each) => `\n  ${printable(`${each.instanceId} (${each.name}, ${each.status})`)}`).join("");
  const more = count > all.length ? `\n  and ${count - all.length} more` : "";
  const what =
    instanceId === undefined
      ? `${path} holds ${count} instances; choose one with --instance:`
      : `${path} holds no instance '${instanceId}', but:`;
  throw new DurableError("InvalidOption", `${what}${names}${more}`);
}
