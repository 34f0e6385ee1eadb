import { describe, expect, it } from "vitest";
import { completeLines, completeManifest } from "../../../../src/cli/init/completed-files.ts";
import { hubNameOf, packageNameOf } from "../../../../src/cli/init/project-files.ts";

const wanted = {
  name: "app",
  version: "0.1.0",
  private: true,
  type: "module",
  main: "dist/*.js",
  scripts: { build: "tsc", test: "node --test" },
  dependencies: { ours: "^1.0.0" },
  devDependencies: { typescript: "^7.0.0" },
};
const complete = (present: object, force = false) => completeManifest(JSON.stringify(present), wanted, force);

describe("package.json of a new app", () => {
  it("is what the app needs where there is none", () => {
    const made = completeManifest(undefined, wanted, false);

    expect(made).toMatchObject({ kind: "text" });
    expect(JSON.parse((made as { text: string }).text)).toEqual(wanted);
  });

  it.each([
    ["npm install", { dependencies: { ours: "file:../ours.tgz" } }],
    [
      "npm init -y",
      {
        name: "other",
        version: "1.0.0",
        main: "index.js",
        type: "commonjs",
        scripts: { test: 'echo "Error: no test specified" && exit 1' },
        dependencies: { ours: "file:../ours.tgz" },
      },
    ],
  ])("completes what %s has written, whose versions stay", (_, present) => {
    const made = complete(present);

    expect(made).toMatchObject({ kind: "text" });
    expect(JSON.parse((made as { text: string }).text)).toMatchObject({
      type: "module",
      main: "dist/*.js",
      scripts: wanted.scripts,
      dependencies: { ours: "file:../ours.tgz" },
      devDependencies: { typescript: "^7.0.0" },
    });
  });

  it("leaves alone what somebody has written, and names what is in the way", () => {
    const present = { main: "lib.js", scripts: { test: "jest", lint: "eslint" }, dependencies: { left: "1" } };

    expect(complete(present)).toEqual({ kind: "conflict", members: ["main", "scripts.test"] });
    const forced = complete(present, true) as { text: string };
    expect(JSON.parse(forced.text)).toMatchObject({
      main: "dist/*.js",
      scripts: { test: "node --test", lint: "eslint" },
      dependencies: { left: "1", ours: "^1.0.0" },
    });
    expect(completeManifest("{", wanted, true).kind).toBe("conflict");
  });
});

it(".gitignore keeps its lines and gets those that are missing", () => {
  const lines = ["node_modules/", ".durable/"];

  expect(completeLines(undefined, lines)).toBe("node_modules/\n.durable/\n");
  expect(completeLines("/node_modules\r\nlogs", lines)).toBe("/node_modules\r\nlogs\n.durable/\n");
  expect(completeLines("node_modules\n.durable", lines)).toBe("node_modules\n.durable");
});

it.each([
  ["my-app", "MyApp", "my-app"],
  ["2fast", "fast", "2fast"],
  ["Größe & Maß", "GroEMa", "gro-e-ma"],
  ["___", "HelloHub", "durable-app"],
  ["日本", "HelloHub", "durable-app"],
])("the folder %j has the hub %s and the package %s", (name, hub, packageName) => {
  expect([hubNameOf(name), packageNameOf(name)]).toEqual([hub, packageName]);
});
