import type { Readable } from "node:stream";
import { Readable as ReadableStream } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { createGunzip, createGzip } from "node:zlib";
import { DurableError } from "../../../core/errors.ts";

/** Texts are taken apart into so many UTF-16 units: each takes the event loop about a millisecond. */
const sliceUnits = 256 * 1024;
const chunkBytes = 256 * 1024;

/** A text in slices that end between characters, never within a surrogate pair. */
export function* sliceText(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    let end = Math.min(text.length, start + sliceUnits);
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end--;
    yield text.slice(start, end);
    start = end;
  }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/**
 * Compresses UTF-8, a slice at a time and off the event loop: neither the bytes of the text nor the compressed ones are
 * ever there as a whole.
 *
 * @param pieces none of which ends within a surrogate pair
 */
export function gzipText(pieces: Iterable<string>): AsyncIterable<Buffer> {
  const bytes = function* () {
    for (const piece of pieces) for (const slice of sliceText(piece)) yield Buffer.from(slice, "utf8");
  };
  return through(
    ReadableStream.from(bytes(), { objectMode: true, highWaterMark: 2 }),
    createGzip({ chunkSize: chunkBytes }),
  );
}

export interface GunzipLimits {
  /** Names the text in errors. */
  readonly what: string;
  /** The most bytes that it may unfold to. */
  readonly maxBytes: number;
}

/** Deflate cannot shrink further than about 1:1032; whatever claims to is not what a writer of gzip made. */
const maxRatio = 1040;
/** What may be on its way between the two ends of a stream. */
const slackBytes = 4 * 1024 * 1024;

/**
 * Undoes {@link gzipText}, a slice at a time.
 *
 * @throws DurableError `CorruptData` for what is not gzip, or unfolds too far
 */
export async function* gunzipText(chunks: AsyncIterable<Uint8Array>, limits: GunzipLimits): AsyncGenerator<string> {
  let packed = 0;
  let unpacked = 0;
  const counted = async function* () {
    for await (const chunk of chunks) {
      packed += chunk.byteLength;
      yield chunk;
    }
  };
  const decoder = new StringDecoder("utf8");
  const source = ReadableStream.from(counted(), { objectMode: true, highWaterMark: 1 });
  try {
    for await (const bytes of through(source, createGunzip({ chunkSize: chunkBytes }))) {
      unpacked += bytes.byteLength;
      if (unpacked > limits.maxBytes || unpacked > packed * maxRatio + slackBytes) {
        throw new DurableError("CorruptData", `it unfolds to more than ${Math.min(unpacked, limits.maxBytes)} bytes`);
      }
      const text = decoder.write(bytes);
      if (text !== "") yield text;
    }
  } catch (cause) {
    if (!isCorrupt(cause)) throw cause;
    const reason = (cause as Error).message;
    throw new DurableError("CorruptData", `${limits.what} cannot be unpacked: ${reason}`, { cause });
  }
  const rest = decoder.end();
  if (rest !== "") yield rest;
}

/** Of zlib, or our own; whatever the source of the bytes failed with is told as it is. */
function isCorrupt(error: unknown): boolean {
  const code = (error as { readonly code?: unknown }).code;
  return code === "CorruptData" || (typeof code === "string" && code.startsWith("Z_"));
}

/** What comes out of a transform; whoever stops reading, or fails, ends both. */
async function* through(source: Readable, transform: NodeJS.ReadWriteStream & Readable): AsyncGenerator<Buffer> {
  source.once("error", (error) => transform.destroy(error));
  source.pipe(transform);
  try {
    for await (const chunk of transform) yield chunk as Buffer;
  } finally {
    source.destroy();
    transform.destroy();
  }
}
