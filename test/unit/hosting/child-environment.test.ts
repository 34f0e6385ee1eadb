import { expect, it } from "vitest";
import { pickComplaint } from "../../../src/hosting/azurite/azurite-store.ts";
import { createChildEnvironment } from "../../../src/hosting/azurite/child-environment.ts";

const bootloader = "/home/me/.vscode/extensions/ms-vscode.js-debug/src/boot loader.js";

it.each([
  ["--inspect", undefined],
  ["--inspect-brk=0.0.0.0:9229 --max-old-space-size=4096", "--max-old-space-size=4096"],
  [`--require "${bootloader}" --inspect-publish-uid=http`, undefined],
  ["--require=./hook.cjs --use-openssl-ca -r ./other.cjs --import tsx", "--use-openssl-ca"],
  ["--require /app/.pnp.cjs --experimental-loader file:///app/.pnp.loader.mjs", undefined],
  ["--throw-deprecation --trace-warnings --enable-source-maps", "--enable-source-maps"],
  ['--icu-data-dir="/with blank/icu" --no-deprecation', '--icu-data-dir="/with blank/icu"'],
  ["", undefined],
])("of NODE_OPTIONS=%s the storage process gets %s", (options, kept) => {
  const env = createChildEnvironment({ NODE_OPTIONS: options, PATH: "/bin", VSCODE_INSPECTOR_OPTIONS: "{}" });

  expect(env).toEqual(kept === undefined ? { PATH: "/bin" } : { PATH: "/bin", NODE_OPTIONS: kept });
});

it("quotes the line that names the error", () => {
  const stack = `node:internal/modules/cjs/loader:1210
  throw err;
  ^

Error: Cannot find module '/app/.yarn/cache/azurite.zip/azurite.js'
    at Module._resolveFilename (node:internal/modules/cjs/loader:1207:15)
    at Function.TypeError (x.js:1:1)
`;
  expect(pickComplaint(stack)).toBe("Error: Cannot find module '/app/.yarn/cache/azurite.zip/azurite.js'");
  expect(pickComplaint("\r\nExit due to unhandled trouble\r\n")).toBe("Exit due to unhandled trouble");
  expect(pickComplaint("")).toBeUndefined();
});
