import type { Intercept } from "../support/storage-proxy.ts";
import { refusal } from "../support/storage-proxy.ts";
import { parseHttpWrite, WriteLabels } from "../support/storage-write.ts";

/** What happens at one write. Kills are SIGKILLs while the request is held. */
export const faultModes = [
  "kill before",
  "kill after",
  "answer lost",
  "500",
  "503",
  "refused 404",
  "refused 409",
  "refused 412",
] as const;
export type FaultMode = (typeof faultModes)[number];

/** One write of a workload, and what befalls it. */
export interface FaultPoint {
  readonly workload: string;
  readonly mode: FaultMode;
  readonly label: string;
}

export function formatPoint({ workload, mode, label }: FaultPoint): string {
  return `${workload} | ${mode} | ${label}`;
}

/** Reads {@link formatPoint}. @throws Error */
export function parsePoint(text: string): FaultPoint {
  const [workload = "", mode = "", label = ""] = text.split(" | ");
  const known = faultModes.find((each) => each === mode);
  if (known !== undefined && label !== "") return { workload, mode: known, label };
  throw new Error(`"${text}" is no fault point: workload | ${faultModes.join(" or ")} | label of a write`);
}

const refusals = new Map<FaultMode, readonly [number, string]>([
  ["500", [500, "InternalError"]],
  ["503", [503, "ServerBusy"]],
  ["refused 404", [404, "ResourceNotFound"]],
  ["refused 409", [409, "EntityAlreadyExists"]],
  ["refused 412", [412, "UpdateConditionNotSatisfied"]],
]);

/** Says what befalls a write, if anything does. */
export type FaultPlan = (label: string) => FaultMode | undefined;

/** A fault that happens once. */
export function planOf(point: FaultPoint | undefined): FaultPlan {
  let isOver = false;
  return (label) => {
    if (isOver || label !== point?.label) return undefined;
    isOver = true;
    return point.mode;
  };
}

/** Lets everything pass but for what a plan says, and notes what passes. */
export class FaultInjector {
  /** Labels of all writes, in the order of their arrival. */
  readonly labels: string[] = [];
  readonly trace: string[] = [];
  /** Resolves once the first fault is over. */
  readonly fired: Promise<void>;
  #lastFaultAt: number | undefined;
  readonly #plan: FaultPlan;
  readonly #kill: () => Promise<void>;
  readonly #names = new WriteLabels();
  readonly #began = performance.now();
  #onFired: () => void = () => {};

  /** @param kill resolves once the process that sent the request is gone */
  constructor(plan: FaultPlan, kill: () => Promise<void>) {
    this.#plan = plan;
    this.#kill = kill;
    this.fired = new Promise((resolve) => {
      this.#onFired = resolve;
    });
  }

  /** By `performance.now()`; `undefined` as long as nothing has happened. */
  get lastFaultAt(): number | undefined {
    return this.#lastFaultAt;
  }

  /** Messages that workers have sent or received, and nobody has deleted. */
  get openMessages(): readonly string[] {
    return this.#names.open;
  }

  readonly intercept: Intercept = async (request, forward) => {
    const write = parseHttpWrite(request);
    const label = write && this.#names.label(write);
    if (label !== undefined) this.labels.push(label);
    const mode = label === undefined ? undefined : this.#plan(label);
    if (mode !== undefined) this.#lastFaultAt = performance.now();
    try {
      const isForwarded = mode === undefined || mode === "kill after" || mode === "answer lost";
      const answer = isForwarded ? await forward() : undefined;
      if (answer !== undefined) this.#names.learnFrom(request, answer);
      const isDone = answer !== undefined && answer.status < 300;
      if (isDone && write?.to === "queue" && write.verb === "delete") this.#names.forget(write.messageId);
      if (label !== undefined) this.#note(label, mode, answer?.status);
      if (mode === undefined) return answer;
      if (mode.startsWith("kill")) await this.#kill();
      const refused = refusals.get(mode);
      return refused && refusal(request.service, ...refused);
    } finally {
      if (mode !== undefined) this.#onFired();
    }
  };

  #note(label: string, mode: FaultMode | undefined, status: number | undefined): void {
    const ms = (performance.now() - this.#began).toFixed(0).padStart(6);
    this.trace.push(`${ms} ms  ${label} ${status ?? "not done"}${mode === undefined ? "" : `  <-- ${mode}`}`);
  }
}
