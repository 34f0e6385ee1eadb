import { createRequire } from "node:module";
import { create, type DescField, type DescMessage, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { type ReflectList, type ReflectMap, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { file_orchestrator_service } from "../../src/grpc/proto/orchestrator_service_pb.ts";
import { SeededRandom } from "../support/seeded-random.ts";

/** A class that protoc has made for `google-protobuf`, as the official packages have them. */
interface OfficialClass {
  new (): OfficialMessage;
  deserializeBinary(bytes: Uint8Array): OfficialMessage;
}

interface OfficialMessage {
  serializeBinary(): Uint8Array;
  readonly [method: string]: (...values: unknown[]) => unknown;
}

export interface OfficialMethod {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestType: OfficialClass;
  readonly responseType: OfficialClass;
}

/** The messages of the protocol, as this package has them. */
export const ownMessages: readonly DescMessage[] = file_orchestrator_service.messages;

/**
 * The classes of an official package. They live in one global namespace for all packages, so that a process can have
 * those of one package only: each has a test file of its own.
 */
export class OfficialClasses {
  readonly #classes: Readonly<Record<string, OfficialClass>>;
  readonly methods: Readonly<Record<string, OfficialMethod>>;

  /** @param folder of the package that holds what protoc has made, such as `@microsoft/durabletask-js/dist/proto` */
  constructor(folder: string) {
    const require = createRequire(import.meta.url);
    const file = require.resolve(`${folder}/orchestrator_service_pb.js`);
    const requireThere = createRequire(file);
    const wellKnown = ["wrappers", "timestamp", "duration", "struct", "empty"].map((name) => {
      return requireThere(`google-protobuf/google/protobuf/${name}_pb.js`) as Record<string, OfficialClass>;
    });
    this.#classes = Object.assign({}, ...wellKnown, requireThere(file)) as Record<string, OfficialClass>;
    const services = requireThere(`${file.slice(0, -"_pb.js".length)}_grpc_pb.js`);
    this.methods = services.TaskHubSidecarServiceService as Record<string, OfficialMethod>;
  }

  find(desc: DescMessage): OfficialClass | undefined {
    return this.#classes[desc.name];
  }

  get(desc: DescMessage): OfficialClass {
    const found = this.find(desc);
    if (found === undefined) throw new Error(`the official package has no ${desc.typeName}`);
    return found;
  }

  has(field: DescField): boolean {
    const methods = this.find(field.parent)?.prototype as Readonly<Record<string, unknown>> | undefined;
    return methods?.[methodName(field, field.fieldKind === "map" ? "get" : "set")] !== undefined;
  }

  /** Of a class; `undefined` for one of another package. */
  nameOf(official: OfficialClass): string | undefined {
    return Object.keys(this.#classes).find((name) => this.#classes[name] === official);
  }

  /** The same message, put together by the setters of the official classes. */
  build(message: ReflectMessage): OfficialMessage {
    const built = new (this.get(message.desc))();
    for (const field of message.fields) {
      if (!message.isSet(field)) continue;
      const value = message.get(field);
      if (field.fieldKind === "map") {
        const map = built[methodName(field, "get")]!() as Map<unknown, unknown>;
        for (const [key, item] of value as ReflectMap) map.set(key, this.#plain(item));
      } else if (field.fieldKind === "list") {
        built[methodName(field, "set")]!([...(value as ReflectList)].map((item) => this.#plain(item)));
      } else built[methodName(field, "set")]!(this.#plain(value));
    }
    return built;
  }

  #plain(value: unknown): unknown {
    if (typeof value === "bigint") return Number(value);
    return isReflectMessage(value) ? this.build(value) : value;
  }
}

/** As protoc makes it of a field: `taskHubNames` becomes `setTaskhubnamesList`, `null_value` `setNullValue`. */
function methodName({ name, fieldKind }: DescField, verb: "get" | "set"): string {
  const words = name.split("_").map((word) => `${word.slice(0, 1).toUpperCase()}${word.slice(1).toLowerCase()}`);
  const suffix = fieldKind === "map" ? "Map" : fieldKind === "list" ? "List" : "";
  return `${verb}${words.join("")}${suffix}`;
}

function isReflectMessage(value: unknown): value is ReflectMessage {
  return typeof value === "object" && value !== null && "desc" in value && "message" in value;
}

const texts = ["", "null", '""', '"Tokyo"', "{}", "[1,2]", "naïve ☃ 🂡", "@counter@a@b", "\u0000\t\n", "x".repeat(300)];
const integers = [0, 1, -1, 127, 128, 16_384, 2_147_483_647, -2_147_483_648];

/**
 * Makes messages with any of their fields, in any state. With even seeds every field of the message itself is set, and
 * consecutive seeds go through the members of its oneof.
 */
export class MessageMaker {
  readonly #seed: number;
  readonly #random: SeededRandom;
  /** Fields that are never set. */
  readonly #isLeftOut: (field: DescField) => boolean;
  /** Fields that were set to something, by `Message.field`. */
  readonly covered = new Set<string>();

  constructor(seed: number, isLeftOut: (field: DescField) => boolean) {
    this.#seed = seed;
    this.#random = new SeededRandom(seed);
    this.#isLeftOut = isLeftOut;
  }

  make(desc: DescMessage, depth = 0): ReflectMessage {
    const made = reflect(desc, create(desc));
    const fields = desc.fields.filter((field) => !this.#isLeftOut(field) && (depth < 4 || !isNested(field)));
    for (const field of fields) {
      const isWanted = field.oneof === undefined ? this.#isWanted(depth) : this.#isChosen(field, fields, depth);
      if (!isWanted) continue;
      this.covered.add(`${desc.name}.${field.name}`);
      this.#fill(made, field, depth);
    }
    // A value without a kind is none.
    const [first] = fields;
    if (desc.typeName === "google.protobuf.Value" && !fields.some((field) => made.isSet(field))) {
      this.#fill(made, first!, depth);
    }
    return made;
  }

  #isWanted(depth: number): boolean {
    return (depth === 0 && this.#seed % 2 === 0) || this.#random.chance(0.75);
  }

  /** Later members of a oneof replace earlier ones. */
  #isChosen(field: DescField, fields: readonly DescField[], depth: number): boolean {
    const members = fields.filter(({ oneof }) => oneof === field.oneof);
    return depth === 0 ? members[this.#seed % members.length] === field : this.#random.chance(2 / members.length);
  }

  #fill(made: ReflectMessage, field: DescField, depth: number): void {
    const count = depth === 0 ? 1 + this.#random.below(3) : this.#random.below(3);
    switch (field.fieldKind) {
      case "list": {
        const list = made.get(field);
        for (let index = 0; index < count; index++) list.add(this.#value(field, depth));
        return;
      }
      case "map": {
        const map = made.get(field);
        for (let index = 0; index < count; index++) map.set(`key ${index}`, this.#value(field, depth));
        return;
      }
      default:
        made.set(field, this.#value(field, depth));
    }
  }

  #value(field: DescField, depth: number): unknown {
    if (field.message !== undefined) return this.make(field.message, depth + 1);
    if (field.enum !== undefined) return this.#random.pick(field.enum.values).number;
    switch (field.scalar) {
      case 9:
        return this.#random.pick(texts);
      case 8:
        return this.#random.chance(0.5);
      case 5:
        // That of a moment counts in nanoseconds.
        return field.name === "nanos" ? this.#random.below(1_000_000_000) : this.#random.pick(integers);
      case 3:
        return BigInt(this.#random.below(2 ** 40) - 2 ** 39);
      case 1:
        return this.#random.pick([0, -1.5, 1e300, 0.1, 42]);
      default:
        throw new Error(`no values for ${field.parent.name}.${field.name} of type ${field.scalar}`);
    }
  }
}

function isNested({ message }: DescField): boolean {
  return message !== undefined && !/^google\.protobuf\.(?!Value|Struct|ListValue)/.test(message.typeName);
}

/** Enough for every member of a oneof. */
export function roundsOf(desc: DescMessage): number {
  return Math.max(8, ...desc.oneofs.map(({ fields }) => fields.length));
}

export function bytesOf({ desc, message }: ReflectMessage): Uint8Array {
  return toBinary(desc, message as Message);
}

/**
 * Fields may come in any order. Of all messages, the official class writes those of one in the order of their declaration:
 * its last one comes before another.
 */
export function inOrderOfNumbers(desc: DescMessage, bytes: Uint8Array): Uint8Array {
  return desc.name === "PurgeInstancesRequest" ? toBinary(desc, fromBinary(desc, bytes)) : bytes;
}
