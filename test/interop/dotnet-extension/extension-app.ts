import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fromBinary } from "@bufbuild/protobuf";
import { OrchestratorRequestSchema } from "../../../src/grpc/proto/orchestrator_service_pb.ts";
import { findTrigger } from "../../../src/host/app/function-metadata.ts";
import type { TypedData } from "../../../src/host/app/typed-data.ts";
import { FunctionsWorkerDouble } from "../../support/functions-host-double/functions-worker.ts";
import { DotnetProgram } from "../dotnet-program.ts";

export interface ExtensionAppOptions {
  /** The .NET program. */
  readonly program: string;
  readonly connectionString: string;
  readonly taskHub: string;
  /** What the entry files of the app do. */
  readonly register: () => void;
  /** Receives what orchestrations and activities log. */
  readonly log?: (instanceId: string, functionName: string, line: string) => void;
}

/** What the .NET process posts. */
interface Call {
  readonly function: string;
  /** What the extension hands to the trigger. */
  readonly value: string | null;
  /** Only of activities. */
  readonly instanceId: string | null;
}

/** Members of triggers with the name of what they run, where the function has another one. */
const nameMembers = new Map([
  ["orchestrationTrigger", "orchestration"],
  ["activityTrigger", "activity"],
  ["entityTrigger", "entityName"],
]);
/** The host takes no others. The suites, which never saw it, have such names. */
const functionName = /^[a-z][\w-]{0,126}$/i;

const hostJson = {
  version: "2.0",
  extensionBundle: { id: "Microsoft.Azure.Functions.ExtensionBundle", version: "[4.*, 5.0.0)" },
};

/** An app in this process, whose functions are called by the genuine Durable extension in its own. */
export class ExtensionApp {
  readonly #worker: FunctionsWorkerDouble;
  readonly #peer: DotnetProgram;
  readonly #server: Server;
  readonly #folder: string;

  private constructor(worker: FunctionsWorkerDouble, peer: DotnetProgram, server: Server, folder: string) {
    this.#worker = worker;
    this.#peer = peer;
    this.#server = server;
    this.#folder = folder;
  }

  static async start(options: ExtensionAppOptions): Promise<ExtensionApp> {
    const { program, connectionString, taskHub, register, log = () => {} } = options;
    const folder = await mkdtemp(join(tmpdir(), "functions-app-"));
    await writeFile(join(folder, "host.json"), JSON.stringify(hostJson));
    process.env["AzureWebJobsScriptRoot"] = folder;
    const worker = await FunctionsWorkerDouble.load(register);
    const server = await listen(worker, log);
    const { port } = server.address() as AddressInfo;
    const settings = { connectionString, taskHub, worker: `http://127.0.0.1:${port}/`, functions: describe(worker) };
    const peer = new DotnetProgram(program, JSON.stringify(settings));
    const app = new ExtensionApp(worker, peer, server, folder);
    try {
      worker.clientBinding = JSON.parse(await peer.ask<string>("start"));
    } catch (error) {
      await app.stop();
      throw error;
    }
    return app;
  }

  /** What functions with a client are handed, as the extension has made it. */
  get clientBinding(): unknown {
    return this.#worker.clientBinding;
  }

  /** Sends a request to an HTTP function of the app, as the Functions host would. */
  request(name: string): Promise<TypedData | undefined> {
    const fn = this.#worker.core.functions.find(({ metadata }) => metadata.name === name)!;
    const http = { method: "GET", url: `http://localhost:7071/api/${name}`, nullableHeaders: {} };
    return this.#worker.call(fn, { value: { http } });
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
    await this.#peer.kill();
    this.#server.closeAllConnections();
    this.#server.close();
    await rm(this.#folder, { recursive: true });
  }
}

/** A function as the .NET process is told of it. */
interface IndexedFunction {
  readonly name: string;
  /** Its name in the worker. */
  readonly calls: string;
  readonly trigger: object;
}

function describe({ core }: FunctionsWorkerDouble): IndexedFunction[] {
  return core.functions.flatMap(({ metadata }, index): IndexedFunction[] => {
    const { name } = metadata;
    const trigger = findTrigger(metadata)?.binding;
    const member = trigger && nameMembers.get(trigger.type);
    if (trigger === undefined || member === undefined) return [];
    if (functionName.test(name)) return [{ name, calls: name, trigger }];
    return [{ name: `function${index}`, calls: name, trigger: { [member]: name, ...trigger } }];
  });
}

/** Takes the calls of the .NET process, where the Functions host and its worker have a stream between them. */
async function listen(worker: FunctionsWorkerDouble, log: NonNullable<ExtensionAppOptions["log"]>): Promise<Server> {
  const server = createServer(async (request, response) => {
    const call = JSON.parse(await text(request)) as Call;
    const answer = await answerTo(worker, call, log).catch((error: unknown) => {
      const { message, stack } = error as Error;
      return { error: { message, stack } };
    });
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

async function answerTo(
  worker: FunctionsWorkerDouble,
  { function: name, value, instanceId }: Call,
  log: NonNullable<ExtensionAppOptions["log"]>,
): Promise<unknown> {
  const fn = worker.core.functions.find(({ metadata }) => metadata.name === name);
  if (fn === undefined) throw new Error(`there is no function '${name}'`);
  const data = value === null ? {} : { string: value };
  const isOrchestration = findTrigger(fn.metadata)?.binding.type === "orchestrationTrigger";
  const id = isOrchestration ? instanceOf(value ?? "") : (instanceId ?? "");
  const returnValue = await worker.call(fn, {
    value: data,
    metadata: instanceId === null ? {} : { instanceId: { string: instanceId }, data },
    log: (line) => log(id, name, line),
  });
  return { returnValue };
}

function instanceOf(request: string): string {
  return fromBinary(OrchestratorRequestSchema, Buffer.from(request, "base64")).instanceId;
}
