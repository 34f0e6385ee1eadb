import { expect, it } from "vitest";
import { isTerminalStatus } from "../../../src/core/orchestration-status.ts";
import { silentLog } from "../../../src/core/ports.ts";
import { systemClock, systemRandom } from "../../../src/core/system-ports.ts";
import { TaskHubClient } from "../../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../../src/engine/task-hub-worker.ts";
import { createManagementApi } from "../../../src/http/management-api.ts";
import { createOpenApiDocument } from "../../../src/http/open-api/open-api-document.ts";
import { createStartChecks } from "../../../src/management/start-checks.ts";
import { executionStarted } from "../../../src/testing/history-builder.ts";
import { InProcessExecutor } from "../../../src/worker/in-process-executor.ts";
import { openHub } from "../azure-storage-fixture.ts";
import { compareAnswers, type Difference } from "./compare-answers.ts";
import { type DeliberateDifference, deliberateDifferences, findReason } from "./deliberate-differences.ts";
import { DocumentCheck } from "./document-check.ts";
import { type AskedHub, before } from "./exchange-script.ts";
import { createRecordedApp } from "./recorded-app.ts";
import { type RecordedAnswer, type RecordedExchange, readExchanges } from "./recorded-exchange.ts";

const basePath = "/runtime/webhooks/durabletask";
const origin = "http://localhost:7071";
const tokenHeader = "x-ms-continuation-token";

/** Asks our API what the extension was asked, in the same order. */
async function replay(exchanges: readonly RecordedExchange[]): Promise<ReadonlyMap<string, RecordedAnswer>> {
  let isMended = false;
  const registries = createRecordedApp(() => isMended);
  const { backend, store } = openHub("GoldenB");
  const ports = { clock: systemClock, random: systemRandom, log: silentLog };
  const client = new TaskHubClient({ store, ...ports });
  // Of an earlier try.
  await client.deleteTaskHub({ force: true });
  const executor = new InProcessExecutor({ registries, clock: systemClock });
  await using worker = new TaskHubWorker({ backend, store, executor, ...ports });
  await worker.start();
  const api = createManagementApi({
    client,
    basePath,
    taskHub: "GoldenB",
    connectionName: "AzureWebJobsStorage",
    startChecks: createStartChecks(() => registries),
  });
  const asked: AskedHub = {
    start: async (name, instanceId, input) => void (await client.startInstance({ name, instanceId, input })),
    startElsewhere: async (name, instanceId, input) => {
      const event = { ...executionStarted(name, { instanceId, executionId: `of ${instanceId}` }), input };
      await store.createInstance({ event, replaces: undefined });
    },
    suspend: (instanceId) => client.suspend(instanceId, "x"),
    until: async (status, ...instanceIds) => {
      for (const id of instanceIds) {
        await expect
          .poll(async () => {
            const found = (await client.getInstance(id))?.runtimeStatus;
            return status === "ended" ? found !== undefined && isTerminalStatus(found) : found === status;
          })
          .toBe(true);
      }
    },
    untilEntity: async (name, key, state) => {
      await expect.poll(async () => (await client.entities.get({ name, key }))?.state).toBe(state);
    },
    mend: () => {
      isMended = true;
    },
  };

  const answers = new Map<string, RecordedAnswer>();
  let token: string | undefined;
  for (const { name, request } of exchanges) {
    await before[name]?.(asked);
    const { method, path, body } = request;
    const headers = new Headers(request.headers);
    if (name.endsWith("-next")) headers.set(tokenHeader, token ?? "");
    const given = path.startsWith("?") || path === "" ? `/${path}` : path;
    const response = await api(
      new Request(origin + basePath + given, {
        method,
        headers,
        // Bytes, which bring no content type along.
        ...(body !== undefined && { body: Buffer.from(body) }),
      }),
    );
    token = response.headers.get(tokenHeader) ?? undefined;
    const text = (await response.text())
      .replaceAll("localhost:7071", "HOST")
      .replaceAll("x".repeat(70_000), "(70000 times x)");
    const own = Object.fromEntries(response.headers);
    if (own["location"] !== undefined) own["location"] = own["location"].replaceAll("localhost:7071", "HOST");
    answers.set(name, { status: response.status, headers: own, body: text });
  }
  return answers;
}

