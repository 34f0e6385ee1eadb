import { gunzipSync, gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { gunzipText, gzipText, sliceText } from "../../../../../src/backends/azure-storage/codec/gzip-text.ts";
import { forSeeds, SeededRandom } from "../../../../support/seeded-random.ts";

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

async function textOf(packed: Uint8Array, size: number, maxBytes = 1e9): Promise<string> {
  const chunks = async function* () {
    for (let start = 0; start < packed.byteLength; start += size) yield packed.subarray(start, start + size);
  };
  const pieces: string[] = [];
  for await (const piece of gunzipText(chunks(), { what: "it", maxBytes })) pieces.push(piece);
  return pieces.join("");
}

it("packs any text so that everybody unpacks it, and unpacks it however it comes", async () => {
  await forSeeds(20, async (seed) => {
    const random = new SeededRandom(seed);
    const alphabet = ["a", '"', "\\", "\0", "ü", "世", "\u{1f680}", "\uffff"];
    const count = random.below(400_000);
    const text = Array.from({ length: count }, () => random.pick(alphabet)).join("");
    const packed = await bytesOf(gzipText([text.slice(0, 0), text]));
    expect(gunzipSync(packed).toString("utf8") === text).toBe(true);
    expect((await textOf(packed, 1 + random.below(70_000))) === text).toBe(true);
  });
});

it("slices never end within a surrogate pair", () => {
  const text = `a${"\u{1f680}".repeat(400_000)}`;
  const slices = [...sliceText(text)];
  expect(slices.length).toBeGreaterThan(2);
  expect(slices.every((slice) => slice.isWellFormed())).toBe(true);
  expect(slices.join("") === text).toBe(true);
});

it("an empty text is one too", async () => {
  expect(await textOf(await bytesOf(gzipText([])), 10)).toBe("");
});

it.each([
  ["what is not gzip", Buffer.from("hello, this is not gzip at all"), 1e9],
  ["what ends too early", gzipSync("x".repeat(100_000)).subarray(0, 60), 1e9],
  ["what unfolds too far", gzipSync(Buffer.alloc(1_000_000)), 999_999],
])("refuses %s", async (_, packed, maxBytes) => {
  await expect(textOf(packed, 1000, maxBytes)).rejects.toMatchObject({
    code: "CorruptData",
    message: expect.stringMatching(/^it cannot be unpacked: /),
  });
});

it("tells what the source of the bytes failed with as it is", async () => {
  const failing = async function* () {
    yield gzipSync("x".repeat(1_000_000)).subarray(0, 20);
    throw Object.assign(new Error("storage is away"), { code: "StorageUnavailable" });
  };
  const reading = async () => {
    for await (const _ of gunzipText(failing(), { what: "it", maxBytes: 1e9 }));
  };
  await expect(reading()).rejects.toMatchObject({ code: "StorageUnavailable" });
});
