import { app } from "@azure/functions";
import * as df from "durable-functions";

interface Answer {
  readonly statusCode: number;
  readonly content: string;
  getHeader(name: string): string;
}

let asks = 0;

app.http("job", {
  route: "job",
  handler: async (request) => {
    asks++;
    if (asks > 2) return { status: 200, jsonBody: { done: asks, method: request.method } };
    return { status: 202, headers: { Location: request.url, "Retry-After": "1" } };
  },
});
app.http("echo", {
  route: "echo",
  handler: async (request) => ({
    status: 201,
    headers: { "x-answer": "42" },
    body: `${request.method} ${request.headers.get("x-question")} ${await request.text()}`,
  }),
});

df.app.orchestration("polls", function* (context) {
  const base = context.df.getInput<string>();
  const response: Answer = yield context.df.callHttp({ method: "POST", url: `${base}/api/job` });
  return { status: response.statusCode, body: JSON.parse(response.content), json: response.getHeader("CONTENT-TYPE") };
});

df.app.orchestration("posts", function* (context) {
  const base = context.df.getInput<string>();
  const response: Answer = yield context.df.callHttp({
    method: "POST",
    url: `${base}/api/echo`,
    body: { a: 1 },
    headers: { "x-question": "six by nine" },
    enablePolling: false,
  });
  return response;
});

app.http("start", {
  route: "orchestrators/{name}",
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    const client = df.getClient(context);
    const id = await client.startNew(request.params["name"]!, { input: await request.json() });
    return client.createCheckStatusResponse(request, id);
  },
});
