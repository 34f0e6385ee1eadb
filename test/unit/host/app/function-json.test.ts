import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createUserLogger } from "../../../../src/core/ports.ts";
import { findEntryPoint, findFunctionFolders, readFunctionJson } from "../../../../src/host/app/function-json.ts";
import { RunningCall } from "../../../../src/host/app/function-json-call.ts";
import { toFunctionJsonRequest, toHttpData } from "../../../../src/host/app/function-json-http.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "durable-folders-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

const timer = '{ "bindings": [{ "name": "t", "type": "timerTrigger" }] }';

it("finds the script of each folder as the Functions host does, and tells where there is none", async () => {
  const named = '{ "scriptFile": "../dist/n.js", "bindings": [] }';
  write({
    "ByIndex/function.json": timer,
    "ByIndex/index.mjs": "",
    "ByIndex/other.js": "",
    "ByName/function.json": timer,
    "ByName/ByName.js": "",
    "ByName/other.js": "",
    "Only/function.json": `\uFEFF${timer}`,
    "Only/x.cjs": "",
    "Named/function.json": named,
    "dist/n.js": "",
    "Gone/function.json": '{ "scriptFile": "gone.js", "bindings": [] }',
    "Two/function.json": timer,
    "Two/a.js": "",
    "Two/b.js": "",
    "node_modules/function.json": timer,
    "function.json": timer,
  });

  const { folders, problems } = await findFunctionFolders(folder);

  expect(folders.map(({ name, scriptFile }) => [name, relative(folder, scriptFile)])).toEqual([
    ["ByIndex", "ByIndex/index.mjs"],
    ["ByName", "ByName/ByName.js"],
    ["Named", "dist/n.js"],
    ["Only", "Only/x.cjs"],
  ]);
  expect(problems.map(({ name, message }) => [name, message])).toEqual([
    ["Gone", expect.stringContaining("names 'gone.js', which is not there")],
    ["Two", expect.stringContaining("name it as 'scriptFile'")],
  ]);
});

it.each([
  ["{", "is not JSON"],
  ["5", "must be an object"],
  ["{}", "no list of 'bindings'"],
  ['{ "bindings": [null] }', "without 'name' or 'type'"],
  ['{ "bindings": [{ "name": "a", "type": "t" }, { "name": "a", "type": "u" }] }', "two bindings that are called 'a'"],
])("refuses the function.json %s", (text, problem) => {
  expect(readFunctionJson(text)).toContain(problem);
});

it("reads bindings by their names, whatever these are", () => {
  expect(
    readFunctionJson(
      '{ "bindings": [{ "name": "__proto__", "type": "queue" }], "disabled": true, "entryPoint": "go" }',
    ),
  ).toMatchObject({ isDisabled: true, entryPoint: "go", scriptFile: undefined });
});

it("finds the function of a module", () => {
  const go = () => {};
  const other = () => {};

  expect(findEntryPoint(go, undefined)).toBe(go);
  expect(findEntryPoint({ default: go, other }, undefined)).toBe(go);
  expect(findEntryPoint({ default: { default: go } }, undefined)).toBe(go);
  expect(findEntryPoint({ anything: go, text: "x" }, undefined)).toBe(go);
  expect(findEntryPoint({ run: go, other }, undefined)).toBe(go);
  expect(findEntryPoint({ index: go, other }, undefined)).toBe(go);
  expect(findEntryPoint({ run: other, go }, "go")).toBe(go);
  expect(findEntryPoint({ go }, "gone")).toContain("no function 'gone'");
  expect(findEntryPoint({ go, other }, undefined)).toContain("'entryPoint'");
  expect(findEntryPoint(null, undefined)).toContain("exports no function");
});

function startCall() {
  const lines: unknown[] = [];
  const call = new RunningCall({
    invocationId: "call-1",
    functionName: "Old",
    functionDirectory: "/app/Old",
    bindings: {
      req: { type: "httpTrigger", direction: "in" },
      res: { type: "http", direction: "out" },
      $return: { type: "http", direction: "out" },
      extra: { type: "queue", direction: "out" },
    },
    inputs: { req: { url: "u" } },
    bindingData: { id: "5" },
    logger: createUserLogger((level, args) => lines.push([level, ...args])),
  });
  return { call, lines };
}

