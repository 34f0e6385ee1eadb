import { expect, it } from "vitest";
import { highestVersionOf, reaches } from "../../../../src/functions/hosting/bundle-version.ts";
import { chooseHosting, type HostingFacts } from "../../../../src/functions/hosting/choose-hosting.ts";

const nothing: HostingFacts = {
  isLocalHost: false,
  options: [],
  setting: undefined,
  hostJson: { version: "2.0" },
  extensionsJson: undefined,
};
const bundle = (version: string, id = "Microsoft.Azure.Functions.ExtensionBundle") => ({
  version: "2.0",
  extensionBundle: { id, version },
});
const recent = bundle("[4.*, 5.0.0)");
const installed = { extensions: [{ name: "DurableTask", typeName: "DurableTaskWebJobsStartup" }] };

it.each([
  ["a local host of ours", { isLocalHost: true, setting: "nonsense" }, "embedded", "a host of this package"],
  ["nothing", {}, "own engine", "host.json names no extensionBundle"],
  ["a bundle", { hostJson: recent }, "extension", "host.json names an extensionBundle"],
  ["a bundle, in other case", { hostJson: { ExtensionBundle: { Id: "x" } } }, "extension", "host.json names"],
  ["an extension that is installed", { extensionsJson: installed }, "extension", "bin/extensions.json names"],
  ["another extension", { extensionsJson: { extensions: [{ name: "Kafka" }] } }, "own engine", "no DurableTask"],
  ["the option", { hostJson: recent, options: [undefined, "ownEngine"] }, "own engine", "the option 'hosting'"],
  ["the option for the extension", { hostJson: recent, options: ["extension"] }, "extension", "the option 'hosting'"],
  ["the setting", { hostJson: recent, setting: " OWNENGINE " }, "own engine", "the app setting DURABLE_HOSTING"],
  [
    "the setting before the option",
    { hostJson: recent, setting: "extension", options: ["ownEngine"] },
    "extension",
    "the app setting",
  ],
  ["an empty setting", { setting: "" }, "own engine", "host.json names no extensionBundle"],
  ["an old bundle that is not asked for", { hostJson: bundle("[3.*, 4.0.0)"), setting: "ownEngine" }, "own engine", ""],
  ["a bundle of somebody else", { hostJson: bundle("[1.0.0, 2.0.0)", "Contoso.Bundle") }, "extension", ""],
  ["a range that is none", { hostJson: bundle("latest") }, "extension", ""],
] as const)("chooses by %s", (_, facts, hosting, reason) => {
  const choice = chooseHosting({ ...nothing, ...(facts as Partial<HostingFacts>) });

  expect(choice.hosting).toBe(hosting);
  expect(choice.reason).toContain(reason);
});

it.each([
  ["a setting that is none", { setting: "azure" }, "InvalidOption", "DURABLE_HOSTING must be extension or ownEngine"],
  ["an option that is none", { options: ["azure"] }, "InvalidOption", "'hosting' must be"],
  ["apps that differ", { options: ["extension", "ownEngine"] }, "InvalidOption", "one process has one hosting"],
  ["the extension without one", { setting: "extension" }, "HostStartFailed", "add an extensionBundle to host.json"],
  ["an old bundle", { hostJson: bundle("[3.*, 4.0.0)") }, "HostStartFailed", "4.36.0 or later is needed"],
  ["a bundle held back", { hostJson: bundle("[4.0.0, 4.36.0)") }, "HostStartFailed", "DURABLE_HOSTING"],
  [
    "an old preview bundle",
    { hostJson: bundle("[4.1.0]", "Microsoft.Azure.Functions.ExtensionBundle.Preview") },
    "HostStartFailed",
    "4.29.0 or later is needed",
  ],
] as const)("refuses %s", (_, facts, code, text) => {
  const choose = () => chooseHosting({ ...nothing, ...(facts as Partial<HostingFacts>) });

  expect(choose).toThrow(expect.objectContaining({ code, message: expect.stringContaining(text) }));
});

it.each([
  ["[4.*, 5.0.0)", true],
  ["[4.0.0,5.0.0]", true],
  ["[4.0.0, )", true],
  ["4.20.0", true],
  ["[4.36.0]", true],
  ["(,4.36.0]", true],
  ["(,4.36.0)", false],
  ["[4.35.9]", false],
  ["[3.*, 4.0.0)", false],
  ["[2.*, 3.*]", false],
  ["[4.0.0, 4.36.0-preview)", false],
] as const)("the range %s reaches 4.36.0: %s", (range, expected) => {
  expect(reaches(highestVersionOf(range)!, [4, 36, 0])).toBe(expected);
});

it.each(["", "latest", "[", "[a, b)", "[1,2,3)"])("takes '%s' for no range", (text) => {
  expect(highestVersionOf(text)).toBeUndefined();
});
