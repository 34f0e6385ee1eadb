import { create, type DescField, type DescMessage, ScalarType, toBinary } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import type { SeededRandom } from "./seeded-random.ts";

const texts = [
  ...["", "i", "a", "@", "@@", "@c", "@c@k", "@@k", "a/b", "BuiltIn__CallEntity", "BuiltIn__RecordPatch", "null", "{"],
  ...["\u0000", "\uFFFE", "ä\u{1F600}", "x".repeat(300), "x".repeat(100_000), "1", "-1", "%", "\n"],
];
const numbers = [0, 1, -1, 2, 3, 5, 99, 1000, 2_147_483_647, -2_147_483_648];

/** A message that its schema allows and that makes as little sense as possible. */
export function randomMessage(schema: DescMessage, random: SeededRandom, depth = 0): Uint8Array {
  const message = reflect(schema, create(schema));
  for (const field of schema.fields) {
    if (random.chance(depth > 3 ? 0.9 : 0.4)) continue;
    switch (field.fieldKind) {
      case "scalar":
        message.set(field, randomScalar(field.scalar, random));
        break;
      case "enum":
        message.set(field, random.pick([...numbers, 4, 6, 7]));
        break;
      case "message":
        message.set(field, readBack(field.message, random, depth));
        break;
      case "list": {
        const list = message.get(field);
        for (let n = random.below(4); n > 0; n--) list.add(randomItem(field, random, depth) as never);
        break;
      }
      default:
        break;
    }
  }
  return toBinary(schema, message.message);
}

function randomItem(field: DescField & { fieldKind: "list" }, random: SeededRandom, depth: number): unknown {
  if (field.listKind === "message") return readBack(field.message, random, depth);
  return field.listKind === "enum" ? random.pick(numbers) : randomScalar(field.scalar, random);
}

function readBack(schema: DescMessage, random: SeededRandom, depth: number) {
  const inner = reflect(schema, create(schema));
  for (const field of schema.fields) {
    if (random.chance(0.3)) continue;
    if (field.fieldKind === "scalar") inner.set(field, randomScalar(field.scalar, random));
    else if (field.fieldKind === "enum") inner.set(field, random.pick(numbers));
    else if (field.fieldKind === "message" && depth < 4) inner.set(field, readBack(field.message, random, depth + 1));
    else if (field.fieldKind === "list" && depth < 4) {
      const list = inner.get(field);
      for (let n = random.below(3); n > 0; n--) list.add(randomItem(field, random, depth + 1) as never);
    }
  }
  return inner;
}

function randomScalar(type: ScalarType, random: SeededRandom): never {
  switch (type) {
    case ScalarType.STRING:
      return random.pick(texts) as never;
    case ScalarType.BOOL:
      return random.chance(0.5) as never;
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
      return BigInt(random.pick([...numbers, 253_402_300_800, -62_135_596_801])) as never;
    case ScalarType.BYTES:
      return new Uint8Array([random.below(256)]) as never;
    default:
      return random.pick(numbers) as never;
  }
}

/** Bytes that may be anything. */
export function randomBytes(random: SeededRandom): Uint8Array {
  return Uint8Array.from({ length: random.below(200) }, () => random.below(256));
}

/** The bytes with a few of them changed, or cut. */
export function damaged(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  const copy = bytes.slice(0, random.chance(0.3) ? random.below(bytes.length + 1) : bytes.length);
  for (let n = random.below(5); n > 0 && copy.length > 0; n--) copy[random.below(copy.length)] = random.below(256);
  return copy;
}