// One test, so that a second chance asks for the answers anew.
it("answers as the genuine extension did, or otherwise for a reason, and as its document says", {
  timeout: 300_000,
}, async () => {
  const exchanges = readExchanges();
  expect(exchanges).toHaveLength(216);
  const answers = await replay(exchanges);

  const unexplained: (Difference & { readonly in: string })[] = [];
  const explained = new Map<DeliberateDifference, Set<string>>(deliberateDifferences.map((each) => [each, new Set()]));
  for (const { name, response } of exchanges) {
    for (const difference of compareAnswers(response, answers.get(name)!)) {
      const reason = findReason(name, difference);
      if (reason === undefined) unexplained.push({ in: name, ...difference });
      else explained.get(reason)!.add(name);
    }
  }
  expect(unexplained).toEqual([]);
  // Whoever mends a difference takes its reason away.
  const unused = [...explained].flatMap(([each, names]) => each.in.filter((name) => !names.has(name)));
  expect(unused).toEqual([]);
  expect(await findUndescribed(exchanges, answers)).toEqual(withoutMeaning);
  await expect(formatTable(exchanges, explained)).toMatchFileSnapshot("../../../docs/management-api.md");
});

/** Sent, but of no meaning: neither service shows a history in a list. */
const withoutMeaning = ["list-history: no parameter showHistory", "list-history: no parameter showHistoryOutput"];

/** What the document of the API leaves out of the exchanges. */
async function findUndescribed(
  exchanges: readonly RecordedExchange[],
  answers: ReadonlyMap<string, RecordedAnswer>,
): Promise<readonly string[]> {
  const document = createOpenApiDocument({
    title: "recorded",
    version: "1.0.0",
    managementPath: basePath,
    functions: [],
    durable: { orchestrations: [], entities: [], events: [] },
  });
  await using check = new DocumentCheck(document, basePath);
  const faults: string[] = [];
  for (const { name, request } of exchanges) {
    const given = { ...request, path: request.path.replace(/^(?=\?|$)/, "/") };
    for (const fault of await check.faultsOf(given, answers.get(name)!)) faults.push(`${name}: ${fault}`);
  }
  return faults;
}

