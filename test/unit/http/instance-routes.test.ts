import { expect, it } from "vitest";
import { DurableError } from "../../../src/core/errors.ts";
import { instance } from "./fake-orchestration-client.ts";
import { baseUrl, managementApi, readJson } from "./management-fixture.ts";

it("shows a finished instance in the shape of the official API", async () => {
  const { send } = managementApi([instance({ runtimeStatus: "Completed", output: '["Hello Tokyo"]' })]);

  const response = await send("GET", "instances/abc");

  expect(response.status).toBe(200);
  expect(await response.text()).toBe(
    '{"name":"seq","instanceId":"abc","runtimeStatus":"Completed","input":"World","customStatus":null,' +
      '"output":["Hello Tokyo"],"createdTime":"2024-05-01T10:00:00Z","lastUpdatedTime":"2024-05-01T10:00:03Z"}',
  );
});

it.each(["Running", "Pending", "ContinuedAsNew", "Suspended"] as const)(
  "tells the poller of a %s instance to come back",
  async (runtimeStatus) => {
    const { send } = managementApi([instance({ runtimeStatus })]);

    const response = await send("GET", "instances/abc?taskHub=hub&connection=storage");

    expect(response.status).toBe(202);
    expect(response.headers.get("location")).toBe(`${baseUrl}/instances/abc?taskHub=hub&connection=storage`);
    expect(response.headers.get("retry-after")).toBe("5");
  },
);

it.each([
  ["Completed", "", 200],
  ["Terminated", "", 200],
  ["Canceled", "", 200],
  ["Failed", "", 200],
  ["Failed", "?returnInternalServerErrorOnFailure=True", 500],
  ["Completed", "?returnInternalServerErrorOnFailure=true", 200],
] as const)("answers a %s instance asked with '%s' by %i", async (runtimeStatus, query, status) => {
  const { send } = managementApi([instance({ runtimeStatus })]);

  const response = await send("GET", `instances/abc${query}`);

  expect(response.status).toBe(status);
  expect(response.headers.get("location")).toBeNull();
});

it("shows text that is not JSON as text, an empty text as empty, and keeps every digit of numbers", async () => {
  const { send } = managementApi([
    instance({ input: '{"n":12345678901234567890}', output: "by hand", customStatus: "", version: "2.0" }),
  ]);

  const text = await (await send("GET", "instances/abc")).text();

  expect(text).toContain('"input":{"n":12345678901234567890},"customStatus":"","output":"by hand"');
  expect(text).toContain('"version":"2.0"');
});

it.each(["Running", "Pending", "Suspended", "Terminated", "Canceled", "Failed"] as const)(
  "shows the reason that stands in the output of a %s instance as a text, also where it reads as JSON",
  async (runtimeStatus) => {
    const { send } = managementApi([instance({ runtimeStatus, output: "123" })]);

    expect(await (await send("GET", "instances/abc")).json()).toMatchObject({ output: "123" });
    expect(await (await send("GET", "instances")).json()).toMatchObject([{ output: "123" }]);
  },
);

it("leaves the input out when asked to, whatever the case of the parameter", async () => {
  const { client, send } = managementApi([instance()]);

  const response = await send("GET", "Instances/abc/?SHOWINPUT=False");

  expect((await readJson(response)).input).toBeNull();
  expect(client.calls).toEqual([["getInstance", "abc", { fetchInput: false }]]);
});

it("shows history only when asked, results only when asked as well", async () => {
  const { client, send } = managementApi([instance()]);
  const timestamp = new Date("2024-05-01T10:00:01Z");
  client.histories.set("abc", [{ type: "TaskCompleted", eventId: -1, timestamp, taskScheduledId: 0, result: '"x"' }]);

  const without = await readJson(await send("GET", "instances/abc?showHistory=nonsense"));
  const silent = await readJson(await send("GET", "instances/abc?showHistory=true"));
  const full = await readJson(await send("GET", "instances/abc?showHistory=true&showHistoryOutput=true"));

  const entry = { EventType: "TaskCompleted", Timestamp: "2024-05-01T10:00:01.000Z" };
  expect(without).not.toHaveProperty("historyEvents");
  expect(silent.historyEvents).toEqual([entry]);
  expect(full.historyEvents).toEqual([{ ...entry, Result: "x" }]);
});

it("shows no history of a pending instance", async () => {
  const { send } = managementApi([instance({ runtimeStatus: "Pending" })]);

  expect((await readJson(await send("GET", "instances/abc?showHistory=true"))).historyEvents).toEqual([]);
});

