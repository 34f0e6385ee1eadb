import { createRequire } from "node:module";
import { extname } from "node:path";
import { pathToFileURL } from "node:url";
import { DurableError, messageOf, stackOf } from "../../core/errors.ts";
import type { EventLog } from "../../core/event-log.ts";
import { type FunctionJsonCode, findCode, isClientBinding } from "../../functions/compat/function-json-contract.ts";
import type { ActivityFunction } from "../../worker/activity-context.ts";
import { Registry } from "../../worker/registry.ts";
import type { EmbeddedApps } from "./embedded-apps.ts";
import { type FunctionFolder, findEntryPoint, findFunctionFolders } from "./function-json.ts";
import { RunningCall } from "./function-json-call.ts";
import { createFunctionJsonModel } from "./function-json-model.ts";
import { type FunctionCallback, findTrigger } from "./function-metadata.ts";
import type { FunctionsCore, ProgrammingModel } from "./functions-core.ts";

/** Triggers whose functions the engine runs, and what they run. */
const durableTriggers: ReadonlyMap<string, FunctionJsonCode["kind"]> = new Map([
  ["orchestrationtrigger", "orchestration"],
  ["activitytrigger", "activity"],
  ["entitytrigger", "entity"],
]);

/**
 * The functions of an app that has a folder with a function.json for each, as before version 4 of the programming model.
 * They become the same registrations as functions that code registers, and run only where code registers none: that is
 * the rule of the Functions host.
 */
export class FunctionJsonFunctions {
  readonly #core: FunctionsCore;
  readonly #apps: EmbeddedApps;
  readonly #events: EventLog;
  readonly #version: string;
  #folders: readonly FunctionFolder[] = [];

  constructor(options: {
    readonly core: FunctionsCore;
    readonly apps: EmbeddedApps;
    readonly events: EventLog;
    readonly version: string;
  }) {
    this.#core = options.core;
    this.#apps = options.apps;
    this.#events = options.events;
    this.#version = options.version;
  }

  /** Looks for folders. Resolves to whether there are any. */
  async find(appFolder: string): Promise<boolean> {
    const { folders, problems } = await findFunctionFolders(appFolder);
    this.#folders = folders;
    for (const { name, message } of problems) this.#tellProblem(name, message);
    return folders.length > 0;
  }

  /** Loads and registers what {@link find} has found, after the code of the app was loaded. Resolves to their scripts. */
  async register(isModule: boolean): Promise<readonly string[]> {
    const folders = this.#folders.filter(({ isDisabled }) => !isDisabled);
    if (folders.length === 0) return [];
    if (this.#core.functions.length > 0 || this.#apps.registries.length > 0) {
      const names = folders.map(({ name }) => name).join(", ");
      const text = `functions with a function.json do not run, because the code of the app registers functions: ${names}`;
      this.#events.write("FunctionJsonIgnored", text, { count: folders.length });
      return [];
    }
    const registry = new Registry();
    const loaded: string[] = [];
    for (const folder of folders) {
      try {
        await this.#registerFolder(folder, isModule, registry);
        loaded.push(folder.scriptFile);
      } catch (error) {
        this.#tellProblem(folder.name, messageOf(error));
      }
    }
    const needsEngine =
      [registry.orchestrationNames, registry.activityNames, registry.entityNames].flat().length > 0 ||
      folders.some(({ bindings }) => Object.values(bindings).some(isClientBinding));
    if (needsEngine) this.#apps.attach({ registry });
    const model = createFunctionJsonModel({
      version: this.#version,
      folderOf: (name) => folders.find((folder) => folder.name === name)?.folder ?? "",
      connect: () => this.#apps.connect(),
    });
    (this.#core.createModule() as { setProgrammingModel(model: ProgrammingModel): void }).setProgrammingModel(model);
    return loaded;
  }

  /** @throws whatever the module throws; DurableError `HostStartFailed` when it does not fit its function.json */
  async #registerFolder(folder: FunctionFolder, isModule: boolean, registry: Registry): Promise<void> {
    const { name, bindings, scriptFile, entryPoint } = folder;
    const trigger = findTrigger({ name, bindings });
    if (trigger === undefined) throw problem(`the function.json of '${name}' has no trigger`);
    const kind = durableTriggers.get(trigger.binding.type.toLowerCase());
    const exported = findEntryPoint(await load(scriptFile, isModule), entryPoint);
    if (typeof exported === "string") throw problem(`the script of '${name}' ${exported}`);
    const marked = findCode(exported);
    if (marked !== undefined && marked.kind !== kind) {
      throw problem(
        `'${name}' exports an ${marked.kind}, but its function.json has the trigger '${trigger.binding.type}'`,
      );
    }
    if (kind === undefined) {
      const registered = { name, bindings };
      this.#core.currentEntry = scriptFile;
      try {
        const core = this.#core.createModule() as { registerFunction(metadata: object, code: FunctionCallback): void };
        core.registerFunction(registered, exported as FunctionCallback);
      } finally {
        this.#core.currentEntry = undefined;
      }
    } else if (marked?.kind === "orchestration") registry.addOrchestration({ name, orchestrator: marked.code });
    else if (marked?.kind === "entity") registry.addEntity({ name, entity: marked.code });
    else if (marked?.kind === "activity") registry.addActivity({ name, activity: marked.code });
    else if (kind === "activity") {
      registry.addActivity({ name, activity: this.#plainActivity(folder, trigger.name, exported as FunctionCallback) });
    } else {
      const maker = kind === "orchestration" ? "df.orchestrator" : "df.entity";
      throw problem(`'${name}' must export what ${maker} of durable-functions-ts returns`);
    }
  }

  /** A function that is given a context with bindings first. */
  #plainActivity(folder: FunctionFolder, triggerName: string, code: FunctionCallback): ActivityFunction {
    const { name, bindings } = folder;
    return async (input, context) => {
      const call = new RunningCall({
        invocationId: `${context.instanceId}:${context.taskId}`,
        functionName: name,
        functionDirectory: folder.folder,
        bindings,
        inputs: { [triggerName]: input },
        bindingData: { instanceId: context.instanceId },
        logger: context,
      });
      const result = await call.run(code);
      return result === undefined ? call.context.bindings["$return"] : result;
    };
  }

  #tellProblem(functionName: string, message: string): void {
    this.#events.write("FunctionInvalid", `The '${functionName}' function is in error: ${message}`, { functionName });
  }
}

async function load(scriptFile: string, isModule: boolean): Promise<unknown> {
  const extension = extname(scriptFile);
  try {
    if (extension === ".mjs" || (isModule && extension !== ".cjs")) return await import(pathToFileURL(scriptFile).href);
    return createRequire(scriptFile)(scriptFile) as unknown;
  } catch (cause) {
    throw new DurableError("HostStartFailed", `its script could not be loaded: ${stackOf(cause)}`, { cause });
  }
}

function problem(message: string): DurableError {
  return new DurableError("HostStartFailed", message);
}
