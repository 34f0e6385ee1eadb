import type { LogLevel } from "../../core/ports.ts";
import type { FunctionsCore } from "../azure-functions.ts";
import { appFolderOf, readAppFiles } from "./app-files.ts";
import { FunctionApp, type WriteLine } from "./function-app.ts";

/** The Functions app of this process, with all that it takes to choose how it is hosted. */
export function openFunctionApp(core: FunctionsCore): FunctionApp {
  return new FunctionApp({
    env: () => process.env,
    appFolder: () => appFolderOf(process.env, process.cwd()),
    readFiles: readAppFiles,
    log: createWorkerLog(core),
    // Lazy: one of them is needed.
    runExtension: async (request) => (await import("../extension/run-in-extension.ts")).runInExtension(request),
    runOwnEngine: async (request) => (await import("./own-engine.ts")).runOwnEngine(request),
  });
}

const levelNames: Readonly<Record<LogLevel, string>> = {
  trace: "trace",
  debug: "debug",
  info: "information",
  warn: "warning",
  error: "error",
};

/** To the log of the host, by what the worker has for it: hooks have no log of their own. */
function createWorkerLog(core: FunctionsCore): WriteLine {
  return ({ level, message }) => {
    const line = `durable-functions-ts: ${message}`;
    if (core.log !== undefined) return core.log(levelNames[level], "user", line);
    const stream = level === "error" ? process.stderr : process.stdout;
    stream.write(`${line}\n`);
  };
}
