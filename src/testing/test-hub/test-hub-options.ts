import { DurableError } from "../../core/errors.ts";
import { assertKind, assertOptions, type OptionKinds } from "../../core/option-names.ts";
import { parseTimeSpan, type TimeSpanInput } from "../../core/time-span.ts";
import type { ActivityFunction } from "../../worker/activity-context.ts";
import type { TestedHttp } from "./fake-http.ts";
import type { Replacement } from "./replacement.ts";

/** How a test hub is made. */
export interface TestHubOptions {
  /** What ids are made of: the same seed gives the same ids, times and histories. @defaultValue 1 */
  readonly seed?: number | undefined;
  /** What time it is at first. @defaultValue 2026-01-01T00:00:00Z */
  readonly startAt?: Date | undefined;
  /**
   * What runs in the place of activities: a list of what {@link replace} gives, which checks the types, or functions by the
   * names of the activities. @defaultValue the activities of the app run
   */
  readonly activities?: readonly Replacement[] | Readonly<Record<string, ActivityFunction>> | undefined;
  /** Answers what `context.callHttp` asks. @defaultValue the requests go out */
  readonly http?: TestedHttp | undefined;
  /**
   * How long time stands still for activities that are at work, in real time. After that it goes on, where their
   * orchestrations wait for a timer too, such as a time limit. @defaultValue 1 second
   */
  readonly patience?: TimeSpanInput | undefined;
  /**
   * Longest that an activity may be at work, in real time, before whoever waits is told that it does not end.
   * @defaultValue 4 seconds, which is less than test runners wait
   */
  readonly activityLimit?: TimeSpanInput | undefined;
  /** Most moments to which time passes for one wait, so that what never ends is told. @defaultValue 20,000 */
  readonly maxSteps?: number | undefined;
  /**
   * Replays each orchestration from its history beside its run, and fails it when its code decides otherwise there. Code
   * runs several times. @defaultValue false
   */
  readonly replayCheck?: boolean | undefined;
}

export interface ResolvedTestHubOptions {
  readonly seed: number;
  readonly startAt: number;
  readonly replacements: readonly Replacement[];
  readonly http: TestedHttp | undefined;
  readonly patienceMs: number;
  readonly activityLimitMs: number;
  readonly maxSteps: number;
  readonly replayCheck: boolean;
}

const kinds: OptionKinds<TestHubOptions> = {
  seed: "number",
  startAt: "date",
  activities: "any",
  http: "function",
  patience: "time span",
  activityLimit: "time span",
  maxSteps: "count",
  replayCheck: "flag",
};

/** @throws DurableError `InvalidOption` */
export function resolveTestHubOptions(options: TestHubOptions): ResolvedTestHubOptions {
  const given = Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined));
  assertOptions(options === null || typeof options !== "object" ? options : given, kinds, "createTestHub");
  const { seed = 1, startAt, activities, http, patience = "1s", activityLimit = "4s" } = options;
  return {
    seed,
    startAt: startAt?.getTime() ?? Date.UTC(2026, 0, 1),
    replacements: readReplacements(activities),
    http,
    patienceMs: parseTimeSpan(patience, "'patience' of createTestHub"),
    activityLimitMs: parseTimeSpan(activityLimit, "'activityLimit' of createTestHub"),
    maxSteps: options.maxSteps ?? 20_000,
    replayCheck: options.replayCheck ?? false,
  };
}

function readReplacements(given: TestHubOptions["activities"]): readonly Replacement[] {
  if (given === undefined) return [];
  const what = "'activities' of createTestHub";
  if (Array.isArray(given)) {
    for (const each of given as readonly (Partial<Replacement> | null)[]) {
      if (typeof each?.name === "string" && typeof each.code === "function") continue;
      throw new DurableError("InvalidOption", `${what} is a list of what replace(activity, code) gives`);
    }
    return given;
  }
  assertKind(given, "object", what);
  return Object.entries(given).map(([name, code]) => {
    assertKind(code, "function", `'${name}' of ${what}`);
    return { name, code };
  });
}
