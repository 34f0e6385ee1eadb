import { setTimeout } from "node:timers";
import { nextTurn } from "./hub-host.ts";
import type { Work, WorkMeter } from "./work-meter.ts";

export interface SettlingOptions {
  readonly meter: WorkMeter;
  /** How long time stands still for work, in real milliseconds. */
  readonly patienceMs: number;
  /** Longest real time without any progress before it is an error. */
  readonly limitMs: number;
  /** Whether time would change something for what is at work. */
  readonly isTimed: (work: Work) => Promise<boolean>;
}

/** Turns of the event loop that are given to work before real time is waited for. */
const freeTurns = 200;
/** Code of the engine may take a turn for itself. */
const quietTurns = 2;

// Test runners replace the global one for code under test.
const timeout = setTimeout;

/**
 * Resolves when nothing more happens without time: no code of the hub is at work, or what is has had its time.
 *
 * @throws Error that names what does not end
 */
export async function settle(options: SettlingOptions): Promise<void> {
  const { meter } = options;
  let quiet = 0;
  let rested = 0;
  while (quiet < quietTurns) {
    const before = meter.changes;
    await nextTurn();
    if (meter.changes !== before) {
      quiet = 0;
      rested = 0;
    } else if (meter.open.size === 0) quiet++;
    else if (++rested > freeTurns && (await outlasts(options))) return;
  }
}

/** Waits for work in real time. @returns `true` when it has had its time, and time may go on without it */
async function outlasts({ meter, patienceMs, limitMs, isTimed }: SettlingOptions): Promise<boolean> {
  const { restedMs } = meter;
  const isPatient = restedMs < patienceMs;
  if (!isPatient && (await Promise.all([...meter.open].map(isTimed))).includes(true)) return true;
  if (restedMs >= limitMs) throw new Error(describeWork([...meter.open], restedMs));
  await waitFor(meter.nextChange(), (isPatient ? Math.min(patienceMs, limitMs) : limitMs) - restedMs);
  return false;
}

async function waitFor(change: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const time = new Promise<void>((resolve) => {
    timer = timeout(resolve, Math.max(1, ms));
  });
  await Promise.race([change, time]);
  clearTimeout(timer);
}

function describeWork(open: readonly Work[], ms: number): string {
  const lines = open.map(({ kind, name, instanceId }) =>
    kind === "orchestration"
      ? `- the code of '${instanceId}'`
      : `- ${kind} '${name}'${kind === "activity" ? ` of '${instanceId}'` : ""}`,
  );
  return [
    `code has been at work for ${Math.round(ms / 100) / 10} s of real time, and does not end:`,
    ...lines,
    "If it does end, give it more with createTestHub's 'activityLimit'. For an activity that shall never end, use replace(activity, hangs).",
  ].join("\n");
}
