import type { CodeMarks, RunningCode } from "../../core/code-marks.ts";

/**
 * Memory that the event loop and the watchdog's thread share.
 *
 * Numbers of 32 bits, at these places, then the text of the mark in UTF-8: kind, name, instance id and task number, one on
 * each line.
 */
export const sharedPlaces = {
  /** Counted up by the event loop as long as it is alive. */
  beat: 0,
  /** Set by the thread when it has interrupted the event loop. */
  isInterrupted: 1,
  /** Bytes of the mark's text; 0 while no code is known to run. */
  markLength: 2,
  /** How much code is inside at a time; with more than one the mark may be that of another. */
  open: 3,
  /** A debugger may hold the event loop on purpose. */
  isDebugged: 4,
  /** Bytes of the text of the code that was interrupted; 0 when that is not known for certain. */
  victimLength: 5,
  /** Where the text of the mark begins, in bytes, and that of the interrupted code. */
  text: 64,
  victim: 2112,
} as const;

const totalBytes = 4160;

/** The marks of one process, as its watchdog reads them. */
export class SharedMarks implements CodeMarks {
  readonly buffer: SharedArrayBuffer = new SharedArrayBuffer(totalBytes);
  readonly #numbers = new Int32Array(this.buffer, 0, sharedPlaces.text / 4);
  readonly #text = Buffer.from(this.buffer, sharedPlaces.text, sharedPlaces.victim - sharedPlaces.text);
  readonly #running = new Set<RunningCode>();
  #last = 0;

  enter({ kind, name, instanceId, taskId }: RunningCode): number {
    const numbers = this.#numbers;
    numbers[sharedPlaces.markLength] = 0;
    const length = this.#text.write(`${kind}\n${name}\n${instanceId}\n${taskId ?? ""}`);
    numbers[sharedPlaces.open] = (numbers[sharedPlaces.open] ?? 0) + 1;
    Atomics.store(numbers, sharedPlaces.markLength, length);
    return ++this.#last;
  }

  leave(mark: number): void {
    const numbers = this.#numbers;
    numbers[sharedPlaces.open] = Math.max(0, (numbers[sharedPlaces.open] ?? 0) - 1);
    if (mark === this.#last) Atomics.store(numbers, sharedPlaces.markLength, 0);
  }

  started(code: RunningCode): void {
    this.#running.add(code);
  }

  ended(code: RunningCode): void {
    this.#running.delete(code);
  }

  /** What has begun and not ended, whether it runs or waits. */
  get running(): readonly RunningCode[] {
    return [...this.#running];
  }

  /** The code that has the event loop; `undefined` when that is not known for certain. */
  get current(): RunningCode | undefined {
    if (this.#numbers[sharedPlaces.open] !== 1) return undefined;
    return parseMark(this.#text.toString("utf8", 0, this.#numbers[sharedPlaces.markLength]));
  }

  /** The code that the thread has interrupted; `undefined` when that is not known for certain. */
  get victim(): RunningCode | undefined {
    const length = Atomics.load(this.#numbers, sharedPlaces.victimLength);
    return parseMark(Buffer.from(this.buffer, sharedPlaces.victim, length).toString("utf8"));
  }

  /** To be called by a timer of the event loop. */
  beat(isDebugged: boolean): void {
    Atomics.store(this.#numbers, sharedPlaces.isDebugged, isDebugged ? 1 : 0);
    Atomics.add(this.#numbers, sharedPlaces.beat, 1);
  }

  /** `true` once the thread has interrupted the event loop. */
  get isInterrupted(): boolean {
    return Atomics.load(this.#numbers, sharedPlaces.isInterrupted) === 1;
  }
}

/** Undoes the text of a mark. */
export function parseMark(text: string): RunningCode | undefined {
  const [kind, name, instanceId, taskId] = text.split("\n");
  if (kind !== "orchestration" && kind !== "entity" && kind !== "activity") return undefined;
  if (name === undefined || instanceId === undefined) return undefined;
  return { kind, name, instanceId, taskId: taskId ? Number(taskId) : undefined };
}

/** `activity 'resize' of 'order-17'`. */
export function describeCode({ kind, name, instanceId }: RunningCode): string {
  return `${kind} '${name}' of '${instanceId}'`;
}
