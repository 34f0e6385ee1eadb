// What generators make of the document that `durable openapi` prints: openapi-typescript's types, checked by the code of a
// client. Needs `npm run build`.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";

const tools = join("test", "types", "compilers", "node_modules");
// Below the folder of the tools, whose modules the client imports.
const folder = mkdtempSync(join(tools, "open-api-"));
try {
  const document = join(folder, "openapi.json");
  run("dist/cli/main.js", "openapi", "--app", "test/e2e/apps/described", "--output", document);
  run(join(tools, "openapi-typescript/bin/cli.js"), document, "--output", join(folder, "generated.d.ts"));
  const client = join(folder, "client.mts");
  copyFileSync("test/types/open-api/client.mts", client);
  const options = ["--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--lib", "es2023,dom"];
  run(join(tools, "typescript-5.9/bin/tsc"), client, "--module", "nodenext", ...options);
  process.stdout.write("types: a client that was generated of an OpenAPI document agrees\n");
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** @throws when the program fails, with what it has said */
function run(program, ...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    encoding: "utf8",
    windowsHide: true,
  });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}\n${stdout}${stderr}`);
}
