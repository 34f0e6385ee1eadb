import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The emulator's account, which is public knowledge and the same everywhere. */
const accountName = "devstoreaccount1";
const accountKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
/** Its stdin is our pipe, which closes however we end, so that it does not outlive us. */
const endWithParent = `data:text/javascript,process.stdin.on("close",()=>process.exit());process.stdin.resume();process.stdin.unref();`;

/** A storage emulator on free ports, with its data on disk as in `durable start`. */
export async function startAzurite() {
  const main = createRequire(import.meta.url).resolve("azurite/dist/src/azurite.js");
  const folder = mkdtempSync(join(tmpdir(), "bench-azurite-"));
  const ports = ["--blobPort", "0", "--queuePort", "0", "--tablePort", "0"];
  const args = [main, "--silent", "--disableTelemetry", "--skipApiVersionCheck", ...ports, "--location", folder];
  // It lower-cases table names by the locale.
  const env = { ...process.env, LC_ALL: "C" };
  const child = spawn(process.execPath, ["--import", endWithParent, ...args], {
    env,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const services = await listening(child, exited);
  const endpoints = Object.entries(services).map(([service, port]) => {
    return `${service}Endpoint=http://127.0.0.1:${port}/${accountName}`;
  });
  const account = ["DefaultEndpointsProtocol=http", `AccountName=${accountName}`, `AccountKey=${accountKey}`];
  return {
    pid: child.pid,
    connectionString: [...account, ...endpoints, ""].join(";"),
    async stop() {
      child.kill("SIGKILL");
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function listening(child, exited) {
  return new Promise((resolve, reject) => {
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
      const found = output.matchAll(/(Blob|Queue|Table) service is successfully listening at http:\/\/[^:]+:(\d+)/g);
      const services = Object.fromEntries([...found].map(([, service, port]) => [service, port]));
      if (Object.keys(services).length === 3) resolve(services);
    });
    void exited.then((code) => reject(new Error(`Azurite ended with ${code} before it listened: ${output}`)));
  });
}
