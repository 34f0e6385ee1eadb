const { app } = require("@azure/functions");

app.http("typed", {
  route: "typed/{id:int}/{tail?}",
  handler: (request) => ({ jsonBody: { ...request.params, query: Object.fromEntries(request.query) } }),
});
app.http("cookies", {
  handler: () => ({
    status: 201,
    headers: [
      ["x-own", "1"],
      ["set-cookie", "sid=1"],
      ["set-cookie", "csrf=2"],
    ],
    cookies: [
      { name: "a", value: "1 2", httpOnly: true, sameSite: "Strict", maxAge: 60 },
      { name: "b", value: "x", secure: true, sameSite: "None", path: "/sub", expires: new Date(1000) },
    ],
  }),
});
app.get("nothing", async () => {});
app.post("echo", {
  handler: async (request, context) => {
    context.log("echo was called with a secret");
    return {
      headers: { "content-type": request.headers.get("content-type") ?? "none" },
      body: new Uint8Array(await request.arrayBuffer()),
    };
  },
});
app.http("throws", {
  handler: () => {
    throw new Error("thrown on purpose");
  },
});
app.http("notAnObject", { handler: () => "text" });
app.http("hooked", { handler: () => "handler" });
app.http("rescued", {
  handler: () => {
    throw new Error("excused by a hook");
  },
});
app.http("settings", {
  handler: (_request, context) => ({
    jsonBody: {
      greeting: process.env.GREETING,
      already: process.env.ALREADY_SET,
      environment: process.env.AZURE_FUNCTIONS_ENVIRONMENT,
      name: context.functionName,
    },
  }),
});
app.http("slow", {
  handler: async (request) => {
    await new Promise((resolve) => setTimeout(resolve, Number(request.query.get("ms"))));
    return { body: "slept" };
  },
});
app.http("forgotten", {
  handler: () => {
    Promise.reject(new Error("nobody awaits this"));
    return { body: "ok" };
  },
});
app.http("zCatchAll", { route: "files/{*path}", handler: (request) => ({ body: request.params.path ?? "none" }) });
app.http("bad", { route: "administrator", handler: () => ({}) });
app.timer("tick", { schedule: "0 0 1 1 *", handler: (_timer, context) => context.log("tick ran by hand") });