it("gives a function its inputs, data and log, and takes what it returns", async () => {
  const { call, lines } = startCall();

  const result = await call.run((context, req) => {
    const { log, bindingData, bindings, executionContext } = context as RunningCall["context"];
    log("a", 1);
    log.verbose("b");
    return Promise.resolve([req, bindingData, bindings, executionContext.functionName]);
  });

  expect(result).toEqual([{ url: "u" }, { id: "5", invocationId: "call-1" }, { req: { url: "u" } }, "Old"]);
  expect(lines).toEqual([
    ["info", "a", 1],
    ["debug", "b"],
  ]);
});

it("waits for a function that is not async until it says that it is done, or sends its response", async () => {
  const done = startCall().call.run((context) => (context as RunningCall["context"]).done(null, "result"));
  const failed = startCall().call.run((context) => (context as RunningCall["context"]).done(new Error("bad")));
  const { call } = startCall();
  const sent = call.run((context) => {
    void (context as { res: { status(code: number): { send(body: string): void } } }).res.status(202).send("ok");
  });

  expect(await done).toBe("result");
  await expect(failed).rejects.toThrow("bad");
  expect(await sent).toBeUndefined();
  expect(call.outputOf("res", undefined)).toMatchObject({ statusCode: 202, body: "ok" });
});

it("takes outputs from the context, its bindings, or the result", () => {
  const { call } = startCall();
  const untouched = call.outputOf("res", undefined);
  const byName = call.outputOf("res", { res: { status: 201 } });
  call.context.res = { status: 204 };
  const replaced = call.outputOf("res", undefined);
  call.context.bindings["res"] = { status: 205 };

  expect([untouched, byName, replaced, call.outputOf("res", undefined), call.outputOf("$return", 5)]).toEqual([
    undefined,
    { status: 201 },
    { status: 204 },
    { status: 205 },
    5,
  ]);
});

it("shows a request with its body as what it is", () => {
  const request = (contentType: string, body: string) =>
    toFunctionJsonRequest({
      method: "POST",
      url: "http://localhost/api/x?q=1",
      nullableHeaders: { "content-type": { value: contentType } },
      nullableQuery: { q: { value: "1" } },
      nullableParams: { id: { value: "5" } },
      body: { bytes: Buffer.from(body) },
    });

  expect(request("application/json", "[1]")).toMatchObject({
    body: [1],
    rawBody: "[1]",
    query: { q: "1" },
    params: { id: "5" },
  });
  expect(request("application/json", "{").body).toBe("{");
  expect(request("text/plain", "[1]").body).toBe("[1]");
  expect(request("application/octet-stream", "ab").body).toEqual(Buffer.from("ab"));
  expect(request("text/plain", "").get("Content-Type")).toBe("text/plain");
  expect(toFunctionJsonRequest({}).body).toBeUndefined();
});

it.each<[string, unknown, unknown]>([
  ["nothing", undefined, undefined],
  [
    "a text",
    "hi",
    { statusCode: "200", body: { string: "hi" }, headers: { "content-type": "text/plain; charset=utf-8" } },
  ],
  ["a value", { a: 1 }, { statusCode: "200", body: { string: '{"a":1}' } }],
  ["a list", [1], { statusCode: "200", body: { string: "[1]" } }],
  ["bytes", Buffer.from("x"), { headers: { "content-type": "application/octet-stream" } }],
  [
    "a response",
    { status: 201, body: { a: 1 }, headers: { "Content-Type": "x/y" } },
    { statusCode: "201", headers: { "content-type": "x/y" } },
  ],
  ["a status alone", { statusCode: "404" }, { statusCode: "404" }],
  [
    "cookies",
    { cookies: [{ name: "a", value: "b", sameSite: "None", maxAge: 5, expires: "2026-01-01T00:00:00Z" }] },
    {
      cookies: [
        {
          name: "a",
          value: "b",
          sameSite: "explicitNone",
          maxAge: { value: 5 },
          expires: { value: { seconds: 1767225600 } },
        },
      ],
    },
  ],
])("writes %s as a response", (_, given, expected) => {
  if (expected === undefined) expect(toHttpData(given)).toBeUndefined();
  else expect(toHttpData(given)).toMatchObject(expected as object);
});
