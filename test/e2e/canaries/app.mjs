// An app whose payloads, settings and errors hold secrets; it is planted in every place where one can get in.
import { createEncryptingDataConverter, DFApp, ManagedIdentityTokenSource } from "durable-functions-ts";
import { canary, canaryKey } from "./canary.mjs";

const encryptionKey = canaryKey("encryption key", 32);
const tokenProvider = async () => {
  throw new Error(`no token: client_secret=${canary("token provider secret")} was refused`);
};
const app = new DFApp({ durableHttp: { tokenProvider } });

app.activity("echo", () => ({ result: canary("activity result") }));
app.activity("opens", () => {
  const cause = new Error(`Authorization: Bearer ${canary("bearer in a cause")}`);
  const error = new Error(`cannot open AccountName=a;AccountKey=${canary("account key in an error")};X=y`, { cause });
  throw Object.assign(error, { request: canary("property of an error") });
});
app.activity("fetches", () => {
  const url = `https://u:${canary("password in a URL")}@h/c?sv=1&sig=${canary("sig in an error")}&se=2`;
  throw new TypeError(
    `GET ${url} failed: x-functions-key: ${canary("functions key in an error")}; at /api/x?code=${canary("code in an error")}`,
  );
});
app.activity("calls", () => {
  const headers = {
    cookie: `s=${canary("cookie in an error")}`,
    Authorization: `Basic ${canary("basic in an error")}`,
  };
  throw new Error(`refused: ${JSON.stringify({ headers, apiKey: canary("api key in an error") })}`);
});
app.activity("parses", () => JSON.parse(canary("parsed payload")));
app.activity("signs", () => {
  const jwt = `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI${canary("JWT in an error")}.${canary("JWT in an error")}`;
  const pem = `-----BEGIN PRIVATE KEY-----\n${canary("PEM in an error")}\n-----END PRIVATE KEY-----`;
  throw new AggregateError([new Error(`token ${jwt}`), new Error(pem)], `Password=${canary("password in an error")};`);
});

class Safe {
  content = "";
  fill(content) {
    this.content = content;
    return canary("entity result");
  }
  open() {
    throw new Error(`SharedAccessSignature=sv=1&sig=${canary("SAS in an entity's error")}`);
  }
}
app.entity("Safe", Safe);

app.orchestration("child", () => canary("child output"));
app.orchestration("all", async (context, { closedPort }) => {
  context.setCustomStatus({ status: canary("custom status") });
  await context.callActivity("echo", { text: canary("activity input"), large: canary("large payload").repeat(5_000) });
  for (const name of ["opens", "fetches", "calls", "parses", "signs"]) await attempt(context.callActivity(name));
  await context.callSubOrchestrator("child", canary("child input"));
  const http = {
    method: "POST",
    headers: {
      authorization: `Bearer ${canary("callHttp bearer")}`,
      "x-functions-key": canary("callHttp functions key"),
      cookie: `session=${canary("callHttp cookie")}`,
    },
    body: canary("callHttp body"),
  };
  const query = `sig=${canary("callHttp sig")}&code=${canary("callHttp code")}`;
  await attempt(context.callHttp({ ...http, url: `http://127.0.0.1:${closedPort}/x?${query}` }));
  const tokenSource = new ManagedIdentityTokenSource("https://management.core.windows.net/");
  await attempt(context.callHttp({ method: "GET", url: `http://127.0.0.1:${closedPort}/`, tokenSource }));
  await context.callEntity("@safe@k", "fill", canary("entity state"));
  await attempt(context.callEntity("@safe@k", "open", canary("operation input")));
  await context.waitForExternalEvent("go");
  return { output: canary("output") };
});
app.orchestration("fails", (_context, input) => {
  throw new Error(`Endpoint=https://x;AccessKey=${canary("access key in an error")};hub ${input === 0}`);
});
app.orchestration("waits", (context) => context.waitForExternalEvent("never"));

async function attempt(task) {
  try {
    await task;
  } catch {
    // It is in the log by now.
  }
}

/** What is handed over in the wrong place, one mistake for each number. */
app.orchestration("misuses", (context, number) => {
  const wrong = [
    () => context.callHttp({ method: "GET", url: `http://u:${canary("callHttp password")}@127.0.0.1:1/` }),
    () => context.callHttp({ method: "GET", url: `sftp://h/${canary("callHttp path")}` }),
    () => context.callActivity("echo", 1, canary("payload in place of options")),
    () => context.callActivity("echo", { text: canary("payload beside a map"), map: new Map() }),
  ];
  return wrong[number]();
});

const sealed = new DFApp({
  dataConverter: createEncryptingDataConverter({ keys: [{ id: "k1", key: encryptionKey }] }),
});
sealed.orchestration("sealed", async (context) => {
  context.setCustomStatus(canary("encrypted status"));
  return await context.waitForExternalEvent("go");
});

app.http("start", {
  route: "start/{name}",
  methods: ["POST"],
  handler: async (request, client, context) => {
    context.log(`a line of the user: ${canary("line of the user")}`);
    return { body: await client.startNew(request.params.name, { input: (await request.json()) ?? undefined }) };
  },
});
app.http("boom", {
  route: "boom",
  methods: ["GET", "POST"],
  handler: (request) => {
    throw new Error(
      `upstream https://f/api?code=${canary("code in an HTTP function")} ${request.headers.get("cookie")?.length}`,
    );
  },
});
app.http("misuse", {
  route: "misuse",
  handler: async (_request, client) => ({
    body: await client.getStatus("none", `AccountKey=${canary("connection string in place of options")};`),
  }),
});
app.http("refused", {
  route: "refused",
  handler: async (_request, client) => ({ body: await client.startNew(`secret=${canary("secret in a name")}`) }),
});
app.http("rejects", {
  route: "rejects",
  handler: () => {
    void Promise.reject(new Error(`pwd='${canary("unhandled rejection")} x'`));
    return { status: 204 };
  },
});
app.http("crashes", {
  route: "crashes",
  handler: () => {
    setImmediate(() => {
      throw new Error(`AccountKey=${canary("uncaught exception")}`);
    });
    return { status: 204 };
  },
});
