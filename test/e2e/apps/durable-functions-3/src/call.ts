import { app } from "@azure/functions";
import * as df from "durable-functions";

app.http("echo", {
  methods: ["PUT"],
  handler: async (request) => ({ status: 201, headers: { "x-kind": "echo" }, body: await request.text() }),
});

df.app.orchestration("call", function* (context) {
  const options: df.CallHttpOptions = {
    method: "PUT",
    url: context.df.getInput<string>(),
    body: { asked: true },
    headers: { accept: "application/json" },
    enablePolling: false,
  };
  const answer = yield context.df.callHttp(options);
  return { status: answer.statusCode, body: answer.content, kind: answer.getHeader("X-Kind") };
});
