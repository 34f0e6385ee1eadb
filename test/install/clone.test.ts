import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { execute } from "./app-folder.ts";

const git = { program: "git", args: [] };
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "durable-clone-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

it("a clone with the line ends of Git for Windows has the same bytes, so that lint and tests see no difference", async () => {
  await execute(git, ["clone", "--quiet", "--no-local", "-c", "core.autocrlf=true", process.cwd(), folder], ".");

  const files = (await execute(git, ["ls-files"], folder)).split(/\r?\n/).filter(Boolean);
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "latin1")));

  expect(files.length).toBeGreaterThan(1000);
  expect(files.filter((_, index) => texts[index]!.includes("\r\n"))).toEqual([]);
});
