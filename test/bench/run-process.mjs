import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Runs a script of this folder in a process of its own and reads the JSON that it writes last. */
export function runProcess(script, task, { flags = [] } = {}) {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [...flags, path, JSON.stringify(task)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(JSON.parse(output.trim().split(/\r?\n/).at(-1)));
      else reject(new Error(`${script} ended with ${code}`));
    });
  });
}
