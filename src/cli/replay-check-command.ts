import { isDurableError } from "../core/errors.ts";
import { isTerminalStatus, orchestrationStatuses } from "../core/orchestration-status.ts";
import type { RecordedHistory } from "../management/recorded-history.ts";
import { type HistoryReplay, replayHistory } from "../worker/replay-check/replay-history.ts";
import { readHistories, readHistoryFiles } from "./histories.ts";
import { withChosenHub } from "./hub-access.ts";
import { openCode } from "./open-code.ts";
import { printable } from "./printable.ts";
import type { ReplayCheckOptions } from "./replay-check-options.ts";
import type { Terminal } from "./terminal.ts";

type Output = Pick<Terminal, "print" | "fail" | "paint">;
type Replay = (recorded: RecordedHistory) => Promise<HistoryReplay>;

interface Finding {
  readonly instanceId: string;
  readonly name: string;
  readonly reason: string;
}

/** `durable replay-check`: replays recorded histories with the present code. Resolves to the exit code. */
export async function runReplayCheck(
  options: ReplayCheckOptions,
  product: { readonly version: string },
  terminal: Output,
): Promise<number> {
  const { histories } = options;
  try {
    return await openCode(options, product.version, terminal, async (executor) => {
      const replay: Replay = ({ history }) => replayHistory(executor, history);
      if (histories !== undefined) return await check(readHistoryFiles(histories), replay, options, terminal);
      const runtimeStatus = orchestrationStatuses.filter((status) => !isTerminalStatus(status));
      return await withChosenHub(options, terminal, (hub) =>
        check(readHistories(hub.client, { runtimeStatus }), replay, options, terminal),
      );
    });
  } catch (error) {
    if (!isDurableError(error)) throw error;
    terminal.fail(error.message);
    return 1;
  }
}

async function check(
  histories: AsyncIterable<RecordedHistory>,
  replay: Replay,
  { json }: ReplayCheckOptions,
  terminal: Output,
): Promise<number> {
  const breaking: Finding[] = [];
  const skipped: Finding[] = [];
  let fitting = 0;
  for await (const recorded of histories) {
    const outcome = await replay(recorded);
    const { instanceId, name } = recorded;
    if (outcome.kind === "fits") fitting++;
    else (outcome.kind === "breaks" ? breaking : skipped).push({ instanceId, name, reason: outcome.reason });
  }
  const exitCode = breaking.length > 0 ? 1 : 0;
  if (json) {
    terminal.print(JSON.stringify({ ok: exitCode === 0, fitting, breaking, notReplayed: skipped }));
    return exitCode;
  }
  const total = breaking.length + skipped.length + fitting;
  for (const { instanceId, name, reason } of skipped) {
    terminal.print(terminal.paint("grey", printable(`- ${instanceId} (${name}) was not replayed: ${reason}`)));
  }
  for (const { instanceId, name, reason } of breaking) {
    terminal.print(`${terminal.paint("red", "\u2717")} ${printable(`${instanceId} (${name}): ${reason}`)}`);
  }
  const text =
    total === 0
      ? "There are no histories to replay."
      : breaking.length === 0
        ? `All ${fitting} of ${total} instances that were replayed fit the code.`
        : `${breaking.length} of ${total} instances would break. Put the change behind context.patched(...), let them end first, or give the app a new version.`;
  terminal.print(terminal.paint(breaking.length === 0 ? "green" : "red", text));
  return exitCode;
}
