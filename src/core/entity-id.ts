import { DurableError } from "./errors.ts";
import { shareAcrossCopies } from "./shared-class.ts";

/** Longest name and longest key, in UTF-16 units. */
const maxTextLength = 256;
/** Longest id of an instance, in UTF-16 units: it has to fit into the key of a table row, whose escapes take two. */
export const maxEscapedLength = 512;

/**
 * Which entity: a name, compared ignoring case, and a key, compared exactly. `durable-functions` 3.x calls it the same.
 *
 * @example new EntityId("Counter", "basket-7").toString() // "@counter@basket-7"
 * @throws DurableError `InvalidEntityId`
 */
export class EntityId {
  static {
    shareAcrossCopies(EntityId, "EntityId");
  }

  /** Name of the entity. */
  readonly name: string;
  /** Key of the entity. */
  readonly key: string;

  constructor(name: string, key: string) {
    const problem = describeNameProblem(name) ?? describeKeyProblem(key) ?? describeLengthProblem(name, key);
    if (problem !== undefined) throw new DurableError("InvalidEntityId", problem);
    this.name = name;
    this.key = key;
  }

  /** Reads `@name@key`; the key may hold further `@`. @throws DurableError `InvalidEntityId` */
  static parse(instanceId: string): EntityId {
    const end = isEntityInstanceId(instanceId) ? instanceId.indexOf("@", 1) : -1;
    if (end < 2) {
      throw new DurableError(
        "InvalidEntityId",
        `the id of an entity has the form '@name@key', but got '${instanceId}'`,
      );
    }
    return new EntityId(instanceId.slice(1, end), instanceId.slice(end + 1));
  }

  /** The id of the entity as an instance, `@name@key`, with the name in lower case as .NET has it. */
  toString(): string {
    return `@${this.name.toLowerCase()}@${this.key}`;
  }

  /** Name and key, for JSON. */
  toJSON(): { readonly name: string; readonly key: string } {
    return { name: this.name, key: this.key };
  }
}

/** What names an entity: an {@link EntityId}, also one of another copy of the package, or any `{ name, key }`. */
export interface EntityRef {
  /** Name of the entity. */
  readonly name: string;
  /** Key of the entity. */
  readonly key: string;
}

/** @throws DurableError `InvalidEntityId` */
export function toEntityId(ref: EntityRef | string): EntityId {
  if (ref instanceof EntityId) return ref;
  return typeof ref === "string" ? EntityId.parse(ref) : new EntityId(ref?.name, ref?.key);
}

/** The id of an entity as an instance, with its name as it stands: as .NET finds those of a lock set. */
export function formatEntityInstanceId({ name, key }: EntityRef): string {
  return `@${name}@${key}`;
}

/** The entity of an instance id, whatever the length of its parts; `undefined` for an id of another form. */
export function entityOfInstanceId(instanceId: string): EntityRef | undefined {
  const end = isEntityInstanceId(instanceId) ? instanceId.indexOf("@", 1) : -1;
  return end < 2 ? undefined : { name: instanceId.slice(1, end), key: instanceId.slice(end + 1) };
}

/**
 * Checks whom somebody speaks to: of a key that a URL cannot end with, an entity could never be managed over HTTP. What
 * other programs have made can be read all the same.
 *
 * @throws DurableError `InvalidEntityId`
 */
export function assertAddressable<Id extends EntityRef>(id: Id): Id {
  if (!isDotSegment(id.key)) return id;
  const why = "a URL that ends with it leads elsewhere";
  throw new DurableError("InvalidEntityId", `the key of an entity must not be '${id.key}': ${why}`);
}

/** What a path leaves out when a URL is read. */
export function isDotSegment(text: string): boolean {
  return text === "." || text === "..";
}

/** `true` for the ids of entities, which orchestrations cannot have. */
export function isEntityInstanceId(instanceId: string): boolean {
  return instanceId.startsWith("@");
}

function describeNameProblem(name: unknown): string | undefined {
  if (typeof name !== "string") return `the name of an entity must be a text, but got ${typeof name}`;
  if (name === "") return "the name of an entity must not be empty";
  if (name.includes("@")) return `the name of an entity must not contain '@', but got '${name}'`;
  return describeTextProblem(name, "the name");
}

function describeKeyProblem(key: unknown): string | undefined {
  if (typeof key !== "string") return `the key of an entity must be a text, but got ${typeof key}`;
  return describeTextProblem(key, "the key");
}

/** Length of an instance id in the key of a row, in UTF-16 units. */
export function escapedLength(instanceId: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that are escaped
  return instanceId.replace(/[\^/\\#?\u0000-\u001f\u007f-\u009f]/g, "^x").length;
}

function describeLengthProblem(name: string, key: string): string | undefined {
  const escaped = escapedLength(`@${name}@${key}`);
  if (escaped <= maxEscapedLength) return undefined;
  return (
    `the name and the key of an entity may have ${maxEscapedLength - 2} characters together, where '^', '/', '\\', '#', ` +
    `'?' and control characters count twice, but these have ${escaped - 2}`
  );
}

function describeTextProblem(text: string, what: string): string | undefined {
  if (text.length > maxTextLength) {
    return `${what} of an entity may have at most ${maxTextLength} characters, but this one has ${text.length}`;
  }
  // Neither the names of blobs nor XML can hold these.
  if (/[\uFFFE\uFFFF]/.test(text)) return `${what} of an entity must not contain U+FFFE or U+FFFF`;
  if (!text.isWellFormed()) return `${what} of an entity must be well-formed Unicode (it holds a lone surrogate)`;
  return undefined;
}
