// The worker of a Functions host: a process that loads an app and runs its functions, as the host tells it over one
// stream. Needs `npm run build`. The app gets the package of that build, and this process uses it too.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { extname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { credentials, makeClientConstructor } from "@grpc/grpc-js";
import { FunctionsCore } from "../../../dist/host/app/functions-core.js";
import { invokeFunction } from "../../../dist/host/app/invocation.js";
import { findEntryFiles } from "../../../dist/host/app/load-app.js";
import { injectModule } from "../../../dist/host/app/module-injection.js";
import { functionRpc } from "./rpc-schema.mjs";

const text = { type: "string" };
const { values: args } = parseArgs({
  options: {
    "functions-uri": text,
    "functions-worker-id": text,
    "functions-request-id": text,
    "functions-grpc-max-message-length": text,
  },
});
const workerId = args["functions-worker-id"];
const maxLength = Number(args["functions-grpc-max-message-length"]);

const Client = makeClientConstructor(functionRpc, "FunctionRpc");
const client = new Client(new URL(args["functions-uri"]).host, credentials.createInsecure(), {
  "grpc.max_send_message_length": maxLength,
  "grpc.max_receive_message_length": maxLength,
});
const stream = client.EventStream();
// The host is gone: no hook runs, whatever the app does just now.
stream.on("end", () => process.exit());
stream.on("error", (error) => {
  process.stderr.write(`Worker encountered event stream error: ${error.message}\n`);
  process.exit(1);
});

const levels = {
  trace: "Trace",
  debug: "Debug",
  information: "Information",
  info: "Information",
  warning: "Warning",
  warn: "Warning",
  error: "Error",
  critical: "Critical",
};
const logCategories = { user: "User", system: "System", customMetric: "CustomMetric" };
const log = (level, logCategory, message, more = {}) =>
  stream.write({ rpcLog: { level: levels[level], logCategory: logCategories[logCategory], message, ...more } });

const core = new FunctionsCore({ version: "3.14.0", log });
injectModule("@azure/functions-core", core.createModule());
/** Of an entry file. It is told when the host asks for the functions. */
let entryFailure;
const capabilityNames = [
  "RawHttpBodyBytes",
  "RpcHttpTriggerMetadataRemoved",
  "RpcHttpBodyOnly",
  "IgnoreEmptyValuedRpcHttpHeaders",
  "UseNullableValueDictionaryForHttp",
  "WorkerStatus",
  "TypedDataCollection",
  "HandlesWorkerTerminateMessage",
];

async function loadEntryFiles(appFolder) {
  const { main, type } = JSON.parse(await readFile(join(appFolder, "package.json"), "utf8"));
  for (const file of await findEntryFiles(appFolder, main)) {
    core.currentEntry = file;
    try {
      const isModule = extname(file) === ".mjs" || (type === "module" && extname(file) !== ".cjs");
      await (isModule ? import(pathToFileURL(file).href) : createRequire(file)(file));
    } catch (error) {
      error.message = `Worker was unable to load entry point "${relative(appFolder, file)}": ${error.message}`;
      throw error;
    } finally {
      core.currentEntry = undefined;
    }
  }
}

function describe({ metadata, scriptPath }) {
  const { name, functionId, bindings } = metadata;
  return {
    name,
    functionId,
    scriptFile: scriptPath === undefined ? "unknown" : scriptPath.split("/").at(-1),
    directory: scriptPath?.split("/").slice(0, -1).join("/"),
    bindings: Object.fromEntries(
      Object.entries(bindings).map(([key, { type, direction }]) => [key, { type, direction }]),
    ),
    rawBindings: Object.entries(bindings).map(([key, binding]) => JSON.stringify({ ...binding, name: key })),
  };
}

async function startApp(appFolder) {
  if (appFolder !== "") {
    await loadEntryFiles(appFolder).catch((error) => {
      entryFailure = error;
      process.stderr.write(`${error.stack}\n`);
    });
    await core.runAppHooks("appStart");
  }
  const capabilities = Object.fromEntries(capabilityNames.map((name) => [name, "true"]));
  return { capabilities: (await core.model?.getCapabilities?.(capabilities)) ?? capabilities };
}

/** What each request does. */
const handlers = {
  workerInitRequest: ({ functionAppDirectory }) => startApp(functionAppDirectory),
  async functionEnvironmentReloadRequest({ environmentVariables, functionAppDirectory }) {
    for (const name of Object.keys(process.env)) delete process.env[name];
    Object.assign(process.env, environmentVariables);
    process.chdir(functionAppDirectory);
    return startApp(functionAppDirectory);
  },
  async functionsMetadataRequest() {
    core.lock();
    // Of an app that has registered nothing the worker takes it that it has folders with a function.json.
    if (core.functions.length === 0) return { useDefaultMetadataIndexing: true };
    if (entryFailure !== undefined) throw entryFailure;
    return { functionMetadataResults: core.functions.map(describe), useDefaultMetadataIndexing: false };
  },
  async functionLoadRequest({ functionId }) {
    core.lock();
    if (entryFailure !== undefined) throw entryFailure;
    return { functionId };
  },
  async invocationRequest(request) {
    const { functionId, invocationId } = request;
    const fn = core.functions.find(({ metadata }) => metadata.functionId === functionId);
    if (fn === undefined) throw new Error(`Function code for '${functionId}' is not loaded and cannot be invoked.`);
    const where = { invocationId, category: `${fn.metadata.name}.Invocation` };
    const { response } = await invokeFunction(core, fn, request, ({ level, category, message }) =>
      log(level, category.endsWith(".User") ? "user" : "system", message, where),
    );
    return { invocationId, outputData: response.outputData, returnValue: response.returnValue };
  },
};
const answers = {
  workerInitRequest: "workerInitResponse",
  functionEnvironmentReloadRequest: "functionEnvironmentReloadResponse",
  functionsMetadataRequest: "functionMetadataResponse",
  functionLoadRequest: "functionLoadResponse",
  invocationRequest: "invocationResponse",
};

async function handle({ requestId, content, ...message }) {
  if (content === "workerTerminate") {
    // One that fails leaves the process to the host, which kills it after the grace.
    await core.runAppHooks("appTerminate").then(
      () => {
        stream.end();
        process.exit(0);
      },
      log.bind(undefined, "error", "system", "an appTerminate hook failed"),
    );
    return;
  }
  if (content === "workerStatusRequest") return stream.write({ requestId, workerStatusResponse: {} });
  const handler = handlers[content];
  if (handler === undefined) return;
  const request = message[content];
  let answer;
  try {
    answer = { ...(await handler(request)), result: { status: "Success" } };
  } catch (error) {
    const exception = { message: error?.message ?? String(error), stackTrace: error?.stack };
    const { functionId, invocationId } = request;
    answer = { functionId, invocationId, result: { status: "Failure", exception } };
  }
  stream.write({ requestId, [answers[content]]: answer });
}

stream.on("data", handle);
stream.write({ requestId: args["functions-request-id"], startStream: { workerId } });
