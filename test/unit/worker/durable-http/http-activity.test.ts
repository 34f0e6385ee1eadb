import { getEventListeners } from "node:events";
import { expect, it } from "vitest";
import type { HttpResponseMessage } from "../../../../src/core/durable-http.ts";
import { DurableHttpResponse } from "../../../../src/orchestration/http/durable-http-response.ts";
import { SteppedClock } from "../../../../src/testing/stepped-clock.ts";
import { resolveDurableHttpOptions } from "../../../../src/worker/durable-http/durable-http-options.ts";
import { sendHttpRequest } from "../../../../src/worker/durable-http/http-activity.ts";
import {
  type HttpTransport,
  HttpTransportError,
  type TransportRequest,
} from "../../../../src/worker/durable-http/http-transport.ts";

const answered: HttpTransport["send"] = async () => {
  return { status: 200, headers: {}, body: (async function* () {})(), close() {} };
};
const silent: HttpTransport["send"] = ({ signal }: TransportRequest) =>
  new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
const turn = () => new Promise((resolve) => setImmediate(resolve));

function begin(send: HttpTransport["send"]) {
  const [clock, worker] = [new SteppedClock(), new AbortController()];
  const run = { clock, worker, outcome: undefined as unknown };
  const origin = "https://example.com";
  const message = { method: "GET", url: `${origin}/slow`, headers: {}, timeoutMs: 300, trustedOrigin: origin };
  const options = resolveDurableHttpOptions({ transport: { send } });
  void sendHttpRequest(message, { signal: worker.signal, clock }, options)
    .catch((error: unknown) => error)
    .then((outcome) => {
      run.outcome = outcome;
    });
  return run;
}

it("a request takes as long as its time limit on the clock, and no longer", async () => {
  const run = begin(silent);

  await turn();
  run.clock.advance(299);
  await turn();
  expect(run.outcome).toBeUndefined();
  run.clock.advance(1);
  await turn();

  expect(run.outcome).toMatchObject({
    name: "TaskTimeout",
    message: "GET https://example.com took longer than 300 ms",
  });
});

it("a worker that stops ends a request for its own reason", async () => {
  const run = begin(silent);
  await turn();

  run.worker.abort();
  await turn();

  expect(run.outcome).toBe(run.worker.signal.reason);
});

it.each<[string, HttpTransport["send"], number]>([
  ["is answered", answered, 0],
  ["fails", () => Promise.reject(new HttpTransportError("ECONNREFUSED")), 0],
  ["takes too long", silent, 300],
])("a request that %s leaves no listener on the worker's signal, and nobody who sleeps", async (_, send, afterMs) => {
  const run = begin(send);

  await turn();
  run.clock.advance(afterMs);
  await turn();

  expect(run.outcome).toBeDefined();
  expect(getEventListeners(run.worker.signal, "abort")).toEqual([]);
  expect(run.clock.nextWakeAt).toBeUndefined();
});

it.each([
  ["text", undefined, Buffer.from("Grüße"), { content: "Grüße" }],
  ["text of another charset", "text/plain; charset=iso-8859-1", Buffer.from("Grüße", "latin1"), { content: "Grüße" }],
  ["an unknown charset", "text/plain; charset=klingon", Buffer.from("Grüße"), { content: "Grüße" }],
  ["nothing", "image/png", Buffer.alloc(0), { content: "" }],
  ["an image", "image/png", Buffer.from([0x89, 0x50, 0xff, 0]), { content: "iVD/AA==", contentEncoding: "base64" }],
  ["broken text", "text/plain", Buffer.from([0x61, 0xff]), { content: "Yf8=", contentEncoding: "base64" }],
])("an answer keeps its bytes: %s", async (_, contentType, bytes, expected) => {
  const run = begin(async () => ({
    status: 200,
    headers: contentType === undefined ? {} : { "content-type": contentType },
    body: (async function* () {
      yield bytes;
    })(),
    close() {},
  }));
  await turn();

  const { content, contentEncoding } = run.outcome as HttpResponseMessage;
  expect({ content, ...(contentEncoding && { contentEncoding }) }).toEqual(expected);
  expect(new DurableHttpResponse(200, content, {}, contentEncoding).bytes()).toEqual(
    contentType?.includes("8859") ? Buffer.from("Grüße") : bytes,
  );
});