/** What users read. */
function formatTable(
  exchanges: readonly RecordedExchange[],
  explained: ReadonlyMap<DeliberateDifference, ReadonlySet<string>>,
): string {
  const different = new Set([...explained.values()].flatMap((names) => [...names]));
  const namesByReason = new Map<string, Set<string>>();
  for (const [{ why }, names] of explained) {
    namesByReason.set(why, new Set([...(namesByReason.get(why) ?? []), ...names]));
  }
  const rows = [...namesByReason].map(([why, names]) => {
    const shown = [...names].slice(0, 4).map((name) => `\`${name}\``);
    const more = names.size > shown.length ? ` and ${names.size - shown.length} more` : "";
    return `| ${why} | ${shown.join(", ")}${more} |`;
  });
  return `# The management API

Start, look at and manage instances over HTTP, at \`/runtime/webhooks/durabletask\` of the local host (port 7071) and at
\`/api/durabletask\` of a Function App on the engine of this package. It is the API of the official Durable Task
extension, so that its clients and tools work.

| request | what it does |
| --- | --- |
| \`POST /orchestrators/NAME\`, \`/orchestrators/NAME/ID\` | starts an instance with the JSON body as input: 202, with links. With \`?timeout=10&pollingInterval=1\` (seconds, both) it waits for the end |
| \`GET /instances/ID\` | status: 202 while it runs, 200 when it has ended. \`showInput=false\`, \`showHistory=true\`, \`showHistoryOutput=true\` |
| \`GET /instances\` | a page of instances: \`runtimeStatus\`, \`name\`, \`instanceIdPrefix\`, \`createdTimeFrom\`, \`createdTimeTo\`, \`top\`. The header \`x-ms-continuation-token\` of an answer asks for the next page |
| \`POST /instances/ID/raiseEvent/EVENT\` | sends an event with the JSON body |
| \`POST /instances/ID/suspend\`, \`/resume\`, \`/terminate\`, \`/rewind\` | with \`?reason=\`; \`terminate\` takes \`recursive=true\` |
| \`POST /instances/ID/restart\` | starts it again, under a new id unless \`restartWithNewInstanceId=false\` |
| \`DELETE /instances/ID\`, \`DELETE /instances\` | deletes one that has ended; or all that have ended and were created since \`createdTimeFrom\`, which must be given; \`createdTimeTo\` and \`runtimeStatus\` choose among them |
| \`GET /entities\`, \`/entities/NAME\` | a page of entities; \`fetchState=true\` |
| \`GET\`, \`POST\`, \`DELETE /entities/NAME/KEY\` | the state; a signal, \`?op=\` with the JSON body as input; deletes it |

\`\`\`sh
curl -i -X POST http://localhost:7071/runtime/webhooks/durabletask/instances/ID/raiseEvent/Approval -H content-type:application/json -d true
curl -i -X POST "http://localhost:7071/runtime/webhooks/durabletask/instances/ID/terminate?reason=enough"
\`\`\`

On the loopback address no key is needed, elsewhere \`durabletask_extension\` or a signed link ([security](security.md)).
Which pages in browsers may call it is in [pages in browsers](browser-access.md). A refused request is answered with
JSON: \`{ "Message": "..." }\` or a text, as the extension has it. Every answer has headers that keep it to its caller:
\`cache-control: no-store\`, \`content-security-policy\`, \`cross-origin-resource-policy\`, \`referrer-policy\` and
\`x-content-type-options\`.

## OpenAPI

\`GET /runtime/webhooks/durabletask/openapi.json\` of a running local host answers an OpenAPI 3.1 document, and \`durable
openapi\` prints it without running anything ([the command](command-line.md#openapi)). It describes each route of this
API, with its parameters, statuses and bodies: all of the recorded requests and what they are answered here. Besides, it has

- the HTTP functions of the app: routes with their prefix, parameters with their constraints, methods, and who asks for a key;
- a start of each orchestration that the app has, with and without an id;
- the events that were defined with schemas, and the entities with the names of their operations.

Bodies are described as far as schemas tell: those of orchestrations (\`input\`, \`output\`), of \`defineEvent\`, and of
entities (\`state\`, \`operations\`), of libraries that implement [Standard JSON Schema](https://standardschema.dev/json-schema)
for draft 2020-12: Zod since 4.2, ArkType since 2.1.28, Valibot through \`toStandardJsonSchema\` of
\`@valibot/to-json-schema\`. Each becomes a component: \`helloInput\`, \`helloOutput\`, \`ApprovalEvent\`, \`CounterState\`,
\`Counter_addInput\`. What a library cannot say in JSON Schema, such as a \`Date\`, is left open, and so is all that an app's
\`dataConverter\` writes otherwise than as plain JSON, such as encrypted payloads. Schemas of events are known once the
module that defines them was loaded.

\`\`\`sh
durable openapi --output openapi.json
npx openapi-typescript openapi.json --output client.d.ts
\`\`\`

## How it differs from the extension

${exchanges.length} requests that extension 3.19.0 has answered (\`test/fixtures/http-management\`) are sent to this API as well.
${exchanges.length - different.size} answers are equal in status, headers, members and their order; times, generated ids and continuation
tokens are compared by their shape. The others differ in what stands here, and in nothing else.

| Difference, and why | Recorded requests |
| --- | --- |
${rows.join("\n")}

This page is written by \`npx vitest -u --run --project conformance test/conformance/http-management\`.
`;
}
