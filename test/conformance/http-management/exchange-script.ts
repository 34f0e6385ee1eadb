import type { OrchestrationRuntimeStatus } from "../../../src/core/orchestration-status.ts";

/** What the script needs of the hub that is asked. */
export interface AskedHub {
  /** Puts an instance into the hub as another program does, under an id that is given to none here. */
  readonly startElsewhere: (name: string, instanceId: string, input: string) => Promise<void>;
  /** Starts an orchestration of the recorded app, unrecorded. */
  readonly start: (name: string, instanceId: string, input: string) => Promise<void>;
  readonly suspend: (instanceId: string) => Promise<void>;
  /** Resolves once each of the instances has the status, or any end. */
  readonly until: (status: OrchestrationRuntimeStatus | "ended", ...instanceIds: readonly string[]) => Promise<void>;
  /** Resolves once the entity has this state as JSON; `undefined` for none. */
  readonly untilEntity: (name: string, key: string, state: string | undefined) => Promise<void>;
  /** Has the activity `flaky` succeed from now on. */
  readonly mend: () => void;
}

const waiting = ["g-term", "g-term2", "g-term3", "g-susp", "g-run"];

/** What has to happen before a recorded request is sent, by its name: so it was when the extension was asked. */
export const before: Readonly<Record<string, (hub: AskedHub) => Promise<void>>> = {
  "start-duplicate-running": (hub) => hub.until("Running", "g-wait"),
  "start-again-completed": (hub) => hub.until("ended", "g-hello"),
  "status-completed": async (hub) => {
    await hub.start("throwing", "g-throw", "null");
    await hub.start("timer", "g-timer", "null");
    await hub.start("parent", "g-parent", "null");
    await hub.start("flakyOrch", "g-flaky", "null");
    await hub.until("ended", "g-hello", "g-w3", "g-throw", "g-timer", "g-parent", "g-flaky", "g-empty");
  },
  "status-id-at": (hub) => hub.startElsewhere("helloSequence", "@bad", '["X"]'),
  "status-id-hash": async (hub) => {
    await hub.startElsewhere("helloSequence", "a#b", '["X"]');
    await hub.until("ended", "a#b");
  },
  "status-id-backslash": async (hub) => {
    await hub.startElsewhere("helloSequence", "a\\b", '["X"]');
    await hub.until("ended", "a\\b");
  },
  "status-big": async (hub) => {
    await hub.start("helloSequence", "g-big", JSON.stringify(["x".repeat(70_000)]));
    await hub.until("ended", "g-big");
  },
  "status-entity-call": async (hub) => {
    await hub.start("entityCall", "g-ecall", "null");
    await hub.until("ended", "g-ecall");
  },
  "status-continued-as-new": async (hub) => {
    await hub.start("eternal", "g-eternal", "0");
    await hub.until("ended", "g-eternal");
  },
  "status-retried": async (hub) => {
    await hub.start("retrying", "g-retry", "null");
    await hub.until("ended", "g-retry");
  },
  "status-failed-sub": async (hub) => {
    await hub.start("parentOfFailing", "g-pf", "null");
    await hub.until("ended", "g-pf");
  },
  "status-after-event": (hub) => hub.until("ended", "g-wait"),
  terminate: async (hub) => {
    for (const id of waiting) await hub.start("waitEvent", id, "null");
    await hub.until("Running", ...waiting);
  },
  "status-terminated": (hub) => hub.until("Terminated", "g-term", "g-term2", "g-term3"),
  "status-suspended": (hub) => hub.until("Suspended", "g-susp"),
  "status-resumed": (hub) => hub.until("ended", "g-susp"),
  "purge-suspended": async (hub) => {
    await hub.start("waitEvent", "g-susp2", "null");
    await hub.until("Running", "g-susp2");
    await hub.suspend("g-susp2");
    await hub.until("Suspended", "g-susp2");
  },
  "suspend-no-reason": (hub) => hub.until("Terminated", "g-susp2"),
  "resume-no-reason": (hub) => hub.until("Suspended", "g-run"),
  "rewind-completed": (hub) => hub.until("Running", "g-run"),
  rewind: async (hub) => hub.mend(),
  "status-after-rewind": (hub) => hub.until("Completed", "g-flaky"),
  "restart-unknown": (hub) => hub.until("ended", "g-hello"),
  "entity-get": async (hub) => {
    await hub.untilEntity("Counter", "k1", "5");
    await hub.untilEntity("Counter", "k2", "7");
    await hub.untilEntity("Counter", "", "5");
  },
  "entity-get-deleted": (hub) => hub.untilEntity("Counter", "k1", undefined),
};