it("answers an unknown instance with an empty 404 on every route", async () => {
  const { postJson, send } = managementApi();
  const responses = [
    await send("GET", "instances/nobody"),
    await send("DELETE", "instances/nobody"),
    await postJson("instances/nobody/raiseEvent/Go", "1"),
    await send("POST", "instances/nobody/terminate"),
    await send("POST", "instances/nobody/suspend"),
    await send("POST", "instances/nobody/resume"),
    await send("POST", "instances/nobody/rewind"),
  ];

  expect(responses.map((response) => response.status)).toEqual([404, 404, 404, 404, 404, 404, 404]);
  for (const response of responses) expect(await response.text()).toBe("");
});

it("lists by filter, page by page", async () => {
  const { client, send } = managementApi();
  client.pages = [
    { instances: [instance()], continuationToken: "bmV4dA" },
    { instances: [], continuationToken: undefined },
  ];
  const query =
    "instanceIdPrefix=a&createdTimeFrom=2024-05-01T10:00:00.1234567Z&createdTimeTo=2024-05-02T00:00:00+02:00" +
    "&runtimeStatus=running,FAILED&runtimeStatus=Failed&top=7&showInput=false";

  const first = await send("GET", `instances/?${query}`);
  const token = first.headers.get("x-ms-continuation-token")!;
  const second = await send("GET", "instances", { headers: { "x-ms-continuation-token": token } });

  expect(await readJson(first)).toMatchObject([{ instanceId: "abc", input: null }]);
  expect(await readJson(second)).toEqual([]);
  expect(second.headers.get("x-ms-continuation-token")).toBeNull();
  expect(client.calls).toEqual([
    [
      "queryInstances",
      {
        instanceIdPrefix: "a",
        createdTimeFrom: new Date("2024-05-01T10:00:00.123Z"),
        createdTimeTo: new Date("2024-05-01T22:00:00Z"),
        runtimeStatus: ["Running", "Failed"],
        pageSize: 7,
        fetchInput: false,
        fetchOutput: "inline",
      },
    ],
    ["queryInstances", { pageSize: 100, fetchInput: "inline", fetchOutput: "inline", continuationToken: "bmV4dA" }],
  ]);
});

it("reads what lies in blobs for those who ask for it, and names it for the others", async () => {
  const { client, send } = managementApi();
  const light = { ...instance(), input: undefined, notLoaded: ["input"] as const };
  client.pages = [{ instances: [light], continuationToken: undefined }];

  expect(await readJson(await send("GET", "instances"))).toMatchObject([{ input: null, notLoaded: ["input"] }]);
  client.calls.length = 0;
  await send("GET", "instances?showInput=TRUE&showOutput=false");

  expect(client.calls[0]?.[1]).toMatchObject({ fetchInput: true, fetchOutput: false });
});

it.each([
  ["top=-1", "'top'"],
  ["top=0", "'top'"],
  ["top=many", "'top'"],
  ["createdTimeFrom=yesterday", "'createdTimeFrom'"],
  ["createdTimeTo=2024-13-01", "'createdTimeTo'"],
  ["runtimeStatus=Sleeping", "'runtimeStatus'"],
])("refuses to list with %s", async (query, name) => {
  const { client, send } = managementApi();

  const response = await send("GET", `instances?${query}`);

  expect(response.status).toBe(400);
  expect((await readJson(response)).Message).toContain(name);
  expect(client.calls).toEqual([]);
});

it("lists by what the official API does not know, and without outputs", async () => {
  const { client, send } = managementApi();

  await send(
    "GET",
    "instances?name=Ship&completedTimeTo=2024-01-02&lastUpdatedTimeFrom=2024-01-01&showInput=false&showOutput=false",
  );
  const refused = await send("GET", "instances?completedTimeTo=never");

  expect(client.calls).toMatchObject([
    [
      "queryInstances",
      {
        name: "Ship",
        completedTimeTo: new Date("2024-01-02T00:00:00Z"),
        lastUpdatedTimeFrom: new Date("2024-01-01T00:00:00Z"),
        fetchInput: false,
        fetchOutput: false,
      },
    ],
  ]);
  expect(refused.status).toBe(400);
});

it("caps the page size", async () => {
  const { client, send } = managementApi();

  await send("GET", "instances?top=1000000000");

  expect(client.calls).toMatchObject([["queryInstances", { pageSize: 1000 }]]);
});

