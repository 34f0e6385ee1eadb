import { app } from "@azure/functions";

app.http("hello", { route: "hello/{name=you}", handler: (request) => ({ body: `Hello ${request.params.name}` }) });
