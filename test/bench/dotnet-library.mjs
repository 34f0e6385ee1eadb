/** Builds the bench of the real .NET library, which NuGet restores. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const env = { ...process.env, DOTNET_CLI_TELEMETRY_OPTOUT: "1", DOTNET_NOLOGO: "1" };

/** @returns the program's path, or why it is `missing` on this machine */
export async function buildDotnetBench() {
  const project = fileURLToPath(new URL("dotnet/DotnetBench.csproj", import.meta.url));
  // One per checkout: two builds at the same time would write the same files.
  const checkout = createHash("sha256").update(project).digest("hex").slice(0, 12);
  const artifacts = join(tmpdir(), `durable-functions-ts-bench-${checkout}`);
  try {
    await run("dotnet", ["--version"], { env });
  } catch {
    return { missing: "the dotnet SDK is not installed" };
  }
  const args = ["build", project, "-c", "Release", "--artifacts-path", artifacts, "--disable-build-servers", "-v", "q"];
  try {
    await run("dotnet", args, { env, timeout: 300_000 });
  } catch (error) {
    const unrestored = /error (?:NU\d+|NETSDK1045)\b[^[]*/.exec(String(error.stdout));
    if (unrestored === null) throw new Error(`dotnet/DotnetBench.csproj does not compile:\n${error.stdout}`);
    return { missing: unrestored[0].trim() };
  }
  return { path: join(artifacts, "bin/DotnetBench/release/DotnetBench.dll") };
}
