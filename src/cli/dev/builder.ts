import { spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Project } from "./project.ts";
import type { RunPlan } from "./run-plan.ts";

/** Builds an app for its next start. Resolves to whether it is built; what is wrong stands on the terminal. */
export async function buildApp(plan: RunPlan, { facts, compiler }: Project, color: boolean): Promise<boolean> {
  if (plan.kind === "script") {
    const options = { shell: process.platform === "win32" };
    return await run("npm", ["run", "--silent", plan.script], facts.appFolder, options);
  }
  if (plan.kind !== "compile") return true;
  const pretty = ["--pretty", String(color)];
  if (plan.isOfProjects) return await run(process.execPath, [compiler!, "--build", ...pretty], facts.appFolder);
  const state = join(facts.appFolder, ".durable", "dev.tsbuildinfo");
  mkdirSync(join(facts.appFolder, ".durable"), { recursive: true });
  // The compiler writes only what has changed since, whether the rest is still there or not.
  if (facts.main === undefined || !(await facts.finds(facts.main))) rmSync(state, { force: true });
  const incremental = ["--incremental", "--tsBuildInfoFile", state, "--noEmitOnError"];
  return await run(process.execPath, [compiler!, "--project", ".", ...incremental, ...pretty], facts.appFolder);
}

function run(
  command: string,
  args: readonly string[],
  cwd: string,
  options: { shell?: boolean } = {},
): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, stdio: ["ignore", "inherit", "inherit"], ...options });
    child.once("error", () => resolve(false));
    child.once("exit", (code) => resolve(code === 0));
  });
}
