import type { HttpTransport } from "../../worker/durable-http/http-transport.ts";

/** A request of `context.callHttp` in a test. */
export interface TestedHttpRequest {
  /** GET, POST and so on. */
  readonly method: string;
  /** Where it goes. */
  readonly url: URL;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as text; absent without one. */
  readonly body: string | undefined;
}

/** An answer to `context.callHttp` in a test. */
export interface TestedHttpAnswer {
  /** @defaultValue 200 */
  readonly status?: number;
  /** Headers of the answer. @defaultValue none, and `content-type` for a body that is sent as JSON */
  readonly headers?: Readonly<Record<string, string>>;
  /** A text as it is; anything else as JSON. @defaultValue an empty text */
  readonly body?: unknown;
}

/** Answers what `context.callHttp` asks. */
export type TestedHttp = (request: TestedHttpRequest) => TestedHttpAnswer | Promise<TestedHttpAnswer>;

/** Answers durable HTTP from a function. */
export function createFakeTransport(answer: TestedHttp): HttpTransport {
  return {
    async send({ method, url, headers, body }) {
      const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
      const given = await answer({ method, url, headers: Object.fromEntries(lower), body });
      const text = typeof given.body === "string" ? given.body : (JSON.stringify(given.body) ?? "");
      const isJson = given.body !== undefined && typeof given.body !== "string";
      const named = Object.entries(given.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const);
      return {
        status: given.status ?? 200,
        headers: { ...(isJson && { "content-type": "application/json" }), ...Object.fromEntries(named) },
        body: (async function* () {
          yield Buffer.from(text);
        })(),
        close() {},
      };
    },
  };
}
