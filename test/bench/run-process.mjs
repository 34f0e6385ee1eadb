import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const children = new Set();
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

/**
 * Runs a script of this folder in a process of its own and reads the JSON that it writes last.
 *
 * @param timeoutMs what takes longer is killed
 */
export function runProcess(script, task, { flags = [], timeoutMs } = {}) {
  const path = fileURLToPath(new URL(script, import.meta.url));
  return runProgram(process.execPath, [...flags, path, JSON.stringify(task)], { name: script, timeoutMs });
}

/** As {@link runProcess}, for any program. */
export function runProgram(command, args, { name, timeoutMs } = {}) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  children.add(child);
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  const timer = timeoutMs && setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      children.delete(child);
      if (code === 0) resolve(JSON.parse(output.trim().split(/\r?\n/).at(-1)));
      else reject(new Error(`${name} ended with ${code ?? `${signal}, perhaps after ${timeoutMs} ms`}`));
    });
  });
}
