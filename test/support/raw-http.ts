import { connect } from "node:net";

/** What came back for bytes that were sent over a connection of their own. */
export interface RawAnswer {
  /** Of all answers that came, in their order; empty when the connection was closed without one. */
  readonly statuses: readonly number[];
  /** Everything that came. */
  readonly text: string;
  readonly end: "answered" | "closed" | "hung";
  readonly ms: number;
}

export interface RawRequest {
  readonly bytes: Uint8Array;
  /** Sends so many bytes at a time, with a pause between. @defaultValue all at once */
  readonly drip?: { readonly bytes: number; readonly everyMs: number } | undefined;
  /** How many answers are waited for. @defaultValue 1 */
  readonly answers?: number | undefined;
}

/**
 * Sends bytes as they are, and waits for the answers to them or for the end of the connection, which is left open on this
 * side.
 *
 * @param timeoutMs without any of these the answer is `hung`
 */
export function sendRaw(port: number, request: RawRequest, timeoutMs: number): Promise<RawAnswer> {
  const { bytes, drip, answers = 1 } = request;
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const isHead = /^HEAD /.test(Buffer.from(bytes.subarray(0, 5)).toString("latin1"));
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    let dripping: NodeJS.Timeout | undefined;
    const finish = (end: RawAnswer["end"]) => {
      clearTimeout(timer);
      clearInterval(dripping);
      socket.destroy();
      const text = Buffer.concat(chunks).toString("latin1");
      resolve({ statuses: readStatuses(text), text, end, ms: performance.now() - startedAt });
    };
    const timer = setTimeout(() => finish("hung"), timeoutMs);
    socket.on("data", (chunk) => {
      chunks.push(chunk);
      if (countWhole(Buffer.concat(chunks).toString("latin1"), isHead) >= answers) finish("answered");
    });
    socket.on("error", () => finish("closed"));
    socket.on("close", () => finish("closed"));
    socket.on("connect", () => {
      if (drip === undefined) {
        socket.write(bytes);
        return;
      }
      let at = 0;
      dripping = setInterval(() => {
        socket.write(bytes.subarray(at, at + drip.bytes));
        at += drip.bytes;
        if (at >= bytes.length) clearInterval(dripping);
      }, drip.everyMs);
    });
  });
}

const head = /HTTP\/1\.1 (\d{3}) [^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n/y;

/** Walks over answers from one to the next. What is no answer ends the walk. */
function* walk(text: string, isHead = false): Generator<{ readonly status: number; readonly isWhole: boolean }> {
  let at = 0;
  while (at < text.length) {
    head.lastIndex = at;
    const found = head.exec(text);
    if (found === null) return;
    const [status, headers] = [Number(found[1]), found[2]!];
    at += found[0].length;
    if (status === 100) continue;
    const length = /^content-length: (\d+)/im.exec(headers)?.[1];
    const end = isHead
      ? at
      : /^transfer-encoding: chunked/im.test(headers)
        ? text.indexOf("0\r\n\r\n", at) + 5
        : at + Number(length ?? 0);
    const isWhole = end >= 5 && end <= text.length;
    yield { status, isWhole };
    at = Math.max(at, end);
  }
}

function readStatuses(text: string): number[] {
  return [...walk(text)].map(({ status }) => status);
}

function countWhole(text: string, isHead: boolean): number {
  return [...walk(text, isHead)].filter(({ isWhole }) => isWhole).length;
}
