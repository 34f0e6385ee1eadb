import { registerSchema, unregisterSchema, validate } from "@hyperjump/json-schema/openapi-3-1";
import type { OpenApiDocument } from "../../../src/http/open-api/open-api-document.ts";
import { ignoredHeaders } from "./compare-answers.ts";
import type { RecordedAnswer, RecordedExchange } from "./recorded-exchange.ts";

type Members = Readonly<Record<string, unknown>>;
interface Operation {
  readonly path: string;
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, { readonly content?: Members; readonly headers?: Members }>>;
  /** JSON pointer into the document. */
  readonly place: string;
}

/** Keys are the business of the server in front. */
const keyParameter = "code";
/** What is undocumented answers so: no path, or a method that a path does not have. */
const unroutedStatus = 404;
let count = 0;

/** Says what a document leaves out of an exchange, or tells otherwise. */
export class DocumentCheck implements AsyncDisposable {
  readonly #uri: string;
  readonly #document: Members;
  readonly #basePath: string;

  constructor(document: OpenApiDocument, basePath: string) {
    this.#basePath = basePath;
    // Members that no schema has are what the check is to find; a client may meet newer ones.
    this.#document = closed(document) as Members;
    this.#uri = `https://document.test/${count++}`;
    registerSchema(this.#document as never, this.#uri, "https://spec.openapis.org/oas/3.1/dialect/base");
  }

  /** What is wrong with the description of a request and its answer; empty when nothing is. */
  async faultsOf(request: RecordedExchange["request"], answer: RecordedAnswer): Promise<readonly string[]> {
    const { pathname, searchParams } = new URL(this.#basePath + request.path, "http://localhost");
    const operation = this.#find(request.method, pathname);
    if (operation === undefined) return answer.status === unroutedStatus ? [] : [`no path for ${pathname}`];
    const faults: string[] = [];
    const known = operation.parameters.map(({ name }) => name.toLowerCase());
    for (const name of searchParams.keys()) {
      if (name !== keyParameter && !known.includes(name.toLowerCase())) faults.push(`no parameter ${name}`);
    }
    const described = operation.responses[answer.status];
    if (described === undefined) return [...faults, `no status ${answer.status} of ${operation.path}`];
    const headers = new Set(Object.keys(described.headers ?? {}).map((name) => name.toLowerCase()));
    for (const name of Object.keys(answer.headers).map((each) => each.toLowerCase())) {
      if (name !== "content-type" && !ignoredHeaders.has(name) && !headers.has(name))
        faults.push(`no header ${name} of ${answer.status}`);
    }
    const mediaType = answer.headers["content-type"]?.split(";")[0];
    if (mediaType === undefined || answer.body === "") {
      return described.content === undefined ? faults : [...faults, `no body with ${answer.status}`];
    }
    if (described.content?.[mediaType] === undefined) return [...faults, `no ${mediaType} of ${answer.status}`];
    const escaped = mediaType.replaceAll("/", "~1");
    const schema = `${this.#uri}#${operation.place}/responses/${answer.status}/content/${escaped}/schema`;
    const body: unknown = mediaType === "application/json" ? JSON.parse(answer.body) : answer.body;
    const place = schema.replaceAll("{", "%7B").replaceAll("}", "%7D");
    const output: { readonly valid: boolean; readonly errors?: readonly { readonly instanceLocation: string }[] } =
      await validate(place, body as never, "BASIC");
    if (output.valid) return faults;
    const places = new Set(output.errors?.map(({ instanceLocation }) => instanceLocation));
    return [...faults, `body of ${answer.status} at ${[...places].join(", ")}: ${answer.body}`];
  }

  /** Paths without parameters come first, as OpenAPI has it. Paths compare ignoring case here. */
  #find(method: string, pathname: string): Operation | undefined {
    const paths = Object.entries(this.#document["paths"] as Readonly<Record<string, Members>>);
    const parameterCount = (path: string) => path.split("{").length;
    for (const [path, item] of paths.toSorted(([a], [b]) => parameterCount(a) - parameterCount(b))) {
      const pattern = new RegExp(`^${path.replace(/\{\w+\}/g, "[^/]+")}/?$`, "i");
      if (!pattern.test(pathname)) continue;
      const found = item[method.toLowerCase()] as Operation | undefined;
      if (found === undefined) continue;
      const shared = this.#document["components"] as { readonly parameters: Members };
      const parameters = found.parameters.map((each) => {
        const reference = (each as unknown as { readonly $ref?: string }).$ref?.split("/").at(-1);
        return (reference === undefined ? each : shared.parameters[reference]) as Operation["parameters"][number];
      });
      const place = `/paths/${path.replaceAll("/", "~1")}/${method.toLowerCase()}`;
      return { ...found, path, parameters, place };
    }
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    unregisterSchema(this.#uri);
  }
}

/** With every object of known members closed. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.fromEntries(Object.entries(value).map(([name, item]) => [name, closed(item)]));
  const isClosable = "properties" in members && !("additionalProperties" in members);
  return isClosable ? { ...members, additionalProperties: false } : members;
}