it("purges one instance", async () => {
  const { send } = managementApi([instance({ runtimeStatus: "Failed" })]);

  const response = await send("DELETE", "instances/abc");

  expect(response.status).toBe(200);
  expect(await readJson(response)).toEqual({ instancesDeleted: 1 });
});

it("purges an instance that runs only when that is forced", async () => {
  const { send } = managementApi([instance()]);

  const refused = await send("DELETE", "instances/abc");
  const forced = await send("DELETE", "instances/abc?force=true");

  expect([refused.status, forced.status]).toEqual([412, 200]);
  expect(await readJson(refused)).toBe(
    "Only orchestrations in a terminal state can be purged, but the orchestration with instance ID abc has status Running",
  );
});

it("purges by filter up to now, and answers 404 when nothing was deleted", async () => {
  const { client, send } = managementApi();
  client.purgeable = 3;

  const deleted = await send("DELETE", "instances/?createdTimeFrom=2024-01-01&runtimeStatus=Completed");
  client.purgeable = 0;
  const nothing = await send("DELETE", "instances?createdTimeFrom=2024-01-01");

  expect([deleted.status, nothing.status]).toEqual([200, 404]);
  expect(await readJson(deleted)).toEqual({ instancesDeleted: 3 });
  expect(client.calls[0]).toEqual([
    "purgeBy",
    {
      createdTimeFrom: new Date("2024-01-01T00:00:00Z"),
      createdTimeTo: new Date("2024-05-01T12:00:00Z"),
      runtimeStatus: ["Completed"],
    },
  ]);
});

it.each(["", "?createdTimeFrom="])("refuses to purge by filter without a start ('%s')", async (query) => {
  const { client, send } = managementApi();

  const response = await send("DELETE", `instances/${query}`);

  expect(response.status).toBe(400);
  expect(await readJson(response)).toBe("Please provide value for 'createdTimeFrom' parameter.");
  expect(client.calls).toEqual([]);
});

it("raises an event with its data, or without any", async () => {
  const { client, postJson, send } = managementApi([instance()]);

  const withData = await postJson("instances/abc/raiseevent/My%20Event", '{"approved":true}');
  const without = await send("POST", "instances/abc/raiseEvent/Go");

  expect([withData.status, without.status]).toEqual([202, 202]);
  expect(client.calls).toEqual([
    ["raiseEvent", "abc", "My Event", '{"approved":true}'],
    ["raiseEvent", "abc", "Go", undefined],
  ]);
});

it("refuses event data that is not JSON", async () => {
  const { postJson, send } = managementApi([instance()]);

  const broken = await postJson("instances/abc/raiseEvent/Go", "{");
  const plain = await send("POST", "instances/abc/raiseEvent/Go", {
    body: "1",
    headers: { "content-type": "text/plain" },
  });

  expect([broken.status, plain.status]).toEqual([400, 400]);
  expect(await readJson(broken)).toEqual({ Message: "Invalid JSON content" });
  expect(await readJson(plain)).toEqual({ Message: "Only application/json request content is supported" });
});

it.each(["raiseEvent/Go", "terminate", "suspend", "resume"])(
  "answers %s to a finished instance with 410",
  async (path) => {
    const { send } = managementApi([instance({ runtimeStatus: "Completed" })]);

    const response = await send("POST", `instances/abc/${path}`);

    expect(response.status).toBe(410);
    expect(await response.text()).toBe("");
  },
);

it.each(["terminate", "suspend", "resume"])("%ss an instance with a reason", async (operation) => {
  const { client, send } = managementApi([instance()]);

  const response = await send("POST", `instances/abc/${operation.toUpperCase()}?reason=by%20hand&taskHub=Hub`);

  expect(response.status).toBe(202);
  expect(client.calls).toEqual([[operation, "abc", "by hand"]]);
});

it("rewinds an instance that has failed, and tells why no other", async () => {
  const { client, send } = managementApi([instance({ runtimeStatus: "Failed" }), instance({ instanceId: "running" })]);

  const rewound = await send("POST", "instances/abc/rewind?reason=fixed");
  const running = await send("POST", "instances/running/rewind");
  client.failure = new DurableError("NotSupported", "this hub cannot rewind");
  const unsupported = await send("POST", "instances/abc/rewind");

  expect([rewound.status, running.status, unsupported.status]).toEqual([202, 412, 501]);
  expect(await readJson(running)).toBe(
    'This orchestration has status Running, but only orchestrations in the "Failed" state can be rewound.',
  );
  expect(await unsupported.text()).toBe("this hub cannot rewind");
});
