import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { DFApp, DurableClient, startWorker } from "../../src/index.ts";
import { startAzurite } from "../support/azurite.ts";

const run = promisify(execFile);
const env = { ...process.env, DOTNET_CLI_TELEMETRY_OPTOUT: "1", DOTNET_NOLOGO: "1" };

/** The program, or why there is none on this machine. */
async function build(): Promise<{ readonly path: string } | { readonly missing: string }> {
  const project = fileURLToPath(new URL("dotnet-tracking/DotnetTracking.csproj", import.meta.url));
  const checkout = createHash("sha256").update(project).digest("hex").slice(0, 12);
  const artifacts = join(tmpdir(), `durable-functions-ts-dotnet-tracking-${checkout}`);
  try {
    await run("dotnet", ["--version"], { env });
  } catch {
    return { missing: "the dotnet SDK is not installed" };
  }
  const args = ["build", project, "-c", "Release", "--artifacts-path", artifacts, "--disable-build-servers", "-v", "q"];
  try {
    await run("dotnet", args, { env, timeout: 300_000 });
  } catch (error) {
    const text = String((error as { stdout?: string }).stdout);
    const unrestored = /error (?:NU\d+|NETSDK1045)\b[^[]*/.exec(text);
    if (unrestored === null) throw new Error(`the program does not compile:\n${text}`, { cause: error });
    return { missing: unrestored[0].trim() };
  }
  return { path: join(artifacts, "bin/DotnetTracking/release/DotnetTracking.dll") };
}

function createApp(): DFApp {
  const app = new DFApp();
  const measure = app.activity("measure", (text: string) => text.length);
  app.orchestration("order", async (context, text: string) => {
    const length = await context.callActivity(measure, text);
    return [length, text, await context.waitForExternalEvent<string>("reply")];
  });
  return app;
}

/** Beyond what fits a message or a row; too long for a command line of a process only where ours start it. */
const large = "é".repeat(40_000);

it("a hub with a tracking store is the same for .NET and for us, with any prefix", async (context) => {
  const program = await build();
  if ("missing" in program) return context.skip(program.missing);
  await using main = await startAzurite();
  await using tracking = await startAzurite();
  for (const prefix of ["", "Shop"]) {
    const taskHub = `Net${prefix}Tracked`;
    const places = [main.connectionString, tracking.connectionString, taskHub, prefix];
    const tell = async (what: string, ...more: string[]) =>
      (await run("dotnet", [program.path, what, ...places, ...more], { env })).stdout.trim();
    // .NET makes the hub, and what it has sent is in it before we come.
    expect(await tell("start", "theirs", large)).toBe("started");
    const trackingStore = { storage: tracking.connectionString, namePrefix: prefix === "" ? undefined : prefix };
    const options = { storage: main.connectionString, trackingStore, taskHub, partitionCount: 2 };
    await using _host = await startWorker({ apps: [createApp()], ...options });
    await using client = await DurableClient.connect(options);

    const theirs = await client.waitForCompletion("theirs", { pollInterval: 50 });
    expect(theirs).toMatchObject({ runtimeStatus: "Completed", output: [large.length, large, "from .NET"] });

    await client.startNew("order", { instanceId: "ours", input: large });
    await client.raiseEvent("ours", "reply", "ours");
    expect(JSON.parse(await tell("show", "ours"))).toEqual({
      status: "Completed",
      output: JSON.stringify([large.length, large, "ours"]),
    });
  }
});
