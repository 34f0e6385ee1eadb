import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { startLocalHost } from "../support/local-host.ts";
import { npmCommand } from "../support/npm-command.mjs";
import { waitForOutcome } from "../support/samples.ts";

const run = promisify(execFile);

export interface Program {
  readonly program: string;
  readonly args: readonly string[];
}

/** npm of the Node that runs the tests, by a path that works on every system. */
export const npm: Program = { program: npmCommand[0], args: npmCommand.slice(1) };

/** Runs a program to its end. @returns what it has printed @throws Error with all that it has printed */
export async function execute(
  { program, args }: Program,
  more: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  // What npm says to its own children is not for other package managers.
  const inherited = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_OPTIONS$|INIT_CWD$)/i.test(name));
  const options = { cwd, env: { ...Object.fromEntries(inherited), ...env }, maxBuffer: 2 ** 26, windowsHide: true };
  try {
    const { stdout } = await run(program, [...args, ...more], options);
    return stdout;
  } catch (cause) {
    const { message, stdout = "", stderr = "" } = cause as Error & { stdout?: string; stderr?: string };
    throw new Error(`${message}\n${stdout}\n${stderr}`, { cause });
  }
}

/** The package as npm would publish it. Resolves to the tarball. */
export async function packInto(folder: string): Promise<string> {
  const printed = await execute(npm, ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], ".");
  const [{ filename }] = JSON.parse(printed) as [{ filename: string }];
  return join(folder, filename);
}

/** An app in a folder of its own, without a lock file: one HTTP function, one orchestration, one activity. */
export class AppFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** @param name part of the folder's name */
  static async create(name: string, tarball: string, type: "module" | "commonjs"): Promise<AppFolder> {
    const app = new AppFolder(await mkdtemp(join(tmpdir(), `durable-install-${name}-`)));
    const dependencies = { "@azure/functions": "^4.5.0", "durable-functions-ts": `file:${tarball}` };
    await app.write(
      "package.json",
      JSON.stringify({ name: "smoke", private: true, type, main: "app.js", dependencies }),
    );
    await app.write("host.json", JSON.stringify({ version: "2.0" }));
    await app.write("app.js", `${imports[type]}\n${appText}`);
    return app;
  }

  /** Makes the folders on the way. */
  async write(name: string, text: string): Promise<void> {
    await mkdir(join(this.path, name, ".."), { recursive: true });
    await writeFile(join(this.path, name), text);
  }

  /**
   * Runs the app as `durable start` on the storage that it starts itself, has an orchestration completed and stops it.
   *
   * @throws Error when anything is not as it should be
   */
  async smoke(
    options: { readonly node?: string; readonly env?: Readonly<Record<string, string>> } = {},
  ): Promise<void> {
    const { node = process.execPath, env = {} } = options;
    const find = ["-p", "require.resolve('durable-functions-ts/package.json')"];
    const manifest = await execute({ program: node, args: [] }, find, this.path, env);
    const cli = join(manifest.trim(), "..", "dist", "cli", "main.js");
    const host = await startLocalHost({ appFolder: this.path, node, cli, env });
    const outcome = await fetch(`${host.url}/api/start`, { method: "POST" })
      .then(waitForOutcome)
      .catch((error: unknown) => ({ output: String(error) }));
    const code = await host.stop();
    const isRight = JSON.stringify(outcome.output) === '["Hello Köln!","Hello 東京!"]' && code === 0;
    if (!isRight) throw new Error(`${JSON.stringify(outcome)}, exit code ${code}:\n${host.output()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true, maxRetries: 3 });
  }
}

const imports = {
  module: 'import { DFApp } from "durable-functions-ts";',
  commonjs: 'const { DFApp } = require("durable-functions-ts");',
};

const appText = `
const app = new DFApp();
const greet = app.activity("greet", (city) => "Hello " + city + "!");
app.orchestration("greetAll", function* (context) {
  return [yield* context.callActivity(greet, "Köln"), yield* context.callActivity(greet, "東京")];
});
app.http("start", {
  methods: ["POST"],
  handler: async (request, client) => client.createCheckStatusResponse(request, await client.startNew("greetAll")),
});
`;
