import type { HttpTransport } from "../../src/worker/durable-http/http-transport.ts";

/** A service that is done when it has been asked three times. It remembers nothing: each answer says what to ask next. */
export function createScriptedService(): HttpTransport {
  return {
    async send({ url }) {
      const next = new Map([
        ["/start", "/poll/1"],
        ["/poll/1", "/poll/2"],
      ]).get(url.pathname);
      const body = next === undefined ? "the service is done" : "";
      return {
        status: next === undefined ? 200 : 202,
        headers: next === undefined ? {} : { location: next, "retry-after": "0" },
        body: (async function* () {
          yield Buffer.from(body);
        })(),
        close() {},
      };
    },
  };
}
