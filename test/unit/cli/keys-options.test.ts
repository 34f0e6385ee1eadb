import { resolve } from "node:path";
import { expect, it } from "vitest";
import { helpText, parseCommandLine } from "../../../src/cli/command-line.ts";

const parse = (...args: string[]) => parseCommandLine(["keys", ...args], "/work");
const nothing = { appFolder: resolve("/work"), show: false, rotate: [], json: false };

it.each([
  [[], nothing],
  [["--show", "--json"], { ...nothing, show: true, json: true }],
  [["rotate"], { ...nothing, rotate: ["master", "default", "durabletask_extension"] }],
  [["rotate", "default"], { ...nothing, rotate: ["default"] }],
  [["--script-root", "app"], { ...nothing, appFolder: resolve("/work", "app") }],
])("durable keys %j is understood", (args, options) => {
  expect(parse(...args)).toEqual({ kind: "keys", options });
});

it.each([
  [["--shwo"], "Unknown option '--shwo'. Try: durable keys --help"],
  [["show"], "'durable keys' takes rotate, but got 'show'. Try: durable keys --help"],
  [["rotate", "host"], "There is no key 'host': keys are master, default, durabletask_extension"],
])("durable keys %j is answered with one line", (args, message) => {
  expect(parse(...args)).toEqual({ kind: "mistake", message });
});

it("has a help text, and is listed", () => {
  expect(parse("-h")).toEqual({ kind: "help", topic: "keys" });
  expect(helpText("durable")).toContain("  keys           List the keys");
});
