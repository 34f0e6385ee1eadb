import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type {
  StorageReply,
  StorageRequest,
  StorageTransport,
} from "../backends/azure-storage/storage/storage-request.ts";

/** A message that a process has received, or sent for itself, and not given up. */
export interface HeldReceipt {
  readonly queue: string;
  readonly messageId: string;
  readonly popReceipt: string;
}

/** `[queue, message, receipt]`: held from now on under this receipt; without a receipt: not held any more. */
type JournalLine = readonly [queue: string, messageId: string, popReceipt?: string];

const extension = ".receipts";
const compactAtBytes = 256 * 1024;
/** What is older has run out: the messages are there again by themselves. In milliseconds. */
const maxAgeMs = 60 * 60_000;

/**
 * What this process holds of the queues, in a file that outlives it: another process of this machine gives that back at
 * once when this one was killed, instead of leaving it hidden until its time runs out.
 *
 * J1. A line that was never written costs time only, and so does one that tells of a message somebody else has by now:
 *     the service refuses the receipt.
 *     An answer that was on its way when the process died is never written down; what is in it waits for its time.
 * J2. Trouble with the file ends the journal, never the engine.
 */
export class ReceiptJournal {
  readonly #folder: string;
  readonly #file: string;
  readonly #onTrouble: (reason: unknown) => void;
  readonly #held = new Map<string, HeldReceipt>();
  #descriptor: number | undefined;
  #bytes = 0;
  #isBroken = false;
  #visibilityTimeoutMs: number | undefined;
  #transport: StorageTransport | undefined;

  /**
   * @param folder of this user's and machine's journals of one hub; made when it is missing
   * @param workerId names the file
   * @param onTrouble called once at most
   */
  constructor(folder: string, workerId: string, onTrouble: (reason: unknown) => void) {
    this.#folder = folder;
    this.#file = join(folder, workerId + extension);
    this.#onTrouble = onTrouble;
    this.#guarded(() => {
      makeOwnFolder(folder);
      this.#descriptor = openSync(this.#file, "w", 0o600);
    });
  }

  /** Sees what is received or sent for this process itself, hidden anew and deleted. */
  watch(transport: StorageTransport): StorageTransport {
    this.#transport = transport;
    return async (request, context) => {
      const reply = await transport(request, context);
      if (this.#descriptor !== undefined) this.#note(request, reply);
      return reply;
    };
  }

  /**
   * Makes visible what dead processes held. Resolves to the number of messages.
   *
   * @param isDead says of a worker id whether its process is certainly gone
   */
  async releaseOfTheDead(isDead: (workerId: string) => boolean, now: number): Promise<number> {
    const transport = this.#transport;
    if (transport === undefined) return 0;
    const receipts: HeldReceipt[] = [];
    this.#guarded(() => {
      for (const name of readdirSync(this.#folder)) {
        if (!name.endsWith(extension) || !isDead(name.slice(0, -extension.length))) continue;
        // First they are ours, so that whoever succeeds this process finds them if it does not come to their release.
        takeJournal(join(this.#folder, name), now, (found) => {
          this.#record(found.map(({ queue, messageId, popReceipt }) => [queue, messageId, popReceipt]));
          receipts.push(...found);
        });
      }
    });
    let released = 0;
    const release = async (): Promise<void> => {
      for (let next = receipts.pop(); next !== undefined; next = receipts.pop()) {
        const held = next;
        const reply = await transport({ kind: "queue.update", ...held, visibilityTimeoutMs: 0 }, {});
        if (reply.outcome === "done") released++; // J1
        // Received by this process meanwhile, it is held under a newer receipt.
        const isNewer = this.#held.get(held.messageId)?.popReceipt !== held.popReceipt;
        if (!isNewer) this.#guarded(() => this.#record([[held.queue, held.messageId]]));
      }
    };
    await Promise.all(Array.from({ length: 16 }, release));
    return released;
  }

  /** Ends the journal. What a hurried stop has left held stays written down for the next process. */
  close(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    if (descriptor === undefined) return;
    try {
      closeSync(descriptor);
      if (this.#held.size === 0) rmSync(this.#file, { force: true });
    } catch {
      // Whoever finds it learns that the receipts are worth nothing. J1
    }
  }

  #note(request: StorageRequest, reply: StorageReply): void {
    const lines = linesOf(request, reply, this.#visibilityTimeoutMs);
    if (request.kind === "queue.receive") this.#visibilityTimeoutMs = request.visibilityTimeoutMs;
    if (lines.length === 0) return;
    this.#guarded(() => this.#record(lines));
  }

  #record(lines: readonly JournalLine[]): void {
    if (lines.length === 0 || this.#descriptor === undefined) return;
    for (const line of lines) applyLine(this.#held, line);
    this.#write(lines);
    if (this.#bytes > compactAtBytes) this.#compact();
  }

  #write(lines: readonly JournalLine[]): void {
    this.#bytes += writeSync(this.#descriptor!, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  }

  /** The file once more, with what is held now. */
  #compact(): void {
    const aside = `${this.#file}.new`;
    closeSync(this.#descriptor!);
    this.#descriptor = openSync(aside, "w", 0o600);
    this.#bytes = 0;
    this.#write([...this.#held.values()].map(({ queue, messageId, popReceipt }) => [queue, messageId, popReceipt]));
    // With very much held the next time may not come at each line.
    this.#bytes = 0;
    renameSync(aside, this.#file);
  }

  /** J2. */
  #guarded(access: () => void): void {
    if (this.#isBroken) return;
    try {
      access();
    } catch (error) {
      this.#isBroken = true;
      this.#descriptor = undefined;
      this.#held.clear();
      this.#onTrouble(error);
    }
  }
}

/** Where the journals of a hub are that processes of this machine and user may read. */
export function journalFolder(machineId: string, hubId: string): string {
  const user = typeof process.getuid === "function" ? process.getuid() : "user";
  return join(tmpdir(), `durable-functions-ts-${user}`, `${machineId}-${hubId}`);
}

/** What a reply says of held messages; a message that is hidden for another time than usual is given up. */
export function linesOf(
  request: StorageRequest,
  reply: StorageReply,
  visibilityTimeoutMs: number | undefined,
): readonly JournalLine[] {
  switch (request.kind) {
    case "queue.receive": {
      if (reply.outcome !== "done") return [];
      const received = reply.value as readonly { readonly messageId: string; readonly popReceipt: string }[];
      return received.map(({ messageId, popReceipt }) => [request.queue, messageId, popReceipt]);
    }
    case "queue.send": {
      if (reply.outcome !== "done" || request.isHeld !== true) return [];
      const { messageId, popReceipt } = reply.value as { readonly messageId: string; readonly popReceipt: string };
      return [[request.queue, messageId, popReceipt]];
    }
    case "queue.update": {
      const { queue, messageId } = request;
      if (reply.outcome !== "done") return reply.outcome === "failed" ? [] : [[queue, messageId]];
      const isKept = request.visibilityTimeoutMs === visibilityTimeoutMs;
      return [isKept ? [queue, messageId, (reply.value as { popReceipt: string }).popReceipt] : [queue, messageId]];
    }
    case "queue.deleteMessage":
      return reply.outcome === "failed" ? [] : [[request.queue, request.messageId]];
    default:
      return [];
  }
}

/** What a journal says is held. A line that the death of its writer cut off is left out. */
export function readJournal(text: string): readonly HeldReceipt[] {
  const held = new Map<string, HeldReceipt>();
  for (const line of text.split(/\r?\n/)) {
    try {
      const parsed: unknown = JSON.parse(line);
      if (Array.isArray(parsed) && parsed.length >= 2 && parsed.every((part) => typeof part === "string")) {
        applyLine(held, parsed as unknown as JournalLine);
      }
    } catch {
      // The end of the file, or a line that was cut off.
    }
  }
  return [...held.values()];
}

function applyLine(held: Map<string, HeldReceipt>, [queue, messageId, popReceipt]: JournalLine): void {
  if (popReceipt === undefined) held.delete(messageId);
  else held.set(messageId, { queue, messageId, popReceipt });
}

/** Of several processes that start together one gets it. */
function takeJournal(path: string, now: number, adopt: (receipts: readonly HeldReceipt[]) => void): void {
  const taken = `${path}.${process.pid}`;
  try {
    renameSync(path, taken);
  } catch {
    return;
  }
  if (now - statSync(taken).mtimeMs < maxAgeMs) adopt(readJournal(readFileSync(taken, "utf8")));
  rmSync(taken, { force: true });
}

/** In a folder that somebody else has made he could put files of his own. */
function makeOwnFolder(folder: string): void {
  const parent = join(folder, "..");
  for (const path of [parent, folder]) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const found = lstatSync(path);
    const isOurs = typeof process.getuid !== "function" || found.uid === process.getuid();
    if (!found.isDirectory() || !isOurs) throw new Error(`${path} is not a folder of this user`);
  }
}
